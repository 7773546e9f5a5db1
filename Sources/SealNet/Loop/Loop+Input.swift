// SPDX-License-Identifier: Apache-2.0
// From the socket to the handler: one read, one decryption pass, one call.

internal import CSys
internal import Glibc
public import SealBytes

extension Loop {
    func becameReadable(_ id: Handle, _ events: UInt32) {
        switch connections[id].stage {
        case .handshake:
            handshakeReadable(id)
        case .lingering:
            if receive(id) > 0 { return }
        case .open:
            if connections[id].isHeld {
                watchInput(id, false)
                if events & UInt32(EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { hungUp(id) }
                return
            }
            // Resumed in this very turn: what came before goes first, for the next read may
            // find the end.
            digestUnread(id)
            guard connections.contains(id), !connections[id].isHeld else { return }
            let received = receive(id)
            guard received > 0 else { return }
            // SAFETY: `receive` filled that many bytes of the scratch.
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: cipherScratch[0..<received])
            if connections[id].stream == nil {
                unsafe digest(id, bytes)
            } else {
                unsafe digestCipher(id, bytes)
            }
        }
    }

    /// The peer of a held connection is gone.
    ///
    /// What it sent before is not: a client may publish
    /// and leave while its login is still being checked.
    private func hungUp(_ id: Handle) {
        if connections[id].closesWhenSent { return end(id, .peer) }
        guard !connections[id].isForgotten else { return }
        connections[id].isForgotten = true
        connections[id].isDeaf = true
        forget(connections[id].descriptor)
    }

    /// Reads once into the scratch; 0 when nothing came or the connection ended here.
    func receive(_ id: Handle) -> Int {
        let descriptor = connections[id].descriptor
        // SAFETY: the scratch is as long as the call is told.
        let count = unsafe recv(
            descriptor,
            cipherScratch.baseAddress,
            connections[id].isKnown ? cipherScratch.count : Self.strangerBytes,
            0
        )
        if count > 0 {
            counters.bytesReceived &+= UInt64(count)
            return count
        }
        if connections[id].isComputing, count == 0 || seal_errno() != EAGAIN {
            // What the peer said last, an alert perhaps, is being looked at: that decides.
            connections[id].isForgotten = true
            forget(descriptor)
            return 0
        }
        if count == 0 {
            end(id, .peer)
        } else {
            let error = seal_errno()
            if error != EAGAIN && error != EINTR { end(id, .network(error)) }
        }
        return 0
    }

    func digestCipher(_ id: Handle, _ cipher: UnsafeRawBufferPointer) {
        guard let stream = connections[id].stream else { return }
        var input = unsafe cipher
        while true {
            // SAFETY: the scratch belongs to this loop and is lent for the call.
            let result = unsafe stream.read(input, into: plainScratch, using: buffers)
            unsafe input = UnsafeRawBufferPointer(start: nil, count: 0)
            flushEngine(id)
            if result.count > 0 {
                unsafe digest(
                    id,
                    UnsafeRawBufferPointer(rebasing: plainScratch[0..<result.count])
                )
            }
            // The handler may have closed or moved the connection.
            guard connections.contains(id), connections[id].stage == .open else { return }
            switch result.state {
            case .moreToRead: continue
            case .drained: return
            case .closed:
                saidGoodbye(id)
                return
            case .failed(let refusal):
                flushEngine(id)
                if connections.contains(id) { end(id, .tls(refusal.code)) }
                return
            }
        }
    }

    /// The peer ended TLS in order: nothing comes after this, but what came before still waits when
    /// the connection is held.
    private func saidGoodbye(_ id: Handle) {
        answerGoodbye(id)
        guard connections.contains(id) else { return }
        guard connections[id].isHeld, !connections[id].unread.isEmpty else { return end(id, .peer) }
        connections[id].isFinished = true
        hungUp(id)
    }

    /// Says the end of TLS as well (RFC 5246 §7.2.1, RFC 8446 §6.1).
    ///
    /// When it does not go out at once, it is not waited for.
    private func answerGoodbye(_ id: Handle) {
        guard let stream = connections[id].stream, !connections[id].isBlocked else { return }
        stream.shutdown(using: buffers)
        flushEngine(id)
    }

    /// Sends what the TLS engine wants to say by itself (a key update, an alert).
    private func flushEngine(_ id: Handle) {
        let output = buffers.takeOutput()
        if !output.isEmpty { sendCipher(id, output) }
    }

    /// Gives plaintext to the handler, together with what was left over before.
    func digest(_ id: Handle, _ bytes: UnsafeRawBufferPointer) {
        guard connections.contains(id) else { return }
        if connections[id].unread.isEmpty && !connections[id].isHeld {
            // SAFETY: the bytes stay where they are during the call.
            let used = unsafe consume(id, RawSpan(_unsafeBytes: bytes))
            guard connections.contains(id), used < bytes.count else { return }
            unsafe connections[id].unread.append(
                contentsOf: UnsafeRawBufferPointer(rebasing: bytes[used...])
            )
            return weigh(id)
        }
        unsafe connections[id].unread.append(contentsOf: bytes)
        digestUnread(id)
        if connections.contains(id) { weigh(id) }
    }

    /// Offers left-over bytes to the handler when there are enough of them.
    func digestUnread(_ id: Handle) {
        guard !connections[id].isHeld, !connections[id].unread.isEmpty else { return }
        guard connections[id].unread.count >= Int(connections[id].needs) else { return }
        let unread = connections[id].unread
        let used = consume(id, unread.span.bytes)
        guard connections.contains(id) else { return }
        if used >= unread.count {
            connections[id].unread = []
        } else if used > 0 {
            connections[id].unread.removeFirst(used)
            // A large packet's memory is not kept for the beginning of the next.
            let rest = connections[id].unread
            if rest.capacity > 4096, rest.count * 4 < rest.capacity {
                connections[id].unread = Array(rest[...])
            }
        }
        weigh(id)
        guard connections.contains(id) else { return }
        // What is left now is the beginning of something whose rest will not come.
        if connections[id].isFinished, !connections[id].isHeld { end(id, .peer) }
    }

    /// One call of the handler; answers how many bytes are used up, all of them when the
    /// connection is gone.
    private func consume(_ id: Handle, _ bytes: RawSpan) -> Int {
        let consumption = handler.received(id, tag: connections[id].tag, bytes)
        guard connections.contains(id) else { return bytes.byteCount }
        let used = min(max(consumption.used, 0), bytes.byteCount)
        connections[id].isKnown = consumption.isKnown
        connections[id].needs = Int32(clamping: consumption.needs)
        switch consumption.fate {
        case .read: break
        case .hold: connections[id].isHeld = true
        case .detach:
            detach(id, unread: bytes.extracting(used..<bytes.byteCount).copied())
            return bytes.byteCount
        }
        return used
    }

    /// Stops offering bytes of a connection until `resume`.
    public func hold(_ id: Handle) {
        guard connections.contains(id) else { return }
        connections[id].isHeld = true
    }

    /// Goes on with a connection that was held.
    public func resume(_ id: Handle) {
        guard connections.contains(id), connections[id].isHeld else { return }
        connections[id].isHeld = false
        connections[id].needs = 0
        remember(id)
        watchInput(id, true)
        readSoon(id)
    }

    /// What came before is read in this loop's next turn: the kernel has it no more, so it would
    /// not tell of it.
    private func readSoon(_ id: Handle) {
        let hasCipher = connections[id].stream?.hasUnread ?? false
        if hasCipher || !connections[id].unread.isEmpty { resumed.append(id) }
    }

    /// Goes on with what came before: first what is decrypted, then what is not.
    func readOn(_ id: Handle) {
        digestUnread(id)
        guard connections.contains(id), !connections[id].isHeld,
            connections[id].stream?.hasUnread ?? false
        else { return }
        // SAFETY: there is nothing at the pointer to be read.
        unsafe digestCipher(id, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Lets epoll tell again of a connection whose end was put off.
    func remember(_ id: Handle) {
        guard connections[id].isForgotten else { return }
        connections[id].isForgotten = false
        connections[id].isWatchedForInput = true
        register(connections[id].descriptor, id.word, UInt32(EPOLLIN.rawValue), add: true)
    }

    func watchInput(_ id: Handle, _ wanted: Bool) {
        guard connections[id].isWatchedForInput != wanted else { return }
        connections[id].isWatchedForInput = wanted
        updateInterest(id)
    }

    func updateInterest(_ id: Handle) {
        var events: UInt32 = 0
        if connections[id].isWatchedForInput { events |= UInt32(EPOLLIN.rawValue) }
        if connections[id].isBlocked { events |= UInt32(EPOLLOUT.rawValue) }
        register(connections[id].descriptor, id.word, events, add: false)
    }

    private func detach(_ id: Handle, unread: [UInt8]) {
        guard let connection = connections.remove(id) else { return }
        timers.cancel(connection.timer)
        counters.inputBytes -= connection.countedBytes
        forget(connection.descriptor)
        counters.open -= 1
        let arrival = Arrival(
            listener: Int(connection.listener),
            peer: connection.peer,
            tls: nil,
            tag: connection.tag
        )
        handler.detached(
            Transfer(
                descriptor: connection.descriptor,
                stream: connection.stream,
                cipherRest: connection.cipherRest,
                unread: unread,
                arrival: arrival
            )
        )
    }

    /// Takes a held connection out of this loop; `detached` gets it.
    public func detachHeld(_ id: Handle) {
        guard connections.contains(id) else { return }
        detach(id, unread: connections[id].unread)
    }

    /// Takes over a connection that another loop let go of.
    public func adopt(_ transfer: Transfer) {
        var connection = Connection(
            descriptor: transfer.descriptor,
            listener: transfer.arrival.listener,
            peer: transfer.arrival.peer,
            stream: transfer.stream,
            stage: .open,
            acceptedAt: now
        )
        connection.unread = transfer.unread
        connection.isKnown = true
        connection.cipherRest = transfer.cipherRest
        connection.isBlocked = !transfer.cipherRest.isEmpty
        let id = connections.insert(connection)
        counters.open += 1
        var events = UInt32(EPOLLIN.rawValue)
        if !transfer.cipherRest.isEmpty { events |= UInt32(EPOLLOUT.rawValue) }
        register(transfer.descriptor, id.word, events, add: true)
        connections[id].tag = handler.opened(id, transfer.arrival)
        if connections.contains(id) {
            readSoon(id)
            weigh(id)
        }
    }
}
