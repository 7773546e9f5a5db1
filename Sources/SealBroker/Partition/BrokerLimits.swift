// SPDX-License-Identifier: Apache-2.0
// What a partition allows; every number has a setting.

/// The bounds of a partition.
public struct BrokerLimits: Sendable, Equatable {
    /// The largest packet taken, in bytes.
    public var packetBytesMax = 1 << 20
    /// The largest packet taken before CONNACK, in bytes.
    public var connectPacketBytesMax = 16_384
    /// The longest keep-alive granted, in seconds.
    public var keepAliveSecondsMax = 65_535
    /// How long a client may take to say CONNECT.
    public var connectSeconds = 10
    /// Bytes that may wait to be sent on one connection.
    public var outBytesMax = 1 << 20
    /// Messages that may wait for one session.
    public var queuedMessagesMax = 10_000
    /// Bytes that may wait for one session.
    public var queuedBytesMax = 64 << 20
    /// Messages under way to one client, before it acknowledges.
    public var inFlightMax = 1024
    /// QoS 1 and 2 messages a client may have under way to us.
    public var receiveMaximum = 1024
    /// The longest session expiry granted, in seconds; `UInt32.max` is for ever.
    public var sessionExpirySecondsMax = UInt32.max
    /// Retained messages of a tenant.
    public var retainedMessagesMax = 1_000_000
    /// Bytes of retained messages of a tenant.
    public var retainedBytesMax = 1 << 30
    /// Subscriptions of one session.
    public var subscriptionsPerSessionMax = 10_000
    /// Filters of one SUBSCRIBE or UNSUBSCRIBE.
    public var filtersPerPacketMax = 10_000
    /// Ways in which the filters of one tenant combine `+` with names; this bounds what the search
    /// for a topic's receivers costs.
    public var wildcardShapesMax = 1024
    /// Those of one session.
    public var wildcardShapesPerSessionMax = 128
    /// Bytes that the subscriptions of one session may take.
    public var subscriptionBytesPerSessionMax = 8 << 20
    /// Bytes that all sessions of one client may take in a partition.
    public var clientBytesMax = 64 << 20
    /// Bytes that one tenant may take in all partitions together.
    public var tenantBytesMax = 512 << 20
    /// Bytes that all tenants may take in all partitions together.
    public var memoryBytesMax = 1 << 30
    /// Bytes of remembered routes, of all partitions together.
    public var routeBytesMax = 64 << 20
    /// Levels of a topic or filter.
    public var topicLevelsMax = 32
    /// Bytes of a topic or filter.
    public var topicBytesMax = 4096
    /// Aliases a client may set up with us.
    public var topicAliasMaximum = 32
    /// Bytes of messages on their way from one partition to another.
    public var mailboxBytesMax = 16 << 20
    /// Bytes of a client id.
    public var clientIDBytesMax = 1024
    /// Bytes of a user name.
    public var userNameBytesMax = 1024
    /// Sessions that outlive their connection, of all partitions together.
    public var storedSessionsMax = 1_000_000
    /// Tenants that have something in one partition at a time.
    public var tenantsMax = 10_000
    /// Connections of one tenant.
    public var connectionsPerTenantMax = 100_000
    /// Work in one turn.
    public var work = WorkLimits()

    /// The defaults.
    public init() {}
}
