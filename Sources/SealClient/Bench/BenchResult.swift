// SPDX-License-Identifier: Apache-2.0
// What a measurement found, as numbers. How they are printed is the program's.

/// One delivery: when its message was due, and how long after that it came.
public struct BenchSample: Sendable, Equatable {
    /// Nanoseconds of the system's monotonic clock.
    public let due: UInt64
    /// Nanoseconds from then to the delivery.
    public let nanoseconds: UInt64
}

/// What a measurement found.
public struct BenchResult: Sendable {
    /// How long was measured.
    public var seconds = 0.0
    /// Messages delivered, or connections made, while it was measured.
    public var count: UInt64 = 0
    /// Messages published, from the first to the last.
    public var published: UInt64 = 0
    /// Messages delivered, from the first to the last.
    public var delivered: UInt64 = 0
    /// Messages that were never delivered.
    public var lost: UInt64 = 0
    /// Messages delivered again.
    public var duplicated: UInt64 = 0
    /// Messages delivered after one that was published later.
    public var late: UInt64 = 0
    /// Times that a publisher waited two seconds in vain.
    public var stalls: UInt64 = 0
    /// Refusals and messages that nobody sent.
    public var errors: UInt64 = 0
    /// Connections that could not be made or broke.
    public var failedConnections: UInt64 = 0
    /// Connections that were tried again.
    public var retriedConnections: UInt64 = 0
    /// The first thing that went wrong, in words.
    public var firstFailure: String?
    /// How long making all connections took, in seconds.
    public var connectSeconds = 0.0
    /// From the stamp to the delivery, or from the first packet to CONNACK.
    public var latency = LatencyHistogram()
    /// Every delivery, where they are kept, in the order they came.
    public var samples: [BenchSample] = []
    /// More deliveries than this are not kept.
    public static let samplesMax = 4_000_000
    /// The server's processor time while it was measured, in nanoseconds.
    public var serverNanoseconds: UInt64?
    /// This program's processor time while it was measured, in nanoseconds.
    public var ownNanoseconds: UInt64 = 0
    /// The server's resident memory before the connections, in KiB.
    public var residentBefore: UInt64?
    /// The server's resident memory with the connections, in KiB.
    public var residentAfter: UInt64?
    /// How many connections there were.
    public var connectionCount = 0

    /// Makes an empty result.
    public init() {}

    /// Messages or connections in a second.
    public var perSecond: Double { seconds > 0 ? Double(count) / seconds : 0 }

    /// The server's processor time for each message or connection, in microseconds.
    public var serverMicroseconds: Double? {
        guard let serverNanoseconds, count > 0 else { return nil }
        return Double(serverNanoseconds) / Double(count) / 1000
    }

    /// The server's memory for each connection.
    public var bytesPerConnection: Double? {
        guard let residentBefore, let residentAfter, connectionCount > 0 else { return nil }
        return (Double(residentAfter) - Double(residentBefore)) * 1024 / Double(connectionCount)
    }

    /// Whether nothing was lost, came twice, came late or failed.
    public var isClean: Bool {
        lost == 0 && duplicated == 0 && late == 0 && errors == 0 && failedConnections == 0
            && stalls == 0
    }
}
