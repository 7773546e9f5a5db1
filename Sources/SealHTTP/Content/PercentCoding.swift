// SPDX-License-Identifier: Apache-2.0
// Percent escapes (RFC 3986 §2.1) in both directions.

/// Texts in URLs.
public enum PercentCoding {
    /// The text with its escapes decoded; nil when one is broken or the text is not UTF-8.
    ///
    /// Forms write a space as `+`.
    public static func decoded(
        _ part: some Collection<UInt8>,
        plusIsSpace: Bool
    ) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(part.count)
        var rest = part[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Grammar.hexValue),
                    let low = rest.popFirst().flatMap(Grammar.hexValue)
                else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(Grammar.space)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// The text as one segment of a path or one name or value of a query: everything is escaped
    /// but letters, digits and `-._~`.
    public static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            if Grammar.isDigit(byte) || Grammar.isLetter(byte) || "-._~".utf8.contains(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
