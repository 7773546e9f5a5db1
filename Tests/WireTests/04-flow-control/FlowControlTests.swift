// SPDX-License-Identifier: Apache-2.0
// Receive maximum in both directions, packet sizes in both directions, queues and their limits.

import Testing

@testable import Stage

@Suite("Flow control and sizes") struct FlowControlTests {
    @Test(
        "No more than the client's receive maximum is under way to it",
        .v5("3.3.4-9", "4.9.0-1", "4.9.0-2"),
        arguments: Stage.allCases,
        [1, 2, 5]
    ) func window(stage: Stage, maximum: Int) {
        let story = Story(stage)
        let subscriber = story.join("sub", Property.receiveMaximum(maximum))
        subscriber.subscribe("a", 2)
        let publisher = story.join("pub")
        for index in 1...10 {
            publisher.send(Wire.publish(.v5, "a", "\(index % 10)", qos: 1, id: index))
        }
        subscriber.expect(
            (1...maximum).flatMap { Wire.publish(.v5, "a", "\($0)", qos: 1, id: $0) }
        )
        for index in 1...10 - maximum {
            subscriber.send(Wire.puback(index))
            let next = index + maximum
            subscriber.expect(Wire.publish(.v5, "a", "\(next % 10)", qos: 1, id: next))
        }
    }

    @Test("A QoS 2 exchange counts until PUBCOMP or an error", .v5("3.3.4-9", "4.9.0-2"))
    func windowQoS2() {
        let story = Story()
        let subscriber = story.join("sub", Property.receiveMaximum(1))
        subscriber.subscribe("a", 2)
        let publisher = story.join("pub")
        for index in 1...4 {
            publisher.send(Wire.publish(.v5, "a", "\(index)", qos: 2, id: index))
        }
        subscriber.expect(Wire.publish(.v5, "a", "1", qos: 2, id: 1))
        subscriber.send(Wire.pubrec(1))
        subscriber.expect("62 02 0001")
        subscriber.send(Wire.pubcomp(1))
        subscriber.expect(Wire.publish(.v5, "a", "2", qos: 2, id: 2))
        subscriber.send(Wire.pubrec(2, [0x80]))
        subscriber.expect(Wire.publish(.v5, "a", "3", qos: 2, id: 3))
    }

    @Test("A full window delays messages only", .v5("3.3.4-10", "4.9.0-3"))
    func othersGoOn() {
        let story = Story()
        let subscriber = story.join("sub", Property.receiveMaximum(1))
        subscriber.subscribe("a", 1)
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, "a", "1", qos: 1, id: 1),
            Wire.publish(.v5, "a", "2", qos: 1, id: 2)
        )
        subscriber.expect(Wire.publish(.v5, "a", "1", qos: 1, id: 1))
        subscriber.send(Wire.pingreq)
        subscriber.expect(Wire.pingresp)
        subscriber.send(Wire.publish(.v5, "b", "x", qos: 2, id: 1), Wire.pubrel(1))
        subscriber.expect("50 02 0001 70 02 0001")
        subscriber.send(Wire.subscribe(.v5, 1, [("c", 0)]), Wire.unsubscribe(.v5, 2, ["c"]))
        subscriber.expect(Wire.suback(.v5, 1, [0]), Wire.unsuback(.v5, 2, [0]))
    }

    @Test("After coming back the new receive maximum counts", .v5("4.9.0-1"))
    func newMaximum() {
        let story = Story()
        let first = story.join("sub", Property.sessionExpiry(100))
        first.subscribe("a", 1)
        let publisher = story.join("pub")
        for index in 1...3 {
            publisher.send(Wire.publish(.v5, "a", "\(index)", qos: 1, id: index))
        }
        _ = first.take()
        first.cut()
        let back = story.join(
            "sub",
            Property.sessionExpiry(100) + Property.receiveMaximum(2),
            clean: false,
            present: true
        )
        back.expect(
            Wire.publish(.v5, "a", "1", qos: 1, id: 1, dup: true),
            Wire.publish(.v5, "a", "2", qos: 1, id: 2, dup: true)
        )
        back.send(Wire.puback(1))
        back.expect(Wire.publish(.v5, "a", "3", qos: 1, id: 3, dup: true))
    }

    @Test("The broker's own bound holds for clients without one", arguments: Version.allCases)
    func ownBound(version: Version) {
        let story = Story { $0.limits.inFlightMax = 3 }
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a", 1)
        let publisher = story.join("pub", version)
        for index in 1...5 {
            publisher.send(Wire.publish(version, "a", "\(index)", qos: 1, id: index))
        }
        subscriber.expect(
            (1...3).flatMap { Wire.publish(version, "a", "\($0)", qos: 1, id: $0) }
        )
        subscriber.send(Wire.puback(2), Wire.puback(1))
        subscriber.expect(
            (4...5).flatMap { Wire.publish(version, "a", "\($0)", qos: 1, id: $0) }
        )
    }

    @Test(
        "A client may have as many QoS 2 messages open as the broker's receive maximum",
        .v5("3.3.4-7"),
        arguments: Stage.allCases
    )
    func inboundMaximum(stage: Stage) {
        let story = Story(stage) { $0.limits.receiveMaximum = 3 }
        let client = story.join("pub")
        for id in 1...3 { client.send(Wire.publish(.v5, "a", "x", qos: 2, id: id)) }
        client.expect("50 02 0001 50 02 0002 50 02 0003")
        client.send(Wire.publish(.v5, "a", "x", qos: 2, id: 2, dup: true))
        client.expect("50 02 0002")
        client.send(Wire.pubrel(1))
        client.expect("70 02 0001")
        client.send(Wire.publish(.v5, "a", "x", qos: 2, id: 4))
        client.expect("50 02 0004")
        client.send(Wire.publish(.v5, "a", "x", qos: 2, id: 5))
        client.expectDisconnect(0x93)
    }

    @Test("QoS 1 is answered at once and never exceeds the receive maximum", .v5("3.3.4-7"))
    func inboundQoS1() {
        let story = Story { $0.limits.receiveMaximum = 1 }
        let client = story.join("pub")
        client.send((1...50).flatMap { Wire.publish(.v5, "a", "x", qos: 1, id: $0) })
        client.expect((1...50).flatMap { hex("40 03 00") + [UInt8($0), 0x10] })
    }

    // MARK: Sizes

    @Test(
        "A packet of the largest size is taken, one byte more is not",
        .v5("3.2.2-15"),
        arguments: Version.allCases,
        Stage.allCases
    ) func packetLimit(version: Version, stage: Stage) {
        let story = Story(stage) { $0.limits.packetBytesMax = 1000 }
        let client = story.join("sub", version)
        client.subscribe("a")
        let overhead = Wire.publish(version, "a", "").count + 1
        let fits = String(repeating: "x", count: 1000 - overhead)
        client.send(Wire.publish(version, "a", fits))
        client.expect(Wire.publish(version, "a", fits))
        client.send(Wire.publish(version, "a", fits + "x"))
        client.expectDisconnect(0x95)
    }

    @Test("A packet that is too large is refused by its header alone", .v5("3.2.2-15"))
    func tooLargeByHeader() {
        let story = Story()
        let client = story.join("pub")
        client.send("30 FF FF FF 7F")
        client.expectDisconnect(0x95)
        let early = story.open()
        early.send("10 81 80 40")
        early.expectEnd()
    }

    @Test(
        "A message larger than the client takes is not sent, and counts as delivered with its id",
        .v5("3.1.2-24", "3.1.2-25"),
        arguments: [0, 1, 2] as [UInt8],
        Stage.allCases
    ) func clientLimit(qos: UInt8, stage: Stage) {
        let story = Story(stage)
        let limit = Wire.publish(.v5, "a", "1234567890", qos: qos, id: 1).count
        let subscriber = story.join("sub", Property.packetMaximum(limit))
        subscriber.subscribe("a", 2)
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, "a", "1234567890", qos: qos, id: 1),
            Wire.publish(.v5, "a", "12345678901", qos: qos, id: 2),
            Wire.publish(.v5, "a", "1234567890", qos: qos, id: 3)
        )
        subscriber.expect(
            Wire.publish(.v5, "a", "1234567890", qos: qos, id: 1),
            Wire.publish(.v5, "a", "1234567890", qos: qos, id: 3)
        )
    }

    @Test("Too large counts with identifiers, alias and expiry", .v5("3.1.2-24"))
    func clientLimitProperties() {
        let story = Story()
        let plain = Wire.publish(.v5, "a", "x").count
        let subscriber = story.join("sub", Property.packetMaximum(plain + 16))
        subscriber.subscribe("a", 0, Property.subscription(1))
        let publisher = story.join("pub")
        let text = String(repeating: "x", count: 16)
        publisher.send(Wire.publish(.v5, "a", text), Wire.publish(.v5, "a", "y"))
        subscriber.expect(Wire.publish(.v5, "a", "y", Property.subscription(1)))
    }

    @Test(
        "A message too large for its receiver waits no longer when it was queued",
        .v5("3.1.2-25")
    )
    func queuedTooLarge() {
        let story = Story()
        let first = story.join("sub", Property.sessionExpiry(100))
        first.subscribe("a", 1)
        first.cut()
        let publisher = story.join("pub")
        let long = String(repeating: "x", count: 100)
        publisher.send(
            Wire.publish(.v5, "a", long, qos: 1, id: 1),
            Wire.publish(.v5, "a", "y", qos: 1, id: 2)
        )
        let properties = Property.sessionExpiry(100) + Property.packetMaximum(50)
        let back = story.join("sub", properties, clean: false, present: true)
        back.expect(Wire.publish(.v5, "a", "y", qos: 1, id: 2))
        back.send(Wire.puback(2))
        back.cut()
        story.join("sub", Property.sessionExpiry(100), clean: false).expectNothing()
    }

    @Test("SUBACK is not sent to a client that cannot take it", .v5("3.1.2-24"))
    func tinySuback() {
        let client = Story().join("sub", Property.packetMaximum(16))
        client.send(Wire.subscribe(.v5, 1, (0..<11).map { ("t/\($0)", 0) }))
        client.expect(Wire.suback(.v5, 1, Array(repeating: 0, count: 11)))
        client.send(Wire.subscribe(.v5, 2, (0..<12).map { ("t/\($0)", 0) }))
        client.expectNothing()
    }

    // MARK: Queues

    @Test("A session's queue has a limit in messages", arguments: Stage.allCases)
    func queueLimit(stage: Stage) {
        let story = Story(stage) { $0.limits.queuedMessagesMax = 3 }
        let first = story.join("sub", Property.sessionExpiry(100))
        first.subscribe("a", 1)
        first.cut()
        let publisher = story.join("pub")
        for index in 1...4 {
            publisher.send(Wire.publish(.v5, "a", "\(index)", qos: 1, id: index))
        }
        let back = story.join("sub", Property.sessionExpiry(100), clean: false)
        back.expect((1...3).flatMap { Wire.publish(.v5, "a", "\($0)", qos: 1, id: $0) })
    }

    @Test("A session's queue has a limit in bytes") func queueBytes() {
        let story = Story { $0.limits.queuedBytesMax = 30 }
        let first = story.join("sub", Property.sessionExpiry(100))
        first.subscribe("a", 1)
        first.cut()
        let publisher = story.join("pub")
        // Each message is 10 bytes: topic and payload.
        for index in 1...4 {
            publisher.send(Wire.publish(.v5, "a", "12345678\(index)", qos: 1, id: index))
        }
        let back = story.join("sub", Property.sessionExpiry(100), clean: false)
        back.expect(
            (1...3).flatMap { Wire.publish(.v5, "a", "12345678\($0)", qos: 1, id: $0) }
        )
    }

    @Test("A queue that was emptied takes messages again") func queueAgain() {
        let story = Story { $0.limits.queuedMessagesMax = 2 }
        let publisher = story.join("pub")
        let subscriber = story.join("sub", Property.sessionExpiry(100))
        subscriber.subscribe("a", 1)
        subscriber.cut()
        for round in 0..<3 {
            for index in 1...3 {
                publisher.send(Wire.publish(.v5, "a", "\(index)", qos: 1, id: index))
            }
            let back = story.join("sub", Property.sessionExpiry(100), clean: false)
            let packets = [back.nextPacket(), back.nextPacket()]
            #expect(packets.map(\.last) == [0x31, 0x32], "round \(round)")
            back.expectNothing()
            for packet in packets {
                back.send(Wire.puback(Int(packet[5]) << 8 | Int(packet[6])))
            }
            back.cut()
        }
    }
}
