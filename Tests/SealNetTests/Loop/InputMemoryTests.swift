// SPDX-License-Identifier: Apache-2.0
// What waits of the connections' input is bounded for all of them together, and of a stranger
// little is read at a time.

import Foundation
import SealBytes
import Synchronization
import Testing

@testable import SealNet

private final class Notes: Sendable {
    let largest = Mutex(0)
    let overflowed = Mutex<Set<UInt64>>([])
    let most = Mutex(0)
    let last = Mutex(0)
}

/// Wants a whole mebibyte before it uses any of it.
private final class Patient: LoopHandler {
    typealias Letter = Int

    weak var loop: Loop<Patient>?
    private let notes: Notes
    private let knows: Bool

    init(_ notes: Notes, knows: Bool) {
        self.notes = notes
        self.knows = knows
    }

    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64 { id.word }

    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption {
        notes.largest.withLock { $0 = max($0, bytes.byteCount) }
        guard knows else { return Consumption(used: bytes.byteCount, isKnown: false) }
        return Consumption(used: 0, needs: 1 << 20)
    }

    func overflowed(_ id: Handle, tag: UInt64) {
        notes.overflowed.withLock { _ = $0.insert(tag) }
        loop?.closeWhenSent(id)
    }

    func closed(_ id: Handle, tag: UInt64, _ ending: SealNet.Ending) {}
    func drained(_ id: Handle, tag: UInt64) {}
    func detached(_ transfer: Transfer) {}
    func delivered(_ letters: [Int]) {}
    func happened(_ event: LoopEvent) {}
    func turnBegan(now: UInt64) {}
    func turnEnded() {
        let bytes = loop?.counters.inputBytes ?? 0
        notes.most.withLock { $0 = max($0, bytes) }
        notes.last.withLock { $0 = bytes }
    }
    var nextDeadline: UInt64? { nil }
    var isQuiet: Bool { true }
}

private final class Silent: OutgoingHandler {
    func opened(_ id: Handle, tag: Int) {}
    func received(_ id: Handle, tag: Int, _ bytes: RawSpan) -> Int { bytes.byteCount }
    func closed(_ id: Handle, tag: Int, _ reason: String) {}
}

@Suite("Memory of a loop's input") struct InputMemoryTests {
    private func withLoop(
        knows: Bool,
        inputBytesMax: Int,
        _ body: (PeerAddress, Notes) throws -> Void
    ) throws {
        let notes = Notes()
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        let mailbox = Mailbox<LoopLetter<Int>>()
        var setup = LoopSetup(
            listeners: [LoopListener(socket: socket, number: 0, tls: nil)],
            admission: Admission(AdmissionLimits()),
            handshakes: HandshakePool(threads: 1)
        )
        setup.inputBytesMax = inputBytesMax
        let ended = DispatchSemaphore(value: 0)
        Thread.start(named: "patient") { [setup] in
            let handler = Patient(notes, knows: knows)
            let loop = Loop(handler: handler, mailbox: mailbox, setup: setup)
            handler.loop = loop
            loop.run()
            ended.signal()
        }
        defer {
            mailbox.post(.stop)
            ended.wait()
            setup.handshakes.stop()
        }
        try body(socket.address, notes)
    }

    private func turn(_ loop: OutgoingLoop, _ handler: Silent, until isDone: () -> Bool) -> Bool {
        let deadline = OutgoingLoop.nanoseconds + 10_000_000_000
        while !isDone() {
            guard OutgoingLoop.nanoseconds < deadline else { return false }
            loop.turn(handler, until: OutgoingLoop.nanoseconds + 20_000_000)
        }
        return true
    }

    @Test("half a packet each of eight clients stays within the bound; who sent little stays")
    func halfSent() throws {
        try withLoop(knows: true, inputBytesMax: 1 << 20) { address, notes in
            let loop = OutgoingLoop()
            let handler = Silent()
            let target = OutgoingTarget(address: address, host: "127.0.0.1")
            let little = [UInt8](repeating: 1, count: 100)
            let much = [UInt8](repeating: 1, count: 300_000)
            var dialled = [try loop.dial(target, tag: 0)]
            loop.write(dialled[0], little.span.bytes)
            #expect(turn(loop, handler) { notes.last.withLock { $0 } >= 100 })
            for tag in 1...8 {
                dialled.append(try loop.dial(target, tag: tag))
                loop.write(dialled[tag], much.span.bytes)
            }
            #expect(turn(loop, handler) { notes.overflowed.withLock { $0.count } >= 2 })
            #expect(notes.most.withLock { $0 } <= 1 << 20)
            // The first one's handle is that of slot 0.
            let isSpared = notes.overflowed.withLock { gone in
                !gone.contains { Handle(word: $0).slot == 0 }
            }
            #expect(isSpared)
            for id in dialled { loop.close(id) }
            #expect(turn(loop, handler) { notes.last.withLock { $0 } == 0 })
        }
    }

    @Test("of a stranger 16 KiB are read at a time")
    func stranger() throws {
        try withLoop(knows: false, inputBytesMax: 1 << 20) { address, notes in
            let loop = OutgoingLoop()
            let handler = Silent()
            let target = OutgoingTarget(address: address, host: "127.0.0.1")
            let much = [UInt8](repeating: 1, count: 500_000)
            loop.write(try loop.dial(target, tag: 0), much.span.bytes)
            #expect(turn(loop, handler) { notes.largest.withLock { $0 } == 16_384 })
            for _ in 0..<10 { loop.turn(handler, until: OutgoingLoop.nanoseconds + 20_000_000) }
            #expect(notes.largest.withLock { $0 } == 16_384)
        }
    }
}
