// SPDX-License-Identifier: Apache-2.0
// The most a peer may send before it is refused.

/// The limits on one request and one connection.
public struct HTTPLimits: Sendable {
    /// Request line and fields together, line ends included.
    public var headBytesMax = 16_384
    /// The request target.
    public var targetBytesMax = 4_096
    /// One field line without its line end.
    public var fieldBytesMax = 8_192
    /// The number of field lines.
    public var fieldCountMax = 64
    /// The body of a message; 0 takes none, and a route may take less.
    public var bodyBytesMax = 0
    /// The line before one chunk of a body, its line end included.
    public var chunkLineBytesMax = 256
    /// What a body's chunk lines may say besides the sizes, in all.
    public var chunkExtensionBytesMax = 4_096
    /// The fields behind a body in chunks, line ends included.
    public var trailerBytesMax = 4_096
    /// Requests answered on one connection before it is closed.
    public var requestsPerConnectionMax = 1_000

    /// Makes the default limits.
    public init() {}
}
