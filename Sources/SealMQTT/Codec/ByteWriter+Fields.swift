// SPDX-License-Identifier: Apache-2.0
// Writing the data types of MQTT 5.0 §1.5 and its properties.

internal import SealBytes

extension ByteWriter {
    /// MQTT 5.0 §1.5.5.
    mutating func put(variable value: Int) {
        var rest = value
        while rest >= 0x80 {
            put(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        put(UInt8(truncatingIfNeeded: rest))
    }

    /// Bytes after their length; what is beyond 65,535 is left out, so that the frame holds.
    mutating func put(shortBytes bytes: [UInt8]) {
        let count = min(bytes.count, 65_535)
        put(UInt16(truncatingIfNeeded: count))
        put(bytes.span.bytes.extracting(0..<count))
    }

    /// A text after its length; what is beyond 65,535 bytes is left out, whole characters only.
    mutating func put(shortText text: String) {
        var bytes = Array(text.utf8)
        if bytes.count > 65_535 {
            var end = 65_535
            while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
            bytes.removeLast(bytes.count - end)
        }
        put(shortBytes: bytes)
    }

    mutating func put(_ id: PropertyID, byte: UInt8) {
        put(id.rawValue)
        put(byte)
    }

    mutating func put(_ id: PropertyID, twoBytes: UInt16) {
        put(id.rawValue)
        put(twoBytes)
    }

    mutating func put(_ id: PropertyID, fourBytes: UInt32) {
        put(id.rawValue)
        put(fourBytes)
    }

    mutating func put(_ id: PropertyID, variable: UInt32) {
        put(id.rawValue)
        put(variable: Int(variable))
    }

    mutating func put(_ id: PropertyID, bytes: [UInt8]) {
        put(id.rawValue)
        put(shortBytes: bytes)
    }

    mutating func put(_ id: PropertyID, text: String) {
        put(id.rawValue)
        put(shortText: text)
    }

    /// A block of properties after its length.
    mutating func put(propertyBlock block: borrowing ByteWriter) {
        put(variable: block.count)
        put(block.bytes)
    }

    /// The fixed header and the body of a packet.
    mutating func put(_ type: PacketType, flags: UInt8 = 0, body: borrowing ByteWriter) {
        put(type.rawValue &<< 4 | flags)
        put(variable: body.count)
        put(body.bytes)
    }
}

/// How many bytes a variable byte integer takes (MQTT 5.0 §1.5.5).
func variableByteCount(_ value: Int) -> Int {
    if value < 0x80 { return 1 }
    if value < 0x4000 { return 2 }
    return value < 0x20_0000 ? 3 : 4
}
