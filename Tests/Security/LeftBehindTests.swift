// SPDX-License-Identifier: Apache-2.0
// After a connection has gone nothing of it remains: no timer, no row, no entry in any list.

import SealTesting
import Testing

@testable import SealBroker
@testable import Stage

@Suite("Left behind") struct LeftBehindTests {
    @Test(
        "A client that connects with a long keep-alive and leaves, leaves no timer",
        arguments: Stage.inMemory
    )
    func keepAliveTimers(stage: Stage) {
        let story = Story(stage)
        for round in 0..<500 {
            let client = story.join("c\(round)", keepAlive: 65_535)
            if round % 2 == 0 { client.send(Wire.disconnect(0)) } else { client.cut() }
        }
        // One that never said CONNECT.
        story.open().cut()
        for partition in story.bench.partitions {
            #expect(partition.timerCount == 0)
            #expect(partition.links.count == 0)
            #expect(partition.sessions.count == 0)
            #expect(partition.principals.isEmpty)
            // Two partitions count places together, elsewhere.
            #expect(stage == .twoPartitions || partition.connectionCounts.isEmpty)
            #expect(partition.sessionsByKey.isEmpty)
        }
    }

    @Test("A session that is taken up again or ends leaves no timer of its end and will")
    func sessionTimers() {
        let story = Story()
        let will = Wire.Will(topic: "w", payload: "x", properties: Property.willDelay(100_000))
        for _ in 0..<100 {
            story.join("c", Property.sessionExpiry(1_000_000), clean: false, will: will).cut()
        }
        #expect(story.bench.partitions[0].timerCount == 2)
        let last = story.join("c", clean: true)
        #expect(story.bench.partitions[0].timerCount == 0)
        last.send(Wire.disconnect(0))
        #expect(story.bench.partitions[0].timerCount == 0)
    }

    @Test("Publishers that come and go beside a slow receiver are forgotten")
    func holds() {
        let story = Story { $0.limits.outBytesMax = 16_384 }
        let slow = story.join("sub")
        slow.subscribe("t")
        slow.wire.receivesBytesMax = 0
        let payload = String(repeating: "x", count: 6000)
        for round in 0..<200 {
            let publisher = story.join("p\(round)")
            for _ in 0..<4 { publisher.send(Wire.publish(.v5, "t", payload)) }
            publisher.cut()
            // It takes a little, so that it does not count as stalled.
            slow.wire.receivesBytesMax += 6100
            story.advance(milliseconds: 20)
        }
        let link = slow.wire.link
        #expect(story.bench.partitions[0].links[link].holds.count < 60)
        story.advance(milliseconds: 600)
        #expect(story.bench.partitions[0].links[link].holds.isEmpty)
    }

    @Test("A crowd that has gone gives back the memory of its rows")
    func rows() {
        let story = Story()
        story.bench.settlesItself = false
        let partition = story.bench.partitions[0]
        let handles = (0..<20_000).map { number in
            partition.opened(transport: UInt64(number), listener: 0, facts: ArrivalFacts())
        }
        #expect(partition.links.places >= 20_000)
        for handle in handles { partition.closed(handle, reason: "peer-closed") }
        #expect(partition.links.places <= 256)
        #expect(partition.timerCount == 0)
    }
}
