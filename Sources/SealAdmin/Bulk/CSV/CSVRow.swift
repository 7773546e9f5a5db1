// SPDX-License-Identifier: Apache-2.0
// One row of a file of separated values, and what can be wrong with it.

/// A row as it was read.
public struct CSVRow: Sendable, Equatable {
    /// What is wrong with a row.
    public enum Fault: String, Sendable, CaseIterable {
        /// A quote was opened and never closed.
        case openQuote = "a quote is opened and not closed"
        /// Text stands between a closing quote and the separator.
        case textAfterQuote = "text follows a closing quote"
        /// It is longer than a row may be.
        case tooLong = "the row is too long"
        /// It has more fields than a row may have.
        case tooManyFields = "the row has too many fields"
    }

    /// The line it begins at, counted from 1.
    public var line: Int
    /// Its fields; those read so far when there is a fault.
    public var fields: [String]
    /// What is wrong with it.
    public var fault: Fault?

    /// Makes the value.
    public init(line: Int, fields: [String], fault: Fault? = nil) {
        self.line = line
        self.fields = fields
        self.fault = fault
    }
}
