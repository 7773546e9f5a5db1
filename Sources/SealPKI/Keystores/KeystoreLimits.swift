// SPDX-License-Identifier: Apache-2.0
// How much of a keystore is read before it is refused: the file comes from somewhere else.

/// The bounds of what is read from a keystore.
public struct KeystoreLimits: Sendable, Equatable {
    /// The longest file, in bytes.
    public var bytesMax = 16 << 20
    /// The most entries, and the most certificates outside of them.
    public var entriesMax = 10_000
    /// The longest chain of one key.
    public var chainMax = 64
    /// The longest alias, in UTF-8 bytes.
    public var aliasBytesMax = 1024
    /// How many rounds one reading, or opening one key, may spend on making keys of passwords.
    public var iterationsMax = 10_000_000
    /// The longest salt, in bytes.
    public var saltBytesMax = 1024
    /// How deep the bags of PKCS #12 and values of unsaid length may lie in one another.
    public var depthMax = 16

    /// The bounds that are used where none are given.
    public static let standard = KeystoreLimits()

    /// Makes the standard bounds.
    public init() {}
}
