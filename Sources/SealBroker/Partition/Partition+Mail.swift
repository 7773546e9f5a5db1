// SPDX-License-Identifier: Apache-2.0
// Letters from the other partitions.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// Takes a letter from another partition.
    public func deliver(_ mail: Mail, from sender: Int) {
        switch mail {
        case .interest(let tenant, let filter, let isWanted, let wantsRetained, let ticket):
            interest(tenant, filter, isWanted, from: sender)
            guard ticket != 0 else { return }
            let found = wantsRetained ? snapshot(filter, tenant: tenant) : []
            outboxes[sender].append(.interestKnown(ticket: ticket, retained: found))
        case .interestKnown(let ticket, let retained):
            if pendingJoins[ticket] != nil {
                joinKnown(ticket)
            } else {
                interestKnown(ticket, retained)
            }
        case .forward(let message):
            forwardArrived(message)
        case .retain(let message, let forwarded):
            retainedArrived(message, forwarded: forwarded, from: sender)
        case .groupMember(let member, let event, let ticket):
            groupMember(member, event, ticket: ticket, from: sender)
        case .groupDeliver(let message, let member, let group, let tried):
            if !take(message, member, group) {
                outboxes[sender].append(
                    .groupRefused(message, member: member, group: group, tried: tried)
                )
            }
        case .groupRefused(let message, let member, let group, let tried):
            giveToGroup(message, group, tried: tried + [member.word])
        }
    }

    /// Another partition has its first, or lost its last, subscriber of a filter.
    private func interest(_ tenant: UInt32, _ filter: [UInt8], _ isWanted: Bool, from: Int) {
        let bit: UInt64 = 1 &<< UInt64(from)
        routes.invalidate(filter, tenant: tenant)
        if isWanted {
            trees[Int(tenant)].node(for: filter).remote |= bit
        } else if let node = trees[Int(tenant)].existingNode(for: filter) {
            node.remote &= ~bit
            trees[Int(tenant)].prune(node)
        }
    }
}
