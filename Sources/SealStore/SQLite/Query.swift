// SPDX-License-Identifier: Apache-2.0
// The text of a statement as a thing with an identity, so that prepared statements are found by a
// pointer; and the values that are bound to it.

internal import SealBytes

/// A statement that is prepared once for each connection.
///
/// Queries live as long as the program: they are `static let`s.
final class Query: Sendable {
    let text: String

    init(_ text: String) { self.text = text }
}

/// A value of SQLite.
enum StoredValue {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    /// The bytes of a name.
    static func text(_ name: Name) -> StoredValue { .text(name.text) }

    init(_ flag: Bool) { self = .integer(flag ? 1 : 0) }
    init(_ number: UInt32) { self = .integer(Int64(number)) }
    init(_ text: String?) { self = text.map { .text($0) } ?? .null }
}

extension StoredValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    init(stringLiteral value: String) { self = .text(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
}
