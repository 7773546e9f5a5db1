// SPDX-License-Identifier: Apache-2.0
// The retained messages of a new subscription. Its partition first hears from all others that
// they know the filter, and how many retained messages each has posted to each home so far; then
// it asks the homes, which answer when they have all of those, and leave out what came later. So
// the snapshot holds what was not sent live, and nothing that is sent live as well: it cannot
// overtake a message that is still on its way from the publisher's partition.

internal import SealBytes
internal import SealMQTT

/// A question to a home that waits until older letters have arrived.
struct PendingSnapshot {
    var tenant: UInt32
    var filters: [[UInt8]]
    /// How many retained messages of each partition must be in.
    var after: [UInt64]
    var ticket: UInt64
    var replyTo: Int
}

extension Partition {
    /// A partition knows one of a SUBSCRIBE's filters.
    func interestKnown(_ ticket: UInt64, _ posted: [UInt64], from sender: Int) {
        guard pendingSubscribes[ticket] != nil else { return }
        for (home, count) in posted.enumerated() {
            pendingSubscribes[ticket]?.after[home][sender] = count
        }
        oneAnswered(ticket)
    }

    /// A home has sent what it keeps for the filters of a SUBSCRIBE.
    func snapshotTaken(_ ticket: UInt64, _ retained: [[Message]]) {
        guard var pending = pendingSubscribes[ticket] else { return }
        for (index, messages) in retained.enumerated() where index < pending.filters.count {
            pending.filters[index].retained.append(contentsOf: messages)
        }
        pendingSubscribes[ticket] = pending
        oneAnswered(ticket)
    }

    private func oneAnswered(_ ticket: UInt64) {
        pendingSubscribes[ticket]?.waitsFor -= 1
        guard var pending = pendingSubscribes[ticket], pending.waitsFor <= 0 else { return }
        for node in pending.nodes where node.askedTicket == ticket { node.askedTicket = 0 }
        pending.nodes = []
        if pending.needsSnapshot {
            pending.needsSnapshot = false
            pending.waitsFor = setup.count - 1
            pendingSubscribes[ticket] = pending
            askForSnapshots(pending, ticket)
            return
        }
        pendingSubscribes[ticket] = pending
        subscribeIsKnown(ticket)
    }

    /// Asks the homes for what they keep.
    func askForSnapshots(_ pending: PendingSubscribe, _ ticket: UInt64) {
        for index in 0..<setup.count where index != setup.index {
            outboxes[index].append(
                .snapshot(
                    tenant: pending.tenant,
                    filters: pending.filters.map(\.filter.bytes),
                    after: pending.after.isEmpty ? [] : pending.after[index],
                    ticket: ticket
                )
            )
        }
    }

    /// Another partition asks for what this one keeps.
    func snapshotAsked(_ question: PendingSnapshot) {
        let isReady = question.after.indices.allSatisfy {
            retainsHandled[$0] >= question.after[$0]
        }
        guard isReady else { return pendingSnapshots.append(question) }
        outboxes[question.replyTo].append(
            .snapshotTaken(
                ticket: question.ticket,
                retained: question.filters.map {
                    snapshot($0, tenant: question.tenant, upTo: question.after)
                }
            )
        )
    }

    /// A retained message came in: answers those who waited for it.
    func retryPendingSnapshots() {
        guard !pendingSnapshots.isEmpty else { return }
        let waiting = pendingSnapshots
        pendingSnapshots = []
        for question in waiting { snapshotAsked(question) }
    }

    /// A retained message went by live: those who still wait for their snapshot must not get an
    /// older value of the topic after it.
    func noteLive(_ message: Message) {
        guard !pendingSubscribes.isEmpty, message.header.isRetained else { return }
        for ticket in pendingSubscribes.keys {
            guard var pending = pendingSubscribes[ticket],
                pending.tenant == message.header.tenant
            else { continue }
            for index in pending.filters.indices
            where pending.filters[index].filter.matches(message.topic) {
                pending.filters[index].seenLive.insert(message.topic.copied())
            }
            pendingSubscribes[ticket] = pending
        }
    }
}
