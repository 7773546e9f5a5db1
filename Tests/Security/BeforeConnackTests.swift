// SPDX-License-Identifier: Apache-2.0
// What a client may send before it is known, and how large names may be: at the limit, and one
// above.

import SealTelemetry
import SealTesting
import Testing

@testable import SealBroker
@testable import Stage

@Suite("Before CONNACK") struct BeforeConnackTests {
    private func connect(_ version: Version, total: Int) -> [UInt8] {
        var options = Wire.Connect()
        options.will = Wire.Will(topic: "w", payload: "")
        let bare = Wire.connect(version, "pub", options)
        // One byte more of length is needed from 128 bytes on, another from 16,384.
        let growth = (total - 2 >= 16_384 + 3 ? 2 : 1)
        let count = total - bare.count - growth
        options.will = Wire.Will(topic: "w", payload: String(repeating: "x", count: count))
        return Wire.connect(version, "pub", options)
    }

    private func hits(_ story: Story, _ limit: LimitName) -> UInt64 {
        story.bench.partitions.map { $0.counters.limitHits[limit] }.reduce(0, +)
    }

    @Test("CONNECT may have 16 KiB and not a byte more", arguments: [Version.v311, .v5])
    func connectBytes(version: Version) {
        let story = Story()
        var packet = connect(version, total: 16_384)
        #expect(packet.count == 16_384)
        let client = story.open(version)
        client.send(packet)
        #expect(client.nextPacket().first == 0x20)
        #expect(!client.isClosed)

        packet = connect(version, total: 16_385)
        #expect(packet.count == 16_385)
        let large = story.open(version)
        // Its head alone decides, before the rest has come.
        large.send(Array(packet.prefix(40)))
        if version == .v5 { large.expectRefusal(0x95) } else { large.expectEnd() }
        #expect(hits(story, .connectPacketBytes) == 1)
        #expect(story.bench.partitions[0].counters.connects[.packetTooLarge] == 1)
    }

    @Test("After CONNACK the ordinary limit holds, in the same breath")
    func afterwards() {
        let story = Story()
        let client = story.open(.v5)
        let payload = String(repeating: "x", count: 500_000)
        client.send(Wire.connect(.v5, "pub"), Wire.publish(.v5, "t", payload, qos: 1, id: 1))
        #expect(client.nextPacket().first == 0x20)
        #expect(client.nextPacket() == hex("40 03 0001 10"))
    }

    @Test("A client id and a user name may have 1,024 bytes each")
    func names() {
        let story = Story { $0.limits.connectPacketBytesMax = 65_535 }
        _ = story.join(String(repeating: "i", count: 1024))
        let long = story.open(.v5)
        long.send(Wire.connect(.v5, String(repeating: "i", count: 1025)))
        long.expectRefusal(0x85)
        var options = Wire.Connect()
        options.user = String(repeating: "u", count: 1024)
        let user = story.open(.v5)
        user.send(Wire.connect(.v5, "a", options))
        #expect(user.nextPacket().first == 0x20)
        options.user = String(repeating: "u", count: 1025)
        let longUser = story.open(.v5)
        longUser.send(Wire.connect(.v5, "b", options))
        longUser.expectRefusal(0x86)
        #expect(hits(story, .userNameBytes) == 1 && hits(story, .clientIDBytes) == 1)
    }

    @Test("A topic or filter may have 4,096 bytes and 32 levels, wherever it stands")
    func topics() {
        let bytes = String(repeating: "t", count: 4096)
        let levels = Array(repeating: "l", count: 32).joined(separator: "/")
        for good in [bytes, levels] {
            let story = Story()
            let client = story.join("pub", Property.aliasMaximum(4))
            client.send(Wire.subscribe(.v5, 1, [(good, 0)]))
            client.expect(Wire.suback(.v5, 1, [0]))
            client.send(Wire.publish(.v5, good, "x", qos: 1, id: 1, Property.alias(1)))
            #expect(client.take().contains(0x40))
            #expect(!story.join("will", will: Wire.Will(topic: good, payload: "")).isClosed)
        }
        for bad in [bytes + "t", levels + "/l"] {
            let story = Story()
            let client = story.join("pub")
            client.send(Wire.subscribe(.v5, 1, [(bad, 0), ("ok", 1)]))
            client.expect(Wire.suback(.v5, 1, [0x8F, 1]))
            client.send(Wire.publish(.v5, bad, "x"))
            client.expectDisconnect(0x90)
            let aliased = story.join("sub")
            aliased.send(Wire.publish(.v5, bad, "x", Property.alias(1)))
            aliased.expectDisconnect(0x90)
            var options = Wire.Connect()
            options.will = Wire.Will(topic: bad, payload: "")
            let will = story.open(.v5)
            will.send(Wire.connect(.v5, "will", options))
            will.expectRefusal(0x90)
            #expect(hits(story, .topicBytes) + hits(story, .topicLevels) == 4)
        }
    }

    @Test("Who holds most of what has not arrived whole is disconnected, and told why")
    func overflow() {
        let story = Story()
        let client = story.join("pub")
        story.bench.partitions[0].inputOverflowed(client.wire.link)
        story.bench.settle()
        client.expectDisconnect(0x97)
        #expect(hits(story, .inputBytes) == 1)
        let stranger = story.open()
        stranger.send("10 0D 0004")
        story.bench.partitions[0].inputOverflowed(stranger.wire.link)
        story.bench.settle()
        stranger.expectClosed()
    }
}
