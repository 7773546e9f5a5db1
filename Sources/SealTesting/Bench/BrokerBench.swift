// SPDX-License-Identifier: Apache-2.0
// Partitions of the broker on one thread, with a clock that is set and letters that are carried by
// hand: the host of a shard without sockets. Everything here is decided by its arguments, so a
// story or a simulation can be told again exactly.

public import SealBroker
internal import SealBytes

/// Something on its way to a partition.
enum BenchLetter {
    case mail(Mail)
    case adopt(BenchClient, Admitted)
    case loginDecided(BenchClient, PasswordQuestion)
    case registryAsked(BenchClient, RegistryQuestion)
    case authAsked(BenchClient, AuthQuestion)
    case serviceAsked(BenchClient, ServiceRequest, Principal)
}

/// A broker in memory.
public final class BrokerBench {
    /// The partitions.
    public let partitions: [Partition]
    /// The clock, in milliseconds.
    public private(set) var now: UInt64
    /// Every connection that was opened, in order.
    public private(set) var clients: [BenchClient] = []
    /// What the partitions reported.
    public var events: [BrokerEvent] = []
    /// Whether every act of a client is followed to its end at once.
    ///
    /// A simulation switches it off and calls `turn` and `deliverLetter` in an order of its own.
    public var settlesItself = true

    private let checksPassword: (PasswordQuestion) -> Bool
    private let asksRegistry: (RegistryQuestion) -> LoginStep
    private let authenticates: (AuthQuestion) -> AuthReply
    private let serves: (ServiceRequest, Principal) -> ServiceAnswer
    private var letters: [[[BenchLetter]]]
    private var byTransport: [UInt64: BenchClient] = [:]
    private var pendingMoves: [UInt64: Int] = [:]

    /// Makes a broker.
    public init(_ setup: BenchSetup = BenchSetup()) {
        let memory = MemoryPool()
        partitions = (0..<setup.partitions).map { index in
            var own = PartitionSetup(
                index: index,
                count: setup.partitions,
                homeSeed: setup.homeSeed,
                tableSeed: setup.tableSeed &+ UInt64(index),
                limits: setup.limits,
                listeners: setup.listeners
            )
            own.memory = memory
            return Partition(own, access: setup.access, now: setup.startMilliseconds)
        }
        now = setup.startMilliseconds
        checksPassword = setup.checksPassword
        asksRegistry = setup.asksRegistry
        authenticates = setup.authenticates
        serves = setup.serves
        letters = Array(
            repeating: Array(repeating: [], count: setup.partitions),
            count: setup.partitions
        )
    }

    /// Opens a connection that comes in at a partition.
    public func open(
        listener: Int = 0,
        at partition: Int = 0,
        facts: ArrivalFacts = ArrivalFacts()
    ) -> BenchClient {
        let client = BenchClient(
            self,
            transport: UInt64(clients.count + 1),
            listener: listener,
            partition: partition
        )
        client.link = partitions[partition].opened(
            transport: client.transport,
            listener: listener,
            facts: facts
        )
        clients.append(client)
        byTransport[client.transport] = client
        return client
    }

    // MARK: Time and letters

    /// Lets everything happen that can without the clock moving on.
    public func settle() {
        var rounds = 0
        var isBusy = true
        while isBusy {
            isBusy = false
            for index in partitions.indices where turn(index) { isBusy = true }
            for from in partitions.indices {
                for to in partitions.indices {
                    while deliverLetter(from: from, to: to) { isBusy = true }
                }
            }
            rounds += 1
            precondition(rounds < 1_000_000, "the partitions do not come to rest")
        }
    }

    /// Moves the clock on, stopping wherever a timer is due, and settles at each stop.
    public func advance(milliseconds: UInt64) {
        let end = now + milliseconds
        if settlesItself { settle() }
        while now < end {
            let next = partitions.compactMap(\.nextDeadline).min() ?? end
            now = min(max(next, now + 1), end)
            for index in partitions.indices { turn(index) }
            if settlesItself { settle() }
        }
    }

    /// How many letters are on their way between two partitions.
    public func letterCount(from: Int, to: Int) -> Int { letters[from][to].count }

    /// Delivers the oldest letter between two partitions; false when there is none.
    @discardableResult
    public func deliverLetter(from: Int, to: Int) -> Bool {
        guard !letters[from][to].isEmpty else { return false }
        let partition = partitions[to]
        switch letters[from][to].removeFirst() {
        case .mail(let mail): partition.deliver(mail, from: from)
        case .adopt(let client, let admitted):
            client.isMoving = false
            guard !client.isClosed else { return true }
            client.partition = to
            client.awaitsMore = false
            client.link = partition.arrived(
                transport: client.transport,
                listener: client.listener,
                admitted
            )
        case .loginDecided(let client, let question):
            guard !client.isClosed else { return true }
            let matches = PasswordMatches(checksPassword(question))
            let step = Login.finish(question, matches: matches)
            partition.loginDecided(client.link, step)
        case .registryAsked(let client, let question):
            guard !client.isClosed else { return true }
            partition.loginDecided(client.link, asksRegistry(question))
        case .authAsked(let client, let question):
            guard !client.isClosed else { return true }
            partition.authAnswered(client.link, authenticates(question))
        case .serviceAsked(let client, let request, let principal):
            guard !client.isClosed else { return true }
            partition.serviceAnswered(client.link, serves(request, principal))
        }
        act(to)
        return true
    }

    /// One turn of a partition: time, input, output, letters; false when nothing was to be done.
    @discardableResult
    public func turn(_ index: Int) -> Bool {
        let partition = partitions[index]
        partition.begin(now: now)
        act(index)
        var isBusy = false
        for client in clients where client.partition == index && !client.isClosed {
            if feed(client) { isBusy = true }
        }
        _ = partition.takeDirty()
        for client in clients where client.partition == index && !client.isClosed {
            if flush(client) { isBusy = true }
        }
        return isBusy || partition.hasPutOff
    }

    // MARK: What a host does

    private func feed(_ client: BenchClient) -> Bool {
        guard !client.unread.isEmpty, !client.isHeld, !client.isMoving, !client.awaitsMore,
            !client.closesWhenSent
        else { return false }
        let bytes = client.unread
        let progress = partitions[client.partition].receive(client.link, bytes.span.bytes)
        client.unread.removeFirst(progress.used)
        switch progress.fate {
        case .read: client.awaitsMore = true
        case .hold: client.isHeld = true
        case .move: break
        }
        act(client.partition)
        return true
    }

    private func flush(_ client: BenchClient) -> Bool {
        guard !client.isMoving else { return false }
        let partition = partitions[client.partition]
        let slot = Int(client.link.slot)
        let room = max(client.receivesBytesMax - client.received.count, 0)
        let waiting = partition.out.count(slot)
        let count = min(waiting, room)
        if count > 0 {
            client.received += partition.out.withBytes(slot) { Array($0.prefix(count)) }
            partition.out.consume(slot, count)
            partition.sent(client.link, count)
            act(client.partition)
        }
        guard client.closesWhenSent, partition.out.count(slot) == 0 else { return count > 0 }
        end(client, reason: "closed")
        return true
    }

    /// The connection is gone.
    func end(_ client: BenchClient, reason: String) {
        guard !client.isClosed else { return }
        client.isClosed = true
        client.unread = []
        byTransport[client.transport] = nil
        // What is on its way to another partition has no name in either.
        guard !client.isMoving else { return }
        partitions[client.partition].closed(client.link, reason: reason)
        act(client.partition)
    }

    /// Does what a partition asks for, and collects its letters.
    private func act(_ index: Int) {
        let partition = partitions[index]
        while !partition.actions.isEmpty {
            let actions = partition.actions
            partition.actions = []
            for action in actions { perform(action, index) }
        }
        for to in partition.outboxes.indices where !partition.outboxes[to].isEmpty {
            letters[index][to] += partition.outboxes[to].map(BenchLetter.mail)
            partition.outboxes[to] = []
        }
    }

    private func client(_ link: Handle, _ index: Int) -> BenchClient? {
        clients.first { $0.link == link && $0.partition == index }
    }

    /// The registry changed: all partitions hear of it; how many connections that ended.
    public func withdraw(
        _ changes: [IdentityChange],
        policies: [UInt32: TenantPolicy] = [:]
    ) -> Int {
        var ended = 0
        for index in partitions.indices {
            ended += partitions[index].withdraw(changes, policies: policies)
            act(index)
        }
        if settlesItself { settle() }
        return ended
    }

    /// Says what time it is in the world, in milliseconds since 1970.
    public func setWorldClock(_ milliseconds: Int64) {
        for partition in partitions { partition.unixMilliseconds = milliseconds }
    }

    private func perform(_ action: Action, _ index: Int) {
        switch action {
        case .close(let transport, let afterSending):
            guard let client = byTransport[transport] else { return }
            if afterSending { client.closesWhenSent = true } else { end(client, reason: "closed") }
        case .hold(let transport): byTransport[transport]?.isHeld = true
        case .resume(let transport):
            byTransport[transport]?.isHeld = false
            byTransport[transport]?.awaitsMore = false
        case .askRegistry(let link, let question):
            guard let client = client(link, index) else { return }
            letters[index][index].append(.registryAsked(client, question))
        case .login(let link, let question):
            guard let client = client(link, index) else { return }
            letters[index][index].append(.loginDecided(client, question))
        case .authenticate(let link, let question):
            guard let client = client(link, index) else { return }
            letters[index][index].append(.authAsked(client, question))
        case .service(let link, let request, let principal):
            guard let client = client(link, index) else { return }
            letters[index][index].append(.serviceAsked(client, request, principal))
        case .move(let link, let transport, let to, let admitted):
            guard let client = byTransport[transport] else { return }
            client.isMoving = true
            client.isHeld = false
            partitions[index].moved(link)
            letters[index][to].append(.adopt(client, admitted))
        case .report(let event): events.append(event)
        }
    }
}
