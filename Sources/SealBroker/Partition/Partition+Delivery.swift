// SPDX-License-Identifier: Apache-2.0
// From a topic to everybody who wants it: the hot path. Spans go in; a message is made only when
// something must outlive the packet.

internal import SealBytes
internal import SealMQTT

/// What is to be known of a publication besides its bytes.
struct Publication {
    var qos: UInt8
    var isRetained: Bool
    var tenant: UInt32
    /// The session that published it, for No Local.
    var origin: Handle
    /// The link that brought it, to be slowed down when receivers cannot keep up.
    var source: Handle
    var expiresAt: UInt64
    /// Its number among the retained messages sent to its home; 0 when it is not retained.
    var retainedNumber: UInt64 = 0
    /// Made when something has to keep it.
    var message: Message?
}

extension Partition {
    /// The route of a topic; worked out now when it is not known.
    @inline(__always)
    func route(_ topic: RawSpan, tenant: UInt32) throws(MQTTError) -> Route {
        let hash = routes.hash(topic, tenant: tenant)
        if let known = routes.find(topic, hash: hash, tenant: tenant) { return known }
        return try resolve(topic, hash: hash, tenant: tenant)
    }

    func resolve(
        _ topic: RawSpan,
        hash: UInt64,
        tenant: UInt32
    ) throws(MQTTError) -> Route {
        try TopicName.check(topic)
        try checkSize(topic, .topicNameInvalid, .topicNameInvalid)
        let levels = TopicTree.levels(of: topic)
        let route = routes.blank(topic, hash: hash, tenant: tenant)
        fill(route, levels)
        route.weigh()
        routes.insert(route)
        return route
    }

    private func fill(_ route: Route, _ levels: [Level]) {
        var merged: [Handle: Int] = [:]
        spaces[route.tenant]?.tree.match(levels) { node in
            route.remote |= node.remote
            route.groups.append(contentsOf: node.groups)
            work.add(2 + node.entries.count)
            for entry in node.entries
            where sessions.contains(entry.session) && mayRead(entry.session, route.topic) {
                merge(entry, into: route, &merged)
            }
        }
        route.remote &= ~(1 &<< UInt64(setup.index))
    }

    /// Several filters of one session that match make one delivery with the highest QoS and all
    /// identifiers (MQTT 5.0 §3.3.4).
    private func merge(
        _ entry: TopicNode.Entry,
        into route: Route,
        _ merged: inout [Handle: Int]
    ) {
        let options = entry.options
        guard let index = merged[entry.session] else {
            merged[entry.session] = route.targets.count
            var target = Target(
                session: entry.session,
                qos: options.qos,
                noLocal: options.noLocal,
                retainAsPublished: options.retainAsPublished,
                identifiers: -1
            )
            if options.identifier != 0 {
                target.identifiers = Int32(route.identifiers.count)
                route.identifiers.append([options.identifier])
            } else if route.isReserved, sessions[entry.session].hasScope {
                // A list, be it empty, makes the packet this receiver's own: it is the one that
                // knows the topic by another name.
                target.identifiers = Int32(route.identifiers.count)
                route.identifiers.append([])
            }
            route.targets.append(target)
            return
        }
        route.targets[index].qos = max(route.targets[index].qos, options.qos)
        route.targets[index].noLocal = route.targets[index].noLocal && options.noLocal
        if options.retainAsPublished { route.targets[index].retainAsPublished = true }
        guard options.identifier != 0 else { return }
        let list = Int(route.targets[index].identifiers)
        if list >= 0 {
            route.identifiers[list].append(options.identifier)
        } else {
            route.targets[index].identifiers = Int32(route.identifiers.count)
            route.identifiers.append([options.identifier])
        }
    }

    /// Gives a publication to everybody on its route, here and in other partitions.
    @inline(__always)
    func deliver(
        _ publication: inout Publication,
        _ route: Route,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        deliverHere(&publication, route, topic: topic, properties: properties, payload: payload)
        if route.remote != 0 {
            forward(
                &publication,
                route.remote,
                topic: topic,
                properties: properties,
                payload: payload
            )
        }
    }

    /// Gives a publication to this partition's own receivers.
    func deliverHere(
        _ publication: inout Publication,
        _ route: Route,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        packets.reset()
        work.add(route.weight)
        for index in 0..<route.targets.count {
            let target = route.targets[index]
            if target.noLocal, target.session == publication.origin { continue }
            give(
                &publication,
                target,
                route,
                topic: topic,
                properties: properties,
                payload: payload
            )
        }
        if !route.groups.isEmpty {
            let message = keep(
                &publication,
                topic: topic,
                properties: properties,
                payload: payload
            )
            for group in route.groups { giveToGroup(message, group) }
        }
    }

    @inline(__always)
    private func give(
        _ publication: inout Publication,
        _ target: Target,
        _ route: Route,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        guard sessions.contains(target.session) else { return }
        let qos = min(publication.qos, target.qos)
        let id = sessions[target.session].link
        let isRetained = target.retainAsPublished && publication.isRetained
        guard qos == 0 else {
            giveNumbered(
                qos,
                isRetained,
                &publication,
                target,
                route,
                topic: topic,
                properties: properties,
                payload: payload
            )
            return
        }
        // A client that is away gets nothing of QoS 0 (it may: MQTT 5.0 §4.3.1).
        guard links.contains(id) else { return }
        if target.identifiers < 0, links[id].takesSharedPackets,
            out.count(Int(id.slot)) < limits.outBytesMax
        {
            sendPlain(
                id,
                isRetained,
                &publication,
                topic: topic,
                properties: properties,
                payload: payload
            )
        } else {
            sendSpecial(
                id,
                target,
                route,
                isRetained,
                &publication,
                topic: topic,
                properties: properties,
                payload: payload
            )
        }
    }

    /// QoS 1 or 2: sent at once when there is room, or put into the session's queue.
    @inline(__always)
    private func giveNumbered(
        _ qos: UInt8,
        _ isRetained: Bool,
        _ publication: inout Publication,
        _ target: Target,
        _ route: Route,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        let id = sessions[target.session].link
        let canGo =
            links.contains(id) && sessions[target.session].queue.isEmpty
            && sessions[target.session].window.hasRoom
            && out.count(Int(id.slot)) < limits.outBytesMax
        if canGo, target.identifiers < 0, links[id].takesSharedPackets {
            sendNumbered(
                id,
                target.session,
                qos,
                isRetained,
                &publication,
                topic: topic,
                properties: properties,
                payload: payload
            )
            return
        }
        let message = keep(&publication, topic: topic, properties: properties, payload: payload)
        let identifiers =
            target.identifiers < 0 ? nil : route.identifiers[Int(target.identifiers)]
        let item = QueuedMessage(
            message: message,
            qos: qos,
            isRetained: isRetained,
            identifiers: identifiers
        )
        if canGo {
            send(item, to: target.session, id)
        } else {
            enqueue(item, target.session, from: publication.source)
        }
    }

    /// QoS 0 to a receiver without peculiarities.
    @inline(__always)
    private func sendPlain(
        _ id: Handle,
        _ isRetained: Bool,
        _ publication: inout Publication,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        let first: UInt8 = isRetained ? 0x31 : 0x30
        let slot = Int(id.slot)
        var count: Int
        if links[id].version == .v5 {
            packets.makePlain5(topic, properties, remaining(publication), payload)
            count = packets.plain5.count
            guard count <= links[id].packetBytesMax else { return dropTooLarge() }
            out.append(slot, packets.plain5.bytes, firstByte: first)
        } else {
            packets.makePlain3(topic, payload)
            count = packets.plain3.count
            out.append(slot, packets.plain3.bytes, firstByte: first)
        }
        counters.bytesSent &+= UInt64(count)
        counters.addDelivered(qos: 0, payloadBytes: payload.byteCount)
        markDirty(id)
    }

    /// QoS 1 or 2 to a receiver without peculiarities that has room.
    @inline(__always)
    private func sendNumbered(
        _ id: Handle,
        _ session: Handle,
        _ qos: UInt8,
        _ isRetained: Bool,
        _ publication: inout Publication,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        let isV5 = links[id].version == .v5
        if isV5 {
            packets.makeNumbered5(topic, properties, remaining(publication), payload)
            guard packets.numbered5.count <= links[id].packetBytesMax else {
                sessions[session].window.skip()
                return dropTooLarge()
            }
        } else {
            packets.makeNumbered3(topic, payload)
        }
        var flight = Flight(
            state: qos == 1 ? .awaitsPuback : .awaitsPubrec,
            isRetained: isRetained
        )
        if sessions[session].survives {
            let message = keep(
                &publication,
                topic: topic,
                properties: properties,
                payload: payload
            )
            guard chargeFlight(session, message) else {
                return counters.messagesDropped.add(.queueFull)
            }
            flight.message = message
        }
        let packetID = sessions[session].window.push(flight)
        let first: UInt8 = 0x30 | qos << 1 | (isRetained ? 1 : 0)
        if isV5 {
            out.append(
                Int(id.slot),
                packets.numbered5.bytes,
                firstByte: first,
                packetID: packetID,
                at: packets.idOffset5
            )
            counters.bytesSent &+= UInt64(packets.numbered5.count)
        } else {
            out.append(
                Int(id.slot),
                packets.numbered3.bytes,
                firstByte: first,
                packetID: packetID,
                at: packets.idOffset3
            )
            counters.bytesSent &+= UInt64(packets.numbered3.count)
        }
        counters.addDelivered(qos: qos, payloadBytes: payload.byteCount)
        markDirty(id)
    }

    /// QoS 0 with identifiers, aliases or to a receiver that is behind.
    private func sendSpecial(
        _ id: Handle,
        _ target: Target,
        _ route: Route,
        _ isRetained: Bool,
        _ publication: inout Publication,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) {
        let identifiers =
            target.identifiers < 0 ? nil : route.identifiers[Int(target.identifiers)]
        if !sessions[target.session].queue.isEmpty {
            // What waits there is older, whatever its QoS.
            let item = QueuedMessage(
                message: keep(
                    &publication,
                    topic: topic,
                    properties: properties,
                    payload: payload
                ),
                qos: 0,
                isRetained: isRetained,
                identifiers: identifiers
            )
            return enqueue(item, target.session, from: publication.source)
        }
        if out.count(Int(id.slot)) >= limits.outBytesMax {
            guard waitFor(id, publication.source) else {
                counters.messagesDropped.add(.outBufferFull)
                return
            }
        }
        encode(
            id,
            qos: 0,
            isRetained: isRetained,
            packetID: nil,
            topic: topic,
            properties: properties,
            expirySeconds: remaining(publication),
            identifiers: identifiers ?? [],
            payload: payload
        )
    }

    func dropTooLarge() { counters.messagesDropped.add(.packetTooLarge) }

    /// The message, made now if nobody needed it before.
    @inline(__always)
    func keep(
        _ publication: inout Publication,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) -> Message {
        if let message = publication.message { return message }
        let header = MessageHeader(
            topicCount: 0,
            propertyCount: 0,
            payloadCount: 0,
            qos: publication.qos,
            isRetained: publication.isRetained,
            expiresAt: publication.expiresAt,
            tenant: publication.tenant,
            origin: sessions.contains(publication.origin)
                ? sessions[publication.origin].clientWord : 0
        )
        let message = Message(header, topic: topic, properties: properties, payload: payload)
        publication.message = message
        return message
    }
}
