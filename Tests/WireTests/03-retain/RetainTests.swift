// SPDX-License-Identifier: Apache-2.0
// Retained messages: kept, replaced, removed, sent to new subscriptions.

import Testing

@testable import Stage

@Suite("Retained messages") struct RetainTests {
    @Test(
        "A retained message is sent to a later subscription, with the retain flag",
        .v5("3.3.1-5", "3.3.1-9"),
        .v311("3.3.1-5", "3.3.1-6", "3.3.1-8"),
        arguments: Version.allCases,
        Stage.allCases
    ) func later(version: Version, stage: Stage) {
        let story = Story(stage)
        let publisher = story.join("pub", version)
        for qos in [0, 1, 2] as [UInt8] {
            publisher.send(
                Wire.publish(version, "t\(qos)", "x", qos: qos, id: Int(qos) + 1, retain: true)
            )
        }
        let subscriber = story.join("sub", version)
        subscriber.subscribe("t0", 2)
        subscriber.expect(Wire.publish(version, "t0", "x", retain: true))
        subscriber.subscribe("t1", 2)
        subscriber.expect(Wire.publish(version, "t1", "x", qos: 1, id: 1, retain: true))
        subscriber.subscribe("t2", 2)
        subscriber.expect(Wire.publish(version, "t2", "x", qos: 2, id: 2, retain: true))
        subscriber.subscribe("t2", 0)
        subscriber.expect(Wire.publish(version, "t2", "x", retain: true))
    }

    @Test(
        "To a subscription that is there already the flag is not passed on",
        .v5("3.3.1-12"),
        .v311("3.3.1-9"),
        arguments: Version.allCases,
        Stage.allCases
    ) func live(version: Version, stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a")
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a", "x", retain: true))
        subscriber.expect(Wire.publish(version, "a", "x"))
    }

    @Test("With retain as published it is passed on", .v5("3.3.1-13"), arguments: Stage.allCases)
    func asPublished(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub")
        subscriber.subscribe("a", 0x08)
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, "a", "x", retain: true),
            Wire.publish(.v5, "a", "y")
        )
        subscriber.expect(
            Wire.publish(.v5, "a", "x", retain: true),
            Wire.publish(.v5, "a", "y")
        )
    }

    @Test(
        "The last message of a topic replaces the one before, whatever their QoS",
        .v5("3.3.1-5"),
        .v311("3.3.1-5", "3.3.1-7"),
        arguments: Version.allCases,
        Stage.allCases
    ) func replaced(version: Version, stage: Stage) {
        let story = Story(stage)
        let publisher = story.join("pub", version)
        for (index, qos) in [2, 1, 0, 1, 0].enumerated() {
            let message = Wire.publish(
                version,
                "a",
                "\(index)",
                qos: UInt8(qos),
                id: index + 1,
                retain: true
            )
            publisher.send(message)
        }
        let subscriber = story.join("sub", version)
        subscriber.subscribe("a", 2)
        subscriber.expect(Wire.publish(version, "a", "4", retain: true))
    }

    @Test(
        "An empty payload is delivered, removes the message, and is not kept",
        .v5("3.3.1-6", "3.3.1-7"),
        .v311("3.3.1-10", "3.3.1-11"),
        arguments: Version.allCases,
        Stage.allCases
    ) func removed(version: Version, stage: Stage) {
        let story = Story(stage)
        let live = story.join("sub", version)
        live.subscribe("a")
        let publisher = story.join("pub", version)
        publisher.send(
            Wire.publish(version, "a", "x", retain: true),
            Wire.publish(version, "a", "", retain: true)
        )
        live.expect(Wire.publish(version, "a", "x"), Wire.publish(version, "a", ""))
        let late = story.join("other", version)
        late.subscribe("#")
        late.expectNothing()
        publisher.send(Wire.publish(version, "never", "", retain: true))
        late.expect(Wire.publish(version, "never", ""))
    }

    @Test(
        "A message without the flag leaves the retained one alone",
        .v5("3.3.1-8"),
        .v311("3.3.1-12"),
        arguments: Stage.allCases
    ) func notRetained(stage: Stage) {
        let story = Story(stage)
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, "a", "kept", retain: true),
            Wire.publish(.v5, "a", "passing"),
            Wire.publish(.v5, "a", ""),
            Wire.publish(.v5, "b", "passing")
        )
        let subscriber = story.join("sub")
        subscriber.subscribe("#")
        subscriber.expect(Wire.publish(.v5, "a", "kept", retain: true))
    }

    @Test(
        "Retain handling 0 sends on each SUBSCRIBE",
        .v5("3.3.1-9", "3.8.4-4"),
        arguments: Stage.allCases
    )
    func handling0(stage: Stage) {
        let story = Story(stage)
        story.join("pub").send(Wire.publish(.v5, "a", "x", retain: true))
        let subscriber = story.join("sub")
        for _ in 0..<3 {
            subscriber.subscribe("a", 0x00)
            subscriber.expect(Wire.publish(.v5, "a", "x", retain: true))
        }
    }

    @Test(
        "Retain handling 1 sends to a new subscription only",
        .v5("3.3.1-10"),
        arguments: Stage.allCases
    )
    func handling1(stage: Stage) {
        let story = Story(stage)
        story.join("pub").send(Wire.publish(.v5, "a", "x", retain: true))
        let subscriber = story.join("sub", Property.sessionExpiry(100))
        subscriber.subscribe("a", 0x10)
        subscriber.expect(Wire.publish(.v5, "a", "x", retain: true))
        subscriber.subscribe("a", 0x11)
        subscriber.expectNothing()
        subscriber.cut()
        let back = story.join("sub", Property.sessionExpiry(100), clean: false, present: true)
        back.subscribe("a", 0x10)
        back.expectNothing()
        back.send(Wire.unsubscribe(.v5, 1, ["a"]))
        _ = back.take()
        back.subscribe("a", 0x10)
        back.expect(Wire.publish(.v5, "a", "x", retain: true))
    }

    @Test("Retain handling 2 sends nothing", .v5("3.3.1-11"), arguments: Stage.allCases)
    func handling2(stage: Stage) {
        let story = Story(stage)
        story.join("pub").send(Wire.publish(.v5, "a", "x", retain: true))
        let subscriber = story.join("sub")
        subscriber.subscribe("a", 0x20)
        subscriber.subscribe("#", 0x28)
        subscriber.expectNothing()
    }

    @Test(
        "Each filter of a SUBSCRIBE brings its own retained messages",
        .v5("3.8.4-5"),
        .v311("3.8.4-4"),
        arguments: Stage.allCases
    )
    func manyFilters(stage: Stage) {
        let story = Story(stage)
        let publisher = story.join("pub", .v311)
        publisher.send(
            Wire.publish(.v311, "a", "1", retain: true),
            Wire.publish(.v311, "b", "2", retain: true)
        )
        let subscriber = story.join("sub", .v311)
        subscriber.send(Wire.subscribe(.v311, 1, [("a", 0), ("b", 0), ("c", 0)]))
        subscriber.expect(
            Wire.suback(.v311, 1, [0, 0, 0]),
            Wire.publish(.v311, "a", "1", retain: true),
            Wire.publish(.v311, "b", "2", retain: true)
        )
    }

    @Test(
        "A retained message is sent with the subscription's identifier",
        .v5("3.3.4-3"),
        arguments: Stage.allCases
    )
    func identifier(stage: Stage) {
        let story = Story(stage)
        story.join("pub").send(Wire.publish(.v5, "a", "x", retain: true))
        let subscriber = story.join("sub")
        subscriber.subscribe("a", 0, Property.subscription(12))
        subscriber.expect(Wire.publish(.v5, "a", "x", retain: true, Property.subscription(12)))
    }

    @Test(
        "A retained message keeps its properties",
        .v5("3.3.2-17", "3.3.2-20"),
        arguments: Stage.allCases
    )
    func properties(stage: Stage) {
        let story = Story(stage)
        let own = Property.user("a", "b") + Property.contentType("c") + Property.correlation([1])
        story.join("pub").send(Wire.publish(.v5, "a", "x", retain: true, own))
        let subscriber = story.join("sub")
        subscriber.subscribe("a")
        subscriber.expect(Wire.publish(.v5, "a", "x", retain: true, own))
    }

    @Test(
        "A retained message counts down and expires",
        .v5("3.3.2-5", "3.3.2-6"),
        arguments: Stage.inMemory
    )
    func expiry(stage: Stage) {
        let story = Story(stage)
        story.join("pub").send(
            Wire.publish(.v5, "a", "x", retain: true, Property.messageExpiry(10))
        )
        story.advance(seconds: 4)
        let subscriber = story.join("sub")
        subscriber.subscribe("a")
        subscriber.expect(
            Wire.publish(.v5, "a", "x", retain: true, Property.messageExpiry(6))
        )
        story.advance(seconds: 6)
        subscriber.subscribe("a")
        subscriber.subscribe("#")
        subscriber.expectNothing()
    }

    @Test("Retained messages have a limit in number") func numberLimit() {
        let story = Story { $0.limits.retainedMessagesMax = 2 }
        let client = story.join("pub")
        client.send(
            Wire.publish(.v5, "a", "1", qos: 1, id: 1, retain: true),
            Wire.publish(.v5, "b", "2", qos: 1, id: 2, retain: true)
        )
        client.expect("40 03 0001 10 40 03 0002 10")
        client.send(Wire.publish(.v5, "c", "3", qos: 1, id: 3, retain: true))
        client.expect("40 03 0003 97")
        client.send(Wire.publish(.v5, "b", "4", qos: 1, id: 4, retain: true))
        client.expect("40 03 0004 10")
        client.send(Wire.publish(.v5, "a", "", qos: 1, id: 5, retain: true))
        client.expect("40 03 0005 10")
        client.send(Wire.publish(.v5, "c", "6", qos: 1, id: 6, retain: true))
        client.expect("40 03 0006 10")
        let late = story.join("sub")
        late.subscribe("b")
        late.expect(Wire.publish(.v5, "b", "4", retain: true))
        late.subscribe("c")
        late.expect(Wire.publish(.v5, "c", "6", retain: true))
    }

    @Test("Retained messages have a limit in bytes") func byteLimit() {
        // Topic and payload count, and the objects that hold them.
        let story = Story { $0.limits.retainedBytesMax = 20 + 5 + 112 + 288 }
        let client = story.join("pub")
        client.send(Wire.publish(.v5, "abcde", "123456789012345", qos: 1, id: 1, retain: true))
        client.expect("40 03 0001 10")
        client.send(Wire.publish(.v5, "abcde", "1234567890123456", qos: 1, id: 2, retain: true))
        client.expect("40 03 0002 97")
    }

    @Test(
        "Retained messages of a topic that begins with $ are found by its own name only",
        .v5("4.7.2-1")
    )
    func dollar() {
        let story = Story()
        story.join("pub").send(Wire.publish(.v5, "$app/x", "1", retain: true))
        let subscriber = story.join("sub")
        subscriber.subscribe("#")
        subscriber.subscribe("+/x")
        subscriber.expectNothing()
        subscriber.subscribe("$app/#")
        subscriber.expect(Wire.publish(.v5, "$app/x", "1", retain: true))
    }

    @Test("System topics are retained messages of the broker's own", arguments: Stage.inMemory)
    func system(stage: Stage) {
        let story = Story(stage)
        story.bench.partitions[0].publishSystem([("$SYS/broker/uptime", "5 seconds")])
        story.bench.settle()
        let subscriber = story.join("sub", .v311)
        subscriber.subscribe("$SYS/#")
        subscriber.expect(Wire.publish(.v311, "$SYS/broker/uptime", "5 seconds", retain: true))
        story.bench.partitions[0].publishSystem([("$SYS/broker/uptime", "6 seconds")])
        story.bench.settle()
        subscriber.expect(Wire.publish(.v311, "$SYS/broker/uptime", "6 seconds"))
    }
}
