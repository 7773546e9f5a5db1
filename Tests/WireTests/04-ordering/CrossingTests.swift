// SPDX-License-Identifier: Apache-2.0
// Order where letters between partitions are under way for long: three partitions, carried by
// hand, letter by letter.

import SealTesting
import Testing

@testable import Stage

@Suite("Order across partitions") struct CrossingTests {
    private let story = Story { $0.partitions = 3 }
    private var bench: BrokerBench { story.bench }

    /// A client that lives in a partition.
    private func join(at partition: Int) -> Player {
        for number in 0..<100 {
            let player = story.join("client-\(partition)-\(number)", .v311)
            if player.wire.partition == partition { return player }
        }
        preconditionFailure("no client id leads to partition \(partition)")
    }

    /// A topic that partition 2 is home of, with a retained value 9; the publisher is in 1.
    private func topicOfTwo(_ publisher: Player) -> String {
        bench.settlesItself = false
        for number in 0..<100 {
            let topic = "r/\(number)"
            publisher.send(Wire.publish(.v311, topic, bytes: Wire.two(9), retain: true))
            bench.turn(1)
            let isThere = bench.letterCount(from: 1, to: 2) > 0
            bench.settle()
            if isThere { return topic }
        }
        preconditionFailure("no topic has its home in partition 2")
    }

    private func carry(_ from: Int, _ to: Int) {
        while bench.deliverLetter(from: from, to: to) {}
    }

    private func payloads(_ player: Player) -> [Int] {
        var found: [Int] = []
        while true {
            let packet = player.nextPacket()
            if packet.isEmpty { return found }
            if packet[0] & 0xF0 == 0x30 { found.append(Int(packet[packet.count - 1])) }
        }
    }

    @Test("A home's snapshot does not overtake what the publisher's partition sends itself")
    func detour() {
        let publisher = join(at: 1)
        let subscriber = join(at: 0)
        let topic = topicOfTwo(publisher)
        subscriber.send(Wire.subscribe(.v311, 1, [(topic, 0)]))
        bench.turn(0)
        // The filter is known everywhere, and 1 has answered the question for its own values.
        carry(0, 1)
        carry(0, 2)
        carry(1, 0)
        carry(2, 0)
        carry(0, 1)
        carry(1, 0)
        for value in 1...2 {
            publisher.send(Wire.publish(.v311, topic, bytes: Wire.two(value), retain: true))
        }
        bench.turn(1)
        // Both values reach the home, and its answer the subscriber, before they come directly.
        carry(1, 2)
        carry(0, 2)
        carry(2, 0)
        bench.turn(0)
        var found = payloads(subscriber)
        #expect(found == [])
        carry(1, 0)
        bench.settle()
        found += payloads(subscriber)
        #expect(found == [1, 2])
    }

    @Test("What was published before its partition knew the filter comes with the snapshot")
    func before() {
        let publisher = join(at: 1)
        let subscriber = join(at: 0)
        let topic = topicOfTwo(publisher)
        subscriber.send(Wire.subscribe(.v311, 1, [(topic, 0)]))
        bench.turn(0)
        carry(0, 2)
        publisher.send(Wire.publish(.v311, topic, bytes: Wire.two(1), retain: true))
        bench.turn(1)
        carry(0, 1)
        // The home is asked before it has the value, and waits for it.
        carry(1, 0)
        carry(2, 0)
        carry(0, 2)
        #expect(bench.letterCount(from: 2, to: 0) == 0)
        bench.settle()
        #expect(payloads(subscriber) == [1])
    }
}
