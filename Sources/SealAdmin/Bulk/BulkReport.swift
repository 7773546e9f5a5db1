// SPDX-License-Identifier: Apache-2.0
// What came of a file of devices, row by row. Not here: its form in the API.

public import SealBytes

/// The outcome of a bulk registration.
public struct BulkReport: Sendable, Equatable {
    /// A row that was not taken.
    public struct Failure: Sendable, Equatable {
        /// The device it names; nil when it names none.
        public var device: Name?
        /// Why, as a sentence without full stop that begins with the line.
        public var reason: String
        /// The row, printed without its password.
        public var row: String

        /// Makes the value.
        public init(device: Name?, reason: String, row: String) {
            self.device = device
            self.reason = reason
            self.row = row
        }
    }

    /// All rows.
    public var all = 0
    /// Devices that are new.
    public var created = 0
    /// Devices that were there already and took what the row says.
    public var updated: [Name] = []
    /// Rows that were not taken.
    public var failed = 0
    /// Why; of as many of them as are listed.
    public var failures: [Failure] = []
    /// Connections that were ended, because they relied on what was replaced.
    public var endedConnections = 0

    /// Rows that were taken.
    public var successful: Int { created + updated.count }

    /// Nothing happened yet.
    public init() {}
}

/// Why a file was not looked at row by row.
public struct BulkRefusal: Error, Sendable, Equatable {
    /// What is wrong with all of it, as a sentence without full stop.
    public var reason: String

    /// Makes the value.
    public init(_ reason: String) { self.reason = reason }
}

/// The limits on a bulk registration.
public struct BulkLimits: Sendable, Equatable {
    /// The rows and what they hold.
    public var csv = CSVLimits()
    /// Rows with a password in one file: each costs a slow hash.
    public var passwordRowsMax = 10_000
    /// Failed rows that are described in the answer; the others are counted.
    public var failuresListedMax = 10_000
    /// A password.
    public var passwordBytesMax = 1_024
    /// A value of a column but the password.
    public var valueBytesMax = 8_192
    /// All properties of a device as JSON.
    public var propertiesBytesMax = 65_536
    /// Characters of a failed row that are printed.
    public var printedCharactersMax = 256

    /// Makes the default limits.
    public init() {}
}
