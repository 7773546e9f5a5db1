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
    /// What the bodies of all requests under way may have together.
    var bodyBytesTotalMax = 256 << 20
    /// Answers that wait to be sent on a connection; above it no request is read.
    var outBytesMax = 1 << 20
    /// Threads that answer; 0 answers on the thread of the connections, for what never waits.
    var threads = 4
    /// Requests that wait for a thread.
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
            handshakesWaitingMax: connectionsMax,
            handshakesPerSourceMax: connectionsPerSourceMax
        )
    }
}

/// What is served.
struct HTTPSite: Sendable {
    /// What becomes of the body that follows a head; called on the thread of the connections.
    var bodyRule: @Sendable (RequestHead) -> BodyRule
    /// The answer; called on one of the threads that answer.
    var answer: @Sendable (HTTPExchange) -> Response

    /// Makes a site that takes bodies up to the limit of the server.
    init(
        bodyRule: @escaping @Sendable (RequestHead) -> BodyRule = { _ in .take(bytesMax: .max) },
        answer: @escaping @Sendable (HTTPExchange) -> Response
    ) {
        self.bodyRule = bodyRule
        self.answer = answer
    }
}

/// A port of an HTTP server.
struct HTTPPort: Sendable {
    /// The socket, with TLS or without.
    var listener: LoopListener
    /// Its name in logs.
    var name: String
}
