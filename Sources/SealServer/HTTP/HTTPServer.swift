// SPDX-License-Identifier: Apache-2.0
// A server of HTTP/1.1 on a loop and a thread of its own: the REST API's and the metrics'. It
// bounds connections, bytes and time, and hands complete requests to threads that answer them.
// What the answers are is somebody else's matter.

internal import SealBytes
internal import SealHTTP
internal import SealNet
internal import SealTelemetry

/// Owns the connections of one HTTP server.
final class HTTPServer: LoopHandler {
    /// Answers, and the word to end.
    typealias Letter = HTTPLetter

    let settings: HTTPServerSettings
    let site: HTTPSite
    let portNames: [String]
    let counters: DaemonCounters
    let logger: Logger
    let workers: HTTPWorkers?
    let mailbox: Mailbox<LoopLetter<HTTPLetter>>
    private(set) var loop: Loop<HTTPServer>?
    var visitors = SlotTable<HTTPVisitor>()
    private(set) var out = OutBuffers()
    private var dirty: [Handle] = []
    private var timers: TimerWheel
    private(set) var now: UInt64
    private var isDraining = false
    /// What the requests under way hold.
    var memory: HTTPMemory
    private var date: (second: Int64, text: String) = (-1, "")

    init(
        _ settings: HTTPServerSettings,
        site: HTTPSite,
        portNames: [String],
        counters: DaemonCounters,
        logger: Logger,
        workers: HTTPWorkers?,
        mailbox: Mailbox<LoopLetter<HTTPLetter>>
    ) {
        self.settings = settings
        self.site = site
        self.portNames = portNames
        self.counters = counters
        self.logger = logger
        self.workers = workers
        self.mailbox = mailbox
        now = Loop<HTTPServer>.clock
        memory = HTTPMemory(settings)
        timers = TimerWheel(now: now)
    }

    /// Serves on this thread until it is told to stop.
    func run(_ setup: LoopSetup) {
        let loop = Loop(handler: self, mailbox: mailbox, setup: setup)
        self.loop = loop
        loop.run()
        self.loop = nil
    }

    // MARK: What the loop tells

    /// A connection is ready.
    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64 {
        countHandshake(arrival)
        var chain: [[UInt8]] = []
        if let certificate = arrival.tls?.certificate {
            chain = [certificate.certificate.der] + certificate.sentAuthorities.map(\.der)
        }
        let deadline = now + UInt64(settings.idleMilliseconds)
        let visitor = visitors.insert(
            HTTPVisitor(
                transport: id,
                facts: HTTPVisitor.Facts(
                    peerAddress: arrival.peer.host,
                    source: arrival.peer.source,
                    chain: chain,
                    serverName: arrival.tls?.sni,
                    isEncrypted: arrival.tls != nil,
                    port: arrival.listener
                ),
                machine: ServerConnection(
                    limits: settings.request,
                    scheme: arrival.tls == nil ? "http" : "https"
                ),
                deadline: deadline,
                timerAt: deadline,
                quietSince: now,
                holding: HTTPHolding(source: arrival.peer.source)
            )
        )
        visitors[visitor].timer = timers.insert(deadline, kind: 0, subject: visitor.word)
        return visitor.word
    }

    /// Bytes arrived.
    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption {
        let visitor = Handle(word: tag)
        guard visitors.contains(visitor) else { return Consumption(used: bytes.byteCount) }
        // What came while an answer is being made stays with the loop, which then reads no more.
        guard !visitors[visitor].isHeld else { return Consumption(used: 0, fate: .hold) }
        visitors[visitor].quietSince = now
        visitors[visitor].machine.receive(bytes.copied())
        work(visitor)
        weigh(visitor)
        guard visitors.contains(visitor) else { return Consumption(used: bytes.byteCount) }
        countTime(visitor, bytes.byteCount)
        return Consumption(
            used: bytes.byteCount,
            fate: visitors[visitor].isHeld ? .hold : .read,
            isKnown: visitors[visitor].isKnown
        )
    }

    /// A connection can take more.
    func drained(_ id: Handle, tag: UInt64) {
        let visitor = Handle(word: tag)
        guard visitors.contains(visitor) else { return }
        if visitors[visitor].deadline != .max {
            setDeadline(visitor, takingDeadline(visitor))
        }
        markDirty(visitor)
    }

    /// A connection is gone.
    func closed(_ id: Handle, tag: UInt64, _ ending: Ending) {
        let visitor = Handle(word: tag)
        guard let gone = visitors.contains(visitor) ? visitors.remove(visitor) : nil else { return }
        timers.cancel(gone.timer)
        memory.giveBack(gone.holding)
        out.release(Int(visitor.slot))
        endIfDrained()
    }

    /// Too much of its input waits.
    func overflowed(_ id: Handle, tag: UInt64) { loop?.close(id) }

    /// Connections do not move here.
    func detached(_ transfer: Transfer) {}

    /// Answers, or the word to end.
    func delivered(_ letters: [HTTPLetter]) {
        for letter in letters {
            switch letter {
            case .answer(let answer): answered(answer)
            case .ruling(let visitor, let ruling, let microseconds):
                ruled(Handle(word: visitor), ruling, microseconds)
            case .drain: drain()
            }
        }
    }

    /// The clock was read.
    func turnBegan(now: UInt64) {
        self.now = now
        var due: [TimerWheel.Timer] = []
        timers.advance(to: now) { due.append($0) }
        for timer in due { timerFired(timer) }
    }

    /// Sends what was answered.
    func turnEnded() {
        while !dirty.isEmpty {
            let batch = dirty
            dirty = []
            for id in batch where visitors.contains(id) {
                visitors[id].isDirty = false
                flush(id)
            }
        }
    }

    /// Handshakes may be computed here while nobody waits for an answer.
    var isQuiet: Bool { true }

    /// When the next one is given up.
    var nextDeadline: UInt64? { timers.nextDeadline }

    // MARK: Requests

    /// Does what the machine of a connection wants done.
    func work(_ id: Handle) {
        while visitors.contains(id) {
            stamp(id)
            if out.count(Int(id.slot)) > settings.outBytesMax {
                visitors[id].isHeld = true
                return
            }
            guard let action = visitors[id].machine.next() else { return }
            switch action {
            case .decide(let head): decide(id, head)
            case .handle(let request): handle(id, request)
            case .send(let bytes, let closes): send(id, bytes, closes: closes)
            case .refuse(let error, let bytes): refused(id, error, bytes)
            }
        }
    }

    private func answered(_ answer: HTTPAnswer) {
        memory.giveBack(answer.holding)
        let id = Handle(word: answer.visitor)
        guard visitors.contains(id) else { return }
        visitors[id].isHeld = false
        respond(id, answer.response, answer.microseconds)
        goOn(id)
    }

    /// Reads on when what held a connection is over.
    func goOn(_ id: Handle) {
        work(id)
        guard visitors.contains(id) else { return }
        weigh(id)
        guard visitors.contains(id), !visitors[id].isHeld else { return }
        countTime(id, 0)
        if !visitors[id].closesWhenSent { loop?.resume(visitors[id].transport) }
    }

    func respond(_ id: Handle, _ response: Response, _ microseconds: UInt64) {
        if response.knowsCaller { visitors[id].isKnown = true }
        visitors[id].quietSince = now
        observe(id, visitors[id].method, response, microseconds: microseconds)
        setDeadline(id, takingDeadline(id))
        stamp(id)
        let action = visitors[id].machine.respond(response, mayKeepAlive: !isDraining)
        if case .send(let bytes, let closes) = action { send(id, bytes, closes: closes) }
    }

    /// Keeps the fields true that every answer of a connection gets.
    func stamp(_ id: Handle) {
        // RFC 9110 §6.6.1: a server with a clock says what it shows.
        let second = SystemClock.now.microseconds / 1_000_000
        if second != date.second { date = (second, HTTPDate.text(second)) }
        guard visitors[id].dateSecond != second else { return }
        visitors[id].dateSecond = second
        var fields: Fields = ["Date": date.text]
        if settings.hstsSeconds > 0, visitors[id].facts.isEncrypted {
            // RFC 6797 §7.2: never over a connection without TLS.
            fields.append("Strict-Transport-Security", "max-age=\(settings.hstsSeconds)")
        }
        visitors[id].machine.commonFields = fields
    }

    func refused(_ id: Handle, _ error: HTTPError, _ bytes: [UInt8]) {
        switch error.code {
        // RFC 6585 §5 and RFC 9110 §15.5.15: the head, or its target, was too long.
        case .headTooLarge, .tooManyFields, .targetTooLong, .trailersTooLarge: hit(.httpHeadBytes)
        case .bodyTooLarge: hit(.httpBodyBytes)
        default: break
        }
        observeRefusal(id, error)
        send(id, bytes, closes: true)
    }

    // MARK: Sending

    func send(_ id: Handle, _ bytes: [UInt8], closes: Bool) {
        if visitors[id].sendingSince == nil { visitors[id].sendingSince = now }
        out.append(Int(id.slot), bytes.span.bytes)
        if closes {
            visitors[id].closesWhenSent = true
            visitors[id].isHeld = true
            loop?.hold(visitors[id].transport)
            setDeadline(id, takingDeadline(id))
        }
        markDirty(id)
    }

    private func markDirty(_ id: Handle) {
        guard !visitors[id].isDirty else { return }
        visitors[id].isDirty = true
        dirty.append(id)
    }

    private func flush(_ id: Handle) {
        let transport = visitors[id].transport
        let slot = Int(id.slot)
        loop?.send(transport, from: &out, slot: slot)
        guard visitors.contains(id) else { return }
        if out.count(slot) == 0, loop?.isBlocked(transport) == false {
            visitors[id].sendingSince = nil
        }
        if visitors[id].closesWhenSent {
            // The loop does not wait long for the last bytes of a connection, so it is told to
            // close only when the kernel has them.
            guard out.count(slot) == 0, loop?.isBlocked(transport) == false else { return }
            loop?.closeWhenSent(transport)
            loop?.send(transport, from: &out, slot: slot)
            return
        }
        guard visitors[id].isHeld, !visitors[id].isWithThreads,
            out.count(slot) <= settings.outBytesMax
        else { return }
        visitors[id].isHeld = false
        goOn(id)
    }

    // MARK: Time

    /// Sets the deadline after bytes arrived, or after an answer when some wait already.
    func countTime(_ id: Handle, _ bytes: Int) {
        guard !visitors[id].isWithThreads, !visitors[id].closesWhenSent else { return }
        guard visitors[id].machine.isReading else {
            visitors[id].requestBegan = nil
            return
        }
        if visitors[id].requestBegan == nil {
            visitors[id].requestBegan = now
            visitors[id].requestBytes = 0
        }
        visitors[id].requestBytes += bytes
        let allowance = visitors[id].requestBytes * 1000 / max(settings.bodyBytesPerSecondMin, 1)
        let began = visitors[id].requestBegan ?? now
        let wait = min(
            settings.requestMilliseconds + allowance,
            max(settings.requestTotalMilliseconds, settings.requestMilliseconds)
        )
        setDeadline(id, began + UInt64(wait))
    }

    /// When an answer must have been taken further, or be taken altogether.
    private func takingDeadline(_ id: Handle) -> UInt64 {
        let idle = now + UInt64(settings.idleMilliseconds)
        guard let since = visitors[id].sendingSince else { return idle }
        return min(idle, since + UInt64(settings.requestTotalMilliseconds))
    }

    func setDeadline(_ id: Handle, _ deadline: UInt64) {
        visitors[id].deadline = deadline
        guard deadline < visitors[id].timerAt else { return }
        visitors[id].timerAt = deadline
        timers.cancel(visitors[id].timer)
        visitors[id].timer = timers.insert(deadline, kind: 0, subject: id.word)
    }

    private func timerFired(_ timer: TimerWheel.Timer) {
        let id = Handle(word: timer.subject)
        // A timer that an earlier one replaced means nothing any more.
        guard visitors.contains(id), visitors[id].timerAt == timer.deadline else { return }
        visitors[id].timerAt = .max
        let deadline = visitors[id].deadline
        // Somebody answers; the answer sets the deadline.
        guard deadline != .max else { return }
        guard deadline <= now else {
            visitors[id].timerAt = deadline
            visitors[id].timer = timers.insert(deadline, kind: 0, subject: id.word)
            return
        }
        stamp(id)
        if !visitors[id].closesWhenSent,
            case .send(let bytes, let closes) = visitors[id].machine.giveUp()
        {
            hit(.httpRequestSeconds)
            observeTimeout(id)
            return send(id, bytes, closes: closes)
        }
        loop?.close(visitors[id].transport)
    }

    // MARK: The end

    private func drain() {
        isDraining = true
        for id in visitors.handles where visitors[id].machine.isIdle {
            if out.count(Int(id.slot)) == 0 {
                loop?.close(visitors[id].transport)
            } else {
                visitors[id].closesWhenSent = true
                markDirty(id)
            }
        }
        endIfDrained()
    }

    private func endIfDrained() {
        if isDraining, visitors.count == 0 { mailbox.post(.stop) }
    }
}
