// SPDX-License-Identifier: Apache-2.0
// sealwire pub: publishes messages, with the flags of mosquitto_pub.

import SealClient
import SealMQTT

enum Pub {
    static let flags = FlagTable<MessagingOptions>(
        [MessagingFlags.topic] + MessagingFlags.publishing + [
            MessagingFlags.source("-l", "--stdin-line", "each line of standard input", .lines),
            MessagingFlags.quality,
            .value("--repeat", is: "COUNT", "send the message so often (1)") {
                (o, v, name) throws(UsageError) in
                o.repeats = try Numbers.whole(v, of: name, in: 1...Int(Int32.max))
            },
            .value("--repeat-delay", is: "SECONDS", "pause between them (0)") {
                (o, v, name) throws(UsageError) in
                o.repeatDelaySeconds = try Numbers.fraction(v, of: name)
            },
        ] + MessagingFlags.server + MessagingFlags.session + MessagingFlags.tls
            + MessagingFlags.talking + MessagingFlags.refused
    )

    static let command = Command(
        name: "pub",
        summary: "publish messages",
        run: { await run($0) },
        help: { help }
    )

    private static var help: String {
        CommandHelp(
            usage: ["sealwire pub [-h HOST] -t TOPIC (-m TEXT | -f FILE | -l | -s | -n) [OPTIONS]"],
            text: "Publishes messages. The flags are those of mosquitto_pub.",
            sections: [("OPTIONS", flags.help)],
            examples: [
                "sealwire pub -h broker.example --cafile ca.crt -t sensors/1 -m 21.5",
                "sealwire pub --cafile ca.crt --cert me.crt --key me.key -t state -m on -q 1 -r",
                "journalctl -f | sealwire pub -L mqtts://user:pw@broker.example/log -l",
            ],
            exitCodes: MessagingSession.exitCodes.filter { $0.code != "27" }
        ).rendered
    }

    @MainActor
    private static func run(_ words: [String]) async -> Int32 {
        let options: MessagingOptions
        let settings: MQTTClientSettings
        let payload: [UInt8]?
        do throws(UsageError) {
            let read = try MessagingSession.options(words, "pub", flags) { help }
            guard let found = read.options else { return read.exit }
            options = found
            try check(options)
            settings = try MessagingSession.settings(options)
            payload = try options.payload?.read()
        } catch { return MessagingSession.report(error, "pub") }
        return await publish(options, settings, payload)
    }

    private static func check(_ options: MessagingOptions) throws(UsageError) {
        guard let topic = options.topics.last, options.payload != nil else {
            throw UsageError(
                message: "both a topic and a message are needed",
                hint: "sealwire pub -t TOPIC -m TEXT"
            )
        }
        try MessagingSession.check(topic: topic, as: "the topic")
    }

    @MainActor
    private static func publish(
        _ options: MessagingOptions,
        _ settings: MQTTClientSettings,
        _ payload: [UInt8]?
    ) async -> Int32 {
        let ending = Ending()
        ending.watch(leavesWith: MessagingSession.Exit.interrupted)
        let window = PublishWindow()
        do {
            let client = try MQTTClient(settings)
            ending.use(client, options.properties)
            try await client.connect()
            var message = OutgoingMessage(
                topic: Array((options.topics.last ?? "").utf8),
                payload: payload ?? [],
                qos: options.qos,
                isRetained: options.isRetained,
                details: options.properties.publish
            )
            if payload == nil {
                var input = StandardInput()
                while let line = input.line(bytesMax: PayloadSource.bytesMax) {
                    if line.isEmpty { continue }
                    message.payload = line
                    client.publish(message, done: window.begin())
                    await window.wait(below: 1_000)
                    if window.failure != nil { break }
                }
            } else {
                for number in 0..<options.repeats {
                    if number > 0, options.repeatDelaySeconds > 0 {
                        let nanoseconds = min(options.repeatDelaySeconds * 1e9, 1e18)
                        try await Task.sleep(nanoseconds: UInt64(nanoseconds))
                    }
                    client.publish(message, done: window.begin())
                    await window.wait(below: 1_000)
                    if window.failure != nil { break }
                }
            }
            await window.wait(below: 1)
            await ending.leave()
        } catch {
            return MessagingSession.report(error, options)
        }
        for error in window.takeDenied() where !options.isQuiet {
            Terminal.note("sealwire: warning: \(error.reason)")
        }
        if let failure = window.failure { return MessagingSession.report(failure, options) }
        return MessagingSession.Exit.done
    }
}
