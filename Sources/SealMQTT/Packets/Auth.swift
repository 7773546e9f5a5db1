// SPDX-License-Identifier: Apache-2.0
// AUTH: MQTT 5.0 §3.15. What a method means is decided where principals are known.

internal import SealBytes

/// An AUTH packet.
public struct Auth: Equatable, Sendable {
    /// What the packet is for.
    public var reason: ReasonCode
    /// The name of the method; `nil` only in a packet that is all default.
    public var method: [UInt8]?
    /// The method's bytes.
    public var bytes: [UInt8]?
    /// A sentence for people.
    public var reasonString: String?
    /// The user properties as they came, one after another.
    public var userProperties: [UInt8] = []

    /// Makes a packet.
    public init(reason: ReasonCode, method: [UInt8]? = nil, bytes: [UInt8]? = nil) {
        self.reason = reason
        self.method = method
        self.bytes = bytes
    }

    /// Reads the bytes after the fixed header.
    public static func decode(
        _ body: RawSpan,
        direction: Direction = .fromClient
    ) throws(MQTTError) -> Auth {
        var reader = PacketReader(body)
        var packet = Auth(reason: .success)
        if reader.isAtEnd {
            // MQTT 5.0 §3.15.2.1: an empty packet says success, which only a server says.
            guard ReasonCode.success.isAllowed(in: .auth, direction) else {
                throw .reasonNotAllowed()
            }
            return packet
        }
        // [MQTT-3.15.2-1].
        packet.reason = try reader.readReason(in: .auth, direction)
        var walk = PropertyWalk(try reader.readProperties(), .auth)
        while try walk.next() {
            switch walk.id {
            case .authenticationMethod: packet.method = walk.value.copied()
            case .authenticationData: packet.bytes = walk.value.copied()
            case .reasonString: packet.reasonString = walk.value.text
            default: packet.userProperties += walk.encoded.copied()
            }
        }
        try reader.requireEnd()
        // MQTT 5.0 §3.15.2.2.2.
        guard packet.method != nil else {
            throw .breach("AUTH has no authentication method.", "MQTT 5.0 §3.15.2.2.2")
        }
        return packet
    }
}
