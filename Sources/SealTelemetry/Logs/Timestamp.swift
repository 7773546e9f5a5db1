// SPDX-License-Identifier: Apache-2.0
// A moment handed in from outside, and its text. No clock is read here.

/// A moment in microseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since the epoch; negative before it.
    public var microseconds: Int64

    /// Makes a moment from microseconds since the epoch.
    @inlinable
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// Makes a moment from whole seconds since the epoch, held at the ends of the range.
    @inlinable
    public init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        microseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Orders moments in time.
    @inlinable
    public static func < (left: Self, right: Self) -> Bool {
        left.microseconds < right.microseconds
    }

    /// The moment as RFC 3339 text in UTC with microseconds, such as
    /// `2026-01-31T23:59:59.000001Z`.
    public var text: String {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    func append(to bytes: inout [UInt8]) {
        let dayMicroseconds: Int64 = 86_400_000_000
        var days = microseconds / dayMicroseconds
        var rest = microseconds % dayMicroseconds
        if rest < 0 {
            rest += dayMicroseconds
            days -= 1
        }
        let date = Self.civilDate(daysSinceEpoch: days)
        appendDecimal(date.year, digits: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        appendDecimal(date.month, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        appendDecimal(date.day, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        let seconds = rest / 1_000_000
        appendDecimal(seconds / 3_600, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDecimal(seconds / 60 % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDecimal(seconds % 60, digits: 2, to: &bytes)
        bytes.append(UInt8(ascii: "."))
        appendDecimal(rest % 1_000_000, digits: 6, to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// The Gregorian date of a day number, by counting in eras of 400 years that begin in March,
    /// so that the leap day is the last of its year.
    private static func civilDate(
        daysSinceEpoch: Int64
    ) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

/// Appends a number with at least this many digits, zeros in front.
private func appendDecimal(_ value: Int64, digits: Int, to bytes: inout [UInt8]) {
    let text = String(value.magnitude)
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    for _ in 0..<max(0, digits - text.utf8.count) { bytes.append(UInt8(ascii: "0")) }
    bytes.append(contentsOf: text.utf8)
}
