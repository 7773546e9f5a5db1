// SPDX-License-Identifier: Apache-2.0
// What must hold of each message as it comes in: somebody asked for it, it is new when it says
// so, and it is in order.

extension Ledger {
    /// A client received a PUBLISH.
    func received(
        _ client: Int,
        _ connection: SimulatedConnection,
        _ receipt: Receipt
    ) throws(SimulationFault) {
        receivedCount += 1
        // What a former session left in the pipe is nobody's any more.
        guard connection.incarnation == sessions[client].incarnation else { return }
        let matching = sessions[client].subscriptions.filter {
            $0.handledStep != nil && PlainMatch.matches($0.filter, receipt.topic)
        }
        guard !matching.isEmpty else {
            throw fault(client, receipt, "but has never subscribed to it")
        }
        guard let id = receipt.message else {
            noteRetained(client, receipt, -1)
            if receipt.qos > 0 { sessions[client].unacknowledged[receipt.packetID] = -1 }
            return
        }
        try checkSubscription(client, receipt, messages[id], matching)
        if receipt.qos > 0 { try checkPacketID(client, receipt, id) }
        let isFirst = !receipt.isKnown && !(receipt.isDuplicate && hasSeen(client, id))
        guard isFirst else { return }
        let before = sessions[client].received[id] ?? 0
        sessions[client].received[id] = before + 1
        if messages[id].isWill, client >= firstObserver { try checkWill(id) }
        try checkCount(client, receipt, messages[id], matching)
        for group in Set(matching.compactMap(\.group)).sorted() {
            try checkGroup(group, client, receipt, id)
        }
        if receipt.qos == 1 { sessions[client].receivedQoS1.insert(id) }
        // What its publisher had to send again may come again, late.
        if before == 0, messages[id].handledCount <= 1 {
            try checkOrder(client, receipt, messages[id], matching)
        }
        if messages[id].isRetained { noteRetained(client, receipt, id) }
    }

    private func hasSeen(_ client: Int, _ id: Int) -> Bool {
        (sessions[client].received[id] ?? 0) > 0
    }

    func fault(_ client: Int, _ receipt: Receipt, _ what: String) -> SimulationFault {
        let name = receipt.message.map { "message \($0)" } ?? "a removal"
        return SimulationFault(
            reason: "client \(client) got \(name) on \(receipt.topic) (QoS \(receipt.qos), "
                + "id \(receipt.packetID), dup \(receipt.isDuplicate), "
                + "retain \(receipt.isRetained)) \(what)"
        )
    }

    private func checkSubscription(
        _ client: Int,
        _ receipt: Receipt,
        _ message: LedgerMessage,
        _ matching: [LedgerSubscription]
    ) throws(SimulationFault) {
        guard message.topic == receipt.topic else {
            throw fault(client, receipt, "which was published on \(message.topic)")
        }
        if isForbidden(receipt.topic, for: client) {
            throw fault(client, receipt, "which it may not read")
        }
        guard let taken = message.handledStep else {
            throw fault(client, receipt, "which no partition has taken in")
        }
        if receipt.qos > message.qos {
            throw fault(client, receipt, "which was published with QoS \(message.qos)")
        }
        // A message on its way may come before or after a change of subscriptions that was made
        // meanwhile; but not when it was taken in after the end, nor when it was there long
        // before the beginning, unless it is retained.
        let possible = matching.filter { subscription in
            if let end = subscription.endStep, taken > end { return false }
            // A group may pass on what an earlier member left.
            if subscription.group != nil { return true }
            return message.isWill || message.round >= subscription.round
                || subscription.wantsRetained && message.isRetained
        }
        if possible.isEmpty {
            throw fault(client, receipt, "outside the time of its subscriptions")
        }
        // The snapshot of a subscription that was changed meanwhile may still be on its way.
        let mayBeMarked = matching.contains { $0.retainAsPublished || $0.wantsRetained }
        if receipt.isRetained, !mayBeMarked || !message.isRetained {
            throw fault(client, receipt, "marked as retained")
        }
        let asked = receipt.isRetained ? matching : possible
        if receipt.qos > asked.map(\.qos).max() ?? 0 {
            throw fault(client, receipt, "with a higher QoS than it subscribed with")
        }
        if possible.allSatisfy({ $0.noLocal }), message.publisher == client {
            throw fault(client, receipt, "though it wants none of its own")
        }
        for identifier in receipt.identifiers
        where !asked.contains(where: { $0.identifier == identifier }) {
            throw fault(client, receipt, "with the unknown identifier \(identifier)")
        }
        try checkIdentifiers(client, receipt, message, matching)
    }

    /// One message carries the identifiers of all subscriptions that match (MQTT 5.0 §3.3.4).
    private func checkIdentifiers(
        _ client: Int,
        _ receipt: Receipt,
        _ message: LedgerMessage,
        _ matching: [LedgerSubscription]
    ) throws(SimulationFault) {
        let here = matching.filter { $0.endStep == nil || ($0.endStep ?? 0) >= roundStart }
        let isSettled = here.allSatisfy { subscription in
            subscription.isFirm && (subscription.confirmedStep ?? .max) < roundStart
        }
        guard isSettled, !receipt.isRetained, !message.isRetained,
            message.round == round, !message.isWill
        else { return }
        let wanted = here.map(\.identifier).filter { $0 != 0 }.sorted()
        if wanted != receipt.identifiers.sorted() {
            throw fault(
                client,
                receipt,
                "with identifiers \(receipt.identifiers), not \(wanted)"
            )
        }
    }

    private func checkPacketID(
        _ client: Int,
        _ receipt: Receipt,
        _ id: Int
    ) throws(SimulationFault) {
        let before = sessions[client].unacknowledged[receipt.packetID]
        if !receipt.isDuplicate, let before {
            // [MQTT-2.2.1-3]: an id is not used for another message before it is free.
            throw fault(client, receipt, "with a packet id that message \(before) still has")
        }
        if receipt.isDuplicate, let before, before != id {
            throw fault(client, receipt, "in place of message \(before)")
        }
        sessions[client].unacknowledged[receipt.packetID] = id
    }

    private func checkCount(
        _ client: Int,
        _ receipt: Receipt,
        _ message: LedgerMessage,
        _ matching: [LedgerSubscription]
    ) throws(SimulationFault) {
        var most = message.qos == 1 ? max(1, message.handledCount) : 1
        if message.isRetained { most += matching.filter(\.wantsRetained).count }
        let groups = matching.filter { $0.group != nil }
        // A member may get what another one did not acknowledge, also after its own copy.
        let isPassedOn = groups.contains { subscription in
            groupRepeats[subscription.group ?? "", default: []].contains(message.id)
        }
        if isPassedOn { return }
        if sessions[client].received[message.id] ?? 0 > most {
            throw fault(client, receipt, "more than \(most) times")
        }
    }

    private func checkGroup(
        _ group: String,
        _ client: Int,
        _ receipt: Receipt,
        _ id: Int
    ) throws(SimulationFault) {
        // It was still in the pipe when the session ended.
        if !sessions[client].exists { groupRepeats[group, default: []].insert(id) }
        let count = (groupReceipts[group, default: [:]][id] ?? 0) + 1
        groupReceipts[group, default: [:]][id] = count
        // What a member left behind is passed on as often as members leave.
        if groupRepeats[group, default: []].contains(id) { return }
        let most = messages[id].qos == 1 ? max(1, messages[id].handledCount) : 1
        if count > most {
            throw fault(client, receipt, "which \(group) has got \(count) times")
        }
    }

    /// First receipts come in the order of sending (MQTT 5.0 §4.6).
    private func checkOrder(
        _ client: Int,
        _ receipt: Receipt,
        _ message: LedgerMessage,
        _ matching: [LedgerSubscription]
    ) throws(SimulationFault) {
        if matching.contains(where: { $0.group != nil }) { return }
        let key = OrderKey(
            publisher: message.publisher,
            topic: message.topic,
            publishedQoS: message.isWill ? 3 : message.qos,
            qos: receipt.qos
        )
        if message.isRetained {
            let newest = sessions[client].retainedSeen[key] ?? -1
            if message.sequence < newest {
                throw fault(client, receipt, "after a newer one")
            }
            sessions[client].retainedSeen[key] = message.sequence
            return
        }
        if let last = sessions[client].order[key], last > message.sequence {
            throw fault(client, receipt, "after a later one of the same publisher")
        }
        sessions[client].order[key] = message.sequence
    }

    private func noteRetained(_ client: Int, _ receipt: Receipt, _ message: Int) {
        sessions[client].retainedLast[receipt.topic] = RetainedReceipt(
            message: message,
            step: step,
            isMarked: receipt.isRetained
        )
    }

    private func checkWill(_ id: Int) throws(SimulationFault) {
        willsSeen[id, default: 0] += 1
        willCount += 1
        switch wills[id] {
        case .due(let due) where due <= now: break
        case .withdrawn: break
        case .due(let due):
            throw SimulationFault(reason: "will \(id) came at \(now), due at \(due)")
        case .forbidden, .unknown, nil:
            throw SimulationFault(reason: "will \(id) was published and should not be")
        }
    }

    /// A client has acknowledged a packet id to the end.
    func acknowledged(_ client: Int, _ packetID: UInt16) {
        sessions[client].unacknowledged[packetID] = nil
    }
}
