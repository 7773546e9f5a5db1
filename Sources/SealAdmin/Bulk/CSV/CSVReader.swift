// SPDX-License-Identifier: Apache-2.0
// Reading separated values (RFC 4180) row by row from bytes in memory. A bad row spoils itself
// only: reading goes on behind the line it began at. Not here: what the columns mean.

internal import SealBytes

/// Reads one row after the other.
public struct CSVReader: Sendable {
    /// How the bytes stand for characters.
    public enum Encoding: Sendable, Equatable {
        /// UTF-8, with or without byte order mark.
        case utf8
        /// What old Windows programs call ANSI: Latin-1, and more letters where that has none.
        case windows1252
    }

    private static let quote = UInt8(ascii: "\"")
    private static let carriageReturn: UInt8 = 0x0D
    private static let lineFeed: UInt8 = 0x0A

    /// How the bytes are read.
    public let encoding: Encoding
    /// What stands between fields: a tab, `;` or `,`.
    public let separator: UInt8

    private let bytes: [UInt8]
    private let limits: CSVLimits
    private var position: Int
    private var line = 1

    /// Looks at the first line for the separator unless it is given, and at everything for the
    /// encoding.
    public init(_ bytes: [UInt8], separator: UInt8? = nil, limits: CSVLimits = CSVLimits()) {
        self.bytes = bytes
        self.limits = limits
        encoding = bytes.span.bytes.isUTF8 ? .utf8 : .windows1252
        // The byte order mark is no part of the first name. RFC 3629 §6
        position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        self.separator = separator ?? Self.separator(of: bytes[position...])
    }

    /// The separator that the first line with text has most of, outside of quotes.
    private static func separator(of bytes: ArraySlice<UInt8>) -> UInt8 {
        var tabs = 0
        var semicolons = 0
        var commas = 0
        var isQuoted = false
        var hasText = false
        for byte in bytes {
            if byte == quote { isQuoted.toggle() }
            if isQuoted { continue }
            if byte == lineFeed || byte == carriageReturn {
                if hasText { break }
                continue
            }
            hasText = true
            switch byte {
            case UInt8(ascii: "\t"): tabs += 1
            case UInt8(ascii: ";"): semicolons += 1
            case UInt8(ascii: ","): commas += 1
            default: break
            }
        }
        if tabs > 0, tabs >= semicolons, tabs >= commas { return UInt8(ascii: "\t") }
        return semicolons > 0 && semicolons >= commas ? UInt8(ascii: ";") : UInt8(ascii: ",")
    }

    /// The next row that is not blank; nil behind the last.
    public mutating func next() -> CSVRow? {
        while position < bytes.count, isLineEnd(bytes[position]) { passLineEnd() }
        guard position < bytes.count else { return nil }
        let start = position
        let startLine = line
        var row = CSVRow(line: startLine, fields: [])
        row.fault = readFields(into: &row.fields, from: start)
        if row.fault != nil {
            // What a stray quote swallowed may be good rows: only its own line is lost.
            position = start
            line = startLine
            while position < bytes.count, !isLineEnd(bytes[position]) { position += 1 }
        }
        if position < bytes.count { passLineEnd() }
        return row
    }

    private mutating func readFields(
        into fields: inout [String],
        from start: Int
    ) -> CSVRow.Fault? {
        let end = min(bytes.count, start + limits.rowBytesMax)
        while true {
            guard fields.count < limits.columnsMax else { return .tooManyFields }
            if position < end, bytes[position] == Self.quote {
                if let fault = readQuoted(into: &fields, before: end) { return fault }
            } else {
                let first = position
                while position < end, bytes[position] != separator, !isLineEnd(bytes[position]) {
                    position += 1
                }
                fields.append(text(bytes[first..<position]))
            }
            guard position < bytes.count, !isLineEnd(bytes[position]) else { return nil }
            guard position < end else { return .tooLong }
            position += 1
        }
    }

    /// RFC 4180 §2: inside of quotes a quote is written twice, and lines may end.
    private mutating func readQuoted(
        into fields: inout [String],
        before end: Int
    ) -> CSVRow.Fault? {
        var field: [UInt8] = []
        position += 1
        while position < end {
            let byte = bytes[position]
            position += 1
            guard byte == Self.quote else {
                if byte == Self.lineFeed { line += 1 }
                field.append(byte)
                continue
            }
            if position < bytes.count, bytes[position] == Self.quote {
                field.append(Self.quote)
                position += 1
                continue
            }
            let isClosed =
                position >= bytes.count || bytes[position] == separator
                || isLineEnd(bytes[position])
            guard isClosed else { return .textAfterQuote }
            fields.append(text(field[...]))
            return nil
        }
        return position >= bytes.count ? .openQuote : .tooLong
    }

    private func isLineEnd(_ byte: UInt8) -> Bool {
        byte == Self.lineFeed || byte == Self.carriageReturn
    }

    /// CR LF, LF or CR; the caller has checked that there is one.
    private mutating func passLineEnd() {
        let isReturn = bytes[position] == Self.carriageReturn
        position += 1
        if isReturn, position < bytes.count, bytes[position] == Self.lineFeed { position += 1 }
        line += 1
    }

    private func text(_ field: ArraySlice<UInt8>) -> String {
        if encoding == .utf8 { return String(decoding: field, as: UTF8.self) }
        var text = ""
        for byte in field { text.unicodeScalars.append(Self.scalar(byte)) }
        return text
    }

    private static func scalar(_ byte: UInt8) -> Unicode.Scalar {
        guard (0x80..<0xA0).contains(byte) else { return Unicode.Scalar(byte) }
        return highScalars[Int(byte) - 0x80]
    }

    /// 0x80 to 0x9F of Windows-1252; the five it leaves open stay what they are in Latin-1.
    private static let highScalars: [Unicode.Scalar] = [
        "\u{20AC}", "\u{81}", "\u{201A}", "\u{192}", "\u{201E}", "\u{2026}", "\u{2020}",
        "\u{2021}", "\u{2C6}", "\u{2030}", "\u{160}", "\u{2039}", "\u{152}", "\u{8D}", "\u{17D}",
        "\u{8F}", "\u{90}", "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}", "\u{2022}", "\u{2013}",
        "\u{2014}", "\u{2DC}", "\u{2122}", "\u{161}", "\u{203A}", "\u{153}", "\u{9D}", "\u{17E}",
        "\u{178}",
    ]
}
