// SPDX-License-Identifier: Apache-2.0
// Packets that the standards forbid, each with the statement it breaks and the error it gives.

import SealBytes
import SealMQTT
import Testing

/// A packet to be refused.
struct Refusal: Sendable, CustomTestStringConvertible {
    let statement: String
    let version: ProtocolVersion
    let direction: Direction
    let hex: String
    let error: MQTTError
    let reasonCode: ReasonCode

    init(
        _ statement: String,
        _ version: ProtocolVersion,
        _ hex: String,
        _ error: MQTTError = .malformed,
        _ reasonCode: ReasonCode? = nil,
        _ direction: Direction = .fromClient
    ) {
        self.statement = statement
        self.version = version
        self.direction = direction
        self.hex = hex
        self.error = error
        let isBreach = error == .breach || error == .goodbye
        self.reasonCode = reasonCode ?? (isBreach ? .protocolError : .malformedPacket)
    }

    var testDescription: String { "\(statement), \(version)" }

    func expectRefused() throws {
        let packet = try bytes(hex)
        let thrown = #expect(throws: MQTTError.self) {
            try reencoded(packet, version, direction)
        }
        #expect(thrown == error)
        #expect(thrown?.reasonCode == reasonCode)
    }
}

@Suite("Refusals")
struct RefusalTests {
    static let connect: [Refusal] = [
        Refusal(
            "[MQTT-3.1.2-1] name",
            .v5,
            "10 0d 0004 6d717474 05 02 003c 00 0000",
            .name,
            .unsupportedProtocolVersion
        ),
        Refusal(
            "[MQTT-3.1.2-1] MQIsdp with level 4",
            .v311,
            "10 0f 0006 4d5149736470 04 02 003c 0001 61",
            .version,
            .unsupportedProtocolVersion
        ),
        Refusal(
            "[MQTT-3.1.2-2] level 6",
            .v5,
            "10 0d 0004 4d515454 06 02 003c 00 0000",
            .version,
            .unsupportedProtocolVersion
        ),
        Refusal(
            "[MQTT-3.1.2-2] level 3 of MQTT",
            .v311,
            "10 0d 0004 4d515454 03 02 003c 0001 61",
            .version,
            .unsupportedProtocolVersion
        ),
        Refusal(
            "[MQTT-3.1.2-2] level 5 with the bridge bit",
            .v5,
            "10 0d 0004 4d515454 85 02 003c 00 0000",
            .version,
            .unsupportedProtocolVersion
        ),
        Refusal(
            "[MQTT-3.1.2-3] reserved flag",
            .v311,
            "10 0d 0004 4d515454 04 03 003c 0001 61"
        ),
        Refusal(
            "[MQTT-3.1.2-3] reserved flag",
            .v5,
            "10 0d 0004 4d515454 05 03 003c 00 0000"
        ),
        Refusal(
            "[MQTT-3.1.2-13] will QoS without will",
            .v311,
            "10 0d 0004 4d515454 04 0a 003c 0001 61"
        ),
        Refusal(
            "[MQTT-3.1.2-15] will retain without will",
            .v5,
            "10 0d 0004 4d515454 05 22 003c 00 0000"
        ),
        Refusal(
            "[MQTT-3.1.2-14] will QoS 3",
            .v311,
            "10 12 0004 4d515454 04 1e 003c 0001 61 0001 74 0000"
        ),
        Refusal(
            "[MQTT-3.1.2-14] will QoS 3",
            .v31,
            "10 14 0006 4d5149736470 03 1e 003c 0001 61 0001 74 0000"
        ),
        Refusal(
            "[MQTT-3.1.2-22] of 3.1.1: password without user name",
            .v311,
            "10 10 0004 4d515454 04 42 003c 0001 61 0001 70"
        ),
        Refusal(
            "[MQTT-3.1.3-8] of 3.1.1: no id in a session to be kept",
            .v311,
            "10 0c 0004 4d515454 04 00 003c 0000",
            .clientID,
            .clientIdentifierNotValid
        ),
        Refusal(
            "no id",
            .v31,
            "10 0e 0006 4d5149736470 03 02 003c 0000",
            .clientID,
            .clientIdentifierNotValid
        ),
        Refusal(
            "[MQTT-3.1.3-4] id not UTF-8",
            .v311,
            "10 0d 0004 4d515454 04 02 003c 0001 ff"
        ),
        Refusal(
            "[MQTT-1.5.4-2] id with U+0000",
            .v5,
            "10 0e 0004 4d515454 05 02 003c 00 0001 00"
        ),
        Refusal(
            "[MQTT-3.1.3-9] will topic not UTF-8",
            .v311,
            "10 12 0004 4d515454 04 06 003c 0001 61 0001 ff 0000"
        ),
        Refusal(
            "[MQTT-4.7.0-1] will topic with a wildcard",
            .v311,
            "10 12 0004 4d515454 04 06 003c 0001 61 0001 23 0000",
            .topicName
        ),
        Refusal(
            "[MQTT-4.7.3-1] will topic empty",
            .v311,
            "10 11 0004 4d515454 04 06 003c 0001 61 0000 0000",
            .topicName
        ),
        Refusal(
            "[MQTT-3.1.3-10] user name not UTF-8",
            .v311,
            "10 10 0004 4d515454 04 82 003c 0001 61 0001 ff"
        ),
        Refusal(
            "[MQTT-3.1.2-19] user name missing",
            .v311,
            "10 0d 0004 4d515454 04 82 003c 0001 61"
        ),
        Refusal(
            "[MQTT-1.5.5-1] length not shortest",
            .v5,
            "10 8d00 0004 4d515454 05 02 003c 00 0000"
        ),
        Refusal(
            "property length beyond the body",
            .v5,
            "10 0d 0004 4d515454 05 02 003c 7f 0000"
        ),
        Refusal(
            "receive maximum 0",
            .v5,
            "10 10 0004 4d515454 05 02 003c 03 21 0000 0000",
            .breach
        ),
        Refusal(
            "maximum packet size 0",
            .v5,
            "10 12 0004 4d515454 05 02 003c 05 27 00000000 0000",
            .breach
        ),
        Refusal(
            "request problem information 2",
            .v5,
            "10 0f 0004 4d515454 05 02 003c 02 17 02 0000",
            .breach
        ),
        Refusal(
            "request response information 2",
            .v5,
            "10 0f 0004 4d515454 05 02 003c 02 19 02 0000",
            .breach
        ),
        Refusal(
            "authentication data without method",
            .v5,
            "10 11 0004 4d515454 05 02 003c 04 16 0001 00 0000",
            .breach
        ),
        Refusal(
            "session expiry twice",
            .v5,
            "10 17 0004 4d515454 05 02 003c 0a 11 00000001 11 00000001 0000",
            .breach
        ),
        Refusal(
            "topic alias in CONNECT",
            .v5,
            "10 10 0004 4d515454 05 02 003c 03 23 0001 0000",
            .breach
        ),
        Refusal("unknown property", .v5, "10 0f 0004 4d515454 05 02 003c 02 7e 01 0000"),
        Refusal(
            "[MQTT-1.5.7-1] user property's name not UTF-8",
            .v5,
            "10 13 0004 4d515454 05 02 003c 06 26 0001 ff 0000 0000"
        ),
        Refusal(
            "will delay in CONNECT",
            .v5,
            "10 12 0004 4d515454 05 02 003c 05 18 00000001 0000",
            .breach
        ),
    ]

    @Test("a CONNECT that breaks the standard is refused", arguments: connect)
    func refusedConnect(_ refusal: Refusal) throws { try refusal.expectRefused() }

    static let publish: [Refusal] = [
        Refusal("[MQTT-3.3.1-4] QoS 3", .v5, "36 06 0001 61 0001 00"),
        Refusal("[MQTT-3.3.1-4] QoS 3", .v311, "36 05 0001 61 0001"),
        Refusal("[MQTT-3.3.1-2] DUP with QoS 0", .v5, "38 04 0001 61 00"),
        Refusal("[MQTT-3.3.1-2] DUP with QoS 0", .v311, "38 03 0001 61"),
        Refusal("[MQTT-2.2.1-3] identifier 0", .v5, "32 06 0001 61 0000 00", .breach),
        Refusal("[MQTT-2.3.1-1] of 3.1.1: identifier 0", .v311, "34 05 0001 61 0000", .breach),
        Refusal("identifier missing", .v311, "32 03 0001 61"),
        Refusal("[MQTT-3.3.2-1] no topic", .v311, "30 02 0000", .breach),
        Refusal("[MQTT-3.3.2-1] no topic, no alias", .v5, "30 03 0000 00", .breach),
        Refusal("topic beyond the body", .v311, "30 03 0005 61"),
        Refusal("[MQTT-3.3.2-1] topic not UTF-8", .v311, "30 03 0001 ff"),
        Refusal(
            "[MQTT-3.3.2-2] wildcard",
            .v5,
            "30 04 0001 23 00",
            .topicName
        ),
        Refusal(
            "[MQTT-3.3.2-8] alias 0",
            .v5,
            "30 06 0000 03 23 0000",
            .topicAlias,
            .topicAliasInvalid
        ),
        Refusal("property length missing", .v5, "30 03 0001 61"),
        Refusal("[MQTT-1.5.5-1] property length", .v5, "30 05 0001 61 8000"),
        Refusal("property length of five bytes", .v5, "30 08 0001 61 8080808001"),
        Refusal("payload format 2", .v5, "30 06 0001 61 02 01 02", .breach),
        Refusal("payload format twice", .v5, "30 08 0001 61 04 01 00 01 00", .breach),
        Refusal("[MQTT-3.3.4-6] subscription identifier", .v5, "30 06 0001 61 02 0b 01", .breach),
        Refusal(
            "[MQTT-3.3.2-14] response topic with a wildcard",
            .v5,
            "30 08 0001 61 04 08 0001 2b",
            .breach
        ),
        Refusal("[MQTT-3.3.2-13] response topic not UTF-8", .v5, "30 08 0001 61 04 08 0001 ff"),
        Refusal("[MQTT-3.3.2-19] content type not UTF-8", .v5, "30 08 0001 61 04 03 0001 ff"),
        Refusal("session expiry in PUBLISH", .v5, "30 09 0001 61 05 11 00000000", .breach),
        Refusal(
            "subscription identifier 0",
            .v5,
            "30 06 0001 61 02 0b 00",
            .breach,
            nil,
            .fromServer
        ),
    ]

    @Test("a PUBLISH that breaks the standard is refused", arguments: publish)
    func refusedPublish(_ refusal: Refusal) throws { try refusal.expectRefused() }

    static let others: [Refusal] = [
        Refusal("PUBACK with identifier 0", .v311, "40 02 0000", .breach),
        Refusal("PUBACK too long", .v311, "40 03 0001 00"),
        Refusal("PUBACK too short", .v5, "40 01 00"),
        Refusal("[MQTT-3.4.2-1] reason", .v5, "40 03 0001 92", .breach),
        Refusal("[MQTT-3.4.2-1] not a reason", .v5, "40 03 0001 03", .breach),
        Refusal("[MQTT-3.5.2-1] reason", .v5, "50 03 0001 04", .breach),
        Refusal("[MQTT-3.6.2-1] reason", .v5, "62 03 0001 10", .breach),
        Refusal("[MQTT-3.7.2-1] reason", .v5, "70 03 0001 80", .breach),
        Refusal("[MQTT-3.6.1-1] flags", .v311, "60 02 0001"),
        Refusal("PUBACK with a server reference", .v5, "40 08 0001 00 04 1c 0001 61", .breach),
        Refusal("[MQTT-3.8.1-1] flags", .v5, "80 07 0001 00 0001 23 00"),
        Refusal("[MQTT-3.8.3-2] no filter", .v5, "82 03 0001 00", .breach),
        Refusal("[MQTT-3.8.3-3] of 3.1.1: no filter", .v311, "82 02 0001", .breach),
        Refusal("a property of PUBLISH in SUBSCRIBE", .v5, "82 09 0001 02 01 00 0001 23 00"),
        Refusal("a property of PUBLISH in UNSUBSCRIBE", .v5, "a2 08 0001 02 01 00 0001 23"),
        Refusal("[MQTT-3.8.3-1] filter not UTF-8", .v311, "82 06 0001 0001 ff 00"),
        Refusal("[MQTT-3-8.3-4] QoS 3", .v311, "82 06 0001 0001 23 03", .breach),
        Refusal("[MQTT-3-8.3-4] reserved bits", .v311, "82 06 0001 0001 23 04"),
        Refusal("QoS 3", .v31, "82 06 0001 0001 23 03", .breach),
        Refusal("QoS 3", .v5, "82 07 0001 00 0001 23 03", .breach),
        Refusal("[MQTT-3.8.3-5] reserved bits", .v5, "82 07 0001 00 0001 23 40"),
        Refusal("retain handling 3", .v5, "82 07 0001 00 0001 23 30", .breach),
        Refusal(
            "[MQTT-3.8.3-4] No Local and shared",
            .v5,
            "82 10 0001 00 000a 2473686172652f672f61 04",
            .breach
        ),
        Refusal("subscription identifier 0", .v5, "82 09 0001 02 0b 00 0001 23 00", .breach),
        Refusal(
            "subscription identifier twice",
            .v5,
            "82 0b 0001 04 0b 01 0b 02 0001 23 00",
            .breach
        ),
        Refusal("[MQTT-2.2.1-3] identifier 0", .v5, "82 07 0000 00 0001 23 00", .malformed),
        Refusal("options missing", .v311, "82 05 0001 0001 23"),
        Refusal("[MQTT-3.10.1-1] flags", .v311, "a0 05 0001 0001 23"),
        Refusal("[MQTT-3.10.3-2] no filter", .v311, "a2 02 0001", .breach),
        Refusal("[MQTT-3.10.3-2] no filter", .v5, "a2 03 0001 00", .breach),
        Refusal("[MQTT-3.10.3-1] filter not UTF-8", .v311, "a2 05 0001 0001 ff"),
        Refusal("[MQTT-2.3.1-1] of 3.1.1: identifier 0", .v311, "a2 05 0000 0001 23", .malformed),
        Refusal("[MQTT-3.14.1-1] flags", .v311, "e1 00"),
        Refusal("DISCONNECT with a body", .v311, "e0 01 00"),
        Refusal("[MQTT-3.14.2-1] a server's reason", .v5, "e0 01 8e", .goodbye),
        Refusal("[MQTT-3.14.2-1] a client's reason", .v5, "e0 01 04", .breach, nil, .fromServer),
        Refusal(
            "[MQTT-3.14.2-2] session expiry of a server",
            .v5,
            "e0 07 00 05 11 00000001",
            .breach,
            nil,
            .fromServer
        ),
        Refusal("server reference of a client", .v5, "e0 06 00 04 1c 0001 61", .goodbye),
        Refusal("[MQTT-3.15.1-1] flags", .v5, "f1 00"),
        Refusal("[MQTT-3.15.2-1] reason", .v5, "f0 06 00 04 15 0001 61", .breach),
        Refusal("AUTH without method", .v5, "f0 02 18 00", .breach),
        Refusal("AUTH of a client without anything", .v5, "f0 00", .breach),
        Refusal("[MQTT-3.2.2-1] flags", .v311, "20 02 02 00", .malformed, nil, .fromServer),
        Refusal("[MQTT-3.2.2-6] session", .v5, "20 03 01 87 00", .breach, nil, .fromServer),
        Refusal(
            "[MQTT-3.2.2-4] of 3.1.1: session",
            .v311,
            "20 02 01 05",
            .breach,
            nil,
            .fromServer
        ),
        Refusal("[MQTT-3.2.2-8] reason", .v5, "20 03 00 8e 00", .breach, nil, .fromServer),
        Refusal("return code 6", .v311, "20 02 00 06", .breach, nil, .fromServer),
        Refusal("[MQTT-3.9.3-2] code", .v5, "90 04 0001 00 03", .breach, nil, .fromServer),
        Refusal(
            "[MQTT-3.9.3-2] of 3.1.1: code",
            .v311,
            "90 03 0001 87",
            .breach,
            nil,
            .fromServer
        ),
        Refusal("[MQTT-3.11.3-2] code", .v5, "b0 04 0001 00 10", .breach, nil, .fromServer),
        Refusal("UNSUBACK with codes", .v311, "b0 03 0001 00", .malformed, nil, .fromServer),
        Refusal("SUBACK without codes", .v5, "90 03 0001 00", .breach, nil, .fromServer),
    ]

    @Test("another packet that breaks the standard is refused", arguments: others)
    func refused(_ refusal: Refusal) throws { try refusal.expectRefused() }

    @Test("MQTT 3.1 takes what its text leaves open")
    func leniency() throws {
        // A user name and a password whose flags are set may be missing (MQTT 3.1 §3.1).
        let packet = try bytes("0006 4d5149736470 03 c2 003c 0001 61")
        let connect = try Connect.decode(packet.span.bytes)
        #expect(connect.username == nil)
        #expect(connect.password == nil)
        let named = try bytes("0006 4d5149736470 03 c2 003c 0001 61 0001 75")
        #expect(try Connect.decode(named.span.bytes).username == [0x75])
        // Unused flags have no meaning.
        let flags = try bytes("0006 4d5149736470 03 0b 003c 0001 61")
        #expect(try Connect.decode(flags.span.bytes).cleanStart)
        let options = try bytes("0001 0001 23 fd")
        #expect(try Subscribe.decode(options.span.bytes, version: .v31).filters[0].qos == 1)
        #expect(try reencoded(bytes("38 03 0001 61"), .v31, .fromClient) == bytes("30 03 0001 61"))
    }

    @Test("the version of a CONNECT is known before the rest of it is")
    func versionOfBroken() throws {
        for (hex, version) in [
            ("0004 4d515454 05", ProtocolVersion.v5), ("0004 4d515454 84", .v311),
            ("0006 4d5149736470 03", .v31), ("0004 4d515454 06", nil), ("0004 4d515454", nil),
            ("0004 58585858 04", nil), ("", nil),
        ] {
            let packet = try bytes(hex)
            #expect(Connect.version(of: packet.span.bytes) == version)
        }
    }

    @Test("every refusal has a sentence and a clause, and equality looks at the code alone")
    func sentences() throws {
        for refusal in Self.connect + Self.publish + Self.others {
            let packet = try bytes(refusal.hex)
            let error = #expect(throws: MQTTError.self) {
                try reencoded(packet, refusal.version, refusal.direction)
            }
            let text = try #require(error).description
            #expect(text.contains("MQTT ") && text.contains("§") && text.contains("."))
        }
        let first = MQTTError(.protocolError, .protocolError, "One.", clause: "")
        let second = MQTTError(.protocolError, .malformedPacket, "Two.", clause: "x")
        #expect(first == second)
    }
}
