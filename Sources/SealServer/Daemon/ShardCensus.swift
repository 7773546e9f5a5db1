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
        fileprivate var questions = 0
        fileprivate var answers = 0
        /// It let a question's time pass, and has said nothing since.
        fileprivate(set) var isSilent = false
    }

    private let mailboxes: [Mailbox<LoopLetter<ShardLetter>>]
    private let readings: MonitoredState<[Reading]>

    init(_ mailboxes: [Mailbox<LoopLetter<ShardLetter>>]) {
        self.mailboxes = mailboxes
        readings = MonitoredState(Array(repeating: Reading(), count: mailboxes.count))
    }

    /// Asks all shards and waits for those that answered last time.
    func take(isScrape: Bool = false, milliseconds: Int = 1000) -> [Reading] {
        // A silent shard has questions of ours already: they are not heaped up.
        let asked = readings.change { readings in
            var asked: [(shard: Int, question: Int)] = []
            for index in readings.indices where !readings[index].isSilent {
                readings[index].questions += 1
                asked.append((index, readings[index].questions))
            }
            return asked
        }
        for (shard, _) in asked {
            mailboxes[shard].post(
                .handler(
                    .counters(isScrape: isScrape) { [readings] shard, counters in
                        readings.change {
                            $0[shard].counters = counters
                            $0[shard].answers += 1
                            $0[shard].isSilent = false
                        }
                    }
                )
            )
        }
        let all = readings.wait(milliseconds: milliseconds) { readings in
            asked.allSatisfy { readings[$0.shard].answers >= $0.question } ? readings : nil
        }
        if let all { return all }
        return readings.change { readings in
            for (shard, question) in asked where readings[shard].answers < question {
                readings[shard].isSilent = true
            }
            return readings
        }
    }
}

/// The places for stored sessions, for all shards together.
final class StoredSessionPlaces: SessionPlaces {
    private let count = MonitoredState(0)

    func take(atMost most: Int) -> Bool {
        count.change { count in
            guard count < most else { return false }
            count += 1
            return true
        }
    }

    func giveBack() { count.change { $0 = max(0, $0 - 1) } }
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
        counts.change { counts in
            let count = (counts[tenant] ?? 1) - 1
            counts[tenant] = count > 0 ? count : nil
        }
    }
}
