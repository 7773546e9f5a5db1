// SPDX-License-Identifier: Apache-2.0
// PUBLISH from a client: its form, the answers of each QoS, and what goes on to subscribers.

import Testing

@testable import Stage

@Suite("PUBLISH from a client") struct PublishTests {
    @Test(
        "QoS 0 is not answered and arrives",
        .v5("3.3.4-1", "4.3.1-1", "2.2.1-2"),
        .v311("4.3.1-1", "2.3.1-5", "3.3.4-1"),
        arguments: Version.allCases,
        Stage.allCases
    ) func qos0(version: Version, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a/b", 2)
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a/b", "x"))
        publisher.expectNothing()
        subscriber.expect(Wire.publish(version, "a/b", "x"))
    }

    @Test(
        "QoS 1 is answered with PUBACK and delivered with an id of the broker's own",
        .v5("3.3.4-1", "4.3.2-1", "4.3.2-2", "4.3.2-4", "2.2.1-4", "2.2.1-5"),
        .v311("4.3.2-1", "4.3.2-2", "2.3.1-1", "2.3.1-6", "3.3.4-1"),
        arguments: Version.allCases,
        Stage.allCases
    ) func qos1(version: Version, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a/b", 1)
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a/b", "x", qos: 1, id: 0x1234))
        publisher.expect("40 02 1234")
        subscriber.expect(Wire.publish(version, "a/b", "x", qos: 1, id: 1))
        subscriber.send(Wire.puback(1))
        subscriber.expectNothing()
    }

    @Test(
        "QoS 2 runs through its four packets on both sides",
        .v5(
            "4.3.3-1",
            "4.3.3-2",
            "4.3.3-4",
            "4.3.3-8",
            "4.3.3-11",
            "4.3.3-5",
            "3.3.4-1",
            "2.2.1-5"
        ),
        .v311("4.3.3-1", "4.3.3-2", "2.3.1-6", "3.3.4-1"),
        arguments: Version.allCases,
        Stage.allCases
    ) func qos2(version: Version, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a/b", 2)
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a/b", "x", qos: 2, id: 0xFFFF))
        publisher.expect("50 02 FFFF")
        publisher.send(Wire.pubrel(0xFFFF))
        publisher.expect("70 02 FFFF")
        subscriber.expect(Wire.publish(version, "a/b", "x", qos: 2, id: 1))
        subscriber.send(Wire.pubrec(1))
        subscriber.expect("62 02 0001")
        subscriber.send(Wire.pubcomp(1))
        subscriber.expectNothing()
    }

    @Test(
        "A QoS 2 message that is sent again is answered, and delivered once",
        .v5("4.3.3-10", "4.3.3-12"),
        .v311("4.3.3-2"),
        arguments: Version.allCases,
        Stage.allCases
    ) func twice(version: Version, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a")
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a", "x", qos: 2, id: 7))
        publisher.send(Wire.publish(version, "a", "x", qos: 2, id: 7, dup: true))
        publisher.send(Wire.publish(version, "a", "x", qos: 2, id: 7, dup: true))
        publisher.expect("50 02 0007 50 02 0007 50 02 0007")
        publisher.send(Wire.pubrel(7))
        publisher.expect("70 02 0007")
        subscriber.expect(Wire.publish(version, "a", "x"))
        publisher.send(Wire.publish(version, "a", "y", qos: 2, id: 7))
        publisher.expect("50 02 0007")
        subscriber.expect(Wire.publish(version, "a", "y"))
    }

    @Test(
        "After its PUBACK a QoS 1 message with the same id is a new one",
        .v5("4.3.2-5"),
        .v311("4.3.2-2"),
        arguments: Version.allCases
    ) func sameID(version: Version) {
        let story = Story()
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a")
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a", "x", qos: 1, id: 7))
        publisher.send(Wire.publish(version, "a", "x", qos: 1, id: 7, dup: true))
        publisher.expect("40 02 0007 40 02 0007")
        subscriber.expect(Wire.publish(version, "a", "x"), Wire.publish(version, "a", "x"))
    }

    @Test(
        "Without subscribers PUBACK of MQTT 5.0 says so; PUBREC and older versions do not",
        .v5("3.4.2-1", "3.5.2-1"),
        arguments: Stage.allCases
    ) func nobody(stage: Stage) {
        let story = Story(stage)
        let new = story.join("pub")
        new.send(Wire.publish(.v5, "a", "x", qos: 1, id: 1))
        new.expect("40 03 0001 10")
        new.send(Wire.publish(.v5, "a", "x", qos: 2, id: 2))
        new.expect("50 02 0002")
        new.send(Wire.pubrel(2))
        new.expect("70 02 0002")
        new.send(Wire.publish(.v5, "a", "x", qos: 1, id: 3, retain: true))
        new.expect("40 03 0003 10")
        let old = story.join("sub", .v311)
        old.send(Wire.publish(.v311, "a", "x", qos: 1, id: 1))
        old.expect("40 02 0001")
    }

    @Test(
        "PUBREL with an unknown id is answered",
        .v5("4.3.3-11"),
        .v311("4.3.3-2"),
        arguments: Version.allCases
    ) func unknownRelease(version: Version) {
        let client = Story().join("pub", version)
        client.send(Wire.pubrel(9))
        client.expect("70 02 0009")
    }

    @Test("PUBREL may come in all its lengths") func releaseLengths() {
        let client = Story().join("pub")
        let user = Property.user("key", "value")
        for rest in [[], [0], [0, 0], [0x92], [0] + Wire.block(.v5, user)] as [[UInt8]] {
            client.send(Wire.publish(.v5, "a", "x", qos: 2, id: 1))
            client.expect("50 02 0001")
            client.send(Wire.pubrel(1, rest))
            client.expect("70 02 0001")
        }
    }

    @Test("The flags of PUBREL are 0010", .v5("3.6.1-1"), .v311("3.6.1-1", "2.2.2-2"))
    func releaseFlags() {
        for first in [0x60, 0x61, 0x63, 0x64, 0x66, 0x6F] as [UInt8] {
            for version in [Version.v311, .v5] {
                let client = Story().join("pub", version)
                client.send([first, 2, 0, 1])
                client.expectDisconnect(0x81)
            }
        }
    }

    @Test(
        "Both QoS bits end the connection",
        .v5("3.3.1-4"),
        .v311("3.3.1-4"),
        arguments: Version.allCases
    ) func qos3(version: Version) {
        for flags in [0x06, 0x07, 0x0E, 0x0F] as [UInt8] {
            let client = Story().join("pub", version)
            let body = Wire.text("a") + Wire.two(1) + Wire.block(version, []) + [0x78]
            client.send(Wire.packet(0x30 | flags, body))
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "DUP with QoS 0 ends the connection",
        .v5("3.3.1-2"),
        .v311("3.3.1-2"),
        arguments: [Version.v311, .v5]
    )
    func dupQoS0(version: Version) {
        let client = Story().join("pub", version)
        client.send(Wire.publish(version, "a", "x", dup: true))
        client.expectDisconnect(0x81)
    }

    @Test(
        "A packet id of 0 ends the connection",
        .v5("2.2.1-3"),
        .v311("2.3.1-1"),
        arguments: Version.allCases
    )
    func idZero(version: Version) {
        for packet in [
            Wire.publish(version, "a", "x", qos: 1, id: 0),
            Wire.publish(version, "a", "x", qos: 2, id: 0),
            Wire.puback(0), Wire.pubrec(0), Wire.pubrel(0), Wire.pubcomp(0),
        ] {
            let client = Story().join("pub", version)
            client.send(packet)
            client.expectDisconnect(0x82)
        }
        for packet in [
            Wire.subscribe(version, 0, [("a", 0)]), Wire.unsubscribe(version, 0, ["a"]),
        ] {
            let client = Story().join("sub", version)
            client.send(packet)
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "A topic with wildcards ends the connection",
        .v5("3.3.2-2", "4.7.0-1"),
        .v311("3.3.2-2", "4.7.1-1"),
        arguments: ["#", "+", "a/#", "a/+", "+/a", "a+", "#a", "a#b"]
    )
    func wildcardTopics(topic: String) {
        for version in Version.allCases {
            let client = Story().join("pub", version)
            client.send(Wire.publish(version, topic, "x"))
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "A topic that is no UTF-8 ends the connection",
        .v5("1.5.4-1", "1.5.4-2", "3.3.2-1", "4.7.3-2"),
        .v311("1.5.3-1", "1.5.3-2", "3.3.2-1", "4.7.3-2"),
        arguments: ["00", "61 00 62", "C0 80", "ED A0 80", "F5 80 80 80", "80", "E2 82"]
    )
    func badTopics(topic: String) {
        for version in Version.allCases {
            let client = Story().join("pub", version)
            let body = Wire.field(hex(topic)) + Wire.block(version, []) + [0x78]
            client.send(Wire.packet(0x30, body))
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "An empty topic ends the connection",
        .v5("4.7.3-1"),
        .v311("4.7.3-1"),
        arguments: Version.allCases
    )
    func emptyTopic(version: Version) {
        let client = Story().join("pub", version)
        client.send(Wire.publish(version, "", "x"))
        client.expectDisconnect(0x82)
    }

    @Test("A PUBLISH that is cut off ends the connection", arguments: [Version.v311, .v5])
    func cutOff(version: Version) {
        let full = Wire.publish(version, "topic", "", qos: 1, id: 5, Property.alias(1))
        for count in 0..<full.count - 2 {
            let client = Story().join("pub", version)
            client.send(Wire.packet(0x32, Array(full[2..<2 + count])))
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "A topic of 65,535 bytes is delivered",
        .v5("4.7.3-3"),
        .v311("4.7.3-3"),
        arguments: Version.allCases
    )
    func longTopic(version: Version) {
        let story = Story { $0.limits.topicBytesMax = 65_535 }
        let topic = String(repeating: "t", count: 65_535)
        let client = story.join("sub", version)
        client.subscribe(topic)
        client.send(Wire.publish(version, topic, "x"))
        client.expect(Wire.publish(version, topic, "x"))
    }

    @Test("An empty payload is a message", arguments: Version.allCases)
    func emptyPayload(version: Version) {
        let client = Story().join("sub", version)
        client.subscribe("a")
        client.send(Wire.publish(version, "a", ""))
        client.expect(Wire.publish(version, "a", ""))
    }

    @Test("DUP is not passed on", .v5("3.3.1-3"), .v311("3.3.1-3"), arguments: Stage.allCases)
    func dupNotPassed(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub")
        subscriber.subscribe("a", 2)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "x", qos: 1, id: 1, dup: true))
        publisher.send(Wire.publish(.v5, "a", "y", qos: 2, id: 2, dup: true))
        subscriber.expect(
            Wire.publish(.v5, "a", "x", qos: 1, id: 1),
            Wire.publish(.v5, "a", "y", qos: 2, id: 2)
        )
    }

    @Test(
        "A message is delivered with the lower of both QoS",
        .v5("3.8.4-8"),
        .v311("3.8.4-6"),
        arguments: [0, 1, 2] as [UInt8],
        [0, 1, 2] as [UInt8]
    ) func lowerQoS(published: UInt8, granted: UInt8) {
        for stage in Stage.allCases {
            let story = Story(stage)
            let subscriber = story.join("sub", .v311)
            subscriber.subscribe("a", granted)
            let publisher = story.join("pub", .v311)
            publisher.send(Wire.publish(.v311, "a", "x", qos: published, id: 9))
            subscriber.expect(
                Wire.publish(.v311, "a", "x", qos: min(published, granted), id: 1)
            )
        }
    }

    @Test("Each subscriber gets the form of its own version", arguments: Stage.allCases)
    func mixedVersions(stage: Stage) {
        let story = Story(stage)
        let old = story.join("sub", .v31)
        old.subscribe("a", 1)
        let middle = story.join("sub2", .v311)
        middle.subscribe("a", 1)
        let new = story.join("sub3", .v5)
        new.subscribe("a", 1)
        let properties = Property.user("k", "v") + Property.contentType("text")
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "x", qos: 1, id: 5, properties))
        old.expect(Wire.publish(.v31, "a", "x", qos: 1, id: 1))
        middle.expect(Wire.publish(.v311, "a", "x", qos: 1, id: 1))
        new.expect(Wire.publish(.v5, "a", "x", qos: 1, id: 1, properties))
    }

    @Test("A QoS above the listener's highest ends the connection", .v5("3.2.2-11"))
    func aboveMaximum() {
        let story = Story { $0.listeners[0].maximumQoS = 1 }
        let client = story.join("pub")
        client.send(Wire.publish(.v5, "a", "x", qos: 1, id: 1))
        client.expect("40 03 0001 10")
        client.send(Wire.publish(.v5, "a", "x", qos: 2, id: 2))
        client.expectDisconnect(0x9B)
    }

    @Test("Where nothing is retained, a retained PUBLISH ends the connection", .v5("3.2.2-14"))
    func retainedNowhere() {
        let story = Story { $0.limits.retainedMessagesMax = 0 }
        let watcher = story.join("sub", .v311)
        watcher.subscribe("a")
        let client = story.join("pub")
        client.send(Wire.publish(.v5, "a", "x", retain: true))
        client.expectDisconnect(0x9A)
        // The older versions cannot tell; the message is a message like any other.
        let old = story.join("old", .v311)
        old.send(Wire.publish(.v311, "a", "y", retain: true))
        watcher.expect(Wire.publish(.v311, "a", "y"))
        let late = story.join("late", .v311)
        late.subscribe("a")
        late.expectNothing()
    }

    @Test("A PUBLISH to $SYS is refused", .v311("3.3.5-2"), arguments: Stage.inMemory) func system(
        stage: Stage
    ) {
        let story = Story(stage)
        let watcher = story.join("sub")
        watcher.subscribe("$SYS/#")
        let client = story.join("pub")
        client.send(Wire.publish(.v5, "$SYS/broker/uptime", "x", qos: 1, id: 1))
        client.expect("40 03 0001 87")
        client.send(Wire.publish(.v5, "$SYS/broker/uptime", "x", qos: 2, id: 2))
        client.expect("50 03 0002 87")
        client.send(Wire.publish(.v5, "$SYS/broker/uptime", "x"))
        client.expectNothing()
        let old = story.join("other", .v311)
        old.send(Wire.publish(.v311, "$SYS/x", "x", qos: 1, id: 1))
        old.expect("40 02 0001")
        watcher.expectNothing()
    }

    @Test("After a PUBREC with an error the id is free again", .v5("4.3.3-9"))
    func refusedRelease() {
        let client = Story().join("pub")
        client.send(Wire.publish(.v5, "$SYS/a", "x", qos: 2, id: 2))
        client.expect("50 03 0002 87")
        client.send(Wire.pubrel(2))
        client.expect("70 02 0002")
        client.send(Wire.publish(.v5, "a", "x", qos: 2, id: 2))
        client.expect("50 02 0002")
    }

    @Test("A PUBLISH to a topic that begins with $share is refused: nobody could read it")
    func dollarShare() {
        let client = Story().join("pub")
        client.subscribe("a")
        client.subscribe("$share/g/a")
        client.send(Wire.publish(.v5, "$share/g/a", "x"))
        client.expectNothing()
        client.send(Wire.publish(.v5, "$share/g/a", "x", qos: 1, id: 1))
        client.expect("40 03 0001 87")
        client.send(Wire.publish(.v5, "$share/g/a", "x", qos: 2, id: 2))
        client.expect("50 03 0002 87")
        client.send(Wire.publish(.v5, "$shared/g/a", "x", qos: 1, id: 3))
        client.expect("40 03 0003 10")
    }

    @Test(
        "Who subscribes to its own topic has the answer before its own copy",
        arguments: Version.allCases,
        Stage.allCases
    ) func ownCopy(version: Version, stage: Stage) {
        let client = Story(stage).join("sub", version)
        client.subscribe("a", 2)
        client.send(Wire.publish(version, "a", "x", qos: 1, id: 7))
        client.expect(Wire.puback(7), Wire.publish(version, "a", "x", qos: 1, id: 1))
        client.send(Wire.puback(1))
        client.send(Wire.publish(version, "a", "y", qos: 2, id: 8, retain: true))
        client.expect(Wire.pubrec(8), Wire.publish(version, "a", "y", qos: 2, id: 2))
    }
}
