// SPDX-License-Identifier: Apache-2.0
// Packets as bytes, one or more of each type and version, and the way there and back.

import SealBytes
import SealMQTT
import Testing

/// A packet in hexadecimal digits, written the way `Encode` writes it.
struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let version: ProtocolVersion
    let direction: Direction
    let hex: String

    init(_ name: String, _ version: ProtocolVersion, _ direction: Direction, _ hex: String) {
        self.name = name
        self.version = version
        self.direction = direction
        self.hex = hex
    }

    var testDescription: String { "\(name), \(version), \(direction)" }

    static let all: [Sample] = connects + publishes + steps + subscriptions + endings

    static let connects: [Sample] = [
        Sample(
            "CONNECT",
            .v31,
            .fromClient,
            "10 0f 0006 4d5149736470 03 02 003c 0001 61"
        ),
        Sample(
            "CONNECT of a bridge",
            .v31,
            .fromClient,
            "10 0f 0006 4d5149736470 83 00 003c 0001 61"
        ),
        Sample("CONNECT", .v311, .fromClient, "10 0d 0004 4d515454 04 00 0000 0001 61"),
        Sample("CONNECT without id", .v311, .fromClient, "10 0c 0004 4d515454 04 02 003c 0000"),
        Sample(
            "CONNECT with all",
            .v311,
            .fromClient,
            "10 1f 0004 4d515454 04 ee 003c 0001 61 0003 772f74 0002 6869 0002 7573 0003 000170"
        ),
        Sample("CONNECT of a bridge", .v311, .fromClient, "10 0d 0004 4d515454 84 02 0000 0001 62"),
        Sample("CONNECT", .v5, .fromClient, "10 0d 0004 4d515454 05 02 003c 00 0000"),
        Sample(
            "CONNECT with a password only",
            .v5,
            .fromClient,
            "10 10 0004 4d515454 05 42 003c 00 0000 0001 70"
        ),
        Sample(
            "CONNECT with all",
            .v5,
            .fromClient,
            """
            10 56 0004 4d515454 05 36 003c
            26 11 0000000a 21 0014 27 00000064 22 0005 19 01 17 00 26 0001 61 0001 62
            15 0003 534341 16 0002 0102 0001 61
            18 18 00000005 02 00000006 01 01 03 0001 74 08 0001 72 09 0001 63 0003 772f74 0002 6869
            """
        ),
        Sample("CONNACK", .v31, .fromServer, "20 02 00 00"),
        Sample("CONNACK, refused", .v31, .fromServer, "20 02 00 02"),
        Sample("CONNACK", .v311, .fromServer, "20 02 01 00"),
        Sample("CONNACK, refused", .v311, .fromServer, "20 02 00 05"),
        Sample("CONNACK", .v5, .fromServer, "20 03 00 00 00"),
        Sample(
            "CONNACK with all",
            .v5,
            .fromServer,
            """
            20 42 01 00 3f 13 001e 22 0005 12 0001 61 15 0003 534341 16 0001 00 11 0000000a
            25 00 27 00000064 21 0014 24 01 28 00 29 00 2a 00 1a 0001 69 1c 0001 73
            1f 0002 6f6b 26 0001 61 0001 62
            """
        ),
        Sample("CONNACK, refused", .v5, .fromServer, "20 03 00 87 00"),
    ]

    static let publishes: [Sample] = [
        Sample("PUBLISH, QoS 0", .v31, .fromClient, "30 07 0003 612f62 6869"),
        Sample("PUBLISH, QoS 1", .v311, .fromClient, "32 09 0003 612f62 000a 6869"),
        Sample("PUBLISH, QoS 2, again, retained", .v311, .fromServer, "3d 07 0003 612f62 0001"),
        Sample("PUBLISH, QoS 0", .v5, .fromClient, "31 06 0003 612f62 00"),
        Sample("PUBLISH with an alias", .v5, .fromClient, "32 08 0000 0001 03 23 0001"),
        Sample(
            "PUBLISH with all",
            .v5,
            .fromClient,
            """
            34 26 0003 612f62 ffff 1c 01 01 03 0001 74 08 0001 72 09 0001 63 26 0001 61 0000
            02 0000000a 23 0001 6869
            """
        ),
        Sample(
            "PUBLISH with identifiers",
            .v5,
            .fromServer,
            "30 0f 0003 612f62 07 0b 01 0b ffffff7f 6869"
        ),
    ]

    static let steps: [Sample] = [
        Sample("PUBACK", .v31, .fromClient, "40 02 0001"),
        Sample("PUBREC", .v311, .fromClient, "50 02 0001"),
        Sample("PUBREL", .v311, .fromServer, "62 02 0001"),
        Sample("PUBCOMP", .v311, .fromServer, "70 02 ffff"),
        Sample("PUBACK", .v5, .fromServer, "40 02 0001"),
        Sample("PUBACK, nobody there", .v5, .fromServer, "40 03 0001 10"),
        Sample("PUBACK, refused", .v5, .fromClient, "40 09 0001 87 05 1f 0002 6e6f"),
        Sample("PUBREC, refused", .v5, .fromClient, "50 03 0001 97"),
        Sample("PUBREL, not found", .v5, .fromClient, "62 03 0001 92"),
        Sample("PUBCOMP, not found", .v5, .fromClient, "70 03 0001 92"),
    ]

    static let subscriptions: [Sample] = [
        Sample("SUBSCRIBE", .v31, .fromClient, "82 08 0001 0003 612f2b 01"),
        Sample("SUBSCRIBE", .v311, .fromClient, "82 0c 0001 0001 23 02 0003 612f2b 00"),
        Sample("SUBSCRIBE", .v5, .fromClient, "82 07 0001 00 0001 23 2e"),
        Sample(
            "SUBSCRIBE with all",
            .v5,
            .fromClient,
            "82 12 0001 0a 0b 8001 26 0001 61 0001 62 0002 2f2b 1d"
        ),
        Sample("SUBACK", .v31, .fromServer, "90 03 0001 02"),
        Sample("SUBACK", .v311, .fromServer, "90 05 0001 00 02 80"),
        Sample("SUBACK", .v5, .fromServer, "90 05 0001 00 01 87"),
        Sample("SUBACK with a reason", .v5, .fromServer, "90 09 0001 05 1f 0002 6e6f 8f"),
        Sample("UNSUBSCRIBE", .v31, .fromClient, "a2 05 0001 0001 23"),
        Sample("UNSUBSCRIBE", .v311, .fromClient, "a2 08 0001 0001 23 0001 2b"),
        Sample(
            "UNSUBSCRIBE",
            .v5,
            .fromClient,
            "a2 0d 0001 07 26 0001 61 0001 62 0001 23"
        ),
        Sample("UNSUBACK", .v311, .fromServer, "b0 02 0001"),
        Sample("UNSUBACK", .v5, .fromServer, "b0 05 0001 00 00 11"),
    ]

    static let endings: [Sample] = [
        Sample("PINGREQ", .v31, .fromClient, "c0 00"),
        Sample("PINGREQ", .v5, .fromClient, "c0 00"),
        Sample("PINGRESP", .v311, .fromServer, "d0 00"),
        Sample("PINGRESP", .v5, .fromServer, "d0 00"),
        Sample("DISCONNECT", .v31, .fromClient, "e0 00"),
        Sample("DISCONNECT", .v311, .fromClient, "e0 00"),
        Sample("DISCONNECT", .v5, .fromClient, "e0 00"),
        Sample("DISCONNECT with will", .v5, .fromClient, "e0 01 04"),
        Sample(
            "DISCONNECT with expiry",
            .v5,
            .fromClient,
            "e0 0e 00 0c 11 ffffffff 26 0001 61 0001 62"
        ),
        Sample("DISCONNECT, taken over", .v5, .fromServer, "e0 01 8e"),
        Sample(
            "DISCONNECT, moved",
            .v5,
            .fromServer,
            "e0 0b 9d 09 1f 0001 6d 1c 0002 6c68"
        ),
        Sample("AUTH", .v5, .fromClient, "f0 0c 18 0a 15 0003 534341 16 0001 01"),
        Sample("AUTH, success", .v5, .fromServer, "f0 00"),
        Sample(
            "AUTH, again",
            .v5,
            .fromClient,
            "f0 13 19 11 15 0003 534341 1f 0001 72 26 0001 61 0001 62"
        ),
    ]
}

/// Reads one packet and writes it again.
func reencoded(
    _ packet: [UInt8],
    _ version: ProtocolVersion,
    _ direction: Direction
) throws -> [UInt8]? {
    let bytes = packet.span.bytes
    guard
        let frame = try Framing.next(
            bytes,
            packetBytesMax: 1 << 20,
            version: version,
            direction: direction
        ),
        frame.totalCount <= packet.count
    else { return nil }
    let body = bytes.extracting(frame.headerCount..<frame.totalCount)
    var writer = ByteWriter()
    switch frame.type {
    case .connect: Encode.connect(try Connect.decode(body, frame: frame), into: &writer)
    case .connack:
        let packet = try Connack.decode(body, version: version)
        Encode.connack(
            sessionPresent: packet.sessionPresent,
            code: packet.reason,
            version: version,
            properties: packet.properties,
            into: &writer
        )
    case .publish: try reencodePublish(body, frame.flags, version, direction, into: &writer)
    case .puback, .pubrec, .pubrel, .pubcomp:
        try reencodeStep(body, frame.type, version, into: &writer)
    case .subscribe:
        Encode.subscribe(
            try Subscribe.decode(body, version: version),
            version: version,
            into: &writer
        )
    case .unsubscribe:
        Encode.unsubscribe(
            try Unsubscribe.decode(body, version: version),
            version: version,
            into: &writer
        )
    case .suback, .unsuback:
        let packet = try Suback.decode(body, type: frame.type, version: version)
        let write = frame.type == .suback ? Encode.suback : Encode.unsuback
        write(
            packet.packetID,
            packet.codes.map(\.rawValue),
            version,
            packet.reasonString,
            &writer
        )
    case .pingreq: Encode.pingreq(into: &writer)
    case .pingresp: Encode.pingresp(into: &writer)
    case .disconnect:
        let packet = try Disconnect.decode(body, version: version, direction: direction)
        Encode.disconnect(
            reason: packet.reason,
            version: version,
            sessionExpirySeconds: packet.sessionExpirySeconds,
            reasonString: packet.reasonString,
            serverReference: packet.serverReference,
            userProperties: packet.userProperties,
            into: &writer
        )
    case .auth: Encode.auth(try Auth.decode(body, direction: direction), into: &writer)
    }
    return writer.copied()
}

private func reencodeStep(
    _ body: RawSpan,
    _ type: PacketType,
    _ version: ProtocolVersion,
    into writer: inout ByteWriter
) throws {
    let packet = try Acknowledgement.decode(body, type: type, version: version)
    Encode.acknowledgement(
        type,
        packetID: packet.packetID,
        reason: packet.reason,
        version: version,
        reasonString: packet.reasonString,
        into: &writer
    )
}

private func reencodePublish(
    _ body: RawSpan,
    _ flags: UInt8,
    _ version: ProtocolVersion,
    _ direction: Direction,
    into writer: inout ByteWriter
) throws {
    let view = try PublishView.decode(body, flags: flags, version: version, direction: direction)
    if view.topic.byteCount > 0 { try TopicName.check(view.topic) }
    let details = try PublishDetails(view.propertyBytes, direction: direction)
    #expect(details.topicAlias == view.properties.topicAlias)
    #expect(details.messageExpirySeconds == view.properties.messageExpirySeconds)
    var forwarded = ByteWriter()
    PublishProperties.writeForwarded(view.propertyBytes, into: &forwarded)
    let isSame = forwarded.bytes.equals(view.propertyBytes)
    #expect(view.properties.forwardsUnchanged == isSame)
    let alias = view.properties.topicAlias
    let offset = Encode.publish(
        version: version,
        qos: view.qos,
        isDuplicate: view.isDuplicate,
        isRetained: view.isRetained,
        topic: view.topic,
        packetID: view.packetID,
        properties: forwarded.bytes,
        expirySeconds: view.properties.messageExpirySeconds,
        topicAlias: alias == 0 ? nil : alias,
        subscriptionIdentifiers: details.subscriptionIdentifiers,
        payload: view.payload,
        into: &writer
    )
    if view.qos == 0 {
        #expect(offset == 0)
    } else {
        let id = UInt16(writer.bytes.byte(offset)) << 8 | UInt16(writer.bytes.byte(offset + 1))
        #expect(id == view.packetID)
    }
}
