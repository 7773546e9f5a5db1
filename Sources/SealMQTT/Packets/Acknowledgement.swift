// SPDX-License-Identifier: Apache-2.0
// PUBACK, PUBREC, PUBREL and PUBCOMP, which look alike: MQTT 5.0 §3.4 to §3.7, MQTT 3.1.1 the same.

internal import SealBytes

/// A step of a QoS 1 or QoS 2 delivery.
public struct Acknowledgement: Equatable, Sendable {
    /// The packet identifier of the message.
    public var packetID: UInt16
    /// How it went.
    public var reason: ReasonCode
    /// A sentence for people.
    public var reasonString: String?
    /// The user properties as they came, one after another.
    public var userProperties: [UInt8] = []

    /// Makes a step.
    public init(packetID: UInt16, reason: ReasonCode = .success) {
        self.packetID = packetID
        self.reason = reason
    }

    /// Reads the bytes after the fixed header of a packet of the type.
    public static func decode(
        _ body: RawSpan,
        type: PacketType,
        version: ProtocolVersion
    ) throws(MQTTError) -> Acknowledgement {
        var reader = PacketReader(body)
        var packet = Acknowledgement(packetID: try reader.readPacketID())
        // MQTT 5.0 §3.4.2.1: without more bytes the reason is 0x00, without properties their
        // length may be left out.
        if reader.isAtEnd { return packet }
        guard version == .v5 else { throw .trailing() }
        packet.reason = try reader.readReason(in: type, .fromClient)
        if reader.isAtEnd { return packet }
        var walk = PropertyWalk(try reader.readProperties(), .acknowledgement)
        while try walk.next() {
            if walk.id == .reasonString {
                packet.reasonString = walk.value.text
            } else {
                packet.userProperties += walk.encoded.copied()
            }
        }
        try reader.requireEnd()
        return packet
    }
}

extension PacketReader {
    @_lifetime(self: copy self)
    mutating func readReason(
        in type: PacketType,
        _ direction: Direction
    ) throws(MQTTError) -> ReasonCode {
        // [MQTT-3.4.2-1] and its like for each packet.
        guard let reason = ReasonCode(rawValue: try readUInt8()),
            reason.isAllowed(in: type, direction)
        else { throw .reasonNotAllowed() }
        return reason
    }
}
