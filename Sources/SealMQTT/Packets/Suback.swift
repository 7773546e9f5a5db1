// SPDX-License-Identifier: Apache-2.0
// SUBACK and UNSUBACK: MQTT 5.0 §3.9, §3.11, MQTT 3.1.1 the same.

internal import SealBytes

/// A SUBACK packet, or an UNSUBACK packet, which has the same form.
public struct Suback: Equatable, Sendable {
    /// The packet identifier of the request.
    public var packetID: UInt16
    /// A code for each filter of the request, in its order; none in an UNSUBACK before MQTT 5.0.
    public var codes: [ReasonCode]
    /// A sentence for people.
    public var reasonString: String?
    /// The user properties as they came, one after another.
    public var userProperties: [UInt8] = []

    /// Makes a packet.
    public init(packetID: UInt16, codes: [ReasonCode]) {
        self.packetID = packetID
        self.codes = codes
    }

    /// Reads the bytes after the fixed header of a packet of the type.
    public static func decode(
        _ body: RawSpan,
        type: PacketType = .suback,
        version: ProtocolVersion
    ) throws(MQTTError) -> Suback {
        var reader = PacketReader(body)
        var packet = Suback(packetID: try reader.readPacketID(), codes: [])
        if version == .v5 {
            var walk = PropertyWalk(try reader.readProperties(), .acknowledgement)
            while try walk.next() {
                if walk.id == .reasonString {
                    packet.reasonString = walk.value.text
                } else {
                    packet.userProperties += walk.encoded.copied()
                }
            }
        } else if type == .unsuback {
            try reader.requireEnd()
            return packet
        }
        while !reader.isAtEnd {
            let code = try reader.readReason(in: type, .fromServer)
            // MQTT 3.1.1 [MQTT-3.9.3-2].
            guard version == .v5 || code.rawValue <= 2 || code == .unspecifiedError else {
                throw .reasonNotAllowed()
            }
            packet.codes.append(code)
        }
        guard !packet.codes.isEmpty else {
            throw .breach("The packet has no code for any filter.", "MQTT 5.0 §3.9.3, §3.11.3")
        }
        return packet
    }
}
