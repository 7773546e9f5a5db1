// SPDX-License-Identifier: Apache-2.0
// Sessions coming and going: taking over, leaving, expiring, and the wills that follow.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// The session for a CONNECT, and whether it was there before.
    private func openSession(
        _ key: ClientKey,
        _ owner: SessionOwner,
        _ connect: Connect
    ) -> (Handle, wasPresent: Bool) {
        let expiry = grantedExpiry(connect)
        if let existing = sessionsByKey[key] {
            takeOver(existing)
            if sessions.contains(existing) {
                guard connect.cleanStart || sessions[existing].owner != owner else {
                    sessions[existing].expirySeconds = expiry
                    sessions[existing].willAt = .max
                    sessions[existing].will = nil
                    return (existing, true)
                }
                // The will of a session that is ended is published now ([MQTT-3.1.3-9]).
                publishWill(existing)
                endSession(existing)
            }
        }
        let word = hashBytes(
            key.identifier.span.bytes,
            seed: setup.homeSeed ^ UInt64(key.tenant)
        )
        let session = sessions.insert(
            Session(key: key, owner: owner, clientWord: word, expirySeconds: expiry)
        )
        sessionsByKey[key] = session
        space(of: key.tenant).sessions += 1
        counters.sessions += 1
        return (session, false)
    }

    /// The session for a CONNECT as `openSession` gives it; nil when it would be stored and
    /// there are as many stored ones as there may be.
    func storeSession(
        _ key: ClientKey,
        _ owner: SessionOwner,
        _ connect: Connect
    ) -> (Handle, wasPresent: Bool)? {
        let survives = grantedExpiry(connect) > 0
        // The place of a session that goes on, or is replaced, is kept for what comes.
        var hasPlace = false
        if let known = sessionsByKey[key], sessions[known].hasPlace {
            hasPlace = true
            sessions[known].hasPlace = false
        }
        if survives, !hasPlace {
            guard takeSessionPlace() else { return nil }
        } else if !survives, hasPlace {
            returnSessionPlace()
        }
        let opened = openSession(key, owner, connect)
        sessions[opened.0].hasPlace = survives
        return opened
    }

    private func takeSessionPlace() -> Bool {
        let most = limits.storedSessionsMax
        if let places = setup.sessionPlaces { return places.take(atMost: most) }
        guard storedSessions < most else { return false }
        storedSessions += 1
        return true
    }

    private func returnSessionPlace() {
        if let places = setup.sessionPlaces { return places.giveBack() }
        storedSessions -= 1
    }

    /// A session is not stored any more.
    func giveBackSessionPlace(_ session: Handle) {
        guard sessions[session].hasPlace else { return }
        sessions[session].hasPlace = false
        returnSessionPlace()
    }

    private func grantedExpiry(_ connect: Connect) -> UInt32 {
        let asked: UInt32
        if connect.version == .v5 {
            asked = connect.properties.sessionExpirySeconds
        } else {
            // MQTT 3.1.1 §3.1.2.4: a session that is not clean has no end.
            asked = connect.cleanStart ? 0 : .max
        }
        return min(asked, limits.sessionExpirySecondsMax)
    }

    /// Another connection with the same client id arrives ([MQTT-3.1.4-3]).
    private func takeOver(_ session: Handle) {
        let id = sessions[session].link
        guard links.contains(id) else { return }
        disconnect(id, .sessionTakenOver, "another connection uses this client id")
    }

    /// A connection and its session part.
    func detachSession(_ id: Handle, endedWell: Bool, reason: String) {
        let session = links[id].session
        guard sessions.contains(session), sessions[session].link == id else { return }
        report(.sessionClosed(notice(id), reason: reason))
        counters.connections -= 1
        giveBackPlace(id)
        sessions[session].link = .none
        sessions[session].leftAt = now
        creditAliases(session)
        links[id].session = .none
        groupsNotice(session, .disconnected)
        if endedWell { sessions[session].will = nil }
        let expiry = sessions[session].expirySeconds
        if expiry == 0 {
            publishWill(session)
            endSession(session)
            return
        }
        if expiry != .max {
            let end = now + UInt64(expiry) * 1000
            sessions[session].expiresAt = end
            armSession(session, .sessionExpiry, at: end)
        }
        guard let will = sessions[session].will else { return }
        if will.delaySeconds == 0 { return publishWill(session) }
        let due = now + UInt64(will.delaySeconds) * 1000
        sessions[session].willAt = due
        armSession(session, .will, at: due)
    }

    /// Publishes a session's will, if it has one, and forgets it.
    func publishWill(_ session: Handle) {
        guard sessions.contains(session), let will = sessions[session].will else { return }
        sessions[session].will = nil
        sessions[session].willAt = .max
        timers.cancel(sessions[session].willTimer)
        var header = will.message.header
        if let seconds = will.expirySeconds { header.expiresAt = now + UInt64(seconds) * 1000 }
        let message = Message(
            header,
            topic: will.message.topic,
            properties: will.message.properties,
            payload: will.message.payload
        )
        guard mayPublishWill(session, message) else {
            counters.messagesDropped.add(.notAuthorized)
            return
        }
        publishInTurn(message, origin: session)
    }

    /// Forgets the will of a session whose client may no longer be in.
    func dropWill(_ session: Handle) {
        guard sessions.contains(session), sessions[session].will != nil else { return }
        sessions[session].will = nil
        sessions[session].willAt = .max
        timers.cancel(sessions[session].willTimer)
        counters.messagesDropped.add(.notAuthorized)
    }

    /// A will is judged by the rules that hold when it is due: who is away has the new ones, too.
    private func mayPublishWill(_ session: Handle, _ message: Message) -> Bool {
        guard let principal = principals[sessions[session].principal] else { return false }
        return principal.decide(.publish, topic: message.topic.copied()).isAllowed
    }

    /// Publishes a message that came in no packet: a will, a system topic.
    func publish(_ message: Message, origin: Handle) {
        let header = message.header
        guard let route = try? route(message.topic, tenant: header.tenant) else { return }
        var publication = Publication(
            qos: header.qos,
            isRetained: header.isRetained,
            tenant: header.tenant,
            origin: origin,
            source: .none,
            expiresAt: header.expiresAt,
            message: message
        )
        if header.isRetained {
            _ = retain(
                &publication,
                route,
                topic: message.topic,
                properties: message.properties,
                payload: message.payload
            )
        }
        deliver(
            &publication,
            route,
            topic: message.topic,
            properties: message.properties,
            payload: message.payload
        )
    }

    /// Removes a session and everything that is its own.
    func endSession(_ session: Handle) {
        guard sessions.contains(session) else { return }
        dropRetained(session)
        principals[sessions[session].principal] = nil
        disarmSession(session)
        giveBackSessionPlace(session)
        guard let gone = sessions.remove(session) else { return }
        sessionsByKey[gone.key] = nil
        creditSession(gone)
        counters.sessions -= 1
        counters.queuedMessages -= Int64(gone.queue.count)
        counters.queueBytes -= Int64(gone.queue.bytes)
        leaveRemains(session, gone)
        spaces[gone.key.tenant]?.sessions -= 1
        tidy(gone.key.tenant)
    }

    /// A timer of the partition is due.
    func fire(_ timer: TimerWheel.Timer) {
        let handle = Handle(word: timer.subject)
        switch PartitionTimer(rawValue: timer.kind) {
        case .connect: connectTimedOut(handle)
        case .keepAlive: checkKeepAlive(handle)
        case .stall: checkStall(handle)
        case .sessionExpiry:
            guard sessions.contains(handle), sessions[handle].expiresAt <= now else { return }
            counters.sessionsExpired &+= 1
            // MQTT 5.0 §3.1.3.2.2: the will goes out when the session ends, at the latest.
            publishWill(handle)
            endSession(handle)
        case .will:
            guard sessions.contains(handle), sessions[handle].willAt <= now else { return }
            publishWill(handle)
        case .authentication: checkExchange(handle)
        case .loginEnd: watchLoginEnd(handle)
        case nil: break
        }
    }

    private func connectTimedOut(_ id: Handle) {
        guard links.contains(id),
            links[id].phase == .awaitsConnect || links[id].phase == .awaitsAuth
        else { return }
        counters.limitHits.add(.connectSeconds)
        counters.connects.add(.timeout)
        report(.limitHit(notice(id), limit: "connect-seconds"))
        dismiss(id)
    }

    private func checkKeepAlive(_ id: Handle) {
        guard links.contains(id), links[id].phase == .open, links[id].keepAliveMilliseconds > 0
        else { return }
        // A link that we hold back ourselves is not silent by its own will.
        if links[id].heldBy > 0 { links[id].lastReceived = now }
        let due = links[id].lastReceived + links[id].keepAliveMilliseconds
        if due > now {
            arm(id, .keepAlive, at: due)
        } else {
            // [MQTT-3.1.2-22].
            disconnect(id, .keepAliveTimeout, "nothing was received for 1.5 times the keep-alive")
        }
    }

    // BOUND: once, at the end of the daemon.
    /// Stops taking connections and tells every client so.
    public func drain() {
        isDraining = true
        for id in links.handles where links[id].phase == .open {
            disconnect(id, .serverShuttingDown, "the server is shutting down")
        }
    }
}
