// SPDX-License-Identifier: Apache-2.0
// Subscriptions in the tree and with the other partitions. The SUBACK leaves when every partition
// knows the filters; packets behind it are handled meanwhile, and their answers follow it.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// Asks the other partitions, or answers at once when there are none.
    func finishSubscribe(
        _ pending: PendingSubscribe,
        _ asked: [(filter: [UInt8], wantsRetained: Bool)]
    ) {
        var pending = pending
        if !pending.filters.isEmpty {
            // What is published here from now on reaches the session without a detour.
            pending.after = retainsPosted.map { posted in
                var counts = [UInt64](repeating: 0, count: setup.count)
                counts[setup.index] = posted
                return counts
            }
        }
        guard !asked.isEmpty || !pending.joins.isEmpty else {
            writeSuback(pending)
            answerWritten(pending.link)
            return queueRetained(pending)
        }
        let ticket = nextTicket
        nextTicket += 1
        awaitAnswer(pending.link, ticket)
        pending.waitsFor = asked.count * (setup.count - 1) + pending.joins.count
        let tenant = pending.tenant
        for question in asked {
            guard let node = spaces[tenant]?.tree.existingNode(for: question.filter) else {
                continue
            }
            node.askedTicket = ticket
            pending.nodes.append(node)
        }
        pendingSubscribes[ticket] = pending
        for member in pending.joins {
            outboxes[home(tenant, member.key)].append(
                .groupMember(member, event: .joined, ticket: ticket)
            )
        }
        for index in 0..<setup.count where index != setup.index {
            for question in asked {
                outboxes[index].append(
                    .interest(
                        tenant: tenant,
                        filter: question.filter,
                        isWanted: true,
                        wantsRetained: question.wantsRetained,
                        ticket: ticket
                    )
                )
            }
        }
    }

    /// The SUBACK, whose turn it is, and the retained messages behind it.
    func answerSubscribe(_ pending: PendingSubscribe) {
        writeSuback(pending)
        sendWritten(pending.link)
        queueRetained(pending)
    }

    private func writeSuback(_ pending: PendingSubscribe) {
        writer.removeAll()
        Encode.suback(
            packetID: pending.packetID,
            codes: pending.codes,
            version: links[pending.link].version,
            into: &writer
        )
    }

    /// Sends a message behind those that wait.
    func sendInTurn(_ item: QueuedMessage, _ session: Handle, _ id: Handle) {
        let hasTurn =
            sessions[session].queue.isEmpty
            && (item.qos == 0 || sessions[session].window.hasRoom)
        let isReady = hasTurn && out.count(Int(id.slot)) < limits.outBytesMax
        if isReady { send(item, to: session, id) } else { enqueue(item, session, from: id) }
    }

    /// The filter as the broker knows it.
    func mounted(_ id: Handle, _ bytes: [UInt8]) throws(MQTTError) -> TopicFilter {
        let filter = try TopicFilter(parsing: bytes)
        try checkSize(bytes.span.bytes, .topicFilterInvalid, .topicFilterInvalid)
        guard let own = brokerForm(id, filter.bytes.span.bytes) else { return filter }
        if let group = filter.shareGroup {
            return try TopicFilter(
                parsing: Array("$share/".utf8) + group + [UInt8(ascii: "/")] + own
            )
        }
        return try TopicFilter(parsing: own)
    }

    /// nil when the subscription is allowed.
    func judge(_ id: Handle, _ session: Handle, _ filter: TopicFilter) -> MQTTReason? {
        if sessions[session].subscriptions.count >= limits.subscriptionsPerSessionMax,
            sessions[session].subscriptions.place(of: filter.bytes, Self.groupKey(filter)) == nil
        {
            counters.limitHits.add(.subscriptionsPerSession)
            report(.limitHit(notice(id), limit: "subscriptions-per-session"))
            return .quotaExceeded
        }
        if let shape = WildcardShape(filter.bytes), !mayHaveShape(shape, session) {
            counters.limitHits.add(.wildcardShapes)
            report(.limitHit(notice(id), limit: "wildcard-shapes"))
            return .quotaExceeded
        }
        guard !links[id].isUnrestricted || TopicSpace.isReserved(filter.bytes),
            let principal = principals[links[id].principal]
        else { return chargeNew(id, session, filter) }
        let decision = principal.decide(.subscribe, topic: filter.bytes)
        if decision.isAllowed { return chargeNew(id, session, filter) }
        report(
            .accessRefused(
                notice(id),
                act: "subscribe",
                topic: filter.bytes,
                decision.reasons
            )
        )
        return .notAuthorized
    }

    /// Whether a filter of this shape may be added: the search for a topic's receivers costs as
    /// much as there are shapes.
    private func mayHaveShape(_ shape: WildcardShape, _ session: Handle) -> Bool {
        let own = sessions[session].subscriptions.shapes
        let all = spaces[sessions[session].key.tenant]?.tree.shapes
        return (own.contains(shape) || own.count < limits.wildcardShapesPerSessionMax)
            && (all?.contains(shape) ?? false || (all?.count ?? 0) < limits.wildcardShapesMax)
    }

    /// A subscription that is new is charged for.
    private func chargeNew(
        _ id: Handle,
        _ session: Handle,
        _ filter: TopicFilter
    ) -> MQTTReason? {
        let key = Self.groupKey(filter)
        if sessions[session].subscriptions.place(of: filter.bytes, key) != nil { return nil }
        if chargeSubscription(session, filter) { return nil }
        report(.limitHit(notice(id), limit: "subscription-bytes"))
        return .quotaExceeded
    }

    /// Adds or replaces a subscription; whether it is new to the session, and whether it is the
    /// first of its filter in this partition.
    func subscribe(
        _ session: Handle,
        _ filter: TopicFilter,
        _ options: SubscriptionOptions
    ) -> (isNew: Bool, isFirst: Bool) {
        let tenant = sessions[session].key.tenant
        let key = Self.groupKey(filter)
        routes.invalidate(filter.bytes, tenant: tenant)
        if let existing = sessions[session].subscriptions.place(of: filter.bytes, key) {
            sessions[session].subscriptions[existing].options = options
            let record = sessions[session].subscriptions[existing]
            if let node = record.node { node.entries[record.position].options = options }
            if let key {
                return (
                    false, isHome(of: key, tenant) && joinGroup(session, filter, key, options)
                )
            }
            return (false, record.node.map { $0.askedTicket != 0 } ?? false)
        }
        counters.subscriptions += 1
        if let key {
            sessions[session].subscriptions.append(
                Subscription(
                    filter: filter.bytes,
                    group: key,
                    options: options,
                    node: nil,
                    position: 0
                )
            )
            return (true, isHome(of: key, tenant) && joinGroup(session, filter, key, options))
        }
        let node = space(of: tenant).tree.node(for: filter.bytes)
        // The first one tells the others; who comes before they have answered waits for it too.
        let isFirst = !node.hasLocalInterest || node.askedTicket != 0
        node.entries.append(
            TopicNode.Entry(
                session: session,
                record: sessions[session].subscriptions.count,
                options: options
            )
        )
        sessions[session].subscriptions.append(
            Subscription(
                filter: filter.bytes,
                group: nil,
                options: options,
                node: node,
                position: node.entries.count - 1
            )
        )
        return (true, isFirst)
    }

    /// Removes a session's subscription by its place in the session's list.
    func unlink(_ session: Handle, _ index: Int) {
        let tenant = sessions[session].key.tenant
        let record = sessions[session].subscriptions.remove(at: index)
        // The last record took the free place: its entry is told.
        if index < sessions[session].subscriptions.count {
            let moved = sessions[session].subscriptions[index]
            moved.node?.entries[moved.position].record = index
        }
        takeOut(record, of: session, tenant)
    }

    /// Removes the last subscription that an ended session left behind.
    func unlinkLastRemains(_ session: Handle) {
        guard let tenant = remains[session]?.key.tenant,
            let record = remains[session]?.subscriptions.removeLast()
        else { return }
        takeOut(record, of: session, tenant)
    }

    /// Takes a subscription out of the tree or its group.
    private func takeOut(_ record: Subscription, of session: Handle, _ tenant: UInt32) {
        counters.subscriptions -= 1
        routes.invalidate(record.filter, tenant: tenant)
        if let key = record.group {
            return leaveGroup(session, tenant, record.filter, key, record.options)
        }
        guard let node = record.node else { return }
        let moved = node.entries.removeLast()
        if record.position < node.entries.count {
            node.entries[record.position] = moved
            if sessions.contains(moved.session) {
                sessions[moved.session].subscriptions[moved.record].position = record.position
            } else {
                remains[moved.session]?.subscriptions[moved.record].position = record.position
            }
        }
        loseInterest(node, record.filter, tenant)
    }

    /// Tells the others when the last local subscriber of a filter is gone.
    func loseInterest(_ node: TopicNode, _ filter: [UInt8], _ tenant: UInt32) {
        guard !node.hasLocalInterest else { return }
        for index in 0..<setup.count where index != setup.index {
            outboxes[index].append(
                .interest(
                    tenant: tenant,
                    filter: filter,
                    isWanted: false,
                    wantsRetained: false,
                    ticket: 0
                )
            )
        }
        spaces[tenant]?.tree.prune(node, filter)
        tidy(tenant)
    }

    static func groupKey(_ filter: TopicFilter) -> [UInt8]? {
        filter.shareGroup.map { $0 + [UInt8(ascii: "/")] + filter.bytes }
    }
}
