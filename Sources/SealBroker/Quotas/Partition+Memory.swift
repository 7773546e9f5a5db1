// SPDX-License-Identifier: Apache-2.0
// What sessions are charged for, when, and what happens when there is no room: their own messages
// are dropped, their own wishes refused, never those of another tenant.

internal import SealBytes
internal import SealMQTT
internal import SealTelemetry

extension Partition {
    // MARK: Sessions

    /// Charges a session for itself and its will; why not, when there is no room.
    ///
    /// One that ends with its connection and leaves nothing to publish is always let in: there are
    /// never more of those than connections.
    func chargeSession(_ session: Handle, _ admitted: Admitted) -> MemoryRefusal? {
        if sessions[session].payer < 0 {
            let payer = payer(of: session, admitted)
            sessions[session].payer = ledger.enter(payer, tenant: sessions[session].key.tenant)
        }
        let client = sessions[session].payer
        let will = admitted.connect.will
        var bytes = Weight.session + sessions[session].key.identifier.count
        if let will {
            bytes += Weight.messageHead + will.topic.count + will.payload.count
            bytes += will.properties.count
        }
        let more = bytes - sessions[session].charged.base
        if more <= 0 {
            ledger.credit(client, .sessions, -more)
        } else if sessions[session].survives || will != nil {
            if let refusal = ledger.charge(client, .sessions, more) {
                note(refusal)
                return refusal
            }
        } else {
            ledger.force(client, .sessions, more)
        }
        sessions[session].charged.base = bytes
        return nil
    }

    private func payer(of session: Handle, _ admitted: Admitted) -> Payer {
        let key = sessions[session].key
        switch sessions[session].owner {
        case .device(let number): return .device(key.tenant, number)
        case .account(let number): return .account(key.tenant, number)
        case .user(let name?): return .user(key.tenant, name)
        case .anybody, .user(nil):
            let proven = admitted.principal.name.map { Array($0.utf8) }
            guard let name = proven ?? admitted.connect.username else { return .session(key) }
            return .user(key.tenant, name)
        }
    }

    /// A session has ended: all that it held is held no more.
    func creditSession(_ gone: Session) {
        guard gone.payer >= 0 else { return }
        ledger.credit(gone.payer, .sessions, gone.charged.base)
        ledger.credit(gone.payer, .subscriptions, gone.charged.subscriptions)
        ledger.credit(gone.payer, .queued, gone.charged.queued)
        ledger.credit(gone.payer, .inFlight, gone.charged.inFlight)
        ledger.credit(gone.payer, .aliases, gone.charged.aliases)
        ledger.leave(gone.payer)
    }

    // MARK: Messages

    /// Charges a session for a message that waits; false when there is no room for it.
    func chargeQueued(_ session: Handle, _ item: QueuedMessage) -> Bool {
        let client = sessions[session].payer
        guard client >= 0 else { return true }
        let bytes = Weight.waiting(item.message, item.identifiers)
        if let refusal = ledger.charge(client, .queued, bytes) {
            note(refusal)
            return false
        }
        sessions[session].charged.queued += bytes
        return true
    }

    /// A message waits no more.
    func creditQueued(_ session: Handle, _ item: QueuedMessage) {
        let client = sessions[session].payer
        guard client >= 0 else { return }
        let bytes = Weight.waiting(item.message, item.identifiers)
        ledger.credit(client, .queued, bytes)
        sessions[session].charged.queued -= bytes
    }

    /// Whether a session may keep a message until it is acknowledged.
    @inline(__always)
    func chargeFlight(_ session: Handle, _ message: Message) -> Bool {
        let client = sessions[session].payer
        guard client >= 0 else { return true }
        let bytes = Weight.waiting(message, nil)
        if let refusal = ledger.charge(client, .inFlight, bytes) {
            note(refusal)
            return false
        }
        sessions[session].charged.inFlight += bytes
        return true
    }

    /// Charges for what a session keeps of its messages under way now.
    @inline(__always)
    func settleFlights(_ session: Handle) {
        let bytes = sessions[session].window.bytes
        let more = bytes - sessions[session].charged.inFlight
        guard more != 0 else { return }
        let client = sessions[session].payer
        guard client >= 0 else { return }
        if more > 0 {
            ledger.force(client, .inFlight, more)
        } else {
            ledger.credit(client, .inFlight, -more)
        }
        sessions[session].charged.inFlight = bytes
    }

    // MARK: Subscriptions

    /// Charges a session for a new subscription; why not, when there is no room.
    ///
    /// Its nodes are in every partition.
    func chargeSubscription(_ session: Handle, _ filter: TopicFilter) -> Bool {
        let client = sessions[session].payer
        guard client >= 0 else { return true }
        let record = Weight.subscription(filter.bytes, Self.groupKey(filter))
        let nodes = Weight.nodes(of: filter.bytes)
        let own = sessions[session].charged.ownSubscriptions + record + nodes
        guard own <= limits.subscriptionBytesPerSessionMax else {
            counters.limitHits.add(.subscriptionBytesPerSession)
            return false
        }
        let bytes = record + nodes * setup.count
        if let refusal = ledger.charge(client, .subscriptions, bytes) {
            note(refusal)
            return false
        }
        sessions[session].charged.ownSubscriptions = own
        sessions[session].charged.subscriptions += bytes
        return true
    }

    /// A session has unsubscribed.
    func creditSubscription(_ session: Handle, _ filter: [UInt8], _ group: [UInt8]?) {
        let client = sessions[session].payer
        guard client >= 0 else { return }
        let record = Weight.subscription(filter, group)
        let nodes = Weight.nodes(of: filter)
        ledger.credit(client, .subscriptions, record + nodes * setup.count)
        sessions[session].charged.ownSubscriptions -= record + nodes
        sessions[session].charged.subscriptions -= record + nodes * setup.count
    }

    // MARK: Aliases

    /// Charges a connection for a topic alias; false when there is no room.
    func chargeAlias(_ id: Handle, _ bytes: Int) -> Bool {
        let session = links[id].session
        guard sessions.contains(session), sessions[session].payer >= 0 else { return true }
        if let refusal = ledger.charge(sessions[session].payer, .aliases, bytes) {
            note(refusal)
            return false
        }
        sessions[session].charged.aliases += bytes
        return true
    }

    /// The connection of a session has gone, and its aliases with it.
    func creditAliases(_ session: Handle) {
        guard sessions[session].payer >= 0, sessions[session].charged.aliases > 0 else { return }
        ledger.credit(sessions[session].payer, .aliases, sessions[session].charged.aliases)
        sessions[session].charged.aliases = 0
    }

    // MARK: Limits

    /// Counts that a bound of memory was hit.
    func note(_ refusal: MemoryRefusal) {
        switch refusal {
        case .client: counters.limitHits.add(.clientBytes)
        case .tenant: counters.limitHits.add(.tenantBytes)
        case .daemon: counters.limitHits.add(.memoryBytes)
        }
    }

    /// Gives memory back that is only kept for the next crowd; called now and then.
    public func giveMemoryBack() {
        routes.sweep()
        out.tidy(slots: links.places)
        Self.shrink(&sessionsByKey)
        Self.shrink(&principals)
        Self.shrink(&groupsByKey)
        Self.shrink(&spaces)
        Self.shrink(&pendingSubscribes)
        if dirty.isEmpty, dirty.capacity > 1024 { dirty = [] }
        for index in outboxes.indices where outboxes[index].isEmpty { outboxes[index] = [] }
    }

    private static func shrink<Key, Value>(_ table: inout [Key: Value]) {
        guard table.capacity > 1024, table.count * 4 < table.capacity else { return }
        table = Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0.value) })
    }
}
