// SPDX-License-Identifier: Apache-2.0
// A message as applications see it.

public import SealMQTT

/// A message that was received.
public struct MQTTMessage: Equatable, Sendable {
    /// The topic name.
    public var topic: String
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
    public var properties: PublishDetails

    /// The payload as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: payload, as: UTF8.self) }

    init(_ message: IncomingMessage) {
        topic = String(decoding: message.topic, as: UTF8.self)
        payload = message.payload
        qos = message.qos
        isRetained = message.isRetained
        isDuplicate = message.isDuplicate
        packetID = message.packetID
        properties = message.details
    }
}

/// What publishing came to.
public struct PublishOutcome: Equatable, Sendable {
    /// What the server said; "success" with QoS 0 and before MQTT 5.0.
    public var reason: ReasonCode
    /// What the server said in words.
    public var reasonString: String?
}
