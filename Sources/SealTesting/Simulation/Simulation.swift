// SPDX-License-Identifier: Apache-2.0
// A small world on fake time: partitions, clients and the network between them, all moved by one
// seed. What must hold is the ledger's; here things only happen.

internal import SealBroker
internal import SealBytes

/// One run of the simulated world.
public final class Simulation {
    let plan: SimulationPlan
    let ledger: Ledger
    var dice: Dice
    var now: UInt64 = 1_000_000
    var shards: [SimulatedShard] = []
    var clients: [SimulatedClient] = []
    /// Every connection whose end somebody has not seen yet.
    var connections: [SimulatedConnection] = []
    /// Letters on their way, by sender and receiver.
    var letters: [[[Mail]]]
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    var tail: [String] = []
    var nextNumber: UInt64 = 1
    var sabotageAt: Int
    var hasSabotaged = false
    var oldRetained: [[UInt8]: Message] = [:]
    var connectionCount = 0
    var isSettling = false
    /// How many changes the registry had, and the last one about each client.
    var changeNumber: UInt64 = 0
    var lastWithdrawal: [Int: UInt64] = [:]
    /// The partitions were told to drain.
    var isDraining = false
    private var setupFault: String?

    /// Makes a world.
    public init(_ plan: SimulationPlan) {
        self.plan = plan
        var dice = Dice(seed: plan.seed)
        ledger = Ledger(
            clientCount: plan.clientCount + Self.observed.count,
            firstObserver: plan.clientCount
        )
        let count = plan.partitionCount
        letters = Array(repeating: Array(repeating: [], count: count), count: count)
        sabotageAt = dice.within(2...20)
        var rules: [AccessRules] = []
        do { rules = try SimulatedListener.rules() } catch { setupFault = error.reason }
        let homeSeed = dice.next()
        let tableSeed = dice.next()
        self.dice = dice
        for index in 0..<count {
            let setup = PartitionSetup(
                index: index,
                count: count,
                homeSeed: homeSeed,
                tableSeed: tableSeed &+ UInt64(index),
                limits: plan.limits,
                listeners: SimulatedListener.grants
            )
            let partition = Partition(setup, access: rules, now: now)
            shards.append(SimulatedShard(index: index, partition: partition, world: self))
        }
        var ordinals: [SimulatedListener: Int] = [:]
        for index in 0..<plan.clientCount + Self.observed.count {
            let isObserver = index >= plan.clientCount
            let listener =
                isObserver
                ? Self.observed[index - plan.clientCount] : self.dice.pick(Self.listeners)
            ordinals[listener, default: 0] += 1
            let client = SimulatedClient(
                index: index,
                peers: plan.clientCount,
                isObserver: isObserver,
                listener: listener,
                ordinal: ordinals[listener] ?? 0,
                plan: plan,
                ledger: ledger,
                dice: Dice(seed: self.dice.next())
            )
            ledger.listeners[index] = listener
            client.isWithdrawn = { [unowned self] in
                $0.loginNumber < lastWithdrawal[index] ?? 0
            }
            client.trace = { [unowned self] in self.trace("\(index): \($0)") }
            client.isSabotaged = { [unowned self] in plan.sabotage == $0 && isTime() }
            clients.append(client)
        }
    }

    /// Each topic space has somebody who sees all of it.
    private static let observed: [SimulatedListener] = [.plain, .tenantOne, .tenantTwo]
    private static let listeners: [SimulatedListener] = [
        .plain, .plain, .plain, .mounted, .guarded, .tenantOne, .tenantOne, .tenantTwo, .tenantTwo,
    ]

    /// Runs the whole plan.
    public func run() -> SimulationResult {
        var fault = setupFault
        do {
            try settle()
            for round in 1...plan.roundCount {
                ledger.round = round
                ledger.roundStart = ledger.step
                for _ in 0..<plan.eventsPerRound { try happen() }
                try settle()
            }
            try endOfTheWorld()
        } catch {
            fault = error.reason
        }
        return SimulationResult(
            traceHash: hash,
            fault: fault,
            lastEvents: tail,
            published: ledger.messages.count,
            received: ledger.receivedCount,
            owed: ledger.owed,
            dropped: ledger.droppedCount,
            connections: connectionCount,
            wills: ledger.willCount
        )
    }

    func trace(_ event: @autoclosure () -> String) {
        let line = "\(ledger.step)@\(now - 1_000_000) \(event())"
        for byte in line.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        tail.append(line)
        if tail.count > 4000 { tail.removeFirst(2000) }
    }

    // MARK: Events

    /// One thing happens.
    func happen() throws(SimulationFault) {
        ledger.step += 1
        now += UInt64(dice.below(3))
        ledger.passTime(to: now)
        let kind = dice.below(100)
        if kind < plan.faultPercent { return try disturb() }
        switch kind {
        case ..<40: try turn(dice.pick(shards), portion: dice.pick([30, 70, 100]))
        case ..<65: try readSome(dice.pick(clients))
        case ..<97: try act(dice.pick(clients))
        default:
            if dice.chance(20) { return withdraw(dice.pick(clients)) }
            guard dice.chance(20) else { return }
            now += UInt64(dice.pick([50, 600, 3000, 10_000, 70_000]))
            ledger.passTime(to: now)
            trace("time goes on")
        }
    }

    private func act(_ client: SimulatedClient) throws(SimulationFault) {
        guard client.connection != nil else { return try reconnect(client, .live) }
        guard client.isOpen else { return }
        if !client.isObserver, dice.chance(3) { return try client.disconnect() }
        client.act()
    }

    /// Opens a connection, unless an earlier one of the client is still on its way in.
    func reconnect(_ client: SimulatedClient, _ purpose: ConnectPurpose) throws(SimulationFault) {
        let isUnclear = connections.contains {
            $0.client == client.index && !$0.isServerGone && $0.incarnation == nil
        }
        guard !isUnclear else { return }
        let shard = dice.pick(shards)
        let connection = client.connect(
            number: nextNumber,
            shard: shard.index,
            purpose
        )
        nextNumber += 1
        connectionCount += 1
        connections.append(connection)
        shard.open(connection)
    }

    /// A fault of the network, or a client that comes twice.
    private func disturb() throws(SimulationFault) {
        let client = dice.pick(clients)
        guard !client.isObserver, let connection = client.connection, client.isOpen else { return }
        if dice.chance(30) {
            trace("\(client.index): comes again beside \(connection.number)")
            connection.isAbandoned = true
            client.forgetConnection()
            return try reconnect(client, .live)
        }
        cut(connection)
        client.forgetConnection()
    }

    /// The registry takes the credentials of a client back, and gives it new ones at once.
    private func withdraw(_ client: SimulatedClient) {
        guard client.listener.tenant != 0, !client.isObserver else { return }
        changeNumber += 1
        lastWithdrawal[client.index] = changeNumber
        trace("\(client.index): withdrawn by change \(changeNumber)")
        ledger.withdrawn(client.index)
        let change = IdentityChange(
            number: changeNumber,
            tenant: client.listener.tenant,
            subject: .credential(Int64(client.index)),
            isWithdrawal: true
        )
        for shard in shards where plan.sabotage != .loseWithdrawal || !isTime() {
            shard.withdrawals.append(change)
        }
    }

    /// Who was withdrawn since it logged in must not be in.
    func checkWithdrawn(
        _ connection: SimulatedConnection,
        seen: UInt64
    ) throws(SimulationFault) {
        guard let last = lastWithdrawal[connection.client], last <= seen,
            connection.loginNumber < last
        else { return }
        throw SimulationFault(
            reason: "client \(connection.client) is in by a login at change "
                + "\(connection.loginNumber), though change \(last) took that back"
        )
    }

    /// What is on the way may still arrive, but only in part.
    func cut(_ connection: SimulatedConnection) {
        let arrives = dice.below(connection.toServer.count + 1)
        trace("cut \(connection.number), \(arrives) bytes still arrive")
        connection.toServer.removeLast(connection.toServer.count - arrives)
        connection.toClient = []
        connection.isCut = true
        connection.isAbandoned = true
    }

    /// A client reads what has come.
    private func readSome(_ client: SimulatedClient) throws(SimulationFault) {
        for connection in connections where connection.client == client.index {
            let most = client.isObserver ? connection.toClient.count : 400
            let count = min(connection.toClient.count, 1 + dice.below(most))
            try read(client, connection, count)
        }
    }

    func read(
        _ client: SimulatedClient,
        _ connection: SimulatedConnection,
        _ count: Int
    ) throws(SimulationFault) {
        let bytes = Array(connection.toClient.prefix(count))
        connection.toClient.removeFirst(bytes.count)
        if client.connection === connection {
            try client.receive(bytes)
            if client.isObserver { client.acknowledge(.max) }
        }
        guard connection.toClient.isEmpty, connection.isServerGone else { return }
        if client.connection === connection {
            trace("\(client.index): \(connection.number) is over")
            client.forgetConnection()
        }
        connections.removeAll { $0 === connection }
    }

    // MARK: Shards

    /// One turn of a shard's loop; it takes so many of a hundred of what waits for it.
    func turn(_ shard: SimulatedShard, portion: Int) throws(SimulationFault) {
        try shard.begin(now)
        for sender in shards.indices where sender != shard.index {
            var count = letters[sender][shard.index].count
            if portion < 100 { count = dice.below(count + 1) }
            for _ in 0..<count {
                let letter = letters[sender][shard.index].removeFirst()
                trace("\(shard.index) takes \(Self.kind(letter)) of \(sender)")
                try shard.take(letter, from: sender)
            }
        }
        while !shard.withdrawals.isEmpty, dice.chance(portion) { try shard.withdraw() }
        while !shard.arrivals.isEmpty, dice.chance(portion) { try shard.adopt() }
        while !shard.logins.isEmpty, dice.chance(portion) {
            try shard.finishLogin(dice.below(shard.logins.count))
        }
        for connection in shard.connections {
            shard.unblock(connection)
            if connection.lingersUntil <= now {
                try shard.close(connection, reason: "closed")
                continue
            }
            guard dice.chance(portion) else { continue }
            if connection.isResumed {
                connection.isResumed = false
                try shard.offer(connection)
            }
            try readNetwork(shard, connection, portion)
        }
        try shard.flush()
    }

    private func readNetwork(
        _ shard: SimulatedShard,
        _ connection: SimulatedConnection,
        _ portion: Int
    ) throws(SimulationFault) {
        let waiting = connection.toServer.count
        if waiting > 0, !connection.isHeld || dice.chance(10) {
            let count = portion == 100 ? waiting : 1 + dice.below(waiting)
            try shard.read(connection, count)
        }
        // The end is seen when everything before it was read; a held one shows it too.
        if connection.isCut, connection.toServer.isEmpty || connection.isHeld,
            !connection.isMoving, connection.shard == shard.index
        {
            try shard.close(connection, reason: "peer-closed")
            connections.removeAll { $0 === connection }
        }
    }

    func room(_ connection: SimulatedConnection) -> Int {
        let most = clients[connection.client].isObserver ? 1_000_000 : plan.pipeBytes
        return most - connection.toClient.count
    }

    func move(_ connection: SimulatedConnection, to home: Int, _ admitted: Admitted) {
        trace("\(connection.number) moves to \(home)")
        shards[home].arrivals.append((connection, admitted))
    }

    func post(from shard: SimulatedShard) {
        for receiver in shards.indices where receiver != shard.index {
            let batch = shard.partition.outboxes[receiver]
            guard !batch.isEmpty else { continue }
            shard.partition.outboxes[receiver] = []
            for letter in batch { send(letter, from: shard.index, to: receiver) }
        }
    }

    // MARK: Reports

    func report(_ event: BrokerEvent) throws(SimulationFault) {
        switch event {
        case .sessionOpened(let notice):
            guard let connection = connection(notice.transport) else { return }
            try checkWithdrawn(connection, seen: shards[connection.shard].changesSeen)
            let isPresent = try ledger.opened(connection)
            let client = clients[connection.client]
            if client.connection === connection { client.expectsPresent = isPresent }
            trace("opened \(notice.transport) present \(isPresent)")
        case .sessionClosed(let notice, let reason):
            guard let connection = connection(notice.transport) else { return }
            trace("closed \(notice.transport): \(reason)")
            try ledger.closed(connection, reason: reason)
        case .sessionRefused(let notice, let reasons):
            let refused = connection(notice.transport)
            let isWithdrawn = refused.map { clients[$0.client].isWithdrawn($0) } ?? false
            guard refused?.facts.isImpostor == true || isDraining || isWithdrawn else {
                throw SimulationFault(reason: "a client was refused: \(reasons)")
            }
            trace("refused \(notice.transport)")
        case .protocolError(_, let code, let reason):
            throw SimulationFault(reason: "a client that behaves was blamed: \(code) \(reason)")
        case .accessRefused, .accessWithdrawn, .limitHit: break
        }
    }

    private func connection(_ number: UInt64) -> SimulatedConnection? {
        connections.first { $0.number == number }
    }
}
