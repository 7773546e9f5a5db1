// SPDX-License-Identifier: Apache-2.0
// What the registry takes back ends connections at once: those that stand on it, and no others.

import SealBroker
import SealTesting
import Testing

import SealBytes
@testable import Stage

@Suite("Withdrawals") struct WithdrawalTests {
    @Test("whoever relies on it goes, with the reason, and nobody else", arguments: Stage.inMemory)
    func each(stage: Stage) {
        let cases: [(IdentityChange.Subject, UInt8)] = [
            (.device(1), 0x98), (.revocation(tenant: 1, serial: "1", issuerKey: []), 0x87),
            (.revocation(tenant: 1, serial: "1", issuerKey: [1, 2]), 0x87),
        ]
        for (subject, code) in cases {
            let town = Town()
            let story = town.story(stage)
            let asks = Property.problems(1)
            let gone = story.enter("d1", as: "1/device/1", .v5, asks)
            let old = story.enter("d3", as: "1/device/1", .v311)
            let stays = story.enter("d2", as: "1/device/2")
            let other = story.enter("d1", as: "2/device/1")
            let count = story.bench.withdraw([town.withdrawal(subject)])
            #expect(count == 2, "\(subject)")
            gone.expectDisconnect(code)
            old.expectEnd()
            stays.expectNothing()
            other.expectNothing()
            #expect(story.bench.partitions.reduce(0) { $0 + $1.counters.connections } == 2)
        }
    }

    @Test("what does not concern anybody ends nothing")
    func nobody() {
        let town = Town()
        let story = town.story(.onePartition)
        let device = story.enter("d1", as: "1/device/1")
        let changes = [
            town.withdrawal(.device(1), tenant: 2), town.withdrawal(.device(2)),
            town.withdrawal(.revocation(tenant: 1, serial: "1", issuerKey: [9])),
            town.withdrawal(.revocation(tenant: 2, serial: "1", issuerKey: [])),
            town.withdrawal(.token(id: "x")), town.withdrawal(.tenant(2)),
        ]
        #expect(story.bench.withdraw(changes) == 0)
        device.expectNothing()
    }

    @Test("an anchor takes all below it", arguments: Stage.inMemory)
    func anchor(stage: Stage) {
        let town = Town()
        let story = town.story(stage)
        let devices = (1...4).map { story.enter("d\($0)", as: "1/device/\($0)") }
        town.method = .password
        let account = story.enter("a", as: "1/account/1")
        #expect(story.bench.withdraw([town.withdrawal(.anchor(1))]) == 4)
        for device in devices { device.expectDisconnect(0x87) }
        account.expectNothing()
    }

    @Test("a disabled device keeps its session, a removed one loses it", arguments: Stage.inMemory)
    func removal(stage: Stage) {
        let town = Town()
        let story = town.story(stage)
        let expiry = Property.sessionExpiry(1000)
        func sessions() -> Int64 {
            story.bench.partitions.reduce(0) { $0 + $1.snapshot().sessions }
        }
        _ = story.enter("d1", as: "1/device/1", clean: false, expiry)
        story.enter("d2", as: "1/device/2", clean: false, expiry).cut()
        _ = story.bench.withdraw([town.withdrawal(.device(1)), town.withdrawal(.device(2))])
        #expect(sessions() == 2)
        _ = story.enter("d1", as: "1/device/1", clean: false, expiry)
        let ended = story.bench.withdraw([
            town.withdrawal(.device(1), isRemoval: true),
            town.withdrawal(.device(2), isRemoval: true),
        ])
        #expect(ended == 1)
        #expect(sessions() == 0)
    }

    @Test("a removed tenant leaves nothing", arguments: Stage.inMemory)
    func tenant(stage: Stage) {
        let town = Town()
        let story = town.story(stage)
        let expiry = Property.sessionExpiry(1000)
        let will = Wire.Will(topic: "w", payload: "w", retain: true)
        let device = story.enter("d1", as: "1/device/1", clean: false, expiry, will: will)
        device.subscribe("$share/g/x")
        device.send(Wire.publish(.v5, "kept", "1", retain: true))
        story.enter("d2", as: "1/device/2", clean: false, expiry, will: will).cut()
        #expect(story.bench.withdraw([town.withdrawal(.tenant(1), isRemoval: true)]) == 1)
        device.expectDisconnect(0x98)
        for partition in story.bench.partitions {
            let counters = partition.snapshot()
            #expect(counters.sessions == 0)
            #expect(counters.retainedMessages == 0)
            #expect(counters.sharedSubscriptions == 0)
        }
    }

    @Test("a login that raced a withdrawal is refused", arguments: Stage.inMemory)
    func race(stage: Stage) {
        let town = Town()
        let story = town.story(stage)
        // The look-ups are of the time before the change, the answer comes after it.
        let change = town.withdrawal(.device(1))
        town.changeNumber = 0
        _ = story.bench.withdraw([change])
        let late = story.open(.v5)
        late.knock("d1", as: "1/device/1")
        late.expectRefusal(0x87)
        town.changeNumber = 1
        #expect(!story.enter("d1", as: "1/device/1").isClosed)
    }

    @Test("a login with what holds now is not ended by a change it knew already")
    func known() {
        let town = Town()
        let story = town.story(.onePartition)
        let change = town.withdrawal(.device(1))
        let device = story.enter("d1", as: "1/device/1")
        #expect(story.bench.withdraw([change]) == 0)
        device.expectNothing()
        #expect(story.bench.withdraw([town.withdrawal(.device(1))]) == 1)
    }

    @Test("a connection on its way home is checked there")
    func onTheWay() throws {
        let town = Town()
        let story = town.story(.twoPartitions)
        story.bench.settlesItself = false
        var traveller: Player?
        for number in 1...64 where traveller == nil {
            let player = story.open(.v5)
            player.knock("c\(number)", as: "1/device/1")
            story.bench.turn(0)
            story.bench.deliverLetter(from: 0, to: 0)
            // It lives in the other partition, and is on the way there now.
            if story.bench.letterCount(from: 0, to: 1) == 1 {
                traveller = player
            } else {
                player.wire.cut()
            }
        }
        let player = try #require(traveller)
        #expect(story.bench.withdraw([town.withdrawal(.device(1))]) == 0)
        story.bench.settlesItself = true
        player.expectRefusal(0x87)
    }

    @Test("a login older than what is remembered is told to come again")
    func forgotten() {
        let town = Town()
        let story = town.story(.onePartition)
        let many = (1...9000).map { town.withdrawal(.device(Int64($0) + 100)) }
        _ = story.bench.withdraw(many)
        town.changeNumber = 0
        let late = story.open(.v5)
        late.knock("d1", as: "1/device/1")
        late.expectRefusal(0x88)
        town.changeNumber = 9000
        #expect(!story.enter("d1", as: "1/device/1").isClosed)
    }

    @Test("new rules hold at once for those who are here and for logins under way")
    func policy() {
        let town = Town()
        let story = town.story(.onePartition)
        let reader = story.enter("r", as: "1/account/1")
        reader.subscribe("x")
        let writer = story.enter("w", as: "1/account/2")
        writer.send(Wire.publish(.v5, "x", "1", qos: 1, id: 1))
        writer.expect(Wire.puback(1))
        reader.expect(Wire.publish(.v5, "x", "1"))
        let rules = [
            PolicyRule(tenant: 1, position: 1, effect: .deny, act: .both, filter: "x")
        ]
        let change = IdentityChange(
            number: 1,
            tenant: 1,
            subject: .policy(tenant: 1),
            isWithdrawal: false
        )
        #expect(story.bench.withdraw([change], policies: [1: TenantPolicy(rules)]) == 0)
        writer.send(Wire.publish(.v5, "x", "2", qos: 1, id: 2))
        writer.expect(Wire.puback(2, [0x87]))
        reader.expectNothing()
        // Its rules are those of before the change.
        let late = story.enter("l", as: "1/account/3")
        late.send(Wire.publish(.v5, "x", "3", qos: 1, id: 3))
        late.expect(Wire.puback(3, [0x87]))
    }

    @Test("a login ends with its certificate")
    func end() {
        let town = Town()
        town.endsAt = 1_000_100
        let story = town.story(.onePartition)
        story.bench.setWorldClock(1_000_000_000)
        let device = story.enter("d1", as: "1/device/1")
        story.advance(seconds: 99)
        device.expectNothing()
        story.bench.setWorldClock(1_000_100_001)
        story.advance(seconds: 2)
        device.expectDisconnect(0x87)
        let late = story.enter("d1", as: "1/device/1")
        late.expectDisconnect(0x87)
    }

    @Test("a clock that was set back does not end a login early")
    func clockSetBack() {
        let town = Town()
        town.endsAt = 1_000_100
        let story = town.story(.onePartition)
        story.bench.setWorldClock(1_000_000_000)
        let device = story.enter("d1", as: "1/device/1")
        story.bench.setWorldClock(1_000_050_000)
        story.advance(seconds: 101)
        device.expectNothing()
        story.bench.setWorldClock(1_000_100_000)
        story.advance(seconds: 51)
        device.expectDisconnect(0x87)
    }

    @Test("sessions are listed, and one is sent away", arguments: Stage.inMemory)
    func sessionControl(stage: Stage) {
        let town = Town()
        let story = town.story(stage)
        let expiry = Property.sessionExpiry(1000)
        let device = story.enter("d1", as: "1/device/1", clean: false, expiry)
        device.subscribe("x", 1)
        story.enter("d2", as: "1/device/2", .v311, clean: false).cut()
        _ = story.enter("d1", as: "2/device/1")
        let records = story.bench.partitions.flatMap { $0.sessionRecords(tenant: 1) }
            .sorted { $0.clientID < $1.clientID }
        #expect(records.map(\.clientID) == ["d1", "d2"])
        #expect(records.map(\.device) == ["d1", "d2"])
        #expect(records.map(\.isConnected) == [true, false])
        #expect(records.map(\.protocolName) == ["mqtt-5", "mqtt-3.1.1"])
        #expect(records.map(\.method) == ["certificate", "certificate"])
        #expect(records[0].subscriptions == 1)
        #expect(story.bench.kick(tenant: 1, "nobody") == 0)
        #expect(story.bench.kick(tenant: 1, "d1") == 1)
        device.expectDisconnect(0x98)
        #expect(story.bench.kick(tenant: 1, "d1", forgets: true) == 0)
        let left = story.bench.partitions.flatMap { $0.sessionRecords(tenant: 1) }
        #expect(left.map(\.clientID) == ["d2"])
    }
}

extension BrokerBench {
    fileprivate func kick(tenant: UInt32, _ clientID: Name, forgets: Bool = false) -> Int {
        let count = partitions.reduce(0) {
            $0 + $1.kick(tenant: tenant, clientID: clientID, forgets: forgets)
        }
        settle()
        return count
    }
}
