// SPDX-License-Identifier: Apache-2.0
// PUBLISH and its acknowledgements, in both directions.

internal import SealBytes
internal import SealMQTT

extension Partition {
    func publishReceived(
        _ id: Handle,
        _ flags: UInt8,
        _ body: RawSpan
    ) throws(MQTTError) -> Flow {
        let view = try PublishView.decode(body, flags: flags, version: links[id].version)
        counters.addReceived(qos: view.qos, payloadBytes: view.payload.byteCount)
        if view.qos > links[id].maximumQoS {
            // [MQTT-3.2.2-11].
            throw MQTTError(
                .qosNotSupported,
                .qosNotSupported,
                "this listener takes no such QoS",
                clause: "MQTT 5.0 §3.2.2.3.4"
            )
        }
        if view.isRetained, !retainsMessages, links[id].version == .v5 {
            // [MQTT-3.2.2-14]. Who speaks an older version was not told; nothing is kept of that.
            throw MQTTError(
                .retainNotSupported,
                .retainNotSupported,
                "this broker retains no messages",
                clause: "MQTT 5.0 §3.2.2.3.5"
            )
        }
        if view.properties.topicAlias != 0 {
            return try publishAliased(id, view)
        }
        if links[id].renamesTopics { return try publishRenamed(id, view.topic, view) }
        return try accept(id, view.topic, view)
    }

    /// The client may know the topic by another name.
    private func publishRenamed(
        _ id: Handle,
        _ topic: RawSpan,
        _ view: borrowing PublishView
    ) throws(MQTTError) -> Flow {
        guard let own = brokerForm(id, topic) else { return try acceptNamed(id, topic, view) }
        guard let service = links[id].scope?.service(of: topic) else {
            return try acceptNamed(id, own.span.bytes, view)
        }
        let route = try route(own.span.bytes, tenant: links[id].tenant)
        // What is sent again was served before.
        let isRepeated =
            view.qos == 2 && sessions[links[id].session].inbound.contains(view.packetID)
        let isServed = mayPublish(id, route) && !isRepeated
        let flow = try acceptNamed(id, own.span.bytes, view)
        guard isServed, links.contains(id), links[id].phase == .open else { return flow }
        serve(id, service, view.payload.copied())
        return onward(id)
    }

    /// A publication whose topic is not the one in the packet.
    private func acceptNamed(
        _ id: Handle,
        _ topic: RawSpan,
        _ view: borrowing PublishView
    ) throws(MQTTError) -> Flow {
        try accept(id, topic, view)
    }

    /// MQTT 5.0 §3.3.2.3.4: an alias stands for a topic sent before on this connection.
    private func publishAliased(
        _ id: Handle,
        _ view: borrowing PublishView
    ) throws(MQTTError) -> Flow {
        let alias = Int(view.properties.topicAlias)
        guard alias <= links[id].topicAliasMaximum else {
            // [MQTT-3.3.2-9].
            counters.limitHits.add(.topicAliasMaximum)
            throw MQTTError(
                .topicAliasInvalid,
                .topicAliasInvalid,
                "the topic alias is above the maximum",
                clause: "MQTT 5.0 §3.3.2.3.4"
            )
        }
        while links[id].aliasesIn.count < alias { links[id].aliasesIn.append([]) }
        if view.topic.byteCount > 0 {
            try TopicName.check(view.topic)
            try checkSize(view.topic, .topicNameInvalid, .topicNameInvalid)
            guard chargeAlias(id, Weight.alias + view.topic.byteCount) else {
                throw MQTTError(
                    .protocolError,
                    .quotaExceeded,
                    "there is no memory for a topic alias",
                    clause: "MQTT 5.0 §4.13.2"
                )
            }
            links[id].aliasesIn[alias - 1] = view.topic.copied()
        }
        let topic = links[id].aliasesIn[alias - 1]
        guard !topic.isEmpty else {
            throw MQTTError(
                .protocolError,
                .protocolError,
                "the topic alias was never given a topic",
                clause: "MQTT 5.0 §3.3.4"
            )
        }
        if links[id].renamesTopics { return try publishRenamed(id, topic.span.bytes, view) }
        return try acceptNamed(id, topic.span.bytes, view)
    }

    /// A publication with its full topic.
    @inline(__always)
    private func accept(
        _ id: Handle,
        _ topic: RawSpan,
        _ view: borrowing PublishView
    ) throws(MQTTError) -> Flow {
        let tenant = links[id].tenant
        let route = try route(topic, tenant: tenant)
        if !mayPublish(id, route) { return try refusePublish(id, route, view) }
        if view.qos > 0, try !takeIn(id, view) { return onward(id) }
        var expiresAt = UInt64.max
        if let seconds = view.properties.messageExpirySeconds {
            expiresAt = now &+ UInt64(seconds) &* 1000
        }
        var publication = Publication(
            qos: view.qos,
            isRetained: view.isRetained,
            tenant: tenant,
            origin: links[id].session,
            source: id,
            expiresAt: expiresAt,
            message: nil
        )
        if view.properties.forwardsUnchanged {
            passOn(id, &publication, route, topic, view.propertyBytes, view)
        } else {
            propertyScratch.removeAll()
            PublishProperties.writeForwarded(view.propertyBytes, into: &propertyScratch)
            passOn(id, &publication, route, topic, propertyScratch.bytes, view)
        }
        return onward(id)
    }

    /// Keeps, acknowledges and delivers a publication, in this order: who subscribes to what it
    /// publishes itself has the answer before its own copy, as clients expect of other brokers.
    @inline(__always)
    private func passOn(
        _ id: Handle,
        _ publication: inout Publication,
        _ route: Route,
        _ topic: RawSpan,
        _ properties: RawSpan,
        _ view: borrowing PublishView
    ) {
        var outcome = MQTTReason.success
        if view.isRetained {
            outcome = retain(
                &publication,
                route,
                topic: topic,
                properties: properties,
                payload: view.payload
            )
        }
        if view.qos > 0 {
            // §3.4.2.1 leaves the code to the server; like mosquitto's, PUBREC has none.
            if view.qos == 1, outcome == .success, route.isForNobody {
                outcome = .noMatchingSubscribers
            }
            answer(id, view.qos, view.packetID, outcome)
        }
        deliver(
            &publication,
            route,
            topic: topic,
            properties: properties,
            payload: view.payload
        )
    }

    @inline(__always)
    private func mayPublish(_ id: Handle, _ route: Route) -> Bool {
        if links[id].isUnrestricted && !route.isReserved { return true }
        if let known = route.permission(of: links[id].principal) { return known }
        let decision = decidePublish(id, route.topic)
        route.remember(links[id].principal, isAllowed: decision)
        return decision
    }

    /// QoS 1 and 2: whether this is new, and within what the client may have under way.
    private func takeIn(_ id: Handle, _ view: borrowing PublishView) throws(MQTTError) -> Bool {
        guard view.qos == 2 else { return true }
        let session = links[id].session
        if sessions[session].inbound.contains(view.packetID) {
            // [MQTT-4.3.3-10]: the same packet again is answered, not delivered again.
            answer(id, 2, view.packetID, .success)
            return false
        }
        if links[id].version == .v5, sessions[session].inbound.count >= links[id].receiveMaximum {
            // [MQTT-3.3.4-7].
            counters.limitHits.add(.receiveMaximum)
            throw MQTTError(
                .receiveMaximumExceeded,
                .receiveMaximumExceeded,
                "more QoS 2 messages are under way than Receive Maximum allows",
                clause: "MQTT 5.0 §3.3.4"
            )
        }
        sessions[session].inbound.insert(view.packetID)
        return true
    }

    /// PUBACK or PUBREC.
    private func answer(_ id: Handle, _ qos: UInt8, _ packetID: UInt16, _ reason: MQTTReason) {
        let first: UInt64 = qos == 1 ? 0x40 : 0x50
        if qos == 2, reason.rawValue >= 0x80 {
            sessions[links[id].session].inbound.remove(packetID)
        }
        if reason == .success || links[id].version != .v5 {
            answerShort(id, word: first << 24 | 2 << 16 | UInt64(packetID), count: 4)
        } else {
            answerShort(
                id,
                word: first << 32 | 3 << 24 | UInt64(packetID) << 8 | UInt64(reason.rawValue),
                count: 5
            )
        }
    }

    /// Not allowed: MQTT 5.0 says so; older versions know no refusal and get a plain answer.
    private func refusePublish(
        _ id: Handle,
        _ route: Route,
        _ view: borrowing PublishView
    ) throws(MQTTError) -> Flow {
        counters.messagesDropped.add(.notAuthorized)
        guard view.qos > 0 else { return .goOn }
        if view.qos == 2, try !takeIn(id, view) { return onward(id) }
        answer(id, view.qos, view.packetID, links[id].version == .v5 ? .notAuthorized : .success)
        return onward(id)
    }

    func acknowledgementReceived(
        _ id: Handle,
        _ type: PacketType,
        _ packet: Acknowledgement
    ) throws(MQTTError) {
        let session = links[id].session
        guard sessions.contains(session) else { return }
        if type == .pubrel {
            sessions[session].inbound.remove(packet.packetID)
            writeShort(id, .pubcomp, packet.packetID)
        } else {
            if let next = sessions[session].resend.last,
                sessions[session].window.isUnanswered(packet.packetID, behind: next)
            {
                sessions[session].resendLeft -= 1
            }
            let step = sessions[session].window.acknowledge(
                type,
                packet.packetID,
                refuses: packet.reason.rawValue >= 0x80
            )
            switch step {
            case .taken: break
            case .release: writeShort(id, .pubrel, packet.packetID)
            case .outOfOrder:
                // The connection ends, so what was counted above does not matter.
                // MQTT 5.0 §4.13.1, MQTT 3.1.1 [MQTT-4.8.0-1].
                throw MQTTError(
                    .protocolError,
                    .protocolError,
                    "the acknowledgement is not the one that the message's QoS waits for",
                    clause: "MQTT 5.0 §4.3"
                )
            }
        }
        settleFlights(session)
        if !sessions[session].resend.isEmpty { continueRedelivery(session, id) }
        if !sessions[session].queue.isEmpty {
            pump(session)
        } else if sessions[session].retained != nil {
            sendRetained(session)
        }
    }

    /// PUBREL or PUBCOMP, without a code even when the id is not known.
    ///
    /// 0x92 would be the code of MQTT 5.0 for that, "not an error during recovery" (§2.4). But
    /// whether a client recovers is not to be seen from here: it sends a PUBREL again because the
    /// PUBCOMP was lost, and must not be told that a message failed which has long arrived.
    private func writeShort(_ id: Handle, _ type: PacketType, _ packetID: UInt16) {
        let first: UInt64 = type == .pubrel ? 0x62 : 0x70
        answerShort(id, word: first << 24 | 2 << 16 | UInt64(packetID), count: 4)
    }

    /// Sends again what was under way when the client was last here, in the order of old
    /// ([MQTT-4.4.0-1], [MQTT-4.6.0-1]).
    func redeliver(_ session: Handle, _ id: Handle) {
        sessions[session].resend = []
        let limit = sessions[session].window.limit
        var sent = 0
        for (packetID, flight) in sessions[session].window.waiting {
            if flight.state == .awaitsPubcomp {
                writeShort(id, .pubrel, packetID)
                sent += 1
            } else if sent < limit {
                sendAgain(session, id, packetID)
                sent += 1
            } else {
                // [MQTT-3.3.4-9]: it may have come back with a smaller receive maximum.
                sessions[session].resend.append(packetID)
            }
        }
        sessions[session].resend.reverse()
        sessions[session].resendLeft = sessions[session].resend.count
    }

    /// Sends again what did not fit at once; until all of it is sent, the window has no room.
    private func continueRedelivery(_ session: Handle, _ id: Handle) {
        while let packetID = sessions[session].resend.last {
            // A late acknowledgement may have ended what was not sent again yet.
            let state = sessions[session].window.state(of: packetID)
            guard state == .awaitsPuback || state == .awaitsPubrec else {
                sessions[session].resend.removeLast()
                continue
            }
            let sent = sessions[session].window.inFlight - sessions[session].resendLeft
            guard sent < sessions[session].window.limit else { return }
            sessions[session].resend.removeLast()
            sessions[session].resendLeft -= 1
            sendAgain(session, id, packetID)
        }
        sessions[session].resendLeft = 0
    }

    private func sendAgain(_ session: Handle, _ id: Handle, _ packetID: UInt16) {
        guard let flight = sessions[session].window.flight(of: packetID),
            let message = flight.message
        else {
            sessions[session].window.finish(packetID)
            return settleFlights(session)
        }
        let wasSent = encode(
            id,
            qos: flight.state == .awaitsPuback ? 1 : 2,
            isDuplicate: true,
            isRetained: flight.isRetained,
            packetID: packetID,
            topic: message.topic,
            properties: message.properties,
            expirySeconds: remaining(until: message.header.expiresAt),
            identifiers: flight.identifiers ?? [],
            payload: message.payload
        )
        if !wasSent {
            sessions[session].window.finish(packetID)
            settleFlights(session)
        }
    }
}
