// SPDX-License-Identifier: Apache-2.0
// Order: of one publisher's messages on a topic, through windows, queues and partitions.

import Testing

@testable import Stage

@Suite("Order") struct OrderTests {
    private func payloads(_ player: Player) -> [Int] {
        var found: [Int] = []
        while true {
            let packet = player.nextPacket()
            if packet.isEmpty { return found }
            guard packet[0] & 0xF0 == 0x30 else { continue }
            found.append(Int(packet[packet.count - 2]) << 8 | Int(packet[packet.count - 1]))
        }
    }

    @Test(
        "Messages of one QoS arrive in the order they were sent",
        .v5("4.6.0-5", "4.6.0-6"),
        .v311("4.6.0-5", "4.6.0-6"),
        arguments: [0, 1, 2] as [UInt8],
        Stage.allCases
    ) func order(qos: UInt8, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", .v311)
        subscriber.subscribe("a", qos)
        let publisher = story.join("pub", .v311)
        for index in 1...500 {
            let number = Wire.two(index)
            publisher.send(Wire.publish(.v311, "a", bytes: number, qos: qos, id: index))
        }
        #expect(payloads(subscriber) == Array(1...500))
    }

    @Test(
        "Messages of all QoS to one subscriber keep their order while it keeps up",
        arguments: Stage.allCases
    )
    func mixed(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub")
        subscriber.subscribe("a", 2)
        let publisher = story.join("pub")
        for index in 1...90 {
            let qos = UInt8(index % 3)
            publisher.send(
                Wire.publish(.v5, "a", bytes: Wire.two(index), qos: qos, id: index)
            )
        }
        #expect(payloads(subscriber) == Array(1...90))
    }

    @Test(
        "Out of a full window messages come in order",
        .v5("4.6.0-5"),
        arguments: Stage.allCases
    )
    func window(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", Property.receiveMaximum(4))
        subscriber.subscribe("a", 1)
        let publisher = story.join("pub")
        for index in 1...40 {
            publisher.send(Wire.publish(.v5, "a", bytes: Wire.two(index), qos: 1, id: index))
        }
        var found: [Int] = []
        var acknowledged = 0
        while acknowledged < 40 {
            found += payloads(subscriber)
            // The last of the window first: gaps must not let anything overtake.
            for id in stride(from: found.count, to: acknowledged, by: -1) {
                subscriber.send(Wire.puback(id))
            }
            acknowledged = found.count
        }
        found += payloads(subscriber)
        #expect(found == Array(1...40))
    }

    @Test(
        "QoS 0 waits its turn behind queued messages of the same topic",
        arguments: Stage.allCases
    )
    func behindQueue(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", Property.receiveMaximum(1))
        subscriber.subscribe("a", 1)
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, "a", bytes: Wire.two(1), qos: 1, id: 1),
            Wire.publish(.v5, "a", bytes: Wire.two(2), qos: 1, id: 2),
            Wire.publish(.v5, "a", bytes: Wire.two(3))
        )
        var found = payloads(subscriber)
        subscriber.send(Wire.puback(1))
        found += payloads(subscriber)
        subscriber.send(Wire.puback(2))
        found += payloads(subscriber)
        #expect(found.filter { $0 != 3 } == [1, 2])
        #expect(found.count == 3)
    }

    @Test(
        "A session that comes back gets queue and news in order",
        .v5("4.6.0-5"),
        arguments: Stage.allCases
    )
    func comingBack(stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub", .v311, clean: false)
        first.subscribe("a", 1)
        first.cut()
        let publisher = story.join("pub", .v311)
        for index in 1...20 {
            publisher.send(Wire.publish(.v311, "a", bytes: Wire.two(index), qos: 1, id: index))
        }
        let back = story.join("sub", .v311, clean: false)
        for index in 21...40 {
            publisher.send(Wire.publish(.v311, "a", bytes: Wire.two(index), qos: 1, id: index))
        }
        #expect(payloads(back) == Array(1...40))
    }

    @Test(
        "A subscriber that reads slowly loses nothing of QoS 1 and keeps the order",
        arguments: Stage.inMemory
    )
    func slowReader(stage: Stage) {
        let story = Story(stage) { $0.limits.outBytesMax = 2000 }
        let subscriber = story.join("sub", .v311)
        subscriber.subscribe("a", 1)
        subscriber.wire.receivesBytesMax = 0
        let publisher = story.join("pub", .v311)
        let filling = [UInt8](repeating: 0, count: 98)
        for index in 1...100 {
            let payload = filling + Wire.two(index)
            publisher.send(Wire.publish(.v311, "a", bytes: payload, qos: 1, id: index))
        }
        subscriber.wire.receivesBytesMax = .max
        #expect(payloads(subscriber) == Array(1...100))
    }

    @Test("A retained snapshot never comes after a newer live value", arguments: Stage.inMemory)
    func snapshot(stage: Stage) {
        let story = Story(stage)
        let publisher = story.join("pub", .v311)
        let subscriber = story.join("sub", .v311)
        publisher.send(Wire.publish(.v311, "a", bytes: Wire.two(1), retain: true))
        story.bench.settlesItself = false
        subscriber.send(Wire.subscribe(.v311, 1, [("a", 0)]))
        publisher.send(Wire.publish(.v311, "a", bytes: Wire.two(2), retain: true))
        story.bench.settlesItself = true
        story.bench.settle()
        let found = payloads(subscriber)
        #expect(found.last == 2 && found == found.sorted())
    }

    @Test("Two publishers' messages each keep their order", arguments: Stage.allCases)
    func twoPublishers(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("other", .v311)
        subscriber.subscribe("a", 1)
        let publishers = [story.join("pub", .v311), story.join("sub", .v311)]
        for index in 1...50 {
            for (number, publisher) in publishers.enumerated() {
                let payload = Wire.two(number * 1000 + index)
                publisher.send(Wire.publish(.v311, "a", bytes: payload, qos: 1, id: index))
            }
        }
        let found = payloads(subscriber)
        #expect(found.filter { $0 < 1000 } == Array(1...50))
        #expect(found.filter { $0 > 1000 } == Array(1001...1050))
    }
}
