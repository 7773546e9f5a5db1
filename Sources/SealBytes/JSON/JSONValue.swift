// SPDX-License-Identifier: Apache-2.0
// A JSON value (RFC 8259) as data, with short ways to look into it. Reading and writing are next
// door.

/// A JSON value.
public enum JSONValue: Sendable, Equatable {
    /// null.
    case null
    /// true or false.
    case bool(Bool)
    /// A whole number that was written without point and exponent and fits.
    case integer(Int64)
    /// Any other number; never read as infinite, and written as null when it is not finite.
    case real(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)

    /// Both are the same; strings when their bytes are (RFC 8259 §8.3).
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.real(let left), .real(let right)): left == right
        case (.string(let left), .string(let right)): left.isSame(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }

    /// A string, or null.
    public static func string(orNull text: String?) -> JSONValue {
        text.map { .string($0) } ?? .null
    }

    /// The text of a name.
    public static func string(_ name: Name) -> JSONValue { .string(name.text) }

    /// The text of a name, or null.
    public static func string(orNull name: Name?) -> JSONValue { string(orNull: name?.text) }

    /// An object of members in this order.
    public static func pairs(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members))
    }

    /// Whether it is null.
    public var isNull: Bool { self == .null }

    /// The text of a string.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The text of a string as a name.
    public var name: Name? { text.map { Name($0) } }

    /// The truth of true or false.
    public var flag: Bool? {
        if case .bool(let flag) = self { flag } else { nil }
    }

    /// The whole number, however it was written: 3, 3.0 and 3e0 are the same.
    public var int64: Int64? {
        switch self {
        case .integer(let number): number
        case .real(let number): Int64(exactly: number)
        default: nil
        }
    }

    /// The number, whole or not.
    public var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .real(let number): number
        default: nil
        }
    }

    /// The elements of an array.
    public var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The object that this is.
    public var members: JSONObject? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The member of this name, when this is an object that has it.
    public subscript(name: String) -> JSONValue? { members?[name] }

    /// What it is, in a word for sentences: `a string`.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .real: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// Makes a string.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByBooleanLiteral {
    /// Makes true or false.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension JSONValue: ExpressibleByIntegerLiteral {
    /// Makes a whole number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSONValue: ExpressibleByArrayLiteral {
    /// Makes an array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}

extension JSONValue: ExpressibleByDictionaryLiteral {
    /// Makes an object with its members in this order.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}
