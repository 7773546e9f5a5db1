// SPDX-License-Identifier: Apache-2.0
// What a session leaves behind when it ends: subscriptions that are to be taken out of the tree,
// and shared messages for other members. It may be much, so it is cleared in pieces.

internal import SealBytes

/// What is left of a session that has ended.
struct SessionRemains {
    /// A shared message that was not acknowledged.
    struct Shared {
        var message: Message
        var group: Handle
        var home: Int
    }

    var key: ClientKey
    var subscriptions: SubscriptionList
    var shared: [Shared] = []
    /// How many of them were passed on.
    var passedOn = 0

    /// Shared messages of QoS 1 that were not acknowledged go to another member; those of QoS 2 do
    /// not ([MQTT-4.8.2-5]).
    // BOUND: `in-flight-maximum` and `queued-messages`, a step of some nanoseconds for each.
    init(_ gone: Session) {
        key = gone.key
        subscriptions = gone.subscriptions
        for (_, flight) in gone.window.waiting
        where flight.group != .none && flight.state == .awaitsPuback {
            guard let message = flight.message else { continue }
            shared.append(
                Shared(message: message, group: flight.group, home: Int(flight.groupHome))
            )
        }
        var queue = gone.queue
        while let item = queue.popFirst() {
            if item.group == .none { continue }
            shared.append(
                Shared(message: item.message, group: item.group, home: Int(item.groupHome))
            )
        }
    }

    /// The next message that is to be passed on.
    mutating func nextShared() -> Shared? {
        guard passedOn < shared.count else { return nil }
        passedOn += 1
        return shared[passedOn - 1]
    }
}

extension Partition {
    /// Clears up behind a session that has ended: at once when it is little.
    func leaveRemains(_ session: Handle, _ gone: Session) {
        let left = SessionRemains(gone)
        guard !left.subscriptions.isEmpty || !left.shared.isEmpty else { return }
        remains[session] = left
        clearRemains(session)
    }

    /// Clears a part of what an ended session left.
    func clearRemains(_ session: Handle) {
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
        while let shared = remains[session]?.nextShared() {
            work.add(2)
            passOn(shared, session, tenant)
            guard work.done &- mark < allowance else {
                return backlog.append(.remains(session), of: tenant)
            }
        }
        remains[session] = nil
        tidy(tenant)
    }

    /// Asks a group's home to pick another member.
    private func passOn(_ shared: SessionRemains.Shared, _ session: Handle, _ tenant: UInt32) {
        guard shared.home != setup.index else { return giveToGroup(shared.message, shared.group) }
        let member = GroupMember(
            tenant: tenant,
            key: [],
            filter: [],
            partition: setup.index,
            session: session,
            qos: 0,
            identifier: 0
        )
        outboxes[shared.home].append(
            .groupRefused(
                shared.message,
                member: member,
                group: shared.group,
                GroupSearch(),
                isFull: true
            )
        )
    }
}
