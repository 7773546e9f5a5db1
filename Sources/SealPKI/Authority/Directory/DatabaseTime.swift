// SPDX-License-Identifier: Apache-2.0
// Points in time as certificates and the database write them, and as ISO 8601 for people.

/// A point in time between text and Unix seconds, always UTC.
public enum DatabaseTime {
    /// Reads `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
    public static func seconds(_ text: some Collection<UInt8>) -> Int64? {
        let bytes = Array(text)
        guard bytes.count == 13 || bytes.count == 15, bytes.last == UInt8(ascii: "Z"),
            bytes.dropLast().allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        func pair(_ index: Int) -> Int64 {
            Int64(bytes[index] - 0x30) * 10 + Int64(bytes[index + 1] - 0x30)
        }
        let start = bytes.count - 11
        // RFC 5280 §4.1.2.5.1: two digits from 50 on are of the last century.
        let year =
            bytes.count == 15
            ? pair(0) * 100 + pair(2) : (pair(0) >= 50 ? 1900 + pair(0) : 2000 + pair(0))
        let month = pair(start)
        let day = pair(start + 2)
        let hour = pair(start + 4)
        let minute = pair(start + 6)
        let second = pair(start + 8)
        // There is no year 0.
        guard year >= 1, (1...12).contains(month), day >= 1, day <= days(of: month, year),
            hour < 24, minute < 60, second < 60
        else { return nil }
        return daysSince1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// Writes two digits of the year until 2049, four from 2050 on.
    public static func text(_ seconds: Int64) -> String {
        let parts = civil(seconds)
        let year = digits(parts.year, 4)
        let short = (1950...2049).contains(parts.year) ? String(year.suffix(2)) : year
        return short + rest(parts, "", "", "") + "Z"
    }

    /// Writes four digits of the year whatever it is.
    static func generalized(_ seconds: Int64) -> String {
        let parts = civil(seconds)
        return digits(parts.year, 4) + rest(parts, "", "", "") + "Z"
    }

    /// `2026-11-21T06:40:00Z`.
    public static func iso(_ seconds: Int64) -> String {
        let parts = civil(seconds)
        return digits(parts.year, 4) + rest(parts, "-", "T", ":") + "Z"
    }

    private struct Parts {
        var year: Int64
        var month: Int64
        var day: Int64
        var second: Int64
    }

    private static func rest(
        _ parts: Parts,
        _ dash: String,
        _ between: String,
        _ colon: String
    ) -> String {
        dash + digits(parts.month, 2) + dash + digits(parts.day, 2) + between
            + digits(parts.second / 3600, 2) + colon + digits(parts.second / 60 % 60, 2) + colon
            + digits(parts.second % 60, 2)
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(max(number, 0))
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    private static func days(of month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days of the Gregorian calendar, years counted from March.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let century = (year >= 0 ? year : year - 399) / 400
        let yearOfCentury = year - century * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfCentury = yearOfCentury * 365 + yearOfCentury / 4 - yearOfCentury / 100 + dayOfYear
        return century * 146_097 + dayOfCentury - 719_468
    }

    private static func civil(_ seconds: Int64) -> Parts {
        // The years that four digits can write.
        let seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let shifted = days + 719_468
        let century = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofCentury = shifted - century * 146_097
        let year =
            (ofCentury - ofCentury / 1460 + ofCentury / 36_524 - ofCentury / 146_096) / 365
        let ofYear = ofCentury - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        return Parts(
            year: year + century * 400 + (calendarMonth <= 2 ? 1 : 0),
            month: calendarMonth,
            day: day,
            second: seconds - days * 86_400
        )
    }
}
