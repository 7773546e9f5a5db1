// SPDX-License-Identifier: Apache-2.0
// A shard joins the three: a thread's loop, a partition of the broker, and the letters between
// shards. What the partition decides, the shard carries out.

internal import SealBroker
internal import SealBytes
internal import SealNet
internal import SealPKI
internal import SealTelemetry

/// What may be sent to a shard.
enum ShardLetter: Sendable {
    /// Partition to partition.
    case mail(from: Int, [Mail])
    /// A connection whose session lives here.
    case adopt(Transfer, Admitted)
    /// A slow login was decided.
    case loginDecided(link: Handle, LoginStep)
    /// A message of an exchange of enhanced authentication was judged.
    case authAnswered(link: Handle, AuthReply)
    /// What a device asked for was done, or not.
    case serviceAnswered(link: Handle, ServiceAnswer)
    /// The registry changed: who relies on what was withdrawn must go; how many went is answered.
    case withdraw([IdentityChange], [UInt32: TenantPolicy], @Sendable (Int) -> Void)
    /// The sessions of a tenant are wanted.
    case sessions(tenant: UInt32, @Sendable ([SessionRecord]) -> Void)
    /// End a client's connection, and its session if so said; how many went is answered.
    case kick(tenant: UInt32, clientID: Name, forgets: Bool, @Sendable (Int) -> Void)
    /// New rules of access.
    case access([AccessRules])
    /// New bounds.
    case limits(BrokerLimits, handshakeSeconds: Int)
    /// What listeners grant from now on.
    case grants([ListenerGrant])
    /// System topics to publish.
    case system([(topic: String, payload: String)])
    /// A copy of the counters is wanted; a scrape begins the longest turn again.
    case counters(isScrape: Bool, @Sendable (Int, ShardCounters) -> Void)
    /// Give back memory that is kept for a crowd which may not come again.
    case tidy
    /// Say goodbye to all clients.
    case drain
    /// Close what is left and end.
    case stop
}

/// What all shards know.
struct ShardContext: Sendable {
    var index: Int
    var mailboxes: [Mailbox<LoopLetter<ShardLetter>>]
    var logins: LoginPool
    var doors: ShardDoors
    var listenerNames: [String]
    var logger: Logger
    /// Called with each shard's number when it has ended.
    var ended: @Sendable (Int) -> Void
}

/// One shard, on its own thread.
final class Shard: LoopHandler {
    /// What may be sent to a shard.
    typealias Letter = ShardLetter

    let partition: Partition
    let context: ShardContext
    private var attached: Loop<Shard>?
    private var pendingMoves: [UInt64: (home: Int, admitted: Admitted)] = [:]
    private var isDraining = false
    private var receivedBefore: UInt64 = 0
    private var quietSince: UInt64 = 0
    private var summaries: [Fingerprint: CertificateSummary] = [:]
    private var summaryBytes = 0
    private static let summaryBytesMax = 4 << 20
    /// The connection whose bytes are being handled; it is moved by the answer, not by a call.
    private var present: Handle = .none

    /// The loop that runs this shard, from `run` until it ends.
    var loop: Loop<Shard> {
        guard let attached else { preconditionFailure("a shard is only used inside its loop") }
        return attached
    }

    init(_ partition: Partition, _ context: ShardContext) {
        self.partition = partition
        self.context = context
    }

    /// Runs the shard on this thread until it is told to stop.
    func run(_ setup: LoopSetup) {
        let loop = Loop(
            handler: self,
            mailbox: context.mailboxes[context.index],
            setup: setup
        )
        attached = loop
        loop.run()
        attached = nil
        context.ended(context.index)
    }

    // MARK: What the loop tells

    /// A connection is ready.
    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64 {
        if let moved = pendingArrival {
            pendingArrival = nil
            peers[id.slot] = arrival.peer
            let link = partition.arrived(
                transport: id.word,
                listener: arrival.listener,
                moved
            )
            return link.word
        }
        if let tls = arrival.tls {
            partition.counters.addHandshake(
                .full,
                version: tls.version == .tls13 ? .tls13 : .tls12
            )
            partition.counters.handshakeSeconds.record(
                microseconds: arrival.handshakeMicroseconds
            )
        }
        let shown = arrival.tls?.certificate
        let facts = ArrivalFacts(
            certificate: shown.flatMap { $0.isJudged ? summary($0) : nil },
            chain: shown.map { $0.isJudged ? [] : PresentedChain.of($0) } ?? [],
            isSecure: arrival.tls != nil,
            peerAddress: arrival.peer.host,
            listenerName: context.listenerNames[arrival.listener]
        )
        peers[id.slot] = arrival.peer
        return partition.opened(transport: id.word, listener: arrival.listener, facts: facts).word
    }

    /// What the login needs of a certificate; decoded once for those who come again and again.
    private func summary(_ peer: PeerCertificate) -> CertificateSummary {
        var summary: CertificateSummary
        if let known = summaries[peer.fingerprint] {
            summary = known
        } else {
            summary = CertificateSummary(peer)
            summaryBytes += summary.byteCount
            if summaryBytes > Self.summaryBytesMax {
                summaries = [:]
                summaryBytes = summary.byteCount
            }
            summaries[peer.fingerprint] = summary
        }
        summary.isTrusted = peer.isVerified
        return summary
    }

    private var pendingArrival: Admitted?
    var peers: [UInt32: PeerAddress] = [:]

    /// Bytes arrived.
    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption {
        present = id
        let progress = partition.receive(Handle(word: tag), bytes)
        act()
        present = .none
        switch progress.fate {
        case .read:
            return Consumption(
                used: progress.used,
                needs: progress.needs,
                isKnown: progress.isKnown
            )
        case .hold:
            return Consumption(used: progress.used, fate: .hold, isKnown: progress.isKnown)
        case .move: return Consumption(used: progress.used, fate: .detach)
        }
    }

    /// A held-up connection can take more.
    func drained(_ id: Handle, tag: UInt64) {
        partition.drained(Handle(word: tag))
    }

    /// A connection is gone.
    func closed(_ id: Handle, tag: UInt64, _ ending: Ending) {
        partition.closed(Handle(word: tag), reason: ending.reason)
        peers[id.slot] = nil
        pendingMoves[tag] = nil
        act()
    }

    /// Too much of its input waits.
    func overflowed(_ id: Handle, tag: UInt64) {
        partition.inputOverflowed(Handle(word: tag))
        act()
    }

    /// The tenant that a connection's input is counted for.
    func payer(tag: UInt64) -> UInt32 { partition.tenant(of: Handle(word: tag)) }

    /// A connection left for its home.
    func detached(_ transfer: Transfer) {
        let link = Handle(word: transfer.arrival.tag)
        partition.moved(link)
        guard let move = pendingMoves.removeValue(forKey: link.word) else { return }
        context.mailboxes[move.home].post(.handler(.adopt(transfer, move.admitted)))
    }

    /// Letters arrived.
    func delivered(_ letters: [ShardLetter]) {
        for letter in letters {
            switch letter {
            case .mail(let sender, let batch):
                for mail in batch { partition.deliver(mail, from: sender) }
            case .adopt(let transfer, let admitted):
                pendingArrival = admitted
                loop.adopt(transfer)
            case .loginDecided(let link, let step): partition.loginDecided(link, step)
            case .authAnswered(let link, let reply): partition.authAnswered(link, reply)
            case .serviceAnswered(let link, let answer):
                partition.serviceAnswered(link, answer)
            case .withdraw(let changes, let policies, let answer):
                answer(partition.withdraw(changes, policies: policies))
            case .sessions(let tenant, let answer):
                answer(
                    partition.sessionRecords(tenant: tenant) { [peers] transport in
                        peers[Handle(word: transport).slot]?.description
                    }
                )
            case .kick(let tenant, let clientID, let forgets, let answer):
                answer(partition.kick(tenant: tenant, clientID: clientID, forgets: forgets))
            case .access(let rules): partition.replaceAccess(rules)
            case .limits(let limits, let seconds):
                partition.replaceLimits(limits)
                loop.handshakeSeconds = seconds
            case .grants(let grants): partition.replaceGrants(grants)
            case .system(let topics): partition.publishSystem(topics)
            case .counters(let isScrape, let answer):
                var counters = partition.snapshot()
                counters.loopDelayMicrosecondsMax = loop.counters.longestTurnNanoseconds / 1000
                counters.socketsAccepted = loop.counters.accepted
                counters.memory[.input] = loop.counters.inputBytes
                answer(context.index, counters)
                if isScrape { loop.counters.longestTurnNanoseconds = 0 }
            case .tidy: partition.giveMemoryBack()
            case .drain:
                isDraining = true
                partition.drain()
            case .stop: context.mailboxes[context.index].post(.stop)
            }
            act()
        }
    }

    /// No message came in lately.
    var isQuiet: Bool { quietSince + Self.quietMilliseconds <= loop.now }

    private static let quietMilliseconds: UInt64 = 20

    /// The clock was read.
    func turnBegan(now: UInt64) {
        let received = partition.counters.messagesReceived.total
        if received != receivedBefore {
            receivedBefore = received
            quietSince = now
        }
        partition.unixMilliseconds = SystemClock.now.microseconds / 1000
        partition.begin(now: now)
        act()
    }

    /// The time to send.
    func turnEnded() {
        act()
        // Sending may free room that lets more be written; a few rounds empty most of it.
        for _ in 0..<4 {
            let dirty = partition.takeDirty()
            if dirty.isEmpty { break }
            for (link, transport) in dirty {
                let slot = Int(link.slot)
                let before = partition.out.count(slot)
                loop.send(Handle(word: transport), from: &partition.out, slot: slot)
                let sent = before - partition.out.count(slot)
                partition.sent(link, sent)
            }
            act()
        }
        for index in partition.outboxes.indices where !partition.outboxes[index].isEmpty {
            let batch = partition.outboxes[index]
            partition.outboxes[index] = []
            context.mailboxes[index].post(.handler(.mail(from: context.index, batch)))
        }
    }

    /// When the partition must be called again.
    var nextDeadline: UInt64? { partition.nextDeadline }

    // MARK: What the partition asks for

    func act() {
        while !partition.actions.isEmpty {
            let actions = partition.actions
            partition.actions = []
            for action in actions { perform(action) }
        }
    }

    private func perform(_ action: Action) {
        switch action {
        case .close(let transport, let afterSending):
            let id = Handle(word: transport)
            if afterSending { loop.closeWhenSent(id) } else { loop.close(id) }
        case .hold(let transport): loop.hold(Handle(word: transport))
        case .resume(let transport): loop.resume(Handle(word: transport))
        case .login(let link, let question):
            let mailbox = context.mailboxes[context.index]
            context.logins.submit(question) { step in
                mailbox.post(.handler(.loginDecided(link: link, step)))
            }
        case .askRegistry(let link, let question):
            let mailbox = context.mailboxes[context.index]
            context.doors.login(question) { step in
                mailbox.post(.handler(.loginDecided(link: link, step)))
            }
        case .authenticate(let link, let question):
            let mailbox = context.mailboxes[context.index]
            context.doors.authenticate(question) { reply in
                mailbox.post(.handler(.authAnswered(link: link, reply)))
            }
        case .service(let link, let request, let principal):
            let mailbox = context.mailboxes[context.index]
            context.doors.serve(request, principal) { answer in
                mailbox.post(.handler(.serviceAnswered(link: link, answer)))
            }
        case .move(let link, let transport, let home, let admitted):
            pendingMoves[link.word] = (home, admitted)
            let id = Handle(word: transport)
            peers[id.slot] = nil
            if id != present { loop.detachHeld(id) }
        case .report(let event): report(event)
        }
    }
}

extension Ending {
    /// The stable word for logs.
    var reason: String {
        switch self {
        case .peer: "peer-closed"
        case .handler: "closed"
        case .network(let number): "network-error-\(number)"
        case .tls(let code): code.rawValue
        }
    }
}

extension CertificateSummary {
    /// About the memory that it takes.
    fileprivate var byteCount: Int {
        let lists = [dnsNames, uris, emails, ipAddresses]
        let names = lists.joined().reduce(0) { $0 + $1.utf8.count + 32 }
        return 512 + names + distinguishedName.utf8.count + (commonName?.utf8.count ?? 0)
    }

    init(_ peer: PeerCertificate) {
        let certificate = peer.certificate
        let names = try? certificate.subjectNames()
        self.init(
            commonName: (try? certificate.commonNames())?.first.map { Name($0) },
            distinguishedName: Name((try? certificate.subject())?.rfc2253 ?? ""),
            dnsNames: (names?.dns ?? []).map { Name($0) },
            uris: (names?.uris ?? []).map { Name($0) },
            emails: (names?.emails ?? []).map { Name($0) },
            ipAddresses: (names?.addresses ?? []).map { Name($0) },
            fingerprint: Name(peer.fingerprint.description),
            isTrusted: peer.isVerified
        )
    }
}
