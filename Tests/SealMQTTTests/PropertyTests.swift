// SPDX-License-Identifier: Apache-2.0
// Which packet may carry which property: the whole table, tried with every packet.

import SealBytes
import SealMQTT
import Testing

@Suite("Properties")
struct PropertyTests {
    @Test("every property goes through each packet that may carry it, and no other")
    func properties() throws {
        for id in PropertyID.allCases {
            let value = try Self.value(of: id)
            let block = [id.rawValue] + value
            var carriers: Set<String> = []
            for (name, decode) in Self.carriers where (try? decode(block)) != nil {
                carriers.insert(name)
            }
            #expect(carriers == Self.expected[id], "\(id)")
        }
    }

    /// MQTT 5.0 §2.2.2.2, Table 2-4; C and S say who sends.
    static let expected: [PropertyID: Set<String>] = [
        .payloadFormatIndicator: ["publishC", "publishS", "will"],
        .messageExpiryInterval: ["publishC", "publishS", "will"],
        .contentType: ["publishC", "publishS", "will"],
        .responseTopic: ["publishC", "publishS", "will"],
        .correlationData: ["publishC", "publishS", "will"],
        .subscriptionIdentifier: ["publishS", "subscribe"],
        .sessionExpiryInterval: ["connect", "connack", "disconnectC"],
        .assignedClientIdentifier: ["connack"],
        .serverKeepAlive: ["connack"],
        .authenticationMethod: ["connect", "connack", "auth"],
        .authenticationData: ["connack"],
        .requestProblemInformation: ["connect"],
        .willDelayInterval: ["will"],
        .requestResponseInformation: ["connect"],
        .responseInformation: ["connack"],
        .serverReference: ["connack", "disconnectS"],
        .reasonString: ["connack", "ack", "suback", "unsuback", "disconnectC", "disconnectS"],
        .receiveMaximum: ["connect", "connack"],
        .topicAliasMaximum: ["connect", "connack"],
        .topicAlias: ["publishC", "publishS"],
        .maximumQoS: ["connack"],
        .retainAvailable: ["connack"],
        .userProperty: [
            "connect", "connack", "publishC", "publishS", "will", "ack", "subscribe", "suback",
            "unsubscribe", "unsuback", "disconnectC", "disconnectS",
        ],
        .maximumPacketSize: ["connect", "connack"],
        .wildcardSubscriptionAvailable: ["connack"],
        .subscriptionIdentifiersAvailable: ["connack"],
        .sharedSubscriptionAvailable: ["connack"],
    ]

    static func value(of id: PropertyID) throws -> [UInt8] {
        switch id {
        case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval,
            .maximumPacketSize:
            try bytes("00000001")
        case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: [0, 1]
        case .contentType, .responseTopic, .correlationData, .assignedClientIdentifier,
            .authenticationMethod, .authenticationData, .responseInformation, .serverReference,
            .reasonString:
            try bytes("0001 61")
        case .userProperty: try bytes("0001 61 0001 62")
        default: [1]
        }
    }

    /// Readers of a packet around a block of properties; AUTH cannot do without its method.
    static let carriers: [(String, @Sendable ([UInt8]) throws -> Void)] = [
        (
            "connect",
            { block in
                let body = try bytes("0004 4d515454 05 02 0000") + counted(block) + [0, 0]
                _ = try Connect.decode(body.span.bytes)
            }
        ),
        (
            "will",
            { block in
                let body =
                    try bytes("0004 4d515454 05 06 0000 00 0000") + counted(block)
                    + bytes("0001 61 0000")
                _ = try Connect.decode(body.span.bytes)
            }
        ),
        (
            "connack",
            { block in
                _ = try Connack.decode(([0, 0] + counted(block)).span.bytes, version: .v5)
            }
        ),
        (
            "publishC",
            { _ = try PublishProperties.decode($0.span.bytes, direction: .fromClient) }
        ),
        (
            "publishS",
            { _ = try PublishProperties.decode($0.span.bytes, direction: .fromServer) }
        ),
        (
            "ack",
            { block in
                for type in [PacketType.puback, .pubrec, .pubrel, .pubcomp] {
                    let body = [0, 1, 0] + counted(block)
                    _ = try Acknowledgement.decode(body.span.bytes, type: type, version: .v5)
                }
            }
        ),
        (
            "subscribe",
            { block in
                let body = [0, 1] + counted(block) + [0, 1, 0x23, 0]
                _ = try Subscribe.decode(body.span.bytes, version: .v5)
            }
        ),
        (
            "suback",
            { block in
                let body = [0, 1] + counted(block) + [0]
                _ = try Suback.decode(body.span.bytes, version: .v5)
            }
        ),
        (
            "unsubscribe",
            { block in
                let body = [0, 1] + counted(block) + [0, 1, 0x23]
                _ = try Unsubscribe.decode(body.span.bytes, version: .v5)
            }
        ),
        (
            "unsuback",
            { block in
                let body = [0, 1] + counted(block) + [0]
                _ = try Suback.decode(body.span.bytes, type: .unsuback, version: .v5)
            }
        ),
        (
            "disconnectC",
            { block in
                _ = try Disconnect.decode(([0] + counted(block)).span.bytes, version: .v5)
            }
        ),
        (
            "disconnectS",
            { block in
                _ = try Disconnect.decode(
                    ([0] + counted(block)).span.bytes,
                    version: .v5,
                    direction: .fromServer
                )
            }
        ),
        (
            "auth",
            { block in _ = try Auth.decode(([0x18] + counted(block)).span.bytes) }
        ),
    ]

    private static func counted(_ block: [UInt8]) -> [UInt8] { [UInt8(block.count)] + block }
}
