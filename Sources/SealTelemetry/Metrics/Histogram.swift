// SPDX-License-Identifier: Apache-2.0
// Observations of a duration, counted in fixed buckets. Integers only, so that merging is exact.

/// Durations counted in fixed buckets.
public struct Histogram: Sendable {
    /// The upper bounds of the buckets in microseconds, 100 µs to 10 s; the last has none.
    public static let boundsMicroseconds: [UInt64] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
        1_000_000, 2_500_000, 5_000_000, 10_000_000,
    ]

    /// Observations in each bucket (not cumulative); one more than there are bounds.
    public private(set) var counts = [UInt64](repeating: 0, count: boundsMicroseconds.count + 1)
    /// The sum of all observations.
    public private(set) var sumMicroseconds: UInt64 = 0

    /// Makes an empty histogram.
    public init() {}

    /// The number of observations.
    public var count: UInt64 { counts.reduce(0, &+) }

    /// Counts one duration; a bound belongs to the bucket below it.
    public mutating func record(microseconds: UInt64) {
        let bounds = Self.boundsMicroseconds
        let index = bounds.firstIndex { microseconds <= $0 } ?? bounds.count
        counts[index] &+= 1
        sumMicroseconds &+= microseconds
    }

    /// Adds another histogram.
    public static func += (left: inout Self, right: Self) {
        for index in left.counts.indices { left.counts[index] &+= right.counts[index] }
        left.sumMicroseconds &+= right.sumMicroseconds
    }
}
