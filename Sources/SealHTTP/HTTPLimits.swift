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
    /// The body of a request; 0 takes none.
    public var bodyBytesMax = 0
    /// Requests answered on one connection before it is closed.
    public var requestsPerConnectionMax = 1_000

    /// Makes the default limits.
    public init() {}
}
