// SPDX-License-Identifier: Apache-2.0
// PUBLISH: MQTT 5.0 §3.3, MQTT 3.1.1 §3.3. A view of borrowed bytes, nothing is copied.

internal import SealBytes

/// A PUBLISH packet in the bytes it came in.
public struct PublishView: ~Escapable {
    /// The topic name, its characters not yet checked; empty when an alias stands for it.
    public let topic: RawSpan
    /// The application message.
    public let payload: RawSpan
    /// The properties as they came, without their length; empty before MQTT 5.0.
    public let propertyBytes: RawSpan
    /// What the properties say that a server has to know.
    public let properties: PublishProperties
    /// The packet identifier; 0 with QoS 0.
    public let packetID: UInt16
    /// The quality of service.
    public let qos: UInt8
    /// Whether it may have been sent before.
    public let isDuplicate: Bool
    /// Whether the message is to be retained, or was.
    public let isRetained: Bool

    @inlinable
    @_lifetime(copy topic, copy payload, copy propertyBytes)
    init(
        topic: RawSpan,
        payload: RawSpan,
        propertyBytes: RawSpan,
        properties: PublishProperties,
        packetID: UInt16,
        flags: UInt8
    ) {
        self.topic = topic
        self.payload = payload
        self.propertyBytes = propertyBytes
        self.properties = properties
        self.packetID = packetID
        qos = (flags &>> 1) & 3
        isDuplicate = flags & 8 != 0
        isRetained = flags & 1 != 0
    }

    /// Reads the bytes after the fixed header, whose flags are given.
    ///
    /// The topic's characters are the caller's to check (`TopicName.check`), once for each topic
    /// it does not know yet. An empty topic comes only with an alias, in MQTT 5.0.
    @inlinable
    @_lifetime(copy body)
    public static func decode(
        _ body: RawSpan,
        flags: UInt8,
        version: ProtocolVersion,
        direction: Direction = .fromClient
    ) throws(MQTTError) -> PublishView {
        // [MQTT-3.3.1-4].
        if flags & 0x06 == 0x06 { throw .publishQoS3() }
        // [MQTT-3.3.1-2]; MQTT 3.1 §2.1 only says that the flag has no meaning then.
        if flags & 0x0E == 0x08, version != .v31 { throw .publishDuplicateQoS0() }
        var reader = PacketReader(body)
        let topic = try reader.readBinary()
        var packetID: UInt16 = 0
        if flags & 0x06 != 0 {
            packetID = try reader.readUInt16()
            // [MQTT-2.2.1-3], MQTT 3.1.1 [MQTT-2.3.1-1].
            if packetID == 0 { throw .zeroPacketID() }
        }
        var properties = PublishProperties()
        var block = body.extracting(0..<0)
        if version == .v5 {
            let count = try reader.readVariableByteInteger()
            if count > 0 {
                block = try reader.readSpan(count)
                properties = try PublishProperties.decode(block, direction: direction)
            }
        }
        // [MQTT-3.3.2-1], [MQTT-4.7.3-1].
        if topic.byteCount == 0, properties.topicAlias == 0 { throw .publishWithoutTopic() }
        return PublishView(
            topic: topic,
            payload: reader.readRest(),
            propertyBytes: block,
            properties: properties,
            packetID: packetID,
            flags: flags
        )
    }
}
