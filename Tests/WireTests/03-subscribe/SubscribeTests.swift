// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE and SUBACK: form, codes, options, identifiers, replacing, refusals.

import SealBroker
import Testing

@testable import Stage

@Suite("SUBSCRIBE") struct SubscribeTests {
    @Test(
        "SUBACK has the packet id and a code for each filter, in order",
        .v5("3.8.4-1", "3.8.4-2", "3.8.4-5", "3.8.4-6", "3.8.4-7", "3.9.3-1", "2.2.1-6"),
        .v311("3.8.4-1", "3.8.4-2", "3.8.4-4", "3.8.4-5", "3.9.3-1", "3.9.3-2", "2.3.1-7"),
        arguments: Version.allCases,
        Stage.allCases
    ) func codes(version: Version, stage: Stage) {
        let client = Story(stage).join("sub", version)
        client.send(Wire.subscribe(version, 0xFFFF, [("a", 2), ("b/+", 0), ("#", 1)]))
        client.expect(Wire.suback(version, 0xFFFF, [2, 0, 1]))
    }

    @Test("A SUBACK's properties are there even when empty", .v5("2.2.2-1")) func emptyBlock() {
        let client = Story().join("sub")
        client.send("82 07 1234 00 0001 70 02")
        client.expect("90 04 1234 00 02")
    }

    @Test(
        "The flags of SUBSCRIBE are 0010",
        .v5("3.8.1-1"),
        .v311("3.8.1-1", "2.2.2-2"),
        arguments: [Version.v311, .v5]
    ) func flags(version: Version) {
        for first in [0x80, 0x81, 0x83, 0x84, 0x86, 0x8A, 0x8F] as [UInt8] {
            var packet = Wire.subscribe(version, 1, [("a", 0)])
            packet[0] = first
            let client = Story().join("sub", version)
            client.send(packet)
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "SUBSCRIBE without a filter ends the connection",
        .v5("3.8.3-2"),
        .v311("3.8.3-3"),
        arguments: Version.allCases
    ) func noFilter(version: Version) {
        let client = Story().join("sub", version)
        client.send(Wire.subscribe(version, 1, []))
        client.expectDisconnect(0x82)
    }

    @Test(
        "Reserved bits of the options end the connection",
        .v5("3.8.3-5"),
        .v311("3-8.3-4"),
        arguments: [0x40, 0x80, 0xC0, 0xF0] as [UInt8]
    ) func reservedBits(options: UInt8) {
        for version in [Version.v311, .v5] {
            let client = Story().join("sub", version)
            client.send(Wire.subscribe(version, 1, [("a", options)]))
            client.expectDisconnect(0x81)
        }
    }

    @Test("Options of MQTT 5.0 end a connection of MQTT 3.1.1", .v311("3-8.3-4"))
    func newOptions() {
        for options in [0x04, 0x08, 0x10, 0x20] as [UInt8] {
            let client = Story().join("sub", .v311)
            client.send(Wire.subscribe(.v311, 1, [("a", options)]))
            client.expectEnd()
        }
    }

    @Test("QoS 3 ends the connection", .v311("3-8.3-4"), arguments: Version.allCases)
    func qos3(version: Version) {
        let client = Story().join("sub", version)
        client.send(Wire.subscribe(version, 1, [("a", 3)]))
        client.expectDisconnect(0x82)
    }

    @Test("Retain handling 3 is a protocol error") func retainHandling3() {
        let client = Story().join("sub")
        client.send(Wire.subscribe(.v5, 1, [("a", 0x30)]))
        client.expectDisconnect(0x82)
    }

    @Test("A SUBSCRIBE that is cut off ends the connection", arguments: [Version.v311, .v5])
    func cutOff(version: Version) {
        let full = Wire.subscribe(version, 1, [("abc", 0)])
        for count in 0..<full.count - 2 {
            let client = Story().join("sub", version)
            client.send(Wire.packet(0x82, Array(full[2..<2 + count])))
            // Up to the first filter's first byte this is a SUBSCRIBE without filters.
            client.expectDisconnect(count == (version == .v5 ? 3 : 2) ? 0x82 : 0x81)
        }
    }

    @Test(
        "A filter that is no UTF-8 ends the connection",
        .v5("3.8.3-1", "4.7.3-2", "1.5.4-1"),
        .v311("3.8.3-1", "4.7.3-2", "1.5.3-1"),
        arguments: ["00", "61 00", "C0 80", "ED A0 80", "ED BF BF", "80"]
    ) func badText(filter: String) {
        for version in Version.allCases {
            let client = Story().join("sub", version)
            let body = Wire.two(1) + Wire.block(version, []) + Wire.field(hex(filter)) + [0]
            client.send(Wire.packet(0x82, body))
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "A filter with a wildcard in the wrong place ends the connection",
        .v5("4.7.1-1", "4.7.1-2", "4.7.3-1"),
        .v311("4.7.1-2", "4.7.1-3", "4.7.3-1", "4.8.0-1"),
        arguments: ["", "a#", "#/a", "a/#/b", "a/b#", "##", "a+", "+a", "a/+b/c", "++", "+#"]
    ) func badWildcards(filter: String) {
        for version in Version.allCases {
            let client = Story().join("sub", version)
            client.send(Wire.subscribe(version, 1, [("fine", 0), (filter, 0)]))
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "A shared subscription without name or filter ends the connection",
        .v5("4.8.2-1", "4.8.2-2"),
        arguments: [
            ("$share/", 0x82), ("$share//a", 0x82), ("$share/g", 0x82), ("$share/g/", 0x82),
            ("$share/+/a", 0x82), ("$share/#/a", 0x81), ("$share/g+/a", 0x81),
            ("$share/g/a#", 0x81),
        ] as [(String, UInt8)]
    ) func badShares(filter: String, code: UInt8) {
        let client = Story().join("sub")
        client.send(Wire.subscribe(.v5, 1, [(filter, 0)]))
        client.expectDisconnect(code)
    }

    @Test("Properties of SUBSCRIBE that are wrong end the connection") func properties() {
        let cases: [([UInt8], UInt8)] = [
            (Property.subscription(0), 0x82),
            (Property.subscription(1) + Property.subscription(1), 0x82),
            (hex("0B 80 00"), 0x81), (hex("0B FF FF FF FF 01"), 0x81), (hex("0B"), 0x81),
            (Property.reason("a"), 0x81), (Property.alias(1), 0x81), (hex("26 0001 61"), 0x81),
        ]
        for (block, code) in cases {
            let client = Story().join("sub")
            client.send(Wire.subscribe(.v5, 1, [("a", 0)], block))
            client.expectDisconnect(code)
        }
    }

    // MARK: Replacing

    @Test(
        "A second subscription of the same filter replaces the first",
        .v5("3.8.4-3"),
        .v311("3.8.4-3"),
        arguments: Version.allCases,
        Stage.allCases
    ) func replace(version: Version, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", version)
        let publisher = story.join("pub", version)
        for qos in [2, 0, 1] as [UInt8] {
            subscriber.subscribe("a", qos)
            publisher.send(Wire.publish(version, "a", "x", qos: 1, id: 1))
            let answer = subscriber.nextPacket()
            #expect(answer.first == 0x30 | min(qos, 1) << 1)
            subscriber.expectNothing()
        }
    }

    @Test("Replacing a subscription replaces its options and identifier", .v5("3.8.4-3"))
    func replaceOptions() {
        let story = Story()
        let client = story.join("sub")
        client.subscribe("a", 0x04, Property.subscription(5))
        client.send(Wire.publish(.v5, "a", "1"))
        client.expectNothing()
        client.subscribe("a", 0x00, Property.subscription(6))
        client.send(Wire.publish(.v5, "a", "2"))
        client.expect(Wire.publish(.v5, "a", "2", Property.subscription(6)))
        client.subscribe("a")
        client.send(Wire.publish(.v5, "a", "3"))
        client.expect(Wire.publish(.v5, "a", "3"))
    }

    // MARK: Several that match

    @Test(
        "Several subscriptions that match make one delivery with the highest QoS",
        .v5("3.3.4-2"),
        .v311("3.3.5-1"),
        arguments: Version.allCases,
        Stage.allCases
    ) func overlapping(version: Version, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a/b", 0)
        subscriber.subscribe("a/+", 2)
        subscriber.subscribe("#", 1)
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a/b", "x", qos: 2, id: 1))
        subscriber.expect(Wire.publish(version, "a/b", "x", qos: 2, id: 1))
    }

    @Test(
        "One delivery carries the identifiers of all subscriptions that match",
        .v5("3.3.4-3", "3.3.4-4", "3.3.4-5"),
        arguments: [0, 1] as [UInt8],
        Stage.allCases
    ) func identifiers(qos: UInt8, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub")
        subscriber.subscribe("a/b", 1, Property.subscription(1))
        subscriber.subscribe("a/+", 1, Property.subscription(268_435_455))
        subscriber.subscribe("a/#", 1)
        subscriber.subscribe("c", 1, Property.subscription(7))
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a/b", "x", qos: qos, id: 1))
        let found = show(subscriber.take())
        let one = Property.subscription(1)
        let two = Property.subscription(268_435_455)
        let allowed = [one + two, two + one].map {
            show(Wire.publish(.v5, "a/b", "x", qos: qos, id: 1, $0))
        }
        #expect(allowed.contains(found))
    }

    @Test("The same identifier may stand for several subscriptions", .v5("3.3.4-5"))
    func sharedIdentifier() {
        let story = Story()
        let client = story.join("sub")
        client.subscribe("a", 0, Property.subscription(9))
        client.subscribe("b", 0, Property.subscription(9))
        client.send(Wire.publish(.v5, "b", "x"), Wire.publish(.v5, "a", "x"))
        client.expect(
            Wire.publish(.v5, "b", "x", Property.subscription(9)),
            Wire.publish(.v5, "a", "x", Property.subscription(9))
        )
    }

    @Test(
        "No Local keeps a client's own messages from it",
        .v5("3.8.3-3"),
        arguments: Stage.allCases
    )
    func noLocal(stage: Stage) {
        let story = Story(stage)
        let client = story.join("sub")
        client.subscribe("a", 0x04)
        let other = story.join("pub")
        other.subscribe("a", 0x04)
        client.send(Wire.publish(.v5, "a", "x"))
        client.expectNothing()
        other.expect(Wire.publish(.v5, "a", "x"))
        other.send(Wire.publish(.v5, "a", "y"))
        other.expectNothing()
        client.expect(Wire.publish(.v5, "a", "y"))
    }

    @Test(
        "No Local holds for retained messages of the client's own",
        .v5("3.8.3-3"),
        arguments: Stage.allCases
    )
    func noLocalRetained(stage: Stage) {
        let story = Story(stage)
        let client = story.join("sub")
        client.send(Wire.publish(.v5, "a", "x", retain: true))
        client.subscribe("a", 0x04)
        client.expectNothing()
    }

    @Test("No Local holds after the client has come back", .v5("3.8.3-3")) func noLocalAgain() {
        let story = Story()
        let first = story.join("sub", Property.sessionExpiry(100))
        first.subscribe("a", 0x04)
        first.cut()
        let client = story.join("sub", Property.sessionExpiry(100), clean: false, present: true)
        client.send(Wire.publish(.v5, "a", "x"))
        client.expectNothing()
    }

    @Test("No Local on a shared subscription is a protocol error", .v5("3.8.3-4"))
    func noLocalShared() {
        let client = Story().join("sub")
        client.send(Wire.subscribe(.v5, 1, [("$share/g/a", 0x04)]))
        client.expectDisconnect(0x82)
    }

    // MARK: Refusals

    @Test(
        "A filter above the listener's QoS is granted with the highest",
        .v5("3.2.2-10"),
        arguments: Version.allCases
    )
    func grantedLess(version: Version) {
        let story = Story { $0.listeners[0].maximumQoS = 1 }
        let client = story.join("sub", version)
        client.send(Wire.subscribe(version, 1, [("a", 0), ("b", 1), ("c", 2)]))
        client.expect(Wire.suback(version, 1, [0, 1, 1]))
    }

    @Test(
        "Only the subscription beyond the limit is refused",
        .v5("3.9.3-2"),
        arguments: Version.allCases
    )
    func limit(version: Version) {
        let story = Story { $0.limits.subscriptionsPerSessionMax = 2 }
        let client = story.join("sub", version)
        client.send(Wire.subscribe(version, 1, [("a", 0), ("b", 1), ("c", 2), ("b", 2)]))
        let refusal: UInt8 = version == .v5 ? 0x97 : 0x80
        client.expect(Wire.suback(version, 1, [0, 1, refusal, 2]))
        client.send(Wire.unsubscribe(version, 2, ["a"]))
        client.send(Wire.subscribe(version, 3, [("c", 2)]))
        client.expect(Wire.unsuback(version, 2, [0]), Wire.suback(version, 3, [2]))
    }

    @Test("Levels of a filter and of a topic have a limit") func levels() {
        let story = Story { $0.limits.topicLevelsMax = 4 }
        let client = story.join("sub")
        client.send(Wire.subscribe(.v5, 1, [("a/b/c/d", 0), ("a/b/c/d/e", 0)]))
        client.expect(Wire.suback(.v5, 1, [0, 0x8F]))
        client.send(Wire.publish(.v5, "a/b/c/d", "x"))
        client.expect(Wire.publish(.v5, "a/b/c/d", "x"))
        client.send(Wire.publish(.v5, "a/b/c/d/e", "x"))
        client.expectDisconnect(0x90)
    }

    @Test(
        "A client that may not read $SYS is refused that filter alone",
        arguments: Version.allCases
    )
    func systemRefused(version: Version) {
        let story = Story { $0.access[0].sysReaders = .nobody }
        let client = story.join("sub", version)
        client.send(Wire.subscribe(version, 1, [("a", 0), ("$SYS/#", 0), ("b", 1)]))
        let refusal: UInt8 = version == .v5 ? 0x87 : 0x80
        client.expect(Wire.suback(version, 1, [0, refusal, 1]))
    }
}
