// SPDX-License-Identifier: Apache-2.0
// Maximum Packet Size where topic aliases make a packet longer the first time and shorter later.

import SealTelemetry
import Testing

@testable import Stage

@Suite("Packet size and topic aliases") struct AliasSizeTests {
    private let topic = "a/rather/long/topic/of/forty/characters/x"

    private func dropped(_ story: Story) -> UInt64 {
        story.bench.partitions.reduce(0) { $0 + $1.snapshot().messagesDropped[.packetTooLarge] }
    }

    @Test(
        "What fits without an alias, but not with one, is sent without",
        .v5("3.1.2-24"),
        arguments: [0, 1, 2] as [UInt8]
    ) func first(qos: UInt8) {
        let story = Story()
        let plain = Wire.publish(.v5, topic, "12345", qos: qos, id: 1)
        let properties = Property.aliasMaximum(1) + Property.packetMaximum(plain.count)
        let subscriber = story.join("sub", properties)
        subscriber.subscribe(topic, 2)
        let publisher = story.join("pub")
        publisher.send(Wire.publish(.v5, topic, "12345", qos: qos, id: 1))
        subscriber.expect(plain)
        // A shorter one has room for the alias, which is still free.
        publisher.send(Wire.publish(.v5, topic, "1", qos: qos, id: 2))
        subscriber.expect(Wire.publish(.v5, topic, "1", qos: qos, id: 2, Property.alias(1)))
        #expect(dropped(story) == 0)
    }

    @Test(
        "What may be sent again must fit with its whole topic, to the byte",
        .v5("3.1.2-24", "3.1.2-25"),
        arguments: [1, 2] as [UInt8]
    ) func lasting(qos: UInt8) {
        let story = Story()
        let fits = String(repeating: "x", count: 50)
        let full = Wire.publish(.v5, topic, fits, qos: qos, id: 2, dup: true)
        let properties =
            Property.aliasMaximum(1) + Property.packetMaximum(full.count)
            + Property.sessionExpiry(100)
        let subscriber = story.join("sub", properties)
        subscriber.subscribe(topic, 2)
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, topic, "1", qos: qos, id: 1),
            Wire.publish(.v5, topic, fits, qos: qos, id: 2),
            Wire.publish(.v5, topic, fits + "x", qos: qos, id: 3)
        )
        subscriber.expect(
            Wire.publish(.v5, topic, "1", qos: qos, id: 1, Property.alias(1)),
            Wire.publish(.v5, "", fits, qos: qos, id: 2, Property.alias(1))
        )
        #expect(dropped(story) == 1)
        subscriber.cut()
        let back = story.join("sub", properties, clean: false, present: true)
        let again = Wire.publish(.v5, topic, "1", qos: qos, id: 1, dup: true, Property.alias(1))
        // An alias of the new connection makes it shorter again.
        back.expect(
            again,
            Wire.publish(.v5, "", fits, qos: qos, id: 2, dup: true, Property.alias(1))
        )
        // Without aliases the whole topic is sent, and fits.
        back.cut()
        let plain = Property.packetMaximum(full.count) + Property.sessionExpiry(100)
        let last = story.join("sub", plain, clean: false, present: true)
        last.expect(Wire.publish(.v5, topic, "1", qos: qos, id: 1, dup: true), full)
        #expect(dropped(story) == 1)
    }

    @Test("What is not sent again may need its alias to fit")
    func passing() {
        let story = Story()
        let short = Wire.publish(.v5, "", "12345", Property.alias(1))
        let first = Wire.publish(.v5, topic, "1", Property.alias(1))
        let most = max(first.count, short.count)
        let long = String(repeating: "x", count: most - short.count + 5)
        let subscriber = story.join("sub", Property.aliasMaximum(1) + Property.packetMaximum(most))
        subscriber.subscribe(topic, 1)
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, topic, "1"),
            Wire.publish(.v5, topic, long),
            Wire.publish(.v5, topic, long + "x")
        )
        subscriber.expect(first, Wire.publish(.v5, "", long, Property.alias(1)))
        #expect(dropped(story) == 1)
    }
}
