// SPDX-License-Identifier: Apache-2.0
// One thread's connections to servers, many at a time: for load generators and tests of them.
// What is written during a turn leaves at its end, one encryption and one send a connection.

internal import CSys
internal import Glibc
public import SealBytes

/// The owner of outgoing connections.
public protocol OutgoingHandler: AnyObject {
    /// A connection is there, its handshake done.
    func opened(_ id: Handle, tag: Int)
    /// Bytes arrived; the answer is how many of them are used up, the rest comes again.
    func received(_ id: Handle, tag: Int, _ bytes: RawSpan) -> Int
    /// A connection failed or was closed by the other side.
    func closed(_ id: Handle, tag: Int, _ reason: String)
}

/// Connections to servers, on the thread that made the loop.
public final class OutgoingLoop {
    private let poller: Int32
    private let buffers: TLSBuffers
    private var connections = SlotTable<OutgoingConnection>()
    private var out = OutBuffers()
    private var dirty: [Handle] = []
    private var failed: [(Handle, String)] = []
    private var buried: [Int32] = []
    private var events = [epoll_event](repeating: epoll_event(), count: 512)
    private let cipherScratch: UnsafeMutableRawBufferPointer
    private let plainScratch: UnsafeMutableRawBufferPointer

    /// The clock, in nanoseconds of this machine's running time.
    public static var nanoseconds: UInt64 { seal_monotonic_nanoseconds() }

    /// How many connections there are, unfinished ones included.
    public var count: Int { connections.count }

    /// Makes a loop with no connection.
    public init() {
        poller = epoll_create1(O_CLOEXEC)
        guard let buffers = TLSBuffers(), poller >= 0 else {
            preconditionFailure("the system has no memory or descriptor for a loop")
        }
        self.buffers = buffers
        // SAFETY: freed in `deinit`; lent to one step at a time.
        unsafe cipherScratch = .allocate(byteCount: 128 << 10, alignment: 64)
        unsafe plainScratch = .allocate(byteCount: 160 << 10, alignment: 64)
    }

    deinit {
        for id in connections.handles { Glibc.close(connections[id].descriptor) }
        // SAFETY: allocated in `init`; nobody else knows them.
        unsafe cipherScratch.deallocate()
        unsafe plainScratch.deallocate()
        Glibc.close(poller)
    }

    /// Begins a connection; `opened` or `closed` tells what became of it.
    public func dial(_ target: OutgoingTarget, tag: Int) throws(NetError) -> Handle {
        let descriptor = try OutgoingSocket.connect(target)
        var stream: TLSStream?
        if let tls = target.tls {
            stream = tls.makeStream(host: target.host)
            guard stream != nil else {
                Glibc.close(descriptor)
                throw NetError(errno: EINVAL, doing: "beginning TLS with \(target.host)")
            }
        }
        let id = connections.insert(
            OutgoingConnection(descriptor: descriptor, tag: tag, stream: stream)
        )
        register(id, add: true)
        return id
    }

    /// Appends bytes to what leaves at the end of the turn.
    public func write(_ id: Handle, _ bytes: RawSpan) {
        guard connections.contains(id) else { return }
        out.append(Int(id.slot), bytes)
        mark(id)
    }

    /// Appends what was written into a writer to what leaves at the end of the turn.
    public func write(_ id: Handle, _ writer: borrowing ByteWriter) { write(id, writer.bytes) }

    /// How many bytes wait to be encrypted and sent.
    public func waitingCount(_ id: Handle) -> Int {
        connections.contains(id) ? out.count(Int(id.slot)) : 0
    }

    /// Stops or starts taking bytes from the network.
    public func setReading(_ id: Handle, _ isReading: Bool) {
        guard connections.contains(id), connections[id].isReading != isReading else { return }
        connections[id].isReading = isReading
        register(id, add: false)
    }

    /// Sends what waits, as far as the kernel takes it, and closes; the handler is not told.
    public func close(_ id: Handle) {
        guard connections.contains(id) else { return }
        if connections[id].stage == .open, !connections[id].isBlocked {
            send(id)
            if connections.contains(id), let stream = connections[id].stream {
                stream.shutdown(using: buffers)
                sendCipher(id)
            }
        }
        remove(id)
    }

    /// Sends everything that was written and can be sent.
    public func flush() {
        let batch = dirty
        dirty.removeAll(keepingCapacity: true)
        for id in batch where connections.contains(id) {
            connections[id].isDirty = false
            send(id)
        }
    }

    /// Sends, waits until something happens or the clock says `deadline`, and tells the handler.
    ///
    /// Answers how many connections had news.
    @discardableResult
    public func turn(
        _ handler: any OutgoingHandler,
        until deadline: UInt64,
        sendsFirst: Bool = true
    ) -> Int {
        if sendsFirst { flush() }
        tellFailed(handler)
        let present = seal_monotonic_nanoseconds()
        let wait = deadline > present ? deadline - present : 0
        // SAFETY: the array holds as many events as the call is told.
        let ready = unsafe events.withUnsafeMutableBufferPointer {
            unsafe seal_epoll_wait(poller, $0.baseAddress, Int32($0.count), wait)
        }
        defer {
            for descriptor in buried { Glibc.close(descriptor) }
            buried.removeAll(keepingCapacity: true)
        }
        guard ready > 0 else { return 0 }
        for index in 0..<Int(ready) {
            dispatch(Handle(word: events[index].data.u64), events[index].events, handler)
        }
        tellFailed(handler)
        return Int(ready)
    }

    private func dispatch(_ id: Handle, _ what: UInt32, _ handler: any OutgoingHandler) {
        guard connections.contains(id) else { return }
        if what & UInt32(EPOLLOUT.rawValue | EPOLLERR.rawValue) != 0, connections[id].isBlocked {
            becameWritable(id, handler)
        }
        guard connections.contains(id), connections[id].stage != .connecting else { return }
        if what & UInt32(EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
            becameReadable(id, handler)
        }
    }

    private func becameWritable(_ id: Handle, _ handler: any OutgoingHandler) {
        connections[id].isBlocked = false
        guard connections[id].stage == .connecting else {
            let rest = connections[id].cipherRest
            connections[id].cipherRest = []
            if !rest.isEmpty { sendBytes(id, rest) }
            if connections.contains(id) { send(id) }
            if connections.contains(id) { register(id, add: false) }
            return
        }
        if let error = OutgoingSocket.error(of: connections[id].descriptor) {
            return fail(id, error.description)
        }
        register(id, add: false)
        guard connections[id].stream != nil else {
            return open(id, handler)
        }
        connections[id].stage = .handshake
        // SAFETY: an empty input lends nothing.
        unsafe shake(id, UnsafeRawBufferPointer(start: nil, count: 0), handler)
    }

    private func becameReadable(_ id: Handle, _ handler: any OutgoingHandler) {
        // SAFETY: the scratch is as long as the call is told.
        let count = unsafe recv(
            connections[id].descriptor,
            cipherScratch.baseAddress,
            cipherScratch.count,
            0
        )
        guard count > 0 else {
            if count == 0 { return fail(id, "closed by the server") }
            let error = seal_errno()
            if error == EAGAIN || error == EINTR { return }
            return fail(id, NetError(errno: error, doing: "reading").description)
        }
        // SAFETY: `recv` filled that many bytes of the scratch.
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: cipherScratch[0..<count])
        if connections[id].stage == .handshake {
            unsafe shake(id, bytes, handler)
        } else if connections[id].stream == nil {
            unsafe digest(id, bytes, handler)
        } else {
            unsafe decrypt(id, bytes, handler)
        }
    }

    private func open(_ id: Handle, _ handler: any OutgoingHandler) {
        connections[id].stage = .open
        // What was written before leaves now.
        if out.count(Int(id.slot)) > 0 { mark(id) }
        handler.opened(id, tag: connections[id].tag)
    }

    private func shake(
        _ id: Handle,
        _ input: UnsafeRawBufferPointer,
        _ handler: any OutgoingHandler
    ) {
        guard let stream = connections[id].stream else { return }
        let step = stream.handshake(input, using: buffers)
        sendCipher(id)
        guard connections.contains(id) else { return }
        switch step {
        case .needsInput: return
        case .refused(let refusal): fail(id, refusal.description)
        case .done:
            open(id, handler)
            guard connections.contains(id), stream.hasUnread else { return }
            // SAFETY: an empty input lends nothing; the stream holds what came too early.
            unsafe decrypt(id, UnsafeRawBufferPointer(start: nil, count: 0), handler)
        }
    }

    private func decrypt(
        _ id: Handle,
        _ cipher: UnsafeRawBufferPointer,
        _ handler: any OutgoingHandler
    ) {
        guard let stream = connections[id].stream else { return }
        var input = unsafe cipher
        while connections.contains(id) {
            // SAFETY: the scratch belongs to this loop and is lent for the call.
            let result = unsafe stream.read(input, into: plainScratch, using: buffers)
            unsafe input = UnsafeRawBufferPointer(start: nil, count: 0)
            if buffers.outputCount > 0 { sendCipher(id) }
            if result.count > 0 {
                unsafe digest(
                    id,
                    UnsafeRawBufferPointer(rebasing: plainScratch[0..<result.count]),
                    handler
                )
            }
            guard connections.contains(id) else { return }
            switch result.state {
            case .moreToRead: continue
            case .drained: return
            case .closed: return fail(id, "closed by the server")
            case .failed(let refusal): return fail(id, refusal.description)
            }
        }
    }

    private func digest(
        _ id: Handle,
        _ bytes: UnsafeRawBufferPointer,
        _ handler: any OutgoingHandler
    ) {
        guard connections.contains(id) else { return }
        let tag = connections[id].tag
        if connections[id].unread.isEmpty {
            // SAFETY: the bytes stay where they are during the call.
            let used = unsafe handler.received(id, tag: tag, RawSpan(_unsafeBytes: bytes))
            guard connections.contains(id), used < bytes.count else { return }
            unsafe connections[id].unread.append(
                contentsOf: UnsafeRawBufferPointer(rebasing: bytes[max(used, 0)...])
            )
            return
        }
        unsafe connections[id].unread.append(contentsOf: bytes)
        let unread = connections[id].unread
        let used = handler.received(id, tag: tag, unread.span.bytes)
        guard connections.contains(id), used > 0 else { return }
        connections[id].unread = used >= unread.count ? [] : Array(unread[used...])
    }

    // MARK: Sending

    private func mark(_ id: Handle) {
        guard !connections[id].isDirty else { return }
        connections[id].isDirty = true
        dirty.append(id)
    }

    private func send(_ id: Handle) {
        let slot = Int(id.slot)
        while connections.contains(id), connections[id].stage == .open,
            !connections[id].isBlocked, out.count(slot) > 0
        {
            guard let stream = connections[id].stream else {
                sendPlain(id, slot)
                continue
            }
            // SAFETY: the bytes are lent for the call.
            let taken = unsafe out.withBytes(slot) { bytes in
                let count = min(bytes.count, 128 << 10)
                let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[0..<count])
                return unsafe stream.write(part, using: buffers) ? count : -1
            }
            guard taken > 0 else { return fail(id, "encrypting failed") }
            out.consume(slot, taken)
            sendCipher(id)
        }
    }

    private func sendPlain(_ id: Handle, _ slot: Int) {
        let descriptor = connections[id].descriptor
        let wanted = out.count(slot)
        // SAFETY: the bytes are lent for the call.
        let sent = unsafe out.withBytes(slot) { bytes in
            unsafe Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        if sent > 0 { out.consume(slot, sent) }
        if sent < wanted { settle(id, sent) }
    }

    private func sendCipher(_ id: Handle) {
        let output = buffers.takeOutput()
        if !output.isEmpty { sendBytes(id, output) }
    }

    private func sendBytes(_ id: Handle, _ bytes: [UInt8]) {
        guard !connections[id].isBlocked, connections[id].cipherRest.isEmpty else {
            connections[id].cipherRest.append(contentsOf: bytes)
            return
        }
        let descriptor = connections[id].descriptor
        // SAFETY: the bytes are lent for the call.
        let sent = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard sent < bytes.count else { return }
        connections[id].cipherRest = Array(bytes[max(sent, 0)...])
        settle(id, sent)
    }

    /// After a send that took less than it was given: waits for the kernel, or gives up.
    private func settle(_ id: Handle, _ sent: Int) {
        let error = seal_errno()
        if sent < 0, error != EAGAIN, error != EINTR {
            return fail(id, NetError(errno: error, doing: "sending").description)
        }
        connections[id].isBlocked = true
        register(id, add: false)
    }

    // MARK: The table

    private func register(_ id: Handle, add: Bool) {
        var event = epoll_event()
        if connections[id].isReading { event.events |= UInt32(EPOLLIN.rawValue) }
        if connections[id].isBlocked { event.events |= UInt32(EPOLLOUT.rawValue) }
        event.data.u64 = id.word
        let operation = add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD
        // SAFETY: the event is lent for the call.
        _ = unsafe epoll_ctl(poller, operation, connections[id].descriptor, &event)
    }

    private func fail(_ id: Handle, _ reason: String) {
        guard connections.contains(id) else { return }
        let isKnown = failed.contains { $0.0 == id }
        if !isKnown { failed.append((id, reason)) }
    }

    private func tellFailed(_ handler: any OutgoingHandler) {
        while let (id, reason) = failed.popLast() {
            guard connections.contains(id) else { continue }
            let tag = connections[id].tag
            remove(id)
            handler.closed(id, tag: tag, reason)
        }
    }

    private func remove(_ id: Handle) {
        guard let connection = connections.remove(id) else { return }
        out.release(Int(id.slot))
        // Closing takes it out of epoll's set; the number is not reused within this turn.
        buried.append(connection.descriptor)
        var event = epoll_event()
        // SAFETY: the event is lent for the call.
        _ = unsafe epoll_ctl(poller, EPOLL_CTL_DEL, connection.descriptor, &event)
    }
}
