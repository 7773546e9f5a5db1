// SPDX-License-Identifier: Apache-2.0
// Why a client has no connection, or no more: a stable code and a sentence.

/// A connection that could not be made, or that broke.
public struct ChannelError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stable name of the reason.
    public enum Code: String, Sendable, CaseIterable {
        /// The host name has no address.
        case lookup = "net.lookup"
        /// No address of the host takes the connection.
        case unreachable = "net.unreachable"
        /// The local address to connect from cannot be used.
        case localAddress = "net.local-address"
        /// The time limit passed.
        case timeout = "net.timeout"
        /// The connection broke.
        case broken = "net.broken"
        /// The other side refused TLS, or we refused the other side.
        case tls = "net.tls"
        /// Somebody here asked to stop.
        case cancelled = "net.cancelled"
    }

    /// The stable name of the reason; equality looks at it alone.
    public let code: Code
    /// A sentence for the person who has to act.
    public let reason: String
    /// What TLS says about it.
    public let refusal: TLSRefusal?

    /// Makes an error.
    public init(_ code: Code, _ reason: String, refusal: TLSRefusal? = nil) {
        self.code = code
        self.reason = reason
        self.refusal = refusal
    }

    /// The sentence.
    public var description: String { reason }

    /// Whether both have the same code.
    public static func == (left: ChannelError, right: ChannelError) -> Bool {
        left.code == right.code
    }
}
