// SPDX-License-Identifier: Apache-2.0
// The topics below $SYS/broker, with the names mosquitto's users know: from sums of counters to
// texts. Not here: publishing them.

internal import Glibc
internal import SealTelemetry

/// Computes the system topics; remembers what was said last, and the averages.
struct SystemTopics {
    /// What one round is made of.
    struct Sample {
        var uptimeSeconds: Int
        var counters: ShardCounters
        var residentBytes: UInt64
    }

    private var last: [String: String] = [:]
    private var previous: Sample?
    private var clientsMax: Int64 = 0
    private var residentMax: UInt64 = 0
    private var loads: [String: [Double]] = [:]

    /// The topics whose text changed since the round before.
    mutating func changes(_ sample: Sample) -> [(topic: String, payload: String)] {
        var changed: [(topic: String, payload: String)] = []
        for (topic, payload) in all(sample) where last[topic] != payload {
            last[topic] = payload
            changed.append(("$SYS/broker/\(topic)", payload))
        }
        return changed
    }

    private mutating func all(_ sample: Sample) -> [(String, String)] {
        let counters = sample.counters
        clientsMax = max(clientsMax, counters.sessions)
        residentMax = max(residentMax, sample.residentBytes)
        let away = max(counters.sessions - counters.connections, 0)
        let stored = counters.retainedMessages + counters.queuedMessages
        var topics: [(String, String)] = [
            ("version", "sealwire version \(Version.text)"),
            ("uptime", "\(sample.uptimeSeconds) seconds"),
            ("clients/total", "\(counters.sessions)"),
            ("clients/maximum", "\(clientsMax)"),
            ("clients/connected", "\(counters.connections)"),
            ("clients/active", "\(counters.connections)"),
            ("clients/disconnected", "\(away)"),
            ("clients/inactive", "\(away)"),
            ("clients/expired", "\(counters.sessionsExpired)"),
            ("bytes/received", "\(counters.bytesReceived)"),
            ("bytes/sent", "\(counters.bytesSent)"),
            ("messages/received", "\(counters.messagesReceived.total)"),
            ("messages/sent", "\(counters.messagesDelivered.total)"),
            ("messages/stored", "\(stored)"),
            ("publish/messages/received", "\(counters.messagesReceived.total)"),
            ("publish/messages/sent", "\(counters.messagesDelivered.total)"),
            ("publish/messages/dropped", "\(counters.messagesDropped.total)"),
            ("publish/bytes/received", "\(counters.payloadBytesReceived)"),
            ("publish/bytes/sent", "\(counters.payloadBytesDelivered)"),
            ("connections/socket/count", "\(counters.socketsAccepted)"),
            ("retained messages/count", "\(counters.retainedMessages)"),
            ("store/messages/count", "\(stored)"),
            ("store/messages/bytes", "\(counters.queueBytes)"),
            ("subscriptions/count", "\(counters.subscriptions)"),
            ("shared_subscriptions/count", "\(counters.sharedSubscriptions)"),
            ("heap/current", "\(sample.residentBytes)"),
            ("heap/maximum", "\(residentMax)"),
        ]
        topics += averages(sample)
        return topics
    }

    /// Events per minute, averaged over 1, 5 and 15 minutes with exponential decay.
    private mutating func averages(_ sample: Sample) -> [(String, String)] {
        defer { previous = sample }
        guard let previous else { return [] }
        let seconds = Double(max(sample.uptimeSeconds - previous.uptimeSeconds, 1))
        let before = Self.sums(previous.counters)
        var topics: [(String, String)] = []
        for (index, (name, sum)) in Self.sums(sample.counters).enumerated() {
            let perMinute = Double(sum &- before[index].1) * 60 / seconds
            var averages = loads[name] ?? [0, 0, 0]
            for (position, minutes) in [1.0, 5.0, 15.0].enumerated() {
                let keep = exp(-seconds / (minutes * 60))
                averages[position] = perMinute + keep * (averages[position] - perMinute)
                let period = "\(Int(minutes))min"
                topics.append(("load/\(name)/\(period)", Self.decimal(averages[position])))
            }
            loads[name] = averages
        }
        return topics
    }

    private static func sums(_ counters: ShardCounters) -> [(String, UInt64)] {
        [
            ("connections", counters.connects[.accepted]),
            ("sockets", counters.socketsAccepted),
            ("bytes/received", counters.bytesReceived),
            ("bytes/sent", counters.bytesSent),
            ("messages/received", counters.messagesReceived.total),
            ("messages/sent", counters.messagesDelivered.total),
            ("publish/received", counters.messagesReceived.total),
            ("publish/sent", counters.messagesDelivered.total),
            ("publish/dropped", counters.messagesDropped.total),
        ]
    }

    /// Two digits behind the point.
    static func decimal(_ number: Double) -> String {
        guard number.isFinite, abs(number) < 9e15 else { return "0.00" }
        let hundredths = Int64((number * 100).rounded())
        let sign = hundredths < 0 ? "-" : ""
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }
}
