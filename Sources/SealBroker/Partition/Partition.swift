// SPDX-License-Identifier: Apache-2.0
// One shard's share of the domain: its connections, sessions, subscriptions and retained
// messages. Pure: bytes, time and letters come in as arguments, and what is to be done goes out
// as bytes in `out`, letters in the outboxes, and `actions`.

public import SealBytes
internal import SealMQTT
public import SealTelemetry

/// Which partition this is, and what all of them agree on.
public struct PartitionSetup: Sendable {
    /// This partition's number.
    public var index: Int
    /// How many there are.
    public var count: Int
    /// The same in all partitions: decides which one is home of a name.
    public var homeSeed: UInt64
    /// This partition's own, unknown to peers: seeds its tables.
    public var tableSeed: UInt64
    /// The bounds.
    public var limits: BrokerLimits
    /// What each listener grants, by its number.
    public var listeners: [ListenerGrant]
    /// Counts connections of all partitions; nil lets the partition count its own.
    public var places: (any ConnectionPlaces)?
    /// Counts stored sessions of all partitions; nil lets the partition count its own.
    public var sessionPlaces: (any SessionPlaces)?

    /// Counts the memory of all partitions; a partition alone has one of its own.
    public var memory = MemoryPool()

    /// Makes the set-up.
    public init(
        index: Int,
        count: Int,
        homeSeed: UInt64,
        tableSeed: UInt64,
        limits: BrokerLimits,
        listeners: [ListenerGrant]
    ) {
        self.index = index
        self.count = count
        self.homeSeed = homeSeed
        self.tableSeed = tableSeed
        self.limits = limits
        self.listeners = listeners
    }
}

/// Counts the connections of each tenant in all partitions together.
public protocol ConnectionPlaces: Sendable {
    /// Takes a place, unless the tenant has as many as it may have.
    func take(tenant: UInt32, atMost: Int) -> Bool
    /// Gives a place back.
    func giveBack(tenant: UInt32)
}

/// Counts the sessions that outlive their connection, in all partitions together.
public protocol SessionPlaces: Sendable {
    /// Takes a place, unless there are as many as there may be.
    func take(atMost: Int) -> Bool
    /// Gives a place back.
    func giveBack()
}

/// What a listener grants to everybody who comes through it.
public struct ListenerGrant: Sendable {
    /// The listener's name.
    public var name = ""
    /// The protocol versions it speaks: 3, 4, 5.
    public var versions: Set<UInt8> = [3, 4, 5]
    /// The highest QoS.
    public var maximumQoS: UInt8 = 2
    /// Topic aliases a client may set up.
    public var topicAliasMaximum: Int?
    /// Which clients are sent reason strings.
    public var reasonStrings = ReasonStrings.asked
    /// Put before every topic of its clients.
    public var mountPoint: [UInt8] = []
    /// Whether its clients may subscribe to `$SYS`.
    public var allowsSystemTopics = true
    /// Connections it may have, per daemon; nil is no bound of its own.
    public var connectionsMax: Int?
    /// Grants the defaults.
    public init() {}
}

/// How far received bytes were used.
public struct Progress: Sendable {
    /// What the host does next with the connection.
    public enum Fate: UInt8, Sendable {
        /// Reads on.
        case read
        /// Keeps what is left and offers nothing until `resume`.
        case hold
        /// Moves the connection to another partition; the action says where.
        case move
    }

    /// Bytes used.
    public var used: Int
    /// Bytes that must be there before more can be done; 0 is unknown.
    public var needs: Int
    /// What is next.
    public var fate: Fate
    /// The client is let in; of one that is not, little is read at a time.
    public var isKnown = false
}

/// A partition of the broker.
public final class Partition {
    var setup: PartitionSetup
    var limits: BrokerLimits
    /// How each listener judges who connects; replaced by a reload.
    public internal(set) var access: [AccessRules]
    /// How often the rules were replaced; the same in all partitions once their letters arrived.
    var accessGeneration: UInt32 = 0
    var now: UInt64
    var timers: TimerWheel

    var links = SlotTable<Link>()
    var sessions = SlotTable<Session>()
    var sessionsByKey: [ClientKey: Handle] = [:]
    /// Who each session's client is, kept as long as the session.
    var principals: [PrincipalNumber: Principal] = [:]
    var nextPrincipal: PrincipalNumber = 1
    var groups = SlotTable<SharedGroup>()
    var groupsByKey: [ClientKey: Handle] = [:]

    /// Topics and retained messages by tenant.
    var spaces: [UInt32: TenantSpace] = [0: TenantSpace()]
    var routes: RouteCache
    /// Who holds how much memory.
    var ledger: MemoryLedger
    var pendingSubscribes: [UInt64: PendingSubscribe] = [:]
    /// How much work was done for whom, and what was put off.
    var work: WorkMeter
    var backlog = Backlog()
    /// Timers that are due and wait for their turn.
    var dueTimers: [TimerWheel.Timer] = []
    /// Subscriptions of sessions that have ended, as far as they are not yet taken out.
    var remains: [Handle: SessionRemains] = [:]
    var nextTicket: UInt64 = 1
    var pendingJoins: [UInt64: PendingJoin] = [:]
    var connectionCounts: [UInt32: Int] = [:]
    var storedSessions = 0

    /// What is to be sent, by link slot.
    public var out = OutBuffers()
    var dirty: [Handle] = []
    var packets = PacketVariants()
    var propertyScratch = ByteWriter()
    var writer = ByteWriter()

    /// What the host is asked to do; it empties the list after each call.
    public var actions: [Action] = []
    /// Letters for the other partitions, by their number; the host posts and empties them.
    public var outboxes: [[Mail]]
    /// Bytes of messages each partition was sent and has not handled yet.
    var mailOutstanding: [Int]
    /// Bytes of messages handled for each partition that it was not told of yet.
    var mailOwed: [Int]
    /// How many retained messages were given to each home, and stored here of each partition.
    var retainsPosted: [UInt64]
    var retainsHandled: [UInt64]
    /// The highest of them, by home and by sender, whose live message was seen here.
    var retainsSeen: [[UInt64]]
    /// Walks over retained messages that other partitions asked for, and those that wait for
    /// messages on their way.
    var served: [ServedKey: ServedWalk] = [:]
    var unready: [ServedKey] = []
    var hasNewRetains = false
    /// Sessions whose retained messages other homes were asked for.
    var retainedTickets: [UInt64: Handle] = [:]
    var awaitedParts = 0
    /// Topics whose retained message went by live while another home was asked.
    var liveSince: [ClientKey: UInt64] = [:]
    var liveStamp: UInt64 = 0
    /// Links that wait for a partition to catch up.
    var mailHolds: [Set<Handle>]
    /// Recent changes of the registry.
    var changes = RecentChanges()
    /// Tenants that are gone for good; their numbers are never given again.
    var removedTenants: Set<UInt32> = []
    /// Milliseconds since 1970, as the host says it before each turn; 0 while it does not.
    public var unixMilliseconds: Int64 = 0
    /// What is counted.
    public var counters = ShardCounters()
    var deliveredBytes: UInt64 = 0
    var isDraining = false

    /// Makes a partition at a time.
    public init(_ setup: PartitionSetup, access: [AccessRules], now: UInt64) {
        self.setup = setup
        limits = setup.limits
        self.access = access
        self.now = now
        timers = TimerWheel(now: now)
        work = WorkMeter(setup.limits.work)
        routes = RouteCache(
            seed: setup.tableSeed,
            bytesMax: setup.limits.routeBytesMax / max(setup.count, 1)
        )
        ledger = MemoryLedger(setup.limits, pool: setup.memory)
        outboxes = Array(repeating: [], count: setup.count)
        mailOutstanding = Array(repeating: 0, count: setup.count)
        mailOwed = Array(repeating: 0, count: setup.count)
        retainsPosted = Array(repeating: 0, count: setup.count)
        retainsHandled = Array(repeating: 0, count: setup.count)
        retainsSeen = Array(
            repeating: Array(repeating: 0, count: setup.count),
            count: setup.count
        )
        mailHolds = Array(repeating: [], count: setup.count)
    }

    /// Says what time it is; once a turn, before anything else.
    public func begin(now: UInt64) {
        self.now = max(now, self.now)
        work.beginTurn()
        timers.advance(to: self.now) { dueTimers.append($0) }
        fireTimers()
        serveUnready()
        runBacklog()
    }

    /// When `begin` must be called again at the latest; at once when something waits to be sent.
    public var nextDeadline: UInt64? {
        dirty.isEmpty && !hasPutOff ? timers.nextDeadline : now
    }

    /// Work waits for the next turn.
    public var hasPutOff: Bool { !backlog.isEmpty || !dueTimers.isEmpty || hasNewRetains }

    /// The links that have something to send since the last call, with the host's names.
    public func takeDirty() -> [(link: Handle, transport: UInt64)] {
        guard !dirty.isEmpty else { return [] }
        var list: [(link: Handle, transport: UInt64)] = []
        list.reserveCapacity(dirty.count)
        for id in dirty where links.contains(id) {
            links[id].isDirty = false
            list.append((id, links[id].transport))
        }
        dirty.removeAll(keepingCapacity: true)
        return list
    }

    /// The home of a name within a tenant.
    func home(_ tenant: UInt32, _ name: [UInt8]) -> Int {
        guard setup.count > 1 else { return 0 }
        let hash = hashBytes(
            name.span.bytes,
            seed: setup.homeSeed ^ (UInt64(tenant) &* 0x9E37_79B9_7F4A_7C15)
        )
        return Int(hash % UInt64(setup.count))
    }

    @inline(__always)
    func markDirty(_ id: Handle) {
        if links[id].isDirty { return }
        links[id].isDirty = true
        dirty.append(id)
    }

    /// Appends the shared writer's packet to a link's out-buffer.
    func sendWritten(_ id: Handle) {
        // [MQTT-3.1.2-24].
        guard links.contains(id), writer.count <= links[id].packetBytesMax else { return }
        out.append(Int(id.slot), writer.bytes)
        counters.bytesSent &+= UInt64(writer.count)
        markDirty(id)
    }

    func notice(_ id: Handle) -> SessionNotice {
        let link = links[id]
        let clientID: [UInt8]
        if sessions.contains(link.session) {
            clientID = sessions[link.session].key.identifier
        } else {
            clientID = link.arrival?.connect?.clientID ?? []
        }
        let principal = principals[link.principal]
        let user =
            principal?.name.map { [UInt8]($0.utf8) }
            ?? link.arrival?.connect?.username ?? []
        return SessionNotice(
            transport: link.transport,
            listener: link.listener,
            clientID: clientID,
            user: user,
            version: link.version.rawValue,
            tenant: link.tenant,
            device: principal?.device?.identifier ?? link.arrival?.facts.commonName ?? "",
            method: principal?.method,
            peerAddress: link.arrival?.facts.peerAddress ?? ""
        )
    }

    func report(_ event: BrokerEvent) { actions.append(.report(event)) }
}

/// What a partition's timers are about.
enum PartitionTimer: UInt8 {
    case connect = 1
    case keepAlive
    case sessionExpiry
    case will
    case stall
    case loginEnd
    case authentication
}
