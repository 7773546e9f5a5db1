// SPDX-License-Identifier: Apache-2.0
// From the handler's out-buffers to the socket: one encryption pass, one send.

internal import CSys
internal import Glibc
public import SealBytes

extension Loop {
    /// How much plaintext is encrypted before it is sent.
    private static var burstBytes: Int { 128 << 10 }

    /// Sends what waits in `slot`, as far as the kernel takes it.
    ///
    /// The buffers are the handler's and lent for the call, so the handler is not called before
    /// its `turnEnded` is over, whatever becomes of the connection.
    public func send(_ id: Handle, from out: inout OutBuffers, slot: Int) {
        isSending = true
        defer { isSending = false }
        guard connections.contains(id), connections[id].stage == .open else { return }
        guard !connections[id].isBlocked else { return }
        if connections[id].isDeaf {
            out.consume(slot, out.count(slot))
            if connections[id].closesWhenSent { end(id, .peer) }
            return
        }
        if let stream = connections[id].stream {
            sendEncrypted(id, stream, &out, slot)
        } else {
            sendPlain(id, &out, slot)
        }
        guard connections.contains(id), connections[id].closesWhenSent,
            !connections[id].isBlocked, out.count(slot) == 0
        else { return }
        partings.append(.finished(id))
    }

    /// Tells the handler what ended while it was sending; false when nothing did.
    func tellPartings() -> Bool {
        guard !partings.isEmpty else { return false }
        let batch = partings
        partings = []
        for parting in batch {
            switch parting {
            case .finished(let id):
                if connections.contains(id), connections[id].stage == .open { finish(id) }
            case .failed(let id, let ending): end(id, ending)
            }
        }
        return true
    }

    private func sendPlain(_ id: Handle, _ out: inout OutBuffers, _ slot: Int) {
        let descriptor = connections[id].descriptor
        while out.count(slot) > 0 {
            // SAFETY: the bytes are lent for the call.
            let wanted = out.count(slot)
            let sent = unsafe out.withBytes(slot) { bytes in
                unsafe Glibc.send(
                    descriptor,
                    bytes.baseAddress,
                    bytes.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard sent >= 0 else { return sendFailed(id) }
            counters.bytesSent &+= UInt64(sent)
            out.consume(slot, sent)
            if sent < wanted { return block(id) }
        }
    }

    private func sendEncrypted(
        _ id: Handle,
        _ stream: TLSStream,
        _ out: inout OutBuffers,
        _ slot: Int
    ) {
        while out.count(slot) > 0 {
            // SAFETY: the bytes are lent for the call.
            let taken = unsafe out.withBytes(slot) { bytes in
                let count = min(bytes.count, Self.burstBytes)
                let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[0..<count])
                return unsafe stream.write(part, using: buffers) ? count : -1
            }
            guard taken >= 0 else { return end(id, .tls(.broken)) }
            out.consume(slot, taken)
            if !sendOutput(id) { return }
        }
    }

    /// Sends the engine's collected ciphertext; false when not all of it went.
    private func sendOutput(_ id: Handle) -> Bool {
        let descriptor = connections[id].descriptor
        // SAFETY: the collected bytes are lent for the call.
        let bytes = buffers.output
        let wanted = bytes.count
        let sent = unsafe Glibc.send(
            descriptor,
            bytes.baseAddress,
            wanted,
            Int32(MSG_NOSIGNAL)
        )
        if sent == wanted {
            counters.bytesSent &+= UInt64(sent)
            buffers.clearOutput()
            return true
        }
        let error = seal_errno()
        let output = buffers.takeOutput()
        if sent < 0, error != EAGAIN, error != EINTR {
            outputFailed(id, error)
            return false
        }
        let done = max(sent, 0)
        counters.bytesSent &+= UInt64(done)
        connections[id].cipherRest.append(contentsOf: output[done...])
        block(id)
        return false
    }

    /// Sends ciphertext that is not in the engine's buffer.
    func sendCipher(_ id: Handle, _ bytes: [UInt8]) {
        guard connections[id].cipherRest.isEmpty else {
            connections[id].cipherRest.append(contentsOf: bytes)
            return
        }
        let descriptor = connections[id].descriptor
        // SAFETY: the bytes are lent for the call.
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if sent == bytes.count {
            counters.bytesSent &+= UInt64(sent)
            return
        }
        let error = seal_errno()
        if sent < 0, error != EAGAIN, error != EINTR { return outputFailed(id, error) }
        counters.bytesSent &+= UInt64(max(sent, 0))
        connections[id].cipherRest = Array(bytes[max(sent, 0)...])
        block(id)
    }

    private func sendFailed(_ id: Handle) {
        let error = seal_errno()
        if error == EAGAIN || error == EINTR { block(id) } else { outputFailed(id, error) }
    }

    /// The peer takes no more.
    ///
    /// A client that publishes and leaves at once resets the connection
    /// when our answer is unread; its messages may still wait in the kernel, so they are read
    /// before the connection ends.
    private func outputFailed(_ id: Handle, _ error: Int32) {
        let isGone = error == EPIPE || error == ECONNRESET
        guard isGone, connections[id].stage == .open, !connections[id].closesWhenSent else {
            return end(id, .network(error))
        }
        connections[id].isDeaf = true
    }

    private func block(_ id: Handle) {
        guard !connections[id].isBlocked else { return }
        connections[id].isBlocked = true
        updateInterest(id)
    }

    func becameWritable(_ id: Handle) {
        guard connections[id].isBlocked else { return }
        if !connections[id].cipherRest.isEmpty {
            let rest = connections[id].cipherRest
            connections[id].cipherRest = []
            connections[id].isBlocked = false
            sendCipher(id, rest)
            guard connections.contains(id) else { return }
            if connections[id].isBlocked { return updateInterest(id) }
        }
        connections[id].isBlocked = false
        updateInterest(id)
        guard connections[id].stage == .open else { return }
        handler.drained(id, tag: connections[id].tag)
    }

    /// Whether the kernel takes no more from this connection at present.
    public func isBlocked(_ id: Handle) -> Bool {
        connections.contains(id) && connections[id].isBlocked
    }

    /// Closes a connection once everything given to `send` has gone out.
    public func closeWhenSent(_ id: Handle) {
        guard connections.contains(id) else { return }
        connections[id].closesWhenSent = true
        connections[id].isHeld = true
        arm(id, .linger, at: now + 2000)
    }

    /// Closes a connection at once, with whatever was not sent.
    public func close(_ id: Handle) {
        guard connections.contains(id) else { return }
        end(id, .handler)
    }

    /// Everything was sent: says goodbye and waits for the peer to close.
    private func finish(_ id: Handle) {
        if let stream = connections[id].stream {
            stream.shutdown(using: buffers)
            let goodbye = buffers.takeOutput()
            if !goodbye.isEmpty { sendCipher(id, goodbye) }
            guard connections.contains(id) else { return }
        }
        let tag = connections[id].tag
        connections[id].stage = .lingering
        handler.closed(id, tag: tag, .handler)
        guard connections.contains(id) else { return }
        connections[id].tag = 0
        linger(id)
    }

    /// Half-closes, so that what was sent arrives, and waits a little for the peer.
    func linger(_ id: Handle) {
        connections[id].stream = nil
        connections[id].unread = []
        weigh(id)
        shutdown(connections[id].descriptor, Int32(SHUT_WR))
        watchInput(id, true)
        arm(id, .linger, at: now + 1000)
    }

    /// Ends a connection now.
    func end(_ id: Handle, _ ending: Ending) {
        if isSending {
            partings.append(.failed(id, ending))
            return
        }
        guard let connection = connections.remove(id) else { return }
        timers.cancel(connection.timer)
        counters.inputBytes -= connection.countedBytes
        forget(connection.descriptor)
        buried.append(connection.descriptor)
        counters.open -= 1
        if connection.stage == .handshake { leaveHandshake(connection) }
        setup.admission.leave(connection.peer, listener: Int(connection.listener))
        if connection.stage == .open {
            handler.closed(id, tag: connection.tag, ending)
        }
    }
}
