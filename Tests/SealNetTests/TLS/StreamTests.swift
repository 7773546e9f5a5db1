// SPDX-License-Identifier: Apache-2.0
// Records after the handshake, damaged bytes, and the table of certificates that passed.

import Glibc
import SealPKI
import Synchronization
import Testing

@testable import SealNet

@Suite("A TLS stream")
struct StreamTests {
    private func pair(_ version: TLSVersion = .tls13) throws -> Conversation {
        let town = try Town()
        let context = try serverContext(
            [try town.identity(.server, "broker")],
            trust: town.trust
        ) {
            $0.maximumVersion = version
            $0.clientCertificates = .require
        }
        let device = try town.identity(.device, "device")
        let client = try clientContext(trust: town.trust, identity: device)
        return try Conversation(context, client)
    }

    @Test("reads through a small scratch, byte by byte and in odd parts")
    func smallScratch() throws {
        let talk = try pair()
        #expect(talk.shakeHands().peers != nil)
        let bytes = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        for scratch in [1, 7, 1000, 16_384, 65_536] {
            #expect(talk.carry(bytes, toServer: true, scratch: scratch) == bytes)
        }
        _ = bytes.withUnsafeBytes { talk.client.write($0, using: talk.clientBuffers) }
        let wire = Array(talk.clientBuffers.output)
        var all: [UInt8] = []
        var offset = 0
        var size = 1
        while offset < wire.count {
            let part = Array(wire[offset..<min(wire.count, offset + size)])
            let (read, state) = try #require(
                talk.receive(part, talk.server, talk.serverBuffers, scratch: 333)
            )
            guard case .drained = state else {
                Issue.record("the stream is \(state)")
                return
            }
            all += read
            offset += part.count
            size = size % 977 + 13
        }
        #expect(all == bytes)
    }

    @Test("keeps what came together with the end of the handshake")
    func earlyBytes() throws {
        for version in TLSVersion.allCases {
            let talk = try pair(version)
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            _ = talk.client.handshake(nothing, using: talk.clientBuffers)
            var toServer = Array(talk.clientBuffers.output)
            var isServerDone = false
            for _ in 0..<4 where !isServerDone {
                talk.clientBuffers.clearOutput()
                let step = toServer.withUnsafeBytes {
                    talk.server.handshake($0, using: talk.serverBuffers)
                }
                if case .done = step { isServerDone = true }
                let toClient = Array(talk.serverBuffers.output)
                talk.serverBuffers.clearOutput()
                let answer = toClient.withUnsafeBytes {
                    talk.client.handshake($0, using: talk.clientBuffers)
                }
                if case .done = answer {
                    _ = Array("early".utf8).withUnsafeBytes {
                        talk.client.write($0, using: talk.clientBuffers)
                    }
                }
                toServer = Array(talk.clientBuffers.output)
            }
            #expect(isServerDone)
            let extra = version == .tls12 ? toServer : []
            let (read, _) = try #require(talk.receive(extra, talk.server, talk.serverBuffers))
            #expect(read == Array("early".utf8))
        }
    }

    @Test("coalesces small writes given at once into one record")
    func records() throws {
        let talk = try pair()
        #expect(talk.shakeHands().peers != nil)
        let bytes = [UInt8](repeating: 1, count: 16_384)
        _ = bytes.withUnsafeBytes { talk.server.write($0, using: talk.serverBuffers) }
        // RFC 8446 §5.2: five bytes of header, one of type, sixteen of tag.
        #expect(talk.serverBuffers.outputCount == 16_384 + 22)
    }

    @Test("tells close_notify from a break, both ways", arguments: TLSVersion.allCases)
    func closing(version: TLSVersion) throws {
        let talk = try pair(version)
        #expect(talk.shakeHands().peers != nil)
        _ = [9].withUnsafeBytes { talk.client.write($0, using: talk.clientBuffers) }
        talk.client.shutdown(using: talk.clientBuffers)
        let wire = Array(talk.clientBuffers.output)
        let (read, state) = try #require(talk.receive(wire, talk.server, talk.serverBuffers))
        #expect(read.first == 9)
        guard case .closed = state else {
            Issue.record("the stream is \(state)")
            return
        }
        talk.server.shutdown(using: talk.serverBuffers)
        #expect(talk.serverBuffers.outputCount > 0)
        talk.clientBuffers.clearOutput()
        let back = Array(talk.serverBuffers.output)
        let (_, last) = try #require(talk.receive(back, talk.client, talk.clientBuffers))
        guard case .closed = last else {
            Issue.record("the stream is \(last)")
            return
        }
    }

    @Test("refuses a damaged record once and for all")
    func damaged() throws {
        let talk = try pair()
        #expect(talk.shakeHands().peers != nil)
        _ = [1, 2, 3].withUnsafeBytes { talk.client.write($0, using: talk.clientBuffers) }
        var wire = Array(talk.clientBuffers.output)
        wire[wire.count - 1] ^= 1
        let (_, state) = try #require(talk.receive(wire, talk.server, talk.serverBuffers))
        guard case .failed(let refused) = state else {
            Issue.record("the stream is \(state)")
            return
        }
        #expect(refused.code == .badRecord)
        #expect(talk.serverBuffers.outputCount > 0)
        let (_, again) = try #require(talk.receive([], talk.server, talk.serverBuffers))
        guard case .failed(let second) = again else {
            Issue.record("the stream came back")
            return
        }
        #expect(second.code == .broken)
        #expect(![1].withUnsafeBytes { talk.server.write($0, using: talk.serverBuffers) })
    }

    @Test("moves between the buffers of several threads")
    func moving() throws {
        let talk = try pair()
        #expect(talk.shakeHands().peers != nil)
        for round in 0..<6 {
            let other = try #require(TLSBuffers())
            let bytes = [UInt8](repeating: UInt8(round), count: 900)
            _ = bytes.withUnsafeBytes { talk.client.write($0, using: talk.clientBuffers) }
            let wire = Array(talk.clientBuffers.output)
            talk.clientBuffers.clearOutput()
            let (first, _) = try #require(
                talk.receive(Array(wire.prefix(100)), talk.server, talk.serverBuffers)
            )
            let (second, _) = try #require(
                talk.receive(Array(wire.dropFirst(100)), talk.server, other)
            )
            #expect(first + second == bytes)
        }
    }

    @Test("never traps on truncated or flipped handshake bytes", arguments: TLSVersion.allCases)
    func mutilated(version: TLSVersion) throws {
        let town = try Town()
        let context = try serverContext(
            [try town.identity(.server, "broker")],
            trust: town.trust
        ) {
            $0.clientCertificates = .require
            $0.maximumVersion = version
        }
        let device = try town.identity(.device, "device")
        let client = try clientContext(trust: town.trust, identity: device)
        var endings = 0
        for message in 0..<4 {
            for position in stride(from: 0, to: 1500, by: 61) {
                for kind in 0..<2 {
                    let talk = try Conversation(context, client)
                    var isTouched = false
                    let ending = talk.shakeHands { turn, bytes in
                        guard turn == message, position < bytes.count else { return }
                        isTouched = true
                        if kind == 0 {
                            bytes[position] ^= UInt8(1 << (position % 8))
                        } else {
                            bytes.removeSubrange(position...)
                        }
                    }
                    if isTouched, ending.peers == nil { endings += 1 }
                }
            }
        }
        #expect(endings > 50)
    }

    @Test("remembers certificates that passed, for as long as they and the lists are valid")
    func cache() throws {
        let town = try Town()
        let device = try town.identity(.device, "device", days: 2)
        let server = try town.identity(.server, "broker")
        let client = try clientContext(trust: town.trust, identity: device)
        let box = ClockBox(Int64(time(nil)))
        let later = ClockBox(box.now)
        func context(_ lists: [RevocationList], _ shared: ClockBox) throws -> TLSContext {
            try serverContext(
                [server],
                trust: town.trust,
                lists: lists,
                clock: shared
            ) { $0.clientCertificates = .require }
        }
        let first = try context([], box)
        #expect(try Conversation(first, client).shakeHands().peers != nil)
        #expect(first.verifier.rememberedCount == 1)
        #expect(try Conversation(first, client).shakeHands().peers?.server.certificate != nil)
        // Past the certificate's end the entry goes; OpenSSL's own clock then lets it in again.
        box.now += 3 * 86_400
        #expect(!first.verifier.wouldPass(device.chain[0].fingerprint))
        #expect(first.verifier.rememberedCount == 0)
        // A refused certificate is not remembered.
        let stranger = try Town("Strange CA").identity(.device, "spy")
        let spy = try clientContext(trust: town.trust, identity: stranger)
        #expect(try Conversation(first, spy).shakeHands().serverCode == .unknownAuthority)
        #expect(first.verifier.rememberedCount == 0)
        // A new list means a new context, which remembers nothing.
        let list = try town.authority.revocationList(
            revoking: [device.chain[0].serial],
            now: later.now
        )
        let second = try context([list], later)
        #expect(try Conversation(second, client).shakeHands().serverCode == .certificateRevoked)
        // A list that is overdue before the certificate ends the entry, too.
        let short = try town.authority.revocationList(
            revoking: [String](),
            seconds: 1000,
            now: later.now
        )
        let third = try context([short], later)
        #expect(try Conversation(third, client).shakeHands().peers != nil)
        #expect(third.verifier.wouldPass(device.chain[0].fingerprint))
        later.now += 1001
        #expect(!third.verifier.wouldPass(device.chain[0].fingerprint))
    }
}

/// A clock that a test moves.
final class ClockBox: Sendable {
    private let value: Mutex<Int64>

    init(_ start: Int64) { value = Mutex(start) }

    var now: Int64 {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
