// SPDX-License-Identifier: Apache-2.0
// The client's thread: one connection, one session's state, and the loop that joins them. What the
// packets mean is SealMQTT's; what callers ask for is in ClientEngine+Commands.

internal import SealBytes
internal import SealMQTT
internal import SealNet

/// Runs one client; belongs to its thread.
final class ClientEngine {
    /// A subscription whose messages somebody reads.
    struct Claim {
        var number: UInt64
        var order: SubscriptionOrder
        var filters: [TopicFilter]
        var buffer: MessageBuffer
    }

    /// Who waits for an answer.
    enum Waiting {
        case published(Completion<PublishOutcome>)
        case answered(Completion<Suback>, SubscriptionOrder?)
    }

    let settings: MQTTClientSettings
    let inbox: ClientInbox
    let unclaimed: MessageBuffer
    var state: ClientState
    var out = ByteWriter(capacity: 4096)
    var channel: ClientChannel?
    var waiting: [UInt64: Waiting] = [:]
    var flushing: [Completion<PublishOutcome>] = []
    var claims: [Claim] = []
    /// Subscriptions whose messages are unclaimed.
    var standing: [SubscriptionOrder] = []
    var connecting: Completion<Connack>?
    var wantsConnection = false
    var isStopped = false
    private var tls: TLSClientContext?
    private var input: [UInt8] = []
    private var keepAlive = KeepAlive(seconds: 0, now: 0)
    private var answerBy: UInt64 = 0
    private var attempt = 0
    private var nextAttempt: UInt64 = 0
    private var hasBeenConnected = false

    /// Above this, publishers with QoS 0 wait until the socket took something.
    static let backlogBytesMax = 1 << 20
    /// How long the last packets may take to leave when the client disconnects.
    static let farewellMilliseconds: Int32 = 5_000
    /// How many events are taken in before readers are looked at.
    private static let eventsMax = 64

    init(_ settings: MQTTClientSettings, _ inbox: ClientInbox, _ unclaimed: MessageBuffer) {
        self.settings = settings
        self.inbox = inbox
        self.unclaimed = unclaimed
        state = ClientState(connect: settings.connect, limits: settings.limits)
    }

    /// Lives until it is told to stop.
    func run() {
        while !isStopped {
            for command in inbox.take() { handle(command) }
            if isStopped { break }
            if wantsConnection, channel == nil, now >= nextAttempt { tryToConnect() }
            flush()
            wait()
        }
        leave(Farewell())
    }

    var now: UInt64 { MonotonicClock.milliseconds }

    // MARK: Connecting

    private func tryToConnect() {
        do throws(MQTTClientError) {
            let target = ChannelTarget(
                host: settings.host,
                port: settings.port,
                localAddress: settings.localAddress,
                tls: try material(),
                timeLimitSeconds: settings.connectSecondsMax
            )
            do throws(ChannelError) {
                channel = try ClientChannel.open(target, waker: inbox.waker) { inbox.isEnding }
            } catch { throw MQTTClientError(error) }
        } catch {
            // Who gives up connecting is answered by the command that made us give up.
            if error.code == .cancelled, inbox.isEnding { return }
            lost(error)
            return
        }
        input.removeAll()
        out.removeAll()
        answerBy = now + UInt64(max(settings.connectSecondsMax, 1)) * 1000
        keepAlive = KeepAlive(seconds: 0, now: now)
        state.open(into: &out)
    }

    /// Reads the files anew for each connection, so that a renewed certificate is used.
    private func material() throws(MQTTClientError) -> TLSClientContext? {
        guard let wanted = settings.tls else { return nil }
        do throws(TLSError) {
            tls = try TLSClientContext.load(wanted)
        } catch {
            // What worked once is better than no connection.
            guard tls == nil else { return tls }
            let file = error.file.map { "\($0): " } ?? ""
            throw MQTTClientError(.settings, file + error.reason)
        }
        return tls
    }

    /// The connection is gone, or could not be made.
    func lost(_ error: MQTTClientError) {
        channel = nil
        input.removeAll()
        out.removeAll()
        for done in flushing { done(.failure(error)) }
        flushing.removeAll()
        for token in state.connectionLost() {
            finish(token, error)
        }
        if let done = connecting {
            connecting = nil
            giveUp(error)
            done(.failure(error))
            return
        }
        guard wantsConnection else { return }
        guard let policy = settings.reconnect, Self.isWorthAnotherTry(error) else {
            settings.onChange?(.lost(error, retryMilliseconds: nil))
            giveUp(error)
            return
        }
        attempt += 1
        var dice = SystemRandomNumberGenerator()
        let pause = policy.delayMilliseconds(
            attempt: attempt,
            dice: Double.random(in: 0..<1, using: &dice)
        )
        nextAttempt = now + UInt64(pause)
        // A session that is to be kept is not forgotten by coming back.
        settings.onChange?(.lost(error, retryMilliseconds: pause))
    }

    private static func isWorthAnotherTry(_ error: MQTTClientError) -> Bool {
        switch error.code {
        case .settings, .cancelled: return false
        case .refused, .serverDisconnected:
            switch error.reasonCode {
            // Another client with this identifier would be pushed out in turn, for ever.
            case .sessionTakenOver, .banned, .notAuthorized, .badUserNameOrPassword,
                .clientIdentifierNotValid, .unsupportedProtocolVersion, .badAuthenticationMethod,
                .serverMoved, .useAnotherServer, .administrativeAction:
                return false
            default: return true
            }
        default: return true
        }
    }

    /// Ends everything that waits.
    func giveUp(_ error: MQTTClientError) {
        wantsConnection = false
        for token in state.abandon() { finish(token, error) }
        for token in waiting.keys.sorted() { finish(token, error) }
        for claim in claims { claim.buffer.end(.failure(error)) }
        claims.removeAll()
        unclaimed.end(.failure(error))
    }

    func finish(_ token: UInt64, _ error: MQTTClientError) {
        switch waiting.removeValue(forKey: token) {
        case .published(let done): done(.failure(error))
        case .answered(let done, _):
            claims.removeAll { $0.number == token }
            done(.failure(error))
        case nil: break
        }
    }

    // MARK: Sending and receiving

    /// Gives the socket what was written.
    func flush() {
        guard let channel else { return }
        do throws(ChannelError) {
            if out.count > 0 {
                if let trace = settings.onPacket {
                    for line in PacketTrace.lines(out.bytes, "sending", state.version, .fromClient)
                    {
                        trace(line)
                    }
                }
                try channel.send(out.bytes)
                out.removeAll()
                keepAlive.sent(now: now)
            }
            try channel.flush()
        } catch {
            // What the server said before it hung up tells more than that it hung up: a refusal of
            // our certificate, for one, comes only after the handshake.
            read(channel)
            if self.channel != nil { lost(MQTTClientError(error)) }
            return
        }
        if !flushing.isEmpty, channel.backlogCount < Self.backlogBytesMax {
            let done = flushing
            flushing.removeAll()
            for one in done { one(.success(PublishOutcome(reason: .success))) }
        }
    }

    private var isPaused: Bool {
        unclaimed.isFull || claims.contains { $0.buffer.isFull }
    }

    private func wait() {
        guard let channel else {
            let pause = wantsConnection ? nextAttempt > now ? nextAttempt - now : 0 : .max
            if pause > 0, inbox.isEmpty {
                inbox.waker.wait(milliseconds: Self.limited(pause))
                inbox.waker.rest()
            }
            return
        }
        let paused = isPaused
        var pause = timers(paused)
        guard self.channel != nil else { return }
        if !inbox.isEmpty || out.count > 0 { pause = 0 }
        let ready = channel.wait(
            milliseconds: Self.limited(pause),
            reads: !paused,
            waker: inbox.waker
        )
        if ready.canRead { read(channel) }
    }

    private static func limited(_ milliseconds: UInt64) -> Int32 {
        milliseconds == .max ? -1 : Int32(truncatingIfNeeded: min(milliseconds, 1 << 30))
    }

    /// Does what is due; gives back how long nothing is.
    private func timers(_ isPaused: Bool) -> UInt64 {
        let now = now
        if state.phase == .connecting {
            if now < answerBy { return answerBy - now }
            lost(MQTTClientError(.timeout, "the server did not answer CONNECT in time"))
            return 0
        }
        switch keepAlive.turn(now: now) {
        case .wait(let until): return until == .max ? .max : until - now
        case .ping:
            state.ping(into: &out)
            return 0
        case .gone:
            // A reader that is behind keeps us from hearing the answer.
            if isPaused { return 1_000 }
            lost(MQTTClientError(.timeout, "the server did not answer a ping in time"))
            return 0
        }
    }

    private func read(_ channel: ClientChannel) {
        var isOpen = true
        var failure: MQTTClientError?
        do throws(ChannelError) {
            isOpen = try channel.receive(into: &input)
        } catch { failure = MQTTClientError(error) }
        keepAlive.received()
        digest()
        guard self.channel != nil else { return }
        if let failure {
            lost(failure)
        } else if !isOpen {
            lost(
                MQTTClientError(
                    .connectionLost,
                    state.phase == .connecting
                        ? "the server closed the connection without an answer to CONNECT"
                        : "the server closed the connection"
                )
            )
        }
    }

    /// Takes in the packets that are complete, as long as the readers keep up.
    func digest() {
        var used = 0
        var events: [ClientEvent] = []
        // The spans below need an array that stays where it is; nothing is added meanwhile.
        let input = self.input
        while channel != nil, !isPaused {
            events.removeAll(keepingCapacity: true)
            do throws(MQTTError) {
                // A span of the property itself would not outlive the next access to it.
                let waiting = input
                let bytes = waiting.span.bytes
                let rest = bytes.extracting(used..<bytes.byteCount)
                let count = try state.receive(
                    rest,
                    eventsMax: Self.eventsMax,
                    into: &out,
                    events: &events
                )
                trace(rest.extracting(0..<count))
                used += count
                if count == 0 { break }
            } catch {
                for event in events { take(event) }
                violated(error)
                return
            }
            for event in events { take(event) }
        }
        if channel == nil {
            self.input.removeAll()
        } else if used > 0 {
            self.input.removeFirst(used)
        }
    }

    private func trace(_ bytes: RawSpan) {
        guard let trace = settings.onPacket else { return }
        for line in PacketTrace.lines(bytes, "received", state.version, .fromServer) {
            trace(line)
        }
    }

    /// Tells the server what it did wrong, and ends the connection.
    private func violated(_ error: MQTTError) {
        input.removeAll()
        if state.version == .v5, error.reasonCode.isAllowed(in: .disconnect, .fromClient) {
            state.disconnect(reason: error.reasonCode, into: &out)
            flush()
        }
        channel?.close(within: 200, waker: inbox.waker)
        lost(MQTTClientError(error, isPeer: true))
    }

    private func take(_ event: ClientEvent) {
        switch event {
        case .connected(let connack): connected(connack)
        case .refused(let connack): lost(MQTTClientError(connack))
        case .message(let message): deliver(message)
        case .published(let token, let answer):
            guard case .published(let done) = waiting.removeValue(forKey: token) else { return }
            if answer.reason.isFailure {
                done(.failure(MQTTClientError(answer)))
            } else {
                done(
                    .success(
                        PublishOutcome(reason: answer.reason, reasonString: answer.reasonString)
                    )
                )
            }
        case .answered(let token, let answer): answered(token, answer)
        case .pong: break
        case .disconnected(let packet): lost(MQTTClientError(packet))
        }
    }

    private func connected(_ connack: Connack) {
        attempt = 0
        keepAlive = KeepAlive(seconds: state.keepAliveSeconds, now: now)
        settings.onChange?(.connected(connack))
        if hasBeenConnected, !connack.sessionPresent { subscribeAgain() }
        hasBeenConnected = true
        if let done = connecting {
            connecting = nil
            done(.success(connack))
        }
    }
}
