// SPDX-License-Identifier: Apache-2.0
// What callers ask of the client's thread, and where messages go.

internal import SealBytes
internal import SealMQTT
internal import SealNet

extension ClientEngine {
    func handle(_ command: ClientCommand) {
        switch command {
        case .connect(let done): connect(done)
        case .publish(let message, let token, let done): publish(message, token, done)
        case .subscribe(let order, let token, let done): subscribe(order, token, done)
        case .unsubscribe(let filters, let properties, let token, let done):
            unsubscribe(filters, properties, token, done)
        case .forget(let token):
            finish(token, MQTTClientError(.cancelled, "the task was cancelled"))
        case .take(let receipt): state.take(receipt, into: &out)
        case .release(let number): release(number)
        case .resume: digest()
        case .disconnect(let farewell, let done):
            leave(farewell)
            done(.success(()))
        case .stop: isStopped = true
        }
    }

    private func connect(_ done: @escaping Completion<Connack>) {
        guard !wantsConnection else {
            done(.failure(MQTTClientError(.alreadyConnected, "the client is connected already")))
            return
        }
        wantsConnection = true
        connecting = done
    }

    /// Says goodbye and ends everything that waits.
    func leave(_ farewell: Farewell) {
        wantsConnection = false
        if let channel {
            state.disconnect(
                reason: farewell.reason,
                sessionExpirySeconds: farewell.sessionExpirySeconds,
                userProperties: farewell.userProperties,
                into: &out
            )
            flush()
            // `flush` may have found the connection broken.
            if self.channel != nil {
                channel.close(within: Self.farewellMilliseconds, waker: inbox.waker)
            }
        }
        channel = nil
        for done in flushing { done(.failure(.disconnectedHere)) }
        flushing.removeAll()
        if let done = connecting {
            connecting = nil
            done(.failure(.disconnectedHere))
        }
        for token in state.connectionLost() { finish(token, .disconnectedHere) }
        for token in state.abandon() { finish(token, .disconnectedHere) }
        for claim in claims { claim.buffer.end(.success(())) }
        claims.removeAll()
        standing.removeAll()
        unclaimed.end(.success(()))
    }

    private func publish(
        _ message: OutgoingMessage,
        _ token: UInt64,
        _ done: @escaping Completion<PublishOutcome>
    ) {
        guard wantsConnection else {
            done(.failure(MQTTClientError(.notConnected, "the client is not connected")))
            return
        }
        if message.qos > 0 { waiting[token] = .published(done) }
        do throws(MQTTError) {
            try state.publish(message, token: token, into: &out)
        } catch {
            waiting[token] = nil
            done(.failure(MQTTClientError(error, isPeer: false)))
            return
        }
        if message.qos == 0 { flushing.append(done) }
    }

    private func subscribe(
        _ order: SubscriptionOrder,
        _ token: UInt64,
        _ done: @escaping Completion<Suback>
    ) {
        var order = order
        // Identifiers tell without doubt which subscription a message is for.
        let canIdentify = state.connack?.properties.subscriptionIdentifiersAvailable != false
        if order.buffer != nil, order.identifier == nil, state.version == .v5, canIdentify,
            token <= 268_435_455
        {
            order.identifier = UInt32(truncatingIfNeeded: token)
        }
        do throws(MQTTError) {
            var filters: [TopicFilter] = []
            for request in order.filters {
                filters.append(try TopicFilter(parsing: request.filter))
            }
            try state.subscribe(
                order.filters,
                identifier: order.identifier,
                userProperties: order.userProperties,
                token: token,
                into: &out
            )
            // Retained messages may come before the answer.
            if let buffer = order.buffer {
                claims.append(
                    Claim(number: token, order: order, filters: filters, buffer: buffer)
                )
            }
        } catch {
            done(.failure(MQTTClientError(error, isPeer: false)))
            return
        }
        waiting[token] = .answered(done, order)
    }

    private func unsubscribe(
        _ filters: [[UInt8]],
        _ properties: [UInt8],
        _ token: UInt64,
        _ done: @escaping Completion<Suback>
    ) {
        do throws(MQTTError) {
            try state.unsubscribe(
                filters,
                userProperties: properties,
                token: token,
                into: &out
            )
        } catch {
            done(.failure(MQTTClientError(error, isPeer: false)))
            return
        }
        let ended = Set(filters)
        for index in standing.indices {
            standing[index].filters.removeAll { ended.contains($0.filter) }
        }
        standing.removeAll { $0.filters.isEmpty }
        waiting[token] = .answered(done, nil)
    }

    func answered(_ token: UInt64, _ answer: Suback) {
        guard case .answered(let done, let order) = waiting.removeValue(forKey: token) else {
            return
        }
        if answer.codes.allSatisfy(\.isFailure), !answer.codes.isEmpty {
            claims.removeAll { $0.number == token }
        } else if let order, order.buffer == nil {
            standing.append(order)
        }
        done(.success(answer))
    }

    /// Nobody reads these messages any more.
    private func release(_ number: UInt64) {
        guard let index = claims.firstIndex(where: { $0.number == number }) else { return }
        let claim = claims.remove(at: index)
        let others = Set(claims.flatMap { $0.order.filters.map(\.filter) })
        let filters = claim.order.filters.map(\.filter).filter { !others.contains($0) }
        if !filters.isEmpty, state.phase == .connected {
            // Nobody waits for the answer; token 0 belongs to nobody.
            try? state.unsubscribe(filters, token: 0, into: &out)
        }
        digest()
    }

    /// The server knows nothing of an earlier session: asks for everything again.
    func subscribeAgain() {
        for order in standing + claims.map(\.order) {
            // The filters were accepted once, and there is a connection: nothing can fail.
            try? state.subscribe(
                order.filters,
                identifier: order.identifier,
                userProperties: order.userProperties,
                token: 0,
                into: &out
            )
        }
    }

    /// Hands a message to those who read it.
    func deliver(_ message: IncomingMessage) {
        let identifiers = message.details.subscriptionIdentifiers
        var isClaimed = false
        for claim in claims {
            let isMeant =
                identifiers.isEmpty || claim.order.identifier == nil
                ? claim.filters.contains { $0.matches(message.topic.span.bytes) }
                : identifiers.contains { $0 == claim.order.identifier }
            guard isMeant else { continue }
            claim.buffer.push(message)
            isClaimed = true
        }
        if isClaimed { return }
        if settings.keepsUnclaimed {
            unclaimed.push(message)
        } else if let receipt = message.receipt {
            state.take(receipt, into: &out)
        }
    }
}
