// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE and UNSUBSCRIBE. The SUBACK leaves when every partition knows the filters; packets
// behind it are handled meanwhile, and their answers follow it.

internal import SealBytes
internal import SealMQTT

/// A SUBSCRIBE that waits for other partitions.
struct PendingSubscribe {
    var link: Handle
    var session: Handle
    var tenant: UInt32
    var packetID: UInt16
    var codes: [UInt8]
    var waitsFor: Int
    /// Shared groups whose home is elsewhere and was asked.
    var joins: [GroupMember] = []
    /// Filters whose retained messages are to be sent with the SUBACK.
    var filters: [PendingFilter]
    /// Places in the tree that the other partitions are being told of.
    var nodes: [TopicNode] = []
    /// The homes of retained messages are still to be asked.
    var needsSnapshot = false
    /// How many retained messages, by home and by partition, had been posted when it was known.
    var after: [[UInt64]] = []

    /// Every partition has answered.
    var isKnown: Bool { waitsFor <= 0 && !needsSnapshot }
}

/// One filter of a SUBSCRIBE that waits.
struct PendingFilter {
    var filter: TopicFilter
    var options: SubscriptionOptions
    var retained: [Message] = []
    /// Topics whose newer value went by while the others were asked.
    var seenLive: Set<[UInt8]> = []
}

extension Partition {
    func subscribeReceived(_ id: Handle, _ packet: Subscribe) throws(MQTTError) -> Flow {
        let session = links[id].session
        guard sessions.contains(session) else { return .stop }
        var pending = PendingSubscribe(
            link: id,
            session: session,
            tenant: links[id].tenant,
            packetID: packet.packetID,
            codes: [],
            waitsFor: 0,
            filters: []
        )
        var asked: [(filter: [UInt8], wantsRetained: Bool)] = []
        // All filters are read before the first is subscribed: a malformed packet changes nothing.
        let filters = try mounted(id, packet.filters.map(\.filter))
        for (request, filter) in zip(packet.filters, filters) {
            guard let filter else {
                pending.codes.append(MQTTReason.topicFilterInvalid.rawValue)
                continue
            }
            let code = judge(id, session, filter)
            guard code == nil else {
                pending.codes.append(code?.rawValue ?? 0x80)
                continue
            }
            let options = SubscriptionOptions(
                qos: min(request.qos, links[id].maximumQoS),
                noLocal: request.noLocal,
                retainAsPublished: request.retainAsPublished,
                retainHandling: request.retainHandling,
                identifier: packet.subscriptionIdentifier ?? 0
            )
            let (isNew, isFirst) = subscribe(session, filter, options)
            pending.codes.append(options.qos)
            if let member = joinElsewhere(session, filter, options) {
                pending.joins.append(member)
                continue
            }
            // MQTT 5.0 §3.3.1.3: retained messages by handling, and never for shared ones.
            let wantsRetained =
                !filter.isShared
                && (options.retainHandling == 0 || options.retainHandling == 1 && isNew)
            if wantsRetained {
                pending.filters.append(PendingFilter(filter: filter, options: options))
            }
            if setup.count > 1, isFirst || wantsRetained {
                asked.append((filter.bytes, wantsRetained))
            }
        }
        finishSubscribe(pending, asked)
        return onward(id)
    }

    /// Asks the other partitions, or answers at once when there are none.
    private func finishSubscribe(
        _ pending: PendingSubscribe,
        _ asked: [(filter: [UInt8], wantsRetained: Bool)]
    ) {
        guard !asked.isEmpty || !pending.joins.isEmpty else {
            writeSuback(pending)
            answerWritten(pending.link)
            return sendSnapshots(pending)
        }
        var pending = pending
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
        let wantsRetained = setup.count > 1 && !pending.filters.isEmpty
        if wantsRetained, setup.count == 2 {
            // The only other partition is the only other home: its letters are in order.
            pending.waitsFor += 1
        } else if wantsRetained {
            pending.needsSnapshot = true
            // What is published here from now on reaches the session without a detour.
            pending.after = retainsPosted.map { posted in
                var counts = [UInt64](repeating: 0, count: setup.count)
                counts[setup.index] = posted
                return counts
            }
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
        if wantsRetained, !pending.needsSnapshot { askForSnapshots(pending, ticket) }
    }

    /// The SUBACK, whose turn it is, and the retained messages behind it.
    func answerSubscribe(_ pending: PendingSubscribe) {
        writeSuback(pending)
        sendWritten(pending.link)
        sendSnapshots(pending)
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

    private func sendSnapshots(_ pending: PendingSubscribe) {
        let id = pending.link
        let tenant = links[id].tenant
        for wanted in pending.filters where isSubscribed(pending.session, wanted.filter) {
            let counts = pending.after.isEmpty ? [] : pending.after[setup.index]
            let own = snapshot(wanted.filter.bytes, tenant: tenant, upTo: counts)
            for message in wanted.retained + own
            where wanted.seenLive.isEmpty || !wanted.seenLive.contains(message.topic.copied()) {
                sendRetained(message, pending.session, id, wanted.options)
            }
        }
    }

    /// Whether a session still has a filter that was asked about elsewhere.
    private func isSubscribed(_ session: Handle, _ filter: TopicFilter) -> Bool {
        sessions[session].subscriptions.place(of: filter.bytes, nil) != nil
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
        let item = QueuedMessage(
            message: message,
            qos: min(message.header.qos, options.qos),
            isRetained: true,
            identifiers: options.identifier == 0 ? nil : [options.identifier]
        )
        sendInTurn(item, session, id)
    }

    /// Sends a message behind those that wait.
    func sendInTurn(_ item: QueuedMessage, _ session: Handle, _ id: Handle) {
        let hasTurn =
            sessions[session].queue.isEmpty
            && (item.qos == 0 || sessions[session].window.hasRoom)
        let isReady = hasTurn && out.count(Int(id.slot)) < limits.outBytesMax
        if isReady { send(item, to: session, id) } else { enqueue(item, session, from: id) }
    }

    /// The filters as the broker knows them; nil where one is written correctly, but not accepted
    /// here.
    private func mounted(
        _ id: Handle,
        _ filters: [[UInt8]]
    ) throws(MQTTError) -> [TopicFilter?] {
        var mounted: [TopicFilter?] = []
        for bytes in filters {
            do {
                mounted.append(try self.mounted(id, bytes))
            } catch {
                if error.reasonCode != .topicFilterInvalid { throw error }
                mounted.append(nil)
            }
        }
        return mounted
    }

    /// The filter as the broker knows it.
    private func mounted(_ id: Handle, _ bytes: [UInt8]) throws(MQTTError) -> TopicFilter {
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
    private func judge(_ id: Handle, _ session: Handle, _ filter: TopicFilter) -> MQTTReason? {
        if sessions[session].subscriptions.count >= limits.subscriptionsPerSessionMax,
            sessions[session].subscriptions.place(of: filter.bytes, Self.groupKey(filter)) == nil
        {
            counters.limitHits.add(.subscriptionsPerSession)
            report(.limitHit(notice(id), limit: "subscriptions-per-session"))
            return .quotaExceeded
        }
        guard !links[id].isUnrestricted || TopicSpace.isReserved(filter.bytes),
            let principal = principals[links[id].principal]
        else { return nil }
        let decision = principal.decide(.subscribe, topic: filter.bytes)
        if decision.isAllowed { return nil }
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

    func unsubscribeReceived(_ id: Handle, _ packet: Unsubscribe) throws(MQTTError) -> Flow {
        let session = links[id].session
        guard sessions.contains(session) else { return .stop }
        var codes: [UInt8] = []
        for filter in try mounted(id, packet.filters) {
            guard let filter else {
                codes.append(MQTTReason.topicFilterInvalid.rawValue)
                continue
            }
            let key = Self.groupKey(filter)
            if let index = sessions[session].subscriptions.place(of: filter.bytes, key) {
                unlink(session, index)
                codes.append(0)
            } else {
                codes.append(MQTTReason.noSubscriptionExisted.rawValue)
            }
        }
        writer.removeAll()
        Encode.unsuback(
            packetID: packet.packetID,
            codes: codes,
            version: links[id].version,
            into: &writer
        )
        answerWritten(id)
        return onward(id)
    }

    /// Adds or replaces a subscription; whether it is new to the session, and whether it is the
    /// first of its filter in this partition.
    private func subscribe(
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
        counters.subscriptions -= 1
        routes.invalidate(record.filter, tenant: tenant)
        // The last record took the free place: its entry is told.
        if index < sessions[session].subscriptions.count {
            let moved = sessions[session].subscriptions[index]
            moved.node?.entries[moved.position].record = index
        }
        if let key = record.group {
            leaveGroup(session, record.filter, key, record.options)
            return
        }
        guard let node = record.node else { return }
        let moved = node.entries.removeLast()
        if record.position < node.entries.count {
            node.entries[record.position] = moved
            sessions[moved.session].subscriptions[moved.record].position = record.position
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
        spaces[tenant]?.tree.prune(node)
        tidy(tenant)
    }

    static func groupKey(_ filter: TopicFilter) -> [UInt8]? {
        filter.shareGroup.map { $0 + [UInt8(ascii: "/")] + filter.bytes }
    }
}
