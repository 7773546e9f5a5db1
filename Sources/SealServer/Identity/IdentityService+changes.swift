// SPDX-License-Identifier: Apache-2.0
// What changes of the registry do to those who are connected, and the questions about them: a
// letter to every shard, and a bounded wait for the answers.

internal import CSys
internal import SealBroker
internal import SealBytes
internal import SealNet
internal import SealTelemetry

extension IdentityService {
    /// How long shards may take to answer before it goes on without them.
    static let waitMilliseconds = 5000

    /// Ends the connections that rely on what was withdrawn.
    func carryOut(_ changes: [IdentityChange]) -> ChangeEffect {
        let begin = seal_monotonic_nanoseconds() / 1000
        var renewed: [UInt32: TenantPolicy] = [:]
        for case .policy(let tenant) in changes.map(\.subject) {
            guard let rules = try? registry.policyRules(tenant: tenant) else { continue }
            renewed[tenant] = policies.policy(of: tenant, rules)
        }
        let withdrawn = changes.filter(\.isWithdrawal)
        guard !withdrawn.isEmpty || !renewed.isEmpty else { return ChangeEffect() }
        let counts = ask { [renewed] in .withdraw(changes, renewed, $0) }
        var effect = ChangeEffect()
        effect.endedConnections = counts.reduce(0, +)
        effect.microseconds = seal_monotonic_nanoseconds() / 1000 &- begin
        if !withdrawn.isEmpty {
            let microseconds = effect.microseconds
            counters.countWithdrawal(connections: effect.endedConnections, microseconds)
            logger.info(
                "identity.withdrawn",
                [
                    "changes": .number(withdrawn.count),
                    "connections": .number(effect.endedConnections),
                    "microseconds": .number(Int(clamping: microseconds)),
                ]
            )
        }
        return effect
    }

    /// Posts a letter with a way to answer to every shard, and waits for the answers.
    private func ask<Answer: Sendable>(
        _ letter: (@escaping @Sendable (Answer) -> Void) -> ShardLetter
    ) -> [Answer] {
        let mailboxes = shards.withLock { $0 }
        let answers = MonitoredState<[Answer]>([])
        for mailbox in mailboxes {
            mailbox.post(.handler(letter { answer in answers.change { $0.append(answer) } }))
        }
        let all = answers.wait(milliseconds: Self.waitMilliseconds) {
            $0.count >= mailboxes.count ? $0 : nil
        }
        return all ?? answers.change { $0 }
    }
}

extension IdentityService: SessionControl {
    func sessions(tenant: UInt32, _ page: PageRequest) -> Page<SessionRecord> {
        let lists: [[SessionRecord]] = ask { .sessions(tenant: tenant, $0) }
        let all = lists.flatMap { $0 }.sorted { left, right in
            left.clientID < right.clientID
        }
        let items = all.dropFirst(max(page.offset, 0)).prefix(max(page.limit, 0))
        return Page(
            items: Array(items),
            hasMore: items.endIndex < all.endIndex,
            total: page.wantsTotal ? all.count : nil
        )
    }

    func kick(tenant: UInt32, clientID: Name, forgets: Bool) -> Int {
        let counts = ask { .kick(tenant: tenant, clientID: clientID, forgets: forgets, $0) }
        return counts.reduce(0, +)
    }

    func decisions(tenant: UInt32, about: Name, limit: Int) -> [DecisionRecord] {
        log.withLock { $0.about(about, tenant: tenant, limit: limit) }
    }

    func note(_ decision: DecisionRecord) { log.withLock { $0.note(decision) } }
}
