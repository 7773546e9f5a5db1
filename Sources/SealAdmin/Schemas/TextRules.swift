// SPDX-License-Identifier: Apache-2.0
// Rules about texts that several calls share.

internal import SealBytes

/// The shared rules.
public enum TextRules {
    /// A tenant id.
    public static let tenant = Schema.TextRule(
        "^[A-Za-z0-9_-]{1,64}$",
        "letters, digits, - and _"
    ) { text in
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy(isWord)
    }

    /// A certificate's fingerprint.
    public static let fingerprint = Schema.TextRule(
        "^[0-9a-fA-F]{40}$",
        "40 hexadecimal digits"
    ) { $0.utf8.count == 40 && $0.utf8.allSatisfy(isHexadecimal) }

    /// A device identifier: printable, without colon, slash and wildcards.
    public static let device = Schema.TextRule(
        "^[^\\u0000-\\u001f\\u007f-\\u009f:/+#]+$",
        "printable characters without : / + #"
    ) { text in
        !text.isEmpty
            && text.unicodeScalars.allSatisfy { scalar in
                isPrintable(scalar) && !":/+#".unicodeScalars.contains(scalar)
            }
    }

    /// Printable characters.
    public static let printable = Schema.TextRule(
        "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
        "no control characters"
    ) { $0.unicodeScalars.allSatisfy(isPrintable) }

    /// Decimal digits that fit into a registry's number.
    public static let number = Schema.TextRule("^[1-9][0-9]{0,17}$", "a positive number") { text in
        guard let first = text.utf8.first, first != UInt8(ascii: "0") else { return false }
        return text.utf8.count <= 18 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & 0xDF)
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }

    static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte & 0xDF)
    }

    static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
    }
}
