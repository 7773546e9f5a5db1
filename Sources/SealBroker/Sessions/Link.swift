// SPDX-License-Identifier: Apache-2.0
// A client's connection as the domain sees it.

internal import SealBytes
internal import SealMQTT

struct Link {
    enum Phase: UInt8 {
        case awaitsConnect
        case awaitsLogin
        /// The client has the next word of an exchange of enhanced authentication.
        case awaitsAuth
        case open
        case closing
    }

    /// The host's name for the connection.
    let transport: UInt64
    let listener: Int
    var phase = Phase.awaitsConnect
    var version = ProtocolVersion.v311
    var tenant: UInt32 = 0
    /// Where the work done for it is counted.
    var workPlace: WorkMeter.Place = 0
    /// Filters of a SUBSCRIBE or UNSUBSCRIBE that are still to be handled.
    var filters: FilterWork?
    var session = Handle.none
    var principal: PrincipalNumber = 0
    /// The generation of the rules it was judged by last.
    var accessGeneration: UInt32 = 0
    /// It has one of its tenant's places.
    var hasPlace = false
    /// The principal may do everything; its policy is not asked.
    var isUnrestricted = false
    var keepAliveMilliseconds: UInt64 = 0
    var lastReceived: UInt64
    /// The largest packet the client takes.
    var packetBytesMax = Int.max
    /// Whether the client is sent reason strings (MQTT 5.0 §3.1.2.11.7).
    var getsReasons = false
    /// The client's QoS 1 and 2 messages we have not answered to the end.
    var unanswered = 0
    var receiveMaximum: Int
    var maximumQoS: UInt8 = 2
    var topicAliasMaximum = 0
    var aliasesIn: [[UInt8]] = []
    var aliasesOut: AliasTable?
    /// What must be remembered until CONNECT and login are through.
    var arrival: LinkArrival?
    /// In the list of links with something to send.
    var isDirty = false
    /// How many congested links this one is held up by.
    var heldBy = 0
    /// Links that are held until this one has sent what it has.
    var holds: Set<Handle> = []
    /// It did not move for the grace time: nobody waits for it any more.
    var isStalled = false
    /// What had been sent when the grace time was last checked.
    var bytesSentMark: UInt64 = 0
    var bytesSent: UInt64 = 0
    var isWatchedForStall = false
    /// The client knows some topics by other names: by `mountPoint` or `scope`.
    var renamesTopics = false
    /// The listener's prefix: put before the client's topics, and taken off those sent to it.
    var mountPoint: [UInt8] = []
    /// The topics that are the client's own, if it has any.
    var scope: TopicScope?
    /// The method of enhanced authentication that CONNECT named; empty without one.
    var authMethod: [UInt8] = []
    /// The exchange that is under way.
    var exchange: AuthExchange?
    /// The host is serving a request of the client's.
    var isServed = false
    /// The address of the other side.
    var peerAddress = ""
    /// Since when it is open.
    var openedAt: UInt64 = 0
    /// What it waits for; each is cancelled when it has gone.
    var timers = LinkTimers()
    /// Answers that wait for their turn behind a SUBACK; nil while no SUBACK is waited for.
    var answers: AnswerQueue?
    /// Packets for this client are the same as for others, and may go out at once.
    var takesSharedPackets = true

    /// Whether packets for this client are the same as for others.
    var sharesPackets: Bool { aliasesOut == nil && mountPoint.isEmpty }

    init(transport: UInt64, listener: Int, now: UInt64, receiveMaximum: Int) {
        self.transport = transport
        self.listener = listener
        lastReceived = now
        self.receiveMaximum = receiveMaximum
    }
}

/// The timers of a connection.
struct LinkTimers {
    /// CONNECT is waited for, then the next sign of life.
    var life = TimerWheel.Name.none
    var stall = TimerWheel.Name.none
    var loginEnd = TimerWheel.Name.none
    var authentication = TimerWheel.Name.none
}

/// What is kept from a connection's arrival until its login is decided.
final class LinkArrival {
    let facts: ArrivalFacts
    var connect: Connect?
    /// The client left its id to us.
    var isAssigned = false

    /// How an exchange of enhanced authentication ended.
    var proof: AuthProof?
    /// The rules a login that takes its time began with.
    var rules = AccessRules()
    var accessGeneration: UInt32 = 0

    init(_ facts: ArrivalFacts) { self.facts = facts }
}

/// Topic aliases we gave out on one connection (MQTT 5.0 §3.3.2.3.4).
final class AliasTable {
    private let maximum: Int
    private var numbers: [[UInt8]: UInt16] = [:]

    /// Whether a topic has an alias, or none is free for it.
    func isSettled(_ topic: [UInt8]) -> Bool { numbers[topic] != nil || numbers.count >= maximum }

    init(maximum: Int) { self.maximum = maximum }

    /// The alias of a topic, and whether the client knows it already; nil when all are taken.
    func alias(for topic: [UInt8]) -> (number: UInt16, isKnown: Bool)? {
        if let number = numbers[topic] { return (number, true) }
        guard numbers.count < maximum else { return nil }
        let number = UInt16(numbers.count + 1)
        numbers[topic] = number
        return (number, false)
    }

    /// Takes back an alias whose packet was not sent after all.
    func forget(_ topic: [UInt8]) { numbers[topic] = nil }
}
