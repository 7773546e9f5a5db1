// SPDX-License-Identifier: Apache-2.0
// Taking connections in, and their handshakes: the sockets stay here, the arithmetic is the
// pool's.

internal import CSys
internal import Glibc
internal import SealBytes

extension Loop {
    func acceptAll(_ listener: LoopListener) {
        guard isAccepting else { return }
        var taken = 0
        while taken < 256 {
            guard let (descriptor, peer) = acceptConnection(listener.socket.descriptor) else {
                let error = seal_errno()
                if error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS {
                    handler.happened(
                        .acceptFailed(NetError(errno: error, doing: "accepting a connection"))
                    )
                    pauseAccepting()
                }
                return
            }
            taken += 1
            admit(descriptor, peer, listener)
        }
    }

    /// The machine has no more for us at present: asking at once again would only burn time.
    private func pauseAccepting() {
        guard !isAcceptingPaused else { return }
        isAcceptingPaused = true
        for listener in setup.listeners { forget(listener.socket.descriptor) }
        timers.insert(now + 200, kind: LoopTimer.accept.rawValue, subject: 0)
    }

    private func resumeAccepting() {
        isAcceptingPaused = false
        guard isAccepting else { return }
        for (index, listener) in setup.listeners.enumerated() {
            register(
                listener.socket.descriptor,
                EpollName.listener(index),
                UInt32(EPOLLIN.rawValue),
                add: true
            )
        }
    }

    private func admit(_ descriptor: Int32, _ peer: PeerAddress, _ listener: LoopListener) {
        let newcomer = Newcomer(
            descriptor: descriptor,
            peer: peer,
            listener: listener,
            until: now + Self.postponedMilliseconds
        )
        guard var refusal = enter(newcomer) else { return takeIn(newcomer) }
        if refusal.isAboutPlaces {
            if handler.makeRoom(for: peer, refusal) {
                guard let again = enter(newcomer) else { return takeIn(newcomer) }
                refusal = again
            }
            // Somebody may have left already whose end was not read yet.
            if postponed.count < Self.postponedMax { return postponed.append(newcomer) }
        }
        turnAway(newcomer, refusal)
    }

    /// Tries again with those for whom there was no place a moment ago.
    func admitPostponed() {
        guard !postponed.isEmpty else { return }
        let batch = postponed
        postponed = []
        for newcomer in batch {
            guard let refusal = enter(newcomer) else {
                takeIn(newcomer)
                continue
            }
            if isAccepting, now < newcomer.until {
                postponed.append(newcomer)
            } else {
                turnAway(newcomer, refusal)
            }
        }
    }

    private func turnAway(_ newcomer: Newcomer, _ refusal: AdmissionRefusal) {
        let number = newcomer.listener.number
        handler.happened(.turnedAway(refusal, peer: newcomer.peer, listener: number))
        Glibc.close(newcomer.descriptor)
    }

    /// Asks for a place; nil when it was given.
    private func enter(_ newcomer: Newcomer) -> AdmissionRefusal? {
        nextHandshake += 1
        return setup.admission.enter(
            newcomer.peer,
            listener: newcomer.listener.number,
            handshake: newcomer.listener.tls == nil ? nil : handshakePlace()
        )
    }

    /// Begins with a connection that has a place.
    private func takeIn(_ newcomer: Newcomer) {
        let (descriptor, peer, listener) = (newcomer.descriptor, newcomer.peer, newcomer.listener)
        let needsHandshake = listener.tls != nil
        var stream: TLSStream?
        if let source = listener.tls {
            stream = source.current.makeStream()
            guard stream != nil else {
                setup.admission.handshakeEnded(peer, number: nextHandshake)
                setup.admission.leave(peer, listener: listener.number)
                Glibc.close(descriptor)
                return
            }
        }
        counters.accepted &+= 1
        counters.open += 1
        let id = connections.insert(
            Connection(
                descriptor: descriptor,
                listener: listener.number,
                peer: peer,
                stream: stream,
                stage: needsHandshake ? .handshake : .open,
                acceptedAt: now
            )
        )
        connections[id].handshakeNumber = nextHandshake
        register(descriptor, id.word, UInt32(EPOLLIN.rawValue), add: true)
        if needsHandshake {
            handshaking[nextHandshake] = id
            arm(id, .handshake, at: now + UInt64(setup.handshakeSeconds) * 1000)
        } else {
            let arrival = Arrival(listener: listener.number, peer: peer, tls: nil, tag: 0)
            connections[id].tag = handler.opened(id, arrival)
        }
    }

    private func handshakePlace() -> HandshakePlace {
        let mailbox = self.mailbox
        return HandshakePlace(number: nextHandshake) { mailbox.post(.withdraw($0)) }
    }

    /// A handshake has ended, or is given up: its place is free.
    func leaveHandshake(_ connection: Connection) {
        handshaking[connection.handshakeNumber] = nil
        setup.admission.handshakeEnded(connection.peer, number: connection.handshakeNumber)
    }

    /// A handshake's place went to somebody else.
    func withdrawn(_ number: UInt64) {
        guard let id = handshaking[number], connections.contains(id) else { return }
        counters.handshakesRefused &+= 1
        let connection = connections[id]
        handler.happened(
            .handshakeWithdrawn(peer: connection.peer, listener: Int(connection.listener))
        )
        end(id, .tls(.withdrawn))
    }

    /// Ciphertext of an unfinished handshake arrived.
    func handshakeReadable(_ id: Handle) {
        let received = receive(id)
        guard received > 0 else { return }
        if !connections[id].isComputing, computeHere(id, received) { return }
        // SAFETY: `receive` filled that many bytes of the scratch.
        let bytes = unsafe [UInt8](cipherScratch[0..<received])
        if connections[id].isComputing {
            connections[id].cipherWaiting.append(contentsOf: bytes)
            // A peer may not fill our memory before it has said who it is. It is no fault to send
            // much, though: for a TLS 1.3 client the handshake may be over already.
            if connections[id].cipherWaiting.count >= Self.strangerBytes {
                watchInput(id, false)
            }
            return weigh(id)
        }
        compute(id, bytes)
    }

    /// Computes a step on this thread, when nobody waits for a message meanwhile.
    ///
    /// It saves the hop to the pool and back. A busy loop, or one with many handshakes at once,
    /// uses the pool.
    private func computeHere(_ id: Handle, _ received: Int) -> Bool {
        guard let stream = connections[id].stream, handler.isQuiet,
            stepsThisTurn < Self.stepsPerTurnMax
        else { return false }
        stepsThisTurn += 1
        // SAFETY: `receive` filled that many bytes of the scratch.
        let input = unsafe UnsafeRawBufferPointer(rebasing: cipherScratch[0..<received])
        let step = unsafe stream.handshake(input, using: buffers)
        handshakeAnswered(
            HandshakeAnswer(connection: id, step: step, output: buffers.takeOutput())
        )
        return true
    }

    private func compute(_ id: Handle, _ input: [UInt8]) {
        guard let stream = connections[id].stream else { return }
        connections[id].isComputing = true
        let deadline =
            (connections[id].acceptedAt + UInt64(setup.handshakeSeconds) * 1000) * 1_000_000
        let mailbox = self.mailbox
        setup.handshakes.submit(
            HandshakeJob(connection: id, stream: stream, input: input, deadline: deadline) {
                mailbox.post(.handshake(HandshakeAnswerBox(answer: $0)))
            }
        )
    }

    func handshakeAnswered(_ answer: HandshakeAnswer) {
        let id = answer.connection
        guard connections.contains(id), connections[id].stage == .handshake else { return }
        connections[id].isComputing = false
        if !connections[id].isForgotten { watchInput(id, true) }
        if !answer.output.isEmpty { sendCipher(id, answer.output) }
        guard connections.contains(id) else { return }
        switch answer.step {
        case .needsInput:
            let waiting = connections[id].cipherWaiting
            if !waiting.isEmpty {
                connections[id].cipherWaiting = []
                weigh(id)
                compute(id, waiting)
            } else if connections[id].isForgotten {
                end(id, .peer)
            }
        case .done(let peer):
            remember(id)
            handshakeDone(id, peer)
        case .refused(let refusal):
            counters.handshakesRefused &+= 1
            let connection = connections[id]
            handler.happened(
                .handshakeRefused(
                    refusal,
                    peer: connection.peer,
                    listener: Int(connection.listener)
                )
            )
            if connection.isForgotten { return end(id, .peer) }
            leaveHandshake(connection)
            connections[id].stage = .lingering
            linger(id)
        }
    }

    private func handshakeDone(_ id: Handle, _ peer: TLSPeer) {
        counters.handshakes &+= 1
        counters.handshakeMicroseconds &+= (now &- connections[id].acceptedAt) &* 1000
        leaveHandshake(connections[id])
        connections[id].stage = .open
        let cipher = connections[id].cipherWaiting
        connections[id].cipherWaiting = []
        timers.cancel(connections[id].timer)
        weigh(id)
        var arrival = Arrival(
            listener: Int(connections[id].listener),
            peer: connections[id].peer,
            tls: peer,
            tag: 0
        )
        arrival.handshakeMicroseconds = (now &- connections[id].acceptedAt) &* 1000
        let tag = handler.opened(id, arrival)
        guard connections.contains(id) else { return }
        connections[id].tag = tag
        guard !cipher.isEmpty || connections[id].stream?.hasUnread ?? false else { return }
        // SAFETY: the pointer is lent for the call.
        unsafe cipher.withUnsafeBytes { unsafe digestCipher(id, $0) }
    }

    func timerFired(_ timer: TimerWheel.Timer) {
        let id = Handle(word: timer.subject)
        if timer.kind == LoopTimer.accept.rawValue { return resumeAccepting() }
        guard connections.contains(id) else { return }
        switch LoopTimer(rawValue: timer.kind) {
        case .handshake where connections[id].stage == .handshake:
            counters.handshakesRefused &+= 1
            let connection = connections[id]
            handler.happened(
                .handshakeTimedOut(peer: connection.peer, listener: Int(connection.listener))
            )
            end(id, .tls(.timeout))
        case .linger
        where connections[id].stage == .lingering || connections[id].closesWhenSent:
            end(id, .handler)
        default:
            break
        }
    }
}

/// Where a listener's present TLS context is found; a reload replaces it, open connections keep
/// theirs.
public final class TLSSource: Sendable {
    private let context: ContextCell

    /// Starts with a context.
    public init(_ context: TLSContext) { self.context = ContextCell(context) }

    /// The context for new connections.
    public var current: TLSContext { context.value }

    /// Uses another context from now on.
    public func replace(_ context: TLSContext) { self.context.value = context }
}
