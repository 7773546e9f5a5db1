// SPDX-License-Identifier: Apache-2.0
// From what is written (in the file or in the environment) to the value of a setting, and back.
// Not here: relations between settings.

/// A value that does not fit its setting.
struct ValueFault: Error {
    var code: ConfigurationCode
    var message: String
    var hint = ""
}

extension SettingKind {
    /// The value of a setting from the file.
    func read(_ value: TOMLKind) throws(ValueFault) -> SettingValue {
        switch (self, value) {
        case (.boolean, .boolean(let flag)): return .boolean(flag)
        case (.integer(let range), .integer(let number)): return try Self.check(number, range, self)
        case (.seconds(let range), .integer(let number)): return try Self.check(number, range, self)
        case (.bytes(let range), .integer(let number)): return try Self.check(number, range, self)
        case (.seconds, .string(let text)), (.bytes, .string(let text)): return try quantity(text)
        case (.text, .string(let text)), (.path, .string(let text)): return .text(try plain(text))
        case (.choice(let words), .string(let text)): return .text(try Self.pick(text, words))
        case (_, .string(let text)) where isList: return try list([text])
        case (_, .array(let values)) where isList:
            var texts: [String] = []
            for value in values {
                guard case .string(let text) = value.kind else {
                    throw ValueFault(
                        code: .wrongType,
                        message: "must be an array of strings, but holds \(value.kind.word)"
                    )
                }
                texts.append(text)
            }
            return try list(texts)
        default:
            throw ValueFault(
                code: .wrongType,
                message: "must be \(description), not \(value.word)"
            )
        }
    }

    /// The value of a setting from the environment; lists are separated by commas.
    func read(text: String) throws(ValueFault) -> SettingValue {
        switch self {
        case .boolean:
            guard text == "true" || text == "false" else {
                throw ValueFault(code: .wrongType, message: "must be true or false")
            }
            return .boolean(text == "true")
        case .integer(let range):
            guard let number = TOMLReader.integer(text) else {
                throw ValueFault(code: .wrongType, message: "must be \(description)")
            }
            return try Self.check(number, range, self)
        case .seconds, .bytes: return try quantity(text)
        case .text, .path: return .text(try plain(text))
        case .choice(let words): return .text(try Self.pick(text, words))
        case .texts, .paths, .addresses, .choices:
            let items = text.split(separator: ",").map { String($0) }
            return try list(items)
        }
    }

    var isList: Bool {
        switch self {
        case .texts, .paths, .addresses, .choices: true
        default: false
        }
    }

    private func quantity(_ text: String) throws(ValueFault) -> SettingValue {
        switch self {
        case .seconds(let range):
            guard let number = Quantity.seconds(text) else {
                throw ValueFault(
                    code: .badQuantity,
                    message: "\"\(text.bounded)\" is not a time",
                    hint: "write a number with s, m, h, d or w, such as \"30s\""
                )
            }
            return try Self.check(number, range, self)
        case .bytes(let range):
            guard let number = Quantity.bytes(text) else {
                throw ValueFault(
                    code: .badQuantity,
                    message: "\"\(text.bounded)\" is not a size",
                    hint: "write a number with B, KiB, MiB, GiB, kB, MB or GB, such as \"2MiB\""
                )
            }
            return try Self.check(number, range, self)
        default:
            throw ValueFault(code: .wrongType, message: "must be \(description)")
        }
    }

    private func plain(_ text: String) throws(ValueFault) -> String {
        guard !text.isEmpty || self == .text else {
            throw ValueFault(
                code: .wrongType,
                message: "must not be empty",
                hint: "remove the line instead"
            )
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            throw ValueFault(code: .wrongType, message: "must not hold control characters")
        }
        return text
    }

    private func list(_ texts: [String]) throws(ValueFault) -> SettingValue {
        for text in texts {
            switch self {
            case .addresses:
                guard NetworkAddress.isValid(text) else {
                    throw ValueFault(
                        code: .badAddress,
                        message: "\"\(text.bounded)\" is not an address"
                    )
                }
            case .choices(let words): _ = try Self.pick(text, words)
            default:
                guard !text.isEmpty else {
                    throw ValueFault(code: .wrongType, message: "must not hold an empty string")
                }
                _ = try plain(text)
            }
        }
        if case .texts = self { return .texts(texts) }
        if case .paths = self { return .texts(texts) }
        guard !texts.isEmpty else {
            throw ValueFault(code: .outOfRange, message: "must name at least one")
        }
        return .texts(texts)
    }

    private static func pick(_ text: String, _ words: [String]) throws(ValueFault) -> String {
        guard words.contains(text) else {
            let all = words.map { "\"\($0)\"" }.joined(separator: ", ")
            let meant = Suggestion.nearest(to: text, among: words)
            throw ValueFault(
                code: .notAChoice,
                message: "\"\(text.bounded)\" is not one of \(all)",
                hint: meant.map { "did you mean \"\($0)\"?" } ?? ""
            )
        }
        return text
    }

    private static func check(
        _ number: Int,
        _ range: ClosedRange<Int>,
        _ kind: SettingKind
    ) throws(ValueFault) -> SettingValue {
        guard range.contains(number) else {
            throw ValueFault(
                code: .outOfRange,
                message: "must be from \(kind.write(.integer(range.lowerBound))) "
                    + "to \(kind.write(.integer(range.upperBound)))"
            )
        }
        return .integer(number)
    }

    /// A value as it is written in the file.
    func write(_ value: SettingValue) -> String {
        switch (self, value) {
        case (_, .absent): return ""
        case (_, .boolean(let flag)): return flag ? "true" : "false"
        case (.seconds, .integer(let number)): return "\"\(Quantity.text(seconds: number))\""
        case (.bytes, .integer(let number)): return "\"\(Quantity.text(bytes: number))\""
        case (_, .integer(let number)): return String(number)
        case (_, .text(let text)): return TOMLText.quoted(text)
        case (_, .texts(let texts)):
            return "[" + texts.map(TOMLText.quoted).joined(separator: ", ") + "]"
        }
    }

    /// The type in words, for messages and the reference page.
    var description: String {
        switch self {
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .seconds(let range):
            "a time from \(write(.integer(range.lowerBound))) "
                + "to \(write(.integer(range.upperBound)))"
        case .bytes(let range):
            "a size from \(write(.integer(range.lowerBound))) "
                + "to \(write(.integer(range.upperBound)))"
        case .boolean: "true or false"
        case .text: "a string"
        case .path: "a path"
        case .choice(let words): "one of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
        case .texts: "an array of strings"
        case .paths: "an array of paths"
        case .addresses: "an array of addresses"
        case .choices(let words):
            "an array of " + words.map { "\"\($0)\"" }.joined(separator: ", ")
        }
    }
}

/// Text as TOML writes it.
enum TOMLText {
    /// A basic string with what must be escaped escaped.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
