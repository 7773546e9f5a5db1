// SPDX-License-Identifier: Apache-2.0
// UNSUBSCRIBE and UNSUBACK.

import Testing

@testable import Stage

@Suite("UNSUBSCRIBE") struct UnsubscribeTests {
    @Test(
        "UNSUBACK has the packet id and, in MQTT 5.0, a code for each filter",
        .v5("3.10.4-4", "3.10.4-5", "3.10.4-6", "3.11.3-1", "3.11.3-2", "2.2.1-6"),
        .v311("3.10.4-4", "3.10.4-5", "3.10.4-6", "2.3.1-7"),
        arguments: Version.allCases,
        Stage.allCases
    ) func codes(version: Version, stage: Stage) {
        let client = Story(stage).join("sub", version)
        client.subscribe("a")
        client.subscribe("b/#")
        client.send(Wire.unsubscribe(version, 0xABCD, ["a", "none", "b/#", "a"]))
        client.expect(Wire.unsuback(version, 0xABCD, [0, 0x11, 0, 0x11]))
    }

    @Test(
        "After UNSUBACK no new message comes",
        .v5("3.10.4-2"),
        .v311("3.10.4-2"),
        arguments: Version.allCases,
        Stage.allCases
    ) func stops(version: Version, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a")
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a", "1"))
        subscriber.expect(Wire.publish(version, "a", "1"))
        subscriber.send(Wire.unsubscribe(version, 1, ["a"]))
        subscriber.expect(Wire.unsuback(version, 1, [0]))
        publisher.send(Wire.publish(version, "a", "2"))
        subscriber.expectNothing()
    }

    @Test(
        "Filters are compared byte for byte",
        .v5("3.10.4-1"),
        .v311("3.10.4-1"),
        arguments: ["a/+", "A/b", "a/b/", "/a/b", "a//b", "#", "a/#"]
    ) func bytes(filter: String) {
        let client = Story().join("sub")
        client.subscribe("a/b")
        client.send(Wire.unsubscribe(.v5, 1, [filter]))
        client.expect(Wire.unsuback(.v5, 1, [0x11]))
        client.send(Wire.publish(.v5, "a/b", "x"))
        client.expect(Wire.publish(.v5, "a/b", "x"))
    }

    @Test("One of several subscriptions goes, the others stay", arguments: Stage.allCases)
    func others(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub")
        subscriber.subscribe("a", 2)
        subscriber.subscribe("+", 1)
        subscriber.subscribe("#", 0)
        let publisher = story.join("pub")
        for (gone, qos) in [("a", 1), ("+", 0)] as [(String, UInt8)] {
            subscriber.send(Wire.unsubscribe(.v5, 1, [gone]))
            subscriber.expect(Wire.unsuback(.v5, 1, [0]))
            publisher.send(Wire.publish(.v5, "a", "x", qos: 2, id: 1), Wire.pubrel(1))
            let message = subscriber.nextPacket()
            #expect(message.first == 0x30 | qos << 1)
            subscriber.expectNothing()
        }
    }

    @Test(
        "A delivery that has begun is finished after UNSUBSCRIBE",
        .v5("3.10.4-3"),
        .v311("3.10.4-3"),
        arguments: Version.allCases
    ) func finishes(version: Version) {
        let story = Story()
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a", 2)
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a", "x", qos: 2, id: 1))
        subscriber.expect(Wire.publish(version, "a", "x", qos: 2, id: 1))
        subscriber.send(Wire.unsubscribe(version, 1, ["a"]))
        subscriber.expect(Wire.unsuback(version, 1, [0]))
        subscriber.send(Wire.pubrec(1))
        subscriber.expect("62 02 0001")
        subscriber.send(Wire.pubcomp(1))
        subscriber.expectNothing()
    }

    @Test(
        "UNSUBSCRIBE without a filter ends the connection",
        .v5("3.10.3-2"),
        .v311("3.10.3-2"),
        arguments: Version.allCases
    ) func noFilter(version: Version) {
        let client = Story().join("sub", version)
        client.send(Wire.unsubscribe(version, 1, []))
        client.expectDisconnect(0x82)
    }

    @Test(
        "The flags of UNSUBSCRIBE are 0010",
        .v5("3.10.1-1"),
        .v311("3.10.1-1"),
        arguments: [Version.v311, .v5]
    )
    func flags(version: Version) {
        for first in [0xA0, 0xA1, 0xA3, 0xA4, 0xA6, 0xAA, 0xAF] as [UInt8] {
            var packet = Wire.unsubscribe(version, 1, ["a"])
            packet[0] = first
            let client = Story().join("sub", version)
            client.send(packet)
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "A filter that is no filter ends the connection",
        .v5("3.10.3-1"),
        .v311("3.10.3-1"),
        arguments: Version.allCases
    )
    func badFilters(version: Version) {
        for filter in [[], [0], [0xC0, 0x80], Array("a#".utf8), Array("+b".utf8)] as [[UInt8]] {
            let client = Story().join("sub", version)
            let body = Wire.two(1) + Wire.block(version, []) + Wire.field(filter)
            client.send(Wire.packet(0xA2, body))
            client.expectDisconnect(0x81)
        }
    }

    @Test("Properties of UNSUBSCRIBE are user properties only") func properties() {
        let fine = Story().join("sub")
        fine.send(Wire.packet(0xA2, hex("0001 05 26 0000 0000 0001 61")))
        fine.expect(Wire.unsuback(.v5, 1, [0x11]))
        for bad in ["0001 02 0B 01 0001 61", "0001 04 1F 0001 61 0001 61"] {
            let client = Story().join("sub")
            client.send(Wire.packet(0xA2, hex(bad)))
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "UNSUBSCRIBE right behind SUBSCRIBE leaves nothing to come",
        .v5("3.10.4-2"),
        .v311("3.10.4-2"),
        arguments: Stage.inMemory
    ) func rightBehind(stage: Stage) {
        let story = Story(stage)
        let publisher = story.join("pub", .v311)
        for topic in ["a", "b", "c", "d"] {
            publisher.send(Wire.publish(.v311, topic, "x", retain: true))
        }
        let client = story.join("sub", .v311)
        client.send(
            Wire.subscribe(.v311, 1, [("#", 0)]),
            Wire.unsubscribe(.v311, 2, ["#"])
        )
        var seen: [UInt8] = []
        while true {
            let packet = client.nextPacket()
            if packet.isEmpty { break }
            seen.append(packet[0] & 0xF0)
        }
        // Both are answered; where another partition had to be asked first, UNSUBACK may come
        // before SUBACK, but no message comes after it.
        #expect(seen.filter { $0 != 0x30 }.sorted() == [0x90, 0xB0])
        let end = seen.firstIndex(of: 0xB0) ?? seen.count
        #expect(!seen[end...].contains(0x30))
        publisher.send(Wire.publish(.v311, "a", "y"))
        client.expectNothing()
    }
}
