// SPDX-License-Identifier: Apache-2.0
// Moments in ISO 8601 as the API writes and reads them: milliseconds, and any zone.

internal import SealPKI

/// Moments as text.
public enum ISOTime {
    /// `2030-04-22T15:08:33.000Z` of milliseconds since 1970.
    public static func text(milliseconds: Int64) -> String {
        let seconds = milliseconds >= 0 ? milliseconds / 1000 : (milliseconds &- 999) / 1000
        let rest = milliseconds &- seconds &* 1000
        let digits = String(rest)
        let padded = String(repeating: "0", count: max(0, 3 - digits.count)) + digits
        return "\(Moment.text(seconds).dropLast()).\(padded)Z"
    }

    /// The same of seconds since 1970.
    public static func text(seconds: Int64) -> String {
        let bounded = min(max(seconds, -62_167_219_200), 253_402_300_799)
        return text(milliseconds: bounded * 1000)
    }

    /// Milliseconds since 1970 of a moment with a zone; nil when it is none.
    public static func milliseconds(_ text: String) -> Int64? {
        var reader = DigitReader(Array(text.utf8))
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2),
            reader.take("-"), let day = reader.number(2), reader.take("T") || reader.take("t"),
            let hour = reader.number(2), reader.take(":"), let minute = reader.number(2),
            reader.take(":"), let second = reader.number(2)
        else { return nil }
        var thousandths: Int64 = 0
        if reader.take(".") {
            guard let fraction = reader.fraction() else { return nil }
            thousandths = fraction
        }
        guard (1...12).contains(month), day >= 1, day <= days(month, year), hour <= 23,
            minute <= 59, second <= 60, let offset = reader.zone(), reader.isAtEnd
        else { return nil }
        let date = civilDays(year, month, day)
        let seconds = date * 86_400 + hour * 3600 + minute * 60 + min(second, 59) - offset * 60
        return seconds * 1000 + thousandths
    }

    private static func days(_ month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970 of a Gregorian date, counted in eras of 400 years that begin in March.
    private static func civilDays(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }
}

private struct DigitReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(_ count: Int) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        rest.removeFirst(count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// Up to nine digits, of which three count.
    mutating func fraction() -> Int64? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard (1...9).contains(digits.count) else { return nil }
        rest.removeFirst(digits.count)
        let three = Array(digits.prefix(3)) + [UInt8](repeating: 0x30, count: 2)
        return three.prefix(3).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    /// The zone in minutes east of Greenwich: `Z`, `+01:00` or `+0100`.
    mutating func zone() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let isWest = take("-")
        guard isWest || take("+"), let hours = number(2) else { return nil }
        _ = take(":")
        guard let minutes = number(2), hours <= 23, minutes <= 59 else { return nil }
        return (hours * 60 + minutes) * (isWest ? -1 : 1)
    }
}
