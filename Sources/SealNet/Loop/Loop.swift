// SPDX-License-Identifier: Apache-2.0
// One thread's event loop: it waits, reads, lets the handler work, and sends once a turn. It
// knows no protocol and shares nothing but mailboxes.

internal import CSys
internal import Glibc
internal import SealBytes

/// A port that the loop takes connections from.
public struct LoopListener: Sendable {
    /// The listening socket, this loop's own.
    public var socket: ListeningSocket
    /// The listener's number, the same in all loops.
    public var number: Int
    /// Where new connections find the present TLS context; nil is a plain listener.
    public var tls: TLSSource?

    /// Makes one.
    public init(socket: ListeningSocket, number: Int, tls: TLSSource?) {
        self.socket = socket
        self.number = number
        self.tls = tls
    }
}

/// What a loop needs from outside.
public struct LoopSetup: Sendable {
    /// Ports to listen on.
    public var listeners: [LoopListener]
    /// The limits all loops share.
    public var admission: Admission
    /// Where handshakes are computed.
    public var handshakes: HandshakePool
    /// How long a handshake may take.
    public var handshakeSeconds: Int
    /// Bytes of input that may wait, of all connections together.
    public var inputBytesMax = 128 << 20

    /// Makes the set-up.
    public init(
        listeners: [LoopListener],
        admission: Admission,
        handshakes: HandshakePool,
        handshakeSeconds: Int = 10
    ) {
        self.listeners = listeners
        self.admission = admission
        self.handshakes = handshakes
        self.handshakeSeconds = handshakeSeconds
    }
}

/// Letters in a loop's mailbox: the handler's own, and the handshake pool's answers.
public enum LoopLetter<Letter: Sendable>: Sendable {
    /// For the handler.
    case handler(Letter)
    /// A handshake step was computed.
    case handshake(HandshakeAnswerBox)
    /// The place of a handshake went to another one.
    case withdraw(UInt64)
    /// Stop taking new connections.
    case stopAccepting
    /// End the loop.
    case stop
}

/// The pool's answer, opaque outside of this module.
public struct HandshakeAnswerBox: Sendable {
    let answer: HandshakeAnswer
}

/// The event loop of one thread.
public final class Loop<Handler: LoopHandler> {
    /// The mailbox type of this loop.
    public typealias Box = Mailbox<LoopLetter<Handler.Letter>>

    /// Who owns the connections.
    public let handler: Handler
    let mailbox: Box
    var setup: LoopSetup
    let poller: Int32
    var connections = SlotTable<Connection>()
    var timers: TimerWheel
    let buffers: TLSBuffers
    let cipherScratch: UnsafeMutableRawBufferPointer
    let plainScratch: UnsafeMutableRawBufferPointer
    var resumed: [Handle] = []
    var buried: [Int32] = []
    /// Connections that ended while the handler was lending its buffers to `send`.
    var partings: [Parting] = []
    var isSending = false
    /// Connections that wait a moment for a place.
    var postponed: [Newcomer] = []
    var stepsThisTurn = 0
    /// The number of the newest connection, and which handshakes are under way.
    var nextHandshake: UInt64 = 0
    var handshaking: [UInt64: Handle] = [:]
    var isAccepting = true
    var isAcceptingPaused = false
    var isStopped = false

    /// The clock as read at this turn's start, in nanoseconds.
    public private(set) var nanoseconds: UInt64
    /// What was counted since the start.
    public var counters = LoopCounters()

    /// How long a handshake may take, for connections accepted from now on.
    public var handshakeSeconds: Int {
        get { setup.handshakeSeconds }
        set { setup.handshakeSeconds = newValue }
    }

    /// The clock as read at this turn's start, in milliseconds.
    public var now: UInt64 { nanoseconds / 1_000_000 }

    /// The clock that all loops use, in milliseconds.
    public static var clock: UInt64 { seal_monotonic_nanoseconds() / 1_000_000 }

    /// The same clock in microseconds, for measuring.
    public static var microseconds: UInt64 { seal_monotonic_nanoseconds() / 1000 }

    /// Handshake steps computed on this thread in one turn; the others go to the pool.
    static var stepsPerTurnMax: Int { 8 }
    /// How long a newcomer waits for a place that is about to be free, and how many do.
    static var postponedMilliseconds: UInt64 { 50 }
    static var postponedMax: Int { 64 }
    static var cipherBytes: Int { 64 << 10 }
    /// What is read at a time of a peer that nobody knows yet.
    static var strangerBytes: Int { 16 << 10 }
    static var plainBytes: Int { 96 << 10 }

    /// Makes a loop for the thread that calls this.
    public init(handler: Handler, mailbox: Box, setup: LoopSetup) {
        self.handler = handler
        self.mailbox = mailbox
        self.setup = setup
        poller = epoll_create1(O_CLOEXEC)
        guard let buffers = TLSBuffers(), poller >= 0 else {
            preconditionFailure("the system has no memory or descriptor for a loop")
        }
        self.buffers = buffers
        nanoseconds = seal_monotonic_nanoseconds()
        timers = TimerWheel(now: nanoseconds / 1_000_000)
        // SAFETY: freed in `deinit`; lent to one step at a time.
        unsafe cipherScratch = .allocate(byteCount: Self.cipherBytes, alignment: 64)
        unsafe plainScratch = .allocate(byteCount: Self.plainBytes, alignment: 64)
        register(mailbox.bell, EpollName.bell, UInt32(EPOLLIN.rawValue), add: true)
        for (index, listener) in setup.listeners.enumerated() {
            register(
                listener.socket.descriptor,
                EpollName.listener(index),
                UInt32(EPOLLIN.rawValue),
                add: true
            )
        }
    }

    deinit {
        unsafe cipherScratch.deallocate()
        unsafe plainScratch.deallocate()
        Glibc.close(poller)
    }

    /// Runs until a `stop` letter arrives.
    public func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 512)
        while !isStopped {
            let ready = poll(&events)
            nanoseconds = seal_monotonic_nanoseconds()
            counters.turns &+= 1
            stepsThisTurn = 0
            handler.turnBegan(now: now)
            readMailbox()
            for index in 0..<ready {
                dispatch(events[index].data.u64, events[index].events)
            }
            fireTimers()
            readResumed()
            handler.turnEnded()
            // What ends while sending is told afterwards, and may give more to send.
            while tellPartings() { handler.turnEnded() }
            admitPostponed()
            bury()
            let spent = seal_monotonic_nanoseconds() &- nanoseconds
            if spent > counters.longestTurnNanoseconds { counters.longestTurnNanoseconds = spent }
        }
        closeEverything()
    }

    private func poll(_ events: inout [epoll_event]) -> Int {
        var timeout = timeoutMilliseconds()
        if timeout != 0, !mailbox.prepareToSleep() { timeout = 0 }
        // SAFETY: the array holds as many events as the call is told.
        let ready = unsafe events.withUnsafeMutableBufferPointer {
            unsafe epoll_wait(poller, $0.baseAddress, Int32($0.count), timeout)
        }
        mailbox.wake()
        return max(0, Int(ready))
    }

    private func timeoutMilliseconds() -> Int32 {
        if !resumed.isEmpty { return 0 }
        var due = UInt64.max
        if let deadline = timers.nextDeadline { due = deadline }
        if let deadline = handler.nextDeadline { due = min(due, deadline) }
        let present = seal_monotonic_nanoseconds() / 1_000_000
        // Another loop may give a place back meanwhile.
        if !postponed.isEmpty { due = min(due, present + 5) }
        if due == .max { return -1 }
        return due <= present ? 0 : Int32(min(due - present, 3_600_000))
    }

    private func readMailbox() {
        var mine: [Handler.Letter] = []
        for letter in mailbox.take() {
            switch letter {
            case .handler(let letter): mine.append(letter)
            case .handshake(let box): handshakeAnswered(box.answer)
            case .withdraw(let number): withdrawn(number)
            case .stopAccepting: stopAccepting()
            case .stop: isStopped = true
            }
        }
        if !mine.isEmpty { handler.delivered(mine) }
    }

    private func dispatch(_ name: UInt64, _ events: UInt32) {
        if name == EpollName.bell {
            mailbox.silence()
        } else if let index = EpollName.listenerIndex(name) {
            acceptAll(setup.listeners[index])
        } else {
            let id = Handle(word: name)
            guard connections.contains(id) else { return }
            if events & UInt32(EPOLLOUT.rawValue) != 0 { becameWritable(id) }
            let readable = UInt32(EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)
            if events & readable != 0, connections.contains(id) { becameReadable(id, events) }
        }
    }

    private func fireTimers() {
        var fired: [TimerWheel.Timer] = []
        timers.advance(to: now) { fired.append($0) }
        for timer in fired { timerFired(timer) }
    }

    private func readResumed() {
        guard !resumed.isEmpty else { return }
        let batch = resumed
        resumed = []
        for id in batch where connections.contains(id) && !connections[id].isHeld {
            readOn(id)
        }
    }

    /// Descriptors are closed at the end of the turn, so that no event of the same batch can
    /// meet a reused one.
    private func bury() {
        for descriptor in buried { Glibc.close(descriptor) }
        buried.removeAll(keepingCapacity: true)
    }

    func register(_ descriptor: Int32, _ name: UInt64, _ events: UInt32, add: Bool) {
        var event = epoll_event()
        event.events = events
        event.data.u64 = name
        // SAFETY: the event is lent for the call.
        _ = unsafe epoll_ctl(poller, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event)
    }

    func forget(_ descriptor: Int32) {
        var event = epoll_event()
        // SAFETY: the event is lent for the call.
        _ = unsafe epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, &event)
    }

    /// Takes what waits in the backlog, then listens no more.
    private func stopAccepting() {
        guard isAccepting else { return }
        for listener in setup.listeners { acceptAll(listener) }
        isAccepting = false
        admitPostponed()
        for listener in setup.listeners {
            forget(listener.socket.descriptor)
            listener.socket.close()
        }
    }

    private func closeEverything() {
        stopAccepting()
        for id in connections.handles { end(id, .handler) }
        bury()
    }
}

/// The names under which descriptors are known to epoll: connections by their handle, whose
/// generation is never 0, everything else with generation 0.
enum EpollName {
    static let bell: UInt64 = 0xFFFF_FFFF

    static func listener(_ index: Int) -> UInt64 { UInt64(index) }

    static func listenerIndex(_ name: UInt64) -> Int? {
        name &>> 32 == 0 && name != bell ? Int(name) : nil
    }
}
