// SPDX-License-Identifier: Apache-2.0
// The retained messages of new subscriptions. They go to the client as fast as it takes them, and
// are looked up only then: a piece of the topics at a time, first here, then at the other homes.
//
// The subscription is known everywhere before, and it is known how many retained messages each
// partition had sent to each home by then. Messages behind that count came to the session live,
// so they are left out. What is replaced or removed meanwhile is left out as well: its successor
// came live. So a retained message never arrives after a newer one of its topic.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// The filters of a SUBSCRIBE whose SUBACK was sent.
    func queueRetained(_ pending: PendingSubscribe) {
        let session = pending.session
        guard !pending.filters.isEmpty, sessions.contains(session) else { return }
        let queue = sessions[session].retained ?? RetainedQueue()
        sessions[session].retained = queue
        for filter in pending.filters { queue.append(filter, after: pending.after) }
        sendRetained(session)
        guard sessions.contains(session), let queue = sessions[session].retained, queue.isFull,
            !links.contains(queue.held)
        else { return }
        let id = sessions[session].link
        guard links.contains(id) else { return }
        queue.held = id
        links[id].heldBy += 1
        counters.limitHits.add(.retainedFilters)
    }

    /// Sends what a session waits for, as far as its client takes it and this turn's work allows.
    func sendRetained(_ session: Handle) {
        guard sessions.contains(session), let queue = sessions[session].retained,
            queue.askedAt == nil, !queue.isPutOff
        else { return }
        let tenant = sessions[session].key.tenant
        let place = work.place(of: tenant)
        let mark = work.done
        let allowance = UInt64(max(0, work.allowance(place)))
        while let id = retainedReceiver(session) {
            guard work.done &- mark < allowance else {
                queue.isPutOff = true
                return backlog.append(.retained(session), of: tenant)
            }
            if queue.walk == nil {
                queue.walk = queue.next()
                if queue.mayReadOn { readOn(queue) }
            }
            guard let walk = queue.walk else { return dropRetained(session) }
            guard let options = retainedOptions(session, walk.filter),
                walk.homesDone < setup.count
            else {
                endWalk(queue)
                continue
            }
            guard walk.homesDone == 0 else {
                return askRetained(queue, session, tenant)
            }
            sendOwnRetained(session, id, queue, options, Int(allowance - (work.done &- mark)))
        }
    }

    /// The connection that can take retained messages now.
    private func retainedReceiver(_ session: Handle) -> Handle? {
        guard sessions.contains(session) else { return nil }
        let id = sessions[session].link
        guard links.contains(id), links[id].phase == .open, sessions[session].queue.isEmpty,
            sessions[session].window.hasRoom, out.count(Int(id.slot)) * 2 < limits.outBytesMax
        else { return nil }
        return id
    }

    /// The options of a subscription that is still there.
    private func retainedOptions(_ session: Handle, _ filter: [UInt8]) -> SubscriptionOptions? {
        sessions[session].subscriptions.place(of: filter, nil).map {
            sessions[session].subscriptions[$0].options
        }
    }

    /// The next message of this partition's own, or the end of them.
    private func sendOwnRetained(
        _ session: Handle,
        _ id: Handle,
        _ queue: RetainedQueue,
        _ options: SubscriptionOptions,
        _ visits: Int
    ) {
        guard let walk = queue.walk, let store = spaces[sessions[session].key.tenant]?.retained
        else {
            queue.walk?.homesDone += 1
            return
        }
        var cursor = walk.cursor ?? RetainedCursor(store, walk.filter)
        var left = visits
        let step = cursor.next(&left)
        work.add(max(1, visits - left))
        queue.walk?.cursor = cursor
        switch step {
        case .message(let message, let origin):
            guard origin.isWithin(walk.after[setup.index]) else { return }
            sendRetained(message, session, id, options)
        case .paused: break
        case .ended:
            queue.walk?.cursor = nil
            queue.walk?.homesDone += 1
        }
    }

    private func sendRetained(
        _ message: Message,
        _ session: Handle,
        _ id: Handle,
        _ options: SubscriptionOptions
    ) {
        guard message.header.expiresAt > now else { return }
        guard mayRead(session, message.topic.copied()) else { return }
        if options.noLocal, message.header.origin == sessions[session].clientWord { return }
        work.add(2 + message.byteCount >> 10)
        let item = QueuedMessage(
            message: message,
            qos: min(message.header.qos, options.qos),
            isRetained: true,
            identifiers: options.identifier == 0 ? nil : [options.identifier]
        )
        if links.contains(id) {
            sendInTurn(item, session, id)
        } else if item.qos > 0 {
            // The client left while another home was asked; it gets the message when it returns.
            enqueue(item, session, from: .none)
        }
    }

    private func endWalk(_ queue: RetainedQueue) {
        if let walk = queue.walk, walk.ticket != 0 {
            retainedTickets[walk.ticket] = nil
            outboxes[retainedHome(walk)].append(.retainedDropped(ticket: walk.ticket))
        }
        queue.walk = nil
    }

    /// A session waits for nothing more, or is gone.
    func dropRetained(_ session: Handle) {
        guard let queue = sessions[session].retained else { return }
        sessions[session].retained = nil
        if queue.askedAt != nil { awaitedParts -= 1 }
        endWalk(queue)
        readOn(queue)
    }

    private func readOn(_ queue: RetainedQueue) {
        let held = queue.held
        queue.held = .none
        if held != .none { release(held) }
    }

    /// A session goes on with what was put off.
    func retainedPutOn(_ session: Handle) {
        guard sessions.contains(session), let queue = sessions[session].retained else { return }
        queue.isPutOff = false
        sendRetained(session)
    }

    // MARK: Other homes

    private func retainedHome(_ walk: RetainedWalk) -> Int {
        (setup.index + walk.homesDone) % setup.count
    }

    /// Asks another home for its next messages.
    private func askRetained(_ queue: RetainedQueue, _ session: Handle, _ tenant: UInt32) {
        guard let walk = queue.walk else { return }
        let home = retainedHome(walk)
        queue.askedAt = liveStamp
        awaitedParts += 1
        // Who has seen a newer message of a third partition asks for an answer that has seen it.
        let seen = retainsSeen[home]
        if walk.ticket != 0 {
            outboxes[home].append(.retainedNext(ticket: walk.ticket, seen: seen))
            return
        }
        let ticket = nextTicket
        nextTicket += 1
        queue.walk?.ticket = ticket
        retainedTickets[ticket] = session
        outboxes[home].append(
            .retainedWanted(
                tenant: tenant,
                filter: walk.filter,
                after: walk.after[home],
                seen: seen,
                ticket: ticket
            )
        )
    }

    /// Another home has answered.
    func retainedArrived(_ ticket: UInt64, _ messages: [Message], isLast: Bool) {
        guard let session = retainedTickets[ticket], sessions.contains(session),
            let queue = sessions[session].retained, let walk = queue.walk,
            let askedAt = queue.askedAt
        else { return }
        queue.askedAt = nil
        awaitedParts -= 1
        let tenant = sessions[session].key.tenant
        let id = sessions[session].link
        if let options = retainedOptions(session, walk.filter) {
            for message in messages where !wentByLive(message, since: askedAt, tenant) {
                sendRetained(message, session, id, options)
            }
        }
        if awaitedParts == 0 { liveSince.removeAll(keepingCapacity: false) }
        if isLast {
            retainedTickets[ticket] = nil
            queue.walk?.ticket = 0
            queue.walk?.homesDone += 1
        }
        sendRetained(session)
    }

    /// A retained message went by live: who has asked another home must not get an older one of
    /// its topic after it.
    func noteLive(_ message: Message) {
        guard awaitedParts > 0, message.header.isRetained else { return }
        liveStamp += 1
        liveSince[ClientKey(tenant: message.header.tenant, identifier: message.topic.copied())] =
            liveStamp
    }

    private func wentByLive(_ message: Message, since stamp: UInt64, _ tenant: UInt32) -> Bool {
        guard !liveSince.isEmpty else { return false }
        let key = ClientKey(tenant: tenant, identifier: message.topic.copied())
        return liveSince[key].map { $0 > stamp } ?? false
    }
}
