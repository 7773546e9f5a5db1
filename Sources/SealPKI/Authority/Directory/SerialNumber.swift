// SPDX-License-Identifier: Apache-2.0
// Serial numbers as `openssl ca` writes them: hexadecimal digits, as many as they need.

internal import SealBytes

/// A serial number of a certificate or of a revocation list.
public struct SerialNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The bytes, most significant first, without leading zeros.
    public let bytes: [UInt8]

    /// RFC 5280 §4.1.2.2: at most 20 bytes, of which the first bit says the sign.
    public static let bitsMax = 159
    /// A number read from a file has at most so many digits.
    public static let digitsMax = 128

    init(bytes: some Collection<UInt8>) { self.bytes = Array(bytes.drop { $0 == 0 }) }

    /// Reads hexadecimal digits; an odd number of them is fine.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = text.utf8.count
        guard digits > 0, digits <= Self.digitsMax,
            let read = Hex.decode(digits % 2 == 0 ? String(text) : "0\(text)")
        else { return nil }
        self.init(bytes: read)
    }

    /// Upper-case digits, two for each byte, as in the database.
    public var hexadecimal: String {
        bytes.isEmpty ? "00" : Hex.encode(bytes).uppercased()
    }

    /// Decimal digits, as other tools show it.
    public var decimal: String {
        var digits: [UInt8] = [0]
        for byte in bytes {
            var carry = Int(byte)
            for index in digits.indices {
                let value = Int(digits[index]) * 256 + carry
                digits[index] = UInt8(value % 10)
                carry = value / 10
            }
            while carry > 0 {
                digits.append(UInt8(carry % 10))
                carry /= 10
            }
        }
        return String(decoding: digits.reversed().map { $0 + 0x30 }, as: UTF8.self)
    }

    /// The digits in hexadecimal.
    public var description: String { hexadecimal }

    /// The number after this one.
    public var next: SerialNumber {
        var sum = bytes
        for index in sum.indices.reversed() {
            sum[index] &+= 1
            if sum[index] != 0 { return SerialNumber(bytes: sum) }
        }
        return SerialNumber(bytes: [1] + sum)
    }

    /// Whether a certificate may bear it.
    public var fitsCertificate: Bool {
        guard let first = bytes.first else { return true }
        return bytes.count * 8 - first.leadingZeroBitCount <= Self.bitsMax
    }

    /// Whether the left number is the smaller one.
    public static func < (left: SerialNumber, right: SerialNumber) -> Bool {
        if left.bytes.count != right.bytes.count { return left.bytes.count < right.bytes.count }
        return left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}
