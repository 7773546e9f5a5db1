// SPDX-License-Identifier: Apache-2.0
// The character classes of RFC 9110 and RFC 3986, one byte at a time.

enum Grammar {
    static let carriageReturn: UInt8 = 0x0D
    static let lineFeed: UInt8 = 0x0A
    static let space: UInt8 = 0x20
    static let tab: UInt8 = 0x09

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    static func isLetter(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return lower >= 0x61 && lower <= 0x7A
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// A byte of a token: method and field names (RFC 9110 §5.6.2).
    static func isToken(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    /// A byte of a field value (RFC 9110 §5.5): no control but the tab, no DEL.
    static func isFieldValue(_ byte: UInt8) -> Bool {
        byte == tab || (byte >= 0x20 && byte != 0x7F)
    }

    /// A byte that may stand in a path or query, `%` apart (RFC 3986 §3.3, §3.4), and the square
    /// brackets that common clients send as they are.
    static func isTarget(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || "-._~!$&'()*+,;=:@/?[]".utf8.contains(byte)
    }

    /// A byte of a Host value: name, address, port, and an IPv6 address in brackets.
    static func isHost(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || "-._~!$&'()*+,;=%:[]".utf8.contains(byte)
    }

    /// Without spaces and tabs at both ends.
    static func trimmed<Text: BidirectionalCollection>(_ text: Text) -> Text.SubSequence
    where Text.Element == UInt8 {
        var slice = text[...]
        while let first = slice.first, first == space || first == tab { slice.removeFirst() }
        while let last = slice.last, last == space || last == tab { slice.removeLast() }
        return slice
    }
}
