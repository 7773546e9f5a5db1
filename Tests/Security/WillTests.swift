// SPDX-License-Identifier: Apache-2.0
// A will is judged when it is due: by what holds then of whoever left it, and by the rules of then.

import SealBroker
import SealTesting
import Testing

@testable import Stage

@Suite("Wills of who was withdrawn") struct WithdrawnWillTests {
    private let town = Town()
    private let later = Wire.Will(
        topic: "w",
        payload: "gone",
        properties: Property.willDelay(60)
    )
    private let atOnce = Wire.Will(topic: "w", payload: "gone")
    private let expiry = Property.sessionExpiry(1000)

    private func watched(_ stage: Stage) -> (Story, Player) {
        let story = town.story(stage)
        let watcher = story.enter("sub", as: "1/account/77")
        watcher.subscribe("w")
        return (story, watcher)
    }

    /// All that a login of the town stands on.
    private static let subjects: [IdentityChange.Subject] = [
        .device(1), .anchor(1), .tenant(1),
        .revocation(tenant: 1, serial: "1", issuer: .every),
        .revocation(tenant: 1, serial: "1", issuer: RevokedIssuer(key: [1, 2])),
    ]

    @Test(
        "the delayed will of a client that is away is not published",
        arguments: Stage.inMemory,
        [false, true]
    )
    func away(stage: Stage, isRemoval: Bool) {
        for subject in Self.subjects where subject != .tenant(1) {
            town.method = .password
            let (story, watcher) = watched(stage)
            town.method = .certificate
            story.enter("pub", as: "1/device/1", clean: false, expiry, will: later).cut()
            story.advance(seconds: 30)
            #expect(
                story.bench.withdraw([town.withdrawal(subject, isRemoval: isRemoval)]) == 0
            )
            watcher.expectNothing()
            story.advance(seconds: 2000)
            watcher.expectNothing()
        }
    }

    @Test("nor that of a client that is connected", arguments: Stage.inMemory)
    func connected(stage: Stage) {
        for subject in Self.subjects where subject != .tenant(1) {
            town.method = .password
            let (story, watcher) = watched(stage)
            town.method = .certificate
            let late = story.enter("pub", as: "1/device/1", clean: false, expiry, will: later)
            #expect(story.bench.withdraw([town.withdrawal(subject)]) == 1)
            #expect(late.isClosed)
            story.advance(seconds: 2000)
            watcher.expectNothing()
            let now = story.enter("pub", as: "1/device/1", will: atOnce)
            #expect(story.bench.withdraw([town.withdrawal(subject)]) == 1)
            #expect(now.isClosed)
            watcher.expectNothing()
        }
    }

    @Test("nothing is retained of it either", arguments: Stage.inMemory)
    func retained(stage: Stage) {
        let story = town.story(stage)
        var will = later
        will.retain = true
        story.enter("pub", as: "1/device/1", clean: false, expiry, will: will).cut()
        _ = story.bench.withdraw([town.withdrawal(.device(1))])
        story.advance(seconds: 2000)
        let reader = story.enter("sub", as: "1/device/2")
        reader.subscribe("w")
        reader.expectNothing()
    }

    @Test("a tenant that is disabled leaves no wills to whom is let in later")
    func tenant() {
        let story = town.story(.onePartition)
        story.enter("pub", as: "1/device/1", clean: false, expiry, will: later).cut()
        _ = story.bench.withdraw([town.withdrawal(.tenant(1))])
        let watcher = story.enter("sub", as: "1/device/2")
        watcher.subscribe("w")
        story.advance(seconds: 2000)
        watcher.expectNothing()
    }

    @Test("a device that is allowed again does not get its old will back")
    func enabledAgain() {
        let (story, watcher) = watched(.onePartition)
        story.enter("pub", as: "1/device/1", clean: false, expiry, will: later).cut()
        _ = story.bench.withdraw([town.withdrawal(.device(1))])
        story.enter("pub", as: "1/device/1", clean: false, expiry).cut()
        story.advance(seconds: 2000)
        watcher.expectNothing()
    }

    @Test("a will whose topic was forbidden meanwhile is not published", arguments: Stage.inMemory)
    func forbidden(stage: Stage) {
        let (story, watcher) = watched(stage)
        story.enter("pub", as: "1/device/1", clean: false, expiry, will: later).cut()
        let rules = [
            PolicyRule(tenant: 1, position: 1, effect: .deny, act: .publish, filter: "w")
        ]
        town.changeNumber += 1
        let change = IdentityChange(
            number: town.changeNumber,
            tenant: 1,
            subject: .policy(tenant: 1),
            isWithdrawal: false
        )
        #expect(story.bench.withdraw([change], policies: [1: TenantPolicy(rules)]) == 0)
        story.advance(seconds: 2000)
        watcher.expectNothing()
    }

    @Test("what does not concern it leaves the will", arguments: Stage.inMemory)
    func others(stage: Stage) {
        let (story, watcher) = watched(stage)
        story.enter("pub", as: "1/device/1", clean: false, expiry, will: later).cut()
        _ = story.bench.withdraw([
            town.withdrawal(.device(2)), town.withdrawal(.device(1), tenant: 2),
        ])
        story.advance(seconds: 61)
        watcher.expect(Wire.publish(.v5, "w", "gone"))
    }

    @Test("what was known when it connected takes nothing away")
    func known() {
        let (story, watcher) = watched(.onePartition)
        let change = town.withdrawal(.device(1))
        story.enter("pub", as: "1/device/1", clean: false, expiry, will: later).cut()
        _ = story.bench.withdraw([change])
        story.advance(seconds: 61)
        watcher.expect(Wire.publish(.v5, "w", "gone"))
    }

    @Test("a will of who may not come in by the listener's new rules is not published")
    func files() {
        for isAllowed in [true, false] {
            let story = Story(.onePartition)
            var will = later
            will.retain = true
            story.join("pub", expiry, clean: false, will: will).cut()
            var rules = AccessRules()
            rules.allowsAnonymous = isAllowed
            story.bench.partitions[0].replaceAccess([rules])
            story.advance(seconds: 61)
            rules.allowsAnonymous = true
            story.bench.partitions[0].replaceAccess([rules])
            let reader = story.join("sub")
            reader.subscribe("w")
            if isAllowed {
                reader.expect(Wire.publish(.v5, "w", "gone", retain: true))
            } else {
                reader.expectNothing()
            }
        }
    }
}
