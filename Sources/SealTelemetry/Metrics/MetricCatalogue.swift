// SPDX-License-Identifier: Apache-2.0
// Every metric there is: the exposition is written from this list and the reference page is made
// from it. No label ever carries a client id, an address or a topic.

/// Every metric of the daemon.
public enum MetricCatalogue {
    static let mqtt = Metric.Label("protocol", ["mqtt"])
    static let qos = Metric.Label("qos", ["0", "1", "2"])
    static let listener = Metric.Label("listener", boundBy: "the listeners of the configuration")

    static let connections = Metric(
        "sealwire_connections",
        .gauge,
        "Clients connected now.",
        labels: [mqtt]
    )
    static let connects = Metric(
        "sealwire_connects_total",
        .counter,
        "Attempts to connect, by how they ended.",
        labels: [
            mqtt, Metric.Label("result", ["accepted", "refused"]),
            Metric.Label("reason", ConnectOutcome.allCases.map(\.label)),
        ]
    )
    static let messagesReceived = Metric(
        "sealwire_messages_received_total",
        .counter,
        "Messages clients published.",
        labels: [mqtt, qos]
    )
    static let messagesDelivered = Metric(
        "sealwire_messages_delivered_total",
        .counter,
        "Messages sent to subscribers, redeliveries not counted.",
        labels: [mqtt, qos]
    )
    static let messagesDropped = Metric(
        "sealwire_messages_dropped_total",
        .counter,
        "Messages that did not reach a subscriber they were meant for.",
        labels: [Metric.Label("reason", DropReason.allCases.map(\.label))]
    )
    static let bytesReceived = Metric(
        "sealwire_bytes_received_total",
        .counter,
        "Bytes of protocol received, without TLS."
    )
    static let bytesSent = Metric(
        "sealwire_bytes_sent_total",
        .counter,
        "Bytes of protocol sent, without TLS."
    )

    static let sessions = Metric(
        "sealwire_sessions",
        .gauge,
        "Sessions held now, connected or not."
    )
    static let subscriptions = Metric(
        "sealwire_subscriptions",
        .gauge,
        "Subscriptions held now."
    )
    static let queuedMessages = Metric(
        "sealwire_queued_messages",
        .gauge,
        "Messages waiting in session queues now."
    )
    static let queueBytes = Metric(
        "sealwire_queue_bytes",
        .gauge,
        "Bytes of topic and payload waiting in session queues now."
    )
    static let memoryBytes = Metric(
        "sealwire_memory_bytes",
        .gauge,
        "Memory held for clients now, with what objects and tables take, by what it is held for.",
        labels: [Metric.Label("kind", MemoryKind.allCases.map(\.label))]
    )
    static let retainedMessages = Metric(
        "sealwire_retained_messages",
        .gauge,
        "Retained messages held now."
    )

    static let handshakes = Metric(
        "sealwire_tls_handshakes_total",
        .counter,
        "TLS handshakes, by version and how they ended.",
        labels: [
            Metric.Label("version", HandshakeVersion.allCases.map(\.label)),
            Metric.Label("result", ["full", "resumed", "failed"]),
            Metric.Label(
                "reason",
                ["none"] + HandshakeOutcome.allCases.map(\.reason).filter { $0 != "none" }
            ),
        ]
    )
    static let handshakeSeconds = Metric(
        "sealwire_tls_handshake_seconds",
        .histogram,
        "Time from the first byte of a TLS handshake to its success."
    )
    static let withdrawnConnections = Metric(
        "sealwire_withdrawn_connections_total",
        .counter,
        "Connections ended because the certificate, device, account or tenant they relied on was "
            + "taken away."
    )
    static let withdrawalSeconds = Metric(
        "sealwire_withdrawal_seconds",
        .histogram,
        "Time from such a change to the end of the last connection."
    )
    static let httpRequests = Metric(
        "sealwire_http_requests_total",
        .counter,
        "Requests to the REST API, by the class of their status.",
        labels: [Metric.Label("status", HTTPStatusClass.allCases.map(\.label))]
    )
    static let httpRequestSeconds = Metric(
        "sealwire_http_request_seconds",
        .histogram,
        "Time that answering a request to the REST API took, from its last byte on."
    )
    static let limitHits = Metric(
        "sealwire_limit_hits_total",
        .counter,
        "How often a limit was hit.",
        labels: [Metric.Label("limit", LimitName.allCases.map(\.label))]
    )

    static let loopDelay = Metric(
        "sealwire_shard_loop_delay_seconds",
        .gauge,
        "The longest turn of a shard's loop since the last scrape.",
        labels: [Metric.Label("shard", boundBy: "the number of shards")]
    )
    static let certificateExpiry = Metric(
        "sealwire_certificate_expiry_seconds",
        .gauge,
        "Seconds until a listener's certificate expires; negative when it has.",
        labels: [listener]
    )
    static let configReloads = Metric(
        "sealwire_config_reloads_total",
        .counter,
        "Attempts to reload the configuration.",
        labels: [Metric.Label("result", ["applied", "refused"])]
    )
    static let configLastReload = Metric(
        "sealwire_config_last_reload_timestamp_seconds",
        .gauge,
        "When the running configuration was taken, in seconds since 1970; 0 before a reload."
    )
    static let decisionBytes = Metric(
        "sealwire_decision_log_bytes",
        .gauge,
        "Memory of the last decisions about access, which sealwire explain shows."
    )
    static let decisionsDropped = Metric(
        "sealwire_decisions_dropped_total",
        .counter,
        "Decisions about access that had to go for younger ones."
    )
    static let logSuppressed = Metric(
        "sealwire_log_events_suppressed_total",
        .counter,
        "Log events left out because their name was written too often."
    )

    static let buildInfo = Metric(
        "sealwire_build_info",
        .gauge,
        "Always 1; the labels name the running build.",
        labels: [Metric.Label("version", boundBy: "the running build")]
    )
    static let processCPU = Metric(
        "sealwire_process_cpu_seconds_total",
        .counter,
        "Processor time used, user and system together."
    )
    static let processMemory = Metric(
        "sealwire_process_resident_memory_bytes",
        .gauge,
        "Memory held in RAM."
    )
    static let processOpenFDs = Metric(
        "sealwire_process_open_fds",
        .gauge,
        "File descriptors open now."
    )
    static let processStart = Metric(
        "sealwire_process_start_time_seconds",
        .gauge,
        "When the process started, in seconds since 1970."
    )

    /// All metrics, in the order in which they are written.
    public static let all: [Metric] = [
        connections, connects, messagesReceived, messagesDelivered, messagesDropped,
        bytesReceived, bytesSent, sessions, subscriptions, queuedMessages, queueBytes,
        retainedMessages, memoryBytes, handshakes, handshakeSeconds, withdrawnConnections,
        withdrawalSeconds, httpRequests, httpRequestSeconds, limitHits, loopDelay,
        certificateExpiry, configReloads, configLastReload, decisionBytes,
        decisionsDropped, logSuppressed, buildInfo,
        processCPU, processMemory, processOpenFDs, processStart,
    ]

    /// The reference page `Documentation/metrics.md`.
    public static var page: String {
        var page = """
            <!-- generated: make docs, from Sources/SealTelemetry/Metrics/MetricCatalogue.swift -->
            # Metrics

            `sealwired` serves these as Prometheus text at `/metrics` on its own loopback
            listener. Units are seconds and bytes, counters end in `_total`, and no label ever
            carries a client id, an address or a topic. Each counter lives as long as the
            process. A combination of labels appears once it has been counted.

            | metric | kind | labels | meaning |
            | --- | --- | --- | --- |

            """
        for metric in all {
            let labels = metric.labels.map { "`\($0.name)`" }.joined(separator: ", ")
            page += "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |\n"
        }
        page += "\n## Label values\n\n| metric | label | values |\n| --- | --- | --- |\n"
        for metric in all {
            for label in metric.labels {
                let values =
                    label.values.isEmpty
                    ? "bounded by \(label.bound)"
                    : label.values.map { "`\($0)`" }.joined(separator: ", ")
                page += "| `\(metric.name)` | `\(label.name)` | \(values) |\n"
            }
        }
        return page
    }
}
