// SPDX-License-Identifier: Apache-2.0
// Enhanced authentication (MQTT 5.0 §4.12) where no method is offered: each use is refused.

import Testing

@testable import Stage

@Suite("Enhanced authentication") struct AuthTests {
    @Test(
        "A method that is not offered refuses CONNECT",
        .v5("4.12.0-1", "4.12.0-4"),
        arguments: ["SCRAM-SHA-1", "", "K", "x-unknown"]
    )
    func unknownMethod(method: String) {
        let client = Story().open()
        let properties = Property.method(method) + Property.authentication([1, 2, 3])
        client.send(Wire.connect(.v5, "sub", Wire.Connect(properties: properties)))
        client.expectRefusal(0x8C)
    }

    @Test("Without a method the broker sends no AUTH and names none", .v5("4.12.0-6"))
    func noMethod() {
        let client = Story().open()
        client.send(Wire.connect(.v5, "sub"))
        client.expect("20 0E 00 00 0B 22 0020 27 00100000 21 0400")
    }

    @Test("AUTH without a method in CONNECT is a protocol error", .v5("4.12.0-7", "4.12.1-1"))
    func withoutMethod() {
        for code in [0x18, 0x19] as [UInt8] {
            let client = Story().join("sub")
            let block = Wire.block(.v5, Property.method("SCRAM-SHA-1"))
            client.send(Wire.packet(0xF0, [code] + block))
            client.expectDisconnect(0x82)
        }
    }

    @Test("AUTH has no flags", .v5("3.15.1-1")) func flags() {
        for first in 0xF1...0xFF as ClosedRange<UInt8> {
            let client = Story().join("sub")
            client.send([first, 0])
            client.expectDisconnect(0x81)
        }
    }

    @Test(
        "AUTH carries its own reason codes only",
        .v5("3.15.2-1"),
        arguments: [0x00, 0x01, 0x17, 0x1A, 0x80, 0xFF] as [UInt8]
    )
    func codes(code: UInt8) {
        let client = Story().join("sub")
        client.send(Wire.packet(0xF0, [code] + Wire.block(.v5, Property.method("m"))))
        client.expectDisconnect(0x82)
    }

    @Test("AUTH that is malformed ends the connection") func malformed() {
        let cases: [([UInt8], UInt8)] = [
            ([], 0x82), ([0x18], 0x81), ([0x18, 0], 0x82), (hex("18 03 15 0005"), 0x81),
            (hex("18 04 11 00000001"), 0x81), (hex("18 02 23 00"), 0x81),
            ([0x18] + Wire.block(.v5, Property.method("m") + Property.method("m")), 0x82),
            ([0x18] + Wire.block(.v5, Property.method("m")) + [0], 0x81),
            ([0x18] + Wire.block(.v5, Property.authentication([1])), 0x82),
        ]
        for (body, code) in cases {
            let client = Story().join("sub")
            client.send(Wire.packet(0xF0, body))
            client.expectDisconnect(code)
        }
    }

    @Test("Before MQTT 5.0 there is no AUTH", arguments: [Version.v31, .v311])
    func older(version: Version) {
        let client = Story().join("sub", version)
        client.send(Wire.packet(0xF0, [0x18, 0]))
        client.expectEnd()
    }
}
