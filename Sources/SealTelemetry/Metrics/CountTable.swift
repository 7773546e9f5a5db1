// SPDX-License-Identifier: Apache-2.0
// A counter for each case of a closed list.

/// A closed list of cases numbered from 0, each with the word metrics and logs call it by.
public protocol CounterKey: CaseIterable, RawRepresentable, Sendable where RawValue == UInt8 {
    /// The word in metrics and logs.
    var label: String { get }
}

/// A counter for each case of a closed list; a value, so a snapshot is a copy.
public struct CountTable<Key: CounterKey>: Sendable {
    @usableFromInline var counts: [UInt64]

    /// Makes a table of zeros.
    public init() { counts = [UInt64](repeating: 0, count: Key.allCases.count) }

    /// Reads one counter.
    public subscript(key: Key) -> UInt64 { counts[Int(key.rawValue)] }

    /// Adds to one counter; it wraps rather than trap.
    @inlinable
    public mutating func add(_ key: Key, _ amount: UInt64 = 1) {
        counts[Int(key.rawValue)] &+= amount
    }

    /// The sum over all keys.
    public var total: UInt64 { counts.reduce(0, &+) }

    /// Adds another table.
    public static func += (left: inout Self, right: Self) {
        for index in left.counts.indices { left.counts[index] &+= right.counts[index] }
    }
}
