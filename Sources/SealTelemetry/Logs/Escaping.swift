// SPDX-License-Identifier: Apache-2.0
// Making text safe to stand inside quotes on one line, and bounding it. Shared by log lines,
// health answers and the metrics text.

/// Escapes for text inside double quotes.
enum Escaping {
    /// Stands at the end of a value that was cut.
    static let cutMark: [UInt8] = Array("…".utf8)

    /// Appends a text between quotes with JSON's escapes (RFC 8259 §7), bounded.
    ///
    /// At most `bytesMax` bytes stand between the quotes. A longer text is cut between
    /// characters and ends in `…`.
    ///
    /// Besides what JSON demands, characters that could rearrange a terminal are escaped: C1
    /// controls, DEL, line and paragraph separators and the bidirectional overrides.
    static func appendQuoted(_ text: String, bytesMax: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        let start = bytes.count
        // The last place at which the text can be cut and still leave room for the mark.
        var cut = start
        for scalar in text.unicodeScalars {
            append(scalar, to: &bytes)
            if bytes.count - start > bytesMax {
                bytes.removeSubrange(cut...)
                bytes.append(contentsOf: cutMark)
                break
            }
            if bytes.count - start + cutMark.count <= bytesMax { cut = bytes.count }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
        switch scalar.value {
        case 0x22: bytes.append(contentsOf: "\\\"".utf8)
        case 0x5C: bytes.append(contentsOf: "\\\\".utf8)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0x00..<0x20, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
            bytes.append(contentsOf: "\\u".utf8)
            let digits = Array("0123456789abcdef".utf8)
            for shift in [12, 8, 4, 0] {
                bytes.append(digits[Int(scalar.value >> UInt32(shift)) & 0xF])
            }
        default: bytes.append(contentsOf: String(scalar).utf8)
        }
    }

    /// Makes valid text of bytes a peer chose; every invalid sequence becomes U+FFFD.
    ///
    /// Looks at no more than is needed to fill `bytesMax` bytes and notice that more follow.
    static func text(of untrusted: [UInt8], bytesMax: Int) -> String {
        String(decoding: untrusted.prefix(bytesMax + 4), as: UTF8.self)
    }
}
