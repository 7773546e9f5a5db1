// SPDX-License-Identifier: Apache-2.0
// The form of CONNECT: what is taken, what is malformed, and what each is answered with.

import Testing

@testable import Stage

@Suite("The form of CONNECT") struct ConnectFormTests {
    private static let connack5 = hex("20 0E 00 00 0B 22 0020 27 00100000 21 0400")

    @Test(
        "A valid CONNECT is answered with CONNACK 0",
        .v5("3.1.0-1", "3.1.4-5", "3.2.0-1", "3.2.2-1"),
        .v311("3.1.0-1", "3.1.4-4", "3.2.0-1"),
        arguments: Version.allCases,
        Stage.allCases
    ) func valid(version: Version, stage: Stage) {
        let client = Story(stage).open()
        client.send(Wire.connect(version, "sub"))
        client.expect(version == .v5 ? Self.connack5 : hex("20 02 00 00"))
    }

    @Test("CONNECT is understood byte by byte", arguments: Version.allCases)
    func byteByByte(version: Version) {
        let client = Story().open()
        let packet = Wire.connect(version, "sub")
        for byte in packet.dropLast() {
            client.send([byte])
            client.expectNothing()
        }
        client.send([packet.last ?? 0])
        client.expect(version == .v5 ? Self.connack5 : hex("20 02 00 00"))
    }

    @Test(
        "A protocol level that does not exist is answered with return code 1",
        .v311("3.1.2-2"),
        arguments: [0, 1, 2, 3] as [UInt8]
    ) func level(level: UInt8) {
        let client = Story().open()
        client.send(Wire.packet(0x10, Wire.text("MQTT") + [level, 2] + hex("003C 0001 61")))
        client.expectEnd(hex("20 02 00 01"))
    }

    @Test(
        "A protocol level to come is answered with 0x84 in the form of MQTT 5.0",
        .v5("3.1.2-2"),
        arguments: [6, 7, 0x7F, 0xFF] as [UInt8]
    ) func levelToCome(level: UInt8) {
        for name in ["MQTT", "MQIsdp"] {
            let client = Story().open()
            client.send(Wire.packet(0x10, Wire.text(name) + [level, 2] + hex("003C 00 0001 61")))
            client.expectEnd(hex("20 03 00 84 00"))
        }
    }

    @Test("The name of MQTT 3.1 goes with its level only", arguments: [2, 4, 5] as [UInt8])
    func oldName(level: UInt8) {
        let client = Story().open()
        client.send(Wire.packet(0x10, Wire.text("MQIsdp") + [level, 2] + hex("003C 0001 61")))
        client.expectEnd(hex("20 02 00 01"))
    }

    @Test(
        "Another protocol's name ends the connection without an answer",
        .v5("3.1.2-1"),
        .v311("3.1.2-1"),
        arguments: ["", "MQT", "MQTTT", "mqtt", "MQTU", "MQIsd", "HTTP"]
    ) func name(name: String) {
        let client = Story().open()
        client.send(Wire.packet(0x10, Wire.text(name) + hex("04 02 003C 0001 61")))
        client.expectEnd()
    }

    @Test("The reserved flag refuses CONNECT", .v5("3.1.2-3"), .v311("3.1.2-3", "3.2.2-6"))
    func reservedFlag() {
        let old = Story().open()
        old.send(Wire.connect(.v311, "sub", Wire.Connect(flags: 0x03)))
        old.expectEnd()
        let new = Story().open()
        new.send(Wire.connect(.v5, "sub", Wire.Connect(flags: 0x03)))
        new.expectRefusal(0x81)
    }

    @Test("MQTT 3.1 does not look at the reserved flag") func reservedFlagUnused() {
        let client = Story().open()
        client.send(Wire.connect(.v31, "sub", Wire.Connect(flags: 0x03)))
        client.expect("20 02 00 00")
    }

    @Test(
        "Flags of a will without a will refuse CONNECT",
        .v5("3.1.2-11", "3.1.2-13"),
        .v311("3.1.2-11", "3.1.2-13", "3.1.2-15"),
        arguments: [0x08, 0x10, 0x18, 0x20, 0x28] as [UInt8]
    ) func willFlags(flags: UInt8) {
        let old = Story().open()
        old.send(Wire.connect(.v311, "sub", Wire.Connect(flags: 0x02 | flags)))
        old.expectEnd()
        let new = Story().open()
        new.send(Wire.connect(.v5, "sub", Wire.Connect(flags: 0x02 | flags)))
        new.expectRefusal(0x81)
    }

    @Test(
        "A will with QoS 3 refuses CONNECT",
        .v5("3.1.2-12"),
        .v311("3.1.2-14"),
        arguments: Version.allCases
    ) func willQoS(version: Version) {
        let will = Wire.Will(topic: "w", payload: "x", qos: 3)
        let client = Story().open()
        client.send(Wire.connect(version, "sub", Wire.Connect(will: will)))
        if version == .v5 { client.expectRefusal(0x81) } else { client.expectEnd() }
    }

    @Test(
        "A password needs a user name before MQTT 5.0",
        .v311("3.1.2-22"),
        arguments: Version.allCases
    ) func passwordAlone(version: Version) {
        let client = Story().open()
        client.send(Wire.connect(version, "sub", Wire.Connect(password: "secret")))
        if version == .v5 { client.expect(Self.connack5) } else { client.expectEnd() }
    }

    @Test(
        "A field that a flag announces must be there",
        .v5("3.1.2-9", "3.1.2-17", "3.1.2-19", "3.1.3-1", "3.1.3-3", "3.1.4-1"),
        .v311("3.1.2-9", "3.1.2-19", "3.1.2-21", "3.1.3-1", "3.1.3-3", "3.1.4-1"),
        arguments: [Version.v311, .v5]
    ) func truncated(version: Version) {
        let full = Wire.connect(
            version,
            "sub",
            Wire.Connect(
                properties: Property.sessionExpiry(9) + Property.receiveMaximum(9),
                will: Wire.Will(topic: "w", payload: "gone"),
                user: "user",
                password: "secret"
            )
        )
        let body = full.dropFirst(2)
        let shortest = Wire.text("MQTT").count + 1
        for count in 0..<body.count {
            let client = Story().open()
            client.send(Wire.packet(0x10, Array(body.prefix(count))))
            if version == .v5 && count >= shortest {
                client.expectRefusal(0x81)
            } else {
                client.expectEnd()
            }
        }
    }

    @Test(
        "A field that no flag announces must not be there",
        .v5("3.1.2-16", "3.1.2-18"),
        .v311("3.1.2-18", "3.1.2-20", "3.1.2-11"),
        arguments: [Version.v311, .v5]
    ) func trailing(version: Version) {
        let named = Wire.Connect(user: "user", flags: 0x02)
        let client = Story().open()
        client.send(Wire.connect(version, "sub", named))
        if version == .v5 { client.expectRefusal(0x81) } else { client.expectEnd() }
        let secret = Wire.Connect(user: "user", password: "p", flags: 0x82)
        let other = Story().open()
        other.send(Wire.connect(version, "sub", secret))
        if version == .v5 { other.expectRefusal(0x81) } else { other.expectEnd() }
    }

    @Test("The flags of CONNECT's fixed header are 0", .v5("2.1.3-1"), .v311("2.2.2-1", "2.2.2-2"))
    func headerFlags() {
        for first in 0x11...0x1F as ClosedRange<UInt8> {
            for version in Version.allCases {
                let client = Story().open()
                var packet = Wire.connect(version, "sub")
                packet[0] = first
                client.send(packet)
                switch version {
                // MQTT 3.1 §3.1: "not used in this message".
                case .v31: client.expect("20 02 00 00")
                case .v311: client.expectEnd()
                case .v5: client.expectEnd(hex("20 03 00 81 00"))
                }
            }
        }
    }

    @Test(
        "Names have no control characters and no non-characters",
        arguments: [
            "01", "1F", "7F", "C2 80", "C2 9F", "EF B7 90", "EF B7 AF", "EF BF BE", "EF BF BF",
            "F0 9F BF BE", "F4 8F BF BF", "6162 6364 6566 6701 68", "6162 6364 6566 677F 68",
        ]
    ) func controls(bad: String) {
        let field = Wire.field(hex(bad))
        for (version, block) in [(UInt8(4), ""), (5, "00")] {
            let places: [([UInt8], UInt8)] = [
                (hex("02 003C" + block) + field, 0x85),
                (hex("06 003C \(block) 0001 61 \(block)") + field + hex("0001 78"), 0x81),
                (hex("82 003C \(block) 0001 61") + field, 0x81),
            ]
            for (place, code) in places {
                let client = Story().open()
                client.send(Wire.packet(0x10, Wire.text("MQTT") + [version] + place))
                client.expectEnd(version == 5 ? hex("20 03 00") + [code, 0] : [])
            }
        }
    }

    @Test(
        "The characters next to those are taken",
        arguments: ["20", "7E", "C2 A0", "EF B7 8F", "EF B7 B0", "EF BF BD", "F0 9F BF BD"]
    ) func neighbours(good: String) {
        let client = Story().open()
        client.send(
            Wire.packet(0x10, Wire.text("MQTT") + hex("04 02 003C") + Wire.field(hex(good)))
        )
        client.expect("20 02 00 00")
    }

    @Test("A password and the value of a user property may have any character") func freeText() {
        let client = Story().open()
        let properties = hex("26 0001 61 0002 01 7F")
        client.send(
            Wire.packet(
                0x10,
                Wire.text("MQTT") + hex("05 C2 003C") + Wire.block(.v5, properties)
                    + hex("0001 61 0001 75 0002 01 FF")
            )
        )
        client.expect(Self.connack5)
    }

    @Test(
        "Texts of CONNECT are UTF-8 without U+0000",
        .v5("1.5.4-1", "1.5.4-2", "3.1.3-4", "3.1.3-11", "3.1.3-12"),
        .v311("1.5.3-1", "1.5.3-2", "3.1.3-4", "3.1.3-10", "3.1.3-11"),
        arguments: ["00", "61 00", "C0 80", "ED A0 80", "ED BF BF", "F4 90 80 80", "80", "C3"]
    ) func texts(bad: String) {
        let field = Wire.field(hex(bad))
        let places: [[UInt8]] = [
            hex("02 003C 00") + field,
            hex("06 003C 00 0001 61 00") + field + hex("0001 78"),
            hex("82 003C 00 0001 61") + field,
        ]
        for place in places {
            let client = Story().open()
            client.send(Wire.packet(0x10, Wire.text("MQTT") + [5] + place))
            client.expectRefusal(0x81)
            let old = place.enumerated().filter { $0.offset != 3 }.map(\.element)
            guard place[0] != 6 else { continue }
            let other = Story().open()
            other.send(Wire.packet(0x10, Wire.text("MQTT") + [4] + old))
            other.expectEnd()
        }
    }

    @Test("U+FEFF is a character of a client id like any other", .v5("1.5.4-3"), .v311("1.5.3-3"))
    func byteOrderMark() {
        let story = Story()
        let marked = story.join("\u{FEFF}sub", Property.sessionExpiry(60))
        let plain = story.join("sub", present: false)
        #expect(!marked.isClosed)
        #expect(!plain.isClosed)
    }

    @Test("A password is any bytes") func password() {
        let client = Story().open()
        client.send("10 17 0004 4D515454 04 C2 000A 0001 70 0001 70 0005 746F700000")
        client.expect("20 02 00 00")
    }

    @Test("An empty user name is a user name") func emptyUser() {
        let client = Story().open()
        client.send("10 0F 0004 4D515454 04 82 000A 0001 70 0000")
        client.expect("20 02 00 00")
    }

    @Test("A remaining length of five bytes ends the connection", .v5("1.5.5-1"))
    func longLength() {
        let client = Story().open()
        client.send("10 FF FF FF FF 7F 0004 4D515454 04 02 000A 0001 70")
        client.expectEnd()
    }

    @Test("MQTT 5.0 wants the shortest remaining length, older versions do not", .v5("1.5.5-1"))
    func longerThanNeeded() {
        let new = Story().open()
        new.send("10 90 00 0004 4D515454 05 02 0000 00 0003 737562")
        new.expectRefusal(0x81)
        let old = Story().open()
        old.send("10 8F 00 0004 4D515454 04 02 0000 0003 737562")
        old.expect("20 02 00 00")
    }
}
