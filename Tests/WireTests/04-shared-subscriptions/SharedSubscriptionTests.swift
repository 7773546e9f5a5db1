// SPDX-License-Identifier: Apache-2.0
// Shared subscriptions (MQTT 5.0 §4.8.2).

import Testing

@testable import Stage

@Suite("Shared subscriptions") struct SharedSubscriptionTests {
    private func payloads(_ player: Player) -> [String] {
        var found: [String] = []
        while true {
            let packet = player.nextPacket()
            if packet.isEmpty { return found }
            found.append(String(decoding: packet.suffix(1), as: UTF8.self))
        }
    }

    @Test("Each message goes to one member", arguments: Stage.allCases, [0, 1, 2] as [UInt8])
    func one(stage: Stage, qos: UInt8) {
        let story = Story(stage)
        let members = ["sub", "sub2", "sub3"].map { story.join($0) }
        for member in members { member.subscribe("$share/g/a", qos) }
        let publisher = story.join("pub")
        for index in 0..<9 {
            publisher.send(Wire.publish(.v5, "a", "\(index)", qos: qos, id: index + 1))
        }
        let found = members.map(payloads)
        #expect(found.flatMap(\.self).sorted() == (0..<9).map(String.init))
        // All are connected and have as much to do: nobody is left out.
        for share in found { #expect(share.count == 3) }
    }

    @Test("A member alone gets everything, in order", .v5("4.6.0-6"), arguments: Stage.allCases)
    func alone(stage: Stage) {
        let story = Story(stage)
        let member = story.join("sub", .v311)
        member.subscribe("$share/g/a/#", 1)
        let publisher = story.join("pub", .v311)
        for index in 1...5 {
            publisher.send(Wire.publish(.v311, "a/b", "\(index)", qos: 1, id: index))
        }
        member.expect((1...5).flatMap { Wire.publish(.v311, "a/b", "\($0)", qos: 1, id: $0) })
    }

    @Test(
        "Groups are apart from each other and from plain subscriptions",
        arguments: Stage.allCases
    )
    func apart(stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub")
        first.subscribe("$share/one/a")
        let second = story.join("sub2")
        second.subscribe("$share/two/a")
        let plain = story.join("sub3")
        plain.subscribe("a")
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "x"))
        for player in [first, second, plain] { player.expect(Wire.publish(.v5, "a", "x")) }
    }

    @Test(
        "Groups of the same name with other filters are other groups",
        arguments: Stage.allCases
    )
    func sameName(stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub")
        first.subscribe("$share/g/a")
        let second = story.join("sub2")
        second.subscribe("$share/g/+")
        story.join("pub").send(Wire.publish(.v5, "a", "x"))
        first.expect(Wire.publish(.v5, "a", "x"))
        second.expect(Wire.publish(.v5, "a", "x"))
    }

    @Test(
        "A shared and a plain subscription of one client make two deliveries",
        arguments: Stage.allCases
    )
    func both(stage: Stage) {
        let story = Story(stage)
        let client = story.join("sub")
        client.subscribe("a", 0, Property.subscription(1))
        client.subscribe("$share/g/a", 0, Property.subscription(2))
        story.join("pub").send(Wire.publish(.v5, "a", "x"))
        let found = [client.nextPacket(), client.nextPacket()].map(show).sorted()
        #expect(
            found == [
                show(Wire.publish(.v5, "a", "x", Property.subscription(1))),
                show(Wire.publish(.v5, "a", "x", Property.subscription(2))),
            ]
        )
        client.expectNothing()
    }

    @Test("The QoS granted to the member counts", .v5("4.8.2-3"), arguments: Stage.allCases)
    func grantedQoS(stage: Stage) {
        let story = Story(stage)
        let member = story.join("sub")
        member.subscribe("$share/g/a", 1, Property.subscription(5))
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "1", qos: 2, id: 1))
        member.expect(Wire.publish(.v5, "a", "1", qos: 1, id: 1, Property.subscription(5)))
        publisher.send(Wire.publish(.v5, "a", "2"))
        member.expect(Wire.publish(.v5, "a", "2", Property.subscription(5)))
    }

    @Test(
        "A member that subscribes again gets its new QoS",
        .v5("3.8.4-3"),
        arguments: Stage.allCases
    )
    func replace(stage: Stage) {
        let story = Story(stage)
        let member = story.join("sub")
        member.subscribe("$share/g/a", 2)
        member.subscribe("$share/g/a", 0, Property.subscription(3))
        story.join("pub").send(Wire.publish(.v5, "a", "1", qos: 1, id: 1))
        member.expect(Wire.publish(.v5, "a", "1", Property.subscription(3)))
    }

    @Test("A shared subscription gets no retained messages", arguments: Stage.allCases)
    func retained(stage: Stage) {
        let story = Story(stage)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "x", retain: true))
        let member = story.join("sub")
        member.subscribe("$share/g/a")
        member.expectNothing()
        publisher.send(Wire.publish(.v5, "a", "y", retain: true))
        member.expect(Wire.publish(.v5, "a", "y"))
    }

    @Test("Who unsubscribes is no member any more", arguments: Stage.allCases)
    func unsubscribe(stage: Stage) {
        let story = Story(stage)
        let stays = story.join("sub")
        stays.subscribe("$share/g/a")
        let leaves = story.join("sub2")
        leaves.subscribe("$share/g/a")
        leaves.send(Wire.unsubscribe(.v5, 1, ["$share/g/a", "$share/h/a", "a"]))
        leaves.expect(Wire.unsuback(.v5, 1, [0, 0x11, 0x11]))
        let publisher = story.join("pub")
        for index in 0..<4 { publisher.send(Wire.publish(.v5, "a", "\(index)")) }
        #expect(payloads(stays) == ["0", "1", "2", "3"])
        leaves.expectNothing()
        stays.send(Wire.unsubscribe(.v5, 1, ["$share/g/a"]))
        publisher.send(Wire.publish(.v5, "a", "x", qos: 1, id: 9))
        publisher.expect("40 03 0009 10")
    }

    @Test("A member that is gone is left out", arguments: Stage.allCases)
    func gone(stage: Stage) {
        let story = Story(stage)
        let stays = story.join("sub")
        stays.subscribe("$share/g/a", 1)
        let goes = story.join("sub2")
        goes.subscribe("$share/g/a", 1)
        goes.cut()
        let publisher = story.join("pub")
        for index in 0..<4 {
            publisher.send(Wire.publish(.v5, "a", "\(index)", qos: 1, id: index + 1))
        }
        #expect(payloads(stays) == ["0", "1", "2", "3"])
    }

    @Test(
        "A member that is away gets nothing while another is there",
        arguments: Stage.allCases
    )
    func away(stage: Stage) {
        let story = Story(stage)
        let stays = story.join("sub")
        stays.subscribe("$share/g/a", 1)
        let away = story.join("sub2", Property.sessionExpiry(100))
        away.subscribe("$share/g/a", 1)
        away.cut()
        let publisher = story.join("pub")
        for index in 0..<4 {
            publisher.send(Wire.publish(.v5, "a", "\(index)", qos: 1, id: index + 1))
        }
        #expect(payloads(stays) == ["0", "1", "2", "3"])
        let back = story.join("sub2", Property.sessionExpiry(100), clean: false, present: true)
        back.expectNothing()
    }

    @Test(
        "When all members are away, messages wait for one of them",
        arguments: Stage.allCases
    )
    func allAway(stage: Stage) {
        let story = Story(stage)
        let member = story.join("sub", Property.sessionExpiry(100))
        member.subscribe("$share/g/a", 1)
        member.cut()
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, "a", "1", qos: 1, id: 1),
            Wire.publish(.v5, "a", "2"),
            Wire.publish(.v5, "a", "3", qos: 1, id: 2)
        )
        let back = story.join("sub", Property.sessionExpiry(100), clean: false, present: true)
        #expect(payloads(back) == ["1", "3"])
    }

    @Test(
        "What an ended member did not acknowledge with QoS 1 goes to another",
        arguments: Stage.allCases
    )
    func passedOn(stage: Stage) {
        let story = Story(stage)
        let ends = story.join("sub")
        ends.subscribe("$share/g/a", 1)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "1", qos: 1, id: 1))
        ends.expect(Wire.publish(.v5, "a", "1", qos: 1, id: 1))
        let other = story.join("sub2")
        other.subscribe("$share/g/a", 1)
        ends.cut()
        other.expect(Wire.publish(.v5, "a", "1", qos: 1, id: 1))
    }

    @Test(
        "A QoS 2 message stays with its member until it comes back",
        .v5("4.8.2-4"),
        arguments: Stage.allCases
    )
    func qos2Stays(stage: Stage) {
        let story = Story(stage)
        let member = story.join("sub", Property.sessionExpiry(100))
        member.subscribe("$share/g/a", 2)
        story.join("pub").send(Wire.publish(.v5, "a", "1", qos: 2, id: 1))
        member.expect(Wire.publish(.v5, "a", "1", qos: 2, id: 1))
        let other = story.join("sub2")
        other.subscribe("$share/g/a", 2)
        member.cut()
        other.expectNothing()
        let back = story.join("sub", Property.sessionExpiry(100), clean: false, present: true)
        back.expect(Wire.publish(.v5, "a", "1", qos: 2, id: 1, dup: true))
    }

    @Test(
        "A QoS 2 message of a member that ended goes to nobody else",
        .v5("4.8.2-5"),
        arguments: Stage.inMemory
    )
    func qos2Ends(stage: Stage) {
        let story = Story(stage)
        let member = story.join("sub", Property.sessionExpiry(10))
        member.subscribe("$share/g/a", 2)
        story.join("pub").send(Wire.publish(.v5, "a", "1", qos: 2, id: 1))
        let other = story.join("sub2")
        other.subscribe("$share/g/a", 2)
        member.cut()
        story.advance(seconds: 11)
        other.expectNothing()
    }

    @Test(
        "A message that a member refuses goes to nobody else",
        .v5("4.8.2-6"),
        arguments: Stage.allCases
    )
    func refused(stage: Stage) {
        let story = Story(stage)
        let member = story.join("sub")
        member.subscribe("$share/g/a", 2)
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, "a", "1", qos: 1, id: 1),
            Wire.publish(.v5, "a", "2", qos: 2, id: 2)
        )
        let other = story.join("sub2")
        other.subscribe("$share/g/a", 2)
        _ = member.take()
        member.send(Wire.puback(1, [0x80]), Wire.pubrec(2, [0x80]))
        member.cut()
        other.expectNothing()
    }

    @Test("Wildcards in a shared filter work", arguments: Stage.allCases)
    func wildcards(stage: Stage) {
        let story = Story(stage)
        let member = story.join("sub", .v311)
        member.subscribe("$share/g/+/b/#")
        let publisher = story.join("pub", .v311)
        for topic in ["a/b", "x/b/c", "a/c", "$x/b"] {
            publisher.send(Wire.publish(.v311, topic, "x"))
        }
        member.expect(Wire.publish(.v311, "a/b", "x"), Wire.publish(.v311, "x/b/c", "x"))
    }

    @Test(
        "A member whose window is full is passed over for one with room",
        arguments: [Stage.onePartition]
    )
    func busy(stage: Stage) {
        let story = Story(stage)
        let slow = story.join("sub", Property.receiveMaximum(1))
        slow.subscribe("$share/g/a", 1)
        let quick = story.join("sub2")
        quick.subscribe("$share/g/a", 1)
        let publisher = story.join("pub")
        for index in 0..<5 {
            publisher.send(Wire.publish(.v5, "a", "\(index)", qos: 1, id: index + 1))
            // The quick one acknowledges at once.
            let packet = quick.nextPacket()
            if packet.count > 6 { quick.send(Wire.puback(Int(packet[4]) << 8 | Int(packet[5]))) }
        }
        #expect(payloads(slow).count == 1)
    }

    @Test("Clients of older versions share too", arguments: [Version.v31, .v311])
    func older(version: Version) {
        let story = Story()
        let first = story.join("sub", version)
        first.subscribe("$share/g/a")
        let second = story.join("sub2", version)
        second.subscribe("$share/g/a")
        let publisher = story.join("pub", version)
        for index in 0..<4 { publisher.send(Wire.publish(version, "a", "\(index)")) }
        #expect(payloads(first).count == 2)
        #expect(payloads(second).count == 2)
    }

    @Test(
        "A message on its way to a member that leaves goes to another",
        arguments: Stage.inMemory,
        ["sub", "sub3"]
    ) func leavesMeanwhile(stage: Stage, leaver: String) {
        let story = Story(stage)
        let members = ["sub", "sub3"].map { story.join($0) }
        for member in members { member.subscribe("$share/g/a", 1) }
        let publisher = story.join("pub")
        story.bench.settlesItself = false
        for index in 0..<6 {
            publisher.send(Wire.publish(.v5, "a", "\(index)", qos: 1, id: index + 1))
        }
        for index in story.bench.partitions.indices { story.bench.turn(index) }
        let leaves = leaver == "sub" ? 0 : 1
        members[leaves].cut()
        story.bench.settlesItself = true
        story.bench.settle()
        let stayed = payloads(members[1 - leaves])
        #expect(Set(stayed) == Set((0..<6).map(String.init)))
    }

    @Test("A group of many members on two partitions loses and doubles nothing")
    func many() {
        let story = Story(.twoPartitions)
        let members = (0..<10).map { story.join("member\($0)") }
        for member in members { member.subscribe("$share/g/#", 1) }
        let publishers = [story.join("pub"), story.join("sub")]
        story.bench.settlesItself = false
        for index in 0..<400 {
            publishers[index % 2].send(
                Wire.publish(.v5, "t/\(index % 7)", bytes: Wire.two(index), qos: 1, id: index + 1)
            )
            if index % 50 == 25 { members[index / 50].cut() }
            if index % 3 == 0 { story.bench.turn(index % 2) }
            if index % 5 == 0 { story.bench.deliverLetter(from: index % 2, to: 1 - index % 2) }
        }
        story.bench.settlesItself = true
        story.bench.settle()
        var found: [Int: Int] = [:]
        for member in members where !member.isClosed {
            while true {
                let packet = member.nextPacket()
                guard packet.count > 2 else { break }
                let number = Int(packet[packet.count - 2]) << 8 | Int(packet[packet.count - 1])
                found[number, default: 0] += 1
            }
        }
        // What a member received before it was cut may have been sent to another again; nobody
        // else gets anything twice.
        #expect(Set(found.keys) == Set(0..<400))
        #expect(found.values.allSatisfy { $0 == 1 })
    }
}
