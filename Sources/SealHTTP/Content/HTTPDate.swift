// SPDX-License-Identifier: Apache-2.0
// Moments as HTTP writes them (RFC 9110 §5.6.7). The clock is somebody else's.

/// IMF-fixdate.
public enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// The moment so many seconds after the beginning of 1970: `Sun, 06 Nov 1994 08:49:37 GMT`.
    public static func text(_ seconds: Int64) -> String {
        let bounded = min(max(seconds, 0), 253_402_300_799)
        let day = Int(bounded / 86_400)
        let second = Int(bounded % 86_400)
        let (year, month, dayOfMonth) = civil(day)
        let clock = [second / 3600, second / 60 % 60, second % 60].map(twoDigits)
            .joined(separator: ":")
        // The first day was a Thursday.
        return "\(days[(day + 4) % 7]), \(twoDigits(dayOfMonth)) \(months[month - 1]) "
            + "\(year) \(clock) GMT"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : String(number)
    }

    /// The date of a day of the era, counted in years that begin in March, so that the leap day is
    /// the last of its year.
    private static func civil(_ day: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let march = (5 * dayOfYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * march + 2) / 5 + 1)
    }
}
