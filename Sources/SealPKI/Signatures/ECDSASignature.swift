// SPDX-License-Identifier: Apache-2.0
// The two ways to write an ECDSA signature: a sequence in DER (RFC 3279 §2.2.3), and the two
// numbers one after the other in full width (RFC 7518 §3.4).

enum ECDSASignature {
    /// The numbers one after the other; nil when the DER is no signature of this width.
    static func plain(der: [UInt8], width: Int) -> [UInt8]? {
        var reader = DERReader(der)
        guard var fields = try? reader.sequence("the signature"), reader.isAtEnd,
            let first = try? fields.integer("r"), let second = try? fields.integer("s"),
            fields.isAtEnd, let left = padded(first, width), let right = padded(second, width)
        else { return nil }
        return left + right
    }

    /// The sequence in DER; nil when there are not two numbers of this width.
    static func der(plain: [UInt8], width: Int) -> [UInt8]? {
        guard plain.count == 2 * width else { return nil }
        return DERWriter.sequence(
            integer(plain.prefix(width)),
            integer(plain.suffix(width))
        )
    }

    private static func padded(_ number: [UInt8], _ width: Int) -> [UInt8]? {
        guard let first = number.first, first < 0x80 else { return nil }
        let digits = number.drop { $0 == 0 }
        guard digits.count <= width else { return nil }
        return [UInt8](repeating: 0, count: width - digits.count) + digits
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let digits = bytes.drop { $0 == 0 }
        guard let first = digits.first else { return DERWriter.integer(0) }
        return DERWriter.value(DERTag.integer, (first >= 0x80 ? [0] : []) + digits)
    }
}
