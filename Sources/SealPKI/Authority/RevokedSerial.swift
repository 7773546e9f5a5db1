// SPDX-License-Identifier: Apache-2.0
// An entry for a revocation list that is made from elsewhere than an authority's folder.

/// A serial number with the moment since which it is revoked.
public struct RevokedSerial: Sendable, Equatable {
    /// The serial number in hexadecimal digits.
    public var serial: String
    /// Since when, in Unix seconds; nil is when the list is made.
    public var revokedAt: Int64?

    /// Makes an entry.
    public init(_ serial: String, at revokedAt: Int64? = nil) {
        self.serial = serial
        self.revokedAt = revokedAt
    }
}
