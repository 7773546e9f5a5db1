// SPDX-License-Identifier: Apache-2.0
// CONNECT: who is it, where does its session live, and what goes on there.

public import SealBytes
internal import SealMQTT
internal import SealTelemetry

extension Partition {
    func connectReceived(_ id: Handle, _ frame: Frame, _ body: RawSpan) throws(MQTTError) -> Flow {
        guard let arrival = links[id].arrival else { return .stop }
        let connect: Connect
        do {
            connect = try Connect.decode(body, frame: frame)
        } catch {
            refuseConnect(id, body, error)
            return .stop
        }
        links[id].version = connect.version
        arrival.connect = connect
        if let refusal = checkGrants(id, connect) {
            refuse(id, refusal.code, refusal.outcome, refusal.reasons)
            return .stop
        }
        let isAssigned = connect.clientID.isEmpty
        if isAssigned { arrival.connect?.clientID = assignedClientID(id) }
        let listener = links[id].listener
        let credentials = Credentials(
            certificate: arrival.facts.certificate,
            chain: arrival.facts.chain,
            user: connect.username.map { String(decoding: $0, as: UTF8.self) },
            password: connect.password,
            isSecure: arrival.facts.isSecure,
            listener: arrival.facts.listenerName,
            clientID: String(decoding: arrival.connect?.clientID ?? [], as: UTF8.self),
            isClientIDAssigned: isAssigned,
            peerAddress: arrival.facts.peerAddress
        )
        arrival.connect?.password = nil
        let rules = rules(of: listener)
        arrival.rules = rules
        arrival.accessGeneration = accessGeneration
        return decided(id, Login.begin(credentials, rules), isAssigned: isAssigned)
    }

    /// The answer to a login that took its time.
    public func loginDecided(_ id: Handle, _ step: LoginStep) {
        guard links.contains(id), links[id].phase == .awaitsLogin,
            let arrival = links[id].arrival
        else { return }
        links[id].phase = .awaitsConnect
        let wasEmpty = arrival.isAssigned
        switch decided(id, step, isAssigned: wasEmpty) {
        case .goOn: actions.append(.resume(transport: links[id].transport))
        case .hold, .move, .stop: break
        }
    }

    private func decided(_ id: Handle, _ step: LoginStep, isAssigned: Bool) -> Flow {
        switch step {
        case .needsPasswordCheck(let question):
            links[id].phase = .awaitsLogin
            links[id].arrival?.isAssigned = isAssigned
            actions.append(.login(link: id, question))
            return .hold
        case .needsRegistry(let question):
            links[id].phase = .awaitsLogin
            links[id].arrival?.isAssigned = isAssigned
            actions.append(.askRegistry(link: id, question))
            return .hold
        case .refused(let reasons):
            let (code, outcome) = Self.connackCode(for: reasons)
            refuse(id, code, outcome, reasons)
            return .stop
        case .accepted(let principal):
            guard let arrival = links[id].arrival, var connect = arrival.connect else {
                return .stop
            }
            let listener = links[id].listener
            if arrival.accessGeneration != accessGeneration {
                // The rules were replaced while the password was compared.
                arrival.accessGeneration = accessGeneration
                let old = arrival.rules
                arrival.rules = rules(of: listener)
                let renewed = Login.renew(principal, old: old, new: arrival.rules)
                return decided(id, renewed, isAssigned: isAssigned)
            }
            let tenant = grant(of: listener).tenant
            if let refusal = lateRefusal(id, tenant) {
                refuse(id, refusal.code, refusal.outcome, refusal.reasons)
                return .stop
            }
            connect.clientID = Array(principal.clientID.utf8)
            let admitted = Admitted(
                connect: connect,
                principal: principal,
                isAssigned: isAssigned,
                rules: arrival.rules,
                accessGeneration: accessGeneration
            )
            // A client without an id of its own stays where it came in.
            let home = isAssigned ? setup.index : self.home(tenant, connect.clientID)
            if home != setup.index {
                links[id].phase = .awaitsConnect
                actions.append(
                    .move(link: id, transport: links[id].transport, to: home, admitted)
                )
                return .move
            }
            return establish(id, admitted) ? .goOn : .stop
        }
    }

    /// A moved connection's name here is gone; the host has taken the bytes along.
    public func moved(_ id: Handle) {
        guard links.contains(id) else { return }
        out.release(Int(id.slot))
        // Its place goes with it.
        _ = links.remove(id)
    }

    /// A connection that another partition let in.
    public func arrived(transport: UInt64, listener: Int, _ admitted: Admitted) -> Handle {
        var link = Link(
            transport: transport,
            listener: listener,
            now: now,
            receiveMaximum: limits.receiveMaximum
        )
        link.version = admitted.connect.version
        link.arrival = LinkArrival(ArrivalFacts())
        link.arrival?.connect = admitted.connect
        link.hasPlace = true
        link.tenant = grant(of: listener).tenant
        let id = links.insert(link)
        var admitted = admitted
        if admitted.accessGeneration < accessGeneration {
            let step = Login.renew(
                admitted.principal,
                old: admitted.rules,
                new: rules(of: listener)
            )
            guard case .accepted(let principal) = step else {
                if case .refused(let reasons) = step {
                    let (code, outcome) = Self.connackCode(for: reasons)
                    refuse(id, code, outcome, reasons)
                }
                return id
            }
            admitted.principal = principal
        }
        guard establish(id, admitted) else { return id }
        if isDraining { disconnect(id, .serverShuttingDown, "the server is shutting down") }
        return id
    }

    func grant(of listener: Int) -> ListenerGrant {
        setup.listeners.indices.contains(listener) ? setup.listeners[listener] : ListenerGrant()
    }

    private struct Refusal {
        var code: MQTTReason
        var outcome: ConnectOutcome
        var reasons: [Reason]
    }

    /// What the listener and the daemon grant, before anybody is asked who this is.
    private func checkGrants(_ id: Handle, _ connect: Connect) -> Refusal? {
        let grant = grant(of: links[id].listener)
        if isDraining {
            // [MQTT-3.2.2-8]: 0x8B is no code of CONNACK.
            return Refusal(
                code: .serverUnavailable,
                outcome: .serverUnavailable,
                reasons: [Reason(.serverShuttingDown)]
            )
        }
        if !grant.versions.contains(connect.version.rawValue) {
            return Refusal(
                code: .unsupportedProtocolVersion,
                outcome: .unsupportedVersion,
                reasons: [Reason(.protocolVersion)]
            )
        }
        if connect.clientID.count > limits.clientIDBytesMax {
            counters.limitHits.add(.clientIDBytes)
            return Refusal(
                code: .clientIdentifierNotValid,
                outcome: .clientIDNotValid,
                reasons: [Reason(.clientIDTooLong)]
            )
        }
        if let method = connect.properties.authenticationMethod {
            // MQTT 5.0 §4.12: no extended method is offered yet.
            return Refusal(
                code: .badAuthenticationMethod,
                outcome: .badAuthenticationMethod,
                reasons: [
                    Reason(
                        .authenticationMethod,
                        detail: String(decoding: method, as: UTF8.self)
                    )
                ]
            )
        }
        if let will = connect.will, will.qos > grant.maximumQoS {
            return Refusal(
                code: .qosNotSupported,
                outcome: .protocolError,
                reasons: [Reason(.willQoS)]
            )
        }
        return nil
    }

    /// What may have changed while the login was decided; takes a place when nothing has.
    private func lateRefusal(_ id: Handle, _ tenant: UInt32) -> Refusal? {
        if isDraining {
            // [MQTT-3.2.2-8]: 0x8B is no code of CONNACK.
            return Refusal(
                code: .serverUnavailable,
                outcome: .serverUnavailable,
                reasons: [Reason(.serverShuttingDown)]
            )
        }
        guard takePlace(id, tenant) else {
            counters.limitHits.add(.connectionsPerTenant)
            return Refusal(
                code: .quotaExceeded,
                outcome: .quotaExceeded,
                reasons: [Reason(.connectionsPerTenant)]
            )
        }
        return nil
    }

    /// CONNECT itself is malformed: where the version is known, the answer says what is wrong.
    private func refuseConnect(_ id: Handle, _ body: RawSpan, _ error: MQTTError) {
        let version = Connect.version(of: body)
        links[id].version = version ?? .v5
        report(
            .protocolError(
                notice(id),
                code: error.code.rawValue,
                reason: "\(error.reason) (\(error.clause))"
            )
        )
        var mayAnswer = version != nil
        switch error.code {
        case .unsupportedProtocolVersion:
            // [MQTT-3.1.2-2]: the answer is in the form that the client is likely to read.
            counters.connects.add(.unsupportedVersion)
            links[id].version = Connect.isNewer(body) ? .v5 : .v311
            writer.removeAll()
            Encode.connack(
                sessionPresent: false,
                code: .unsupportedProtocolVersion,
                version: links[id].version,
                into: &writer
            )
            sendWritten(id)
            mayAnswer = false
        case .clientIdentifierInvalid: counters.connects.add(.clientIDNotValid)
        default: counters.connects.add(.malformedPacket)
        }
        let isSilent = version != .v5 && error.code != .clientIdentifierInvalid
        if mayAnswer, !isSilent { sendRefusal(id, error.reasonCode, "\(error.reason)") }
        dismiss(id)
    }

    /// Answers with a refusal and closes.
    private func refuse(
        _ id: Handle,
        _ code: MQTTReason,
        _ outcome: ConnectOutcome,
        _ reasons: [Reason]
    ) {
        counters.connects.add(outcome)
        report(.sessionRefused(notice(id), reasons))
        sendRefusal(id, code, reasons.first?.code.publicSentence)
        dismiss(id)
    }

    private func sendRefusal(_ id: Handle, _ code: MQTTReason, _ sentence: String?) {
        let version = links[id].version
        if version != .v5, ConnectReturnCode(code) == nil { return }
        let asked = links[id].arrival?.connect?.properties
        var properties = ConnackProperties()
        if grant(of: links[id].listener).reasonStrings.go(to: asked?.requestProblemInformation) {
            properties.reasonString = sentence
        }
        for _ in 0..<2 {
            writer.removeAll()
            Encode.connack(
                sessionPresent: false,
                code: code,
                version: version,
                properties: properties,
                into: &writer
            )
            let isTooLarge = asked?.maximumPacketSize.map { writer.count > $0 } ?? false
            if !isTooLarge { return sendWritten(id) }
            // [MQTT-3.2.2-19]: the sentence is left out where it does not fit.
            properties.reasonString = nil
        }
    }

    private static func connackCode(for reasons: [Reason]) -> (MQTTReason, ConnectOutcome) {
        let answer = RefusalAnswer(reasons)
        return (answer.connackCode, answer.outcome)
    }

    private func assignedClientID(_ id: Handle) -> [UInt8] {
        // Partition, place, generation and time, mixed with a secret: not to be guessed, and 128
        // bits wide so that no two are the same. The form is mosquitto's.
        var facts = ByteWriter(capacity: 24)
        facts.put(UInt64(setup.index))
        facts.put(id.word)
        facts.put(now)
        let first = hashBytes(facts.bytes, seed: setup.tableSeed)
        facts.put(first)
        var mixed = ByteWriter(capacity: 16)
        mixed.put(first)
        mixed.put(hashBytes(facts.bytes, seed: ~setup.tableSeed))
        var name = Array("auto-".utf8)
        for (index, digit) in Hex.encode(mixed.bytes).utf8.enumerated() {
            if [8, 12, 16, 20].contains(index) { name.append(0x2D) }
            name.append(digit)
        }
        return name
    }

    /// The client is in: its session, the answer, and what waited for it; false when it is not.
    func establish(_ id: Handle, _ admitted: Admitted) -> Bool {
        let connect = admitted.connect
        let grant = grant(of: links[id].listener)
        let key = ClientKey(tenant: grant.tenant, identifier: connect.clientID)
        guard let (session, wasPresent) = storeSession(key, connect) else {
            counters.limitHits.add(.sessions)
            refuse(id, .quotaExceeded, .quotaExceeded, [Reason(.sessionsStored)])
            return false
        }
        let wasFree = isUnrestricted(session)
        let number = enlist(admitted.principal)
        links[id].phase = .open
        links[id].version = connect.version
        links[id].tenant = grant.tenant
        links[id].session = session
        links[id].principal = number
        links[id].isUnrestricted =
            admitted.principal.needsNoQuestions
        links[id].arrival = nil
        links[id].maximumQoS = grant.maximumQoS
        links[id].mountPoint = grant.mountPoint
        adopt(id, connect.properties, grant, connect.version)
        sessions[session].link = id
        principals[sessions[session].principal] = nil
        sessions[session].principal = number
        sessions[session].window.limit = min(
            limits.inFlightMax,
            Int(connect.properties.receiveMaximum)
        )
        sessions[session].expiresAt = .max
        sessions[session].will = connect.will.map { makeWill($0, key, grant, session) }
        links[id].accessGeneration = admitted.accessGeneration
        counters.connections += 1
        counters.connects.add(.accepted)
        let keepAlive = startKeepAlive(id, connect.keepAliveSeconds)
        // What a returning session may read can differ from last time.
        if wasPresent, !(wasFree && links[id].isUnrestricted),
            !sessions[session].subscriptions.isEmpty
        {
            routes.invalidateAll()
        }
        guard acceptConnection(id, session, wasPresent, admitted, keepAlive) else { return false }
        report(.sessionOpened(notice(id)))
        groupsNotice(session, .connected)
        redeliver(session, id)
        pump(session)
        return true
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
        _ grant: ListenerGrant,
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
        let topic = grant.mountPoint + will.topic
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
        if granted > 0 {
            timers.insert(
                now + links[id].keepAliveMilliseconds,
                kind: PartitionTimer.keepAlive.rawValue,
                subject: id.word
            )
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
            properties.receiveMaximum = UInt16(clamping: links[id].receiveMaximum)
            properties.maximumPacketSize = UInt32(clamping: limits.packetBytesMax)
            if links[id].topicAliasMaximum > 0 {
                properties.topicAliasMaximum = UInt16(clamping: links[id].topicAliasMaximum)
            }
            if links[id].maximumQoS < 2 { properties.maximumQoS = links[id].maximumQoS }
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
