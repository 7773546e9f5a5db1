// SPDX-License-Identifier: Apache-2.0
// Keep-alive, PINGREQ and PINGRESP.

import Testing

@testable import Stage

@Suite("Keep-alive") struct KeepAliveTests {
    @Test(
        "PINGREQ is answered with PINGRESP",
        .v5("3.12.4-1"),
        .v311("3.12.4-1"),
        arguments: Version.allCases
    ) func ping(version: Version) {
        let client = Story().join("sub", version)
        client.send(Wire.pingreq, Wire.pingreq)
        client.expect(Wire.pingresp, Wire.pingresp)
    }

    @Test("PINGREQ has no flags and no body", .v5("2.1.3-1"), .v311("2.2.2-2"))
    func malformedPing() {
        for packet in ["C1 00", "C8 00", "C0 01 00"] {
            for version in Version.allCases {
                let client = Story().join("sub", version)
                client.send(packet)
                client.expectDisconnect(0x81)
            }
        }
    }

    @Test(
        "After one and a half times the keep-alive a silent client is gone",
        .v5("3.1.2-22"),
        .v311("3.1.2-24"),
        arguments: Version.allCases,
        Stage.inMemory
    ) func silence(version: Version, stage: Stage) {
        let story = Story(stage)
        let client = story.join("sub", version, keepAlive: 10)
        story.advance(milliseconds: 14_999)
        client.expectNothing()
        story.advance(milliseconds: 1)
        client.expectDisconnect(0x8D)
    }

    @Test("Every packet begins the keep-alive anew", arguments: Stage.inMemory)
    func anew(stage: Stage) {
        let story = Story(stage)
        let client = story.join("sub", .v311, keepAlive: 10)
        let packets = [Wire.pingreq, Wire.publish(.v311, "a", "x"), Wire.pubrel(5)]
        for packet in packets {
            story.advance(seconds: 14)
            client.send(packet)
        }
        _ = client.take()
        story.advance(milliseconds: 14_999)
        client.expectNothing()
        story.advance(milliseconds: 1)
        client.expectEnd()
    }

    @Test("What the client receives does not count") func receiving() {
        let story = Story()
        let client = story.join("sub", .v311, keepAlive: 10)
        client.subscribe("a")
        let publisher = story.join("pub", .v311)
        story.advance(seconds: 10)
        publisher.send(Wire.publish(.v311, "a", "x"))
        client.expect(Wire.publish(.v311, "a", "x"))
        story.advance(seconds: 5)
        client.expectEnd()
    }

    @Test("A keep-alive of 0 is no keep-alive", arguments: Version.allCases)
    func off(version: Version) {
        let story = Story()
        let client = story.join("sub", version, keepAlive: 0)
        story.advance(seconds: 200_000)
        client.expectNothing()
    }

    @Test("The longest keep-alive is held") func longest() {
        let story = Story()
        let client = story.join("sub", .v311, keepAlive: 65_535)
        story.advance(milliseconds: 98_302_499)
        client.expectNothing()
        story.advance(milliseconds: 1)
        client.expectEnd()
    }

    @Test(
        "A server keep-alive is the one that counts",
        .v5("3.1.2-21", "3.2.2-21"),
        arguments: [Version.v311, .v5]
    )
    func serverKeepAlive(version: Version) {
        let story = Story { $0.limits.keepAliveSecondsMax = 20 }
        for asked in [0, 100] {
            let client = story.join("sub", version, keepAlive: asked)
            story.advance(milliseconds: 29_999)
            client.expectNothing()
            story.advance(milliseconds: 1)
            client.expectDisconnect(0x8D)
        }
    }
}
