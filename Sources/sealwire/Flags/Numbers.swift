// SPDX-License-Identifier: Apache-2.0
// Reading numbers that people type.

enum Numbers {
    /// A whole number within a range.
    static func whole(
        _ text: String,
        of flag: String,
        in range: ClosedRange<Int>
    ) throws(UsageError) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw UsageError(
                message: "\(flag) takes a number from \(range.lowerBound) to \(range.upperBound), "
                    + "not '\(text)'"
            )
        }
        return number
    }

    /// A number with or without a fraction, from 0.
    static func fraction(_ text: String, of flag: String) throws(UsageError) -> Double {
        guard let number = Double(text), number >= 0, number.isFinite else {
            throw UsageError(message: "\(flag) takes a number from 0, not '\(text)'")
        }
        return number
    }
}
