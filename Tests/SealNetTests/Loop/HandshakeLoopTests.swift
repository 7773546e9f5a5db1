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

@Suite("Handshakes of a loop") struct HandshakeLoopTests {
    /// The client's part until it refuses the server's certificate: sends its alert and closes.
    private func refuse(_ address: PeerAddress, _ context: TLSClientContext) throws {
        let stream = try #require(context.makeStream(host: "localhost"))
        let buffers = try #require(TLSBuffers())
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
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
            if case .refused = step { return }
            let count = recv(descriptor, &bytes, bytes.count, 0)
            try #require(count > 0)
            input = Array(bytes[..<count])
        }
        Issue.record("the client accepted a stranger's certificate")
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
