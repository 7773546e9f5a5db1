// SPDX-License-Identifier: Apache-2.0
// The client as applications use it: asynchronous calls, each a letter to the client's thread.

public import SealMQTT
internal import SealNet

/// A client of an MQTT server.
///
/// The work is done by a thread of its own; a client that nobody holds any more disconnects.
public final class MQTTClient: Sendable {
    /// What the client was told.
    public let settings: MQTTClientSettings
    /// Messages that no subscription claims; kept only when the settings say so.
    public let messages: MQTTMessages
    private let inbox: ClientInbox

    /// Makes a client; nothing is connected yet.
    ///
    /// - Throws: `MQTTClientError` when the process has no descriptor left.
    public init(_ settings: MQTTClientSettings) throws {
        self.settings = settings
        do {
            inbox = try ClientInbox()
        } catch {
            throw MQTTClientError(.settings, "\(error)")
        }
        let unclaimed = MessageBuffer(messagesMax: settings.bufferedMessagesMax, inbox: inbox)
        messages = MQTTMessages(buffer: unclaimed)
        Thread.start(named: "mqtt-client") { [inbox] in
            ClientEngine(settings, inbox, unclaimed).run()
        }
    }

    deinit { inbox.post(.stop) }

    /// Connects; gives back what the server said.
    ///
    /// After that the client comes back by itself when the connection breaks, if its settings say
    /// so, and sends again what was under way.
    ///
    /// - Throws: `MQTTClientError`, with the server's reason code when it refused.
    @discardableResult
    public func connect() async throws -> Connack {
        try await ask { _, done in .connect(done) }
    }

    /// Publishes, and waits until the server has the message as the QoS promises.
    ///
    /// With QoS 0 it waits until the message is handed to the system. With QoS 1 and 2 a broken
    /// connection does not end the wait: the message is sent again.
    ///
    /// - Throws: `MQTTClientError`, with the server's reason code when it refused the message.
    @discardableResult
    public func publish(_ message: OutgoingMessage) async throws -> PublishOutcome {
        try await ask { token, done in .publish(message, token: token, done) }
    }

    /// Publishes, and calls `done` when the server has the message as the QoS promises.
    ///
    /// Messages are sent in the order of these calls. `done` is called on the client's thread.
    public func publish(
        _ message: OutgoingMessage,
        done: @escaping @Sendable (Result<PublishOutcome, MQTTClientError>) -> Void
    ) {
        inbox.post(.publish(message, token: inbox.nextToken(), done))
    }

    /// Publishes a text.
    @discardableResult
    public func publish(
        _ text: String,
        to topic: String,
        qos: UInt8 = 0,
        isRetained: Bool = false
    ) async throws -> PublishOutcome {
        try await publish(
            OutgoingMessage(
                topic: Array(topic.utf8),
                payload: Array(text.utf8),
                qos: qos,
                isRetained: isRetained
            )
        )
    }

    /// Subscribes to one filter.
    public func subscribe(to filter: String, qos: UInt8 = 0) async throws -> MQTTSubscription {
        try await subscribe(to: [SubscriptionRequest(filter: Array(filter.utf8), qos: qos)])
    }

    /// Subscribes; the messages are read from what is given back.
    ///
    /// Before MQTT 5.0 a message that matches several overlapping subscriptions may come to each
    /// of them as often as the server sends it.
    ///
    /// - Throws: `MQTTClientError` when the server refused every filter.
    public func subscribe(
        to filters: [SubscriptionRequest],
        userProperties: [UserProperty] = []
    ) async throws -> MQTTSubscription {
        let buffer = MessageBuffer(messagesMax: settings.bufferedMessagesMax, inbox: inbox)
        let order = SubscriptionOrder(
            filters: filters,
            userProperties: UserProperty.block(userProperties),
            identifier: nil,
            buffer: buffer
        )
        let token = inbox.nextToken()
        let answer: Suback = try await ask(token) { token, done in
            .subscribe(order, token: token, done)
        }
        if let first = answer.codes.first, answer.codes.allSatisfy(\.isFailure) {
            let text = answer.reasonString.map { " (\($0))" } ?? ""
            throw MQTTClientError(
                .denied,
                "the server refused the subscription: \(first.words)\(text)",
                reasonCode: first
            )
        }
        return MQTTSubscription(
            codes: answer.codes,
            lease: SubscriptionLease(claim: token, buffer: buffer, inbox: inbox)
        )
    }

    /// Subscribes without a reader of its own: the messages come to `messages`.
    public func subscribeUnclaimed(
        to filters: [SubscriptionRequest],
        identifier: UInt32? = nil,
        userProperties: [UserProperty] = []
    ) async throws -> Suback {
        let order = SubscriptionOrder(
            filters: filters,
            userProperties: UserProperty.block(userProperties),
            identifier: identifier,
            buffer: nil
        )
        return try await ask { token, done in .subscribe(order, token: token, done) }
    }

    /// Ends subscriptions.
    @discardableResult
    public func unsubscribe(
        from filters: [String],
        userProperties: [UserProperty] = []
    ) async throws -> Suback {
        let properties = UserProperty.block(userProperties)
        let bytes = filters.map { Array($0.utf8) }
        return try await ask { token, done in
            .unsubscribe(bytes, userProperties: properties, token: token, done)
        }
    }

    /// Asks a question and waits for its answer (MQTT 5.0 §4.10).
    ///
    /// The answer is the first message on the response topic that repeats the correlation data.
    public func request(
        _ message: OutgoingMessage,
        responseTopic: String,
        correlation: [UInt8]
    ) async throws -> MQTTMessage {
        let answers = try await subscribe(to: responseTopic, qos: message.qos)
        var question = message
        question.details.responseTopic = Array(responseTopic.utf8)
        question.details.correlationData = correlation
        try await publish(question)
        for try await answer in answers
        where settings.version != .v5 || answer.properties.correlationData == correlation {
            return answer
        }
        throw MQTTClientError.disconnectedHere
    }

    /// Ends the connection in order; what still waits fails.
    public func disconnect(
        reason: ReasonCode = .success,
        sessionExpirySeconds: UInt32? = nil,
        userProperties: [UserProperty] = []
    ) async {
        let farewell = Farewell(
            reason: reason,
            sessionExpirySeconds: sessionExpirySeconds,
            userProperties: UserProperty.block(userProperties)
        )
        // Disconnecting does not fail: at its end there is no connection.
        let _: Void? = try? await ask { _, done in .disconnect(farewell, done) }
    }

    /// Sends the thread a letter and waits for its answer.
    private func ask<Value: Sendable>(
        _ known: UInt64? = nil,
        _ command: (UInt64, @escaping Completion<Value>) -> ClientCommand
    ) async throws -> Value {
        let token = known ?? inbox.nextToken()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                inbox.post(command(token) { continuation.resume(with: $0) })
                // A task that was cancelled before has called the handler too early.
                if Task.isCancelled { inbox.post(.forget(token: token)) }
            }
        } onCancel: {
            inbox.post(.forget(token: token))
        }
    }
}
