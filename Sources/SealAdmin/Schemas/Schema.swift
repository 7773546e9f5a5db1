// SPDX-License-Identifier: Apache-2.0
// What a JSON value or a parameter may be: the part of JSON Schema (draft 2020-12) that the calls
// need. One description serves the check (`SchemaCheck`) and the document (`Schema+document`).

public import SealBytes

/// What a value may be.
public struct Schema: Sendable {
    /// A rule about text beyond its length: a pattern for the document and the same as a test.
    public struct TextRule: Sendable {
        /// The pattern, as in ECMA-262, anchored.
        public var pattern: String
        /// What is expected, for sentences: `40 hexadecimal digits`.
        public var words: String
        /// Whether a text obeys.
        public var holds: @Sendable (String) -> Bool

        /// Makes a rule.
        public init(
            _ pattern: String,
            _ words: String,
            _ holds: @escaping @Sendable (String) -> Bool
        ) {
            self.pattern = pattern
            self.words = words
            self.holds = holds
        }
    }

    /// What is said about members that are not listed.
    public indirect enum Others: Sendable {
        /// They may not be there.
        case forbidden
        /// They may be anything.
        case allowed
        /// They must be this.
        case only(Schema)
    }

    /// A member of an object.
    public struct Property: Sendable {
        /// Its name.
        public var name: String
        /// What it may be.
        public var schema: Schema
        /// It must be there.
        public var isNeeded: Bool

        /// A member that must be there.
        public static func needed(_ name: String, _ schema: Schema) -> Property {
            Property(name: name, schema: schema, isNeeded: true)
        }

        /// A member that may be left out.
        public static func optional(_ name: String, _ schema: Schema) -> Property {
            Property(name: name, schema: schema, isNeeded: false)
        }
    }

    /// The kinds.
    public indirect enum Form: Sendable {
        case any
        case string(length: ClosedRange<Int>, rule: TextRule?, format: String?)
        case choice([String])
        case integer(ClosedRange<Int64>)
        case number
        case boolean
        case array(Schema, count: ClosedRange<Int>)
        case object([Property], others: Others)
        case either([Schema])
    }

    /// The kind.
    public var form: Form
    /// It may be null, too.
    public var isNullable = false
    /// The name it has in the document, once; empty when it is written where it is used.
    public var name = ""
    /// What it is, in a sentence.
    public var note = ""
    /// An example.
    public var example: JSONValue?
    /// What counts when it is left out.
    public var fallback: JSONValue?

    /// Makes a schema of this kind.
    public init(_ form: Form) { self.form = form }
}

extension Schema {
    /// Anything.
    public static let any = Schema(.any)
    /// true or false.
    public static let boolean = Schema(.boolean)
    /// Any whole number of 64 bits.
    public static let integer = Schema(.integer(.min ... .max))
    /// Any number.
    public static let number = Schema(.number)
    /// A text of at most 65,536 characters.
    public static let text = Schema(.string(length: 0...65_536, rule: nil, format: nil))
    /// A reference to something.
    public static let uri = Schema(.string(length: 1...8192, rule: nil, format: "uri-reference"))
    /// A moment.
    public static let moment = Schema(
        .string(
            length: 20...35,
            rule: TextRule(
                "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?"
                    + "(Z|[+-][0-9]{2}:?[0-9]{2})$",
                "a moment such as 2030-04-22T15:08:33.000Z"
            ) { ISOTime.milliseconds($0) != nil },
            format: "date-time"
        )
    )
    /// A UUID.
    public static let uuid = Schema(
        .string(
            length: 36...36,
            rule: TextRule(
                "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
                "a UUID",
                Schema.isUUID
            ),
            format: "uuid"
        )
    )

    /// A whole number in these bounds.
    public static func integer(_ range: ClosedRange<Int64>) -> Schema { Schema(.integer(range)) }

    /// A text of so many characters.
    public static func text(_ length: ClosedRange<Int>, _ rule: TextRule? = nil) -> Schema {
        Schema(.string(length: length, rule: rule, format: nil))
    }

    /// One of these texts.
    public static func choice(_ words: [String]) -> Schema { Schema(.choice(words)) }

    /// A list.
    public static func array(_ element: Schema, _ count: ClosedRange<Int> = 0...10_000) -> Schema {
        Schema(.array(element, count: count))
    }

    /// An object.
    public static func object(_ properties: [Property], others: Others = .allowed) -> Schema {
        Schema(.object(properties, others: others))
    }

    /// One of several.
    public static func either(_ schemas: [Schema]) -> Schema { Schema(.either(schemas)) }

    /// The same under a name of its own.
    public func named(_ name: String) -> Schema { with { $0.name = name } }

    /// The same with a sentence about it.
    public func noted(_ note: String) -> Schema { with { $0.note = note } }

    /// The same with an example.
    public func example(_ value: JSONValue) -> Schema { with { $0.example = value } }

    /// The same with a value that counts when it is left out.
    public func fallback(_ value: JSONValue) -> Schema { with { $0.fallback = value } }

    /// The same, or null.
    public var orNull: Schema { with { $0.isNullable = true } }

    private func with(_ change: (inout Schema) -> Void) -> Schema {
        var schema = self
        change(&schema)
        return schema
    }

    private static func isUUID(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: TextRules.isHexadecimal(byte)
            }
        }
    }
}
