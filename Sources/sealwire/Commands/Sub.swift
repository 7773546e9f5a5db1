// SPDX-License-Identifier: Apache-2.0
// sealwire sub: prints messages, with the flags of mosquitto_sub.

import SealClient
import SealMQTT

enum Sub {
    static let flags = FlagTable<MessagingOptions>(
        [
            .value("-t", "--topic", is: "FILTER", "subscribe to this; may be given often") {
                o,
                v,
                _ in o.topics.append(v)
            },
            MessagingFlags.quality,
            .value("-C", is: "COUNT", "stop after so many messages") {
                (o, v, name) throws(UsageError) in
                o.countMax = try Numbers.whole(v, of: name, in: 1...Int(Int32.max))
            },
            .on("-E", help: "stop when the server has answered the subscriptions") {
                $0.endsAfterSubscribing = true
            },
        ] + MessagingFlags.printing + [
            .on("-R", help: "hide retained messages") { $0.hidesRetained = true },
            .on("--retained-only", help: "only retained messages; the first other one ends it") {
                $0.retainedOnly = true
            },
            .on("--remove-retained", help: "clear each retained message that comes") {
                $0.removesRetained = true
            },
            .on("--retain-as-published", help: "keep the retain flag of live messages (5)") {
                $0.retainAsPublished = true
            },
            .value("--retain-handling", is: "WHEN", "always, new or never (5)") {
                (o, v, name) throws(UsageError) in
                guard let number = ["always", "new", "never"].firstIndex(of: v) else {
                    throw UsageError(message: "\(name) takes always, new or never, not '\(v)'")
                }
                o.retainHandling = UInt8(number)
            },
            .value("-T", "--filter-out", is: "FILTER", "hide these topics; may be given often") {
                o,
                v,
                _ in o.hiddenFilters.append(v)
            },
            .value("-U", "--unsubscribe", is: "FILTER", "unsubscribe first; may be given often") {
                o,
                v,
                _ in o.unsubscribes.append(v)
            },
            .value("--random-filter", is: "PERCENT", "show so many of the messages, 0.1 to 100") {
                (o, v, name) throws(UsageError) in
                o.randomPercent = try Numbers.fraction(v, of: name)
                guard (0.1...100).contains(o.randomPercent) else {
                    throw UsageError(message: "\(name) takes a number from 0.1 to 100, not '\(v)'")
                }
            },
        ] + MessagingFlags.server + MessagingFlags.session + MessagingFlags.tls
            + MessagingFlags.talking + MessagingFlags.refused
    )

    static let command = Command(
        name: "sub",
        summary: "subscribe and print messages",
        run: { await run($0) },
        help: { help }
    )

    private static var help: String {
        CommandHelp(
            usage: ["sealwire sub [-h HOST] -t FILTER [OPTIONS]"],
            text: "Prints messages as they come. The flags are those of mosquitto_sub.",
            sections: [("OPTIONS", flags.help), ("FORMAT", FormatHelp.text)],
            examples: [
                "sealwire sub -h broker.example --cafile ca.crt -t 'sensors/#' -v",
                "sealwire sub --cafile ca.crt -t state -C 1 -W 5",
                "sealwire sub --cafile ca.crt -t '#' -F '%I %t %p'",
                "sealwire sub --cafile ca.crt -t 'old/#' --retained-only --remove-retained -W 2",
            ],
            exitCodes: MessagingSession.exitCodes
        ).rendered
    }

    @MainActor
    private static func run(_ words: [String]) async -> Int32 {
        let options: MessagingOptions
        let settings: MQTTClientSettings
        let printer: MessagePrinter
        do throws(UsageError) {
            let read = try MessagingSession.options(words, "sub", flags) { help }
            guard let found = read.options else { return read.exit }
            options = found
            try check(options)
            printer = try MessagePrinter(options)
            settings = try MessagingSession.settings(options)
        } catch { return MessagingSession.report(error, "sub") }
        return await Subscriber(options, settings, printer).run()
    }

    private static func check(_ options: MessagingOptions) throws(UsageError) {
        guard !options.topics.isEmpty else {
            throw UsageError(message: "what to subscribe to is missing", hint: "add -t FILTER")
        }
        for filter in options.topics + options.hiddenFilters + options.unsubscribes {
            try MessagingSession.check(filter: filter)
        }
        if options.hidesRetained, options.retainedOnly {
            throw UsageError(message: "-R and --retained-only together leave nothing")
        }
    }
}
