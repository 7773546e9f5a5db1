// SPDX-License-Identifier: Apache-2.0
// The will of a CONNECT: MQTT 5.0 §3.1.2.5, §3.1.3.2 to §3.1.3.4.

internal import SealBytes

/// The message that the server publishes when the connection ends without DISCONNECT.
public struct Will: Equatable, Sendable {
    /// The topic name.
    public var topic: [UInt8]
    /// The application message.
    public var payload: [UInt8]
    /// The quality of service.
    public var qos: UInt8
    /// Whether the message is to be retained.
    public var isRetained: Bool
    /// How many seconds the server waits before it publishes.
    public var delaySeconds: UInt32 = 0
    /// How many seconds the message is worth delivering.
    public var messageExpirySeconds: UInt32?
    /// The properties that go on to the subscribers, without their length.
    public var properties: [UInt8] = []

    /// Makes a will.
    public init(topic: [UInt8], payload: [UInt8], qos: UInt8 = 0, isRetained: Bool = false) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.isRetained = isRetained
    }

    @_lifetime(reader: copy reader)
    static func decode(
        _ reader: inout PacketReader,
        _ flags: UInt8,
        _ version: ProtocolVersion
    ) throws(MQTTError) -> Will {
        var will = Will(
            topic: [],
            payload: [],
            qos: (flags &>> 3) & 3,
            isRetained: flags & 0x20 != 0
        )
        if version == .v5 {
            var walk = PropertyWalk(try reader.readProperties(), .will)
            while try walk.next() {
                switch walk.id {
                case .willDelayInterval: will.delaySeconds = walk.number
                case .messageExpiryInterval: will.messageExpirySeconds = walk.number
                default: will.properties += walk.encoded.copied()
                }
            }
        }
        // [MQTT-3.1.3-9], MQTT 3.1.1 [MQTT-3.1.3-10].
        let topic = try reader.readText()
        try TopicName.checkCharacters(topic)
        will.topic = topic.copied()
        will.payload = try reader.readBinary().copied()
        return will
    }
}
