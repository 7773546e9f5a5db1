// SPDX-License-Identifier: Apache-2.0
// Requests on their way to the threads and back: heads that are judged before their bodies, bodies
// that are weighed while they come, and connections that make room for others.

internal import SealBytes
internal import SealHTTP
internal import SealNet
internal import SealTelemetry

extension HTTPServer {
    /// A head whose body follows.
    func decide(_ id: Handle, _ head: RequestHead) {
        let exchange = exchange(id, head, [])
        switch site.bodyRule(exchange) {
        case .refuse(let response):
            observe(id, head.method, response, microseconds: 0)
            rule(id, .refuse(response))
        case .take(let bytesMax): rule(id, .take(bytesMax: bytesMax))
        case .judge:
            guard let workers else { return rule(id, .take(bytesMax: .max)) }
            visitors[id].method = head.method
            visitors[id].isHeld = true
            visitors[id].deadline = .max
            workers.submit(judging(id, exchange, key(id)), .quick)
        }
    }

    private func key(_ id: Handle) -> [UInt8] {
        Array(visitors[id].facts.source.host.utf8)
    }

    private func exchange(_ id: Handle, _ head: RequestHead, _ body: [UInt8]) -> HTTPExchange {
        let facts = visitors[id].facts
        return HTTPExchange(
            head: head,
            body: body,
            peerAddress: facts.peerAddress,
            chain: facts.chain,
            serverName: facts.serverName,
            scheme: facts.scheme,
            listener: portNames[facts.port]
        )
    }

    private func judging(
        _ id: Handle,
        _ exchange: HTTPExchange,
        _ line: [UInt8]
    ) -> HTTPWorkers.Job {
        let (site, mailbox, word) = (site, mailbox, id.word)
        @Sendable func job(_ line: [UInt8]) -> HTTPWorkers.Job {
            HTTPWorkers.Job(line: line) { lane in
                let start = Loop<HTTPServer>.microseconds
                let ruling = site.judge(exchange, lane)
                if case .move(let other, let key, _) = ruling { return (other, job(key)) }
                let spent = Loop<HTTPServer>.microseconds &- start
                mailbox.post(.handler(.ruling(visitor: word, ruling, microseconds: spent)))
                return nil
            } refuse: {
                let ruling = HTTPRuling.refuse(HTTPServer.busy(HTTPServer.waitingWords))
                mailbox.post(.handler(.ruling(visitor: word, ruling, microseconds: 0)))
            }
        }
        return job(line)
    }

    /// A head was judged.
    func ruled(_ id: Handle, _ ruling: HTTPRuling, _ microseconds: UInt64) {
        guard visitors.contains(id), visitors[id].isWithThreads else { return }
        visitors[id].isHeld = false
        // The sender's time runs again from here.
        visitors[id].requestBegan = now
        visitors[id].requestBytes = 0
        setDeadline(id, now + UInt64(settings.requestMilliseconds))
        switch ruling {
        case .refuse(let response):
            observe(id, visitors[id].method, response, microseconds: microseconds)
            rule(id, .refuse(response))
        case .take(let bytesMax, let isBulk, let permit):
            visitors[id].isKnown = true
            visitors[id].permit = permit
            if isBulk {
                memory.giveBack(visitors[id].holding)
                visitors[id].holding.bytes = 0
                visitors[id].holding.isBulk = true
            }
            rule(id, .take(bytesMax: bytesMax))
        case .move: break
        }
        guard visitors.contains(id) else { return }
        goOn(id)
    }

    private func rule(_ id: Handle, _ rule: BodyRule) {
        stamp(id)
        switch visitors[id].machine.decide(rule) {
        case .send(let bytes, let closes): send(id, bytes, closes: closes)
        case .refuse(let error, let bytes): refused(id, error, bytes)
        case nil, .decide, .handle: break
        }
    }

    static let waitingWords = "as many requests wait as may wait"

    static func busy(_ reason: String) -> Response {
        var response = Response.problem(
            .serviceUnavailable,
            code: ServerRefusal.busy.rawValue,
            reason: reason
        )
        response.fields.append("Retry-After", String(HTTPServerSettings.retryAfterSeconds))
        return response
    }

    /// A request that came in full.
    func handle(_ id: Handle, _ request: ServerConnection.Request) {
        var exchange = exchange(id, request.head, request.body)
        exchange.permit = visitors[id].permit
        visitors[id].permit = nil
        visitors[id].requestBegan = nil
        visitors[id].method = request.head.method
        // The body is counted with the request from now on, and not with the connection.
        var holding = HTTPHolding(
            source: visitors[id].facts.source,
            isBulk: visitors[id].holding.isBulk
        )
        visitors[id].holding.isBulk = false
        let old = HTTPHolding(
            bytes: visitors[id].holding.bytes,
            source: holding.source,
            isBulk: holding.isBulk
        )
        memory.giveBack(old)
        visitors[id].holding.bytes = 0
        let isWithin = memory.set(&holding, bytes: request.body.count)
        guard let workers else {
            memory.giveBack(holding)
            let start = Loop<HTTPServer>.microseconds
            guard case .answer(let response) = site.answer(exchange, .quick) else { return }
            return respond(id, response, Loop<HTTPServer>.microseconds &- start)
        }
        guard isWithin else {
            memory.giveBack(holding)
            hit(.httpBodyBytesTotal)
            return respond(id, Self.busy(Self.memoryWords), 0)
        }
        visitors[id].isHeld = true
        visitors[id].deadline = .max
        workers.submit(answering(id, exchange, key(id), holding), .quick)
    }

    static let memoryWords = "the requests under way hold all the memory they may"

    private func answering(
        _ id: Handle,
        _ exchange: HTTPExchange,
        _ line: [UInt8],
        _ holding: HTTPHolding
    ) -> HTTPWorkers.Job {
        let (site, mailbox, word, counters) = (site, mailbox, id.word, counters)
        @Sendable func answer(_ response: Response, _ microseconds: UInt64) {
            let answer = HTTPAnswer(
                visitor: word,
                response: response,
                microseconds: microseconds,
                holding: holding
            )
            mailbox.post(.handler(.answer(answer)))
        }
        @Sendable func job(_ exchange: HTTPExchange, _ line: [UInt8]) -> HTTPWorkers.Job {
            HTTPWorkers.Job(line: line) { lane in
                let start = Loop<HTTPServer>.microseconds
                switch site.answer(exchange, lane) {
                case .answer(let response):
                    answer(response, Loop<HTTPServer>.microseconds &- start)
                    return nil
                case .move(let other, let key, let permit):
                    var moved = exchange
                    if let permit { moved.permit = permit }
                    return (other, job(moved, key))
                }
            } refuse: {
                counters.count { $0.limitHits.add(.httpWaiting) }
                answer(HTTPServer.busy(HTTPServer.waitingWords), 0)
            }
        }
        return job(exchange, line)
    }

    // MARK: Memory

    /// Counts what a connection holds now, and ends a request that is too much.
    func weigh(_ id: Handle) {
        guard visitors.contains(id) else { return }
        let held = visitors[id].closesWhenSent ? 0 : visitors[id].machine.heldBytes
        var holding = visitors[id].holding
        let isWithin = memory.set(&holding, bytes: held)
        visitors[id].holding = holding
        guard !isWithin, !visitors[id].isWithThreads else { return }
        hit(.httpBodyBytesTotal)
        let response = Self.busy(Self.memoryWords)
        stamp(id)
        guard case .send(let bytes, let closes) = visitors[id].machine.giveUp(response) else {
            return
        }
        observe(id, visitors[id].method, response, microseconds: 0)
        memory.giveBack(visitors[id].holding)
        visitors[id].holding.bytes = 0
        visitors[id].permit = nil
        send(id, bytes, closes: closes)
    }

    // MARK: Room for others

    /// Closes connections on which nothing happens for one that comes; false when there are none.
    ///
    /// Those of an address that has many go first, then those on which nobody was known, and of
    /// them the one that has been silent longest.
    func makeRoom(for peer: PeerAddress, _ refusal: AdmissionRefusal) -> Bool {
        let source = peer.source
        var counts: [PeerAddress: Int] = [:]
        for id in visitors.handles { counts[visitors[id].facts.source, default: 0] += 1 }
        let many = max(settings.connectionsMax / 4, 1)
        func rank(_ id: Handle) -> (Int, Int, UInt64) {
            let count = counts[visitors[id].facts.source] ?? 0
            let order = visitors[id].isKnown ? 2 : visitors[id].machine.isIdle ? 0 : 1
            return (count > many ? -count : 0, order, visitors[id].quietSince)
        }
        let candidates = visitors.handles.filter { id in
            guard refusal != .connectionsPerSource || visitors[id].facts.source == source else {
                return false
            }
            if visitors[id].isWithThreads || visitors[id].closesWhenSent { return false }
            guard out.count(Int(id.slot)) == 0 else { return false }
            return visitors[id].machine.isIdle || !visitors[id].isKnown
        }
        // A few at a time, so that a flood does not make us look through all again and again.
        let victims = candidates.map { (id: $0, rank: rank($0)) }
            .sorted { $0.rank < $1.rank }
            .prefix(max(settings.connectionsMax / 64, 1))
        for victim in victims where visitors.contains(victim.id) {
            hit(refusal == .connectionsPerSource ? .httpConnectionsPerSource : .httpConnections)
            loop?.close(visitors[victim.id].transport)
        }
        return !victims.isEmpty
    }
}
