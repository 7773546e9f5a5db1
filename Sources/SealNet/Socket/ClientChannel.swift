// SPDX-License-Identifier: Apache-2.0
// A client's connection: a socket and, over it, TLS. Bytes in, bytes out, on one thread; what they
// mean is the protocol's.

internal import CSys
internal import Glibc
public import SealPKI

/// Where a client connects to, and how.
public struct ChannelTarget: Sendable {
    /// A host name or an address.
    public var host: String
    /// The port.
    public var port: UInt16
    /// The local address to connect from.
    public var localAddress: String?
    /// TLS; without it the connection is not encrypted.
    public var tls: TLSClientContext?
    /// How long connecting may take, TLS included.
    public var timeLimitSeconds: Int
    /// The name that TLS asks for when it is not the host's.
    public var serverName: String?

    /// Names a target.
    public init(
        host: String,
        port: UInt16,
        localAddress: String? = nil,
        tls: TLSClientContext? = nil,
        timeLimitSeconds: Int = 30
    ) {
        self.host = host
        self.port = port
        self.localAddress = localAddress
        self.tls = tls
        self.timeLimitSeconds = timeLimitSeconds
    }
}

/// A client's connection; belongs to the thread that opened it.
public final class ClientChannel {
    /// The other side's address.
    public let peer: PeerAddress
    /// What TLS knows about the other side.
    public private(set) var tlsPeer: TLSPeer?
    private let descriptor: Int32
    private let place: String
    private let stream: TLSStream?
    private let buffers: TLSBuffers?
    private var pending: [UInt8] = []
    private var pendingOffset = 0
    private var wire = [UInt8](repeating: 0, count: 64 << 10)
    private var plain: [UInt8] = []

    /// Connects, and does the TLS handshake when there is TLS.
    ///
    /// Blocks the thread; waking the waker lets `isCancelled` be asked.
    public static func open(
        _ target: ChannelTarget,
        waker: Waker,
        isCancelled: () -> Bool = { false }
    ) throws(ChannelError) -> ClientChannel {
        let end = MonotonicClock.milliseconds + UInt64(max(target.timeLimitSeconds, 1)) * 1000
        let (descriptor, peer) = try ClientSocket.connect(
            to: target,
            waker: waker,
            isCancelled: isCancelled
        )
        let channel = try ClientChannel(descriptor, peer, target)
        try channel.shakeHands(end, waker, isCancelled)
        return channel
    }

    /// The certificates that a server shows, also when it then refuses us.
    ///
    /// A server that demands a certificate of its clients ends the handshake, but only after it
    /// has shown its own.
    public static func certificates(
        of target: ChannelTarget,
        waker: Waker
    ) throws(ChannelError) -> (sent: [Certificate], refusal: ChannelError?) {
        let end = MonotonicClock.milliseconds + UInt64(max(target.timeLimitSeconds, 1)) * 1000
        let (descriptor, peer) = try ClientSocket.connect(
            to: target,
            waker: waker,
            isCancelled: { false }
        )
        let channel = try ClientChannel(descriptor, peer, target)
        var refusal: ChannelError?
        do throws(ChannelError) {
            try channel.shakeHands(end, waker, { false })
        } catch {
            refusal = error
        }
        let sent = channel.stream?.sentCertificates ?? []
        if sent.isEmpty, let refusal { throw refusal }
        return (sent, refusal)
    }

    private init(
        _ descriptor: Int32,
        _ peer: PeerAddress,
        _ target: ChannelTarget
    ) throws(ChannelError) {
        self.descriptor = descriptor
        self.peer = peer
        place = "\(target.host) port \(target.port)"
        guard let tls = target.tls else {
            stream = nil
            buffers = nil
            return
        }
        var name = target.serverName ?? target.host
        if name.begins(with: "["), name.ends(with: "]") {
            name = String(name.dropFirst().dropLast())
        }
        guard let made = tls.makeStream(host: name), let room = TLSBuffers() else {
            _ = Glibc.close(descriptor)
            throw ChannelError(.tls, "the host name \(target.host) cannot be used with TLS")
        }
        stream = made
        buffers = room
        plain = [UInt8](repeating: 0, count: 64 << 10)
    }

    deinit { _ = Glibc.close(descriptor) }

    private func shakeHands(
        _ end: UInt64,
        _ waker: Waker,
        _ isCancelled: () -> Bool
    ) throws(ChannelError) {
        guard let stream, let buffers else { return }
        var count = 0
        while true {
            // SAFETY: the first `count` bytes of the array are lent for the step.
            let step = wire.withUnsafeBytes { raw in
                stream.handshake(UnsafeRawBufferPointer(rebasing: raw[..<count]), using: buffers)
            }
            takeOutput()
            if case .refused(let refusal) = step {
                // The alert tells the other side why; nothing more can be done if it is lost.
                try? flush()
                throw failure(refusal)
            }
            try flush()
            if case .done(let peer) = step {
                tlsPeer = peer
                return
            }
            let doing = "the TLS handshake with \(place)"
            while backlogCount > 0 {
                try ClientSocket.wait(descriptor, POLLOUT, until: end, waker, isCancelled, doing)
                try flush()
            }
            repeat {
                try ClientSocket.wait(descriptor, POLLIN, until: end, waker, isCancelled, doing)
                // A server that does not speak TLS hangs up in one way or another.
                do { count = try readSocket() } catch { count = 0 }
            } while count < 0
            guard count > 0 else {
                throw ChannelError(
                    .tls,
                    "\(place) closed the connection during the TLS handshake"
                        + "; is TLS spoken on this port?"
                )
            }
        }
    }

    /// How many bytes wait for the socket.
    public var backlogCount: Int { pending.count - pendingOffset }

    /// Takes bytes to send; `flush` sends them.
    public func send(_ bytes: RawSpan) throws(ChannelError) {
        guard bytes.byteCount > 0 else { return }
        guard let stream, let buffers else {
            // SAFETY: the bytes are copied at once.
            bytes.withUnsafeBytes { pending.append(contentsOf: $0) }
            return
        }
        // SAFETY: the bytes are encrypted at once.
        guard bytes.withUnsafeBytes({ stream.write($0, using: buffers) }) else {
            throw ChannelError(.broken, "the TLS connection to \(place) is broken")
        }
        takeOutput()
    }

    /// Gives the socket what it takes now.
    public func flush() throws(ChannelError) {
        while pendingOffset < pending.count {
            // SAFETY: the range lies inside the array.
            let count = pending.withUnsafeBytes { raw in
                let rest = raw[pendingOffset...]
                return Glibc.send(
                    descriptor,
                    UnsafeRawBufferPointer(rebasing: rest).baseAddress,
                    rest.count,
                    Int32(MSG_NOSIGNAL)
                )
            }
            if count < 0 {
                let number = seal_errno()
                if number == EINTR { continue }
                if number == EAGAIN { break }
                throw broken(number)
            }
            pendingOffset += count
        }
        if pendingOffset == pending.count {
            pending.removeAll(keepingCapacity: pending.capacity <= 1 << 20)
            pendingOffset = 0
        } else if pendingOffset > 1 << 20 {
            pending.removeFirst(pendingOffset)
            pendingOffset = 0
        }
    }

    /// Appends what has come; false when the other side has closed the connection.
    public func receive(into target: inout [UInt8]) throws(ChannelError) -> Bool {
        let count = try readSocket()
        if count < 0 { return true }
        guard let stream, let buffers else {
            target.append(contentsOf: wire[..<count])
            return count > 0
        }
        if count == 0 { return false }
        var lent = count
        while true {
            // SAFETY: the first `lent` bytes of the array are lent for the step.
            let result = wire.withUnsafeBytes { raw in
                plain.withUnsafeMutableBytes { place in
                    stream.read(
                        UnsafeRawBufferPointer(rebasing: raw[..<lent]),
                        into: place,
                        using: buffers
                    )
                }
            }
            takeOutput()
            target.append(contentsOf: plain[..<result.count])
            switch result.state {
            case .moreToRead: lent = 0
            case .drained: return true
            case .closed: return false
            case .failed(let refusal): throw failure(refusal)
            }
        }
    }

    /// What there is to do with the socket.
    public struct Readiness: Sendable {
        /// Bytes or the end have come.
        public var canRead = false
        /// The socket takes bytes again.
        public var canWrite = false
    }

    /// Waits for the socket or the waker, at most so long; -1 is for ever.
    public func wait(milliseconds: Int32, reads: Bool, waker: Waker) -> Readiness {
        let events = (reads ? POLLIN : 0) | (backlogCount > 0 ? POLLOUT : 0)
        var wanted = [
            pollfd(
                fd: events == 0 ? -1 : descriptor,
                events: Int16(truncatingIfNeeded: events),
                revents: 0
            ),
            pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        guard poll(&wanted, 2, milliseconds) > 0 else { return Readiness() }
        if wanted[1].revents != 0 { waker.rest() }
        let got = Int32(wanted[0].revents)
        let failed = got & (POLLERR | POLLHUP | POLLNVAL) != 0
        return Readiness(
            canRead: got & POLLIN != 0 || (failed && reads),
            canWrite: got & POLLOUT != 0 || failed
        )
    }

    /// Ends in order: what waits is sent within the time limit, then TLS says goodbye.
    public func close(within milliseconds: Int32, waker: Waker) {
        if let stream, let buffers {
            stream.shutdown(using: buffers)
            takeOutput()
        }
        let end = MonotonicClock.milliseconds + UInt64(max(milliseconds, 0))
        do throws(ChannelError) {
            try flush()
            while backlogCount > 0 {
                try ClientSocket.wait(descriptor, POLLOUT, until: end, waker, { false }, "closing")
                try flush()
            }
            // The half-close lets the other side read everything before it sees the end.
            _ = shutdown(descriptor, Int32(SHUT_WR))
            // A socket that closes with unread bytes resets the connection, and the last packets
            // may be lost at the other side.
            while true {
                let now = MonotonicClock.milliseconds
                try ClientSocket.wait(
                    descriptor,
                    POLLIN,
                    until: min(end, now + 200),
                    waker,
                    { false },
                    "closing"
                )
                if try readSocket() == 0 { return }
            }
        } catch { return }
    }

    private func takeOutput() {
        guard let buffers, buffers.outputCount > 0 else { return }
        pending.append(contentsOf: buffers.output)
        buffers.clearOutput()
    }

    /// How many bytes came; 0 at the end, -1 when there are none yet.
    private func readSocket() throws(ChannelError) -> Int {
        while true {
            // SAFETY: at most the array's size is read into it.
            let count = recv(descriptor, &wire, wire.count, 0)
            if count >= 0 { return count }
            let number = seal_errno()
            if number == EINTR { continue }
            if number == EAGAIN { return -1 }
            throw broken(number)
        }
    }

    private func broken(_ number: Int32) -> ChannelError {
        let words = NetError(errno: number, doing: "").reason
        return ChannelError(.broken, "the connection to \(place) broke: \(words)")
    }

    private func failure(_ refusal: TLSRefusal) -> ChannelError {
        ChannelError(
            .tls,
            "TLS with \(place) (\(peer.host)): \(refusal.sentence)",
            refusal: refusal
        )
    }
}
