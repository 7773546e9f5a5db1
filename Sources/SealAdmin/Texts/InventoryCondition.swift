// SPDX-License-Identifier: Apache-2.0
// The part of Cumulocity's query language that can be said about devices:
// `$filter=(name eq 'x' and has(c8y_IsDevice))`.

internal import SealBytes

/// One condition about an object of the inventory.
package enum InventoryCondition: Equatable {
    /// It has this fragment.
    case has(String)
    /// A field has this value.
    case equals(String, String)

    /// A text that is no list of conditions, and why.
    package struct Fault: Error, Equatable {
        /// The sentence, without full stop.
        package let sentence: String
    }

    /// The most conditions of one query.
    package static let countMax = 32

    /// Reads conditions joined by `and`.
    package static func read(_ text: String) throws(Fault) -> [InventoryCondition] {
        var reader = ConditionReader(text)
        var all: [InventoryCondition] = []
        while let one = try reader.next() {
            guard all.count < countMax else {
                throw Fault(sentence: "more than \(countMax) conditions")
            }
            all.append(one)
        }
        return all
    }
}

private struct ConditionReader {
    private var rest: Substring.UTF8View
    private var isFirst = true

    init(_ text: String) {
        rest = text[...].utf8
        skip(" ")
        let prefix = "$filter=".utf8
        if rest.starts(with: prefix) { rest = rest.dropFirst(prefix.count) }
    }

    mutating func next() throws(InventoryCondition.Fault) -> InventoryCondition? {
        skip(" ()")
        guard !rest.isEmpty, !rest.starts(with: "$orderby".utf8) else { return nil }
        if !isFirst {
            guard word().lowerASCII == "and" else {
                throw InventoryCondition.Fault(sentence: "conditions are joined by and")
            }
            skip(" (")
        }
        isFirst = false
        let field = word()
        if field == "has" {
            skip(" (")
            let fragment = word()
            guard !fragment.isEmpty else {
                throw InventoryCondition.Fault(sentence: "has() names nothing")
            }
            return .has(fragment.text)
        }
        skip(" ")
        guard !field.isEmpty, word() == "eq" else {
            throw InventoryCondition.Fault(
                sentence: "conditions are has(fragment) or field eq 'value'"
            )
        }
        skip(" ")
        let quote = UInt8(ascii: "'")
        guard rest.first == quote, let end = rest.dropFirst().firstIndex(of: quote) else {
            throw InventoryCondition.Fault(sentence: "a value stands in single quotes")
        }
        let value = Name(decoding: rest[..<end].dropFirst())
        rest = rest[end...].dropFirst()
        return .equals(field.text, value.text)
    }

    private mutating func skip(_ skipped: String) {
        rest = rest.drop { skipped.utf8.contains($0) }
    }

    private mutating func word() -> Name {
        let word = rest.prefix { !" ()'".utf8.contains($0) }
        rest = rest[word.endIndex...]
        return Name(decoding: word)
    }
}
