// SPDX-License-Identifier: Apache-2.0
// A strict reader of JSON (RFC 8259): nothing is repaired and nothing is taken that another
// reader might understand otherwise, such as a name that stands twice.

extension JSONValue {
    /// Reads bytes that are one JSON value and nothing else.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= limits.bytesMax else {
            throw JSONError(
                .tooLarge,
                at: limits.bytesMax,
                "More than \(limits.bytesMax) bytes of JSON are not taken."
            )
        }
        var reader = JSONReader(bytes: bytes, limits: limits)
        self = try reader.document()
    }
}

struct JSONReader {
    private let bytes: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var valueCount = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func document() throws(JSONError) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            // RFC 8259 §8.1: a byte order mark must not be sent.
            throw JSONError(.malformed, at: 0, "A byte order mark is not part of JSON.")
        }
        skipBlanks()
        let value = try value(depth: 0)
        skipBlanks()
        guard position == bytes.count else {
            throw JSONError(.trailing, at: position, "Something follows the JSON value.")
        }
        return value
    }

    // RFC 8259 §2: space, tab, line feed and carriage return.
    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private func fault(_ reason: String) -> JSONError {
        position < bytes.count
            ? JSONError(.malformed, at: position, reason)
            : JSONError(.ended, at: position, "The JSON ends in the middle of a value.")
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        valueCount += 1
        guard valueCount <= limits.valuesMax else {
            throw JSONError(
                .tooManyValues,
                at: position,
                "More than \(limits.valuesMax) values are not taken."
            )
        }
        switch next {
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some(UInt8(ascii: "-")), .some(0x30...0x39): return try number()
        default: throw fault("A value must stand here.")
        }
    }

    private func checkDepth(_ depth: Int) throws(JSONError) {
        guard depth <= limits.depthMax else {
            throw JSONError(
                .tooDeep,
                at: position,
                "More than \(limits.depthMax) levels of arrays and objects are not taken."
            )
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        try checkDepth(depth)
        var object = JSONObject()
        position += 1
        skipBlanks()
        if take(UInt8(ascii: "}")) { return object }
        while true {
            skipBlanks()
            let start = position
            guard next == UInt8(ascii: "\"") else {
                throw fault("A member's name in quotes must stand here.")
            }
            let name = try string()
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw fault("A colon must stand here.") }
            skipBlanks()
            let value = try value(depth: depth)
            // RFC 8259 §4: what a second member of one name means is left open, so readers differ.
            guard object.insert(name, value) else {
                throw JSONError(.duplicateName, at: start, "A member's name stands twice.")
            }
            skipBlanks()
            if take(UInt8(ascii: "}")) { return object }
            guard take(UInt8(ascii: ",")) else { throw fault("A comma or } must stand here.") }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        try checkDepth(depth)
        var array: [JSONValue] = []
        position += 1
        skipBlanks()
        if take(UInt8(ascii: "]")) { return array }
        while true {
            skipBlanks()
            array.append(try value(depth: depth))
            skipBlanks()
            if take(UInt8(ascii: "]")) { return array }
            guard take(UInt8(ascii: ",")) else { throw fault("A comma or ] must stand here.") }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func word(
        _ text: String,
        _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        for byte in text.utf8 {
            guard take(byte) else { throw fault("A value must stand here.") }
        }
        return value
    }

    /// RFC 8259 §6.
    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        var isWhole = true
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")) { try digits() }
        if take(UInt8(ascii: ".")) {
            isWhole = false
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try digits()
        }
        // A digit here stands behind a leading zero.
        if let byte = next, (0x30...0x39).contains(byte) {
            throw fault("A number does not begin with a zero that says nothing.")
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let whole = Int64(text) { return .integer(whole) }
        guard let real = Double(text), real.isFinite else {
            throw JSONError(.numberOutOfRange, at: start, "The number is too large.")
        }
        return .real(real)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        guard position > start else { throw fault("A digit must stand here.") }
    }

    /// RFC 8259 §7.
    private mutating func string() throws(JSONError) -> String {
        let start = position
        position += 1
        var runStart = position
        var unescaped: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                let run = bytes[runStart..<position]
                position += 1
                let text =
                    unescaped.isEmpty
                    ? String(validating: run, as: UTF8.self)
                    : String(validating: unescaped + run, as: UTF8.self)
                guard let text else {
                    throw JSONError(.notUTF8, at: start, "A string is not UTF-8.")
                }
                return text
            case UInt8(ascii: "\\"):
                unescaped.append(contentsOf: bytes[runStart..<position])
                position += 1
                unescaped.append(contentsOf: String(try escape()).utf8)
                runStart = position
            case 0x00..<0x20: throw fault("A control character in a string must be escaped.")
            default: position += 1
            }
        }
        throw fault("")
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        let start = position - 1
        guard let byte = next else { throw fault("") }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            position += 1
            return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return passed("\u{8}")
        case UInt8(ascii: "f"): return passed("\u{c}")
        case UInt8(ascii: "n"): return passed("\n")
        case UInt8(ascii: "r"): return passed("\r")
        case UInt8(ascii: "t"): return passed("\t")
        case UInt8(ascii: "u"): return try unicodeEscape(start)
        default: throw fault("There is no such escape.")
        }
    }

    private mutating func passed(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        position += 1
        return scalar
    }

    /// Four hexadecimal digits, or a pair of them that stands for one character.
    private mutating func unicodeEscape(_ start: Int) throws(JSONError) -> Unicode.Scalar {
        let first = try fourDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        // RFC 8259 §8.2: half a pair is no character, and readers do not agree what it is.
        if (0xD800...0xDBFF).contains(first), take(UInt8(ascii: "\\")),
            next == UInt8(ascii: "u")
        {
            let second = try fourDigits()
            if (0xDC00...0xDFFF).contains(second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
                if let scalar = Unicode.Scalar(code) { return scalar }
            }
        }
        throw JSONError(.notUTF8, at: start, "An escape is half of a character.")
    }

    private mutating func fourDigits() throws(JSONError) -> UInt32 {
        position += 1
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Self.hexValue(byte) else {
                throw fault("Four hexadecimal digits must follow \\u.")
            }
            code = code << 4 | UInt32(digit)
            position += 1
        }
        return code
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
