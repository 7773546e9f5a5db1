// SPDX-License-Identifier: Apache-2.0
// Coming to rest: nothing new happens, everything on its way arrives, and then it is checked. At
// the end of the world everybody leaves and nothing may be left.

internal import SealBroker

extension Simulation {
    /// Lets everything come to rest and checks it.
    func settle() throws(SimulationFault) {
        trace("settling")
        var quietRounds = 0
        var rounds = 0
        var waited = 0
        while quietRounds < 3 {
            rounds += 1
            ledger.step += 1
            now += 1
            ledger.passTime(to: now)
            guard rounds < 4000 else {
                throw SimulationFault(reason: "the world does not come to rest")
            }
            if try settleRound() {
                quietRounds = 0
                continue
            }
            quietRounds += 1
            // Slow receivers hold their senders for half a second.
            if quietRounds == 3, waited < 4 {
                waited += 1
                quietRounds = 0
                now += 600
                ledger.passTime(to: now)
            }
        }
        try checkRest()
        var dropped = 0
        for shard in shards {
            dropped += Int(shard.partition.snapshot().messagesDropped.total)
        }
        try ledger.checkSettled(
            droppedNow: dropped,
            packetMaxima: clients.map(\.packetBytesMax)
        )
    }

    /// One round in which all that waits is done; false when nothing was there.
    private func settleRound() throws(SimulationFault) -> Bool {
        let before = hash
        var isBusy = false
        for client in clients {
            if client.connection == nil {
                let session = ledger.sessions[client.index]
                let lives = session.exists && session.expiresAt > now + 5000
                if client.isObserver || lives { try reconnect(client, .mend) }
            }
            for connection in connections where connection.client == client.index {
                try read(client, connection, connection.toClient.count)
            }
            if !client.acknowledgements.isEmpty { isBusy = true }
            client.acknowledge(.max)
            if client.isOpen, client.connection?.facts.keepAliveSeconds ?? 0 > 0,
                client.pings == 0, (client.connection?.lastReceived ?? 0) + 3000 < now
            {
                client.ping()
            }
        }
        for shard in shards { try turn(shard, portion: 100) }
        for connection in connections
        where !connection.toServer.isEmpty || !connection.toClient.isEmpty || connection.isMoving {
            isBusy = true
        }
        if letters.contains(where: { $0.contains { !$0.isEmpty } }) { isBusy = true }
        if shards.contains(where: { !$0.logins.isEmpty || !$0.withdrawals.isEmpty }) {
            isBusy = true
        }
        if shards.contains(where: { $0.partition.hasPutOff }) { isBusy = true }
        return isBusy || hash != before
    }

    /// Nobody waits for anything any more.
    private func checkRest() throws(SimulationFault) {
        for connection in connections where !connection.isServerGone && !connection.isClosing {
            if connection.isHeld {
                throw SimulationFault(reason: "connection \(connection.number) is held for ever")
            }
            if !connection.unread.isEmpty {
                throw SimulationFault(reason: "connection \(connection.number) is not read")
            }
            try checkWithdrawn(connection, seen: .max)
            if connection.incarnation == nil {
                throw SimulationFault(reason: "connection \(connection.number) got no CONNACK")
            }
        }
        for client in clients where client.isOpen {
            if let request = client.requests.first {
                throw SimulationFault(
                    reason: "client \(client.index) waits for an answer to "
                        + "\(request.isSubscribe ? "SUBSCRIBE" : "UNSUBSCRIBE") "
                        + "\(request.packetID)"
                )
            }
            if let flight = client.outgoing.first {
                throw SimulationFault(
                    reason: "client \(client.index) waits for the end of message "
                        + "\(flight.message)"
                )
            }
            if let packetID = client.inbound.first {
                throw SimulationFault(
                    reason: "client \(client.index) waits for PUBREL \(packetID)"
                )
            }
            if client.pings != 0 {
                throw SimulationFault(reason: "client \(client.index) waits for PINGRESP")
            }
        }
    }

    /// Everybody leaves for good; what is kept for nobody is gone.
    func endOfTheWorld() throws(SimulationFault) {
        trace("the end of the world")
        ledger.round += 1
        ledger.roundStart = ledger.step
        // Wills that wait, and those of clients that are silent too long, go out first.
        for _ in 0..<2 {
            now += 100_000
            ledger.passTime(to: now)
            try settle()
        }
        clearRetained()
        try settle()
        if plan.drains { return try drain() }
        for client in clients where client.connection != nil { client.leave() }
        try calm(20)
        // Sessions without an end are ended by a last, clean connection.
        for client in clients {
            let session = ledger.sessions[client.index]
            if session.exists, session.expiresAt == .max { try reconnect(client, .leave) }
        }
        try calm(20)
        for client in clients where client.connection != nil { client.leave() }
        try calm(20)
        // Sessions that were left for a while, and the wills that wait with them.
        now += 2_000_000_000
        ledger.passTime(to: now)
        for _ in 0..<20 { for shard in shards { try turn(shard, portion: 100) } }
        for shard in shards { try checkEmpty(shard) }
    }

    /// The daemon ends: everybody is told so, nobody comes in any more, and sessions are kept.
    private func drain() throws(SimulationFault) {
        trace("draining")
        isDraining = true
        // Some are on their way in when it begins.
        for client in clients.prefix(3) where client.connection == nil {
            try reconnect(client, .mend)
        }
        for client in clients { client.isDraining = true }
        for shard in shards {
            shard.partition.drain()
            try shard.act()
            try calm(dice.below(3))
        }
        try calm(20)
        for client in clients.prefix(3) where client.connection == nil {
            try reconnect(client, .mend)
        }
        try calm(20)
        // Those who do not look at the end are cut off after a while.
        now += 3000
        ledger.passTime(to: now)
        try calm(20)
        if let client = clients.first(where: { $0.isOpen }) {
            throw SimulationFault(reason: "client \(client.index) outlives the drain")
        }
        let counters = shards.map { $0.partition.snapshot() }
        let stored = ledger.sessions.count { $0.exists }
        guard counters.allSatisfy({ $0.connections == 0 }),
            counters.reduce(0, { $0 + $1.sessions }) == stored
        else {
            throw SimulationFault(
                reason: "after the drain there are \(counters.map(\.connections)) connections "
                    + "and \(counters.map(\.sessions)) sessions, not \(stored)"
            )
        }
    }

    /// Lets what is on its way arrive.
    private func calm(_ rounds: Int) throws(SimulationFault) {
        for _ in 0..<rounds {
            ledger.step += 1
            now += 1
            ledger.passTime(to: now)
            for shard in shards { try turn(shard, portion: 100) }
            for client in clients {
                for connection in connections where connection.client == client.index {
                    try read(client, connection, connection.toClient.count)
                }
            }
        }
    }

    private func clearRetained() {
        for cleaner in clients where cleaner.isObserver && cleaner.isOpen { clearRetained(cleaner) }
    }

    private func clearRetained(_ cleaner: SimulatedClient) {
        var topics = Array(ledger.retained.keys)
        topics += clients.map { $0.listener.mount + "w/\($0.index)" }
        for topic in topics.sorted() where cleaner.listener.reaches(topic) {
            let id = ledger.newMessage(
                topic,
                publisher: cleaner.index,
                qos: 0,
                isRetained: true
            )
            ledger.messages[id].isClear = true
            cleaner.send(id, 0, isDuplicate: false)
        }
    }

    private func checkEmpty(_ shard: SimulatedShard) throws(SimulationFault) {
        let counters = shard.partition.snapshot()
        let left: [(String, Int64)] = [
            ("connections", counters.connections), ("sessions", counters.sessions),
            ("subscriptions", counters.subscriptions),
            ("retained messages", counters.retainedMessages),
            ("queued messages", counters.queuedMessages), ("queued bytes", counters.queueBytes),
        ]
        for (name, count) in left where count != 0 {
            throw SimulationFault(reason: "partition \(shard.index) is left with \(count) \(name)")
        }
        if shard.partition.nextDeadline != nil {
            throw SimulationFault(reason: "partition \(shard.index) is left with a timer")
        }
    }
}
