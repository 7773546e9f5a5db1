// SPDX-License-Identifier: Apache-2.0
// DISCONNECT of both sides; what it does to wills and sessions is told with those.

import SealBroker
import Testing

@testable import Stage

@Suite("DISCONNECT") struct DisconnectTests {
    @Test(
        "DISCONNECT closes the connection without an answer",
        .v5("3.14.4-1", "3.14.4-2"),
        .v311("3.14.4-1"),
        arguments: Version.allCases
    ) func plain(version: Version) {
        let client = Story().join("sub", version)
        client.send(Wire.disconnect())
        client.expectEnd()
    }

    @Test("What follows DISCONNECT is not looked at", .v311("3.14.4-2")) func after() {
        let story = Story()
        let watcher = story.join("sub", .v311)
        watcher.subscribe("a")
        let client = story.join("pub", .v311)
        client.send(Wire.disconnect(), Wire.publish(.v311, "a", "x"), Wire.pingreq)
        client.expectEnd()
        watcher.expectNothing()
    }

    @Test(
        "The flags of DISCONNECT are 0",
        .v5("3.14.1-1"),
        .v311("3.14.1-1"),
        arguments: Version.allCases
    )
    func flags(version: Version) {
        for first in 0xE1...0xEF as ClosedRange<UInt8> {
            let client = Story().join("sub", version)
            client.send([first, 0])
            client.expectDisconnect(0x81)
        }
    }

    @Test("Before MQTT 5.0 DISCONNECT has no body", arguments: [Version.v31, .v311])
    func body(version: Version) {
        let client = Story().join("sub", version)
        client.send("E0 01 00")
        client.expectEnd()
    }

    @Test(
        "The reason codes a client may give are taken",
        .v5("3.14.2-1"),
        arguments: [
            0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
        ] as [UInt8]
    ) func clientCodes(code: UInt8) {
        let client = Story().join("sub")
        client.send(Wire.disconnect(code))
        client.expectEnd()
        let other = Story().join("sub")
        other.send(Wire.disconnect(code, Property.reason("bye") + Property.user("a", "b")))
        other.expectEnd()
    }

    @Test(
        "Other reason codes end the connection like no goodbye at all",
        .v5("3.14.2-1"),
        arguments: [0x01, 0x02, 0x05, 0x10, 0x84, 0x87, 0x8B, 0x8D, 0x8E, 0x9C, 0xFF] as [UInt8]
    ) func otherCodes(code: UInt8) {
        let client = Story().join("sub")
        client.send(Wire.disconnect(code))
        client.expectEnd()
    }

    @Test("Properties of DISCONNECT that are wrong are refused") func properties() {
        let cases: [([UInt8], UInt8)] = [
            (Property.reason("a") + Property.reason("a"), 0x82),
            (Property.sessionExpiry(0) + Property.sessionExpiry(0), 0x82),
            (Property.alias(1), 0x82), (hex("1F 0002 61"), 0x81), (hex("1C 0001"), 0x81),
            (hex("1F 0001 C0"), 0x81), (hex("11 000000"), 0x81),
        ]
        for (block, code) in cases {
            let client = Story().join("sub", Property.sessionExpiry(60))
            client.send(Wire.disconnect(0, block))
            client.expectDisconnect(code)
        }
        let moved = Story().join("sub")
        moved.send(Wire.disconnect(0, hex("1C 0001 61")))
        moved.expectEnd()
        let longer = Story().join("sub")
        longer.send("E0 04 00 05 11 00")
        longer.expectDisconnect(0x81)
        let trailing = Story().join("sub")
        trailing.send("E0 03 00 00 00")
        trailing.expectDisconnect(0x81)
    }

    @Test(
        "The broker's DISCONNECT has words only for who asks for them",
        .v5("3.1.2-29"),
        arguments: ReasonStrings.allCases
    )
    func words(setting: ReasonStrings) {
        let cases: [([UInt8], Set<ReasonStrings>)] = [
            (Property.problems(0), []), ([], [.always]), (Property.problems(1), [.always, .asked]),
        ]
        for (property, granting) in cases {
            let story = Story { $0.listeners[0].reasonStrings = setting }
            let client = story.join("sub", property)
            client.send(Wire.connect(.v5, "sub"))
            if granting.contains(setting) {
                let words = Property.reason("CONNECT was sent a second time")
                client.expectEnd(Wire.packet(0xE0, [0x82] + Wire.block(.v5, words)))
            } else {
                client.expectEnd(hex("E0 01 82"))
            }
        }
    }

    @Test("Words that would not fit are left out of DISCONNECT", .v5("3.14.2-3", "3.14.2-4"))
    func fittingWords() {
        let client = Story().join("sub", Property.problems(1) + Property.packetMaximum(20))
        client.send(Wire.connect(.v5, "sub"))
        client.expectEnd(hex("E0 01 82"))
    }

    @Test("The broker's DISCONNECT carries no session expiry", .v5("3.14.2-2"))
    func noExpiry() {
        let client = Story().join(
            "sub",
            Property.problems(0) + Property.sessionExpiry(100)
        )
        client.send("D0 00")
        client.expectEnd(hex("E0 01 82"))
    }
}
