// SPDX-License-Identifier: Apache-2.0
// The properties of PUBLISH (MQTT 5.0 §3.3.2.3): checked, passed on, or used up.

import Testing

@testable import Stage

@Suite("The properties of PUBLISH") struct PublishPropertyTests {
    @Test(
        "What belongs to the application arrives unaltered and in order",
        .v5(
            "3.3.2-4",
            "3.3.2-15",
            "3.3.2-16",
            "3.3.2-17",
            "3.3.2-18",
            "3.3.2-20",
            "3.3.2-13",
            "3.3.2-19"
        ),
        arguments: [0, 1, 2] as [UInt8],
        Stage.allCases
    ) func passedOn(qos: UInt8, stage: Stage) {
        let properties =
            Property.user("b", "1") + Property.payloadFormat(1) + Property.user("a", "2")
            + Property.contentType("text/plain") + Property.responseTopic("answers/1")
            + Property.correlation([0, 255, 1]) + Property.user("b", "0") + Property.user("", "")
        let story = Story(stage)
        let subscriber = story.join("sub")
        subscriber.subscribe("a", 2)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "x", qos: qos, id: 3, properties))
        subscriber.expect(Wire.publish(.v5, "a", "x", qos: qos, id: 1, properties))
    }

    @Test("A request finds its answer", .v5("3.3.2-15", "3.3.2-16"), arguments: Stage.allCases)
    func request(stage: Stage) {
        let story = Story(stage)
        let responder = story.join("sub")
        responder.subscribe("requests")
        let requester = story.join("pub")
        requester.subscribe("answers/pub")
        let asked = Property.responseTopic("answers/pub") + Property.correlation([7])
        requester.send(Wire.publish(.v5, "requests", "2+2", asked))
        responder.expect(Wire.publish(.v5, "requests", "2+2", asked))
        responder.send(Wire.publish(.v5, "answers/pub", "4", Property.correlation([7])))
        requester.expect(Wire.publish(.v5, "answers/pub", "4", Property.correlation([7])))
    }

    @Test(
        "A property given twice is a protocol error",
        arguments: [
            Property.payloadFormat(1), Property.messageExpiry(1), Property.contentType("a"),
            Property.responseTopic("a"), Property.correlation([1]), Property.alias(1),
        ]
    ) func twice(property: [UInt8]) {
        let client = Story().join("pub")
        client.send(Wire.publish(.v5, "a", "x", property + property))
        client.expectDisconnect(0x82)
    }

    @Test("A subscription identifier from a client is a protocol error", .v5("3.3.4-6"))
    func subscriptionIdentifier() {
        let client = Story().join("pub")
        client.send(Wire.publish(.v5, "a", "x", Property.subscription(1)))
        client.expectDisconnect(0x82)
    }

    @Test(
        "A property that does not belong into PUBLISH ends the connection",
        arguments: [
            Property.sessionExpiry(1), Property.reason("a"), Property.willDelay(1),
            Property.receiveMaximum(1), Property.packetMaximum(1), Property.method("m"),
            Property.problems(1),
        ]
    ) func foreign(property: [UInt8]) {
        let client = Story().join("pub")
        client.send(Wire.publish(.v5, "a", "x", property))
        client.expectDisconnect(0x82)
        let short = Story().join("pub")
        short.send(Wire.publish(.v5, "a", "x", property.dropLast()))
        short.expectDisconnect(0x81)
    }

    @Test(
        "A property that does not exist is malformed",
        arguments: [hex("00"), hex("7E"), hex("04 00"), hex("80 00 01"), hex("FF FF FF 7F 00")]
    ) func unknown(property: [UInt8]) {
        let client = Story().join("pub")
        client.send(Wire.publish(.v5, "a", "x", property))
        client.expectDisconnect(0x81)
    }

    @Test("A value that is not allowed ends the connection", .v5("3.3.2-8", "3.3.2-14"))
    func values() {
        let cases: [([UInt8], UInt8)] = [
            (Property.payloadFormat(2), 0x82), (Property.alias(0), 0x94),
            (Property.responseTopic("a/+"), 0x82), (Property.responseTopic("#"), 0x82),
            (Property.responseTopic(""), 0x82), (hex("08 0001 C0"), 0x81),
            (hex("03 0001 00"), 0x81), (hex("26 0001 80 0000"), 0x81), (hex("01"), 0x81),
            (hex("02 0000"), 0x81), (hex("09 0005 00"), 0x81),
        ]
        for (block, code) in cases {
            let client = Story().join("pub")
            client.send(Wire.publish(.v5, "a", "x", block))
            client.expectDisconnect(code)
        }
    }

    @Test("The length of the properties is written as shortly as possible", .v5("1.5.5-1"))
    func shortestLength() {
        let client = Story().join("pub")
        client.send("30 06 0001 61 80 00 78")
        client.expectDisconnect(0x81)
        let other = Story().join("pub")
        other.send("30 05 0001 61 7F 78")
        other.expectDisconnect(0x81)
    }

    // MARK: Topic aliases

    @Test(
        "A topic alias stands for the topic it was given",
        .v5("3.3.2-12"),
        arguments: Stage.allCases
    ) func alias(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub")
        subscriber.subscribe("#", 1)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "1", Property.alias(1)))
        publisher.send(Wire.publish(.v5, "b", "2", Property.alias(32)))
        publisher.send(Wire.publish(.v5, "", "3", Property.alias(1)))
        publisher.send(Wire.publish(.v5, "", "4", qos: 1, id: 1, Property.alias(32)))
        publisher.send(Wire.publish(.v5, "c", "5", Property.alias(1)))
        publisher.send(Wire.publish(.v5, "", "6", Property.user("k", "v") + Property.alias(1)))
        subscriber.expect(
            Wire.publish(.v5, "a", "1"),
            Wire.publish(.v5, "b", "2"),
            Wire.publish(.v5, "a", "3"),
            Wire.publish(.v5, "b", "4", qos: 1, id: 1),
            Wire.publish(.v5, "c", "5"),
            Wire.publish(.v5, "c", "6", Property.user("k", "v"))
        )
    }

    @Test("A topic alias above the maximum ends the connection", .v5("3.2.2-17", "3.3.2-9"))
    func aliasAbove() {
        let story = Story { $0.limits.topicAliasMaximum = 5 }
        let client = story.join("pub")
        client.send(Wire.publish(.v5, "a", "x", Property.alias(5)))
        client.expectNothing()
        client.send(Wire.publish(.v5, "a", "x", Property.alias(6)))
        client.expectDisconnect(0x94)
    }

    @Test("Without an alias maximum no alias is taken", .v5("3.2.2-18")) func noAlias() {
        let client = Story { $0.limits.topicAliasMaximum = 0 }.join("pub")
        client.send(Wire.publish(.v5, "a", "x", Property.alias(1)))
        client.expectDisconnect(0x94)
    }

    @Test("A topic alias that was given no topic is a protocol error")
    func aliasUnknown() {
        let client = Story().join("pub")
        client.send(Wire.publish(.v5, "", "x", Property.alias(1)))
        client.expectDisconnect(0x82)
    }

    @Test("Topic aliases end with the connection", .v5("3.3.2-7")) func aliasForgotten() {
        let story = Story()
        let first = story.join("pub", Property.sessionExpiry(100))
        first.send(Wire.publish(.v5, "a", "x", Property.alias(1)))
        first.cut()
        let second = story.join("pub", Property.sessionExpiry(100), clean: false, present: true)
        second.send(Wire.publish(.v5, "", "x", Property.alias(1)))
        second.expectDisconnect(0x82)
    }

    @Test(
        "A client that takes aliases gets them, up to its maximum",
        .v5("3.1.2-26", "3.3.2-11"),
        arguments: Stage.allCases
    ) func aliasOut(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", Property.aliasMaximum(2))
        subscriber.subscribe("#")
        let publisher = story.join("pub")
        for topic in ["a", "b", "c", "a", "b", "c"] {
            publisher.send(Wire.publish(.v5, topic, "x"))
        }
        subscriber.expect(
            Wire.publish(.v5, "a", "x", Property.alias(1)),
            Wire.publish(.v5, "b", "x", Property.alias(2)),
            Wire.publish(.v5, "c", "x"),
            Wire.publish(.v5, "", "x", Property.alias(1)),
            Wire.publish(.v5, "", "x", Property.alias(2)),
            Wire.publish(.v5, "c", "x")
        )
    }

    @Test("A client that takes no aliases gets none", .v5("3.1.2-27")) func noAliasOut() {
        let story = Story()
        let subscriber = story.join("sub", Property.aliasMaximum(0))
        subscriber.subscribe("a")
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "x", Property.alias(3)))
        subscriber.expect(Wire.publish(.v5, "a", "x"))
    }

    @Test("Aliases given to a client are given anew on its next connection", .v5("3.3.2-7"))
    func aliasOutAgain() {
        let story = Story()
        let properties = Property.aliasMaximum(2) + Property.sessionExpiry(100)
        let first = story.join("sub", properties)
        first.subscribe("a", 1)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "1", qos: 1, id: 1))
        first.expect(Wire.publish(.v5, "a", "1", qos: 1, id: 1, Property.alias(1)))
        first.cut()
        let second = story.join("sub", properties, clean: false, present: true)
        second.expect(Wire.publish(.v5, "a", "1", qos: 1, id: 1, dup: true, Property.alias(1)))
        publisher.send(Wire.publish(.v5, "a", "2", qos: 1, id: 2))
        second.expect(Wire.publish(.v5, "", "2", qos: 1, id: 2, Property.alias(1)))
    }

    // MARK: Expiry

    @Test(
        "A message is delivered with the seconds it has left",
        .v5("3.3.2-6"),
        arguments: Stage.inMemory
    ) func expiryCountsDown(stage: Stage) {
        let story = Story(stage)
        let live = story.join("other")
        live.subscribe("a", 1)
        let first = story.join("sub", Property.sessionExpiry(1000))
        first.subscribe("a", 1)
        first.cut()
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "x", qos: 1, id: 1, Property.messageExpiry(60)))
        live.expect(Wire.publish(.v5, "a", "x", qos: 1, id: 1, Property.messageExpiry(60)))
        story.advance(seconds: 25)
        let second = story.join("sub", Property.sessionExpiry(1000), clean: false)
        second.expect(Wire.publish(.v5, "a", "x", qos: 1, id: 1, Property.messageExpiry(35)))
    }

    @Test(
        "A message that has expired is not delivered, and its packet id passed over",
        .v5("3.3.2-5"),
        arguments: Stage.inMemory
    )
    func expired(stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub", Property.sessionExpiry(1000))
        first.subscribe("a", 1)
        first.cut()
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "1", qos: 1, id: 1, Property.messageExpiry(60)))
        publisher.send(Wire.publish(.v5, "a", "2", qos: 1, id: 2, Property.messageExpiry(61)))
        publisher.send(Wire.publish(.v5, "a", "3", qos: 1, id: 3))
        story.advance(seconds: 60)
        let second = story.join("sub", Property.sessionExpiry(1000), clean: false)
        second.expect(
            Wire.publish(.v5, "a", "2", qos: 1, id: 2, Property.messageExpiry(1)),
            Wire.publish(.v5, "a", "3", qos: 1, id: 3)
        )
    }

    @Test(
        "A QoS 2 exchange that has begun is finished after the message's expiry",
        .v5("4.3.3-7", "4.3.3-13")
    )
    func expiredUnderWay() {
        let story = Story()
        let subscriber = story.join("sub", Property.sessionExpiry(1000))
        subscriber.subscribe("a", 2)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "1", qos: 2, id: 1, Property.messageExpiry(5)))
        _ = publisher.take()
        subscriber.expect(
            Wire.publish(.v5, "a", "1", qos: 2, id: 1, Property.messageExpiry(5))
        )
        story.advance(seconds: 10)
        publisher.send(Wire.pubrel(1))
        publisher.expect("70 02 0001")
        subscriber.send(Wire.pubrec(1))
        subscriber.expect("62 02 0001")
        subscriber.send(Wire.pubcomp(1))
        subscriber.expectNothing()
    }

    @Test("A message of no seconds reaches those who are there") func zeroExpiry() {
        let story = Story()
        let subscriber = story.join("sub")
        subscriber.subscribe("a")
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "x", Property.messageExpiry(0)))
        subscriber.expect(Wire.publish(.v5, "a", "x", Property.messageExpiry(0)))
    }
}
