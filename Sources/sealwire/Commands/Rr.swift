// SPDX-License-Identifier: Apache-2.0
// sealwire rr: publishes a request and prints the answer, with the flags of mosquitto_rr.

import SealClient
import SealMQTT

enum Rr {
    static let flags = FlagTable<MessagingOptions>(
        [
            MessagingFlags.topic,
            .value("-e", "--response-topic", is: "TOPIC", "where the answer comes") { o, v, _ in
                o.responseTopic = v
            },
        ] + MessagingFlags.publishing + [
            MessagingFlags.quality,
            .on("--latency", help: "print how long the answer took, on standard error") {
                $0.showsLatency = true
            },
            .on("-R", help: "hide retained messages") { $0.hidesRetained = true },
        ] + MessagingFlags.printing + MessagingFlags.server + MessagingFlags.session
            + MessagingFlags.tls + MessagingFlags.talking + MessagingFlags.refused
    )

    static let command = Command(
        name: "rr",
        summary: "send a request and print its answer",
        run: { await run($0) },
        help: { help }
    )

    private static var help: String {
        CommandHelp(
            usage: [
                "sealwire rr [-h HOST] -t TOPIC -e TOPIC (-m TEXT | -f FILE | -s | -n) [OPTIONS]"
            ],
            text: "Publishes a request and prints the first answer. The flags are those of\n"
                + "mosquitto_rr; MQTT 5 is spoken unless -V says otherwise.",
            sections: [("OPTIONS", flags.help), ("FORMAT", FormatHelp.text)],
            examples: [
                "sealwire rr --cafile ca.crt -t devices/7/ask -e answers/me -m status -W 5",
                "sealwire rr -V 311 --cafile ca.crt -t time -e time/answer -n",
            ],
            exitCodes: MessagingSession.exitCodes
        ).rendered
    }

    @MainActor
    private static func run(_ words: [String]) async -> Int32 {
        var options: MessagingOptions
        let settings: MQTTClientSettings
        let printer: MessagePrinter
        let payload: [UInt8]
        do throws(UsageError) {
            let read = try MessagingSession.options(words, "rr", flags) { help }
            guard let found = read.options else { return read.exit }
            options = found
            options.version = options.version ?? .v5
            try check(options)
            printer = try MessagePrinter(options)
            settings = try MessagingSession.settings(options, version: .v5)
            payload = try options.payload?.read() ?? []
        } catch { return MessagingSession.report(error, "rr") }
        return await ask(options, settings, printer, payload)
    }

    private static func check(_ options: MessagingOptions) throws(UsageError) {
        guard let topic = options.topics.last, options.payload != nil,
            let answer = options.responseTopic
        else {
            throw UsageError(
                message: "a topic, a message and a response topic are needed",
                hint: "sealwire rr -t TOPIC -m TEXT -e TOPIC"
            )
        }
        try MessagingSession.check(topic: topic, as: "the topic")
        try MessagingSession.check(topic: answer, as: "the response topic")
    }

    @MainActor
    private static func ask(
        _ options: MessagingOptions,
        _ settings: MQTTClientSettings,
        _ printer: MessagePrinter,
        _ payload: [UInt8]
    ) async -> Int32 {
        let ending = Ending()
        ending.watch(leavesWith: nil)
        let answerTopic = Array((options.responseTopic ?? "").utf8)
        do {
            let client = try MQTTClient(settings)
            ending.use(client, options.properties)
            try await client.connect()
            if let seconds = options.timeoutSeconds { ending.after(seconds: seconds) }
            _ = try await client.subscribeUnclaimed(
                to: [SubscriptionRequest(filter: answerTopic, qos: options.qos)],
                identifier: options.properties.subscriptionIdentifier,
                userProperties: options.properties.subscribeUser
            )
            var message = OutgoingMessage(
                topic: Array((options.topics.last ?? "").utf8),
                payload: payload,
                qos: options.qos,
                isRetained: options.isRetained,
                details: options.properties.publish
            )
            message.details.responseTopic = answerTopic
            let start = ContinuousClock.now
            client.publish(message) { _ in }
            for try await answer in client.messages {
                if options.hidesRetained, answer.isRetained { continue }
                let time = ContinuousClock.now - start
                _ = printer.print(answer)
                if options.showsLatency { Terminal.note("Latency: \(time)") }
                break
            }
            await ending.leave()
        } catch {
            if ending.reason == nil { return MessagingSession.report(error, options) }
        }
        switch ending.reason {
        case .timedOut:
            if !options.isQuiet { Terminal.note("Timed out") }
            return MessagingSession.Exit.timedOut
        case .interrupted, nil: return MessagingSession.Exit.done
        }
    }
}
