// SPDX-License-Identifier: Apache-2.0
// Who is let in: each limit at its bound and one beyond.

@testable import SealNet
import Synchronization
import Testing

@Suite("Admission")
struct AdmissionTests {
    private func peer(_ last: UInt64, port: UInt16 = 1) -> PeerAddress {
        PeerAddress(high: 0, low: 0xFFFF_7F00_0000 | last, port: port)
    }

    @Test("connections in total: the last one comes in, one more does not, until one leaves")
    func total() {
        let admission = Admission(AdmissionLimits(connectionsMax: 3))
        for host in UInt64(1)...3 {
            #expect(admission.enter(peer(host)) == nil)
        }
        #expect(admission.enter(peer(4)) == .connections)
        admission.leave(peer(2))
        #expect(admission.enter(peer(4)) == nil)
        #expect(admission.current.connections == 3)
    }

    @Test("connections from one address, whatever the port; other addresses are free")
    func perSource() {
        let admission = Admission(AdmissionLimits(connectionsPerSourceMax: 2))
        #expect(admission.enter(peer(1, port: 10)) == nil)
        #expect(admission.enter(peer(1, port: 11)) == nil)
        let third = admission.enter(peer(1, port: 12))
        #expect(third == .connectionsPerSource)
        #expect(admission.enter(peer(2)) == nil)
        admission.leave(peer(1, port: 10))
        #expect(admission.enter(peer(1, port: 12)) == nil)
    }

    /// Handshakes that lost their place.
    private final class Lost: Sendable {
        let numbers = Mutex<[UInt64]>([])
        func place(_ number: UInt64) -> HandshakePlace {
            HandshakePlace(number: number) { number in self.numbers.withLock { $0.append(number) } }
        }
        func take() -> [UInt64] {
            numbers.withLock { numbers in
                defer { numbers = [] }
                return numbers
            }
        }
    }

    @Test("handshakes from one address have a limit, and one that ends makes room")
    func handshakesPerSource() {
        let lost = Lost()
        let admission = Admission(AdmissionLimits(handshakesPerSourceMax: 2))
        #expect(admission.enter(peer(1), handshake: lost.place(1)) == nil)
        #expect(admission.enter(peer(1), handshake: lost.place(2)) == nil)
        #expect(admission.enter(peer(1), handshake: lost.place(3)) == .handshakesPerSource)
        #expect(admission.enter(peer(2), handshake: lost.place(4)) == nil)
        admission.handshakeEnded(peer(1), number: 1)
        #expect(admission.enter(peer(1), handshake: lost.place(5)) == nil)
        #expect(admission.enter(peer(1), handshake: lost.place(6)) == .handshakesPerSource)
        #expect(lost.take() == [])
    }

    @Test("one handshake above the limit takes the place of the address with most of them")
    func handshakesInTotal() {
        let lost = Lost()
        let admission = Admission(AdmissionLimits(handshakesWaitingMax: 4))
        for (number, host) in [(1, 7), (2, 1), (3, 1), (4, 2)] as [(UInt64, UInt64)] {
            #expect(admission.enter(peer(host), handshake: lost.place(number)) == nil)
        }
        #expect(lost.take() == [])
        #expect(admission.current.handshakesWaiting == 4)
        #expect(admission.enter(peer(3), handshake: lost.place(5)) == nil)
        #expect(lost.take() == [2])
        #expect(admission.current.handshakesWaiting == 4)
        // Now every address has one: the oldest gives way.
        #expect(admission.enter(peer(4), handshake: lost.place(6)) == nil)
        #expect(lost.take() == [1])
        // A second one of an address is at the expense of its first.
        #expect(admission.enter(peer(4), handshake: lost.place(7)) == nil)
        #expect(lost.take() == [6])
        #expect(admission.current.handshakesWaiting == 4)
        // That the loop ends a withdrawn one is no news, and gives no place twice.
        admission.handshakeEnded(peer(4), number: 6)
        #expect(admission.current.handshakesWaiting == 4)
        admission.handshakeEnded(peer(4), number: 7)
        #expect(admission.current.handshakesWaiting == 3)
        #expect(admission.enter(peer(5), handshake: lost.place(8)) == nil)
        #expect(lost.take() == [])
        #expect(admission.current.connections == 8)
    }

    @Test("without any place nobody is let in, and a lower limit withdraws more than one")
    func fewerHandshakes() {
        let lost = Lost()
        let admission = Admission(AdmissionLimits(handshakesWaitingMax: 0))
        #expect(admission.enter(peer(1), handshake: lost.place(1)) == .handshakesWaiting)
        admission.update(AdmissionLimits(handshakesWaitingMax: 3))
        for number in UInt64(1)...3 {
            #expect(admission.enter(peer(number), handshake: lost.place(number)) == nil)
        }
        admission.update(AdmissionLimits(handshakesWaitingMax: 1))
        #expect(admission.enter(peer(4), handshake: lost.place(4)) == nil)
        #expect(lost.take() == [1, 2, 3])
        #expect(admission.current.handshakesWaiting == 1)
    }

    @Test("lower limits keep who is in and stop who comes")
    func update() {
        let admission = Admission(AdmissionLimits(connectionsMax: 10))
        for host in UInt64(1)...5 { _ = admission.enter(peer(host)) }
        admission.update(AdmissionLimits(connectionsMax: 2))
        #expect(admission.current.connections == 5)
        #expect(admission.enter(peer(9)) == .connections)
    }
}

@Suite("Peer addresses")
struct PeerAddressTests {
    @Test(
        "they are written as people write them",
        arguments: [
            (UInt64(0), UInt64(0xFFFF_7F00_0001), "127.0.0.1:5"),
            (0, 0xFFFF_C0A8_0A14, "192.168.10.20:5"),
            (0, 1, "[::1]:5"),
            (0, 0, "[::]:5"),
            (0x2001_0DB8_0000_0000, 1, "[2001:db8::1]:5"),
            (0x2001_0DB8_0000_0001, 0x0000_0000_0000_0001, "[2001:db8:0:1::1]:5"),
            (0xFE80_0000_0000_0000, 0x0202_B3FF_FE1E_8329, "[fe80::202:b3ff:fe1e:8329]:5"),
            (0x0001_0002_0003_0004, 0x0005_0006_0007_0008, "[1:2:3:4:5:6:7:8]:5"),
        ]
    )
    func written(high: UInt64, low: UInt64, text: String) {
        #expect(PeerAddress(high: high, low: low, port: 5).description == text)
    }

    @Test("loopback is known in both families")
    func loopback() {
        #expect(PeerAddress(high: 0, low: 1, port: 1).isLoopback)
        #expect(PeerAddress(high: 0, low: 0xFFFF_7F01_0203, port: 1).isLoopback)
        #expect(!PeerAddress(high: 0, low: 0xFFFF_8000_0001, port: 1).isLoopback)
        #expect(!PeerAddress(high: 1, low: 1, port: 1).isLoopback)
    }
}

@Suite("Mailbox")
struct MailboxTests {
    @Test("letters from one thread keep their order, and none is lost among many threads")
    func order() async {
        let mailbox = Mailbox<(Int, Int)>()
        await withTaskGroup(of: Void.self) { group in
            for sender in 0..<4 {
                group.addTask { for number in 0..<5000 { mailbox.post((sender, number)) } }
            }
        }
        var next = [0, 0, 0, 0]
        for (sender, number) in mailbox.take() {
            #expect(number == next[sender])
            next[sender] = number + 1
        }
        #expect(next == [5000, 5000, 5000, 5000])
    }
}
