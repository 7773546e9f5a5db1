// SPDX-License-Identifier: Apache-2.0
// The few kinds of value a log field may carry, and the list of fields itself.
// There is no case for objects or payloads: what cannot be said here does not belong in a log.

/// One value of a log field.
public enum LogValue: Sendable, Equatable {
    /// Text made by this program.
    case text(String)
    /// Bytes a peer chose (a client id, a topic): made valid UTF-8, escaped and bounded.
    case bytes([UInt8])
    /// A signed whole number.
    case integer(Int64)
    /// A decimal number; one that is not finite is written as text.
    case decimal(Double)
    /// Yes or no.
    case flag(Bool)

    /// A whole number of any width, held at the ends of the 64-bit range.
    public static func number(_ value: some BinaryInteger) -> LogValue {
        .integer(Int64(clamping: value))
    }
}

extension LogValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral
{
    /// Makes a text value of a literal or an interpolation.
    public init(stringLiteral value: String) { self = .text(value) }
    /// Makes a number of a literal.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// Makes a flag of a literal.
    public init(booleanLiteral value: Bool) { self = .flag(value) }
    /// Makes a decimal of a literal.
    public init(floatLiteral value: Double) { self = .decimal(value) }
}

/// The fields of one event in the order they were written.
///
/// Keys are program text (`StaticString`), so a peer can never choose one.
public struct LogFields: Sendable, ExpressibleByDictionaryLiteral {
    /// Keys and values in order.
    public private(set) var pairs: [(key: StaticString, value: LogValue)]

    /// Makes the list from a literal such as `["client_id": .bytes(id), "count": 3]`.
    public init(dictionaryLiteral elements: (StaticString, LogValue)...) {
        pairs = elements.map { (key: $0.0, value: $0.1) }
    }

    /// Adds one field at the end.
    public mutating func append(_ key: StaticString, _ value: LogValue) {
        pairs.append((key: key, value: value))
    }
}
