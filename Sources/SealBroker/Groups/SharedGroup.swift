// SPDX-License-Identifier: Apache-2.0
// Shared subscriptions: one partition is the home of a group and picks, for each message, the
// member that gets it (MQTT 5.0 §4.8.2).

internal import SealBytes
internal import SealMQTT

/// A group, at its home.
struct SharedGroup {
    struct Member {
        var member: GroupMember
        var isConnected: Bool
        /// How many messages it was given; a new member starts where the others are.
        var given: UInt64
    }

    let key: ClientKey
    let filter: [UInt8]
    let node: TopicNode
    var members: [Member] = []
}

/// A join from another partition, answered when every partition knows the group's filter.
struct PendingJoin {
    let node: TopicNode
    var waitsFor: Int
    var replyTo: Int
    var ticket: UInt64
}

extension Partition {
    func isHome(of key: [UInt8], _ tenant: UInt32) -> Bool { home(tenant, key) == setup.index }

    private func member(
        _ session: Handle,
        _ filter: [UInt8],
        _ key: [UInt8],
        _ options: SubscriptionOptions
    ) -> GroupMember {
        GroupMember(
            tenant: sessions[session].key.tenant,
            key: key,
            filter: filter,
            partition: setup.index,
            session: session,
            qos: options.qos,
            identifier: options.identifier
        )
    }

    /// The member to announce when the group's home is another partition.
    func joinElsewhere(
        _ session: Handle,
        _ filter: TopicFilter,
        _ options: SubscriptionOptions
    ) -> GroupMember? {
        guard let key = Self.groupKey(filter), !isHome(of: key, sessions[session].key.tenant)
        else { return nil }
        return member(session, filter.bytes, key, options)
    }

    /// A session of this partition joins a group whose home this is; whether the filter is new.
    @discardableResult
    func joinGroup(
        _ session: Handle,
        _ filter: TopicFilter,
        _ key: [UInt8],
        _ options: SubscriptionOptions
    ) -> Bool {
        enter(
            member(session, filter.bytes, key, options),
            isConnected: links.contains(sessions[session].link)
        )
    }

    /// A member comes into a group of this partition.
    private func enter(_ member: GroupMember, isConnected: Bool) -> Bool {
        let key = ClientKey(tenant: member.tenant, identifier: member.key)
        var isFirst = false
        let group: Handle
        if let existing = groupsByKey[key] {
            group = existing
        } else {
            let node = space(of: member.tenant).tree.node(for: member.filter)
            isFirst = !node.hasLocalInterest
            group = groups.insert(SharedGroup(key: key, filter: member.filter, node: node))
            groupsByKey[key] = group
            node.groups.append(group)
            routes.invalidate(member.filter, tenant: member.tenant)
        }
        let index = groups[group].members.firstIndex { $0.member.word == member.word }
        if let index {
            groups[group].members[index].member = member
        } else {
            let start = groups[group].members.map(\.given).min() ?? 0
            groups[group].members.append(
                SharedGroup.Member(member: member, isConnected: isConnected, given: start)
            )
        }
        return isFirst || groups[group].node.askedTicket != 0
    }

    func leaveGroup(
        _ session: Handle,
        _ filter: [UInt8],
        _ key: [UInt8],
        _ options: SubscriptionOptions
    ) {
        let member = member(session, filter, key, options)
        if isHome(of: key, member.tenant) {
            leave(member)
        } else {
            outboxes[home(member.tenant, key)].append(
                .groupMember(member, event: .left, ticket: 0)
            )
        }
    }

    private func leave(_ member: GroupMember) {
        let key = ClientKey(tenant: member.tenant, identifier: member.key)
        guard let group = groupsByKey[key] else { return }
        groups[group].members.removeAll { $0.member.word == member.word }
        guard groups[group].members.isEmpty, let gone = groups.remove(group) else { return }
        groupsByKey[key] = nil
        gone.node.groups.removeAll { $0 == group }
        routes.invalidate(gone.filter, tenant: member.tenant)
        loseInterest(gone.node, gone.filter, member.tenant)
    }

    /// A session's connection came or went: its groups' homes are told.
    func groupsNotice(_ session: Handle, _ event: GroupEvent) {
        for record in sessions[session].subscriptions.all {
            guard let key = record.group else { continue }
            let member = member(session, record.filter, key, record.options)
            let home = home(member.tenant, key)
            if home == setup.index {
                groupMember(member, event, ticket: 0, from: setup.index)
            } else {
                outboxes[home].append(.groupMember(member, event: event, ticket: 0))
            }
        }
    }

    /// A member's partition reports.
    func groupMember(_ member: GroupMember, _ event: GroupEvent, ticket: UInt64, from: Int) {
        switch event {
        case .joined:
            let isFirst = enter(member, isConnected: true)
            guard ticket != 0 else { return }
            guard isFirst, setup.count > 1 else {
                outboxes[from].append(.interestKnown(ticket: ticket, retainsPosted: []))
                return
            }
            announce(member, replyTo: from, ticket)
        case .left:
            leave(member)
        case .connected, .disconnected:
            let key = ClientKey(tenant: member.tenant, identifier: member.key)
            guard let group = groupsByKey[key],
                let index = groups[group].members.firstIndex(where: {
                    $0.member.word == member.word
                })
            else { return }
            groups[group].members[index].isConnected = event == .connected
        }
    }

    /// Makes the group's filter known everywhere before the join is answered.
    private func announce(_ member: GroupMember, replyTo: Int, _ ticket: UInt64) {
        let own = nextTicket
        nextTicket += 1
        let node = space(of: member.tenant).tree.node(for: member.filter)
        node.askedTicket = own
        pendingJoins[own] = PendingJoin(
            node: node,
            waitsFor: setup.count - 1,
            replyTo: replyTo,
            ticket: ticket
        )
        for index in 0..<setup.count where index != setup.index {
            outboxes[index].append(
                .interest(
                    tenant: member.tenant,
                    filter: member.filter,
                    isWanted: true,
                    wantsRetained: false,
                    ticket: own
                )
            )
        }
    }

    func joinKnown(_ ticket: UInt64) {
        guard var join = pendingJoins[ticket] else { return }
        join.waitsFor -= 1
        pendingJoins[ticket] = join.waitsFor > 0 ? join : nil
        if join.waitsFor == 0 {
            let node = join.node
            if node.askedTicket == ticket { node.askedTicket = 0 }
            outboxes[join.replyTo].append(
                .interestKnown(ticket: join.ticket, retainsPosted: [])
            )
        }
    }

    /// Gives a message to one member of a group; `tried` members have refused it.
    func giveToGroup(_ message: Message, _ group: Handle, tried: [UInt64]) {
        var tried = tried
        while groups.contains(group), let index = pick(group, tried) {
            groups[group].members[index].given += 1
            let member = groups[group].members[index].member
            if member.partition != setup.index {
                post(
                    .groupDeliver(message, member: member, group: group, tried: tried),
                    message,
                    to: member.partition,
                    from: .none
                )
                return
            }
            if take(message, member, group, home: setup.index) { return }
            tried.append(member.word)
        }
        counters.messagesDropped.add(.noMember)
    }

    /// The connected member with the least to do; one that is away only when all are.
    private func pick(_ group: Handle, _ tried: [UInt64]) -> Int? {
        var best: (index: Int, rank: (Int, Int, UInt64))?
        let isLocal = groups[group].members.allSatisfy { $0.member.partition == setup.index }
        for (index, candidate) in groups[group].members.enumerated()
        where !tried.contains(candidate.member.word) {
            var load = 0
            let session = candidate.member.session
            if isLocal, sessions.contains(session) {
                load = sessions[session].window.inFlight + sessions[session].queue.count
            }
            let rank = (candidate.isConnected ? 0 : 1, load, candidate.given)
            if best.map({ rank < $0.rank }) ?? true { best = (index, rank) }
        }
        return best?.index
    }

    /// Delivers to a member that lives here; false when it cannot take the message.
    ///
    /// `group` is a name of the partition `home`.
    func take(
        _ message: Message,
        _ member: GroupMember,
        _ group: Handle,
        home: Int
    ) -> Bool {
        let session = member.session
        // The group's home may not know yet that the member unsubscribed ([MQTT-3.10.4-2]).
        guard sessions.contains(session), message.header.expiresAt > now,
            let place = sessions[session].subscriptions.place(of: member.filter, member.key),
            mayRead(session, message.topic.copied())
        else { return false }
        let id = sessions[session].link
        let options = sessions[session].subscriptions[place].options
        let qos = min(message.header.qos, options.qos)
        let item = QueuedMessage(
            message: message,
            qos: qos,
            isRetained: false,
            identifiers: options.identifier == 0 ? nil : [options.identifier],
            group: group,
            groupHome: UInt8(truncatingIfNeeded: home)
        )
        if links.contains(id) {
            // Room for the header and properties that the encoding adds.
            if message.byteCount + 64 > links[id].packetBytesMax { return false }
            let isFree = out.count(Int(id.slot)) < limits.outBytesMax
            if qos == 0, !isFree { return false }
            if isFree, sessions[session].queue.isEmpty, qos == 0 || sessions[session].window.hasRoom
            {
                send(item, to: session, id)
                return true
            }
        } else if qos == 0 {
            return false
        }
        guard sessions[session].queue.count < limits.queuedMessagesMax else { return false }
        enqueue(item, session, from: .none)
        return true
    }
}
