// SPDX-License-Identifier: Apache-2.0
// A partition and what a loop does for it: offering bytes, sending, carrying out actions. It
// tells the simulation what happened, in the order in which it happened.

internal import SealBroker
internal import SealBytes

final class SimulatedShard {
    let index: Int
    let partition: Partition
    unowned let world: Simulation
    /// Connections that live here.
    var connections: [SimulatedConnection] = []
    /// Moved connections on their way to this shard.
    var arrivals: [(connection: SimulatedConnection, admitted: Admitted)] = []
    /// Logins that are being decided.
    var logins: [(link: Handle, login: PendingLogin)] = []
    /// Withdrawals on their way to this shard.
    var withdrawals: [IdentityChange] = []
    /// The number of the last one that arrived.
    var changesSeen: UInt64 = 0

    enum PendingLogin {
        case password(PasswordQuestion)
        /// The registry was asked, and its answer is on the way.
        case registry(LoginStep)
    }
    /// How far the partition's present list of actions has been told to the ledger.
    private var told = 0
    private var present: SimulatedConnection?

    init(index: Int, partition: Partition, world: Simulation) {
        self.index = index
        self.partition = partition
        self.world = world
    }

    // MARK: A turn

    func begin(_ now: UInt64) throws(SimulationFault) {
        partition.begin(now: now)
        try act()
    }

    func adopt() throws(SimulationFault) {
        guard !arrivals.isEmpty else { return }
        let (connection, admitted) = arrivals.removeFirst()
        connection.shard = index
        connection.isMoving = false
        connections.append(connection)
        connection.link = partition.arrived(
            transport: connection.number,
            listener: connection.facts.listener.rawValue,
            admitted
        )
        connection.isResumed = true
        try act()
    }

    func take(_ mail: Mail, from sender: Int) throws(SimulationFault) {
        partition.deliver(mail, from: sender)
        try act()
    }

    /// A password was compared; which one is done first is chance.
    func finishLogin(_ place: Int) throws(SimulationFault) {
        let (link, login) = logins.remove(at: place)
        switch login {
        case .password(let question):
            let isRight = question.password == SimulatedListener.password
            partition.loginDecided(link, Login.finish(question, matches: PasswordMatches(isRight)))
        case .registry(let step): partition.loginDecided(link, step)
        }
        try act()
    }

    /// The registry took something back.
    func withdraw() throws(SimulationFault) {
        guard !withdrawals.isEmpty else { return }
        let change = withdrawals.removeFirst()
        changesSeen = change.number
        _ = partition.withdraw([change])
        try act()
    }

    func open(_ connection: SimulatedConnection) {
        connections.append(connection)
        connection.link = partition.opened(
            transport: connection.number,
            listener: connection.facts.listener.rawValue,
            facts: ArrivalFacts(listenerName: connection.facts.listener.name)
        )
    }

    /// Bytes came from the network.
    func read(_ connection: SimulatedConnection, _ count: Int) throws(SimulationFault) {
        let bytes = Array(connection.toServer.prefix(count))
        connection.toServer.removeFirst(bytes.count)
        connection.unread += bytes
        if !connection.isServerGone { try offer(connection) }
    }

    func offer(_ connection: SimulatedConnection) throws(SimulationFault) {
        guard !connection.isHeld, !connection.unread.isEmpty, !connection.isServerGone,
            connection.unread.count >= connection.needs
        else { return }
        let unread = connection.unread
        present = connection
        let wasOpen = !connection.isClosing
        if wasOpen { connection.lastReceived = world.now }
        let progress = partition.receive(connection.link, unread.span.bytes)
        let used = min(max(progress.used, 0), unread.count)
        connection.unread.removeFirst(min(used, connection.unread.count))
        connection.needs = progress.needs
        if progress.fate == .hold { connection.isHeld = true }
        try tell(upTo: connection)
        connection.consumed += used
        while let mark = connection.marks.first, mark.end <= connection.consumed {
            connection.marks.removeFirst()
            if wasOpen { try world.ledger.handled(connection, mark.mark) }
        }
        try act()
        present = nil
    }

    func close(_ connection: SimulatedConnection, reason: String) throws(SimulationFault) {
        guard !connection.isServerGone else { return }
        connection.isServerGone = true
        partition.closed(connection.link, reason: reason)
        connections.removeAll { $0 === connection }
        try act()
    }

    /// The end of a turn: what is dirty is sent, as far as the pipes take it.
    func flush() throws(SimulationFault) {
        try act()
        for _ in 0..<4 {
            let dirty = partition.takeDirty()
            if dirty.isEmpty { break }
            for (link, transport) in dirty {
                guard let connection = connections.first(where: { $0.number == transport })
                else { continue }
                try send(connection, link)
            }
            try act()
        }
        world.post(from: self)
    }

    private func send(
        _ connection: SimulatedConnection,
        _ link: Handle
    ) throws(SimulationFault) {
        guard !connection.isBlocked else { return }
        let slot = Int(link.slot)
        let bytes = partition.out.withBytes(slot) { [UInt8]($0) }
        let room = connection.isCut ? bytes.count : world.room(connection)
        let count = min(bytes.count, max(room, 0))
        if !connection.isCut { connection.toClient += bytes[0..<count] }
        partition.out.consume(slot, count)
        if count < bytes.count {
            connection.isBlocked = true
        }
        partition.sent(link, count)
        if connection.closesWhenSent, !connection.isBlocked, partition.out.count(slot) == 0 {
            try close(connection, reason: "closed")
        }
    }

    /// The network has room again.
    func unblock(_ connection: SimulatedConnection) {
        guard connection.isBlocked, connection.isCut || world.room(connection) > 0 else { return }
        connection.isBlocked = false
        partition.drained(connection.link)
    }

    // MARK: Actions

    /// Tells the ledger of what was reported, up to a connection's own beginning.
    private func tell(upTo connection: SimulatedConnection) throws(SimulationFault) {
        let opens = partition.actions.contains {
            if case .report(.sessionOpened(let notice)) = $0 {
                return notice.transport == connection.number
            }
            return false
        }
        guard opens else { return }
        while told < partition.actions.count {
            let action = partition.actions[told]
            told += 1
            guard case .report(let event) = action else { continue }
            try world.report(event)
            if case .sessionOpened(let notice) = event, notice.transport == connection.number {
                return
            }
        }
    }

    func act() throws(SimulationFault) {
        while !partition.actions.isEmpty {
            let actions = partition.actions
            partition.actions = []
            if actions.count > 20_000 {
                throw SimulationFault(reason: "\(actions.count) actions of one call")
            }
            let skipped = told
            told = 0
            for (place, action) in actions.enumerated() {
                if place < skipped, case .report = action { continue }
                try perform(action)
            }
        }
    }

    private func perform(_ action: Action) throws(SimulationFault) {
        switch action {
        case .close(let transport, let afterSending):
            guard let connection = connections.first(where: { $0.number == transport })
            else { return }
            connection.isClosing = true
            if afterSending {
                connection.closesWhenSent = true
                connection.isHeld = true
                connection.lingersUntil = world.now + 2000
            } else {
                try close(connection, reason: "closed")
            }
        case .hold(let transport):
            connections.first { $0.number == transport }?.isHeld = true
        case .resume(let transport):
            guard let connection = connections.first(where: { $0.number == transport }),
                connection.isHeld, !connection.closesWhenSent
            else { return }
            connection.isHeld = false
            connection.needs = 0
            connection.isResumed = true
        case .move(let link, let transport, let home, let admitted):
            guard let connection = connections.first(where: { $0.number == transport })
            else { return }
            connections.removeAll { $0 === connection }
            connection.isMoving = true
            connection.isHeld = false
            connection.needs = 0
            partition.moved(link)
            world.move(connection, to: home, admitted)
        case .askRegistry(let link, let question):
            connections.first { $0.link == link }?.loginNumber = world.changeNumber
            let step = SimulatedListener.judge(
                question.credentials,
                changeNumber: world.changeNumber
            )
            logins.append((link, .registry(step)))
        case .login(let link, let question): logins.append((link, .password(question)))
        case .authenticate(let link, let question):
            let reason = Reason(.registryFailed)
            partition.authAnswered(
                link,
                .decided(.refused([reason]), message: [], user: question.credentials.user ?? "")
            )
        case .service(let link, _, _): partition.serviceAnswered(link, .silence)
        case .report(let event): try world.report(event)
        }
    }
}
