// SPDX-License-Identifier: Apache-2.0
// What one shard counts. Plain fields: an increment on the packet path is one add, no atomic, no
// lock. A scrape asks each shard for a copy and adds the copies.

/// Counters by MQTT's three qualities of service.
public struct QoSCounts: Sendable, Equatable {
    /// Messages at QoS 0.
    public var qos0: UInt64 = 0
    /// Messages at QoS 1.
    public var qos1: UInt64 = 0
    /// Messages at QoS 2.
    public var qos2: UInt64 = 0

    /// Makes zeros.
    public init() {}

    /// Adds to the counter of one QoS; anything above 1 counts as QoS 2.
    @inlinable
    public mutating func add(qos: UInt8, _ amount: UInt64 = 1) {
        switch qos {
        case 0: qos0 &+= amount
        case 1: qos1 &+= amount
        default: qos2 &+= amount
        }
    }

    /// The sum of all three.
    public var total: UInt64 { qos0 &+ qos1 &+ qos2 }

    /// Adds another set of counters.
    public static func += (left: inout Self, right: Self) {
        left.qos0 &+= right.qos0
        left.qos1 &+= right.qos1
        left.qos2 &+= right.qos2
    }
}

/// Everything one shard (or one pool thread) counts.
///
/// Counters only grow. Gauges are what the shard holds now, so the sum over shards is the
/// daemon's. A message is counted as received by the shard it entered, as delivered by the shard
/// it left.
public struct ShardCounters: Sendable {
    /// PUBLISH packets taken from MQTT clients.
    public var messagesReceived = QoSCounts()
    /// PUBLISH packets sent to MQTT clients for the first time.
    public var messagesDelivered = QoSCounts()
    /// Messages that did not reach a subscriber, by reason.
    public var messagesDropped = CountTable<DropReason>()
    /// Bytes of protocol received, after TLS.
    public var bytesReceived: UInt64 = 0
    /// Bytes of protocol sent, before TLS.
    public var bytesSent: UInt64 = 0
    /// Bytes of payload in the PUBLISH packets of `messagesReceived`.
    public var payloadBytesReceived: UInt64 = 0
    /// Bytes of payload in the PUBLISH packets of `messagesDelivered`.
    public var payloadBytesDelivered: UInt64 = 0
    /// Attempts to connect, by how they ended.
    public var connects = CountTable<ConnectOutcome>()
    /// Limits hit, by name.
    public var limitHits = CountTable<LimitName>()

    /// TLS handshakes that never agreed on a version.
    public var handshakesWithoutVersion = CountTable<HandshakeOutcome>()
    /// TLS 1.2 handshakes.
    public var handshakesTLS12 = CountTable<HandshakeOutcome>()
    /// TLS 1.3 handshakes.
    public var handshakesTLS13 = CountTable<HandshakeOutcome>()
    /// Time from the first byte of a handshake to its success.
    public var handshakeSeconds = Histogram()

    /// Requests to the REST API, by how they ended.
    public var httpRequests = CountTable<HTTPStatusClass>()
    /// Time that answering requests to the REST API took.
    public var httpRequestSeconds = Histogram()

    /// Sessions that ended because their time was over.
    public var sessionsExpired: UInt64 = 0
    /// Connections that ended because what their login stood on was taken away.
    public var connectionsWithdrawn: UInt64 = 0
    /// Connections accepted, whatever became of them.
    public var socketsAccepted: UInt64 = 0

    /// Connections open now (past CONNACK).
    public var connections: Int64 = 0
    /// Sessions held now, connected or not.
    public var sessions: Int64 = 0
    /// Subscriptions held now.
    public var subscriptions: Int64 = 0
    /// Groups of shared subscriptions that live here now.
    public var sharedSubscriptions: Int64 = 0
    /// Retained messages held now.
    public var retainedMessages: Int64 = 0
    /// Messages waiting in session queues now.
    public var queuedMessages: Int64 = 0
    /// Bytes of topic and payload waiting in session queues now.
    public var queueBytes: Int64 = 0
    /// Memory held for clients now.
    public var memory = MemoryUse()
    /// The longest turn of the loop since the last scrape.
    public var loopDelayMicrosecondsMax: UInt64 = 0

    /// Makes zeros.
    public init() {}

    /// Counts one PUBLISH taken from a client.
    @inlinable
    public mutating func addReceived(qos: UInt8, payloadBytes: Int) {
        messagesReceived.add(qos: qos)
        payloadBytesReceived &+= UInt64(truncatingIfNeeded: payloadBytes)
    }

    /// Counts one PUBLISH sent to a client for the first time.
    @inlinable
    public mutating func addDelivered(qos: UInt8, payloadBytes: Int) {
        messagesDelivered.add(qos: qos)
        payloadBytesDelivered &+= UInt64(truncatingIfNeeded: payloadBytes)
    }

    /// Counts one TLS handshake.
    public mutating func addHandshake(_ outcome: HandshakeOutcome, version: HandshakeVersion) {
        switch version {
        case .none: handshakesWithoutVersion.add(outcome)
        case .tls12: handshakesTLS12.add(outcome)
        case .tls13: handshakesTLS13.add(outcome)
        }
    }

    /// The copy a scrape takes; the longest turn begins again.
    public mutating func takeSnapshot() -> ShardCounters {
        defer { loopDelayMicrosecondsMax = 0 }
        return self
    }

    /// Adds another shard's counters; of two delays the longer one stays.
    public static func += (left: inout Self, right: Self) {
        left.messagesReceived += right.messagesReceived
        left.messagesDelivered += right.messagesDelivered
        left.messagesDropped += right.messagesDropped
        left.bytesReceived &+= right.bytesReceived
        left.bytesSent &+= right.bytesSent
        left.payloadBytesReceived &+= right.payloadBytesReceived
        left.payloadBytesDelivered &+= right.payloadBytesDelivered
        left.connects += right.connects
        left.limitHits += right.limitHits
        left.handshakesWithoutVersion += right.handshakesWithoutVersion
        left.handshakesTLS12 += right.handshakesTLS12
        left.handshakesTLS13 += right.handshakesTLS13
        left.handshakeSeconds += right.handshakeSeconds
        left.httpRequests += right.httpRequests
        left.httpRequestSeconds += right.httpRequestSeconds
        left.sessionsExpired &+= right.sessionsExpired
        left.connectionsWithdrawn &+= right.connectionsWithdrawn
        left.socketsAccepted &+= right.socketsAccepted
        left.sharedSubscriptions &+= right.sharedSubscriptions
        left.connections &+= right.connections
        left.sessions &+= right.sessions
        left.subscriptions &+= right.subscriptions
        left.retainedMessages &+= right.retainedMessages
        left.queuedMessages &+= right.queuedMessages
        left.queueBytes &+= right.queueBytes
        left.memory += right.memory
        left.loopDelayMicrosecondsMax = max(
            left.loopDelayMicrosecondsMax,
            right.loopDelayMicrosecondsMax
        )
    }
}
