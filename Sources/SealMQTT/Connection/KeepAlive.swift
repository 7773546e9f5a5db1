// SPDX-License-Identifier: Apache-2.0
// When a client has to say that it lives, and when the server counts as gone (MQTT 5.0 §3.1.2.10).
// The clock is an argument, in milliseconds.

/// A client's keep-alive.
public struct KeepAlive: Sendable {
    /// What is to be done now.
    public enum Turn: Equatable, Sendable {
        /// Nothing until that moment.
        case wait(until: UInt64)
        /// Send PINGREQ.
        case ping
        /// The server has not answered: close the connection.
        case gone
    }

    private let interval: UInt64
    private var lastSent: UInt64
    private var pinged: UInt64?

    /// Starts with a packet just sent; 0 seconds is no keep-alive.
    public init(seconds: UInt16, now: UInt64) {
        interval = UInt64(seconds) * 1000
        lastSent = now
    }

    /// A packet was sent.
    public mutating func sent(now: UInt64) { lastSent = now }

    /// Something was received.
    public mutating func received() { pinged = nil }

    /// What is to be done at this moment; what is asked for counts as done.
    public mutating func turn(now: UInt64) -> Turn {
        guard interval > 0 else { return .wait(until: .max) }
        if let pinged, now >= pinged + interval { return .gone }
        if pinged == nil, now >= lastSent + interval {
            pinged = now
            lastSent = now
            return .ping
        }
        return .wait(until: pinged.map { $0 + interval } ?? lastSent + interval)
    }
}
