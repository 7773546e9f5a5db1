// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE and UNSUBSCRIBE, filter by filter, in several turns when they are many.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// The work of one filter besides what its subscription brings.
    static var filterWork: Int { 10 }

    func subscribeReceived(_ id: Handle, _ packet: Subscribe) throws(MQTTError) -> Flow {
        try beginFilters(id, .subscribe(packet), packet.packetID)
    }

    func unsubscribeReceived(_ id: Handle, _ packet: Unsubscribe) throws(MQTTError) -> Flow {
        try beginFilters(id, .unsubscribe(packet), packet.packetID)
    }

    private func beginFilters(
        _ id: Handle,
        _ packet: FilterWork.Packet,
        _ packetID: UInt16
    ) throws(MQTTError) -> Flow {
        let session = links[id].session
        guard sessions.contains(session) else { return .stop }
        let tenant = links[id].tenant
        let filters = FilterWork(
            packet,
            PendingSubscribe(link: id, session: session, tenant: tenant, packetID: packetID)
        )
        guard filters.count <= limits.filtersPerPacketMax else {
            counters.limitHits.add(.filtersPerPacket)
            throw MQTTError(
                .tooManyFilters,
                .quotaExceeded,
                "the packet has more topic filters than are taken at once",
                clause: "MQTT 5.0 §4.13.1"
            )
        }
        if try handle(filters) { return onward(id) }
        links[id].filters = filters
        links[id].heldBy += 1
        counters.limitHits.add(.linkWork)
        backlog.append(.filters(id), of: tenant)
        return .hold
    }

    /// Goes on with the filters of a packet whose work was too much for one turn.
    func continueFilters(_ id: Handle) {
        guard links.contains(id), let filters = links[id].filters else { return }
        guard links[id].phase == .open, sessions.contains(filters.pending.session) else {
            links[id].filters = nil
            return release(id)
        }
        do throws(MQTTError) {
            guard try handle(filters) else {
                return backlog.append(.filters(id), of: links[id].tenant)
            }
        } catch {
            links[id].filters = nil
            breach(id, error)
        }
        guard links.contains(id) else { return }
        links[id].filters = nil
        release(id)
    }

    /// Handles filters as far as this turn's work allows; whether all are handled.
    ///
    /// All of them are read before the first is subscribed: a malformed packet changes nothing.
    private func handle(_ filters: FilterWork) throws(MQTTError) -> Bool {
        let id = filters.pending.link
        let mark = work.done
        let allowance = UInt64(max(1, work.allowance(links[id].workPlace)))
        while filters.mounted.count < filters.count {
            guard work.done &- mark < allowance else { return false }
            let bytes = filters.filter(filters.mounted.count)
            work.add(Self.filterWork + bytes.count / 16)
            filters.mounted.append(try mountedOrRefused(id, bytes))
        }
        while filters.handled < filters.count {
            guard work.done &- mark < allowance else { return false }
            work.add(Self.filterWork)
            let filter = filters.mounted[filters.handled]
            switch filters.packet {
            case .subscribe(let packet): subscribe(filters, packet, filter)
            case .unsubscribe: unsubscribe(filters, filter)
            }
            filters.handled += 1
        }
        switch filters.packet {
        case .subscribe: finishSubscribe(filters.pending, filters.asked)
        case .unsubscribe: finishUnsubscribe(filters.pending)
        }
        return true
    }

    /// One filter of a SUBSCRIBE.
    private func subscribe(_ filters: FilterWork, _ packet: Subscribe, _ filter: TopicFilter?) {
        let id = filters.pending.link
        let session = filters.pending.session
        guard let filter else {
            return filters.pending.codes.append(MQTTReason.topicFilterInvalid.rawValue)
        }
        if let code = judge(id, session, filter) {
            return filters.pending.codes.append(code.rawValue)
        }
        let request = packet.filters[filters.handled]
        let options = SubscriptionOptions(
            qos: min(request.qos, links[id].maximumQoS),
            noLocal: request.noLocal,
            retainAsPublished: request.retainAsPublished,
            retainHandling: request.retainHandling,
            identifier: packet.subscriptionIdentifier ?? 0
        )
        let (isNew, isFirst) = subscribe(session, filter, options)
        filters.pending.codes.append(options.qos)
        if let member = joinElsewhere(session, filter, options) {
            return filters.pending.joins.append(member)
        }
        // MQTT 5.0 §3.3.1.3: retained messages by handling, and never for shared ones.
        let wantsRetained =
            !filter.isShared
            && (options.retainHandling == 0 || options.retainHandling == 1 && isNew)
        if wantsRetained { filters.pending.filters.append(filter.bytes) }
        if setup.count > 1, isFirst || wantsRetained {
            filters.asked.append((filter.bytes, wantsRetained))
        }
    }

    /// One filter of an UNSUBSCRIBE.
    private func unsubscribe(_ filters: FilterWork, _ filter: TopicFilter?) {
        guard let filter else {
            return filters.pending.codes.append(MQTTReason.topicFilterInvalid.rawValue)
        }
        let session = filters.pending.session
        let key = Self.groupKey(filter)
        if let index = sessions[session].subscriptions.place(of: filter.bytes, key) {
            unlink(session, index)
            creditSubscription(session, filter.bytes, key)
            filters.pending.codes.append(0)
        } else {
            filters.pending.codes.append(MQTTReason.noSubscriptionExisted.rawValue)
        }
    }

    private func finishUnsubscribe(_ pending: PendingSubscribe) {
        writer.removeAll()
        Encode.unsuback(
            packetID: pending.packetID,
            codes: pending.codes,
            version: links[pending.link].version,
            into: &writer
        )
        answerWritten(pending.link)
    }

    /// The filter under the broker's name; nil when it is written correctly, but not accepted here.
    private func mountedOrRefused(
        _ id: Handle,
        _ bytes: [UInt8]
    ) throws(MQTTError) -> TopicFilter? {
        do {
            return try mounted(id, bytes)
        } catch {
            if error.reasonCode != .topicFilterInvalid { throw error }
            return nil
        }
    }
}
