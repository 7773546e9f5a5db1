// SPDX-License-Identifier: Apache-2.0
// Universally unique identifiers as 16 bytes and as text (RFC 9562).

internal import SealBytes

enum UUIDText {
    /// A new one of version 7.
    ///
    /// It begins with the time, so that a million new ones fill an index from one end instead of
    /// everywhere.
    static func make(now milliseconds: Int64) -> [UInt8] {
        var dice = SystemRandomNumberGenerator()
        let time = UInt64(bitPattern: milliseconds) & 0xFFFF_FFFF_FFFF
        let high = time << 16 | 0x7000 | dice.next() & 0x0FFF
        let low = 0x8000_0000_0000_0000 | dice.next() & 0x3FFF_FFFF_FFFF_FFFF
        return [high, low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - $0 * 8)) }
        }
    }

    /// 8-4-4-4-12 lower-case digits.
    static func text(_ bytes: [UInt8]) -> Name {
        guard bytes.count == 16 else { return .empty }
        var digits: [UInt8] = []
        digits.reserveCapacity(36)
        for (index, digit) in Hex.encode(bytes).utf8.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                digits.append(UInt8(ascii: "-"))
            }
            digits.append(digit)
        }
        return Name(decoding: digits)
    }

    /// The bytes of a lower-case text; nil when it is none.
    static func bytes(_ text: Name) -> [UInt8]? {
        let digits = Name(decoding: text.utf8.filter { $0 != UInt8(ascii: "-") })
        guard text.utf8.count == 36, let bytes = Hex.decode(digits.text),
            Self.text(bytes) == text
        else { return nil }
        return bytes
    }
}
