// SPDX-License-Identifier: Apache-2.0
// [api]: how the REST API behaves, and what its clients may cost.

/// [api].
public struct APISettings: SettingsSection {
    /// Threads that answer quick requests.
    public var workers = 4
    /// Threads that answer requests which hash passwords or look through long lists.
    public var slowWorkers = 2
    /// Files that are worked on at a time.
    public var bulkWorkers = 2
    /// Requests that wait for a thread.
    public var waitingMax = 256
    /// Connections at a time.
    public var connectionsMax = 1000
    /// Connections at a time from one address.
    public var connectionsPerSourceMax = 256
    /// The largest body of a bulk import.
    public var bulkBytesMax = 64 << 20
    /// What the files under way hold together.
    public var bulkBytesTotalMax = 256 << 20
    /// The largest body of another request.
    public var bodyBytesMax = 1 << 20
    /// What the other requests under way hold together.
    public var bodyBytesTotalMax = 64 << 20
    /// What those from one address hold.
    public var bodyBytesPerSourceMax = 16 << 20
    /// How long a connection may be silent.
    public var idleSeconds = 60
    /// How long a request may take to arrive in all.
    public var requestSecondsMax = 600
    /// How long browsers remember to use TLS only.
    public var hstsSeconds = 31_536_000

    /// All settings at their defaults.
    public init() {}

    /// The rows of [api].
    public static let settings: [Setting<APISettings>] = threadRows + sizeRows + timeRows

    private static let threadRows: [Setting<APISettings>] = [
        .integer("workers", \.workers, 1...256, .restart, "Threads that answer requests."),
        .integer(
            "slow-workers",
            \.slowWorkers,
            1...256,
            .restart,
            "Threads that answer requests which compare or hash a password, or look through all "
                + "devices. A tenant and an address keep at least one free for others when there "
                + "are several."
        ),
        .integer(
            "bulk-workers",
            \.bulkWorkers,
            1...64,
            .restart,
            "Files of devices that are worked on at a time; of one tenant it is one."
        ),
        .integer(
            "waiting",
            \.waitingMax,
            1...100_000,
            .restart,
            "Requests that may wait for a thread; of the address or tenant with most of them the "
                + "last one is answered with 503 when there are more."
        ),
        .integer(
            "connections",
            \.connectionsMax,
            1...1_000_000,
            .restart,
            "Connections at a time, of all listeners with service = \"api\" together. When there "
                + "are more, those that have been silent longest are closed: first those of an "
                + "address that has many, last those on which somebody was known."
        ),
        .integer(
            "connections-per-source",
            \.connectionsPerSourceMax,
            1...1_000_000,
            .restart,
            "Connections at a time from one address, or from one /64 of IPv6."
        ),
    ]

    private static let sizeRows: [Setting<APISettings>] = [
        .bytes(
            "body-bytes",
            \.bodyBytesMax,
            1024...1 << 30,
            .restart,
            "Largest body of a request; before it is known who calls it is 32 KiB."
        ),
        .bytes(
            "body-bytes-total",
            \.bodyBytesTotalMax,
            1 << 20...1 << 40,
            .restart,
            "Bytes that arrived of requests under way, of all together; one more is answered with "
                + "503. Files are counted apart."
        ),
        .bytes(
            "body-bytes-per-source",
            \.bodyBytesPerSourceMax,
            65_536...1 << 40,
            .restart,
            "Bytes that arrived of requests under way from one address, or from one /64 of IPv6."
        ),
        .bytes(
            "bulk-bytes",
            \.bulkBytesMax,
            1024...1 << 30,
            .restart,
            "Largest body of a bulk registration."
        ),
        .bytes(
            "bulk-bytes-total",
            \.bulkBytesTotalMax,
            1 << 20...1 << 40,
            .restart,
            "Bytes that arrived of files under way, of all tenants together."
        ),
    ]

    private static let timeRows: [Setting<APISettings>] = [
        .seconds(
            "idle",
            \.idleSeconds,
            1...3600,
            .restart,
            "How long a connection may be silent. The head of a request may take so long, or 30 "
                + "seconds, whichever is less; its body must come at 16 KiB a second."
        ),
        .seconds(
            "request-seconds-max",
            \.requestSecondsMax,
            1...86_400,
            .restart,
            "How long a request may take to arrive, and its answer to be taken, in all."
        ),
        .seconds(
            "hsts-max-age",
            \.hstsSeconds,
            0...315_360_000,
            .restart,
            "How long browsers shall use TLS only for this host (Strict-Transport-Security); said "
                + "over TLS alone. 0 does not say it."
        ),
    ]
}
