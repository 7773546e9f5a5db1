// SPDX-License-Identifier: Apache-2.0
// What the broker sends again when a client comes back, and what it does with acknowledgements.

import Testing

@testable import Stage

@Suite("Delivery to a client") struct RedeliveryTests {
    private func properties(_ version: Version, _ more: [UInt8] = []) -> [UInt8] {
        version == .v5 ? Property.sessionExpiry(1000) + more : []
    }

    @Test(
        "What was not acknowledged is sent again with DUP, the same ids and in order",
        .v5("4.4.0-1", "3.3.1-1", "4.3.2-3", "4.3.3-3", "4.6.0-1"),
        .v311("4.4.0-1", "3.3.1-1", "4.6.0-1", "2.3.1-3", "2.3.1-4"),
        arguments: Version.allCases,
        Stage.allCases
    ) func again(version: Version, stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub", version, clean: false, properties(version))
        first.subscribe("#", 2)
        let publisher = story.join("pub", version)
        for id in 1...6 {
            publisher.send(
                Wire.publish(version, "t/\(id)", "\(id)", qos: id % 2 == 0 ? 2 : 1, id: id)
            )
        }
        _ = first.take()
        first.send(Wire.puback(3), Wire.pubrec(2))
        first.expect("62 02 0002")
        first.cut()
        let second = story.join("sub", version, clean: false, properties(version))
        second.expect(
            Wire.publish(version, "t/1", "1", qos: 1, id: 1, dup: true),
            Wire.pubrel(2),
            Wire.publish(version, "t/4", "4", qos: 2, id: 4, dup: true),
            Wire.publish(version, "t/5", "5", qos: 1, id: 5, dup: true),
            Wire.publish(version, "t/6", "6", qos: 2, id: 6, dup: true)
        )
    }

    @Test("Sent again means on each new connection", .v5("4.4.0-1"), .v311("4.4.0-1"))
    func eachTime() {
        let story = Story()
        let first = story.join("sub", .v311, clean: false)
        first.subscribe("a", 1)
        story.join("pub", .v311).send(Wire.publish(.v311, "a", "x", qos: 1, id: 1))
        first.expect(Wire.publish(.v311, "a", "x", qos: 1, id: 1))
        first.cut()
        for _ in 0..<3 {
            let client = story.join("sub", .v311, clean: false)
            client.expect(Wire.publish(.v311, "a", "x", qos: 1, id: 1, dup: true))
            client.cut()
        }
        let last = story.join("sub", .v311, clean: false)
        last.send(Wire.puback(1))
        last.cut()
        story.join("sub", .v311, clean: false).expectNothing()
    }

    @Test("On a connection that lives nothing is sent again", .v5("4.4.0-1"))
    func notByTime() {
        let story = Story()
        let client = story.join("sub", Property.sessionExpiry(10))
        client.subscribe("a", 2)
        story.join("pub").send(
            Wire.publish(.v5, "a", "1", qos: 1, id: 1),
            Wire.publish(.v5, "a", "2", qos: 2, id: 2)
        )
        _ = client.take()
        story.advance(seconds: 100_000)
        client.expectNothing()
    }

    @Test(
        "A PUBREL that was not answered is sent again, the message is not",
        .v5("4.3.3-6", "4.3.3-5", "4.4.0-1"),
        .v311("4.3.3-1"),
        arguments: Version.allCases
    )
    func releaseAgain(version: Version) {
        let story = Story()
        let first = story.join("sub", version, clean: false, properties(version))
        first.subscribe("a", 2)
        story.join("pub", version).send(Wire.publish(version, "a", "x", qos: 2, id: 1))
        first.expect(Wire.publish(version, "a", "x", qos: 2, id: 1))
        first.send(Wire.pubrec(1))
        first.expect("62 02 0001")
        first.cut()
        let second = story.join("sub", version, clean: false, properties(version))
        second.expect("62 02 0001")
        second.send(Wire.pubrec(1))
        second.expect("62 02 0001")
        second.send(Wire.pubcomp(1))
        second.cut()
        story.join("sub", version, clean: false, properties(version)).expectNothing()
    }

    @Test(
        "New messages come after those that are sent again",
        .v5("4.6.0-5"),
        .v311("4.6.0-6"),
        arguments: Version.allCases,
        Stage.allCases
    )
    func afterAgain(version: Version, stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub", version, clean: false, properties(version))
        first.subscribe("a", 1)
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a", "1", qos: 1, id: 1))
        _ = first.take()
        first.cut()
        publisher.send(Wire.publish(version, "a", "2", qos: 1, id: 2))
        let second = story.join("sub", version, clean: false, properties(version))
        publisher.send(Wire.publish(version, "a", "3", qos: 1, id: 3))
        second.expect(
            Wire.publish(version, "a", "1", qos: 1, id: 1, dup: true),
            Wire.publish(version, "a", "2", qos: 1, id: 2),
            Wire.publish(version, "a", "3", qos: 1, id: 3)
        )
    }

    @Test(
        "A message is sent again with its identifiers, retain flag and the rest of its life",
        .v5("3.3.4-3", "3.3.2-6")
    )
    func againComplete() {
        let story = Story()
        let first = story.join("sub", Property.sessionExpiry(1000))
        first.subscribe("a", 0x09, Property.subscription(3))
        let own = Property.user("k", "v")
        story.join("pub").send(
            Wire.publish(
                .v5,
                "a",
                "x",
                qos: 1,
                id: 1,
                retain: true,
                Property.messageExpiry(100) + own
            )
        )
        let tail = Property.messageExpiry(100) + Property.subscription(3)
        first.expect(Wire.publish(.v5, "a", "x", qos: 1, id: 1, retain: true, own + tail))
        first.cut()
        story.advance(seconds: 40)
        let second = story.join("sub", Property.sessionExpiry(1000), clean: false)
        let rest = Property.messageExpiry(60) + Property.subscription(3)
        second.expect(
            Wire.publish(.v5, "a", "x", qos: 1, id: 1, dup: true, retain: true, own + rest)
        )
    }

    @Test("A refusal by PUBACK or PUBREC ends the delivery", .v5("4.4.0-2"))
    func refusals() {
        let story = Story()
        let first = story.join("sub", Property.sessionExpiry(1000))
        first.subscribe("a", 2)
        story.join("pub").send(
            Wire.publish(.v5, "a", "1", qos: 1, id: 1),
            Wire.publish(.v5, "a", "2", qos: 2, id: 2)
        )
        _ = first.take()
        first.send(Wire.puback(1, [0x97]), Wire.pubrec(2, [0x87]))
        first.expectNothing()
        first.cut()
        story.join("sub", Property.sessionExpiry(1000), clean: false).expectNothing()
    }

    @Test(
        "PUBREC with an unknown id is answered with PUBREL",
        .v5("4.3.3-4"),
        arguments: Version.allCases
    )
    func unknownReceived(version: Version) {
        let client = Story().join("sub", version)
        client.send(Wire.pubrec(77))
        client.expect("62 02 004D")
    }

    @Test(
        "PUBACK and PUBCOMP with an unknown id are late answers, and left alone",
        arguments: Version.allCases
    )
    func unknownAnswers(version: Version) {
        let client = Story().join("sub", version)
        client.send(Wire.puback(5), Wire.pubcomp(6))
        client.expectNothing()
    }

    @Test(
        "An acknowledgement of another QoS ends the connection",
        .v311("4.8.0-1"),
        .v5("4.13.1-1"),
        arguments: Version.allCases
    )
    func otherAcknowledgement(version: Version) {
        let wrong: [(UInt8, [[UInt8]])] = [
            (1, [Wire.pubrec(1)]), (1, [Wire.pubcomp(1)]), (2, [Wire.puback(1)]),
            (2, [Wire.pubcomp(1)]), (2, [Wire.pubrec(1), Wire.puback(1)]),
        ]
        for (qos, packets) in wrong {
            let story = Story()
            let client = story.join("sub", version)
            client.subscribe("a", qos)
            story.join("pub", version).send(Wire.publish(version, "a", "x", qos: qos, id: 1))
            client.expect(Wire.publish(version, "a", "x", qos: qos, id: 1))
            for packet in packets {
                _ = client.take()
                client.send(packet)
            }
            client.expectDisconnect(0x82)
        }
    }

    @Test(
        "Acknowledgements carry the reason codes of their packet only",
        .v5("3.4.2-1", "3.5.2-1", "3.6.2-1", "3.7.2-1")
    )
    func reasonCodes() {
        let good: [(UInt8, [UInt8])] = [
            (0x40, [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]),
            (0x62, [0, 0x92]), (0x70, [0, 0x92]),
        ]
        for (first, codes) in good {
            for code in 0...255 as ClosedRange<UInt8> {
                let client = Story().join("sub")
                client.send([first, 3, 0, 9, code])
                if codes.contains(code) {
                    client.send(Wire.pingreq)
                    #expect(show(client.take()).hasSuffix("D0 00"))
                } else {
                    client.expectDisconnect(0x82)
                }
            }
        }
    }

    @Test("Acknowledgements take a reason string and user properties, and no others")
    func acknowledgementProperties() {
        for first in [0x40, 0x50, 0x62, 0x70] as [UInt8] {
            let fine = Property.reason("r") + Property.user("a", "b") + Property.user("a", "c")
            let client = Story().join("sub")
            client.send(Wire.packet(first, [0, 9, 0] + Wire.block(.v5, fine)))
            client.send(Wire.pingreq)
            #expect(show(client.take()).hasSuffix("D0 00"))
            let wrong: [([UInt8], UInt8)] = [
                (Property.reason("r") + Property.reason("r"), 0x82), (Property.alias(1), 0x82),
                (hex("1F 0001 00"), 0x81), (hex("1F 0009 61"), 0x81),
            ]
            for (block, code) in wrong {
                let other = Story().join("sub")
                other.send(Wire.packet(first, [0, 9, 0] + Wire.block(.v5, block)))
                other.expectDisconnect(code)
            }
        }
    }

    @Test("Acknowledgements of the wrong length end the connection", arguments: Version.allCases)
    func acknowledgementLength(version: Version) {
        for first in [0x40, 0x50, 0x62, 0x70] as [UInt8] {
            for body in [[], [0], [0, 9, 0, 0, 0], [0, 9, 0, 5, 0]] as [[UInt8]] {
                let client = Story().join("sub", version)
                client.send(Wire.packet(first, body))
                client.expectDisconnect(0x81)
            }
            if version != .v5 {
                let client = Story().join("sub", version)
                client.send(Wire.packet(first, [0, 9, 0]))
                client.expectEnd()
            }
        }
    }

    @Test(
        "Packet ids run to 65,535 and begin again with 1, past those in use",
        .v5("2.2.1-4"),
        .v311("2.3.1-4")
    )
    func idsWrap() {
        let story = Story()
        let client = story.join("sub", .v311)
        client.subscribe("a", 1)
        let publisher = story.join("pub", .v311)
        let message = Wire.publish(.v311, "a", "x", qos: 1, id: 1)
        for id in 1...65_535 {
            publisher.send(message)
            let found = client.take()
            guard found.count == 8, Int(found[5]) << 8 | Int(found[6]) == id else {
                Issue.record("id \(id): \(show(found))")
                return
            }
            client.send(Wire.puback(id))
        }
        publisher.send(message)
        client.expect(Wire.publish(.v311, "a", "x", qos: 1, id: 1))
    }
}
