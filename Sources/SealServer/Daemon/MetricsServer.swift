// SPDX-License-Identifier: Apache-2.0
// A small HTTP server on a loop and a thread of its own, for metrics and health. GET and HEAD
// only, bounded in connections, bytes and time. What it answers is somebody else's matter.

internal import SealBytes
internal import SealHTTP
internal import SealNet
internal import SealTelemetry

/// Answers HTTP requests without a body.
final class MetricsServer: LoopHandler {
    /// Nobody sends it letters.
    typealias Letter = Never

    /// Connections at a time.
    static let connectionsMax = 64
    /// How long a connection may be silent.
    static let idleMilliseconds = 10_000
    /// Answers that wait to be sent on a connection; above it no request is read.
    static let outBytesMax = 1 << 20

    private struct Visitor {
        var transport: Handle
        var machine: ServerConnection
        var deadline: UInt64
        var isHeld = false
        var isDirty = false
    }

    private let counters: DaemonCounters
    private let answer: (RequestHead) -> Response
    private let idle: UInt64
    private var visitors = SlotTable<Visitor>()
    private var out = OutBuffers()
    private var dirty: [Handle] = []
    private var now: UInt64 = 0
    private var loop: Loop<MetricsServer>?

    init(
        counters: DaemonCounters,
        idleMilliseconds: Int = MetricsServer.idleMilliseconds,
        answer: @escaping (RequestHead) -> Response
    ) {
        self.counters = counters
        idle = UInt64(idleMilliseconds)
        self.answer = answer
    }

    /// Serves on this thread until it is told to stop.
    func run(_ setup: LoopSetup, _ mailbox: Mailbox<LoopLetter<Never>>) {
        let loop = Loop(handler: self, mailbox: mailbox, setup: setup)
        self.loop = loop
        loop.run()
        self.loop = nil
    }

    /// A connection is ready.
    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64 {
        visitors.insert(
            Visitor(
                transport: id,
                machine: ServerConnection(),
                deadline: now + idle
            )
        ).word
    }

    /// Bytes arrived.
    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption {
        let visitor = Handle(word: tag)
        guard visitors.contains(visitor) else { return Consumption(used: bytes.byteCount) }
        visitors[visitor].machine.receive(bytes.copied())
        work(visitor)
        let isHeld = visitors.contains(visitor) && visitors[visitor].isHeld
        return Consumption(used: bytes.byteCount, fate: isHeld ? .hold : .read)
    }

    private func work(_ id: Handle) {
        while visitors.contains(id) {
            if out.count(Int(id.slot)) > Self.outBytesMax {
                visitors[id].isHeld = true
                return
            }
            guard let action = visitors[id].machine.next() else { return }
            switch action {
            case .send(let bytes, let closes): send(id, bytes, closes: closes)
            case .handle(let request):
                visitors[id].deadline = now + idle
                let response = answer(request.head)
                if case .send(let bytes, let closes) = visitors[id].machine.respond(response) {
                    send(id, bytes, closes: closes)
                }
            }
        }
    }

    private func send(_ id: Handle, _ bytes: [UInt8], closes: Bool) {
        // RFC 6585 §5 and RFC 9110 §15.5.15: the head, or its target, was too long.
        if ["HTTP/1.1 431", "HTTP/1.1 414"].contains(where: { bytes.starts(with: $0.utf8) }) {
            counters.count { $0.limitHits.add(.httpHeadBytes) }
        }
        out.append(Int(id.slot), bytes.span.bytes)
        if !visitors[id].isDirty {
            visitors[id].isDirty = true
            dirty.append(id)
        }
        if closes { loop?.closeWhenSent(visitors[id].transport) }
    }

    /// A connection can take more.
    func drained(_ id: Handle, tag: UInt64) { dirty.append(Handle(word: tag)) }

    /// A connection is gone.
    func closed(_ id: Handle, tag: UInt64, _ ending: Ending) {
        let visitor = Handle(word: tag)
        guard visitors.contains(visitor) else { return }
        out.release(Int(visitor.slot))
        _ = visitors.remove(visitor)
    }

    /// Connections do not move here.
    func detached(_ transfer: Transfer) {}

    /// Nobody sends letters.
    func delivered(_ letters: [Never]) {}

    /// A connection was turned away.
    func happened(_ event: LoopEvent) {
        if case .turnedAway = event { counters.count { $0.limitHits.add(.httpConnections) } }
    }

    /// Closes those that were silent for too long.
    func turnBegan(now: UInt64) {
        self.now = now
        for id in visitors.handles where visitors[id].deadline <= now {
            loop?.close(visitors[id].transport)
        }
    }

    /// Sends what was answered.
    func turnEnded() {
        while !dirty.isEmpty {
            let batch = dirty
            dirty = []
            for id in batch where visitors.contains(id) {
                visitors[id].isDirty = false
                let transport = visitors[id].transport
                loop?.send(transport, from: &out, slot: Int(id.slot))
                guard visitors.contains(id), visitors[id].isHeld,
                    out.count(Int(id.slot)) <= Self.outBytesMax
                else { continue }
                visitors[id].isHeld = false
                work(id)
                if visitors.contains(id), !visitors[id].isHeld { loop?.resume(transport) }
            }
        }
    }

    /// Nothing here waits for handshakes.
    var isQuiet: Bool { true }

    /// When the next silent one is due.
    var nextDeadline: UInt64? { visitors.handles.map { visitors[$0].deadline }.min() }
}
