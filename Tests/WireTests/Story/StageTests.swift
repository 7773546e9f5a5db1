// SPDX-License-Identifier: Apache-2.0
// The stage itself: what stories take for granted.

import SealTesting
import Testing

@testable import Stage

@Suite("The stage") struct StageTests {
    @Test("With two partitions \"pub\" and \"sub\" live apart") func apart() {
        let story = Story(.twoPartitions)
        let publisher = story.join("pub")
        let subscriber = story.join("sub")
        #expect(publisher.wire.partition == 0)
        #expect(subscriber.wire.partition == 1)
    }

    @Test("A CONNECT of MQTT 5.0 is answered with the broker's limits") func connack() {
        let story = Story()
        let client = story.open()
        client.send("10 10 0004 4D515454 05 02 0000 00 0003 737562")
        client.expect("20 0E 00 00 0B 22 0020 27 00100000 21 0400")
        client.cut()
        #expect(story.bench.events.count == 2)
    }
}
