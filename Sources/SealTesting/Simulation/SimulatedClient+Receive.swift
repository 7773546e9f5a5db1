// SPDX-License-Identifier: Apache-2.0
// What a client makes of the broker's packets: it answers as the standard says, and tells the
// ledger.

internal import SealBytes
internal import SealMQTT

extension SimulatedClient {
    /// Bytes arrived on the present connection.
    func receive(_ bytes: [UInt8]) throws(SimulationFault) {
        inbox += bytes
        while connection != nil, !inbox.isEmpty {
            let frame: Frame?
            let waiting = inbox
            do {
                frame = try Framing.next(
                    waiting.span.bytes,
                    packetBytesMax: .max,
                    version: version,
                    direction: .fromServer
                )
            } catch {
                throw SimulationFault(reason: "client \(index) cannot read: \(error.reason)")
            }
            guard let frame, inbox.count >= frame.totalCount else { return }
            if frame.totalCount > packetBytesMax {
                throw SimulationFault(
                    reason: "client \(index) got \(frame.totalCount) bytes in one packet"
                )
            }
            let body = Array(inbox[frame.headerCount..<frame.totalCount])
            inbox.removeFirst(frame.totalCount)
            try handle(frame, body)
        }
    }

    private func handle(_ frame: Frame, _ body: [UInt8]) throws(SimulationFault) {
        do {
            if !isOpen, frame.type != .connack {
                throw SimulationFault(reason: "client \(index) got \(frame.type) before CONNACK")
            }
            switch frame.type {
            case .connack: try accepted(Connack.decode(body.span.bytes, version: version))
            case .publish: try published(frame, body)
            case .puback, .pubrec, .pubcomp, .pubrel:
                try stepped(
                    frame.type,
                    Acknowledgement.decode(body.span.bytes, type: frame.type, version: version)
                )
            case .suback, .unsuback:
                try answered(
                    frame.type,
                    Suback.decode(body.span.bytes, type: frame.type, version: version)
                )
            case .pingresp:
                try checkTurn(.pingresp, 0)
                pings -= 1
                if pings < 0 { throw SimulationFault(reason: "PINGRESP without PINGREQ") }
            case .disconnect:
                let packet = try Disconnect.decode(
                    body.span.bytes,
                    version: version,
                    direction: .fromServer
                )
                trace("told to go: \(packet.reason)")
                let isWithdrawn =
                    packet.reason == .administrativeAction
                    && connection.map { self.isWithdrawn($0) } ?? false
                let isExpected =
                    isWithdrawn || isDraining && packet.reason == .serverShuttingDown
                if packet.reason != .keepAliveTimeout, !isExpected {
                    throw SimulationFault(
                        reason: "client \(index) was sent away: \(packet.reason)"
                    )
                }
            default: throw SimulationFault(reason: "a server sent \(frame.type)")
            }
        } catch let error as MQTTError {
            throw SimulationFault(
                reason: "client \(index) cannot read \(frame.type): \(error.reason)"
            )
        } catch let error as SimulationFault {
            throw error
        } catch {
            throw SimulationFault(reason: "\(error)")
        }
    }

    private func accepted(_ packet: Connack) throws(SimulationFault) {
        if let connection, try isTurnedAway(packet, connection) {
            trace("turned away \(connection.number)")
            connection.isAbandoned = true
            return forgetConnection()
        }
        guard !isOpen, packet.reason == .success, let connection else {
            throw SimulationFault(reason: "client \(index) was refused: \(packet.reason)")
        }
        // MQTT 3.1 does not say whether there is a session.
        if version != .v31, packet.sessionPresent != expectsPresent {
            throw SimulationFault(
                reason: "client \(index) has a session: said \(packet.sessionPresent), "
                    + "should be \(expectsPresent)"
            )
        }
        isOpen = true
        trace("open \(connection.number) present \(packet.sessionPresent)")
        aliasMaximum = Int(packet.properties.topicAliasMaximum ?? 0)
        serverReceiveMaximum = Int(packet.properties.receiveMaximum ?? 65_535)
        if connection.incarnation != incarnation {
            forgetSession()
            incarnation = connection.incarnation ?? 0
        }
        // [MQTT-4.4.0-1], [MQTT-4.6.0-1].
        for flight in outgoing {
            if flight.isReleased {
                write(.pubrel, flight.packetID)
            } else {
                send(flight.message, flight.packetID, isDuplicate: true)
            }
        }
        if isObserver, !packet.sessionPresent { observe() }
    }

    /// Whoever has the wrong password, or comes too late, is told so.
    private func isTurnedAway(
        _ packet: Connack,
        _ connection: SimulatedConnection
    ) throws(SimulationFault) -> Bool {
        if connection.facts.isImpostor {
            guard packet.reason == .badUserNameOrPassword || isDraining else {
                throw SimulationFault(
                    reason: "client \(index) came in with the wrong password: \(packet.reason)"
                )
            }
            return true
        }
        if packet.reason != .success, isWithdrawn(connection) { return true }
        return isDraining && packet.reason == .serverUnavailable
    }

    /// The observer sees everything.
    private func observe() {
        send(
            [
                SubscriptionRequest(filter: Array("#".utf8), qos: 2),
                SubscriptionRequest(filter: Array("$d/#".utf8), qos: 2),
            ],
            identifier: nil
        )
    }

    private func published(_ frame: Frame, _ body: [UInt8]) throws {
        let view = try PublishView.decode(
            body.span.bytes,
            flags: frame.flags,
            version: version,
            direction: .fromServer
        )
        let details = try PublishDetails(view.propertyBytes, direction: .fromServer)
        var topic = String(decoding: view.topic.copied(), as: UTF8.self)
        if details.topicAlias > 0 {
            if topic.isEmpty { topic = aliasesIn[details.topicAlias] ?? "?" }
            aliasesIn[details.topicAlias] = topic
        }
        topic = listener.mount + topic
        let payload = view.payload.copied()
        var message: Int?
        if !payload.isEmpty {
            let digits = String(decoding: payload.prefix { $0 != 0x2E }, as: UTF8.self)
            guard let id = Int(digits), id < ledger.messages.count else {
                throw SimulationFault(reason: "client \(index) got a payload nobody sent")
            }
            message = id
        }
        if view.isDuplicate, !expectsPresent {
            throw SimulationFault(reason: "client \(index) got DUP in a new session")
        }
        let receipt = Receipt(
            message: message,
            topic: topic,
            qos: view.qos,
            packetID: view.packetID,
            isDuplicate: view.isDuplicate,
            isRetained: view.isRetained,
            identifiers: details.subscriptionIdentifiers,
            isKnown: view.qos == 2 && inbound.contains(view.packetID)
        )
        trace("got \(message ?? -1) \(topic) qos \(view.qos) id \(view.packetID)")
        guard let connection else { return }
        try ledger.received(index, connection, receipt)
        try answer(receipt)
    }

    private func answer(_ receipt: Receipt) throws(SimulationFault) {
        guard receipt.qos > 0 else { return }
        if !underWayHere.contains(receipt.packetID) { underWayHere.append(receipt.packetID) }
        if underWayHere.count > Int(receiveMaximum) {
            // [MQTT-3.3.4-9].
            throw SimulationFault(
                reason: "client \(index) got more messages at once than its Receive Maximum "
                    + "of \(receiveMaximum)"
            )
        }
        if receipt.qos == 1 {
            acknowledgements.append((.puback, receipt.packetID))
        } else {
            if !receipt.isKnown { inbound.append(receipt.packetID) }
            acknowledgements.append((.pubrec, receipt.packetID))
        }
    }

    private func stepped(
        _ type: PacketType,
        _ packet: Acknowledgement
    ) throws(SimulationFault) {
        trace("\(type) \(packet.packetID)")
        if type == .pubrel {
            if isSabotaged(.losePubrel) { return }
            inbound.removeAll { $0 == packet.packetID }
            acknowledgements.append((.pubcomp, packet.packetID))
            return
        }
        try checkTurn(type, packet.packetID)
        guard let place = outgoing.firstIndex(where: { $0.packetID == packet.packetID }) else {
            throw SimulationFault(
                reason: "client \(index) got \(type) for id \(packet.packetID), which it "
                    + "does not have under way"
            )
        }
        let message = ledger.messages[outgoing[place].message]
        let qos = message.qos
        if message.isForbidden, isV5 {
            guard packet.reason == .notAuthorized, type == (qos == 1 ? .puback : .pubrec) else {
                throw SimulationFault(
                    reason: "client \(index) may publish on \(message.topic): \(packet.reason)"
                )
            }
            outgoing.remove(at: place)
            return
        }
        // A PUBREL sent again after its PUBCOMP was lost finds nothing, and that is right.
        let isLate = type == .pubcomp && packet.reason == .packetIdentifierNotFound
        if packet.reason.rawValue >= 0x80, !(isLate && expectsPresent) {
            throw SimulationFault(reason: "client \(index) got \(type) with \(packet.reason)")
        }
        switch (type, qos, outgoing[place].isReleased) {
        case (.puback, 1, _), (.pubcomp, 2, true): outgoing.remove(at: place)
        case (.pubrec, 2, _):
            outgoing[place].isReleased = true
            write(.pubrel, packet.packetID)
        default:
            throw SimulationFault(
                reason: "client \(index) got \(type) for a message of QoS \(qos)"
            )
        }
    }

    /// Answers come in the order of what they answer.
    private func checkTurn(_ type: PacketType, _ packetID: UInt16) throws(SimulationFault) {
        guard let due = dueAnswers.first, due.type == type, due.packetID == packetID else {
            let turn = dueAnswers.first.map { "\($0.type) \($0.packetID)" } ?? "none"
            throw SimulationFault(
                reason: "client \(index) got \(type) \(packetID) out of turn; due was \(turn)"
            )
        }
        dueAnswers.removeFirst()
    }

    private func answered(_ type: PacketType, _ packet: Suback) throws(SimulationFault) {
        try checkTurn(type, packet.packetID)
        let isSubscribe = type == .suback
        guard
            let place = requests.firstIndex(where: {
                $0.packetID == packet.packetID && $0.isSubscribe == isSubscribe
            })
        else { throw SimulationFault(reason: "client \(index) got \(type) for nothing") }
        let request = requests.remove(at: place)
        trace("\(type) \(packet.packetID)")
        guard isSubscribe, let connection else { return }
        if packet.codes.map(\.rawValue) != request.codes {
            throw SimulationFault(reason: "client \(index) was granted \(packet.codes)")
        }
        ledger.subscribeConfirmed(index, connection, packet.packetID)
    }

    /// Sends what is due of its acknowledgements, in their order ([MQTT-4.6.0-2]).
    func acknowledge(_ count: Int) {
        for _ in 0..<min(count, acknowledgements.count) {
            let next = acknowledgements.removeFirst()
            if next.type != .pubrec {
                underWayHere.removeAll { $0 == next.packetID }
                ledger.acknowledged(index, next.packetID)
            }
            write(next.type, next.packetID)
        }
    }

    private func write(_ type: PacketType, _ packetID: UInt16) {
        var writer = ByteWriter()
        Encode.acknowledgement(type, packetID: packetID, version: version, into: &writer)
        connection?.write(writer.copied())
        if type == .pubrel { dueAnswers.append((.pubcomp, packetID)) }
    }
}
