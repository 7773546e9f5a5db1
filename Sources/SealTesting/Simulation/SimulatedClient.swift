// SPDX-License-Identifier: Apache-2.0
// A client that keeps to the standard and does what the dice say: how it connects, what it
// publishes and what it subscribes to. What it makes of the answers has a file of its own.

internal import SealBytes
internal import SealMQTT

/// A message of QoS 1 or 2 that a client has under way.
struct Outgoing {
    var packetID: UInt16
    var message: Int
    var isReleased = false
}

/// Why a client connects.
enum ConnectPurpose {
    /// As the dice say.
    case live
    /// To get what waits for it.
    case mend
    /// To leave nothing behind.
    case leave
}

final class SimulatedClient {
    let index: Int
    let identifier: [UInt8]
    let version: ProtocolVersion
    let listener: SimulatedListener
    let isObserver: Bool
    /// The shared group it works in; such a client has no other filters for these topics.
    let group: String?
    let isPersistent: Bool
    let payloadBytesMax: Int
    let ledger: Ledger
    let peers: Int

    var dice: Dice
    var connection: SimulatedConnection?
    var isOpen = false
    /// The session that `outgoing` and `inbound` belong to.
    var incarnation = 0
    var outgoing: [Outgoing] = []
    var inbound: [UInt16] = []
    var nextPacketID: UInt16 = 0
    var requests: [(packetID: UInt16, isSubscribe: Bool, codes: [UInt8])] = []
    var acknowledgements: [(type: PacketType, packetID: UInt16)] = []
    var inbox: [UInt8] = []
    var expectsPresent = false
    var receiveMaximum: UInt16 = 65_535
    let packetBytesMax: Int
    var underWayHere: [UInt16] = []
    var aliasesIn: [UInt16: String] = [:]
    var aliasesOut: [String: UInt16] = [:]
    var aliasMaximum = 0
    var serverReceiveMaximum = 65_535
    var pings = 0
    /// What the broker has to answer on this connection, in this order; PINGRESP has no id.
    var dueAnswers: [(type: PacketType, packetID: UInt16)] = []
    /// What it wrote to the trace.
    var trace: (String) -> Void = { _ in }
    /// Whether a planted bug befalls a packet of this kind now.
    var isSabotaged: (Sabotage) -> Bool = { _ in false }
    /// Whether its credentials were taken back since it logged in.
    var isWithdrawn: (SimulatedConnection) -> Bool = { _ in false }

    /// The broker is ending.
    var isDraining = false

    var isV5: Bool { version == .v5 }

    init(
        index: Int,
        peers: Int,
        isObserver: Bool,
        listener: SimulatedListener,
        ordinal: Int,
        plan: SimulationPlan,
        ledger: Ledger,
        dice: Dice
    ) {
        var dice = dice
        self.index = index
        self.peers = peers
        self.ledger = ledger
        self.isObserver = isObserver
        self.listener = listener
        // In the two tenants clients have the same names.
        let name = listener.tenant == 0 ? "client-\(index)-\(dice.below(1000))" : "twin-\(ordinal)"
        identifier = Array(name.utf8)
        version = isObserver || dice.chance(60) ? .v5 : dice.chance(50) ? .v311 : .v31
        let worker = dice.chance(40) && !isObserver
        group = worker ? dice.pick(["$share/g1/s/+", "$share/g2/s/#"]) : nil
        isPersistent = isObserver || dice.chance(60)
        // It is the same in all of a client's connections: what was under way must still fit.
        packetBytesMax = version == .v5 && !isObserver && dice.chance(15) ? 150 : .max
        payloadBytesMax = plan.payloadBytesMax
        self.dice = dice
    }

    // MARK: Connecting

    /// Begins a connection; the caller puts it into the network.
    func connect(
        number: UInt64,
        shard: Int,
        _ purpose: ConnectPurpose
    ) -> SimulatedConnection {
        let isImpostor = listener.asksWho && !isObserver && purpose == .live && dice.chance(10)
        var cleanStart = dice.chance(isPersistent ? 10 : 80)
        if purpose == .mend || isObserver { cleanStart = false }
        if purpose == .leave { cleanStart = true }
        var packet = Connect(version: version, clientID: identifier, cleanStart: cleanStart)
        let keepAlive: UInt16 = isObserver ? 0 : dice.pick([0, 0, 5, 60])
        packet.keepAliveSeconds = keepAlive
        var expiry: UInt32 = cleanStart ? 0 : .max
        receiveMaximum = 65_535
        if isV5 {
            expiry =
                isObserver
                ? .max : isPersistent ? dice.pick([20, 1000, .max]) : dice.pick([0, 0, 3])
            if purpose == .leave { expiry = 0 }
            packet.properties.sessionExpirySeconds = expiry
            if !isObserver { askForLimits(&packet.properties) }
        }
        var will: WillFacts?
        if !isObserver, purpose == .live, dice.chance(40) { will = addWill(&packet) }
        let facts = ConnectFacts(
            cleanStart: cleanStart,
            expirySeconds: expiry,
            isV5: isV5,
            keepAliveSeconds: keepAlive,
            will: will,
            listener: listener,
            isImpostor: isImpostor
        )
        if listener == .guarded {
            packet.username = Array(SimulatedListener.user.utf8)
            packet.password = isImpostor ? Array("wrong".utf8) : SimulatedListener.password
        } else if listener.tenant != 0 {
            packet.username = Array(
                (isImpostor ? "nobody" : "\(listener.tenant)/\(index)").utf8
            )
        }
        let made = SimulatedConnection(
            number: number,
            client: index,
            shard: shard,
            facts: facts
        )
        if cleanStart, !isImpostor { forgetSession() }
        forgetConnection()
        connection = made
        var writer = ByteWriter()
        Encode.connect(packet, into: &writer)
        made.write(writer.copied(), .connect)
        trace("connect \(made.number) at \(shard) clean \(cleanStart) expiry \(expiry)")
        return made
    }

    private func askForLimits(_ properties: inout ConnectProperties) {
        receiveMaximum = dice.pick([1, 2, 5, 65_535, 65_535])
        properties.receiveMaximum = receiveMaximum
        if packetBytesMax < .max { properties.maximumPacketSize = UInt32(packetBytesMax) }
        properties.topicAliasMaximum = dice.pick([0, 0, 3])
    }

    private func addWill(_ packet: inout Connect) -> WillFacts {
        let topic = listener.mount + "w/\(index)"
        let qos = UInt8(dice.below(3))
        let isRetained = dice.chance(20)
        let id = ledger.newMessage(
            topic,
            publisher: index,
            qos: qos,
            isRetained: isRetained,
            isWill: true
        )
        var will = Will(
            topic: Array(wireText(topic).utf8),
            payload: [],
            qos: qos,
            isRetained: isRetained
        )
        will.payload = Array("\(id).".utf8)
        if isV5 { will.delaySeconds = dice.pick([0, 0, 2, 30]) }
        packet.will = will
        return WillFacts(message: id, delaySeconds: will.delaySeconds)
    }

    func forgetSession() {
        outgoing = []
        inbound = []
    }

    /// What ends with a connection.
    func forgetConnection() {
        isOpen = false
        connection = nil
        requests = []
        acknowledgements = []
        inbox = []
        underWayHere = []
        aliasesIn = [:]
        aliasesOut = [:]
        aliasMaximum = 0
        serverReceiveMaximum = 65_535
        pings = 0
        dueAnswers = []
    }

    // MARK: Acting

    /// Does one thing on an open connection.
    func act() {
        switch dice.below(100) {
        case 0..<50: publish()
        case 50..<64: subscribe()
        case 64..<70: unsubscribe()
        case 70..<95: acknowledge(dice.within(1...4))
        default: ping()
        }
    }

    func takePacketID() -> UInt16 {
        repeat {
            nextPacketID = nextPacketID == 65_535 ? 1 : nextPacketID + 1
        } while outgoing.contains { $0.packetID == nextPacketID }
            || requests.contains { $0.packetID == nextPacketID }
        return nextPacketID
    }

    func publish() {
        guard !isObserver, outgoing.count < min(10, serverReceiveMaximum) else { return }
        var topic = dice.pick(Self.topics)
        var qos = UInt8(dice.below(3))
        let isRetained = dice.chance(25)
        if isRetained {
            // Each of these topics has one publisher and one QoS, so that its values have an order.
            let place = index + peers * dice.below(2)
            topic = "r/\(place)"
            qos = UInt8(place % 3)
        }
        topic = listener.mount + topic
        let id = ledger.newMessage(topic, publisher: index, qos: qos, isRetained: isRetained)
        ledger.messages[id].isForbidden = listener.forbids(topic)
        if isRetained, dice.chance(20) { ledger.messages[id].isClear = true }
        ledger.messages[id].byteCount = topic.utf8.count + payload(id).count
        var packetID: UInt16 = 0
        if qos > 0 {
            packetID = takePacketID()
            outgoing.append(Outgoing(packetID: packetID, message: id))
        }
        if isV5, !isRetained, dice.chance(8) { ledger.messages[id].expires = true }
        send(id, packetID, isDuplicate: false)
    }

    /// The payload of a message: its number, and more to fill it up.
    private func payload(_ id: Int) -> [UInt8] {
        if ledger.messages[id].isClear { return [] }
        let most = ledger.messages[id].isRetained ? 20 : payloadBytesMax
        let fill = (id &* 7919) % most
        return Array("\(id).".utf8) + [UInt8](repeating: 0x20, count: fill)
    }

    func send(_ id: Int, _ packetID: UInt16, isDuplicate: Bool) {
        let message = ledger.messages[id]
        let bytes = payload(id)
        var topic = wireText(message.topic)
        var alias: UInt16?
        if isV5, aliasMaximum > 0, dice.chance(30) {
            if let known = aliasesOut[topic] {
                alias = known
                topic = ""
            } else if aliasesOut.count < aliasMaximum {
                alias = UInt16(aliasesOut.count + 1)
                aliasesOut[topic] = alias
            }
        }
        let name = Array(topic.utf8)
        var writer = ByteWriter()
        let none: [UInt8] = []
        Encode.publish(
            version: version,
            qos: message.qos,
            isDuplicate: isDuplicate,
            isRetained: message.isRetained,
            topic: name.span.bytes,
            packetID: message.qos > 0 ? packetID : nil,
            properties: none.span.bytes,
            expirySeconds: message.expires ? 2 : nil,
            topicAlias: alias,
            payload: bytes.span.bytes,
            into: &writer
        )
        connection?.write(
            writer.copied(),
            message.isForbidden ? nil : .publish(message: id)
        )
        if message.qos > 0 { dueAnswers.append((message.qos == 1 ? .puback : .pubrec, packetID)) }
        trace("publish \(id) \(message.topic) qos \(message.qos) id \(packetID)")
    }

    func subscribe() {
        guard !isObserver else { return }
        var requests: [SubscriptionRequest] = []
        for _ in 0..<dice.within(1...2) {
            var text = dice.pick(group == nil ? Self.filters : Self.workerFilters)
            if let group, dice.chance(40) { text = group }
            if requests.contains(where: { $0.filter == Array(text.utf8) }) { continue }
            var request = SubscriptionRequest(
                filter: Array(text.utf8),
                qos: UInt8(dice.below(3))
            )
            if isV5 {
                request.noLocal = dice.chance(10) && !text.hasPrefix("$share")
                request.retainAsPublished = dice.chance(30)
                request.retainHandling = UInt8(dice.below(3))
            }
            requests.append(request)
        }
        send(requests, identifier: isV5 && dice.chance(40) ? UInt32(dice.within(1...5)) : nil)
    }

    func send(_ filters: [SubscriptionRequest], identifier: UInt32?) {
        guard let connection else { return }
        let packetID = takePacketID()
        requests.append((packetID, true, filters.map { refusal($0) ?? $0.qos }))
        for request in filters where refusal(request) == nil {
            var filter = String(decoding: request.filter, as: UTF8.self)
            var group: String?
            if filter.hasPrefix("$share/") {
                group = worldText(filter)
                filter = filter.split(separator: "/").dropFirst(2).joined(separator: "/")
            }
            filter = listener.mount + filter
            ledger.sessions[index].subscriptions.append(
                LedgerSubscription(
                    filter: filter,
                    group: group,
                    qos: request.qos,
                    noLocal: request.noLocal,
                    retainAsPublished: request.retainAsPublished,
                    retainHandling: request.retainHandling,
                    identifier: identifier ?? 0,
                    packetID: packetID,
                    connection: connection.number,
                    round: ledger.round,
                    askedStep: ledger.step
                )
            )
            ledger.subscribeAsked(index, filter, group)
            trace("subscribe \(group ?? filter) qos \(request.qos) rh \(request.retainHandling)")
        }
        var writer = ByteWriter()
        Encode.subscribe(
            Subscribe(packetID: packetID, filters: filters, subscriptionIdentifier: identifier),
            version: version,
            into: &writer
        )
        connection.write(writer.copied(), .subscribe(packetID: packetID))
        dueAnswers.append((.suback, packetID))
    }

    private func unsubscribe() {
        guard !isObserver, let connection else { return }
        let open = ledger.sessions[index].subscriptions.filter { $0.isFirm }
        var text = dice.pick(Self.filters)
        if !open.isEmpty, dice.chance(90) {
            let chosen = dice.pick(open)
            text = wireText(chosen.group ?? chosen.filter)
        }
        let packetID = takePacketID()
        requests.append((packetID, false, []))
        ledger.unsubscribeAsked(index, worldText(text), packetID)
        var writer = ByteWriter()
        Encode.unsubscribe(
            Unsubscribe(packetID: packetID, filters: [Array(text.utf8)]),
            version: version,
            into: &writer
        )
        connection.write(writer.copied(), .unsubscribe(packetID: packetID))
        dueAnswers.append((.unsuback, packetID))
        trace("unsubscribe \(text) id \(packetID)")
    }

    func ping() {
        var writer = ByteWriter()
        Encode.pingreq(into: &writer)
        connection?.write(writer.copied())
        dueAnswers.append((.pingresp, 0))
        pings += 1
    }

    /// Says goodbye; the will is to go out all the same when `keepsWill`.
    func disconnect() throws(SimulationFault) {
        guard let connection else { return }
        let keepsWill = isV5 && dice.chance(20)
        var expiry: UInt32?
        if isV5, connection.facts.expirySeconds > 0, dice.chance(20) { expiry = dice.pick([0, 5]) }
        var writer = ByteWriter()
        Encode.disconnect(
            reason: keepsWill ? .disconnectWithWillMessage : .success,
            version: version,
            sessionExpirySeconds: expiry,
            into: &writer
        )
        if !keepsWill, isSabotaged(.loseDisconnect) {
            try ledger.handled(connection, .disconnect(expirySeconds: nil, keepsWill: false))
            connection.isCut = true
        }
        connection.write(
            writer.copied(),
            .disconnect(expirySeconds: expiry, keepsWill: keepsWill)
        )
        trace("disconnect \(connection.number) keeps \(keepsWill)")
        connection.isAbandoned = true
        forgetConnection()
    }

    static let topics = [
        "a", "a/b", "a/b/c", "x/y", "t/1", "t/2", "t/3", "s/1", "s/2", "s/3", "$d/x", "x//y", "f/1",
    ]
    static let filters = [
        "#", "+/+", "a/#", "a/+", "a/b", "+/b/#", "x/#", "t/+", "r/#", "r/+", "r/2", "r/1", "w/#",
        "+", "$d/#", "t/1", "x//y", "+/1", "f/#", "f/+",
    ]
    static let workerFilters = ["a/#", "a/+", "a/b", "t/+", "t/1", "r/#", "r/+", "x/#", "w/+"]
}

extension SimulatedClient {
    /// A topic, filter or shared filter of the client as the broker knows it.
    func worldText(_ text: String) -> String {
        guard text.hasPrefix("$share/") else { return listener.mount + text }
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        return "\(parts[0])/\(parts[1])/\(listener.mount)\(parts[2])"
    }

    /// The same as the client writes it.
    func wireText(_ text: String) -> String {
        guard text.hasPrefix("$share/") else {
            return String(text.dropFirst(listener.mount.count))
        }
        let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        return "\(parts[0])/\(parts[1])/\(parts[2].dropFirst(listener.mount.count))"
    }

    /// The code with which a filter is refused; nil when it is not.
    private func refusal(_ request: SubscriptionRequest) -> UInt8? {
        let filter = String(decoding: request.filter, as: UTF8.self)
        guard listener.forbids(listener.mount + filter) else { return nil }
        return isV5 ? 0x87 : 0x80
    }

    /// Leaves and leaves nothing behind.
    func leave() {
        guard let connection else { return }
        var writer = ByteWriter()
        Encode.disconnect(
            version: version,
            sessionExpirySeconds: isV5 && connection.facts.expirySeconds > 0 ? 0 : nil,
            into: &writer
        )
        connection.write(
            writer.copied(),
            .disconnect(expirySeconds: isV5 ? 0 : nil, keepsWill: false)
        )
        connection.isAbandoned = true
        forgetConnection()
    }
}
