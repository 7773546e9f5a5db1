// SPDX-License-Identifier: Apache-2.0
// The independent model: what was asked of the broker, when it took it in, and what follows from
// the standards. Sessions and wills are here; deliveries and the checks have files of their own.

final class Ledger {
    var messages: [LedgerMessage] = []
    var sessions: [LedgerSession]
    var wills: [Int: WillState] = [:]
    var willsSeen: [Int: Int] = [:]
    /// The last message taken in on each topic that keeps its messages.
    var retained: [String: Int] = [:]
    /// First receipts of a shared group's messages, by group and message.
    var groupReceipts: [String: [Int: Int]] = [:]
    /// Messages that may come to a group twice, because a member's session ended.
    var groupRepeats: [String: Set<Int>] = [:]
    /// From this one on, clients see everything of their topic space.
    let firstObserver: Int
    /// By which listener each client comes in.
    var listeners: [Int: SimulatedListener] = [:]
    var step = 0
    var round = 0
    var now: UInt64 = 0
    var sequence = 0
    var roundStart = 0
    var owed = 0
    var droppedCount = 0
    var receivedCount = 0
    var willCount = 0

    init(clientCount: Int, firstObserver: Int) {
        sessions = Array(repeating: LedgerSession(), count: clientCount)
        self.firstObserver = firstObserver
    }

    /// Whether a client may not have a topic.
    func isForbidden(_ topic: String, for client: Int) -> Bool {
        listeners[client]?.forbids(topic) ?? false
    }

    // MARK: Messages

    func newMessage(
        _ topic: String,
        publisher: Int,
        qos: UInt8,
        isRetained: Bool,
        isWill: Bool = false
    ) -> Int {
        sequence += 1
        let id = messages.count
        var message = LedgerMessage(
            id: id,
            topic: topic,
            publisher: publisher,
            qos: qos,
            isRetained: isRetained,
            sequence: sequence,
            round: round
        )
        message.isWill = isWill
        messages.append(message)
        if isWill { wills[id] = .unknown }
        return id
    }

    /// A partition took a packet in.
    func handled(_ connection: SimulatedConnection, _ mark: PacketMark) throws(SimulationFault) {
        let client = connection.client
        switch mark {
        case .connect: break
        case .publish(let id):
            if messages[id].qos == 2, messages[id].handledCount > 0 { return }
            messages[id].handledCount += 1
            messages[id].round = round
            if messages[id].handledStep == nil { messages[id].handledStep = step }
            if messages[id].isRetained { retained[messages[id].topic] = id }
        case .subscribe(let packetID): subscribeHandled(client, connection.number, packetID)
        case .unsubscribe(let packetID):
            for index in sessions[client].subscriptions.indices
            where sessions[client].subscriptions[index].endAskedID == packetID
                && sessions[client].subscriptions[index].endStep == nil
            {
                sessions[client].subscriptions[index].endStep = step
            }
        case .disconnect(let expirySeconds, let keepsWill):
            guard sessions[client].connection == connection.number else { return }
            if let expirySeconds { sessions[client].expirySeconds = expirySeconds }
            if !keepsWill { forbidWill(client) }
        }
    }

    private func subscribeHandled(_ client: Int, _ connection: UInt64, _ packetID: UInt16) {
        let list = sessions[client].subscriptions
        for index in list.indices
        where list[index].packetID == packetID && list[index].connection == connection
            && list[index].handledStep == nil
        {
            var isNew = true
            for other in list.indices
            where other != index && list[other].filter == list[index].filter
                && list[other].group == list[index].group && list[other].isHandled
            {
                isNew = false
                sessions[client].subscriptions[other].endStep = step
            }
            sessions[client].subscriptions[index].handledStep = step
            let handling = list[index].retainHandling
            sessions[client].subscriptions[index].wantsRetained =
                list[index].group == nil && (handling == 0 || handling == 1 && isNew)
        }
    }

    // MARK: Sessions

    /// A connection is past CONNECT; the answer is whether its session must be there already.
    func opened(_ connection: SimulatedConnection) throws(SimulationFault) -> Bool {
        let client = connection.client
        expire(client)
        guard sessions[client].connection == nil else {
            throw SimulationFault(reason: "client \(client) has two connections at once")
        }
        let wasPresent = sessions[client].exists && !connection.facts.cleanStart
        if sessions[client].exists, connection.facts.cleanStart {
            hastenWill(client)
            end(client)
        }
        if wasPresent { forbidWill(client) }
        if !wasPresent {
            let incarnation = sessions[client].incarnation + 1
            sessions[client] = LedgerSession()
            sessions[client].incarnation = incarnation
            sessions[client].exists = true
        }
        sessions[client].connection = connection.number
        sessions[client].openedStep = step
        sessions[client].expirySeconds = connection.facts.expirySeconds
        sessions[client].expiresAt = .max
        sessions[client].will = connection.facts.will
        sessions[client].willDue = .max
        connection.incarnation = sessions[client].incarnation
        return wasPresent
    }

    /// A connection and its session parted.
    func closed(_ connection: SimulatedConnection, reason: String) throws(SimulationFault) {
        let client = connection.client
        guard sessions[client].connection == connection.number else {
            throw SimulationFault(reason: "client \(client): a session closed that was not open")
        }
        try checkKeepAlive(connection, reason)
        sessions[client].connection = nil
        let expiry = sessions[client].expirySeconds
        if expiry == 0 {
            if let will = sessions[client].will { setDue(will, now) }
            noteWill(sessions[client].will)
            end(client)
            return
        }
        sessions[client].expiresAt = expiry == .max ? .max : now + UInt64(expiry) * 1000
        guard let will = sessions[client].will else { return }
        let delayed = now + UInt64(will.delaySeconds) * 1000
        sessions[client].willDue = min(delayed, sessions[client].expiresAt)
        setDue(will, sessions[client].willDue)
        noteWill(will)
    }

    private func setDue(_ will: WillFacts, _ time: UInt64) {
        if case .withdrawn = wills[will.message] { return }
        wills[will.message] = .due(time)
    }

    /// The registry took a client's credentials back, and with them its will.
    func withdrawn(_ client: Int) {
        guard let will = sessions[client].will else { return }
        wills[will.message] = .withdrawn
    }

    private func checkKeepAlive(
        _ connection: SimulatedConnection,
        _ reason: String
    ) throws(SimulationFault) {
        guard reason == "keepAliveTimeout" else { return }
        let bound = UInt64(connection.facts.keepAliveSeconds) * 1500
        if bound == 0 || now < connection.lastReceived + bound {
            throw SimulationFault(
                reason: "client \(connection.client) was sent away before its keep-alive ended"
            )
        }
    }

    /// The clock moves on.
    func passTime(to time: UInt64) {
        now = time
        for client in sessions.indices { expire(client) }
    }

    /// Ends a session whose time is over.
    func expire(_ client: Int) {
        guard sessions[client].exists, sessions[client].connection == nil,
            sessions[client].expiresAt <= now
        else { return }
        end(client)
    }

    private func end(_ client: Int) {
        sessions[client].exists = false
        for subscription in sessions[client].subscriptions {
            guard let group = subscription.group else { continue }
            // What it did not acknowledge goes to another member (MQTT 5.0 §4.8.2).
            groupRepeats[group, default: []].formUnion(sessions[client].receivedQoS1)
            groupEnds[group] = step
        }
    }

    /// The last step in which a member's session of a group ended.
    var groupEnds: [String: Int] = [:]

    private func noteWill(_ will: WillFacts?) {
        guard let will else { return }
        messages[will.message].handledStep = step
        messages[will.message].round = round
    }

    /// A will whose client came back, or said goodbye, is not sent.
    private func forbidWill(_ client: Int) {
        if let will = sessions[client].will {
            if case .due(let due) = wills[will.message], due <= now {
            } else if case .withdrawn = wills[will.message] {
            } else {
                wills[will.message] = .forbidden
            }
        }
        sessions[client].will = nil
        sessions[client].willDue = .max
    }

    /// The session of a waiting will ends now.
    private func hastenWill(_ client: Int) {
        guard let will = sessions[client].will, sessions[client].willDue > now else { return }
        setDue(will, now)
    }
}
