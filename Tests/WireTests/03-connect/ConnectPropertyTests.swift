// SPDX-License-Identifier: Apache-2.0
// The properties of CONNECT (MQTT 5.0 §3.1.2.11) and the fields of CONNACK (§3.2.2.3).

import SealBroker
import SealBroker
import Testing

@testable import Stage

@Suite("The properties of CONNECT and CONNACK") struct ConnectPropertyTests {
    private func answer(_ properties: [UInt8], _ story: Story = Story()) -> Player {
        let client = story.open(.v5)
        client.send(Wire.connect(.v5, "sub", Wire.Connect(properties: properties)))
        return client
    }

    @Test(
        "A property given twice is a protocol error",
        arguments: [
            Property.sessionExpiry(1), Property.receiveMaximum(1), Property.packetMaximum(100),
            Property.aliasMaximum(1), Property.problems(1), Property.responseInformation(0),
            Property.method("m"),
        ]
    ) func twice(property: [UInt8]) {
        answer(property + property).expectRefusal(0x82)
    }

    @Test(
        "A value that is not allowed is a protocol error",
        arguments: [
            Property.receiveMaximum(0), Property.packetMaximum(0), Property.problems(2),
            Property.responseInformation(2), Property.authentication([1]),
        ]
    ) func values(property: [UInt8]) {
        answer(property).expectRefusal(0x82)
    }

    @Test(
        "A property that does not belong into CONNECT refuses it",
        arguments: [
            Property.payloadFormat(0), Property.messageExpiry(1), Property.contentType("a"),
            Property.responseTopic("a"), Property.correlation([1]), Property.subscription(1),
            Property.assignedID("a"), Property.serverKeepAlive(1), Property.willDelay(1),
            Property.reason("a"), Property.alias(1), hex("24 00"), hex("25 00"), hex("28 00"),
        ]
    ) func foreign(property: [UInt8]) {
        answer(property).expectEnd(hex("20 03 00 82 00"))
        answer(property.dropLast()).expectEnd(hex("20 03 00 81 00"))
    }

    @Test(
        "A property that does not exist is malformed",
        arguments: [hex("00"), hex("7F"), hex("80 01"), hex("FF")]
    ) func unknown(property: [UInt8]) {
        answer(property).expectEnd(hex("20 03 00 81 00"))
    }

    @Test(
        "A property that is cut off is malformed",
        arguments: [
            Property.sessionExpiry(1), Property.receiveMaximum(1), Property.packetMaximum(100),
            Property.aliasMaximum(1), Property.problems(1), Property.method("m"),
            Property.user("a", "b"),
        ]
    ) func cut(property: [UInt8]) {
        for count in 1..<property.count {
            answer(Array(property.prefix(count))).expectRefusal(0x81)
        }
    }

    @Test("User properties may be repeated, and must be UTF-8", .v5("1.5.7-1"))
    func userProperties() {
        let many = Property.user("a", "b") + Property.user("a", "b") + Property.user("", "")
        #expect(answer(many).nextPacket().prefix(4) == [0x20, 0x0E, 0, 0])
        answer(hex("26 0001 C0 0001 61")).expectRefusal(0x81)
        answer(hex("26 0001 61 0001 00")).expectRefusal(0x81)
    }

    @Test("The session expiry is told when it is not what was asked for")
    func sessionExpiry() {
        let story = Story { $0.limits.sessionExpirySecondsMax = 100 }
        answer(Property.sessionExpiry(100), story)
            .expect("20 0E 00 00 0B 22 0020 27 00100000 21 0400")
        answer(Property.sessionExpiry(101), story)
            .expect("20 13 00 00 10 22 0020 11 00000064 27 00100000 21 0400")
    }

    @Test("Receive maximum, packet size and alias maximum of CONNACK are the broker's limits")
    func limits() {
        let story = Story {
            $0.limits.receiveMaximum = 7
            $0.limits.packetBytesMax = 2000
            $0.limits.topicAliasMaximum = 3
        }
        answer([], story).expect("20 0E 00 00 0B 22 0003 27 000007D0 21 0007")
    }

    @Test("Without topic aliases CONNACK names none") func noAliases() {
        let story = Story { $0.limits.topicAliasMaximum = 0 }
        answer([], story).expect("20 0B 00 00 08 27 00100000 21 0400")
    }

    @Test(
        "A server keep-alive is told when the client's is too long or switched off",
        .v5("3.1.2-21", "3.2.2-21", "3.2.2-22")
    )
    func keepAlive() {
        let story = Story { $0.limits.keepAliveSecondsMax = 60 }
        for asked in [0, 61, 65_535] {
            let client = story.open(.v5)
            client.send(Wire.connect(.v5, "sub", Wire.Connect(keepAlive: asked)))
            client.expect("20 11 00 00 0E 13 003C 22 0020 27 00100000 21 0400")
        }
        let client = story.open(.v5)
        client.send(Wire.connect(.v5, "sub", Wire.Connect(keepAlive: 60)))
        client.expect("20 0E 00 00 0B 22 0020 27 00100000 21 0400")
    }

    @Test("A listener's highest QoS is told", .v5("3.2.2-9")) func maximumQoS() {
        for qos in 0...1 as ClosedRange<UInt8> {
            let story = Story { $0.listeners[0].maximumQoS = qos }
            answer([], story)
                .expect(hex("20 10 00 00 0D 22 0020 27 00100000 21 0400 24") + [qos])
        }
    }

    @Test("That nothing is retained is told") func retainAvailable() {
        answer([], Story { $0.limits.retainedMessagesMax = 0 })
            .expect("20 10 00 00 0D 22 0020 25 00 27 00100000 21 0400")
    }

    @Test("No response information is given when none is asked for", .v5("3.1.2-28"))
    func responseInformation() {
        answer(Property.responseInformation(0))
            .expect("20 0E 00 00 0B 22 0020 27 00100000 21 0400")
    }

    @Test("A CONNACK that the client cannot take is not sent", .v5("3.1.2-24"))
    func tinyPackets() {
        answer(Property.packetMaximum(16)).expect("20 0E 00 00 0B 22 0020 27 00100000 21 0400")
        answer(Property.packetMaximum(15)).expectEnd()
    }

    @Test("A refusal leaves its words out when they would not fit", .v5("3.2.2-19", "3.2.2-20"))
    func tinyRefusal() {
        let refused = answer(
            Property.problems(1) + Property.packetMaximum(20) + Property.method("m")
        )
        refused.expectEnd(hex("20 03 00 8C 00"))
    }

    @Test(
        "A refusal has words only for who asks for them",
        arguments: ReasonStrings.allCases
    ) func words(setting: ReasonStrings) {
        let cases: [([UInt8], Set<ReasonStrings>)] = [
            (Property.problems(0), []), ([], [.always]), (Property.problems(1), [.always, .asked]),
        ]
        for (property, granting) in cases {
            let story = Story { $0.listeners[0].reasonStrings = setting }
            let refused = answer(property + Property.method("m"), story)
            let found = refused.take()
            #expect(Array(found[2...3]) == [0, 0x8C])
            #expect((found[4] != 0) == granting.contains(setting))
            if granting.contains(setting) { #expect(found[5] == 0x1F) }
        }
    }
}
