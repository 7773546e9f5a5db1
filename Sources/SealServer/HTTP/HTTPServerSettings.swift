// SPDX-License-Identifier: Apache-2.0
// What one HTTP server is to do and how much of it: its limits, and whom it asks.

internal import SealHTTP
internal import SealNet

/// The limits and habits of one HTTP server.
struct HTTPServerSettings: Sendable {
    /// The limits on requests; its body limit is the most that any route takes.
    var request = HTTPLimits()
    /// Connections at a time.
    var connectionsMax = 1000
    /// Connections at a time from one address.
    var connectionsPerSourceMax = 256
    /// How long a connection may be silent between requests, and an answer untaken.
    var idleMilliseconds = 60_000
    /// How long a request may take to arrive, its body apart.
    var requestMilliseconds = 30_000
    /// How fast the body of a request must come, on the average.
    var bodyBytesPerSecondMin = 16 << 10
    /// How long a request may take to arrive in all, and an answer to be taken.
    var requestTotalMilliseconds = 600_000
    /// What the requests under way may hold together, files apart.
    var bodyBytesTotalMax = 64 << 20
    /// What those from one address may.
    var bodyBytesPerSourceMax = 16 << 20
    /// What the files under way may hold together.
    var bulkBytesTotalMax = 256 << 20
    /// How long browsers remember that this host speaks TLS only; 0 does not say it.
    var hstsSeconds = 0
    /// Answers that wait to be sent on a connection; above it no request is read.
    var outBytesMax = 1 << 20
    /// Threads that answer; 0 answers on the thread of the connections, for what never waits.
    var threads = 4
    /// Threads for what hashes passwords or looks through long lists.
    var slowThreads = 2
    /// Threads for whole files.
    var bulkThreads = 2
    /// Requests that wait for a thread, on each lane.
    var waitingMax = 256
    /// Whether requests are counted and written to the log.
    var isObserved = true

    /// How long clients are asked to stay away when there is no thread or no memory for them.
    static let retryAfterSeconds = 1

    /// Those of the metrics: questions without a body, answered at once.
    static var metrics: HTTPServerSettings {
        var settings = HTTPServerSettings()
        settings.connectionsMax = 64
        settings.connectionsPerSourceMax = 64
        settings.idleMilliseconds = 10_000
        settings.requestMilliseconds = 10_000
        settings.threads = 0
        settings.isObserved = false
        return settings
    }

    /// The limits on connections, for the loop.
    var admission: AdmissionLimits {
        AdmissionLimits(
            connectionsMax: connectionsMax,
            connectionsPerSourceMax: connectionsPerSourceMax,
            // Handshakes that lead to nothing leave half of the places to those that do.
            handshakesWaitingMax: max(connectionsMax / 2, 1),
            handshakesPerSourceMax: connectionsPerSourceMax
        )
    }
}

/// What is served.
struct HTTPSite: Sendable {
    /// What becomes of the body that follows a head; called on the thread of the connections.
    var bodyRule: @Sendable (HTTPExchange) -> BodyRule
    /// Judges a head whose rule says so; called on one of the threads that answer.
    var judge: @Sendable (HTTPExchange, HTTPLane) -> HTTPRuling
    /// The answer; called on one of the threads that answer.
    var answer: @Sendable (HTTPExchange, HTTPLane) -> HTTPOutcome

    /// Makes a site.
    init(
        bodyRule: @escaping @Sendable (HTTPExchange) -> BodyRule,
        judge: @escaping @Sendable (HTTPExchange, HTTPLane) -> HTTPRuling,
        answer: @escaping @Sendable (HTTPExchange, HTTPLane) -> HTTPOutcome
    ) {
        self.bodyRule = bodyRule
        self.judge = judge
        self.answer = answer
    }

    /// Makes a site that takes bodies up to the limit of the server, and answers on any lane.
    init(
        bodyRule: @escaping @Sendable (RequestHead) -> BodyRule = { _ in .take(bytesMax: .max) },
        answer: @escaping @Sendable (HTTPExchange) -> Response
    ) {
        self.init(
            bodyRule: { bodyRule($0.head) },
            judge: { _, _ in .take(bytesMax: .max, isBulk: false, permit: nil) },
            answer: { exchange, _ in .answer(answer(exchange)) }
        )
    }
}

/// A port of an HTTP server.
struct HTTPPort: Sendable {
    /// The socket, with TLS or without.
    var listener: LoopListener
    /// Its name in logs.
    var name: String
}
