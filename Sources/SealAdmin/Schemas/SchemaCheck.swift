// SPDX-License-Identifier: Apache-2.0
// Whether a value is what its schema says. The first difference is told in a sentence with the
// place where it is.

public import SealBytes

extension Schema {
    /// What is wrong with a value, as `place: sentence`; nil when nothing is.
    public func fault(in value: JSONValue, at place: String = "") -> String? {
        if isNullable, value.isNull { return nil }
        switch form {
        case .any: return nil
        case .string(let length, let rule, _):
            guard let text = value.text else { return Self.expected("a string", value, place) }
            return Self.textFault(text, length, rule).map { Self.line(place, $0) }
        case .choice(let words):
            guard let text = value.text, words.contains(where: text.isSame) else {
                return Self.line(place, "must be one of \(words.joined(separator: ", "))")
            }
            return nil
        case .integer(let range):
            guard let number = value.int64 else {
                return Self.expected("a whole number", value, place)
            }
            return range.contains(number) ? nil : Self.line(place, Self.bounds(range))
        case .number:
            return value.number == nil ? Self.expected("a number", value, place) : nil
        case .boolean:
            return value.flag == nil ? Self.expected("true or false", value, place) : nil
        case .array(let element, let count):
            return arrayFault(value, element, count, place)
        case .object(let properties, let others):
            return objectFault(value, properties, others, place)
        case .either(let schemas):
            if schemas.contains(where: { $0.fault(in: value, at: place) == nil }) { return nil }
            return Self.line(place, "is none of the kinds that are taken")
        }
    }

    /// The value of a parameter's text, or what is wrong with it.
    func reading(_ text: String) -> Result<JSONValue, SchemaFault> {
        let value: JSONValue
        switch form {
        case .integer(let range):
            guard text.utf8.count <= 20, Self.isPlainNumber(text), let number = Int64(text) else {
                return .failure(SchemaFault("must be a whole number, " + Self.bounds(range)))
            }
            value = .integer(number)
        case .boolean:
            guard text.isSame(as: "true") || text.isSame(as: "false") else {
                return .failure(SchemaFault("must be true or false"))
            }
            value = .bool(text.isSame(as: "true"))
        case .array(let element, _):
            var values: [JSONValue] = []
            for part in text.split(atByte: ",") {
                switch element.reading(part) {
                case .success(let value): values.append(value)
                case .failure(let fault): return .failure(fault)
                }
            }
            value = .array(values)
        default: value = .string(text)
        }
        if let fault = fault(in: value) { return .failure(SchemaFault(fault)) }
        return .success(value)
    }

    private func arrayFault(
        _ value: JSONValue,
        _ element: Schema,
        _ count: ClosedRange<Int>,
        _ place: String
    ) -> String? {
        guard let elements = value.elements else { return Self.expected("an array", value, place) }
        guard count.contains(elements.count) else {
            return Self.line(
                place,
                "must have \(count.lowerBound) to \(count.upperBound) elements"
            )
        }
        for (index, one) in elements.enumerated() {
            if let fault = element.fault(in: one, at: "\(place)/\(index)") { return fault }
        }
        return nil
    }

    private func objectFault(
        _ value: JSONValue,
        _ properties: [Property],
        _ others: Others,
        _ place: String
    ) -> String? {
        guard let members = value.members else { return Self.expected("an object", value, place) }
        for property in properties {
            guard let member = members[property.name] else {
                guard property.isNeeded else { continue }
                return Self.line("\(place)/\(property.name)", "is missing")
            }
            if let fault = property.schema.fault(in: member, at: "\(place)/\(property.name)") {
                return fault
            }
        }
        if case .allowed = others { return nil }
        let known = Set(properties.map { Name($0.name) })
        for member in members.all where !known.contains(Name(member.name)) {
            switch others {
            case .allowed: break
            case .forbidden: return Self.line("\(place)/\(member.name)", "is not known")
            case .only(let schema):
                if let fault = schema.fault(in: member.value, at: "\(place)/\(member.name)") {
                    return fault
                }
            }
        }
        return nil
    }

    private static func textFault(
        _ text: String,
        _ length: ClosedRange<Int>,
        _ rule: TextRule?
    ) -> String? {
        guard length.contains(text.unicodeScalars.count) else {
            return "must have \(length.lowerBound) to \(length.upperBound) characters"
        }
        if let rule, !rule.holds(text) { return "must be \(rule.words)" }
        return nil
    }

    private static func isPlainNumber(_ text: String) -> Bool {
        let digits = text.begins(with: "-") ? text.dropFirst() : text[...]
        return !digits.isEmpty && digits.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func bounds(_ range: ClosedRange<Int64>) -> String {
        "must be from \(range.lowerBound) to \(range.upperBound)"
    }

    private static func expected(_ kind: String, _ value: JSONValue, _ place: String) -> String {
        line(place, "must be \(kind), not \(value.kind)")
    }

    /// Names come from the peer: what is told of them is short and printable.
    private static func line(_ place: String, _ sentence: String) -> String {
        let plain = String(
            String.UnicodeScalarView(
                place.unicodeScalars.prefix(120).filter(TextRules.isPrintable)
            )
        )
        return plain.isEmpty ? sentence : "\(plain): \(sentence)"
    }
}

/// What is wrong with a text.
struct SchemaFault: Error {
    let sentence: String

    init(_ sentence: String) { self.sentence = sentence }
}
