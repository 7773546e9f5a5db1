// SPDX-License-Identifier: Apache-2.0
// Wills: when they are published, when not, when later.

import Testing

@testable import Stage

@Suite("Wills") struct WillTests {
    private func stage(_ stage: Stage, _ version: Version = .v5) -> (Story, Player) {
        let story = Story(stage)
        let watcher = story.join("sub", version)
        watcher.subscribe("w", 2)
        return (story, watcher)
    }

    private let will = Wire.Will(topic: "w", payload: "gone")

    @Test(
        "A cut wire publishes the will",
        .v5("3.1.2-7", "3.1.2-8", "3.1.2-14"),
        .v311("3.1.2-8", "3.1.2-16"),
        arguments: Version.allCases,
        Stage.allCases
    ) func cut(version: Version, stage: Stage) {
        let (story, watcher) = self.stage(stage, version)
        story.join("pub", version, will: will).cut()
        watcher.expect(Wire.publish(version, "w", "gone"))
    }

    @Test(
        "A normal DISCONNECT takes the will back",
        .v5("3.1.2-10", "3.14.4-3"),
        .v311("3.1.2-10", "3.14.4-3"),
        arguments: Version.allCases,
        Stage.inMemory
    ) func normal(version: Version, stage: Stage) {
        let (story, watcher) = self.stage(stage, version)
        let client = story.join("pub", version, will: will)
        client.send(Wire.disconnect())
        client.expectEnd()
        story.advance(seconds: 1000)
        watcher.expectNothing()
    }

    @Test("DISCONNECT with 0x00 spelled out takes it back too", .v5("3.14.4-3"))
    func spelledOut() {
        let (story, watcher) = stage(.onePartition)
        story.join("pub", will: will).send(Wire.disconnect(0))
        story.join("pub", will: will).send(Wire.disconnect(0, []))
        watcher.expectNothing()
    }

    @Test(
        "DISCONNECT with any other code publishes the will",
        .v5("3.1.2-8"),
        arguments: [0x04, 0x80, 0x81, 0x82, 0x83, 0x93, 0x95, 0x98] as [UInt8]
    ) func otherCodes(code: UInt8) {
        for stage in Stage.allCases {
            let (story, watcher) = self.stage(stage)
            story.join("pub", will: will).send(Wire.disconnect(code))
            watcher.expect(Wire.publish(.v5, "w", "gone"))
        }
    }

    @Test(
        "A client without will leaves without a word",
        .v311("3.1.2-12"),
        arguments: Version.allCases
    )
    func none(version: Version) {
        let (story, watcher) = stage(.onePartition, version)
        watcher.subscribe("#")
        story.join("pub", version).cut()
        watcher.expectNothing()
    }

    @Test(
        "A silent client's will is published with its keep-alive",
        .v5("3.1.2-22"),
        .v311("3.1.2-24"),
        arguments: Version.allCases,
        Stage.inMemory
    )
    func keepAlive(version: Version, stage: Stage) {
        let (story, watcher) = self.stage(stage, version)
        _ = story.join("pub", version, keepAlive: 10, will: will)
        story.advance(milliseconds: 14_999)
        watcher.expectNothing()
        story.advance(milliseconds: 1)
        watcher.expect(Wire.publish(version, "w", "gone"))
    }

    @Test(
        "A breach of the protocol publishes the will",
        .v5("3.1.2-8"),
        .v311("3.1.2-8"),
        arguments: Version.allCases,
        Stage.allCases
    )
    func breach(version: Version, stage: Stage) {
        let (story, watcher) = self.stage(stage, version)
        let client = story.join("pub", version, will: will)
        client.send("D0 00")
        client.expectDisconnect(0x82)
        watcher.expect(Wire.publish(version, "w", "gone"))
    }

    @Test(
        "Taking over publishes the will",
        .v5("3.1.2-8"),
        .v311("3.1.2-8"),
        arguments: Version.allCases,
        Stage.allCases
    )
    func takeOver(version: Version, stage: Stage) {
        let (story, watcher) = self.stage(stage, version)
        _ = story.join("pub", version, will: will)
        _ = story.join("pub", version)
        watcher.expect(Wire.publish(version, "w", "gone"))
    }

    @Test(
        "A will is published once",
        .v5("3.1.2-10"),
        .v311("3.1.2-10"),
        arguments: Stage.inMemory
    )
    func once(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        story.join("pub", Property.sessionExpiry(1000), will: will).cut()
        watcher.expect(Wire.publish(.v5, "w", "gone"))
        story.join("pub", Property.sessionExpiry(10), clean: false, present: true).cut()
        story.advance(seconds: 2000)
        watcher.expectNothing()
    }

    @Test(
        "A will keeps its QoS",
        .v5("3.1.2-12"),
        .v311("3.1.2-14"),
        arguments: [0, 1, 2] as [UInt8],
        Stage.allCases
    )
    func qos(qos: UInt8, stage: Stage) {
        let (story, watcher) = self.stage(stage)
        var will = will
        will.qos = qos
        story.join("pub", will: will).cut()
        watcher.expect(Wire.publish(.v5, "w", "gone", qos: qos, id: 1))
    }

    @Test(
        "A retained will is retained",
        .v5("3.1.2-15"),
        .v311("3.1.2-17"),
        arguments: Version.allCases,
        Stage.allCases
    )
    func retained(version: Version, stage: Stage) {
        let (story, watcher) = self.stage(stage, version)
        var will = will
        will.retain = true
        story.join("pub", version, will: will).cut()
        watcher.expect(Wire.publish(version, "w", "gone"))
        let late = story.join("other", version)
        late.subscribe("w")
        late.expect(Wire.publish(version, "w", "gone", retain: true))
    }

    @Test(
        "A will that is not retained leaves the retained message alone",
        .v5("3.1.2-14"),
        .v311("3.1.2-16")
    )
    func notRetained() {
        let (story, watcher) = stage(.onePartition)
        watcher.send(Wire.publish(.v5, "w", "here", retain: true))
        watcher.expect(Wire.publish(.v5, "w", "here"))
        story.join("pub", will: will).cut()
        watcher.expect(Wire.publish(.v5, "w", "gone"))
        let late = story.join("other")
        late.subscribe("w")
        late.expect(Wire.publish(.v5, "w", "here", retain: true))
    }

    @Test("An empty retained will removes the retained message", arguments: Stage.allCases)
    func emptyRetained(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        watcher.send(Wire.publish(.v5, "w", "here", retain: true))
        _ = watcher.take()
        story.join("pub", will: Wire.Will(topic: "w", payload: "", retain: true)).cut()
        watcher.expect(Wire.publish(.v5, "w", ""))
        let late = story.join("other")
        late.subscribe("w")
        late.expectNothing()
    }

    @Test(
        "A will's properties arrive unaltered and in order",
        .v5("3.1.3-10"),
        arguments: Stage.allCases
    )
    func properties(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        let own =
            Property.user("b", "1") + Property.payloadFormat(1) + Property.contentType("text")
            + Property.user("a", "2") + Property.responseTopic("r") + Property.correlation([9])
        var will = will
        will.properties = Property.willDelay(0) + own
        story.join("pub", will: will).cut()
        watcher.expect(Wire.publish(.v5, "w", "gone", own))
    }

    @Test("Properties of a will that are wrong refuse CONNECT") func badProperties() {
        let cases: [([UInt8], UInt8)] = [
            (Property.willDelay(1) + Property.willDelay(1), 0x82),
            (Property.payloadFormat(2), 0x82), (Property.alias(1), 0x82),
            (Property.subscription(1), 0x82), (Property.sessionExpiry(1), 0x82),
            (Property.responseTopic("a/#"), 0x82), (hex("18 0000"), 0x81),
        ]
        for (block, code) in cases {
            var will = will
            will.properties = block
            let client = Story().open()
            client.send(Wire.connect(.v5, "pub", Wire.Connect(will: will)))
            client.expectRefusal(code)
        }
    }

    @Test(
        "A will's topic has no wildcards and is not empty",
        .v5("4.7.0-1", "4.7.3-1"),
        .v311("4.7.1-1", "4.7.3-1"),
        arguments: ["", "#", "a/+"]
    )
    func badTopic(topic: String) {
        for version in Version.allCases {
            let client = Story().open()
            let bad = Wire.Will(topic: topic, payload: "x")
            client.send(Wire.connect(version, "pub", Wire.Connect(will: bad)))
            if version == .v5 { client.expectRefusal(0x81) } else { client.expectEnd() }
        }
    }

    // MARK: Later

    @Test("A delayed will waits", .v5("3.1.2-8"), arguments: Stage.inMemory)
    func delayed(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        var will = will
        will.properties = Property.willDelay(10)
        story.join("pub", Property.sessionExpiry(100), will: will).cut()
        story.advance(milliseconds: 9_999)
        watcher.expectNothing()
        story.advance(milliseconds: 1)
        watcher.expect(Wire.publish(.v5, "w", "gone"))
        story.advance(seconds: 200)
        watcher.expectNothing()
    }

    @Test(
        "A delayed will is published when the session ends first",
        .v5("3.1.2-8"),
        arguments: Stage.inMemory
    )
    func sessionEndsFirst(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        var will = will
        will.properties = Property.willDelay(100)
        story.join("pub", Property.sessionExpiry(10), will: will).cut()
        story.advance(milliseconds: 9_999)
        watcher.expectNothing()
        story.advance(milliseconds: 1)
        watcher.expect(Wire.publish(.v5, "w", "gone"))
        story.join("pub", will: will).cut()
        watcher.expect(Wire.publish(.v5, "w", "gone"))
    }

    @Test(
        "Coming back in time takes a delayed will back",
        .v5("3.1.3-9", "3.1.2-8"),
        arguments: Stage.inMemory
    )
    func inTime(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        var will = will
        will.properties = Property.willDelay(10)
        story.join("pub", Property.sessionExpiry(100), will: will).cut()
        story.advance(seconds: 9)
        let back = story.join("pub", Property.sessionExpiry(100), clean: false, present: true)
        story.advance(seconds: 1000)
        watcher.expectNothing()
        back.cut()
        story.advance(seconds: 1000)
        watcher.expectNothing()
    }

    @Test(
        "Taking over in time takes a delayed will back",
        .v5("3.1.3-9"),
        arguments: Stage.inMemory
    )
    func takenOverInTime(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        var will = will
        will.properties = Property.willDelay(10)
        _ = story.join("pub", Property.sessionExpiry(100), will: will)
        _ = story.join("pub", Property.sessionExpiry(100), clean: false, present: true)
        story.advance(seconds: 1000)
        watcher.expectNothing()
    }

    @Test(
        "A clean start ends the session, and its delayed will is published",
        arguments: Stage.inMemory
    )
    func cleanStart(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        var will = will
        will.properties = Property.willDelay(10)
        story.join("pub", Property.sessionExpiry(100), will: will).cut()
        story.advance(seconds: 5)
        watcher.expectNothing()
        _ = story.join("pub", Property.sessionExpiry(100), clean: true)
        watcher.expect(Wire.publish(.v5, "w", "gone"))
    }

    @Test("DISCONNECT with 0x04 and no expiry publishes a delayed will at once")
    func endsWithConnection() {
        let (story, watcher) = stage(.onePartition)
        var will = will
        will.properties = Property.willDelay(10)
        story.join("pub", Property.sessionExpiry(100), will: will)
            .send(Wire.disconnect(4, Property.sessionExpiry(0)))
        watcher.expect(Wire.publish(.v5, "w", "gone"))
    }

    @Test("The will of a new connection replaces the old one", arguments: Stage.inMemory)
    func replaced(stage: Stage) {
        let (story, watcher) = self.stage(stage)
        var first = will
        first.properties = Property.willDelay(10)
        story.join("pub", Property.sessionExpiry(100), will: first).cut()
        let second = Wire.Will(topic: "w", payload: "second", properties: Property.willDelay(20))
        story.join("pub", Property.sessionExpiry(100), clean: false, will: second).cut()
        story.advance(milliseconds: 19_999)
        watcher.expectNothing()
        story.advance(milliseconds: 1)
        watcher.expect(Wire.publish(.v5, "w", "second"))
    }

    @Test("A will's expiry begins when it is published", .v5("3.3.2-6"))
    func expiry() {
        let (story, watcher) = stage(.onePartition)
        let away = story.join("other", Property.sessionExpiry(1000))
        away.subscribe("w", 1)
        away.cut()
        var will = will
        will.qos = 1
        will.properties = Property.willDelay(10) + Property.messageExpiry(30)
        story.join("pub", Property.sessionExpiry(100), will: will).cut()
        story.advance(seconds: 10)
        watcher.expect(Wire.publish(.v5, "w", "gone", qos: 1, id: 1, Property.messageExpiry(30)))
        story.advance(seconds: 29)
        let back = story.join("other", Property.sessionExpiry(1000), clean: false)
        back.expect(Wire.publish(.v5, "w", "gone", qos: 1, id: 1, Property.messageExpiry(1)))
    }

    @Test("A will to $SYS is not published") func system() {
        let (story, watcher) = stage(.onePartition)
        watcher.subscribe("$SYS/#")
        story.join("pub", will: Wire.Will(topic: "$SYS/x", payload: "x", retain: true)).cut()
        watcher.expectNothing()
    }

    @Test("A client that shares its will's topic gets it back only when it listens elsewhere")
    func ownWill() {
        let story = Story()
        let client = story.join("pub", will: will)
        client.subscribe("w")
        client.cut()
        #expect(client.take().isEmpty)
    }
}
