// SPDX-License-Identifier: Apache-2.0
// Letters from the other partitions.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// Takes a letter from another partition.
    public func deliver(_ mail: Mail, from sender: Int) {
        switch mail {
        case .credit(let bytes): creditArrived(bytes, from: sender)
        case .interest(let tenant, let filter, let isWanted, let wantsRetained, let ticket):
            interest(tenant, filter, isWanted, from: sender)
            guard ticket != 0 else { return }
            outboxes[sender].append(
                .interestKnown(
                    ticket: ticket,
                    retainsPosted: wantsRetained ? retainsPosted : []
                )
            )
        case .interestKnown(let ticket, let posted):
            if pendingJoins[ticket] != nil {
                joinKnown(ticket)
            } else {
                interestKnown(ticket, posted, from: sender)
            }
        case .retainedWanted(let tenant, let filter, let after, let seen, let ticket):
            retainedWanted(
                ServedKey(partition: sender, ticket: ticket),
                ServedWalk(tenant: tenant, filter: filter, after: after, seen: seen)
            )
        case .retainedNext(let ticket, let seen):
            retainedNext(ServedKey(partition: sender, ticket: ticket), seen: seen)
        case .retainedDropped(let ticket):
            served[ServedKey(partition: sender, ticket: ticket)] = nil
        case .retainedPart(let ticket, let messages, let isLast):
            retainedArrived(ticket, messages, isLast: isLast)
        case .forward(let message, let retained):
            owe(message, to: sender)
            if retained != 0, setup.count > 2 {
                let home = home(message.header.tenant, message.topic.copied())
                retainsSeen[home][sender] = max(retainsSeen[home][sender], retained)
            }
            forwardArrived(message)
        case .retain(let message):
            owe(message, to: sender)
            _ = store(message, from: sender)
            if !unready.isEmpty { hasNewRetains = true }
        case .groupMember(let member, let event, let ticket):
            groupMember(member, event, ticket: ticket, from: sender)
        case .groupDeliver(let message, let member, let group, let search):
            owe(message, to: sender)
            let taking = take(message, member, group, home: sender)
            guard taking != .taken else { return }
            outboxes[sender].append(
                .groupRefused(
                    message,
                    member: member,
                    group: group,
                    search,
                    isFull: taking == .full
                )
            )
        case .groupRefused(let message, let member, let group, let search, let isFull):
            groupRefused(message, member, group, search, isFull: isFull)
        }
    }

    /// A partition knows one of a SUBSCRIBE's filters.
    private func interestKnown(_ ticket: UInt64, _ posted: [UInt64], from sender: Int) {
        guard pendingSubscribes[ticket] != nil else { return }
        if pendingSubscribes[ticket]?.after.isEmpty == false {
            for (home, count) in posted.enumerated() {
                pendingSubscribes[ticket]?.after[home][sender] = count
            }
        }
        pendingSubscribes[ticket]?.waitsFor -= 1
        guard let pending = pendingSubscribes[ticket], pending.isKnown else { return }
        for node in pending.nodes where node.askedTicket == ticket { node.askedTicket = 0 }
        pendingSubscribes[ticket]?.nodes = []
        subscribeIsKnown(ticket)
    }

    /// Another partition has its first, or lost its last, subscriber of a filter.
    private func interest(_ tenant: UInt32, _ filter: [UInt8], _ isWanted: Bool, from: Int) {
        let bit: UInt64 = 1 &<< UInt64(from)
        if isWanted {
            let node = space(of: tenant).tree.node(for: filter)
            guard node.remote & bit == 0 else { return }
            node.remote |= bit
            routes.invalidate(filter, tenant: tenant)
        } else if let space = spaces[tenant], let node = space.tree.existingNode(for: filter) {
            routes.invalidate(filter, tenant: tenant)
            node.remote &= ~bit
            space.tree.prune(node, filter)
            tidy(tenant)
        }
    }

    /// Sends a publication to the partitions whose bits are set.
    func forward(
        _ publication: inout Publication,
        _ remote: UInt64,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        let message = keep(&publication, topic: topic, properties: properties, payload: payload)
        var rest = remote
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            post(
                .forward(message, retained: publication.retainedNumber),
                message,
                to: index,
                from: publication.source
            )
            rest &= rest &- 1
        }
    }

    /// A message another partition got and somebody here wants.
    func forwardArrived(_ message: Message) {
        let tenant = message.header.tenant
        let hash = routes.hash(message.topic, tenant: tenant)
        let known: Route
        if let found = routes.find(message.topic, hash: hash, tenant: tenant) {
            known = found
        } else if let made = try? resolve(message.topic, hash: hash, tenant: tenant) {
            known = made
        } else {
            return
        }
        noteLive(message)
        var publication = Publication(
            qos: message.header.qos,
            isRetained: message.header.isRetained,
            tenant: tenant,
            origin: .none,
            source: .none,
            expiresAt: message.header.expiresAt,
            message: message
        )
        deliverHere(
            &publication,
            known,
            topic: message.topic,
            properties: message.properties,
            payload: message.payload
        )
    }

    /// What a message counts for in a mailbox, its letter included.
    private static func weight(_ message: Message) -> Int { message.byteCount + 128 }

    /// Posts a letter with a message; its source waits when the receiver is far behind.
    func post(_ mail: Mail, _ message: Message, to index: Int, from source: Handle) {
        outboxes[index].append(mail)
        mailOutstanding[index] += Self.weight(message)
        guard mailOutstanding[index] > limits.mailboxBytesMax else { return }
        counters.limitHits.add(.mailboxBytes)
        guard links.contains(source), links[source].phase == .open,
            mailHolds[index].insert(source).inserted
        else { return }
        links[source].heldBy += 1
    }

    /// Counts what was handled for a sender, and tells it now and then.
    private func owe(_ message: Message, to sender: Int) {
        mailOwed[sender] += Self.weight(message)
        guard mailOwed[sender] * 16 > limits.mailboxBytesMax else { return }
        outboxes[sender].append(.credit(mailOwed[sender]))
        mailOwed[sender] = 0
    }

    private func creditArrived(_ bytes: Int, from index: Int) {
        mailOutstanding[index] -= bytes
        guard mailOutstanding[index] * 2 < limits.mailboxBytesMax else { return }
        let held = mailHolds[index]
        mailHolds[index] = []
        for source in held { release(source) }
    }
}
