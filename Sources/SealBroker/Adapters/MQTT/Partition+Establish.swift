// SPDX-License-Identifier: Apache-2.0
// The client is in: its session, the answer, and what waited for it.

internal import SealBytes
internal import SealMQTT
internal import SealTelemetry

extension Partition {
    /// The client is in: its session, the answer, and what waited for it; false when it is not.
    func establish(_ id: Handle, _ admitted: Admitted) -> Bool {
        let connect = admitted.connect
        let grant = grant(of: links[id].listener)
        let tenant = admitted.principal.tenant
        let key = ClientKey(tenant: tenant, identifier: connect.clientID)
        let owner = SessionOwner(admitted.principal)
        guard let (session, wasPresent) = storeSession(key, owner, connect) else {
            counters.limitHits.add(.sessions)
            refuse(id, ConnectRefusal(.quotaExceeded, .quotaExceeded, .sessionsStored))
            return false
        }
        if let refusal = chargeSession(session, admitted) {
            if !wasPresent { endSession(session) }
            refuse(id, ConnectRefusal(.quotaExceeded, .quotaExceeded, refusal.reason))
            return false
        }
        let wasFree = isUnrestricted(session)
        let number = enlist(admitted.principal)
        links[id].phase = .open
        links[id].version = connect.version
        links[id].tenant = tenant
        links[id].workPlace = work.place(of: tenant)
        links[id].session = session
        links[id].principal = number
        links[id].isUnrestricted = admitted.principal.needsNoQuestions
        links[id].arrival = nil
        links[id].authMethod = admitted.proof?.method ?? []
        links[id].peerAddress = admitted.peerAddress
        links[id].openedAt = now
        links[id].maximumQoS = grant.maximumQoS
        nameTopics(id, admitted.principal, grant)
        adopt(id, connect.properties, grant, connect.version)
        sessions[session].link = id
        sessions[session].version = connect.version
        sessions[session].hasScope = links[id].scope != nil
        principals[sessions[session].principal] = nil
        sessions[session].principal = number
        sessions[session].window.limit = min(
            limits.inFlightMax,
            Int(connect.properties.receiveMaximum)
        )
        sessions[session].expiresAt = .max
        disarmSession(session)
        sessions[session].will = connect.will.map { makeWill($0, key, id, session) }
        links[id].accessGeneration = admitted.accessGeneration
        counters.connections += 1
        counters.connects.add(.accepted)
        let keepAlive = startKeepAlive(id, connect.keepAliveSeconds)
        // What a returning session may read can differ from last time.
        if wasPresent, !(wasFree && links[id].isUnrestricted),
            !sessions[session].subscriptions.isEmpty
        {
            routes.invalidateAll(of: tenant)
        }
        guard acceptConnection(id, session, wasPresent, admitted, keepAlive) else { return false }
        report(.sessionOpened(notice(id)))
        groupsNotice(session, .connected)
        redeliver(session, id)
        pump(session)
        sendRetained(session)
        watchLoginEnd(id)
        return true
    }

    /// By which other names the client knows topics.
    ///
    /// A tenant is a topic space of its own: a listener's mount point says nothing there, and would
    /// take the topics of devices out of their place.
    private func nameTopics(_ id: Handle, _ principal: Principal, _ grant: ListenerGrant) {
        if principal.tenant == 0 {
            links[id].mountPoint = grant.mountPoint
        } else {
            links[id].scope = TopicScope(principal)
        }
        links[id].renamesTopics = !links[id].mountPoint.isEmpty || links[id].scope != nil
    }

    private func adopt(
        _ id: Handle,
        _ properties: ConnectProperties,
        _ grant: ListenerGrant,
        _ version: ProtocolVersion
    ) {
        links[id].packetBytesMax = properties.maximumPacketSize.map { Int($0) } ?? Int.max
        links[id].getsReasons = grant.reasonStrings.go(to: properties.requestProblemInformation)
        links[id].topicAliasMaximum =
            version == .v5 ? grant.topicAliasMaximum ?? limits.topicAliasMaximum : 0
        if properties.topicAliasMaximum > 0 {
            let most = min(Int(properties.topicAliasMaximum), limits.topicAliasMaximum)
            links[id].aliasesOut = most > 0 ? AliasTable(maximum: most) : nil
        }
        links[id].takesSharedPackets = links[id].sharesPackets
    }

    private func makeWill(
        _ will: Will,
        _ key: ClientKey,
        _ id: Handle,
        _ session: Handle
    ) -> LastWill {
        let header = MessageHeader(
            topicCount: 0,
            propertyCount: 0,
            payloadCount: 0,
            qos: will.qos,
            isRetained: will.isRetained,
            tenant: key.tenant,
            origin: sessions[session].clientWord
        )
        let topic = brokerForm(id, will.topic.span.bytes) ?? will.topic
        let message = Message(
            header,
            topic: topic.span.bytes,
            properties: will.properties.span.bytes,
            payload: will.payload.span.bytes
        )
        return LastWill(
            message: message,
            delaySeconds: will.delaySeconds,
            expirySeconds: will.messageExpirySeconds
        )
    }

    /// The keep-alive in force, in seconds.
    private func startKeepAlive(_ id: Handle, _ asked: UInt16) -> UInt16 {
        // Without a bound of ours, 0 switches the watch off (MQTT 5.0 §3.1.2.10).
        let bound = UInt16(clamping: limits.keepAliveSecondsMax)
        let granted = bound < .max && (asked == 0 || asked > bound) ? bound : asked
        links[id].keepAliveMilliseconds = UInt64(granted) * 1500
        links[id].lastReceived = now
        // It takes the place of the timer that waited for CONNECT.
        if granted > 0 {
            arm(id, .keepAlive, at: now + links[id].keepAliveMilliseconds)
        } else {
            disarm(id, .keepAlive)
        }
        return granted
    }

    private func acceptConnection(
        _ id: Handle,
        _ session: Handle,
        _ wasPresent: Bool,
        _ admitted: Admitted,
        _ keepAlive: UInt16
    ) -> Bool {
        let connect = admitted.connect
        var properties = ConnackProperties()
        if connect.version == .v5 {
            if admitted.isAssigned || connect.clientID != sessions[session].key.identifier {
                properties.assignedClientID = sessions[session].key.identifier
            }
            if keepAlive != connect.keepAliveSeconds {
                properties.serverKeepAliveSeconds = keepAlive
            }
            if sessions[session].expirySeconds != connect.properties.sessionExpirySeconds {
                properties.sessionExpirySeconds = sessions[session].expirySeconds
            }
            // [MQTT-4.12.0-5]; MQTT 5.0 §3.2.2.3.18.
            properties.authenticationMethod = admitted.proof?.method
            if let message = admitted.proof?.message, !message.isEmpty {
                properties.authenticationData = message
            }
            properties.receiveMaximum = UInt16(clamping: links[id].receiveMaximum)
            properties.maximumPacketSize = UInt32(clamping: limits.packetBytesMax)
            if links[id].topicAliasMaximum > 0 {
                properties.topicAliasMaximum = UInt16(clamping: links[id].topicAliasMaximum)
            }
            if links[id].maximumQoS < 2 { properties.maximumQoS = links[id].maximumQoS }
            if !retainsMessages { properties.retainAvailable = false }
        }
        writer.removeAll()
        Encode.connack(
            sessionPresent: wasPresent,
            code: .success,
            version: connect.version,
            properties: properties,
            into: &writer
        )
        guard writer.count <= links[id].packetBytesMax else {
            // [MQTT-3.1.2-24], [MQTT-3.2.0-1]: who cannot take a CONNACK cannot be served.
            detachSession(id, endedWell: true, reason: "packet-too-large")
            dismiss(id)
            return false
        }
        sendWritten(id)
        return true
    }

    private func enlist(_ principal: Principal) -> PrincipalNumber {
        let number = nextPrincipal
        nextPrincipal &+= 1
        principals[number] = principal
        return number
    }
}
