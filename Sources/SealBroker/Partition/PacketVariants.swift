// SPDX-License-Identifier: Apache-2.0
// A publication is encoded at most once for each form its receivers need, then copied.

internal import SealBytes
internal import SealMQTT

/// The encoded forms of the message that is being delivered.
struct PacketVariants: ~Copyable {
    /// Forms: with or without a packet id, for 3.x and for 5.
    var plain3 = ByteWriter()
    var numbered3 = ByteWriter()
    var plain5 = ByteWriter()
    var numbered5 = ByteWriter()
    /// Where the packet id stands; the same place in both numbered forms of a version.
    var idOffset3 = 0
    var idOffset5 = 0

    init() {}

    /// Forgets the previous message.
    @inline(__always)
    mutating func reset() {
        plain3.removeAll()
        numbered3.removeAll()
        plain5.removeAll()
        numbered5.removeAll()
    }

    mutating func makePlain3(_ topic: RawSpan, _ payload: RawSpan) {
        guard plain3.count == 0 else { return }
        Self.writeHeader(0x30, 2 + topic.byteCount + payload.byteCount, &plain3)
        plain3.put(UInt16(truncatingIfNeeded: topic.byteCount))
        plain3.put(topic)
        plain3.put(payload)
    }

    mutating func makeNumbered3(_ topic: RawSpan, _ payload: RawSpan) {
        guard numbered3.count == 0 else { return }
        Self.writeHeader(0x32, 4 + topic.byteCount + payload.byteCount, &numbered3)
        numbered3.put(UInt16(truncatingIfNeeded: topic.byteCount))
        numbered3.put(topic)
        idOffset3 = numbered3.count
        numbered3.put(UInt16(0))
        numbered3.put(payload)
    }

    mutating func makePlain5(
        _ topic: RawSpan,
        _ properties: RawSpan,
        _ expirySeconds: UInt32?,
        _ payload: RawSpan
    ) {
        guard plain5.count == 0 else { return }
        _ = Encode.publish(
            version: .v5,
            qos: 0,
            topic: topic,
            properties: properties,
            expirySeconds: expirySeconds,
            payload: payload,
            into: &plain5
        )
    }

    mutating func makeNumbered5(
        _ topic: RawSpan,
        _ properties: RawSpan,
        _ expirySeconds: UInt32?,
        _ payload: RawSpan
    ) {
        guard numbered5.count == 0 else { return }
        idOffset5 = Encode.publish(
            version: .v5,
            qos: 1,
            topic: topic,
            properties: properties,
            expirySeconds: expirySeconds,
            payload: payload,
            into: &numbered5
        )
    }

    private static func writeHeader(_ first: UInt8, _ length: Int, _ writer: inout ByteWriter) {
        writer.put(first)
        var rest = length
        repeat {
            let byte = UInt8(rest & 0x7F)
            rest >>= 7
            writer.put(rest > 0 ? byte | 0x80 : byte)
        } while rest > 0
    }
}
