// SPDX-License-Identifier: Apache-2.0
// Small inputs that once meant much work: what is done in one turn is bounded, others have their
// turn in between, and what is put off arrives in full and in order.

import SealBytes
import SealTesting
import Testing

@testable import SealBroker
@testable import Stage

@Suite("Work in a turn") struct WorkTests {
    /// So much may be done beyond the bound by the one thing that was under way when it was met.
    static let slack = 1500

    /// A broker in which little is done in a turn.
    private func story(_ stage: Stage = .onePartition, link: Int = 2000) -> Story {
        Story(stage) {
            $0.limits.work.link = link
            $0.limits.work.tenant = link * 2
            $0.limits.topicLevelsMax = 200
            $0.limits.outBytesMax = 1 << 24
        }
    }

    /// Lets turns go by one at a time; the most work that was done in one of them.
    @discardableResult
    private func turns(_ story: Story, atMost: Int = 100_000, _ each: () -> Void = {}) -> Int {
        let partition = story.bench.partitions[0]
        var most = 0
        for _ in 0..<atMost {
            let before = partition.work.done
            let isBusy = story.bench.turn(0)
            most = max(most, Int(partition.work.done - before))
            each()
            if !isBusy { return most }
        }
        Issue.record("the broker does not come to rest")
        return most
    }

    /// Packets of a kind among what has arrived.
    private func count(_ player: Player, _ kind: UInt8) -> Int {
        var found = 0
        while true {
            let packet = player.nextPacket()
            guard let first = packet.first else { return found }
            if first & 0xF0 == kind { found += 1 }
        }
    }

    private func retain(_ story: Story, _ count: Int) {
        let keeper = story.join("keeper")
        for index in 0..<count {
            keeper.send(Wire.publish(.v5, "r/\(index)", "x", retain: true))
        }
        _ = keeper.take()
    }

    @Test("one SUBSCRIBE with the same filter thousands of times sends retained messages once")
    func sameFilter() {
        let story = story()
        retain(story, 1000)
        let attacker = story.join("attacker")
        let other = story.join("other")
        story.bench.settlesItself = false
        attacker.send(Wire.subscribe(.v5, 1, Array(repeating: ("#", 0), count: 8000)))
        other.send("C0 00")
        var isAnswered = false
        let most = turns(story) { if count(other, 0xD0) == 1 { isAnswered = true } }
        #expect(isAnswered)
        #expect(most <= 4000 + Self.slack)
        #expect(count(attacker, 0x30) == 1000)
    }

    @Test("many small SUBSCRIBE packets wait for their receiver, and others do not")
    func manyPackets() {
        let story = story()
        retain(story, 200)
        let attacker = story.join("attacker")
        let other = story.join("other")
        story.bench.settlesItself = false
        attacker.wire.receivesBytesMax = 0
        for id in 1...500 { attacker.send(Wire.subscribe(.v5, id, [("#", 0)])) }
        other.send("C0 00")
        let most = turns(story)
        #expect(count(other, 0xD0) == 1)
        #expect(most <= 4000 + Self.slack)
        // Nobody reads there, so little is prepared: not 500 times 200 messages.
        let partition = story.bench.partitions[0]
        #expect(partition.counters.messagesDropped.total == 0)
        #expect(partition.out.count(Int(attacker.wire.link.slot)) <= 1 << 24)
    }

    @Test("a snapshot of many retained messages waits instead of overflowing the queue")
    func waits() {
        let story = Story(.onePartition) {
            $0.limits.queuedMessagesMax = 10
            $0.limits.inFlightMax = 4
            $0.limits.outBytesMax = 2000
        }
        retainQoS1(story, 300)
        let receiver = story.join("receiver")
        receiver.subscribe("#", 1)
        var received = 0
        for _ in 0..<400 {
            let packet = receiver.nextPacket()
            guard packet.first == 0x33 else { break }
            received += 1
            let length = Int(packet[3])
            receiver.send(Wire.puback(Int(packet[4 + length]) << 8 | Int(packet[5 + length])))
        }
        #expect(received == 300)
        #expect(story.bench.partitions[0].counters.messagesDropped.total == 0)
    }

    private func retainQoS1(_ story: Story, _ count: Int) {
        let keeper = story.join("keeper")
        for index in 0..<count {
            keeper.send(Wire.publish(.v5, "r/\(index)", "x", qos: 1, id: 1, retain: true))
        }
        _ = keeper.take()
    }

    @Test(
        "what replaces a retained message meanwhile comes, and the old one not after it"
    )
    func replaced() {
        let story = story(link: 50)
        retain(story, 300)
        let keeper = story.join("keeper")
        let receiver = story.join("receiver")
        story.bench.settlesItself = false
        receiver.send(Wire.subscribe(.v5, 1, [("r/#", 0)]))
        story.bench.turn(0)
        for index in 0..<300 {
            keeper.send(Wire.publish(.v5, "r/\(index)", "new", retain: true))
        }
        turns(story)
        var last: [String: String] = [:]
        var total = 0
        while true {
            let packet = receiver.nextPacket()
            guard let first = packet.first else { break }
            guard first & 0xF0 == 0x30 else { continue }
            total += 1
            let length = Int(packet[3])
            let topic = String(decoding: packet[4..<4 + length], as: UTF8.self)
            let payload = String(decoding: packet[(5 + length)...], as: UTF8.self)
            if last[topic] == "new" { #expect(payload == "new", "\(topic)") }
            last[topic] = payload
        }
        #expect(last.count == 300)
        #expect(last.values.allSatisfy { $0 == "new" })
        #expect(total <= 600)
    }

    @Test("filters that choose between a name and + at each level are bounded by their shapes")
    func shapes() {
        let story = Story(.onePartition) {
            $0.limits.wildcardShapesMax = 40
            $0.limits.wildcardShapesPerSessionMax = 30
        }
        var codes: [UInt8] = []
        for name in ["one", "two"] {
            let attacker = story.join(name)
            for mask in 1...30 {
                // 30 shapes each, and those of the second begin one level later.
                let shift = name == "one" ? 0 : 1
                let levels = (0..<8).map { (mask << shift) >> $0 & 1 == 1 ? "+" : "a" }
                let filter = levels.joined(separator: "/")
                attacker.send(Wire.subscribe(.v5, mask, [(filter, 0)]))
                codes.append(attacker.nextPacket().last ?? 0)
            }
        }
        #expect(codes.prefix(30).allSatisfy { $0 == 0 })
        // Half of the second's shapes are known from the first; of the others ten are new.
        #expect(codes.suffix(30).filter { $0 == 0 }.count == 15 + 10)
        #expect(codes.last == 0x97)
        let third = story.join("three")
        third.send(Wire.subscribe(.v5, 1, [("+/a/a/a/a/a/a/a", 0)]))
        #expect(third.nextPacket().last == 0, "a shape that is there is free for everybody")
    }

    @Test("a session has its own bound on shapes, and what it gives up is free again")
    func shapesOfSession() {
        let story = Story(.onePartition) { $0.limits.wildcardShapesPerSessionMax = 2 }
        let client = story.join("c")
        func subscribe(_ filter: String) -> UInt8 {
            client.send(Wire.subscribe(.v5, 1, [(filter, 0)]))
            return client.nextPacket().last ?? 0xFF
        }
        #expect(subscribe("+") == 0)
        #expect(subscribe("a/+") == 0)
        #expect(subscribe("b/+") == 0)
        #expect(subscribe("a/b/+") == 0x97)
        client.send(Wire.unsubscribe(.v5, 2, ["+"]))
        _ = client.nextPacket()
        #expect(subscribe("a/b/+") == 0)
        client.cut()
        let partition = story.bench.partitions[0]
        #expect(partition.spaces[0]?.tree.shapes.count == 0)
    }

    @Test("the search for a topic's receivers is bounded by shapes times levels")
    func search() {
        var tree = TopicTree()
        let shapes = 256
        for mask in 0..<shapes {
            let levels = (0..<30).map { $0 >= 22 && mask >> ($0 - 22) & 1 == 1 ? "+" : "a" }
            _ = tree.node(for: Array(levels.joined(separator: "/").utf8))
        }
        var visits = 0
        let topic = Array(repeating: "a", count: 30).joined(separator: "/")
        tree.match(TopicTree.levels(of: Array(topic.utf8))) { _ in visits += 1 }
        #expect(visits == shapes)
        #expect(tree.shapes.count == shapes - 1)
    }

    @Test("wrong SmartREST lines of a device with many subscriptions cost a look at each once")
    func lines() {
        let town = Town()
        let story = town.story(.onePartition) {
            $0.limits.work.link = 100_000
            $0.limits.work.tenant = 100_000
        }
        let device = story.enter("dev", as: "1/device/7")
        for start in stride(from: 0, to: 2000, by: 500) {
            let filters = (start..<start + 500).map { ("x/\($0)", UInt8(0)) }
            device.send(Wire.subscribe(.v5, 1, filters))
            _ = device.nextPacket()
        }
        device.subscribe("s/e")
        let partition = story.bench.partitions[0]
        let before = partition.work.done
        device.send(Wire.publish(.v5, "s/us", String(repeating: "x\n", count: 1000)))
        #expect(partition.work.done - before < 5000)
        #expect(count(device, 0x30) == 100, "faults beyond a hundred are told in one line")
    }

    @Test("a shared group whose members are all away and full is given up at once")
    func group() {
        let story = Story(.onePartition) { $0.limits.queuedMessagesMax = 1 }
        for index in 0..<300 {
            let member = story.join("m\(index)", Property.sessionExpiry(1000))
            member.subscribe("$share/g/t", 1)
            member.cut()
        }
        let publisher = story.join("pub")
        let partition = story.bench.partitions[0]
        func publish(_ count: Int) -> Int {
            let before = partition.work.done
            for _ in 0..<count { publisher.send(Wire.publish(.v5, "t", "x", qos: 1, id: 1)) }
            return Int(partition.work.done - before)
        }
        // The queues fill up, then each member refuses once.
        _ = publish(301)
        #expect(publish(1000) < 10_000)
        #expect(partition.counters.messagesDropped.total == 1001)
        // Who comes back is asked again.
        let back = story.join("m7", Property.sessionExpiry(1000), clean: false)
        #expect(back.nextPacket().first == 0x32)
        #expect(publish(1) < 100)
        #expect(back.nextPacket().first == 0x32)
    }

    @Test("sessions that end together leave the tree in pieces")
    func ends() {
        let story = story(link: 500)
        let players = (0..<20).map { story.join("s\($0)") }
        for player in players {
            player.send(Wire.subscribe(.v5, 1, (0..<400).map { ("t/\($0)", 0) }))
        }
        for player in players { #expect(player.nextPacket().first == 0x90) }
        let other = story.join("other")
        story.bench.settlesItself = false
        for player in players { player.cut() }
        other.send("C0 00")
        let most = turns(story)
        #expect(most <= 1000 + Self.slack)
        #expect(count(other, 0xD0) == 1)
        let partition = story.bench.partitions[0]
        #expect(partition.spaces[0]?.tree.isEmpty == true)
        #expect(partition.counters.subscriptions == 0)
    }

    @Test("a client that floods is read on in later turns, and loses nothing", arguments: [1, 2])
    func flood(partitions: Int) {
        let story = story(partitions == 1 ? .onePartition : .twoPartitions, link: 300)
        let receivers = (0..<20).map { story.join("sub\($0)") }
        for receiver in receivers { receiver.subscribe("t") }
        let publisher = story.join("pub")
        let others = (0..<3).map { story.join("other\($0)") }
        story.bench.settlesItself = partitions == 2
        for index in 0..<500 { publisher.send(Wire.publish(.v5, "t", "\(index)")) }
        for other in others { other.send("C0 00") }
        if partitions == 1 { #expect(turns(story) <= 600 + Self.slack) }
        for other in others { #expect(count(other, 0xD0) == 1) }
        for receiver in receivers { #expect(count(receiver, 0x30) == 500) }
    }

    @Test("one tenant that uses up its share leaves others theirs")
    func tenants() {
        let town = Town()
        let story = town.story(.onePartition) {
            $0.limits.work.link = 200
            $0.limits.work.tenant = 400
        }
        let heavy = (0..<10).map { story.enter("h\($0)", as: "1/account/\($0 + 1)") }
        for player in heavy { player.subscribe("#") }
        let light = story.enter("light", as: "2/account/1")
        light.subscribe("#")
        story.bench.settlesItself = false
        for player in heavy {
            for index in 0..<100 { player.send(Wire.publish(.v5, "a", "\(index)")) }
        }
        light.send(Wire.publish(.v5, "b", "1"))
        story.bench.turn(0)
        #expect(count(light, 0x30) == 1, "it has its message in the first turn")
        turns(story)
        for player in heavy { #expect(count(player, 0x30) == 1000) }
    }

    @Test(
        "a packet with more filters than are taken ends the connection, one with as many does not"
    )
    func filters() {
        let story = Story(.onePartition) { $0.limits.filtersPerPacketMax = 50 }
        let client = story.join("c")
        client.send(Wire.subscribe(.v5, 1, Array(repeating: ("a", 0), count: 50)))
        #expect(client.nextPacket().first == 0x90)
        client.send(Wire.unsubscribe(.v5, 2, Array(repeating: "a", count: 51)))
        client.expectDisconnect(0x97)
        #expect(story.bench.partitions[0].counters.limitHits.total >= 1)
    }
}
