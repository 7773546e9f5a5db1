// SPDX-License-Identifier: Apache-2.0
// A loop with real sockets on loopback, and an outgoing loop as its client. TLS has tests of its
// own.

import Foundation
import SealBytes
import Testing

@testable import SealNet

/// Answers each line with itself; `bye` is answered and then the connection is closed.
private final class Echo: LoopHandler {
    typealias Letter = Int

    weak var loop: Loop<Echo>?
    var out = OutBuffers()
    private var dirty: [Handle] = []

    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64 { id.word }

    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption {
        out.append(Int(id.slot), bytes)
        dirty.append(id)
        if bytes.equals(Array("bye\n".utf8)) { loop?.closeWhenSent(id) }
        return Consumption(used: bytes.byteCount)
    }

    func closed(_ id: Handle, tag: UInt64, _ ending: SealNet.Ending) {
        // The buffers are the handler's again: a loop that still had them lent would trap here.
        out.release(Int(id.slot))
        out.append(Int(id.slot), Array("late".utf8).span.bytes)
        out.release(Int(id.slot))
    }

    func turnEnded() {
        let batch = dirty
        dirty = []
        for id in batch { loop?.send(id, from: &out, slot: Int(id.slot)) }
    }

    func drained(_ id: Handle, tag: UInt64) { dirty.append(id) }
    func overflowed(_ id: Handle, tag: UInt64) {}
    func detached(_ transfer: Transfer) {}
    func delivered(_ letters: [Int]) {}
    func happened(_ event: LoopEvent) {}
    func turnBegan(now: UInt64) {}
    var nextDeadline: UInt64? { nil }
    var isQuiet: Bool { true }
}

/// Remembers what it was told.
private final class Listener: OutgoingHandler {
    var opened: [Int] = []
    var text: [Int: String] = [:]
    var closings: [Int: String] = [:]

    func opened(_ id: Handle, tag: Int) { opened.append(tag) }

    func received(_ id: Handle, tag: Int, _ bytes: RawSpan) -> Int {
        text[tag, default: ""] += String(decoding: bytes.copied(), as: UTF8.self)
        return bytes.byteCount
    }

    func closed(_ id: Handle, tag: Int, _ reason: String) { closings[tag] = reason }
}

@Suite("A loop") struct LoopTests {
    /// Runs an echo server on a thread of its own while `body` is its client.
    private func withEcho(_ body: (PeerAddress) throws -> Void) throws {
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        let mailbox = Mailbox<LoopLetter<Int>>()
        let setup = LoopSetup(
            listeners: [LoopListener(socket: socket, number: 0, tls: nil)],
            admission: Admission(AdmissionLimits()),
            handshakes: HandshakePool(threads: 1)
        )
        let ended = DispatchSemaphore(value: 0)
        Thread.start(named: "echo") {
            let echo = Echo()
            let loop = Loop(handler: echo, mailbox: mailbox, setup: setup)
            echo.loop = loop
            loop.run()
            ended.signal()
        }
        defer {
            mailbox.post(.stop)
            ended.wait()
            setup.handshakes.stop()
        }
        try body(socket.address)
    }

    /// Turns until the condition holds, at most ten seconds.
    private func turns(
        _ loop: OutgoingLoop,
        _ listener: Listener,
        until isDone: () -> Bool
    ) -> Bool {
        let deadline = OutgoingLoop.nanoseconds + 10_000_000_000
        while !isDone() {
            guard OutgoingLoop.nanoseconds < deadline else { return false }
            loop.turn(listener, until: OutgoingLoop.nanoseconds + 50_000_000)
        }
        return true
    }

    @Test("a connection closed after its last bytes gets them, and its handler its buffers")
    func closesWhenSent() throws {
        try withEcho { address in
            let loop = OutgoingLoop()
            let listener = Listener()
            let target = OutgoingTarget(address: address, host: "127.0.0.1")
            for tag in 0..<20 { loop.write(try loop.dial(target, tag: tag), text("bye\n")) }
            #expect(turns(loop, listener) { listener.closings.count == 20 })
            #expect(listener.text.values.allSatisfy { $0 == "bye\n" })
            #expect(listener.text.count == 20)
        }
    }

    @Test("an outgoing connection brings back what was sent, also more than fits a socket")
    func echoes() throws {
        try withEcho { address in
            let loop = OutgoingLoop()
            let listener = Listener()
            let target = OutgoingTarget(
                address: address,
                host: "127.0.0.1",
                source: OutgoingSocket.loopback(3)
            )
            let id = try loop.dial(target, tag: 7)
            let line = String(repeating: "0123456789abcdef", count: 1 << 18)
            loop.write(id, text(line))
            #expect(
                turns(loop, listener) { listener.text[7]?.utf8.count == line.utf8.count }
            )
            let isSame = listener.text[7] == line
            #expect(isSame)
            #expect(listener.opened == [7])
            loop.close(id)
            #expect(loop.count == 0)
        }
    }

    @Test("a connection that nobody takes is told as closed, with the reason")
    func refused() throws {
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        socket.close()
        let loop = OutgoingLoop()
        let listener = Listener()
        _ = try loop.dial(OutgoingTarget(address: socket.address, host: "127.0.0.1"), tag: 1)
        #expect(turns(loop, listener) { !listener.closings.isEmpty })
        #expect(listener.closings[1]?.contains("refused") == true)
    }

    @Test("a host's name has an address, digits are taken as they are")
    func resolves() throws {
        let address = try OutgoingSocket.resolve(host: "127.0.0.9", port: 77)
        #expect(address.description == "127.0.0.9:77")
        #expect(try OutgoingSocket.resolve(host: "::1", port: 1).description == "[::1]:1")
        #expect(throws: NetError.self) {
            try OutgoingSocket.resolve(host: "name.invalid", port: 1)
        }
    }

    private func text(_ text: String) -> ByteWriter {
        var writer = ByteWriter()
        writer.put(utf8: text)
        return writer
    }
}
