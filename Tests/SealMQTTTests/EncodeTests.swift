// SPDX-License-Identifier: Apache-2.0
// What writing decides by itself: what a version leaves out, what goes on unchanged.

import SealBytes
import SealMQTT
import Testing

@Suite("Encoding")
struct EncodeTests {
    private func written(_ write: (inout ByteWriter) -> Void) -> String {
        var writer = ByteWriter()
        write(&writer)
        return Hex.encode(writer.bytes)
    }

    private func hex(_ text: String) -> String { text.filter { !$0.isWhitespace } }

    @Test("PUBLISH tells where its identifier is, also behind earlier packets and long lengths")
    func identifierOffset() throws {
        let topic = Array("a/b".utf8)
        let payload = [UInt8](repeating: 7, count: 300)
        var writer = ByteWriter()
        Encode.pingreq(into: &writer)
        let start = writer.count
        let offset = Encode.publish(
            version: .v311,
            qos: 1,
            topic: topic.span.bytes,
            packetID: 0xABCD,
            properties: RawSpan(),
            payload: payload.span.bytes,
            into: &writer
        )
        let packet = writer.copied()[start...]
        #expect(offset == 8)
        #expect(packet[start + offset] == 0xAB)
        #expect(packet[start + offset + 1] == 0xCD)
        #expect(packet.count == 3 + 2 + 3 + 2 + 300)
    }

    @Test("QoS 0 has neither DUP nor an identifier [MQTT-3.3.1-2] [MQTT-2.2.1-2]")
    func atMostOnce() {
        let topic = Array("a".utf8)
        let text = written {
            Encode.publish(
                version: .v311,
                qos: 0,
                isDuplicate: true,
                isRetained: true,
                topic: topic.span.bytes,
                packetID: 5,
                properties: RawSpan(),
                payload: topic.span.bytes,
                into: &$0
            )
        }
        #expect(text == hex("31 04 0001 61 61"))
    }

    @Test("properties are left out before MQTT 5.0")
    func propertiesOfEarlierVersions() throws {
        let topic = Array("a".utf8)
        let block = try bytes("01 01")
        let text = written {
            Encode.publish(
                version: .v311,
                qos: 1,
                topic: topic.span.bytes,
                packetID: 5,
                properties: block.span.bytes,
                expirySeconds: 9,
                topicAlias: 3,
                subscriptionIdentifiers: [1],
                payload: RawSpan(),
                into: &$0
            )
        }
        #expect(text == hex("32 05 0001 61 0005"))
        var properties = ConnackProperties()
        properties.receiveMaximum = 5
        #expect(
            written {
                Encode.connack(
                    sessionPresent: true,
                    code: .success,
                    version: .v311,
                    properties: properties,
                    into: &$0
                )
            } == "20020100"
        )
        #expect(
            written {
                Encode.puback(
                    packetID: 1,
                    reason: .notAuthorized,
                    version: .v311,
                    reasonString: "no",
                    into: &$0
                )
            } == "40020001"
        )
    }

    @Test("reasons are left out before MQTT 5.0")
    func reasonsOfEarlierVersions() throws {
        #expect(
            written {
                Encode.disconnect(
                    reason: .serverBusy,
                    version: .v311,
                    reasonString: "no",
                    into: &$0
                )
            } == "e000"
        )
        #expect(
            written {
                Encode.suback(
                    packetID: 1,
                    codes: [0, 1, 2, 0x87, 0x8F],
                    version: .v311,
                    reasonString: "no",
                    into: &$0
                )
            } == hex("90 07 0001 00 01 02 80 80")
        )
        #expect(
            written {
                Encode.unsuback(packetID: 1, codes: [0x11], version: .v311, into: &$0)
            } == "b0020001"
        )
        let request = SubscriptionRequest(
            filter: [0x23],
            qos: 1,
            noLocal: true,
            retainAsPublished: true,
            retainHandling: 2
        )
        let subscribe = Subscribe(packetID: 1, filters: [request], subscriptionIdentifier: 5)
        #expect(
            written { Encode.subscribe(subscribe, version: .v311, into: &$0) }
                == hex("82 06 0001 0001 23 01")
        )
    }

    @Test("the session is never present in a refusal nor in MQTT 3.1 [MQTT-3.2.2-6] [MQTT-3.2.2-4]")
    func sessionPresent() {
        for (version, text) in [(ProtocolVersion.v31, "20020000"), (.v311, "20020100")] {
            #expect(
                written {
                    Encode.connack(
                        sessionPresent: true,
                        code: .success,
                        version: version,
                        into: &$0
                    )
                } == text
            )
        }
        #expect(
            written {
                Encode.connack(
                    sessionPresent: true,
                    code: .notAuthorized,
                    version: .v311,
                    into: &$0
                )
            } == "20020005"
        )
        #expect(
            written {
                Encode.connack(sessionPresent: true, code: .banned, version: .v5, into: &$0)
            } == "2003008a00"
        )
    }

    @Test("reason codes become the nearest return code [MQTT 3.1.1 §3.2.2.3]")
    func returnCodes() {
        for code in ConnectReturnCode.allCases {
            #expect(ConnectReturnCode(code.reasonCode) == code)
        }
        #expect(ConnectReturnCode(.serverBusy) == .serverUnavailable)
        #expect(ConnectReturnCode(.banned) == .notAuthorized)
        #expect(ConnectReturnCode(.malformedPacket) == nil)
    }

    @Test("a server that knows no MQTT 5.0 is understood by a client that does")
    func oldServer() throws {
        let body: [UInt8] = [0, 1]
        let packet = try Connack.decode(body.span.bytes, version: .v5)
        #expect(packet.reason == .unsupportedProtocolVersion)
    }

    @Test("what goes on to subscribers keeps bytes and order [MQTT-3.3.2-17] [MQTT-3.3.2-18]")
    func forwarded() throws {
        let block = try bytes(
            """
            26 0001 62 0001 31 23 0007 01 01 26 0001 61 0001 32 02 00000064 09 0002 ffff
            26 0001 62 0001 33 08 0001 72 03 0000
            """
        )
        let properties = try PublishProperties.decode(block.span.bytes)
        #expect(properties.topicAlias == 7)
        #expect(properties.messageExpirySeconds == 100)
        #expect(properties.payloadFormat == 1)
        #expect(properties.hasResponseTopic)
        #expect(!properties.forwardsUnchanged)
        let text = written {
            PublishProperties.writeForwarded(block.span.bytes, into: &$0)
        }
        #expect(
            text
                == hex(
                    """
                    26 0001 62 0001 31 01 01 26 0001 61 0001 32 09 0002 ffff 26 0001 62 0001 33
                    08 0001 72 03 0000
                    """
                )
        )
        let details = try PublishDetails(block.span.bytes, direction: .fromClient)
        #expect(details.userProperties.map(\.name) == ["b", "a", "b"])
        #expect(details.userProperties.map(\.value) == ["1", "2", "3"])
        #expect(details.correlationData == [0xFF, 0xFF])
        #expect(details.contentType?.isEmpty == true)
        #expect(details.responseTopic == [0x72])
    }

    @Test("forwarding a block that was never checked ends where it breaks")
    func forwardedBroken() throws {
        let block = try bytes("01 01 26 0001 61 ffff 00")
        let text = written { PublishProperties.writeForwarded(block.span.bytes, into: &$0) }
        #expect(text == "0101")
    }

    @Test("details are written in the form they are read in")
    func details() throws {
        var details = PublishDetails()
        details.payloadFormat = 1
        details.contentType = "text/plain"
        details.responseTopic = Array("answers".utf8)
        details.correlationData = [1, 2, 3]
        details.userProperties = [
            UserProperty(name: "a", value: "1"), UserProperty(name: "a", value: ""),
        ]
        var writer = ByteWriter()
        details.write(into: &writer)
        let again = try PublishDetails(writer.bytes, direction: .fromClient)
        #expect(again == details)
        let block = UserProperty.block(details.userProperties)
        let pairs = UserProperty.all(in: block.span.bytes)
        #expect(pairs == details.userProperties)
        let cut = Array(block.dropLast())
        let fewer = UserProperty.all(in: cut.span.bytes)
        #expect(fewer.count == 1)
    }

    @Test("PINGREQ, PINGRESP and DISCONNECT have two bytes [MQTT-3.12.4-1]")
    func short() {
        #expect(written { Encode.pingreq(into: &$0) } == "c000")
        #expect(written { Encode.pingresp(into: &$0) } == "d000")
        #expect(written { Encode.disconnect(into: &$0) } == "e000")
    }
}
