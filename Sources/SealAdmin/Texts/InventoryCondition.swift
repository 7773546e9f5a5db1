// SPDX-License-Identifier: Apache-2.0
// The part of Cumulocity's query language that can be said about devices:
// `$filter=(name eq 'x' and has(c8y_IsDevice))`.

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
    private var rest: Substring
    private var isFirst = true

    init(_ text: String) {
        rest = text[...]
        skipBlanks()
        for prefix in ["$filter="] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
        }
    }

    mutating func next() throws(InventoryCondition.Fault) -> InventoryCondition? {
        skip { " ()".contains($0) }
        guard !rest.isEmpty, !rest.hasPrefix("$orderby") else { return nil }
        if !isFirst {
            guard word().lowercased() == "and" else {
                throw InventoryCondition.Fault(sentence: "conditions are joined by and")
            }
            skip { " (".contains($0) }
        }
        isFirst = false
        let field = word()
        if field == "has" {
            skip { " (".contains($0) }
            let fragment = word()
            guard !fragment.isEmpty else {
                throw InventoryCondition.Fault(sentence: "has() names nothing")
            }
            return .has(fragment)
        }
        skipBlanks()
        guard !field.isEmpty, word() == "eq" else {
            throw InventoryCondition.Fault(
                sentence: "conditions are has(fragment) or field eq 'value'"
            )
        }
        skipBlanks()
        guard rest.first == "'", let end = rest.dropFirst().firstIndex(of: "'") else {
            throw InventoryCondition.Fault(sentence: "a value stands in single quotes")
        }
        let value = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        return .equals(field, String(value))
    }

    private mutating func skipBlanks() { skip { $0 == " " } }

    private mutating func skip(_ isSkipped: (Character) -> Bool) {
        rest = rest.drop(while: isSkipped)
    }

    private mutating func word() -> String {
        let word = rest.prefix { !" ()'".contains($0) }
        rest = rest.dropFirst(word.count)
        return String(word)
    }
}
