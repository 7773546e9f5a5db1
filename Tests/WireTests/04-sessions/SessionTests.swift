// SPDX-License-Identifier: Apache-2.0
// Sessions: clean start, being present, expiry, taking over.

import Testing

@testable import Stage

@Suite("Sessions") struct SessionTests {
    private let forever = Property.sessionExpiry(0xFFFF_FFFF)

    @Test(
        "A kept session is present, with its subscriptions",
        .v5("3.1.2-5", "3.1.2-23", "3.2.2-3", "4.1.0-1"),
        .v311("3.1.2-4", "3.2.2-2", "4.1.0-1"),
        arguments: Version.allCases,
        Stage.allCases
    ) func present(version: Version, stage: Stage) {
        let story = Story(stage)
        let properties = version == .v5 ? Property.sessionExpiry(1000) : []
        let first = story.join("sub", version, clean: false, properties)
        first.subscribe("a")
        first.send(Wire.disconnect())
        first.expectEnd()
        let second = story.join("sub", version, clean: false, properties)
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a", "x"))
        second.expect(Wire.publish(version, "a", "x"))
    }

    @Test(
        "CONNACK says whether a session is present, from MQTT 3.1.1 on",
        .v5("3.2.2-2", "3.2.2-3", "3.1.2-6"),
        .v311("3.2.2-1", "3.2.2-2", "3.2.2-3"),
        arguments: Version.allCases,
        Stage.allCases
    ) func presentFlag(version: Version, stage: Stage) {
        let story = Story(stage)
        let properties = version == .v5 ? Property.sessionExpiry(1000) : []
        func join(_ clean: Bool, _ present: Bool) {
            let client = story.join(
                "sub",
                version,
                clean: clean,
                properties,
                present: present && version != .v31
            )
            client.cut()
        }
        join(false, false)
        join(false, true)
        join(false, true)
        join(true, false)
        // Before MQTT 5.0 a clean session ends with its connection.
        join(false, version == .v5)
    }

    @Test(
        "A clean start forgets subscriptions, messages and ids",
        .v5("3.1.2-4", "3.1.4-4"),
        .v311("3.1.2-6", "3.1.4-3"),
        arguments: Version.allCases,
        Stage.allCases
    ) func cleanStart(version: Version, stage: Stage) {
        let story = Story(stage)
        let properties = version == .v5 ? Property.sessionExpiry(1000) : []
        let first = story.join("sub", version, clean: false, properties)
        first.subscribe("a", 1)
        first.cut()
        let publisher = story.join("pub", version)
        publisher.send(Wire.publish(version, "a", "1", qos: 1, id: 1))
        let second = story.join("sub", version, clean: true, properties)
        second.expectNothing()
        publisher.send(Wire.publish(version, "a", "2", qos: 1, id: 1))
        second.expectNothing()
    }

    @Test(
        "Messages of QoS 1 and 2 wait for a session that is away; QoS 0 does not",
        .v5("4.5.0-1", "3.1.2-23"),
        .v311("3.1.2-5", "4.5.0-1"),
        arguments: Version.allCases,
        Stage.allCases
    ) func queued(version: Version, stage: Stage) {
        let story = Story(stage)
        let properties = version == .v5 ? Property.sessionExpiry(1000) : []
        let first = story.join("sub", version, clean: false, properties)
        first.subscribe("a", 2)
        first.cut()
        let publisher = story.join("pub", version)
        publisher.send(
            Wire.publish(version, "a", "1", qos: 1, id: 1),
            Wire.publish(version, "a", "2"),
            Wire.publish(version, "a", "3", qos: 2, id: 2),
            Wire.pubrel(2)
        )
        let second = story.join("sub", version, clean: false, properties)
        second.expect(
            Wire.publish(version, "a", "1", qos: 1, id: 1),
            Wire.publish(version, "a", "3", qos: 2, id: 2)
        )
    }

    @Test(
        "A session ends when its expiry has passed",
        .v5("4.1.0-2"),
        arguments: Stage.inMemory
    ) func expiry(stage: Stage) {
        let story = Story(stage)
        let properties = Property.sessionExpiry(10)
        story.join("sub", properties).cut()
        story.advance(milliseconds: 9_999)
        story.join("sub", properties, clean: false, present: true).cut()
        story.advance(milliseconds: 10_000)
        story.join("sub", properties, clean: false, present: false).cut()
    }

    @Test(
        "A session without expiry ends with its connection",
        .v5("4.1.0-2"),
        arguments: Stage.allCases
    )
    func noExpiry(stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub", clean: false)
        first.subscribe("a", 1)
        first.cut()
        _ = story.join("sub", clean: false, present: false)
    }

    @Test("The largest expiry never ends", arguments: Stage.inMemory) func never(stage: Stage) {
        let story = Story(stage)
        story.join("sub", forever).cut()
        story.advance(seconds: 5_000_000)
        _ = story.join("sub", forever, clean: false, present: true)
    }

    @Test("Time does not run while the client is there", .v311("4.1.0-2")) func connectedTime() {
        let story = Story()
        let client = story.join("sub", Property.sessionExpiry(10))
        story.advance(seconds: 100)
        client.expectNothing()
        client.cut()
        story.advance(seconds: 9)
        _ = story.join("sub", Property.sessionExpiry(10), clean: false, present: true)
    }

    @Test("Each CONNECT sets the expiry anew", arguments: Stage.inMemory)
    func newExpiry(stage: Stage) {
        let story = Story(stage)
        story.join("sub", Property.sessionExpiry(1000)).cut()
        story.join("sub", Property.sessionExpiry(5), clean: false, present: true).cut()
        story.advance(seconds: 5)
        story.join("sub", Property.sessionExpiry(5), clean: false, present: false).cut()
        story.join("sub", clean: false, present: true).cut()
        _ = story.join("sub", clean: false, present: false)
    }

    @Test("DISCONNECT may change the expiry", arguments: Stage.inMemory)
    func changedExpiry(stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub", Property.sessionExpiry(1000))
        first.send(Wire.disconnect(0, Property.sessionExpiry(5)))
        story.advance(seconds: 5)
        let second = story.join("sub", Property.sessionExpiry(5), clean: false, present: false)
        second.send(Wire.disconnect(0, Property.sessionExpiry(100)))
        story.advance(seconds: 50)
        let third = story.join("sub", Property.sessionExpiry(5), clean: false, present: true)
        third.send(Wire.disconnect(0, Property.sessionExpiry(0)))
        _ = story.join("sub", Property.sessionExpiry(5), clean: false, present: false)
    }

    @Test("DISCONNECT may not give an expiry to a session that had none") func expiryFromNone() {
        let story = Story()
        let client = story.join("sub")
        client.send(Wire.disconnect(0, Property.sessionExpiry(5)))
        client.expectDisconnect(0x82)
        let other = story.join("sub", clean: false, present: false)
        other.send(Wire.disconnect(0, Property.sessionExpiry(0)))
        other.expectEnd()
    }

    @Test("An expiry above the limit is the limit, in CONNECT and in DISCONNECT")
    func expiryLimit() {
        let story = Story { $0.limits.sessionExpirySecondsMax = 10 }
        let first = story.join("sub", forever)
        first.send(Wire.disconnect(0, forever))
        story.advance(milliseconds: 9_999)
        story.join("sub", forever, clean: false, present: true).cut()
        story.advance(milliseconds: 10_000)
        _ = story.join("sub", forever, clean: false, present: false)
        story.join("other", .v311, clean: false).cut()
        story.advance(milliseconds: 10_000)
        _ = story.join("other", .v311, clean: false, present: false)
    }

    // MARK: Taking over

    @Test(
        "A second connection with the client id ends the first",
        .v5("3.1.4-3"),
        .v311("3.1.4-2"),
        arguments: Version.allCases,
        Stage.allCases
    ) func takeOver(version: Version, stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub", version)
        let second = story.join("sub", version)
        first.expectDisconnect(0x8E)
        second.expectNothing()
        second.send(Wire.pingreq)
        second.expect(Wire.pingresp)
    }

    @Test(
        "A session is taken over with what is under way",
        .v5("3.1.2-5"),
        arguments: Stage.allCases
    )
    func takeOverSession(stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub", Property.sessionExpiry(100))
        first.subscribe("a", 1)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, "a", "1", qos: 1, id: 1))
        let second = story.join("sub", Property.sessionExpiry(100), clean: false, present: true)
        first.expect(Wire.publish(.v5, "a", "1", qos: 1, id: 1), first.closing(0x8E))
        second.expect(Wire.publish(.v5, "a", "1", qos: 1, id: 1, dup: true))
    }

    @Test("A session without expiry cannot be taken over", arguments: Stage.allCases)
    func takeOverEnded(stage: Stage) {
        let story = Story(stage)
        let first = story.join("sub")
        first.subscribe("a")
        let second = story.join("sub", clean: false, present: false)
        first.expectDisconnect(0x8E)
        second.send(Wire.publish(.v5, "a", "x"))
        second.expectNothing()
    }

    @Test("A client of one version takes over from another") func takeOverVersions() {
        let story = Story()
        let old = story.join("sub", .v311, clean: false)
        old.subscribe("a", 1)
        let new = story.join("sub", forever, clean: false, present: true)
        old.expectEnd()
        new.send(Wire.publish(.v5, "a", "x", qos: 1, id: 1))
        new.expect(Wire.puback(1), Wire.publish(.v5, "a", "x", qos: 1, id: 1))
        let older = story.join("sub", .v31, clean: false)
        new.expectDisconnect(0x8E)
        older.expect(Wire.publish(.v31, "a", "x", qos: 1, id: 1, dup: true))
    }

    @Test(
        "Retained messages outlive the session that published them",
        .v311("3.1.2-7"),
        arguments: Stage.allCases
    )
    func retainedStay(stage: Stage) {
        let story = Story(stage)
        let publisher = story.join("pub", .v311)
        publisher.send(Wire.publish(.v311, "a", "x", retain: true), Wire.disconnect())
        let subscriber = story.join("sub", .v311)
        subscriber.subscribe("a")
        subscriber.expect(Wire.publish(.v311, "a", "x", retain: true))
    }

    @Test(
        "Inbound QoS 2 ids are part of a kept session",
        .v5("4.3.3-10"),
        .v311("4.3.3-2"),
        arguments: Version.allCases
    )
    func inboundIDs(version: Version) {
        let story = Story()
        let watcher = story.join("other", version)
        watcher.subscribe("a")
        let properties = version == .v5 ? Property.sessionExpiry(1000) : []
        let first = story.join("pub", version, clean: false, properties)
        first.send(Wire.publish(version, "a", "x", qos: 2, id: 5))
        first.cut()
        let second = story.join("pub", version, clean: false, properties)
        second.send(Wire.publish(version, "a", "x", qos: 2, id: 5, dup: true))
        second.expect("50 02 0005")
        second.send(Wire.pubrel(5))
        second.expect("70 02 0005")
        watcher.expect(Wire.publish(version, "a", "x"))
        let third = story.join("pub", version, clean: true, properties)
        third.send(Wire.pubrel(5))
        third.expect("70 02 0005")
    }

    @Test("Client ids are compared byte for byte", .v5("3.1.3-2"), .v311("3.1.3-2"))
    func differentIDs() {
        let story = Story()
        // The first two look alike but are written with different characters.
        let clients = ["\u{E9}", "e\u{301}", "a", "A", "a ", " a"].map { story.join($0, .v311) }
        for client in clients { #expect(!client.isClosed) }
    }
}

extension Player {
    /// The packet that ends a connection of MQTT 5.0, with whatever words the broker chose: it is
    /// what has arrived last.
    func closing(_ code: UInt8) -> [UInt8] {
        let all = take()
        putBack(all)
        guard let start = all.lastIndex(of: 0xE0), all.count > start + 2, all[start + 2] == code
        else { return [] }
        return Array(all[start...])
    }
}
