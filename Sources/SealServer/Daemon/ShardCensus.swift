// SPDX-License-Identifier: Apache-2.0
// Asking all shards for their counters, with a bound on the wait. A shard that did not answer is
// not waited for a second time: it is ill, and health says so.

internal import SealBroker
internal import SealNet
internal import SealTelemetry

/// Copies of every shard's counters.
final class ShardCensus: Sendable {
    /// What is known of one shard.
    struct Reading: Sendable {
        /// The last copy it gave.
        var counters = ShardCounters()
        /// Questions it has not answered yet.
        var unanswered = 0

        /// It answered everything it was asked.
        var isAnswering: Bool { unanswered == 0 }
    }

    private let mailboxes: [Mailbox<LoopLetter<ShardLetter>>]
    private let readings: MonitoredState<[Reading]>

    init(_ mailboxes: [Mailbox<LoopLetter<ShardLetter>>]) {
        self.mailboxes = mailboxes
        readings = MonitoredState(Array(repeating: Reading(), count: mailboxes.count))
    }

    /// Asks all shards and waits for those that answered last time.
    func take(isScrape: Bool = false, milliseconds: Int = 1000) -> [Reading] {
        let healthy = readings.change { readings in
            let healthy = readings.indices.filter { readings[$0].isAnswering }
            // A shard that is behind has our question already.
            for index in healthy { readings[index].unanswered += 1 }
            return healthy
        }
        for index in healthy {
            mailboxes[index].post(
                .handler(
                    .counters(isScrape: isScrape) { [readings] shard, counters in
                        readings.change {
                            $0[shard].counters = counters
                            $0[shard].unanswered = 0
                        }
                    }
                )
            )
        }
        let all = readings.wait(milliseconds: milliseconds) { readings in
            healthy.allSatisfy { readings[$0].isAnswering } ? readings : nil
        }
        return all ?? readings.change { $0 }
    }
}

/// The places of each tenant, for all shards together.
final class TenantPlaces: ConnectionPlaces {
    private let counts = MonitoredState<[UInt32: Int]>([:])

    func take(tenant: UInt32, atMost most: Int) -> Bool {
        counts.change { counts in
            let count = counts[tenant] ?? 0
            guard count < most else { return false }
            counts[tenant] = count + 1
            return true
        }
    }

    func giveBack(tenant: UInt32) {
        counts.change { $0[tenant] = max(0, ($0[tenant] ?? 1) - 1) }
    }
}
