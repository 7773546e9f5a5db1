// SPDX-License-Identifier: Apache-2.0
// Work that would keep others waiting goes on in later turns: what is put off, and how it goes on.

internal import SealBytes
internal import SealTelemetry

/// What a session that ended leaves in the topic tree and in shared groups.
struct SessionRemains {
    var key: ClientKey
    var subscriptions: SubscriptionList
}

extension Partition {
    /// Timers that fire in one turn; what they do is little, apart from wills.
    private static var timersPerTurnMax: Int { 2000 }
    /// Connections of one tenant that are read on in one turn.
    private static var readingsPerTurnMax: Int { 16 }

    func fireTimers() {
        guard !dueTimers.isEmpty else { return }
        let due = dueTimers
        let count = min(due.count, Self.timersPerTurnMax)
        dueTimers = []
        for timer in due[..<count] { fire(timer) }
        dueTimers.insert(contentsOf: due[count...], at: 0)
    }

    /// Goes on with what was put off, as far as the turn's work allows.
    func runBacklog() {
        for tenant in backlog.takeOrder() {
            let place = work.place(of: tenant)
            var readings = 0
            while readings < Self.readingsPerTurnMax, !work.isExhausted(place),
                let item = backlog.next(of: tenant)
            {
                if case .reading = item { readings += 1 }
                let mark = work.done
                perform(item)
                work.charge(place, since: mark)
            }
            backlog.finish(tenant)
        }
    }

    private func perform(_ item: PutOff) {
        switch item {
        case .reading(let id): release(id)
        case .filters(let id): continueFilters(id)
        case .retained(let session): retainedPutOn(session)
        case .served(let key): serveRetained(key)
        case .remains(let session): clearRemains(session)
        case .groups(let session): groupsNoticePutOff(session)
        case .publication(let message): publish(message, origin: .none)
        }
    }

    /// Reads a connection on in a later turn.
    func putOffReading(_ id: Handle, _ limit: LimitName) {
        counters.limitHits.add(limit)
        links[id].heldBy += 1
        backlog.append(.reading(id), of: links[id].tenant)
    }

    /// Publishes what came in no packet; in a later turn when the tenant has had its share.
    func publishInTurn(_ message: Message, origin: Handle) {
        let tenant = message.header.tenant
        let place = work.place(of: tenant)
        guard !work.isExhausted(place) else {
            return backlog.append(.publication(message), of: tenant)
        }
        let mark = work.done
        publish(message, origin: origin)
        work.charge(place, since: mark)
    }

    /// Takes a part of what an ended session left out of the tree.
    private func clearRemains(_ session: Handle) {
        guard let tenant = remains[session]?.key.tenant else { return }
        let place = work.place(of: tenant)
        let mark = work.done
        let allowance = UInt64(max(1, work.allowance(place)))
        while let count = remains[session]?.subscriptions.count, count > 0 {
            guard work.done &- mark < allowance else {
                return backlog.append(.remains(session), of: tenant)
            }
            work.add(Self.filterWork)
            unlinkLastRemains(session)
        }
        remains[session] = nil
        tidy(tenant)
    }

    /// Takes what an ended session subscribed to out of the tree: at once when it is little.
    func leaveRemains(_ session: Handle, _ gone: Session) {
        guard !gone.subscriptions.isEmpty else { return }
        remains[session] = SessionRemains(key: gone.key, subscriptions: gone.subscriptions)
        clearRemains(session)
    }
}
