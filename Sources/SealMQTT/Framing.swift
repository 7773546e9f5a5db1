// SPDX-License-Identifier: Apache-2.0
// Where a packet begins and ends in a stream of bytes. What it says is the packet's own file.

public import SealBytes

/// The fixed header of a packet.
public struct Frame: Equatable, Sendable {
    /// The type.
    public let type: PacketType
    /// The lower four bits of the first byte.
    public let flags: UInt8
    /// How many bytes the fixed header has.
    public let headerCount: Int
    /// How many bytes follow it.
    public let bodyCount: Int

    /// How many bytes the packet has.
    @inlinable public var totalCount: Int { headerCount &+ bodyCount }

    /// Whether the remaining length is written with as few bytes as possible.
    @inlinable public var hasShortestLength: Bool {
        headerCount == 2 || bodyCount >= 1 &<< (7 &* (headerCount &- 2))
    }

    /// Makes a header.
    @inlinable
    public init(type: PacketType, flags: UInt8, headerCount: Int, bodyCount: Int) {
        self.type = type
        self.flags = flags
        self.headerCount = headerCount
        self.bodyCount = bodyCount
    }
}

/// Finding packets in a stream.
public enum Framing {
    /// The largest remaining length the standards can write (MQTT 5.0 §2.1.4).
    public static let bodyBytesMax = 268_435_455

    /// The first packet's header, or `nil` when more bytes are needed to know it.
    ///
    /// The packet itself may still be incomplete: compare `totalCount`. Refuses, as soon as the
    /// bytes show it, reserved types, wrong flags, lengths of more than four bytes, then packets
    /// the sender's side never sends and those larger than `packetBytesMax` (header included).
    /// Before CONNECT was read the version is not known and `.v311` holds.
    @inlinable
    public static func next(
        _ bytes: RawSpan,
        packetBytesMax: Int,
        version: ProtocolVersion = .v311,
        direction: Direction = .fromClient
    ) throws(MQTTError) -> Frame? {
        guard bytes.byteCount >= 1 else { return nil }
        let first = bytes.byte(0)
        let flags = first & 0x0F
        let bit = UInt16(1) &<< UInt16(first &>> 4)
        guard let type = PacketType(rawValue: first &>> 4) else { throw reservedType() }
        // A CONNACK from a client is refused for what it is, whatever its flags.
        let isStray = type == .connack && direction == .fromClient
        if type != .publish, !isStray { try check(type, flags, version) }

        var count = 0
        var index = 1
        while true {
            guard index < bytes.byteCount else { return nil }
            let byte = bytes.byte(index)
            count |= Int(byte & 0x7F) &<< (7 &* (index &- 1))
            index &+= 1
            if byte & 0x80 == 0 {
                // MQTT 3.1 and 3.1.1 do not ask for the shortest form (MQTT 3.1.1 §2.2.3), 5.0
                // does: [MQTT-1.5.5-1].
                if byte == 0, index > 2, version == .v5 { throw .lengthNotShortest() }
                break
            }
            if index == 5 { throw lengthUnreadable() }
        }
        guard PacketType.allowed(direction, version) & bit != 0 else {
            throw unexpected(direction)
        }
        guard count &+ index <= packetBytesMax else { throw .tooLarge() }
        if count != 0, type == .pingreq || type == .pingresp { throw pingWithBody() }
        return Frame(type: type, flags: flags, headerCount: index, bodyCount: count)
    }

    /// The flags that every type but PUBLISH must have (MQTT 5.0 §2.1.3, MQTT 3.1.1 §2.2.2).
    ///
    /// Those of CONNECT are looked at when its version is known (`Connect.decode`).
    @inlinable
    static func check(
        _ type: PacketType,
        _ flags: UInt8,
        _ version: ProtocolVersion
    ) throws(MQTTError) {
        let hasReservedBit = type == .pubrel || type == .subscribe || type == .unsubscribe
        if flags == (hasReservedBit ? 2 : 0) || type == .connect { return }
        // MQTT 3.1 §2.1: these three are sent again with DUP set.
        if hasReservedBit, version == .v31, flags == 0x0A { return }
        throw wrongFlags()
    }

    @usableFromInline @inline(never)
    static func wrongFlags() -> MQTTError {
        .malformed(
            "The flags of the fixed header are not the ones this packet type has.",
            "MQTT 5.0 §2.1.3, MQTT 3.1.1 §2.2.2"
        )
    }

    @usableFromInline @inline(never)
    static func pingWithBody() -> MQTTError {
        .malformed(
            "PINGREQ and PINGRESP have no bytes after the fixed header.",
            "MQTT 5.0 §3.12, §3.13"
        )
    }

    /// Where this packet ends, and so where the next one begins, is not known.
    @usableFromInline @inline(never)
    static func lengthUnreadable() -> MQTTError {
        MQTTError(
            .lengthUnreadable,
            .malformedPacket,
            "The remaining length has more than four bytes.",
            clause: "MQTT 5.0 §2.1.4, MQTT 3.1.1 §2.2.3"
        )
    }

    @usableFromInline @inline(never)
    static func reservedType() -> MQTTError {
        .breach("Packet type 0 is reserved.", "MQTT 5.0 §2.1.2")
    }

    @usableFromInline @inline(never)
    static func unexpected(_ direction: Direction) -> MQTTError {
        MQTTError(
            .packetUnexpected,
            .protocolError,
            direction == .fromClient
                ? "A client of this protocol version does not send this packet type."
                : "A server of this protocol version does not send this packet type.",
            clause: "MQTT 5.0 §2.1.2, MQTT 3.1.1 §2.2.1"
        )
    }
}
