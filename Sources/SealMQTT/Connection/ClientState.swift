// SPDX-License-Identifier: Apache-2.0
// The client's side of a session: what is under way, in both directions, over several connections.
// Bytes in, packets and events out; no clock, no socket. Receiving is in ClientState+Receive.

public import SealBytes

/// The state of a client's session.
public struct ClientState: Sendable {
    /// How far a connection is.
    public enum Phase: Sendable {
        /// There is none.
        case closed
        /// CONNECT was written.
        case connecting
        /// CONNACK accepted it.
        case connected
    }

    /// How far a message of ours is.
    enum Step: Sendable {
        /// To be sent again on this connection, when the window allows it.
        case unsent
        /// PUBLISH was written; PUBACK or PUBREC is awaited.
        case published
        /// PUBREL was written; PUBCOMP is awaited.
        case released
    }

    struct Sending: Sendable {
        var message: OutgoingMessage
        var token: UInt64
        var step: Step
        var sequence: UInt64
    }

    struct Waiting: Sendable {
        var message: OutgoingMessage
        var token: UInt64
    }

    struct Receipt: Sendable {
        var packetID: UInt16
        var serial: UInt64
        var isTaken = false
    }

    /// How far the connection is.
    public internal(set) var phase: Phase = .closed
    /// What the next connection begins with.
    public var connect: Connect
    /// What may be held.
    public let limits: ClientLimits
    /// What the server said last.
    public internal(set) var connack: Connack?

    var sending: [UInt16: Sending] = [:]
    var unsent: [UInt16] = []
    var waiting: [Waiting] = []
    var waitingStart = 0
    var waitingBytes = 0
    var requests: [UInt16: UInt64] = [:]
    /// Messages with QoS 2 that were received and not released yet.
    var received: Set<UInt16> = []
    /// Messages with QoS 1 in the order they came; [MQTT-4.6.0-2].
    var receipts: [Receipt] = []
    var lastReceipt: UInt64 = 0
    private var lastID: UInt16 = 0
    private var lastSequence: UInt64 = 0
    /// How many of `sending` are on their way on this connection.
    var underWay = 0

    /// Starts a session that no server knows yet.
    public init(connect: Connect, limits: ClientLimits = ClientLimits()) {
        self.connect = connect
        self.limits = limits
    }

    /// The version spoken.
    public var version: ProtocolVersion { connect.version }

    /// After how many seconds without a packet of ours a ping is due; 0 is never.
    public var keepAliveSeconds: UInt16 {
        // [MQTT-3.1.2-21].
        connack?.properties.serverKeepAliveSeconds ?? connect.keepAliveSeconds
    }

    /// How many messages with QoS 1 or 2 are not done.
    public var unfinishedCount: Int { sending.count + waiting.count - waitingStart }

    /// Begins a connection: writes CONNECT.
    public mutating func open(into writer: inout ByteWriter) {
        phase = .connecting
        connack = nil
        Encode.connect(connect, into: &writer)
    }

    /// The connection is gone; gives back the requests that will not be answered.
    public mutating func connectionLost() -> [UInt64] {
        phase = .closed
        receipts.removeAll()
        underWay = 0
        let lost = requests.sorted { $0.value < $1.value }.map(\.value)
        requests.removeAll()
        return lost
    }

    /// Forgets all messages; gives back those that were not done.
    public mutating func abandon() -> [UInt64] {
        let tokens =
            sending.values.sorted { $0.sequence < $1.sequence }.map(\.token)
            + waiting[waitingStart...].map(\.token)
        sending.removeAll()
        unsent.removeAll()
        waiting.removeAll()
        waitingStart = 0
        waitingBytes = 0
        underWay = 0
        return tokens
    }

    /// Publishes; with QoS 1 and 2 an event tells when it is done.
    ///
    /// With QoS 0 the message is written now or refused. With QoS 1 and 2 it may wait for a
    /// connection or for its place in the window.
    public mutating func publish(
        _ message: OutgoingMessage,
        token: UInt64,
        into writer: inout ByteWriter
    ) throws(MQTTError) {
        try check(message)
        if message.qos == 0 {
            guard phase == .connected else { throw Self.notConnected() }
            write(message, nil, isDuplicate: false, into: &writer)
            return
        }
        guard waiting.count - waitingStart < limits.waitingMessagesMax,
            waitingBytes + message.byteCount <= limits.waitingBytesMax
        else {
            throw MQTTError(
                .receiveMaximumExceeded,
                .quotaExceeded,
                "Too many messages wait to be sent.",
                clause: "MQTT 5.0 §4.9"
            )
        }
        waiting.append(Waiting(message: message, token: token))
        waitingBytes += message.byteCount
        pump(into: &writer)
    }

    /// Asks for subscriptions; an event brings the answer.
    public mutating func subscribe(
        _ filters: [SubscriptionRequest],
        identifier: UInt32? = nil,
        userProperties: [UInt8] = [],
        token: UInt64,
        into writer: inout ByteWriter
    ) throws(MQTTError) {
        guard phase == .connected else { throw Self.notConnected() }
        for request in filters { _ = try TopicFilter(parsing: request.filter) }
        let id = try nextID()
        var packet = Subscribe(
            packetID: id,
            filters: filters,
            subscriptionIdentifier: version == .v5 ? identifier : nil
        )
        packet.userProperties = userProperties
        requests[id] = token
        Encode.subscribe(packet, version: version, into: &writer)
    }

    /// Ends subscriptions; an event brings the answer.
    public mutating func unsubscribe(
        _ filters: [[UInt8]],
        userProperties: [UInt8] = [],
        token: UInt64,
        into writer: inout ByteWriter
    ) throws(MQTTError) {
        guard phase == .connected else { throw Self.notConnected() }
        for filter in filters { _ = try TopicFilter(parsing: filter) }
        let id = try nextID()
        var packet = Unsubscribe(packetID: id, filters: filters)
        packet.userProperties = userProperties
        requests[id] = token
        Encode.unsubscribe(packet, version: version, into: &writer)
    }

    /// Says that a message with QoS 1 was taken; acknowledges those that may be now.
    public mutating func take(_ receipt: ClientReceipt, into writer: inout ByteWriter) {
        guard let index = receipts.firstIndex(where: { $0.serial == receipt.serial }) else {
            return
        }
        receipts[index].isTaken = true
        while let first = receipts.first, first.isTaken {
            Encode.puback(packetID: first.packetID, version: version, into: &writer)
            receipts.removeFirst()
        }
    }

    /// Asks the server to show that it lives.
    public func ping(into writer: inout ByteWriter) { Encode.pingreq(into: &writer) }

    /// Ends the connection in order.
    public mutating func disconnect(
        reason: ReasonCode = .success,
        sessionExpirySeconds: UInt32? = nil,
        userProperties: [UInt8] = [],
        into writer: inout ByteWriter
    ) {
        guard phase == .connected else { return }
        Encode.disconnect(
            reason: reason,
            version: version,
            sessionExpirySeconds: sessionExpirySeconds,
            userProperties: userProperties,
            into: &writer
        )
    }

    /// Sends what the window allows: first what was under way before, then what waits.
    mutating func pump(into writer: inout ByteWriter) {
        guard phase == .connected else { return }
        var window = limits.inflightMax
        if version == .v5 {
            window = min(window, Int(connack?.properties.receiveMaximum ?? 65_535))
        }
        var done = 0
        while underWay < window, done < unsent.count {
            let id = unsent[done]
            done += 1
            guard var entry = sending[id], entry.step == .unsent else { continue }
            underWay += 1
            entry.step = .published
            sending[id] = entry
            // [MQTT-3.3.1-1]: the flag is set on what this session has seen.
            let isDuplicate = connack?.sessionPresent == true || version == .v31
            write(entry.message, id, isDuplicate: isDuplicate, into: &writer)
        }
        unsent.removeFirst(done)
        while underWay < window, waitingStart < waiting.count, let id = try? nextID() {
            let next = waiting[waitingStart]
            waitingStart += 1
            waitingBytes -= next.message.byteCount
            underWay += 1
            lastSequence += 1
            sending[id] = Sending(
                message: next.message,
                token: next.token,
                step: .published,
                sequence: lastSequence
            )
            write(next.message, id, isDuplicate: false, into: &writer)
        }
        if waitingStart == waiting.count || waitingStart > 1024 {
            waiting.removeFirst(waitingStart)
            waitingStart = 0
        }
    }

    private func write(
        _ message: OutgoingMessage,
        _ id: UInt16?,
        isDuplicate: Bool,
        into writer: inout ByteWriter
    ) {
        var block = ByteWriter()
        if version == .v5 { message.details.write(into: &block) }
        Encode.publish(
            version: version,
            qos: message.qos,
            isDuplicate: isDuplicate,
            isRetained: message.isRetained,
            topic: message.topic.span.bytes,
            packetID: id,
            properties: block.bytes,
            expirySeconds: message.details.messageExpirySeconds,
            topicAlias: message.details.topicAlias == 0 ? nil : message.details.topicAlias,
            payload: message.payload.span.bytes,
            into: &writer
        )
    }

    /// An identifier that nothing under way has.
    private mutating func nextID() throws(MQTTError) -> UInt16 {
        // [MQTT-2.2.1-3].
        for _ in 0..<65_535 {
            lastID = lastID == 65_535 ? 1 : lastID + 1
            if sending[lastID] == nil, requests[lastID] == nil { return lastID }
        }
        throw MQTTError(
            .receiveMaximumExceeded,
            .quotaExceeded,
            "All 65,535 packet identifiers are in use.",
            clause: "MQTT 5.0 §2.2.1"
        )
    }

    /// Refuses what the server said it does not take, before it is sent.
    private func check(_ message: OutgoingMessage) throws(MQTTError) {
        try TopicName.check(message.topic.span.bytes)
        guard message.qos <= 2 else { throw .publishQoS3() }
        let size = message.topic.count + message.payload.count + 9
        guard size <= Framing.bodyBytesMax else { throw .tooLarge() }
        guard version == .v5, let properties = connack?.properties else { return }
        // [MQTT-3.2.2-11].
        if message.qos > properties.maximumQoS ?? 2 {
            throw MQTTError(
                .qosNotSupported,
                .qosNotSupported,
                "The server does not take messages with this QoS.",
                clause: "MQTT 5.0 §3.2.2.3.4"
            )
        }
        // [MQTT-3.2.2-14].
        if message.isRetained, properties.retainAvailable == false {
            throw MQTTError(
                .retainNotSupported,
                .retainNotSupported,
                "The server does not retain messages.",
                clause: "MQTT 5.0 §3.2.2.3.5"
            )
        }
        // [MQTT-3.2.2-17].
        if message.details.topicAlias > properties.topicAliasMaximum ?? 0 {
            throw MQTTError(
                .topicAliasInvalid,
                .topicAliasInvalid,
                "The topic alias is higher than the server allows.",
                clause: "MQTT 5.0 §3.2.2.3.8"
            )
        }
        // [MQTT-3.2.2-15].
        if let most = properties.maximumPacketSize {
            var writer = ByteWriter()
            write(message, 1, isDuplicate: false, into: &writer)
            guard writer.count <= Int(most) else { throw .tooLarge() }
        }
    }

    static func notConnected() -> MQTTError {
        MQTTError(
            .packetUnexpected,
            .serverUnavailable,
            "There is no connection.",
            clause: "MQTT 5.0 §3.1"
        )
    }
}
