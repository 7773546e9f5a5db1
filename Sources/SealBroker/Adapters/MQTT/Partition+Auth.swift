// SPDX-License-Identifier: Apache-2.0
// AUTH: enhanced authentication before CONNACK, and again on an open connection (MQTT 5.0 §4.12).

public import SealBytes
internal import SealMQTT

extension Partition {
    /// Whether a listener offers a method.
    func isOffered(_ method: [UInt8], _ rules: AccessRules) -> Bool {
        rules.source == .registry && rules.registry.takesPasswords
            && method.elementsEqual(ScramServer.mechanism.utf8)
    }

    /// CONNECT named a method: the exchange begins, with what it brought.
    func beginExchange(
        _ id: Handle,
        _ method: [UInt8],
        _ bytes: [UInt8]?,
        _ credentials: Credentials
    ) -> Flow {
        guard let arrival = links[id].arrival else { return .stop }
        let exchange = AuthExchange(
            method: method,
            credentials: credentials,
            rules: arrival.rules,
            accessGeneration: arrival.accessGeneration,
            isAgain: false
        )
        links[id].exchange = exchange
        if let bytes {
            links[id].phase = .awaitsLogin
            ask(id, exchange, bytes)
            return .hold
        }
        // Nothing was brought: it is asked for.
        return isAskedOn(id, exchange, []) ? .goOn : .stop
    }

    /// AUTH while CONNACK is waited for.
    func authBeforeConnack(_ id: Handle, _ body: RawSpan) throws(MQTTError) -> Flow {
        let packet = try Auth.decode(body)
        guard let exchange = links[id].exchange else { return .stop }
        // [MQTT-4.12.0-5].
        guard packet.method == exchange.method else {
            refuse(
                id,
                ConnectRefusal(
                    .badAuthenticationMethod,
                    .badAuthenticationMethod,
                    .authenticationMethod,
                    detail: "it was changed"
                )
            )
            return .stop
        }
        // [MQTT-4.12.0-3].
        guard packet.reason == .continueAuthentication else { throw Self.outOfTurn }
        links[id].phase = .awaitsLogin
        ask(id, exchange, packet.bytes ?? [])
        return .hold
    }

    /// AUTH on an open connection (MQTT 5.0 §4.12.1).
    ///
    /// Other packets go on meanwhile.
    func authAgain(_ id: Handle, _ packet: Auth) throws(MQTTError) -> Flow {
        guard packet.method == links[id].authMethod else {
            // [MQTT-4.12.1-1].
            disconnect(
                id,
                .badAuthenticationMethod,
                "another authentication method than that of CONNECT"
            )
            return .stop
        }
        switch (packet.reason, links[id].exchange) {
        case (.reauthenticate, nil):
            let exchange = AuthExchange(
                method: links[id].authMethod,
                credentials: Credentials(
                    listener: grant(of: links[id].listener).name,
                    clientID: Name(decoding: sessions[links[id].session].key.identifier),
                    peerAddress: links[id].peerAddress
                ),
                rules: rules(of: links[id].listener),
                accessGeneration: accessGeneration,
                isAgain: true
            )
            links[id].exchange = exchange
            watch(id, exchange)
            if let bytes = packet.bytes {
                ask(id, exchange, bytes)
            } else {
                sendAuth(id, .continueAuthentication, exchange.method, [])
            }
        case (.continueAuthentication, let exchange?) where exchange.turn != .host:
            ask(id, exchange, packet.bytes ?? [])
        default: throw Self.outOfTurn
        }
        return onward(id)
    }

    private static let outOfTurn = MQTTError(
        .protocolError,
        .protocolError,
        "AUTH with a reason code that has no turn now",
        clause: "MQTT 5.0 §4.12"
    )

    private func ask(_ id: Handle, _ exchange: AuthExchange, _ message: [UInt8]) {
        let question = AuthQuestion(
            credentials: exchange.credentials,
            rules: exchange.rules,
            server: exchange.server,
            message: message,
            isFirst: exchange.turn == .clientFirst
        )
        exchange.turn = .host
        actions.append(.authenticate(link: id, question))
    }

    /// The host has judged a client's message.
    public func authAnswered(_ id: Handle, _ reply: AuthReply) {
        guard links.contains(id), let exchange = links[id].exchange, exchange.turn == .host
        else { return }
        if exchange.isAgain { return answeredAgain(id, exchange, reply) }
        guard links[id].phase == .awaitsLogin, let arrival = links[id].arrival else { return }
        switch reply {
        case .challenge(let server, let bytes):
            exchange.server = server
            exchange.turn = .clientFinal
            guard isAskedOn(id, exchange, bytes) else { return }
            actions.append(.resume(transport: links[id].transport))
        case .decided(let step, let bytes, _):
            links[id].exchange = nil
            arrival.proof = AuthProof(method: exchange.method, message: bytes)
            loginDecided(id, step)
        }
    }

    /// Sends the next message of an exchange before CONNACK; false when the client cannot take it.
    private func isAskedOn(_ id: Handle, _ exchange: AuthExchange, _ bytes: [UInt8]) -> Bool {
        links[id].phase = .awaitsAuth
        write(.continueAuthentication, exchange.method, bytes)
        if let most = links[id].arrival?.connect?.properties.maximumPacketSize,
            writer.count > most
        {
            // [MQTT-3.1.2-24].
            dismiss(id)
            return false
        }
        sendWritten(id)
        arm(id, .connect, at: now + UInt64(limits.connectSeconds) * 1000)
        return true
    }

    private func answeredAgain(_ id: Handle, _ exchange: AuthExchange, _ reply: AuthReply) {
        guard links[id].phase == .open else { return }
        switch reply {
        case .challenge(let server, let bytes):
            exchange.server = server
            exchange.turn = .clientFinal
            sendAuth(id, .continueAuthentication, exchange.method, bytes)
        case .decided(let step, let bytes, _):
            links[id].exchange = nil
            var step = step
            if case .accepted(let principal) = step, exchange.accessGeneration != accessGeneration {
                step = Login.renew(
                    principal,
                    old: exchange.rules,
                    new: rules(of: links[id].listener)
                )
            }
            if let reason = refusalAgain(id, step) {
                // [MQTT-4.12.1-2]: it failed, so the connection ends.
                report(.sessionRefused(notice(id), [reason]))
                return disconnect(id, .notAuthorized, reason.code.publicSentence)
            }
            watchLoginEnd(id)
            guard links.contains(id), links[id].phase == .open else { return }
            sendAuth(id, .success, exchange.method, bytes)
        }
    }

    /// Takes the new login in the place of the old one; why not, if not.
    private func refusalAgain(_ id: Handle, _ step: LoginStep) -> Reason? {
        switch step {
        case .refused(let reasons): return reasons.first ?? Reason(.badPassword)
        case .needsPasswordCheck, .needsRegistry: return Reason(.registryFailed)
        case .accepted(var principal):
            if let reason = missedChanges(&principal) { return reason }
            let session = sessions[links[id].session]
            // The session is its owner's, and so is the connection.
            guard SessionOwner(principal) == session.owner, principal.tenant == session.key.tenant,
                principal.clientID.utf8.elementsEqual(session.key.identifier)
            else { return Reason(.anotherIdentity) }
            principals[links[id].principal] = principal
            links[id].isUnrestricted = principal.needsNoQuestions
            links[id].accessGeneration = accessGeneration
            routes.invalidateAll(of: principal.tenant)
            return nil
        }
    }

    private func sendAuth(
        _ id: Handle,
        _ reason: MQTTReason,
        _ method: [UInt8],
        _ bytes: [UInt8]
    ) {
        write(reason, method, bytes)
        sendWritten(id)
    }

    private func write(_ reason: MQTTReason, _ method: [UInt8], _ bytes: [UInt8]) {
        writer.removeAll()
        Encode.auth(
            Auth(reason: reason, method: method, bytes: bytes.isEmpty ? nil : bytes),
            into: &writer
        )
    }

    private func watch(_ id: Handle, _ exchange: AuthExchange) {
        exchange.deadline = now + UInt64(limits.connectSeconds) * 1000
        arm(id, .authentication, at: exchange.deadline)
    }

    /// An exchange on an open connection has taken its time.
    func checkExchange(_ id: Handle) {
        guard links.contains(id), links[id].phase == .open, let exchange = links[id].exchange,
            exchange.deadline <= now
        else { return }
        counters.limitHits.add(.connectSeconds)
        disconnect(id, .notAuthorized, "the authentication was not ended in time")
    }
}
