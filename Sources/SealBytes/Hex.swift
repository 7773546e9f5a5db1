// SPDX-License-Identifier: Apache-2.0
// Bytes as hexadecimal digits and back. No prefixes, no separators.

/// The hexadecimal form of bytes.
public enum Hex {
    /// Two lower-case digits for each byte.
    public static func encode(_ bytes: RawSpan) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.byteCount * 2)
        for index in 0..<bytes.byteCount {
            let byte = bytes.byte(index)
            digits.append(digit(byte &>> 4))
            digits.append(digit(byte & 0x0F))
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// Two lower-case digits for each byte.
    public static func encode(_ bytes: [UInt8]) -> String { encode(bytes.span.bytes) }

    /// The bytes that the digits stand for, in either case; `nil` when the text has another
    /// character or an odd number of digits.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var pending: UInt8?
        for character in text.utf8 {
            guard let value = value(of: character) else { return nil }
            if let high = pending {
                bytes.append(high &<< 4 | value)
                pending = nil
            } else {
                pending = value
            }
        }
        return pending == nil ? bytes : nil
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 &+ value : 0x57 &+ value
    }

    private static func value(of character: UInt8) -> UInt8? {
        switch character {
        case 0x30...0x39: character &- 0x30
        case 0x41...0x46: character &- 0x37
        case 0x61...0x66: character &- 0x57
        default: nil
        }
    }
}
