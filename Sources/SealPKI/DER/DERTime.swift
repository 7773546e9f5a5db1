// SPDX-License-Identifier: Apache-2.0
// Times as certificates write them (RFC 5280 §4.1.2.5), and moments as text.

/// Times of certificates.
enum DERTime {
    /// What a time says and whether it was written as RFC 5280 wants.
    struct Reading: Sendable {
        /// Unix seconds.
        let seconds: Int64
        /// What is not as it must be: the form of another half of the century.
        let defect: String?
    }

    /// Reads UTCTime or GeneralizedTime: whole seconds, and always "Z".
    static func read(_ value: DERValue, _ what: String) throws(PKIError) -> Reading {
        let isShort = value.tag == DERTag.utcTime
        guard isShort || value.tag == DERTag.generalizedTime else {
            throw DERReader.fault(what, "is not a time")
        }
        let text = Array(value.contents)
        let count = isShort ? 13 : 15
        guard text.count == count, text.last == UInt8(ascii: "Z"),
            text.dropLast().allSatisfy({ (0x30...0x39).contains($0) })
        else {
            throw DERReader.fault(
                what,
                "is not written as \(isShort ? "YYMMDDHHMMSSZ" : "YYYYMMDDHHMMSSZ")"
            )
        }
        var digits = text.dropLast().map { Int($0) - 0x30 }[...]
        func take(_ count: Int) -> Int {
            defer { digits = digits.dropFirst(count) }
            return digits.prefix(count).reduce(0) { $0 * 10 + $1 }
        }
        var year = take(isShort ? 2 : 4)
        // RFC 5280 §4.1.2.5.1: two digits from 50 are of the twentieth century.
        if isShort { year += year >= 50 ? 1900 : 2000 }
        let (month, day) = (take(2), take(2))
        let (hour, minute, second) = (take(2), take(2), take(2))
        guard (1...12).contains(month), day >= 1, day <= days(in: month, of: year), hour < 24,
            minute < 60, second < 60
        else { throw DERReader.fault(what, "is a time that does not exist") }
        let date = Int64(dayNumber(year, month, day)) * 86_400
        let seconds = date + Int64(hour * 3600 + minute * 60 + second)
        let isWrongForm = !isShort && year < 2050
        return Reading(
            seconds: seconds,
            defect: isWrongForm ? "\(what) lies before 2050 and is not written as UTCTime" : nil
        )
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days since 1 January 1970 in the calendar of Gregory.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

/// Moments as text.
public enum Moment {
    /// `2026-11-21T06:39:02Z` of Unix seconds; years outside of 0...9999 are shown as seconds.
    public static func text(_ seconds: Int64) -> String {
        guard seconds >= -62_167_219_200, seconds < 253_402_300_800 else {
            return "\(seconds) s since 1970"
        }
        var days = Int(seconds / 86_400)
        var rest = Int(seconds % 86_400)
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T"
            + padded(rest / 3600, 2) + ":" + padded(rest / 60 % 60, 2) + ":"
            + padded(rest % 60, 2) + "Z"
    }

    /// Unix seconds of `2026-11-21`, `2026-11-21T06:39:02Z` or plain digits of seconds.
    public static func seconds(_ text: String) -> Int64? {
        if let plain = Int64(text), text.count > 8 || plain < 10_000 { return plain }
        let digits = Array(text.utf8.filter { (0x30...0x39).contains($0) })
        let signs = text.filter { !$0.isNumber }
        let isDay = signs == "--" && digits.count == 8
        let isMoment = (signs == "--T::Z" || signs == "-- ::") && digits.count == 14
        guard isDay || isMoment else { return nil }
        let whole = digits + (isDay ? Array("000000".utf8) : []) + [UInt8(ascii: "Z")]
        let value = DERValue(
            tag: DERTag.generalizedTime,
            contents: whole[...],
            whole: whole[...]
        )
        return (try? DERTime.read(value, "the time"))?.seconds
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
