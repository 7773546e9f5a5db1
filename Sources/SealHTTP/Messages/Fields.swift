// SPDX-License-Identifier: Apache-2.0
// Header fields in order, found without regard to case, and the character classes of RFC 9110.

internal import SealBytes

/// The fields of a message in the order they were sent.
public struct Fields: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    /// One field.
    public struct Field: Sendable, Equatable {
        /// The name as sent.
        public var name: String
        /// The value without the white space around it.
        public var value: String
    }

    /// All fields.
    public private(set) var all: [Field] = []

    /// Makes fields of a literal.
    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { append(name, value) }
    }

    /// Adds a field at the end.
    public mutating func append(_ name: String, _ value: String) {
        all.append(Field(name: name, value: value))
    }

    /// The first value of this name, in any case.
    public subscript(name: String) -> String? { values(of: name).first }

    /// All values of this name, in any case.
    public func values(of name: String) -> [String] {
        all.filter { Self.isSame($0.name, name) }.map(\.value)
    }

    /// Whether a list field such as Connection holds this token, in any case.
    public func listContains(_ name: String, token: String) -> Bool {
        values(of: name).contains { value in
            value.split(atByte: ",").contains { part in
                Self.isSame(String(Grammar.trimmed(part.utf8)) ?? "", token)
            }
        }
    }

    /// Compares ASCII names without regard to case; no locale is asked.
    static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count
            && zip(left.utf8, right.utf8).allSatisfy {
                Grammar.lowercased($0) == Grammar.lowercased($1)
            }
    }
}
