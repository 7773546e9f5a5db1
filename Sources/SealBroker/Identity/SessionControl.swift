// SPDX-License-Identifier: Apache-2.0
// What administration asks of those who are connected: lists, ends, explanations.

public import SealBytes

/// A session as it is shown.
public struct SessionRecord: Sendable, Equatable {
    /// The tenant.
    public var tenant: UInt32
    /// The client i d.
    public var clientID: Name
    /// The user; empty for anonymous clients.
    public var user: Name
    /// The device identifier; empty when it is no device.
    public var device: Name
    /// `mqtt-3.1`, `mqtt-3.1.1` or `mqtt-5`.
    public var protocolName: String
    /// The listener.
    public var listener: String
    /// The address of the other side; empty while it is away.
    public var peer: String
    /// The is connected.
    public var isConnected: Bool
    /// What proved it, such as `certificate`.
    public var method: String
    /// Since when it is connected or away, in milliseconds since 1970.
    public var since: Int64
    /// The subscriptions.
    public var subscriptions: Int
    /// The queued messages.
    public var queuedMessages: Int

    /// Makes the value.
    public init(tenant: UInt32, clientID: Name) {
        self.tenant = tenant
        self.clientID = clientID
        user = ""
        device = ""
        protocolName = ""
        listener = ""
        peer = ""
        isConnected = false
        method = ""
        since = 0
        subscriptions = 0
        queuedMessages = 0
    }
}

/// A decision about access that was made.
public struct DecisionRecord: Sendable {
    /// When, in milliseconds since 1970.
    public var time: Int64
    /// The tenant; 0 when it was not found.
    public var tenant: UInt32
    /// `mqtt`, `http`, later others.
    public var protocolName: String
    /// The listener.
    public var listener: String
    /// The peer.
    public var peer: String
    /// The client i d.
    public var clientID: Name
    /// The user.
    public var user: Name
    /// The device identifier, or the common name of the certificate that was shown.
    public var device: Name
    /// `login`, `publish`, `subscribe`, `withdrawn`.
    public var act: String
    /// What it was about, such as a topic; may be empty.
    public var subject: Name
    /// The is allowed.
    public var isAllowed: Bool
    /// The reasons.
    public var reasons: [Reason]
    /// How often the same was decided in a row; the time is that of the last.
    public var count = 1

    /// Makes the value.
    public init(time: Int64, act: String, isAllowed: Bool, reasons: [Reason]) {
        self.time = time
        tenant = 0
        protocolName = ""
        listener = ""
        peer = ""
        clientID = ""
        user = ""
        device = ""
        self.act = act
        subject = ""
        self.isAllowed = isAllowed
        self.reasons = reasons
    }
}

/// Those who are connected, of all shards.
///
/// Calls wait for the shards: never on one.
public protocol SessionControl: Sendable {
    /// The sessions of a tenant, ordered by client id.
    func sessions(tenant: UInt32, _ page: PageRequest) -> Page<SessionRecord>
    /// Ends the connection of a client, and forgets its session if so said; how many were ended.
    func kick(tenant: UInt32, clientID: Name, forgets: Bool) -> Int
    /// The last decisions about a device, client id or user of a tenant, the youngest first.
    func decisions(tenant: UInt32, about: Name, limit: Int) -> [DecisionRecord]
    /// Remembers a decision.
    func note(_ decision: DecisionRecord)
}
