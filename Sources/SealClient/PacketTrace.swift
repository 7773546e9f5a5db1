// SPDX-License-Identifier: Apache-2.0
// A line for each packet, for people who look for a fault. No payloads, no passwords.

internal import SealBytes
internal import SealMQTT

enum PacketTrace {
    /// A line for each complete packet in the bytes.
    static func lines(
        _ bytes: RawSpan,
        _ verb: String,
        _ version: ProtocolVersion,
        _ direction: Direction
    ) -> [String] {
        var lines: [String] = []
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            guard
                let found = try? Framing.next(
                    rest,
                    packetBytesMax: .max,
                    version: version,
                    direction: direction
                ), found.totalCount <= rest.byteCount
            else { break }
            let body = rest.extracting(found.headerCount..<found.totalCount)
            lines.append("\(verb) \(describe(found, body, version, direction))")
            offset += found.totalCount
        }
        return lines
    }

    private static func describe(
        _ frame: Frame,
        _ body: RawSpan,
        _ version: ProtocolVersion,
        _ direction: Direction
    ) -> String {
        let name = "\(frame.type)".uppercased()
        switch frame.type {
        case .publish:
            guard
                let view = try? PublishView.decode(
                    body,
                    flags: frame.flags,
                    version: version,
                    direction: direction
                )
            else { return name }
            let topic = String(decoding: view.topic.copied(), as: UTF8.self)
            return "\(name) (d\(view.isDuplicate ? 1 : 0), q\(view.qos), "
                + "r\(view.isRetained ? 1 : 0), m\(view.packetID), '\(topic)', "
                + "\(view.payload.byteCount) bytes)"
        case .connack:
            guard let packet = try? Connack.decode(body, version: version) else { return name }
            return "\(name) (\(packet.reason.words))"
        case .puback, .pubrec, .pubrel, .pubcomp, .subscribe, .suback, .unsubscribe, .unsuback:
            guard body.byteCount >= 2 else { return name }
            return "\(name) (m\(Int(body.byte(0)) << 8 | Int(body.byte(1))))"
        default: return name
        }
    }
}
