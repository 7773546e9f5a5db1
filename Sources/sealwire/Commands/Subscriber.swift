// SPDX-License-Identifier: Apache-2.0
// The life of `sealwire sub`: connect, subscribe, print until there is a reason to stop.

import SealClient
import SealMQTT

/// Subscribes and prints.
@MainActor
struct Subscriber {
    private let options: MessagingOptions
    private let settings: MQTTClientSettings
    private let printer: MessagePrinter
    private let hidden: [TopicFilter]
    private let ending = Ending()

    init(
        _ options: MessagingOptions,
        _ settings: MQTTClientSettings,
        _ printer: MessagePrinter
    ) {
        self.options = options
        self.settings = settings
        self.printer = printer
        hidden = options.hiddenFilters.compactMap { try? TopicFilter(parsing: Array($0.utf8)) }
    }

    func run() async -> Int32 {
        ending.watch(leavesWith: nil)
        do {
            let client = try MQTTClient(settings)
            ending.use(client, options.properties)
            try await client.connect()
            if let seconds = options.timeoutSeconds { ending.after(seconds: seconds) }
            // The answer is awaited beside the messages: those of a kept session come before it.
            let subscribing = Task { try await subscribe(client) }
            try await printMessages(client)
            await ending.leave()
            _ = try? await subscribing.value
        } catch {
            if let code = endingCode { return code }
            return MessagingSession.report(error, options)
        }
        return endingCode ?? MessagingSession.Exit.done
    }

    private var endingCode: Int32? {
        switch ending.reason {
        case .timedOut:
            if !options.isQuiet { Terminal.note("Timed out") }
            return MessagingSession.Exit.timedOut
        case .interrupted: return MessagingSession.Exit.done
        case nil: return nil
        }
    }

    private func subscribe(_ client: MQTTClient) async throws {
        if !options.unsubscribes.isEmpty {
            try await client.unsubscribe(
                from: options.unsubscribes,
                userProperties: options.properties.unsubscribeUser
            )
        }
        let requests = options.topics.map {
            SubscriptionRequest(
                filter: Array($0.utf8),
                qos: options.qos,
                retainAsPublished: options.retainAsPublished,
                retainHandling: options.retainHandling
            )
        }
        let answer = try await client.subscribeUnclaimed(
            to: requests,
            identifier: options.properties.subscriptionIdentifier,
            userProperties: options.properties.subscribeUser
        )
        if options.isDebug {
            let codes = answer.codes.map { String($0.rawValue) }.joined(separator: ", ")
            Terminal.write("Subscribed (mid: \(answer.packetID)): \(codes)\n")
        }
        if answer.codes.allSatisfy(\.isFailure) {
            if !options.isQuiet {
                let reason = answer.codes.first?.words ?? "no reason given"
                Terminal.error("the server refused all subscriptions: \(reason)")
            }
            await ending.leave()
        } else if options.endsAfterSubscribing {
            await ending.leave()
        }
    }

    private func printMessages(_ client: MQTTClient) async throws {
        var count = 0
        for try await message in client.messages {
            if options.retainedOnly, !message.isRetained { return }
            if options.hidesRetained, message.isRetained { continue }
            let topic = Array(message.topic.utf8)
            if hidden.contains(where: { $0.matches(topic.span.bytes) }) { continue }
            if options.removesRetained, message.isRetained {
                client.publish(OutgoingMessage(topic: topic, payload: [], isRetained: true)) { _ in
                }
            }
            if isShown, !printer.print(message) { return }
            count += 1
            if count == options.countMax { return }
        }
    }

    private var isShown: Bool {
        options.randomPercent >= 100 || Double.random(in: 0..<100) < options.randomPercent
    }
}
