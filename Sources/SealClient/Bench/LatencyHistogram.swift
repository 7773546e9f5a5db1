// SPDX-License-Identifier: Apache-2.0
// Times, counted in classes that are 3 % wide, so that percentiles cost no memory a message.

/// A distribution of times in nanoseconds.
public struct LatencyHistogram: Sendable {
    private static let classesPerDoubling = 32
    private var counts: [UInt64]
    /// How many times were recorded.
    public private(set) var count: UInt64 = 0
    /// The longest.
    public private(set) var longest: UInt64 = 0

    /// Makes an empty distribution.
    public init() { counts = Array(repeating: 0, count: 64 * Self.classesPerDoubling) }

    /// Records a time.
    public mutating func record(_ nanoseconds: UInt64) {
        counts[Self.place(nanoseconds)] += 1
        count += 1
        longest = max(longest, nanoseconds)
    }

    /// The time that `share` of all are not above: exact to 3 %, the longest exactly.
    public func quantile(_ share: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((Double(count) * share).rounded(.up)))
        var seen: UInt64 = 0
        for (index, one) in counts.enumerated() where one > 0 {
            seen += one
            if seen >= wanted { return min(Self.upperEnd(index), longest) }
        }
        return longest
    }

    private static func place(_ value: UInt64) -> Int {
        if value < UInt64(classesPerDoubling) { return Int(value) }
        let doubling = 63 - value.leadingZeroBitCount
        let shift = doubling - 5
        return (shift + 1) * classesPerDoubling + Int(value >> UInt64(shift)) - classesPerDoubling
    }

    private static func upperEnd(_ place: Int) -> UInt64 {
        if place < classesPerDoubling { return UInt64(place) }
        let shift = place / classesPerDoubling - 1
        let step = UInt64(place % classesPerDoubling + classesPerDoubling)
        return ((step + 1) << UInt64(shift)) &- 1
    }
}
