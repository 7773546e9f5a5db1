// SPDX-License-Identifier: Apache-2.0
// What must hold when everything has come to rest: what was owed has come.

extension Ledger {
    /// Checks a settled world; `droppedNow` is what the broker says it dropped so far.
    func checkSettled(
        droppedNow: Int,
        packetMaxima: [Int]
    ) throws(SimulationFault) {
        for client in sessions.indices {
            expire(client)
            confirmHandled(client)
        }
        var missing: [String] = []
        for client in sessions.indices where sessions[client].exists {
            checkOwed(client, packetMaxima[client], &missing)
        }
        checkGroups(&missing)
        checkWills(&missing)
        let dropped = droppedNow - droppedCount
        if let first = missing.first, missing.count > dropped {
            throw SimulationFault(
                reason: "\(first) (\(missing.count) missing, \(dropped) dropped by the broker)"
            )
        }
        if dropped == 0 {
            for client in sessions.indices where sessions[client].connection != nil {
                try checkRetained(client)
            }
        }
        droppedCount = droppedNow
    }

    /// What was handled is in force once all letters have arrived, its SUBACK lost or not.
    private func confirmHandled(_ client: Int) {
        for index in sessions[client].subscriptions.indices
        where sessions[client].subscriptions[index].isHandled
            && sessions[client].subscriptions[index].confirmedStep == nil
        {
            sessions[client].subscriptions[index].confirmedStep = step
        }
    }

    private func checkOwed(_ client: Int, _ packetMaximum: Int, _ missing: inout [String]) {
        let session = sessions[client]
        let firm = session.subscriptions.filter { $0.isFirm && $0.group == nil }
        guard !firm.isEmpty, session.connection != nil else { return }
        for message in messages where message.round == round && !message.isWill {
            guard let taken = message.handledStep, !message.isClear, !message.expires,
                message.byteCount + 80 < packetMaximum,
                !isForbidden(message.topic, for: client)
            else { continue }
            let matching = firm.filter {
                ($0.confirmedStep ?? .max) < taken && PlainMatch.matches($0.filter, message.topic)
                    && !($0.noLocal && message.publisher == client)
            }
            guard let qos = matching.map(\.qos).max() else { continue }
            if min(qos, message.qos) == 0 {
                guard session.connection == matching[0].connection,
                    matching.allSatisfy({ $0.connection == matching[0].connection })
                else { continue }
            }
            owed += 1
            if session.received[message.id] == nil {
                missing.append(
                    "client \(client) did not get message \(message.id) on \(message.topic)"
                )
            }
        }
    }

    private func checkGroups(_ missing: inout [String]) {
        var members: [(group: String, filter: String, since: Int, qos: UInt8)] = []
        // Groups with a member who is away, and may have a message waiting.
        var away: Set<String> = []
        // The lowest QoS a member had lately: it may have got a message with that.
        var least: [String: UInt8] = [:]
        for session in sessions where session.exists {
            for subscription in session.subscriptions {
                guard let group = subscription.group else { continue }
                if session.connection == nil { away.insert(group) }
                if (subscription.endStep ?? .max) >= roundStart {
                    least[group] = min(least[group] ?? 2, subscription.qos)
                }
                guard subscription.isFirm, let since = subscription.confirmedStep
                else { continue }
                members.append((group, subscription.filter, since, subscription.qos))
            }
        }
        for member in members {
            for message in messages
            where message.round == round && PlainMatch.matches(member.filter, message.topic) {
                guard let taken = message.handledStep, taken > member.since, !message.expires
                else { continue }
                // What a member had under way with QoS 2, or got with QoS 0, may end with it.
                let isSafe =
                    (groupEnds[member.group] ?? -1) < roundStart
                    && !away.contains(member.group)
                guard min(least[member.group] ?? 0, message.qos) > 0, isSafe else { continue }
                owed += 1
                if groupReceipts[member.group]?[message.id] == nil {
                    missing.append("nobody in \(member.group) got message \(message.id)")
                }
            }
        }
    }

    private func checkWills(_ missing: inout [String]) {
        for id in messages.indices where messages[id].isWill {
            guard case .due(let due) = wills[id], due <= now else { continue }
            let count = willsSeen[id] ?? 0
            if count == 0 {
                missing.append("will \(id) was due at \(due) and did not come until \(now)")
            }
            if count < 2 { wills[id] = .forbidden }
        }
    }

    /// Whether a value that came after its removal had waited in the queue since an earlier
    /// subscription, and nobody tells of the removal: it fell between that one and the present
    /// one, or was of QoS 0 while the client was away.
    private func isLeftOver(
        _ last: RetainedReceipt,
        _ session: LedgerSession,
        _ present: [LedgerSubscription],
        removal: LedgerMessage
    ) -> Bool {
        let removed = removal.handledStep ?? .max
        let taken = messages[last.message].handledStep ?? .max
        guard present.allSatisfy({ ($0.confirmedStep ?? .max) >= removed }) else { return false }
        return session.subscriptions.contains { former in
            let isMissed =
                former.endStep == nil && min(former.qos, removal.qos) == 0
                && removed <= session.openedStep
            return former.group == nil && PlainMatch.matches(former.filter, removal.topic)
                && (former.endStep ?? .max) >= taken && (former.endStep != nil || isMissed)
                && (!last.isMarked || former.retainAsPublished || former.wantsRetained)
        }
    }

    /// The last value of each topic is the last one that a subscriber knows of.
    private func checkRetained(_ client: Int) throws(SimulationFault) {
        let session = sessions[client]
        // A will's topic has more than one publisher: its values have no order.
        for (topic, value) in retained.sorted(by: { $0.key < $1.key })
        where !topic.hasPrefix("w/") && !topic.contains("/w/") {
            let matching = session.subscriptions.filter {
                $0.isFirm && $0.group == nil && PlainMatch.matches($0.filter, topic)
                    && $0.connection == session.connection
            }
            guard !matching.isEmpty, !matching.contains(where: \.noLocal) else { continue }
            // Between messages of different QoS there is no order.
            let levels = session.subscriptions.filter {
                $0.group == nil && ($0.endStep ?? .max) >= roundStart
                    && PlainMatch.matches($0.filter, topic)
            }
            guard Set(levels.map(\.qos)).count == 1 else { continue }
            let last = session.retainedLast[topic]
            let asked = matching.map(\.askedStep).min() ?? 0
            // What was dropped in an earlier round was counted then.
            let isNews = (messages[value].handledStep ?? 0) >= roundStart
            if messages[value].isClear {
                if let last, last.message >= 0, last.step > asked,
                    isNews || last.step >= roundStart,
                    !isLeftOver(last, session, matching, removal: messages[value])
                {
                    throw SimulationFault(
                        reason: "client \(client) still has message \(last.message) on \(topic), "
                            + "which was removed"
                    )
                }
                continue
            }
            let taken = messages[value].handledStep ?? .max
            let isOwed = matching.contains {
                $0.wantsRetained && $0.askedStep >= roundStart
                    || isNews && taken > ($0.confirmedStep ?? .max)
            }
            guard isOwed, last?.message != value else { continue }
            throw SimulationFault(
                reason: "client \(client) has \(last?.message ?? -2) on \(topic), not \(value)"
            )
        }
    }
}
