// SPDX-License-Identifier: Apache-2.0
// What partitions tell each other. Letters between two partitions keep their order.

public import SealBytes
internal import SealMQTT

/// A letter from one partition to another.
public enum Mail: Sendable {
    /// The sender wants, or no longer wants, a filter's messages. `ticket` is answered.
    case interest(
        tenant: UInt32,
        filter: [UInt8],
        isWanted: Bool,
        wantsRetained: Bool,
        ticket: UInt64
    )
    /// The answer to `interest`: it is known here; with how many retained messages the sender
    /// had posted to each partition by then, when retained messages are wanted.
    case interestKnown(ticket: UInt64, retainsPosted: [UInt64])
    /// The retained messages of a filter are wanted, but for those behind so many of each
    /// partition; `seen` of each must have arrived before. `ticket` is answered in parts.
    case retainedWanted(
        tenant: UInt32,
        filter: [UInt8],
        after: [UInt64],
        seen: [UInt64],
        ticket: UInt64
    )
    /// The next part is wanted.
    case retainedNext(ticket: UInt64, seen: [UInt64])
    /// No more is wanted.
    case retainedDropped(ticket: UInt64)
    /// A part of what was wanted.
    case retainedPart(ticket: UInt64, messages: [Message], isLast: Bool)
    /// A message somebody at the receiver wants; its number among the retained messages that its
    /// sender has sent to its home, 0 when it is not retained.
    case forward(Message, retained: UInt64)
    /// A retained message for its home.
    case retain(Message)
    /// A member of a shared group, for the group's home.
    /// `ticket` is answered with `interestKnown` when it is not 0.
    case groupMember(GroupMember, event: GroupEvent, ticket: UInt64)
    /// The group's home picked a member of the receiver's.
    case groupDeliver(Message, member: GroupMember, group: Handle, GroupSearch)
    /// The sender has handled this many bytes of messages the receiver posted to it.
    case credit(Int)
    /// The picked member cannot take the message.
    case groupRefused(
        Message,
        member: GroupMember,
        group: Handle,
        GroupSearch,
        isFull: Bool
    )
}

/// What happened to a member.
public enum GroupEvent: UInt8, Sendable {
    case joined
    case left
    case connected
    case disconnected
}

/// A session in a shared group.
public struct GroupMember: Sendable, Equatable {
    /// The tenant.
    public var tenant: UInt32
    /// The group's name, a slash, and the filter.
    public var key: [UInt8]
    /// The filter alone.
    public var filter: [UInt8]
    /// The partition it lives in.
    public var partition: Int
    /// Its session there.
    public var session: Handle
    /// The QoS it subscribed with.
    public var qos: UInt8
    /// Its subscription identifier; 0 is none.
    public var identifier: UInt32

    /// One word for this member among all partitions.
    var word: UInt64 { session.word ^ UInt64(partition) << 58 }
}

/// What a partition asks its host to do after a call.
public enum Action: Sendable {
    /// Close the connection, once everything was sent if so said.
    case close(transport: UInt64, afterSending: Bool)
    /// Offer no more bytes of the connection.
    case hold(transport: UInt64)
    /// Offer bytes again.
    case resume(transport: UInt64)
    /// Decide a login that takes its time; the answer comes by `loginDecided`.
    case login(link: Handle, PasswordQuestion)
    /// Ask the registry about a login; the answer comes by `loginDecided`.
    case askRegistry(link: Handle, RegistryQuestion)
    /// Judge a message of an exchange of enhanced authentication; the answer comes by
    /// `authAnswered`, always.
    case authenticate(link: Handle, AuthQuestion)
    /// Do what a device asked the broker itself for; the answer comes by `serviceAnswered`, always.
    case service(link: Handle, ServiceRequest, Principal)
    /// Move the connection to another partition; it was logged in here.
    case move(link: Handle, transport: UInt64, to: Int, Admitted)
    /// Tell the operator.
    case report(BrokerEvent)
}

/// What is worth telling.
public enum BrokerEvent: Sendable {
    /// A client is connected.
    case sessionOpened(SessionNotice)
    /// A connection ended; the reason is a stable code.
    case sessionClosed(SessionNotice, reason: String)
    /// A client was not let in.
    case sessionRefused(SessionNotice, [Reason])
    /// A client broke the protocol.
    case protocolError(SessionNotice, code: String, reason: String)
    /// A publish or subscription was not allowed.
    case accessRefused(SessionNotice, act: String, topic: [UInt8], [Reason])
    /// A limit was hit.
    case limitHit(SessionNotice, limit: String)
    /// What a client's login stands on was taken away; its connection ends.
    case accessWithdrawn(SessionNotice, [Reason])
}

/// Who an event is about.
public struct SessionNotice: Sendable {
    /// The host's name for the connection.
    public var transport: UInt64
    /// The listener.
    public var listener: Int
    /// The client identifier.
    public var clientID: [UInt8]
    /// The user, as far as known.
    public var user: [UInt8]
    /// The protocol's version byte.
    public var version: UInt8
    /// The tenant; 0 while it is not known, and for listeners without registry.
    public var tenant: UInt32
    /// The device identifier; before the login that of the certificate, if one was shown.
    public var device: Name
    /// What proved who it is; nil before the login.
    public var method: LoginMethod?
    /// The other side, as far as it is known here.
    public var peerAddress: String
}

/// A client that was let in, on its way to the partition where its session lives.
public struct Admitted: Sendable {
    let connect: Connect
    var principal: Principal
    let isAssigned: Bool
    /// The rules it was let in by, and how old they are.
    let rules: AccessRules
    let accessGeneration: UInt32
    /// The address of the other side.
    let peerAddress: String
    /// How an exchange of enhanced authentication ended.
    let proof: AuthProof?
}

/// What is known of a connection before it says anything.
public struct ArrivalFacts: Sendable {
    /// The client's certificate, if it sent one.
    public var certificate: CertificateSummary?
    /// All certificates it sent, its own first; empty where the registry is not asked.
    public var chain: [PresentedCertificate]
    /// The connection is encrypted.
    public var isSecure: Bool
    /// The address of the other side.
    public var peerAddress: String
    /// The listener's name.
    public var listenerName: String

    /// The common name of the client's certificate, whoever judges it.
    var commonName: Name? { certificate?.commonName ?? chain.first?.commonName }

    /// Makes facts.
    public init(
        certificate: CertificateSummary? = nil,
        chain: [PresentedCertificate] = [],
        isSecure: Bool = false,
        peerAddress: String = "",
        listenerName: String = ""
    ) {
        self.certificate = certificate
        self.chain = chain
        self.isSecure = isSecure
        self.peerAddress = peerAddress
        self.listenerName = listenerName
    }
}
