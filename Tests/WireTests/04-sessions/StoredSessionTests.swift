// SPDX-License-Identifier: Apache-2.0
// The bound on sessions that outlive their connection: who takes a place, who gives it back, and
// what one more client is told.

import SealBroker
import SealTesting
import Testing

@testable import Stage

@Suite("Stored sessions") struct StoredSessionTests {
    private func story(_ most: Int) -> Story { Story { $0.limits.storedSessionsMax = most } }

    private func limitHits(_ story: Story) -> UInt64 {
        story.bench.partitions.reduce(0) { $0 + $1.snapshot().limitHits[.sessions] }
    }

    /// CONNECT of a client that wants to be remembered.
    private func connect(_ version: Version, _ clientID: String, clean: Bool = false) -> [UInt8] {
        var options = Wire.Connect()
        options.clean = clean
        if version == .v5 { options.properties = Property.sessionExpiry(100) }
        return Wire.connect(version, clientID, options)
    }

    @Test(
        "One session more than there may be is refused with a reason",
        .v5("3.2.2-7"),
        arguments: Version.allCases
    ) func limit(version: Version) {
        let story = story(2)
        for name in ["one", "two"] {
            let client = story.open(version)
            client.send(connect(version, name))
            #expect(client.nextPacket().dropFirst(3).first == 0, "\(name) is refused")
            // Connected or not, it is stored.
            if name == "one" { client.cut() }
        }
        #expect(limitHits(story) == 0)
        let third = story.open(version)
        third.send(connect(version, "three"))
        third.expectRefusal(version == .v5 ? 0x97 : 3)
        #expect(limitHits(story) == 1)
        let reasons = story.bench.events.compactMap { event in
            if case .sessionRefused(_, let reasons) = event { reasons.first?.code } else { nil }
        }
        #expect(reasons == [.sessionsStored])
        // Who is known comes back, and who wants to be forgotten comes in.
        story.join("one", version, clean: version == .v5, Property.expiryFor(version)).cut()
        story.join("four", version, clean: true).cut()
    }

    @Test("A session in place of an earlier one takes over its place, clean or not")
    func replaced() {
        let story = story(1)
        for clean in [true, false, true, true, false] {
            let client = story.open(.v5)
            client.send(connect(.v5, "one", clean: clean))
            #expect(client.nextPacket().dropFirst(3).first == 0)
        }
        let other = story.open(.v5)
        other.send(connect(.v5, "two"))
        other.expectRefusal(0x97)
    }

    @Test("A place is free again when a session expires")
    func expired() {
        let story = story(1)
        story.join("one", Property.sessionExpiry(100)).cut()
        story.advance(seconds: 99)
        let early = story.open(.v5)
        early.send(connect(.v5, "two"))
        early.expectRefusal(0x97)
        story.advance(seconds: 2)
        _ = story.join("two", Property.sessionExpiry(100))
    }

    @Test("A place is free again when its client says it needs no session any more")
    func givenUp() {
        let story = story(1)
        let first = story.join("one", Property.sessionExpiry(100))
        first.send(Wire.disconnect(0, Property.sessionExpiry(0)))
        first.expectEnd()
        let second = story.join("two", Property.sessionExpiry(100))
        second.cut()
        // It comes back for as long as it is connected.
        _ = story.join("two", Property.sessionExpiry(0), clean: false, present: true)
        _ = story.join("three", Property.sessionExpiry(100))
    }

    @Test("With the limit 0 no session is stored, and others go on")
    func none() {
        let story = story(0)
        let client = story.open(.v311)
        client.send(connect(.v311, "one"))
        client.expectRefusal(3)
        _ = story.join("two", .v311)
    }

    @Test("A client on its way to its home is refused there")
    func moved() {
        let story = Story(.twoPartitions) { $0.limits.storedSessionsMax = 0 }
        for name in ["pub", "sub"] {
            let client = story.open(.v5)
            client.send(connect(.v5, name))
            client.expectRefusal(0x97)
        }
        #expect(story.bench.partitions.allSatisfy { $0.snapshot().connections == 0 })
    }
}

extension Property {
    fileprivate static func expiryFor(_ version: Version) -> [UInt8] {
        version == .v5 ? sessionExpiry(100) : []
    }
}
