// SPDX-License-Identifier: Apache-2.0
// The most a file of separated values may hold before it, or a row of it, is refused.

/// The limits on a file of separated values.
public struct CSVLimits: Sendable, Equatable {
    /// The fields of a row.
    public var columnsMax = 256
    /// One row as written, line ends inside of quotes included.
    public var rowBytesMax = 65_536
    /// The rows, the header not counted.
    public var rowsMax = 250_000

    /// Makes the default limits.
    public init() {}
}
