// SPDX-License-Identifier: Apache-2.0
// Java's own UTF-8, in which JKS writes its names: each half of a surrogate pair in three bytes,
// and the character NUL in two.

enum ModifiedUTF8 {
    static func encode(_ text: String) -> [UInt8] {
        text.utf16.flatMap { unit -> [UInt8] in
            if unit != 0, unit < 0x80 { return [UInt8(unit)] }
            let low = 0x80 | UInt8(unit & 0x3F)
            if unit < 0x800 { return [0xC0 | UInt8(unit >> 6), low] }
            return [0xE0 | UInt8(unit >> 12), 0x80 | UInt8(unit >> 6 & 0x3F), low]
        }
    }

    /// The text; nil when the bytes are none.
    static func decode(_ bytes: [UInt8]) -> String? {
        var units: [UInt16] = []
        var rest = bytes[...]
        func tail(_ byte: UInt8?) -> UInt16? {
            guard let byte, byte & 0xC0 == 0x80 else { return nil }
            return UInt16(byte & 0x3F)
        }
        while let first = rest.popFirst() {
            switch first {
            case 0x01..<0x80: units.append(UInt16(first))
            case 0xC0..<0xE0:
                guard let one = tail(rest.popFirst()) else { return nil }
                units.append(UInt16(first & 0x1F) << 6 | one)
            case 0xE0..<0xF0:
                guard let one = tail(rest.popFirst()), let two = tail(rest.popFirst())
                else { return nil }
                units.append(UInt16(first & 0x0F) << 12 | one << 6 | two)
            default: return nil
            }
        }
        // Half a surrogate pair is no text.
        return String(validating: units, as: UTF16.self)
    }
}
