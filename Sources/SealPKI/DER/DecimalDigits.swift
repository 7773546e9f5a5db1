// SPDX-License-Identifier: Apache-2.0
// Large whole numbers as decimal digits: serial numbers and long arcs of object identifiers.

enum DecimalDigits {
    /// A number is written in decimal up to so many bytes; longer ones are only shown in hex.
    static let bytesMax = 256

    /// The digits of big-endian bytes without a sign; nil when there are too many bytes.
    static func unsigned(_ bytes: [UInt8]) -> String? {
        guard bytes.count <= bytesMax else { return nil }
        var groups: [UInt64] = [0]
        for byte in bytes {
            var carry = UInt64(byte)
            for index in groups.indices {
                let value = groups[index] << 8 | carry
                groups[index] = value % 1_000_000_000
                carry = value / 1_000_000_000
            }
            if carry > 0 { groups.append(carry) }
        }
        var text = ""
        for group in groups.reversed() {
            let digits = String(group)
            if !text.isEmpty { text += String(repeating: "0", count: 9 - digits.count) }
            text += text.isEmpty && group == 0 ? "" : digits
        }
        return text.isEmpty ? "0" : text
    }

    /// The digits of an integer in two's complement.
    static func signed(_ bytes: [UInt8]) -> String? {
        guard let first = bytes.first, first & 0x80 != 0 else { return unsigned(bytes) }
        return unsigned(negated(bytes)).map { "-" + $0 }
    }

    /// The same number with the other sign, in two's complement of the same width.
    static func negated(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes.map { ~$0 }
        for index in result.indices.reversed() {
            result[index] &+= 1
            if result[index] != 0 { break }
        }
        return result
    }
}
