// SPDX-License-Identifier: Apache-2.0
// The values that go into and come out of a client's state machine.

/// A message that a client publishes.
public struct OutgoingMessage: Equatable, Sendable {
    /// The topic name.
    public var topic: [UInt8]
    /// The application message.
    public var payload: [UInt8]
    /// The quality of service.
    public var qos: UInt8
    /// Whether the server shall retain it.
    public var isRetained: Bool
    /// The properties of MQTT 5.0; subscription identifiers are not sent, and an alias always goes
    /// with its topic.
    public var details: PublishDetails

    /// Makes a message.
    public init(
        topic: [UInt8],
        payload: [UInt8],
        qos: UInt8 = 0,
        isRetained: Bool = false,
        details: PublishDetails = PublishDetails()
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.isRetained = isRetained
        self.details = details
    }

    /// How many bytes it stands for in a limit.
    var byteCount: Int { topic.count + payload.count + 64 }
}

/// What a client gives back when it has taken a message with QoS 1, so that it is acknowledged.
public struct ClientReceipt: Equatable, Sendable {
    let serial: UInt64
}

/// A message that a client received.
public struct IncomingMessage: Equatable, Sendable {
    /// The topic name.
    public var topic: [UInt8]
    /// The application message.
    public var payload: [UInt8]
    /// The quality of service it came with.
    public var qos: UInt8
    /// Whether it was retained.
    public var isRetained: Bool
    /// Whether it may have come before.
    public var isDuplicate: Bool
    /// The packet identifier; 0 with QoS 0.
    public var packetID: UInt16
    /// The properties of MQTT 5.0.
    public var details: PublishDetails
    /// To give back when the message was taken; QoS 1 only.
    public var receipt: ClientReceipt?
}

/// What happened at a client's connection.
public enum ClientEvent: Equatable, Sendable {
    /// The server accepted the connection.
    case connected(Connack)
    /// The server refused it; the connection is to be closed.
    case refused(Connack)
    /// A message came.
    case message(IncomingMessage)
    /// A message with QoS 1 or 2 is done, well or with a refusal.
    case published(token: UInt64, Acknowledgement)
    /// A SUBSCRIBE or an UNSUBSCRIBE was answered.
    case answered(token: UInt64, Suback)
    /// The server answered a ping.
    case pong
    /// The server ends the connection.
    case disconnected(Disconnect)
}

/// What a client's state machine may hold.
public struct ClientLimits: Sendable {
    /// How many messages with QoS 1 and 2 are under way at once; a server may want fewer.
    public var inflightMax = 20
    /// How many messages wait for their turn.
    public var waitingMessagesMax = 10_000
    /// How many bytes wait for their turn.
    public var waitingBytesMax = 64 << 20
    /// The largest packet taken.
    public var packetBytesMax = Framing.bodyBytesMax + 5

    /// The defaults.
    public init() {}
}
