// SPDX-License-Identifier: Apache-2.0
// UNSUBSCRIBE: MQTT 5.0 §3.10, MQTT 3.1.1 §3.10.

internal import SealBytes

/// An UNSUBSCRIBE packet.
public struct Unsubscribe: Equatable, Sendable {
    /// The packet identifier.
    public var packetID: UInt16
    /// The topic filters, at least one: UTF-8, their syntax not yet checked.
    public var filters: [[UInt8]]
    /// The user properties as they came, one after another.
    public var userProperties: [UInt8] = []

    /// Makes a packet.
    public init(packetID: UInt16, filters: [[UInt8]]) {
        self.packetID = packetID
        self.filters = filters
    }

    /// Reads the bytes after the fixed header.
    public static func decode(
        _ body: RawSpan,
        version: ProtocolVersion
    ) throws(MQTTError) -> Unsubscribe {
        var reader = PacketReader(body)
        var packet = Unsubscribe(packetID: try reader.readRequestID(), filters: [])
        if version == .v5 {
            var walk = PropertyWalk(try reader.readProperties(), .unsubscribe)
            while try walk.next() { packet.userProperties += walk.encoded.copied() }
        }
        // [MQTT-3.10.3-1].
        while !reader.isAtEnd { packet.filters.append(try reader.readText().copied()) }
        // [MQTT-3.10.3-2].
        guard !packet.filters.isEmpty else {
            throw .breach(
                "UNSUBSCRIBE has no topic filter.",
                "MQTT 5.0 §3.10.3, MQTT 3.1.1 §3.10.3"
            )
        }
        return packet
    }
}
