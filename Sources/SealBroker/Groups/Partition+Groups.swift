// SPDX-License-Identifier: Apache-2.0
// Shared subscriptions: one partition is the home of a group and picks, for each message, the
// member that gets it (MQTT 5.0 §4.8.2).

internal import SealBytes
internal import SealMQTT

/// A join from another partition, answered when every partition knows the group's filter.
struct PendingJoin {
    let node: TopicNode
    var waitsFor: Int
    var replyTo: Int
    var ticket: UInt64
}

/// How far the search for a message's member has come.
public struct GroupSearch: Sendable, Equatable {
    /// After so many refusals by other partitions the message counts as refused by all.
    static let hopsMax: UInt16 = 256

    /// Members that cannot take this message, whatever they have to do: those that were tried one
    /// after the other.
    var unfit: UInt32 = 0
    /// Refusals by members of other partitions.
    var hops: UInt16 = 0
}

/// What comes of giving a message to a member.
enum GroupTaking {
    case taken
    /// It cannot take this one: too large for it, not for its eyes, or gone by QoS.
    case unfit
    /// It has no room now.
    case full
}

extension Partition {
    func isHome(of key: [UInt8], _ tenant: UInt32) -> Bool { home(tenant, key) == setup.index }

    private func member(
        _ session: Handle,
        _ tenant: UInt32,
        _ filter: [UInt8],
        _ key: [UInt8],
        _ options: SubscriptionOptions
    ) -> GroupMember {
        GroupMember(
            tenant: tenant,
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
        let tenant = sessions[session].key.tenant
        guard let key = Self.groupKey(filter), !isHome(of: key, tenant) else { return nil }
        return member(session, tenant, filter.bytes, key, options)
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
            member(session, sessions[session].key.tenant, filter.bytes, key, options),
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
        groups[group].enter(member, isConnected: isConnected, home: setup.index)
        return isFirst || groups[group].node.askedTicket != 0
    }

    func leaveGroup(
        _ session: Handle,
        _ tenant: UInt32,
        _ filter: [UInt8],
        _ key: [UInt8],
        _ options: SubscriptionOptions
    ) {
        let member = member(session, tenant, filter, key, options)
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
        groups[group].leave(member.word, home: setup.index)
        guard groups[group].isEmpty, let gone = groups.remove(group) else { return }
        groupsByKey[key] = nil
        gone.node.groups.removeAll { $0 == group }
        routes.invalidate(gone.filter, tenant: member.tenant)
        loseInterest(gone.node, gone.filter, member.tenant)
    }

    /// A session in more groups waits for its tenant's share of a turn.
    private static var groupsAtOnceMax: Int { 64 }

    /// The groups of a session are told whether it is connected now.
    func groupsNoticePutOff(_ session: Handle) {
        guard sessions.contains(session) else { return }
        let isConnected = links.contains(sessions[session].link)
        groupsNotice(session, isConnected ? .connected : .disconnected)
    }

    /// A session's connection came or went: its groups' homes are told.
    func groupsNotice(_ session: Handle, _ event: GroupEvent) {
        let count = sessions[session].subscriptions.groupCount
        guard count > 0 else { return }
        let tenant = sessions[session].key.tenant
        guard count <= Self.groupsAtOnceMax || !work.isExhausted(work.place(of: tenant)) else {
            return backlog.append(.groups(session), of: tenant)
        }
        for record in sessions[session].subscriptions.all {
            guard let key = record.group else { continue }
            work.add(2)
            let member = member(session, tenant, record.filter, key, record.options)
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
            guard let group = groupsByKey[key] else { return }
            groups[group].note(member.word, isConnected: event == .connected)
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

    /// Gives a message to one member of a group.
    func giveToGroup(_ message: Message, _ group: Handle, _ search: GroupSearch = GroupSearch()) {
        var search = search
        while search.hops < GroupSearch.hopsMax, groups.contains(group),
            let member = pick(group, search)
        {
            work.add(2)
            if member.partition != setup.index {
                post(
                    .groupDeliver(message, member: member, group: group, search),
                    message,
                    to: member.partition,
                    from: .none
                )
                return
            }
            switch take(message, member, group, home: setup.index) {
            case .taken: return
            case .unfit: search.unfit += 1
            // A full member is taken out of the choice, so this ends.
            case .full: groups[group].refused(member.word, now: now)
            }
        }
        counters.messagesDropped.add(.noMember)
    }

    private func pick(_ group: Handle, _ search: GroupSearch) -> GroupMember? {
        if search.unfit > 0 { return groups[group].member(at: Int(search.unfit) - 1) }
        guard groups[group].elsewhere == 0 else {
            return groups[group].pick(now: now) { _ in 0 }
        }
        return groups[group].pick(now: now) { member in
            guard sessions.contains(member.session) else { return 0 }
            return sessions[member.session].window.inFlight + sessions[member.session].queue.count
        }
    }

    /// A member elsewhere could not take a message.
    func groupRefused(
        _ message: Message,
        _ member: GroupMember,
        _ group: Handle,
        _ search: GroupSearch,
        isFull: Bool
    ) {
        var search = search
        search.hops += 1
        if !isFull {
            search.unfit += 1
        } else if groups.contains(group) {
            groups[group].refused(member.word, now: now)
        }
        giveToGroup(message, group, search)
    }

    /// Delivers to a member that lives here.
    ///
    /// `group` is a name of the partition `home`.
    func take(
        _ message: Message,
        _ member: GroupMember,
        _ group: Handle,
        home: Int
    ) -> GroupTaking {
        let session = member.session
        // The group's home may not know yet that the member unsubscribed ([MQTT-3.10.4-2]).
        guard sessions.contains(session), message.header.expiresAt > now,
            let place = sessions[session].subscriptions.place(of: member.filter, member.key),
            mayRead(session, message.topic.copied())
        else { return .unfit }
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
            if message.byteCount + 64 > links[id].packetBytesMax { return .unfit }
            let isFree = out.count(Int(id.slot)) < limits.outBytesMax
            if qos == 0, !isFree { return .full }
            if isFree, sessions[session].queue.isEmpty, qos == 0 || sessions[session].window.hasRoom
            {
                send(item, to: session, id)
                return .taken
            }
        } else if qos == 0 {
            return .unfit
        }
        guard sessions[session].queue.count < limits.queuedMessagesMax,
            sessions[session].queue.bytes + message.byteCount <= limits.queuedBytesMax
        else { return .full }
        enqueue(item, session, from: .none)
        return .taken
    }
}
