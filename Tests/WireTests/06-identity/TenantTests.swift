// SPDX-License-Identifier: Apache-2.0
// Tenants: the same topics, client ids and groups, and nothing that crosses.

import SealBroker
import SealTesting
import Testing

@testable import Stage

@Suite("Tenants") struct TenantTests {
    @Test("a message reaches its own tenant only", arguments: Stage.inMemory, Version.allCases)
    func messages(stage: Stage, version: Version) {
        let story = Town().story(stage)
        let first = story.enter("sub", as: "1/account/1", version)
        let second = story.enter("sub", as: "2/account/1", version)
        let outside = story.join("sub", version, listener: 1)
        for player in [first, second, outside] { player.subscribe("#") }
        let publisher = story.enter("pub", as: "1/account/2", version)
        publisher.send(Wire.publish(version, "a/b", "1"))
        first.expect(Wire.publish(version, "a/b", "1"))
        second.expectNothing()
        outside.expectNothing()
        story.join("pub", version, listener: 1).send(Wire.publish(version, "a/b", "0"))
        outside.expect(Wire.publish(version, "a/b", "0"))
        first.expectNothing()
        second.expectNothing()
    }

    @Test("retained messages and wills stay in their tenant", arguments: Stage.inMemory)
    func retained(stage: Stage) {
        let story = Town().story(stage)
        let will = Wire.Will(topic: "gone", payload: "w", retain: true)
        let publisher = story.enter("pub", as: "1/account/2", will: will)
        publisher.send(Wire.publish(.v5, "kept", "1", retain: true))
        publisher.cut()
        let other = story.enter("sub", as: "2/account/1")
        other.subscribe("#")
        other.expectNothing()
        let outside = story.join("sub", listener: 1)
        outside.subscribe("#")
        outside.expectNothing()
        let own = story.enter("sub", as: "1/account/1")
        own.subscribe("kept")
        own.expect(Wire.publish(.v5, "kept", "1", retain: true))
        own.subscribe("gone")
        own.expect(Wire.publish(.v5, "gone", "w", retain: true))
    }

    @Test("a value that went by in one tenant does not hold back another's", arguments: [3])
    func seenLive(count: Int) {
        let story = Town().story(.onePartition) { $0.partitions = count }
        let publisher = story.enter("pub", as: "2/account/2")
        publisher.send(Wire.publish(.v5, "kept", "2", retain: true))
        story.bench.settle()
        story.bench.settlesItself = false
        let subscriber = story.enter2("sub", as: "2/account/1")
        let busy = story.enter2("pub", as: "1/account/2")
        subscriber.send(Wire.subscribe(.v5, 1, [("kept", 0)]))
        for index in 0..<count { story.bench.turn(index) }
        busy.send(Wire.publish(.v5, "kept", "1", retain: true))
        for index in 0..<count { story.bench.turn(index) }
        story.bench.settle()
        subscriber.expect(
            Wire.suback(.v5, 1, [0]),
            Wire.publish(.v5, "kept", "2", retain: true)
        )
    }

    @Test("the same client id is another session in another tenant", arguments: Stage.inMemory)
    func sessions(stage: Stage) {
        let story = Town().story(stage)
        let expiry = Property.sessionExpiry(100)
        let first = story.enter("c", as: "1/account/1", clean: false, expiry)
        let second = story.enter("c", as: "2/account/1", clean: false, expiry)
        first.subscribe("x", 1)
        second.expectNothing()
        #expect(!first.isClosed)
        #expect(story.bench.partitions.reduce(0) { $0 + $1.snapshot().sessions } == 2)
        first.cut()
        second.send(Wire.publish(.v5, "x", "2", qos: 1, id: 1))
        second.expect(Wire.puback(1, [0x10]))
    }

    @Test(
        "a shared group of one name is another group in another tenant",
        arguments: Stage.inMemory
    )
    func groups(stage: Stage) {
        let story = Town().story(stage)
        let first = story.enter("sub", as: "1/account/1")
        let second = story.enter("sub", as: "2/account/1")
        first.subscribe("$share/g/x")
        second.subscribe("$share/g/x")
        let publisher = story.enter("pub", as: "1/account/2")
        for number in 1...4 { publisher.send(Wire.publish(.v5, "x", "\(number)")) }
        for number in 1...4 { first.expectFirst(Wire.publish(.v5, "x", "\(number)")) }
        second.expectNothing()
    }

    @Test("the daemon's figures are for listeners without registry", arguments: Stage.inMemory)
    func system(stage: Stage) {
        let story = Town().story(stage)
        story.bench.partitions[0].publishSystem([("$SYS/uptime", "1")])
        story.bench.settle()
        let inside = story.enter("in", as: "1/account/1")
        inside.send(Wire.subscribe(.v5, 1, [("$SYS/#", 0)]))
        inside.expect(Wire.suback(.v5, 1, [0x87]))
        let outside = story.join("out", listener: 1)
        outside.subscribe("$SYS/#")
        outside.expect(Wire.publish(.v5, "$SYS/uptime", "1", retain: true))
    }

    @Test("another principal with the client id gets a new session, and the old one is gone")
    func ownership() {
        let story = Town().story(.onePartition)
        let expiry = Property.sessionExpiry(1000)
        let first = story.enter("c", as: "1/account/1", clean: false, expiry)
        first.subscribe("x", 1)
        first.cut()
        let publisher = story.enter("p", as: "1/account/9")
        publisher.send(Wire.publish(.v5, "x", "secret", qos: 1, id: 1))
        let thief = story.open(.v5)
        thief.knock("c", as: "1/account/2", clean: false, expiry)
        #expect(thief.nextPacket().dropFirst(2).prefix(2) == [0, 0])
        thief.expectNothing()
        thief.cut()
        let back = story.open(.v5)
        back.knock("c", as: "1/account/1", clean: false, expiry)
        #expect(back.nextPacket().dropFirst(2).prefix(2) == [0, 0])
        back.expectNothing()
        back.cut()
        let again = story.open(.v5)
        again.knock("c", as: "1/account/1", clean: false, expiry)
        #expect(again.nextPacket().dropFirst(2).prefix(2) == [1, 0])
        #expect(story.bench.partitions[0].snapshot().sessions == 2)
        #expect(!publisher.isClosed)
    }

    @Test("as many tenants come in as there may be, and one more when one has left")
    func limit() {
        let story = Town().story(.onePartition) { $0.limits.tenantsMax = 3 }
        let one = story.enter("a", as: "1/account/1")
        let two = story.enter("a", as: "2/account/1")
        let late = story.open(.v5)
        late.knock("a", as: "3/account/1")
        late.expectRefusal(0x97)
        #expect(story.bench.partitions[0].snapshot().limitHits[.tenants] == 1)
        one.cut()
        #expect(!story.enter("a", as: "3/account/1").isClosed)
        #expect(!two.isClosed)
    }

    @Test("connections are counted for each tenant")
    func places() {
        let story = Town().story(.onePartition) { $0.limits.connectionsPerTenantMax = 1 }
        let one = story.enter("a", as: "1/account/1")
        let two = story.enter("a", as: "2/account/1")
        let late = story.open(.v5)
        late.knock("b", as: "1/account/1")
        late.expectRefusal(0x97)
        one.cut()
        #expect(!story.enter("b", as: "1/account/1").isClosed)
        #expect(!two.isClosed)
    }

    @Test("a will on a forbidden topic is refused at once", arguments: Version.allCases)
    func will(version: Version) {
        let story = Town().story(.onePartition)
        let player = story.open(version)
        player.knock("c", as: "1/account/1", will: Wire.Will(topic: "$SYS/x", payload: "w"))
        player.expectRefusal(version == .v5 ? 0x87 : 5)
    }

    @Test("a letter about a tenant nobody knows here is taken")
    func letters() {
        let partition = Story(.twoPartitions).bench.partitions[0]
        let filter = Array("a/#".utf8)
        func interest(_ isWanted: Bool) -> Mail {
            .interest(
                tenant: 4_000_000_000,
                filter: filter,
                isWanted: isWanted,
                wantsRetained: true,
                ticket: 1
            )
        }
        partition.deliver(interest(false), from: 1)
        partition.deliver(interest(true), from: 1)
        partition.deliver(
            .retainedWanted(tenant: 77, filter: filter, after: [], seen: [], ticket: 2),
            from: 1
        )
        partition.deliver(interest(false), from: 1)
        #expect(partition.outboxes[1].count == 4)
    }
}

extension Player {
    /// This is the first of what has arrived.
    func expectFirst(_ packet: [UInt8], at location: SourceLocation = #_sourceLocation) {
        #expect(show(nextPacket()) == show(packet), sourceLocation: location)
    }
}

extension Story {
    /// The same as `enter` where the bench does not settle by itself.
    fileprivate func enter2(_ clientID: String, as user: String) -> Player {
        bench.settlesItself = true
        defer { bench.settlesItself = false }
        return enter(clientID, as: user)
    }
}
