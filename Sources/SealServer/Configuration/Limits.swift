// SPDX-License-Identifier: Apache-2.0
// [limits]: everything that is bounded, with its default and its row.

/// The limits of the daemon.
public struct Limits: SettingsSection {
    /// Connections at a time.
    public var connections = 100_000
    /// Connections at a time from one address.
    public var connectionsPerSource = 50_000
    /// Connections at a time of one tenant.
    public var connectionsPerTenant = 100_000
    /// Tenants that have something here at a time.
    public var tenants = 10_000
    /// The largest packet taken from and sent to a client.
    public var packetBytes = 1_048_576
    /// The largest packet taken before CONNECT is answered.
    public var connectPacketBytes = 16_384
    /// Bytes of unfinished packets, of all connections together.
    public var inputBytes = 134_217_728
    /// The longest keep alive granted.
    public var keepAliveSecondsMax = 65_535
    /// Bytes waiting to be sent on one connection.
    public var outBufferBytes = 1_048_576
    /// Messages waiting for one session.
    public var queuedMessages = 1000
    /// Bytes of messages waiting for one session.
    public var queuedBytes = 16_777_216
    /// QoS 1 and 2 messages a client may have open towards us.
    public var receiveMaximum = 1024
    /// QoS 1 and 2 messages we have open towards a client.
    public var inFlightMaximum = 1024
    /// Time for a TLS handshake.
    public var handshakeSeconds = 10
    /// TLS handshakes under way.
    public var handshakesWaiting = 1000
    /// TLS handshakes under way from one address.
    public var handshakesPerSource = 100
    /// Time from the end of the handshake to CONNECT.
    public var connectSeconds = 10
    /// The longest session expiry granted.
    public var sessionExpirySecondsMax = 2_592_000
    /// Sessions that outlive their connection.
    public var sessions = 1_000_000
    /// Retained messages kept.
    public var retainedMessages = 100_000
    /// Bytes of retained messages kept.
    public var retainedBytes = 268_435_456
    /// Subscriptions of one session.
    public var subscriptionsPerSession = 10_000
    /// Filters of one SUBSCRIBE or UNSUBSCRIBE.
    public var filtersPerPacket = 10_000
    /// Ways in which the filters of one tenant combine `+` with names.
    public var wildcardShapes = 1024
    /// Those of one session.
    public var wildcardShapesPerSession = 128
    /// Work done for one connection in one turn.
    public var linkWork = 40_000
    /// Work done for one tenant in one turn.
    public var tenantWork = 100_000
    /// Bytes that the subscriptions of one session take.
    public var subscriptionBytesPerSession = 8_388_608
    /// Bytes that all sessions of one client take on a shard.
    public var clientBytes = 67_108_864
    /// Bytes that one tenant takes.
    public var tenantBytes = 536_870_912
    /// Bytes that all tenants take together.
    public var memoryBytes = 1_073_741_824
    /// Bytes of remembered routes.
    public var routeCacheBytes = 67_108_864
    /// Levels of a topic or filter.
    public var topicLevels = 32
    /// Bytes of a topic or filter.
    public var topicBytes = 4096
    /// Bytes of a client id.
    public var clientIDBytes = 1024
    /// Bytes of a user name.
    public var userNameBytes = 1024
    /// Topic aliases we use towards a client that allows them.
    public var topicAliases = 10

    /// All settings at their defaults.
    public init() {}

    /// The rows of [limits].
    public static let settings: [Setting<Limits>] =
        connectionRows + messageRows + memoryRows + nameRows + workRows

    private static let connectionRows: [Setting<Limits>] = [
        .integer(
            "connections",
            \.connections,
            1...10_000_000,
            .now,
            "Connections at a time."
        ),
        .integer(
            "connections-per-source",
            \.connectionsPerSource,
            1...10_000_000,
            .now,
            "Connections at a time from one address."
        ),
        .integer(
            "connections-per-tenant",
            \.connectionsPerTenant,
            1...10_000_000,
            .now,
            "Connections at a time of one tenant."
        ),
        .integer(
            "tenants",
            \.tenants,
            1...1_000_000,
            .now,
            "Tenants with a session, a subscription or a retained message at a time; a client of "
                + "one more is refused."
        ),
        .seconds(
            "keep-alive-seconds-max",
            \.keepAliveSecondsMax,
            1...65_535,
            .newConnections,
            "Longest keep alive; MQTT 5 clients are told, others are held to it."
        ),
        .seconds(
            "handshake-seconds",
            \.handshakeSeconds,
            1...300,
            .newConnections,
            "Time for a TLS handshake."
        ),
        .integer(
            "handshakes-waiting",
            \.handshakesWaiting,
            1...1_000_000,
            .now,
            "TLS handshakes under way. When there are more, the oldest one of the address that "
                + "has most of them is given up."
        ),
        .integer(
            "handshakes-per-source",
            \.handshakesPerSource,
            1...1_000_000,
            .now,
            "TLS handshakes under way from one address."
        ),
        .seconds(
            "connect-seconds",
            \.connectSeconds,
            1...300,
            .newConnections,
            "Time from the end of the handshake to CONNECT."
        ),
        .bytes(
            "out-buffer-bytes",
            \.outBufferBytes,
            16_384...1_073_741_824,
            .newConnections,
            "Bytes waiting to be sent on one connection. Above it reading from the sources "
                + "pauses, or QoS 0 messages are dropped and counted."
        ),
    ]

    private static let messageRows: [Setting<Limits>] = [
        .bytes(
            "packet-bytes",
            \.packetBytes,
            1024...268_435_460,
            .newConnections,
            "Largest packet, both ways."
        ),
        .bytes(
            "connect-packet-bytes",
            \.connectPacketBytes,
            128...268_435_460,
            .now,
            "Largest packet before CONNECT is answered: who is not known yet has no use for more. "
                + "A will, a user name and a password have to fit."
        ),
        .bytes(
            "input-bytes",
            \.inputBytes,
            1_048_576...1_099_511_627_776,
            .restart,
            "Bytes of packets that have not arrived whole, of all connections together, the same "
                + "share for each shard. Above it those are disconnected that hold most for "
                + "longest, of the tenant and the address that hold most."
        ),
        .integer(
            "queued-messages",
            \.queuedMessages,
            1...100_000_000,
            .now,
            "Messages waiting for one session."
        ),
        .bytes(
            "queued-bytes",
            \.queuedBytes,
            1024...1_099_511_627_776,
            .now,
            "Bytes of messages waiting for one session."
        ),
        .integer(
            "receive-maximum",
            \.receiveMaximum,
            1...65_535,
            .newConnections,
            "QoS 1 and 2 messages a client may have open towards the broker."
        ),
        .integer(
            "in-flight-maximum",
            \.inFlightMaximum,
            1...65_535,
            .newConnections,
            "QoS 1 and 2 messages the broker has open towards a client."
        ),
        .seconds(
            "session-expiry-seconds-max",
            \.sessionExpirySecondsMax,
            0...4_294_967_295,
            .newConnections,
            "Longest life of a session without connection; 4294967295 is for ever."
        ),
        .integer(
            "sessions",
            \.sessions,
            0...1_000_000_000,
            .now,
            "Sessions that outlive their connection, connected or not; a client that asks for one "
                + "more is refused. 0 stores none."
        ),
        .integer(
            "retained-messages",
            \.retainedMessages,
            0...1_000_000_000,
            .now,
            "Retained messages kept; 0 switches retained messages off."
        ),
        .bytes(
            "retained-bytes",
            \.retainedBytes,
            0...1_099_511_627_776,
            .now,
            "Bytes of retained messages kept."
        ),
        .integer(
            "subscriptions-per-session",
            \.subscriptionsPerSession,
            1...10_000_000,
            .now,
            "Subscriptions of one session."
        ),
        .integer(
            "topic-aliases",
            \.topicAliases,
            0...65_535,
            .newConnections,
            "Topic aliases the broker uses towards an MQTT 5 client that allows them."
        ),
    ]

    private static let memoryRows: [Setting<Limits>] = [
        .bytes(
            "subscription-bytes-per-session",
            \.subscriptionBytesPerSession,
            4096...1_099_511_627_776,
            .now,
            "Memory for the subscriptions of one session, tables and nodes included; a filter "
                + "above it is refused."
        ),
        .bytes(
            "client-bytes",
            \.clientBytes,
            65_536...1_099_511_627_776,
            .now,
            "Memory for all sessions of one device, account or user on a shard: subscriptions, "
                + "waiting messages, messages under way, wills, names."
        ),
        .bytes(
            "tenant-bytes",
            \.tenantBytes,
            65_536...1_099_511_627_776,
            .now,
            "Memory for all sessions and retained messages of one tenant; clients of listeners "
                + "without registry are one tenant."
        ),
        .bytes(
            "memory-bytes",
            \.memoryBytes,
            1_048_576...1_099_511_627_776,
            .now,
            "Memory for all sessions and retained messages of all tenants. The last eighth is for "
                + "tenants that hold less than their share."
        ),
        .bytes(
            "route-cache-bytes",
            \.routeCacheBytes,
            1_048_576...1_099_511_627_776,
            .now,
            "Memory for remembered routes, which save looking for a topic's receivers each time; "
                + "the same share for each shard."
        ),
    ]

    private static let nameRows: [Setting<Limits>] = [
        .integer(
            "topic-levels",
            \.topicLevels,
            1...32_768,
            .now,
            "Levels of a topic or filter."
        ),
        .integer(
            "topic-bytes",
            \.topicBytes,
            1...65_535,
            .now,
            "Bytes of a topic or filter."
        ),
        .integer(
            "client-id-bytes",
            \.clientIDBytes,
            1...65_535,
            .newConnections,
            "Bytes of a client id."
        ),
        .integer(
            "user-name-bytes",
            \.userNameBytes,
            1...65_535,
            .newConnections,
            "Bytes of a user name."
        ),
    ]
}
