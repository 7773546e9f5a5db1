// SPDX-License-Identifier: Apache-2.0
// Handshakes computed in the pool while the peer already leaves. Loops without TLS have tests of
// their own.

import Foundation
import Glibc
import SealBytes
import Synchronization
import Testing

@testable import SealNet

/// What a loop said, for the test's thread.
private final class Notes: Sendable {
    let refusals = Mutex<[TLSRefusal.Code]>([])
    let taken = Mutex<[UInt8]>([])
    let closings = Mutex(0)
}

/// Takes everything in and notes what happens; it is never quiet, so the pool computes.
private final class Reception: LoopHandler {
    typealias Letter = Int

    private let notes: Notes

    init(_ notes: Notes) { self.notes = notes }

    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64 { id.word }
    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption {
        Consumption(used: bytes.byteCount)
    }
    func closed(_ id: Handle, tag: UInt64, _ ending: SealNet.Ending) {}
    func turnEnded() {}
    func drained(_ id: Handle, tag: UInt64) {}
    func overflowed(_ id: Handle, tag: UInt64) {}
    func detached(_ transfer: Transfer) {}
    func delivered(_ letters: [Int]) {}
    func happened(_ event: LoopEvent) {
        if case .handshakeRefused(let refusal, _, _) = event {
            notes.refusals.withLock { $0.append(refusal.code) }
        }
    }
    func turnBegan(now: UInt64) {}
    var nextDeadline: UInt64? { nil }
    var isQuiet: Bool { false }
}

/// Takes four bytes, holds the connection, and takes the rest when it is told to.
private final class Holding: LoopHandler {
    typealias Letter = Int

    weak var loop: Loop<Holding>?
    private let notes: Notes
    private var held: [Handle] = []

    init(_ notes: Notes) { self.notes = notes }

    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64 { id.word }
    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption {
        let isFirst = notes.taken.withLock { $0.isEmpty }
        let count = isFirst ? min(4, bytes.byteCount) : bytes.byteCount
        let part = bytes.extracting(0..<count).copied()
        notes.taken.withLock { $0 += part }
        guard isFirst else { return Consumption(used: count) }
        held.append(id)
        return Consumption(used: count, needs: 0, fate: .hold)
    }
    func closed(_ id: Handle, tag: UInt64, _ ending: SealNet.Ending) {
        notes.closings.withLock { $0 += 1 }
    }
    func turnEnded() {}
    func drained(_ id: Handle, tag: UInt64) {}
    func overflowed(_ id: Handle, tag: UInt64) {}
    func detached(_ transfer: Transfer) {}
    func delivered(_ letters: [Int]) {
        for id in held { loop?.resume(id) }
        held = []
    }
    func happened(_ event: LoopEvent) {}
    func turnBegan(now: UInt64) {}
    var nextDeadline: UInt64? { nil }
    var isQuiet: Bool { true }
}

@Suite("Handshakes of a loop") struct HandshakeLoopTests {
    /// The client's part until it refuses the server's certificate: sends its alert and closes.
    private func refuse(_ address: PeerAddress, _ context: TLSClientContext) throws {
        let stream = try #require(context.makeStream(host: "localhost"))
        let buffers = try #require(TLSBuffers())
        let descriptor = try dial(address)
        defer { close(descriptor) }
        var isRefused = false
        try shakeHands(descriptor, stream, buffers) { isRefused = true }
        if !isRefused { Issue.record("the client accepted a stranger's certificate") }
    }

    /// A blocking connection.
    private func dial(_ address: PeerAddress) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = address.port.bigEndian
        place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let outcome = withUnsafePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(outcome == 0)
        return descriptor
    }

    /// The client's handshake to its end; `refused` is called when it is a bad one.
    private func shakeHands(
        _ descriptor: Int32,
        _ stream: TLSStream,
        _ buffers: TLSBuffers,
        refused: () -> Void
    ) throws {
        var input: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 32_768)
        for _ in 0..<20 {
            let step = input.withUnsafeBytes { stream.handshake($0, using: buffers) }
            let output = Array(buffers.output)
            buffers.clearOutput()
            if !output.isEmpty {
                _ = send(descriptor, output, output.count, Int32(MSG_NOSIGNAL))
            }
            // The alert is followed by the end at once.
            if case .refused = step { return refused() }
            if case .done = step { return }
            let count = recv(descriptor, &bytes, bytes.count, 0)
            try #require(count > 0)
            input = Array(bytes[..<count])
        }
        Issue.record("the handshake has no end")
    }

    @Test("what was said before an orderly end is read although the connection was held")
    func goodbyeWhileHeld() throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "localhost")])
        let client = try clientContext(trust: town.trust)
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        let mailbox = Mailbox<LoopLetter<Int>>()
        let setup = LoopSetup(
            listeners: [LoopListener(socket: socket, number: 0, tls: TLSSource(context))],
            admission: Admission(AdmissionLimits()),
            handshakes: HandshakePool(threads: 1)
        )
        let notes = Notes()
        let ended = DispatchSemaphore(value: 0)
        Thread.start(named: "holding") {
            let holding = Holding(notes)
            let loop = Loop(handler: holding, mailbox: mailbox, setup: setup)
            holding.loop = loop
            loop.run()
            ended.signal()
        }
        let stream = try #require(client.makeStream(host: "localhost"))
        let buffers = try #require(TLSBuffers())
        let descriptor = try dial(socket.address)
        defer { close(descriptor) }
        try shakeHands(descriptor, stream, buffers) { Issue.record("refused") }
        // Text and goodbye leave in one packet.
        let text = Array("12345678".utf8)
        _ = text.withUnsafeBytes { stream.write($0, using: buffers) }
        stream.shutdown(using: buffers)
        let output = Array(buffers.output)
        _ = send(descriptor, output, output.count, Int32(MSG_NOSIGNAL))
        func waits(until isDone: () -> Bool) -> Bool {
            let deadline = ContinuousClock.now + .seconds(10)
            while !isDone(), ContinuousClock.now < deadline { usleep(10_000) }
            return isDone()
        }
        #expect(waits { notes.taken.withLock { $0.count } == 4 })
        usleep(50_000)
        #expect(notes.closings.withLock { $0 } == 0)
        mailbox.post(.handler(1))
        #expect(waits { notes.closings.withLock { $0 } == 1 })
        #expect(notes.taken.withLock { $0 } == text)
        try expectGoodbye(descriptor, stream, buffers)
        mailbox.post(.stop)
        ended.wait()
        setup.handshakes.stop()
    }

    /// Reads to the end and expects that the other side said so before.
    private func expectGoodbye(
        _ descriptor: Int32,
        _ stream: TLSStream,
        _ buffers: TLSBuffers
    ) throws {
        var bytes = [UInt8](repeating: 0, count: 32_768)
        var all: [UInt8] = []
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { break }
            all += bytes[..<count]
        }
        var text = [UInt8](repeating: 0, count: 64)
        let read = all.withUnsafeBytes { input in
            text.withUnsafeMutableBytes { stream.read(input, into: $0, using: buffers) }
        }
        guard case .closed = read.state else {
            Issue.record("the connection broke off: \(read.state), \(all.count) bytes")
            return
        }
    }

    // RFC 5246 §7.2.1: "The other party MUST respond with a close_notify alert of its own".
    @Test("an orderly end is answered with one", arguments: TLSVersion.allCases)
    func goodbye(version: TLSVersion) throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "localhost")]) {
            $0.maximumVersion = version
        }
        let client = try clientContext(trust: town.trust)
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        let mailbox = Mailbox<LoopLetter<Int>>()
        let setup = LoopSetup(
            listeners: [LoopListener(socket: socket, number: 0, tls: TLSSource(context))],
            admission: Admission(AdmissionLimits()),
            handshakes: HandshakePool(threads: 1)
        )
        let ended = DispatchSemaphore(value: 0)
        Thread.start(named: "reception") {
            Loop(handler: Reception(Notes()), mailbox: mailbox, setup: setup).run()
            ended.signal()
        }
        let stream = try #require(client.makeStream(host: "localhost"))
        let buffers = try #require(TLSBuffers())
        let descriptor = try dial(socket.address)
        defer { close(descriptor) }
        try shakeHands(descriptor, stream, buffers) { Issue.record("refused") }
        stream.shutdown(using: buffers)
        let output = Array(buffers.output)
        buffers.clearOutput()
        _ = send(descriptor, output, output.count, Int32(MSG_NOSIGNAL))
        try expectGoodbye(descriptor, stream, buffers)
        mailbox.post(.stop)
        ended.wait()
        setup.handshakes.stop()
    }

    @Test("an alert is heard although the client's end came while the pool computed")
    func alertAndEnd() throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "localhost")])
        let stranger = try clientContext(trust: try Town("Another CA").trust)
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        let mailbox = Mailbox<LoopLetter<Int>>()
        let setup = LoopSetup(
            listeners: [LoopListener(socket: socket, number: 0, tls: TLSSource(context))],
            admission: Admission(AdmissionLimits()),
            handshakes: HandshakePool(threads: 1)
        )
        let notes = Notes()
        let turns = Atomic<UInt64>(0)
        let ended = DispatchSemaphore(value: 0)
        Thread.start(named: "reception") {
            let loop = Loop(handler: Reception(notes), mailbox: mailbox, setup: setup)
            loop.run()
            turns.store(loop.counters.turns, ordering: .sequentiallyConsistent)
            ended.signal()
        }
        let clients = 40
        for _ in 0..<clients { try refuse(socket.address, stranger) }
        let deadline = ContinuousClock.now + .seconds(20)
        while setup.admission.current.connections > 0, ContinuousClock.now < deadline {
            usleep(10_000)
        }
        #expect(setup.admission.current == (0, 0))
        mailbox.post(.stop)
        ended.wait()
        setup.handshakes.stop()
        let codes = notes.refusals.withLock { $0 }
        #expect(codes == Array(repeating: .peerAlert, count: clients))
        // Nobody asked again and again about a descriptor that had nothing more to say.
        #expect(turns.load(ordering: .sequentiallyConsistent) < UInt64(clients) * 30)
    }
}
