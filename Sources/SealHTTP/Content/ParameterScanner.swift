// SPDX-License-Identifier: Apache-2.0
// Tokens, quoted strings and parameters in field values (RFC 9110 §5.6).

/// Reads a field value from its front.
struct ParameterScanner {
    private var rest: ArraySlice<UInt8>

    /// More parameters than this are refused.
    static let parametersMax = 16

    init(_ text: String) { rest = Grammar.trimmed(Array(text.utf8)) }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func skipBlanks() {
        rest = rest.drop { $0 == Grammar.space || $0 == Grammar.tab }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    /// The next token; nil when none stands here.
    mutating func token() -> String? {
        let token = rest.prefix(while: Grammar.isToken)
        guard !token.isEmpty else { return nil }
        rest = rest.dropFirst(token.count)
        return String(decoding: token, as: UTF8.self)
    }

    /// RFC 9110 §5.6.4; nil when none stands here or it does not end.
    private mutating func quoted() -> String? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""): return String(validating: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = rest.popFirst() else { return nil }
                bytes.append(escaped)
            default: bytes.append(byte)
            }
        }
        return nil
    }

    /// Everything to the end as `;name=value`; nil when it is not that.
    mutating func parameters() -> [(name: String, value: String)]? {
        var all: [(name: String, value: String)] = []
        while true {
            skipBlanks()
            if isAtEnd { return all }
            guard take(UInt8(ascii: ";")), all.count < Self.parametersMax else { return nil }
            skipBlanks()
            // RFC 9110 §5.6.6: a semicolon may stand alone.
            if isAtEnd || rest.first == UInt8(ascii: ";") { continue }
            guard let name = token(), take(UInt8(ascii: "=")), let value = quoted() ?? token()
            else { return nil }
            all.append((name, value))
        }
    }
}
