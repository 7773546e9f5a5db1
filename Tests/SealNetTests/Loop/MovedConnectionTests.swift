// SPDX-License-Identifier: Apache-2.0
// Connections that come from another loop with bytes that the kernel has given out already. What
// a loop reads from its own sockets has tests of its own.

import Foundation
import Glibc
import SealBytes
import Synchronization
import Testing

@testable import SealNet

private enum Errand: Sendable {
    case adopt(Transfer)
    case resume
}

/// Notes what it takes; when asked to, it takes four bytes first and holds the connection.
private final class Household: LoopHandler {
    typealias Letter = Errand

    weak var loop: Loop<Household>?
    private let taken: Taken
    private let holdsAtFirst: Bool
    private var held: [Handle] = []

    init(_ taken: Taken, holdsAtFirst: Bool) {
        self.taken = taken
        self.holdsAtFirst = holdsAtFirst
    }

    func opened(_ id: Handle, _ arrival: Arrival) -> UInt64 { id.word }
    func received(_ id: Handle, tag: UInt64, _ bytes: RawSpan) -> Consumption {
        let isHolding = holdsAtFirst && taken.bytes.withLock { $0.isEmpty }
        let count = isHolding ? min(4, bytes.byteCount) : bytes.byteCount
        let part = bytes.extracting(0..<count).copied()
        taken.bytes.withLock { $0 += part }
        guard isHolding else { return Consumption(used: count) }
        held.append(id)
        return Consumption(used: count, needs: 0, fate: .hold)
    }
    func closed(_ id: Handle, tag: UInt64, _ ending: SealNet.Ending) {}
    func turnEnded() {}
    func drained(_ id: Handle, tag: UInt64) {}
    func overflowed(_ id: Handle, tag: UInt64) {}
    func detached(_ transfer: Transfer) {}
    func delivered(_ letters: [Errand]) {
        for letter in letters {
            switch letter {
            case .adopt(let transfer): loop?.adopt(transfer)
            case .resume:
                for id in held { loop?.resume(id) }
                held = []
            }
        }
    }
    func happened(_ event: LoopEvent) {}
    func turnBegan(now: UInt64) {}
    var nextDeadline: UInt64? { nil }
    var isQuiet: Bool { true }
}

private final class Taken: Sendable {
    let bytes = Mutex<[UInt8]>([])
    var count: Int { bytes.withLock { $0.count } }

    /// A whole comparison, whose failure does not print either side.
    func isTheEnd(of text: [UInt8], from start: Int) -> Bool {
        bytes.withLock { $0.elementsEqual(text.dropFirst(start)) }
    }

    /// Waits, ten seconds at most.
    func waits(for count: Int) -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while self.count < count, ContinuousClock.now < deadline { usleep(1000) }
        return self.count == count
    }
}

@Suite("Connections that move") struct MovedConnectionTests {
    private static let text = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &>> 3) }

    /// A connection with the text's first `taken` bytes decrypted and the others not.
    ///
    /// Its other end says nothing more.
    private func moved(_ taken: Int, unread: Int) throws -> (Transfer, peer: Int32) {
        let town = try Town()
        let conversation = try Conversation(
            try serverContext([try town.identity(.server, "localhost")]),
            try clientContext(trust: town.trust)
        )
        let peer = try #require(conversation.shakeHands().peers).server
        let isWritten = Self.text.withUnsafeBytes {
            conversation.client.write($0, using: conversation.clientBuffers)
        }
        try #require(isWritten)
        let wire = Array(conversation.clientBuffers.output)
        var plain = [UInt8](repeating: 0, count: taken)
        let read = wire.withUnsafeBytes { input in
            plain.withUnsafeMutableBytes {
                conversation.server.read(input, into: $0, using: conversation.serverBuffers)
            }
        }
        try #require(read.count == taken)
        #expect(conversation.server.hasUnread)
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        let transfer = Transfer(
            descriptor: ends[0],
            stream: conversation.server,
            cipherRest: [],
            unread: Array(plain.suffix(unread)),
            arrival: Arrival(
                listener: 0,
                peer: PeerAddress(high: 0, low: 1, port: 1),
                tls: peer,
                tag: 0
            )
        )
        return (transfer, ends[1])
    }

    private func withHousehold(
        holdsAtFirst: Bool,
        _ body: (Mailbox<LoopLetter<Errand>>, Taken) throws -> Void
    ) throws {
        let taken = Taken()
        let mailbox = Mailbox<LoopLetter<Errand>>()
        let setup = LoopSetup(
            listeners: [],
            admission: Admission(AdmissionLimits()),
            handshakes: HandshakePool(threads: 1)
        )
        let ended = DispatchSemaphore(value: 0)
        Thread.start(named: "household") {
            let household = Household(taken, holdsAtFirst: holdsAtFirst)
            let loop = Loop(handler: household, mailbox: mailbox, setup: setup)
            household.loop = loop
            loop.run()
            ended.signal()
        }
        defer {
            mailbox.post(.stop)
            ended.wait()
            setup.handshakes.stop()
        }
        try body(mailbox, taken)
    }

    @Test("ciphertext that came before is read, though the socket tells of nothing")
    func readsOn() throws {
        try withHousehold(holdsAtFirst: false) { mailbox, taken in
            let (transfer, peer) = try moved(1000, unread: 0)
            defer { close(peer) }
            mailbox.post(.handler(.adopt(transfer)))
            #expect(taken.waits(for: Self.text.count - 1000))
            #expect(taken.isTheEnd(of: Self.text, from: 1000))
        }
    }

    @Test("plaintext goes before ciphertext, and a hold keeps both back until it ends")
    func holds() throws {
        try withHousehold(holdsAtFirst: true) { mailbox, taken in
            let (transfer, peer) = try moved(1000, unread: 900)
            defer { close(peer) }
            mailbox.post(.handler(.adopt(transfer)))
            #expect(taken.waits(for: 4))
            usleep(20_000)
            #expect(taken.count == 4)
            mailbox.post(.handler(.resume))
            #expect(taken.waits(for: Self.text.count - 100))
            #expect(taken.isTheEnd(of: Self.text, from: 100))
        }
    }

    @Test("held at its first ciphertext, it goes on with the rest")
    func holdsAtCiphertext() throws {
        try withHousehold(holdsAtFirst: true) { mailbox, taken in
            let (transfer, peer) = try moved(1000, unread: 0)
            defer { close(peer) }
            mailbox.post(.handler(.adopt(transfer)))
            #expect(taken.waits(for: 4))
            mailbox.post(.handler(.resume))
            #expect(taken.waits(for: Self.text.count - 1000))
            #expect(taken.isTheEnd(of: Self.text, from: 1000))
        }
    }
}
