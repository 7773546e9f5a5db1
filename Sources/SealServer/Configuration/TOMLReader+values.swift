// SPDX-License-Identifier: Apache-2.0
// Values of the TOML subset: strings (basic and literal), integers, floats, booleans, arrays.
// Not here: dates, inline tables and strings of several lines, which are refused with a hint.

extension TOMLReader {
    mutating func readValue(nesting: Int) throws(ConfigurationError) -> TOMLValue {
        let place = mark()
        switch current {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return TOMLValue(kind: .string(try readString()), position: place)
        case UInt8(ascii: "["):
            return TOMLValue(kind: .array(try readArray(nesting: nesting)), position: place)
        case UInt8(ascii: "{"):
            throw fault(
                .outsideSubset,
                "a table inside braces is not read",
                hint: "write a [table] heading with the keys below it"
            )
        default:
            return TOMLValue(kind: try readWord(), position: place)
        }
    }

    private mutating func readArray(nesting: Int) throws(ConfigurationError) -> [TOMLValue] {
        guard nesting < Self.nestingMax else {
            throw fault(.outsideSubset, "arrays are nested too deep")
        }
        let place = mark()
        offset += 1
        var values: [TOMLValue] = []
        while true {
            try skipInsideArray(from: place)
            if current == UInt8(ascii: "]") { break }
            values.append(try readValue(nesting: nesting + 1))
            try skipInsideArray(from: place)
            if current == UInt8(ascii: ",") {
                offset += 1
            } else if current != UInt8(ascii: "]") {
                throw fault(.syntax, "a comma or ] is missing in the array")
            }
        }
        offset += 1
        return values
    }

    /// Blanks, line ends and comments between the values of an array.
    private mutating func skipInsideArray(from place: TOMLPosition) throws(ConfigurationError) {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0A: advance()
            case 0x0D where peek(1) == 0x0A: offset += 1
            case UInt8(ascii: "#"): try skipComment()
            default: return
            }
        }
        throw fault(.syntax, at: place, "the array is not closed with ]")
    }

    // MARK: Words and numbers

    private mutating func readWord() throws(ConfigurationError) -> TOMLKind {
        let place = mark()
        let start = offset
        while let byte = current,
            Self.isBare(byte) || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: ":")
        {
            offset += 1
        }
        let word = String(decoding: bytes[start..<offset], as: UTF8.self)
        switch word {
        case "":
            throw fault(.syntax, at: place, "a value is missing here")
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        if let number = Self.integer(word) { return .integer(number) }
        if let number = Self.float(word) { return .float(number) }
        guard let first = word.utf8.first, (0x30...0x39).contains(first) else {
            throw fault(
                .syntax,
                at: place,
                "\(word.bounded) is not a value",
                hint: "text is written in quotes: \"\(word.bounded)\""
            )
        }
        if word.contains(":") || word.utf8.count(where: { $0 == UInt8(ascii: "-") }) == 2 {
            throw fault(
                .outsideSubset,
                at: place,
                "dates and times are not read",
                hint: "text is written in quotes"
            )
        }
        throw fault(
            .syntax,
            at: place,
            "\(word.bounded) is not a number",
            hint: "a number with a unit is written in quotes: \"\(word.bounded)\""
        )
    }

    /// Decimal digits with single underscores between them and no leading zero.
    static func integer(_ word: String) -> Int? {
        var digits = word[...]
        if let first = digits.first, first == "+" || first == "-" { digits = digits.dropFirst() }
        guard isDigits(digits), digits == "0" || digits.first != "0" else { return nil }
        return Int(word.filter { $0 != "_" })
    }

    static func float(_ word: String) -> Double? {
        var rest = word[...]
        if let first = rest.first, first == "+" || first == "-" { rest = rest.dropFirst() }
        let parts = rest.split(omittingEmptySubsequences: false) { $0 == "e" || $0 == "E" }
        guard parts.count <= 2, let mantissa = parts.first else { return nil }
        if parts.count == 2 {
            let power =
                parts[1].first == "-" || parts[1].first == "+"
                ? parts[1].dropFirst() : parts[1]
            guard isDigits(power) else { return nil }
        }
        let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count + parts.count > 2, halves.count <= 2, halves.allSatisfy(isDigits),
            let whole = halves.first, whole == "0" || whole.first != "0",
            let number = Double(word.filter { $0 != "_" }), number.isFinite
        else { return nil }
        return number
    }

    private static func isDigits(_ text: Substring) -> Bool {
        var isAfterDigit = false
        for byte in text.utf8 {
            if (0x30...0x39).contains(byte) {
                isAfterDigit = true
            } else if byte == UInt8(ascii: "_"), isAfterDigit {
                isAfterDigit = false
            } else {
                return false
            }
        }
        return isAfterDigit
    }

    // MARK: Strings

    mutating func readString() throws(ConfigurationError) -> String {
        let place = mark()
        guard let quote = current else { throw fault(.syntax, "a string is missing here") }
        if peek(1) == quote, peek(2) == quote {
            throw fault(.outsideSubset, "strings of several lines are not read")
        }
        offset += 1
        var result: [UInt8] = []
        while let byte = current, byte != quote {
            guard byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else {
                if byte == 0x0A || byte == 0x0D { break }
                throw fault(
                    .syntax,
                    "a control character is not allowed in a string",
                    hint: "write it as \\u00XX inside double quotes"
                )
            }
            offset += 1
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                result.append(contentsOf: try readEscape())
            } else {
                result.append(byte)
            }
        }
        guard current == quote else {
            throw fault(.syntax, at: place, "the string is not closed on its line")
        }
        offset += 1
        return String(decoding: result, as: UTF8.self)
    }

    /// What stands behind a backslash, as UTF-8.
    private mutating func readEscape() throws(ConfigurationError) -> [UInt8] {
        guard let byte = current, !isAtLineEnd else {
            throw fault(.syntax, "the string is not closed on its line")
        }
        switch byte {
        case UInt8(ascii: "b"): offset += 1; return [0x08]
        case UInt8(ascii: "t"): offset += 1; return [0x09]
        case UInt8(ascii: "n"): offset += 1; return [0x0A]
        case UInt8(ascii: "f"): offset += 1; return [0x0C]
        case UInt8(ascii: "r"): offset += 1; return [0x0D]
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): offset += 1; return [byte]
        case UInt8(ascii: "u"): return try readScalar(digits: 4)
        case UInt8(ascii: "U"): return try readScalar(digits: 8)
        default:
            throw fault(
                .syntax,
                "this escape is unknown",
                hint: "a backslash is written \\\\, or put the text into single quotes"
            )
        }
    }

    private mutating func readScalar(digits: Int) throws(ConfigurationError) -> [UInt8] {
        let end = offset + 1 + digits
        guard end <= bytes.count else { throw fault(.syntax, "hexadecimal digits are missing") }
        let text = String(decoding: bytes[offset + 1..<end], as: UTF8.self)
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }),
            let number = UInt32(text, radix: 16), let scalar = Unicode.Scalar(number)
        else {
            throw fault(.syntax, "this is not a character; \(digits) hexadecimal digits are due")
        }
        offset = end
        return Array(String(Character(scalar)).utf8)
    }
}

extension String {
    /// Short enough for a message, whatever was written.
    var bounded: String { count <= 60 ? self : String(prefix(57)) + "..." }
}
