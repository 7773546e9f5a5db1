// SPDX-License-Identifier: Apache-2.0
// What is counted outside the shards: by the handshake pool, the reloader, the metrics listener.

internal import SealBytes
internal import Synchronization

/// Counters any thread may add to.
///
/// They live as long as the process, so no rate is ever computed over something that died.
public final class DaemonCounters: Sendable {
    private let counters = Locked(ShardCounters())
    private let reloadsApplied = Atomic<UInt64>(0)
    private let reloadsRefused = Atomic<UInt64>(0)
    private let lastReload = Atomic<Int64>(0)
    private let withdrawalTable = Locked(Withdrawals())

    /// Identities that were taken away from those who were connected by them.
    public struct Withdrawals: Sendable {
        /// Connections that were ended.
        public var endedConnections: UInt64 = 0
        /// How long it took, from the change to the last connection.
        public var seconds = Histogram()
    }

    /// Makes zeros.
    public init() {}

    /// Changes the counters under their lock; for work that is not on the packet path.
    public func count(_ change: (inout ShardCounters) -> Void) {
        counters.withLock { change(&$0) }
    }

    /// A copy of the counters.
    public var snapshot: ShardCounters { counters.withLock { $0 } }

    /// Counts a change that took identities away, and how long shards needed to end connections.
    public func countWithdrawal(connections: Int, _ microseconds: UInt64) {
        withdrawalTable.withLock { table in
            table.endedConnections &+= UInt64(max(connections, 0))
            table.seconds.record(microseconds: microseconds)
        }
    }

    /// A copy of what was counted of withdrawals.
    public var withdrawals: Withdrawals { withdrawalTable.withLock { $0 } }

    /// Counts one attempt to reload the configuration.
    public func countReload(isApplied: Bool, at now: Timestamp) {
        if isApplied {
            reloadsApplied.add(1, ordering: .relaxed)
            lastReload.store(now.microseconds, ordering: .relaxed)
        } else {
            reloadsRefused.add(1, ordering: .relaxed)
        }
    }

    /// Reloads so far, and when the running configuration was taken (nil before the first).
    public var reloads: (applied: UInt64, refused: UInt64, last: Timestamp?) {
        let last = lastReload.load(ordering: .relaxed)
        return (
            reloadsApplied.load(ordering: .relaxed), reloadsRefused.load(ordering: .relaxed),
            last == 0 ? nil : Timestamp(microseconds: last)
        )
    }
}
