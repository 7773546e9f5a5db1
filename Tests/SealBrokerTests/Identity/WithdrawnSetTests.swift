// SPDX-License-Identifier: Apache-2.0
// Many withdrawals at once say the same as one after another.

import Testing

@testable import SealBroker

@Suite("Withdrawn sets") struct WithdrawnSetTests {
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    private func change(_ dice: inout Dice) -> IdentityChange {
        let tenant = UInt32.random(in: 1...2, using: &dice)
        let number = Int64.random(in: 1...4, using: &dice)
        let subjects: [IdentityChange.Subject] = [
            .tenant(UInt32.random(in: 1...2, using: &dice)), .account(number), .anchor(number),
            .device(number), .credential(number), .token(id: "\(number)"), .policy(tenant: tenant),
            .option(tenant: tenant),
            .revocation(
                tenant: UInt32.random(in: 1...2, using: &dice),
                serial: "\(number)",
                issuer: RevokedIssuer(
                    key: Bool.random(using: &dice) ? [] : [UInt8(number)],
                    reachesBelow: Bool.random(using: &dice)
                )
            ),
        ]
        return IdentityChange(
            number: UInt64.random(in: 1...3, using: &dice),
            tenant: tenant,
            subject: subjects[Int.random(in: 0..<subjects.count, using: &dice)],
            isWithdrawal: Int.random(in: 0..<10, using: &dice) > 0
        )
    }

    private func reliance(_ dice: inout Dice) -> Reliance {
        func number() -> Int64? {
            Bool.random(using: &dice) ? Int64.random(in: 1...4, using: &dice) : nil
        }
        var reliance = Reliance()
        reliance.tenant = UInt32.random(in: 1...2, using: &dice)
        reliance.changeNumber = UInt64.random(in: 0...3, using: &dice)
        reliance.account = number()
        reliance.device = number()
        reliance.credential = number()
        reliance.anchor = number()
        reliance.token = number().map { "\($0)" }
        for _ in 0..<Int.random(in: 0...2, using: &dice) {
            let issuer = UInt8.random(in: 1...4, using: &dice)
            reliance.certificates.append(
                CertificateMark(serial: "\(number() ?? 9)", issuerKey: [issuer])
            )
        }
        return reliance
    }

    @Test("the set answers as each change alone would", arguments: 1...20 as ClosedRange<UInt64>)
    func same(seed: UInt64) {
        var dice = Dice(state: seed)
        for _ in 0..<200 {
            let changes = (0..<Int.random(in: 0...4, using: &dice)).map { _ in change(&dice) }
            let set = WithdrawnSet(changes)
            let reliance = reliance(&dice)
            let expected = changes.contains {
                $0.number > reliance.changeNumber && reliance.isWithdrawn(by: $0)
            }
            let found = set.change(against: reliance)
            #expect((found != nil) == expected, "seed \(seed)")
            if let found { #expect(reliance.isWithdrawn(by: found)) }
        }
    }

    @Test("the ring forgets the oldest, and says how far")
    func ring() {
        var ring = RecentChanges()
        func add(_ number: Int) {
            let change = IdentityChange(
                number: UInt64(number),
                tenant: 1,
                subject: .device(1),
                isWithdrawal: true
            )
            ring.append(RecentChanges.Entry(change: change))
        }
        for number in 1..<RecentChanges.entriesMax * 2 { add(number) }
        #expect(ring.forgottenThrough == 0)
        #expect(ring.since(0).count == RecentChanges.entriesMax * 2 - 1)
        add(RecentChanges.entriesMax * 2)
        #expect(ring.count == RecentChanges.entriesMax)
        #expect(ring.forgottenThrough == UInt64(RecentChanges.entriesMax))
        #expect(ring.since(ring.forgottenThrough).count == RecentChanges.entriesMax)
        #expect(ring.since(UInt64(RecentChanges.entriesMax * 2)).isEmpty)
    }
}
