// SPDX-License-Identifier: Apache-2.0
// One scrape: copies of every counter in, Prometheus text out. What the process uses is measured
// elsewhere and handed in.

/// Everything one scrape shows.
public struct MetricsReport: Sendable {
    /// What the operating system says about the process.
    public struct Process: Sendable {
        /// Processor time used.
        public var cpuMicroseconds: UInt64 = 0
        /// Memory held in RAM.
        public var residentBytes: UInt64 = 0
        /// Descriptors open.
        public var openFileDescriptors: Int = 0
        /// When it started.
        public var start = Timestamp(microseconds: 0)
        /// Makes zeros.
        public init() {}
    }

    /// A copy of each shard's counters, in the order of the shards.
    public var shards: [ShardCounters]
    /// What was counted outside the shards.
    public var daemon: DaemonCounters
    /// The running version.
    public var version: String
    /// What the process uses.
    public var process = Process()
    /// Seconds until each listener's certificate expires.
    public var certificateExpiries: [(listener: String, seconds: Int64)] = []
    /// Bytes of the decisions that are remembered, and how many had to go for younger ones.
    public var decisions: (bytes: UInt64, dropped: UInt64) = (0, 0)
    /// Log lines left out by the rate limit.
    public var logEventsSuppressed: UInt64 = 0

    /// The media type of the text.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Makes a report of shards and daemon; the rest is set afterwards.
    public init(shards: [ShardCounters], daemon: DaemonCounters, version: String) {
        self.shards = shards
        self.daemon = daemon
        self.version = version
    }

    /// The scrape's answer.
    public func text() -> [UInt8] {
        var sum = daemon.snapshot
        for shard in shards { sum += shard }
        var writer = ExpositionWriter()
        writeTraffic(sum, to: &writer)
        writeHoldings(sum, to: &writer)
        writeHandshakes(sum, to: &writer)
        writeDaemon(to: &writer)
        writeProcess(to: &writer)
        return writer.bytes
    }

    private func writeTraffic(_ sum: ShardCounters, to writer: inout ExpositionWriter) {
        writer.begin(MetricCatalogue.connections)
        writer.sample(MetricCatalogue.connections, ["mqtt"], value: String(sum.connections))
        writer.begin(MetricCatalogue.connects)
        for outcome in ConnectOutcome.allCases {
            let count = sum.connects[outcome]
            guard count > 0 || outcome == .accepted else { continue }
            writer.sample(
                MetricCatalogue.connects,
                ["mqtt", outcome.result, outcome.label],
                value: String(count)
            )
        }
        let directions = [
            (MetricCatalogue.messagesReceived, sum.messagesReceived),
            (MetricCatalogue.messagesDelivered, sum.messagesDelivered),
        ]
        for (metric, counts) in directions {
            writer.begin(metric)
            writer.sample(metric, ["mqtt", "0"], value: String(counts.qos0))
            writer.sample(metric, ["mqtt", "1"], value: String(counts.qos1))
            writer.sample(metric, ["mqtt", "2"], value: String(counts.qos2))
        }
        writer.begin(MetricCatalogue.messagesDropped)
        for reason in DropReason.allCases {
            writer.sample(
                MetricCatalogue.messagesDropped,
                [reason.label],
                value: String(sum.messagesDropped[reason])
            )
        }
        writer.single(MetricCatalogue.bytesReceived, String(sum.bytesReceived))
        writer.single(MetricCatalogue.bytesSent, String(sum.bytesSent))
    }

    private func writeHoldings(_ sum: ShardCounters, to writer: inout ExpositionWriter) {
        writer.single(MetricCatalogue.sessions, String(sum.sessions))
        writer.single(MetricCatalogue.subscriptions, String(sum.subscriptions))
        writer.single(MetricCatalogue.queuedMessages, String(sum.queuedMessages))
        writer.single(MetricCatalogue.queueBytes, String(sum.queueBytes))
        writer.single(MetricCatalogue.retainedMessages, String(sum.retainedMessages))
        writer.begin(MetricCatalogue.memoryBytes)
        for kind in MemoryKind.allCases {
            writer.sample(
                MetricCatalogue.memoryBytes,
                [kind.label],
                value: String(sum.memory[kind])
            )
        }
    }

    private func writeHandshakes(_ sum: ShardCounters, to writer: inout ExpositionWriter) {
        writer.begin(MetricCatalogue.handshakes)
        let versions = [
            (HandshakeVersion.none, sum.handshakesWithoutVersion),
            (.tls12, sum.handshakesTLS12), (.tls13, sum.handshakesTLS13),
        ]
        for (version, table) in versions {
            for outcome in HandshakeOutcome.allCases {
                let count = table[outcome]
                guard count > 0 || (version == .tls13 && outcome == .full) else { continue }
                writer.sample(
                    MetricCatalogue.handshakes,
                    [version.label, outcome.result, outcome.reason],
                    value: String(count)
                )
            }
        }
        writer.histogram(MetricCatalogue.handshakeSeconds, sum.handshakeSeconds)
        let withdrawals = daemon.withdrawals
        writer.single(
            MetricCatalogue.withdrawnConnections,
            String(withdrawals.endedConnections)
        )
        writer.histogram(MetricCatalogue.withdrawalSeconds, withdrawals.seconds)
        writer.begin(MetricCatalogue.httpRequests)
        for outcome in HTTPStatusClass.allCases {
            writer.sample(
                MetricCatalogue.httpRequests,
                [outcome.label],
                value: String(sum.httpRequests[outcome])
            )
        }
        writer.histogram(MetricCatalogue.httpRequestSeconds, sum.httpRequestSeconds)
        writer.begin(MetricCatalogue.limitHits)
        for limit in LimitName.allCases {
            writer.sample(
                MetricCatalogue.limitHits,
                [limit.label],
                value: String(sum.limitHits[limit])
            )
        }
    }

    private func writeDaemon(to writer: inout ExpositionWriter) {
        writer.begin(MetricCatalogue.loopDelay)
        for (index, shard) in shards.enumerated() {
            writer.sample(
                MetricCatalogue.loopDelay,
                [String(index)],
                value: ExpositionWriter.seconds(microseconds: shard.loopDelayMicrosecondsMax)
            )
        }
        writer.begin(MetricCatalogue.certificateExpiry)
        for (listener, seconds) in certificateExpiries {
            writer.sample(
                MetricCatalogue.certificateExpiry,
                [listener],
                value: String(seconds)
            )
        }
        let reloads = daemon.reloads
        writer.begin(MetricCatalogue.configReloads)
        writer.sample(
            MetricCatalogue.configReloads,
            ["applied"],
            value: String(reloads.applied)
        )
        writer.sample(
            MetricCatalogue.configReloads,
            ["refused"],
            value: String(reloads.refused)
        )
        let lastSeconds = (reloads.last?.microseconds ?? 0) / 1_000_000
        writer.single(MetricCatalogue.configLastReload, String(lastSeconds))
        writer.single(MetricCatalogue.decisionBytes, String(decisions.bytes))
        writer.single(MetricCatalogue.decisionsDropped, String(decisions.dropped))
        writer.single(MetricCatalogue.logSuppressed, String(logEventsSuppressed))
    }

    private func writeProcess(to writer: inout ExpositionWriter) {
        writer.begin(MetricCatalogue.buildInfo)
        writer.sample(MetricCatalogue.buildInfo, [version], value: "1")
        writer.single(
            MetricCatalogue.processCPU,
            ExpositionWriter.seconds(microseconds: process.cpuMicroseconds)
        )
        writer.single(MetricCatalogue.processMemory, String(process.residentBytes))
        writer.single(MetricCatalogue.processOpenFDs, String(process.openFileDescriptors))
        let startSeconds = process.start.microseconds / 1_000_000
        writer.single(MetricCatalogue.processStart, String(startSeconds))
    }
}
