// SPDX-License-Identifier: Apache-2.0
// Answers of one connection: in the order of its requests, also where a SUBACK waits for another
// partition. The letters between partitions are carried by hand.

import SealTelemetry
import SealTesting
import Testing

@testable import Stage

@Suite("Order of answers") struct AnswerTests {
    private func limitHits(_ story: Story) -> UInt64 {
        story.bench.partitions.reduce(0) { $0 + $1.snapshot().limitHits[.awaitedAnswers] }
    }

    @Test("What is asked behind a SUBSCRIBE is answered behind its SUBACK")
    func turns() {
        let story = Story(.twoPartitions)
        let client = story.join("sub")
        story.bench.settlesItself = false
        client.send(
            Wire.subscribe(.v5, 1, [("a", 1)]),
            Wire.packet(0xC0, []),
            Wire.publish(.v5, "x", "1", qos: 1, id: 2),
            Wire.publish(.v5, "x", "2", qos: 2, id: 3),
            Wire.unsubscribe(.v5, 4, ["a"]),
            Wire.subscribe(.v5, 5, [("b", 2)]),
            Wire.packet(0xC0, [])
        )
        story.bench.turn(client.wire.partition)
        client.expectNothing()
        story.bench.settle()
        client.expect(
            Wire.suback(.v5, 1, [1]),
            Wire.packet(0xD0, []),
            Wire.puback(2, [0x10]),
            Wire.pubrec(3),
            Wire.unsuback(.v5, 4, [0]),
            Wire.suback(.v5, 5, [2]),
            Wire.packet(0xD0, [])
        )
        // Nothing is kept from then on.
        client.send(Wire.packet(0xC0, []))
        story.bench.turn(client.wire.partition)
        client.expect(Wire.packet(0xD0, []))
    }

    @Test("A SUBACK that needs nobody else waits for the one before it")
    func second() {
        let story = Story(.twoPartitions)
        let client = story.join("sub")
        client.subscribe("a", 0)
        story.bench.settlesItself = false
        client.send(
            Wire.subscribe(.v5, 1, [("b", 0)]),
            Wire.subscribe(.v5, 2, [("a", 0x21)])
        )
        story.bench.turn(client.wire.partition)
        client.expectNothing()
        story.bench.settle()
        client.expect(Wire.suback(.v5, 1, [0]), Wire.suback(.v5, 2, [1]))
    }

    @Test(
        "SUBSCRIBE and DISCONNECT at once: the SUBACK comes before the end",
        arguments: Version.allCases,
        Stage.allCases
    )
    func leaving(version: Version, stage: Stage) {
        let story = Story(stage)
        let client = story.join("sub", version)
        client.send(Wire.subscribe(version, 1, [("a", 1)]), Wire.disconnect())
        client.expectEnd(Wire.suback(version, 1, [1]))
    }

    @Test("A DISCONNECT that waits behind a SUBACK takes the will back at once")
    func will() {
        let story = Story(.twoPartitions)
        let watcher = story.join("pub")
        watcher.subscribe("w")
        let client = story.join("sub", will: Wire.Will(topic: "w", payload: "gone"))
        story.bench.settlesItself = false
        client.send(Wire.subscribe(.v5, 1, [("a", 1)]), Wire.disconnect())
        story.bench.turn(client.wire.partition)
        // The wire is cut before the other partition has answered.
        client.cut()
        story.bench.settle()
        watcher.expectNothing()
    }

    @Test("What comes behind a DISCONNECT that waits is not handled")
    func behind() {
        let story = Story(.twoPartitions)
        let watcher = story.join("pub")
        watcher.subscribe("x")
        let client = story.join("sub")
        story.bench.settlesItself = false
        client.send(Wire.subscribe(.v5, 1, [("a", 1)]), Wire.disconnect())
        story.bench.turn(client.wire.partition)
        client.send(Wire.publish(.v5, "x", "late"))
        story.bench.turn(client.wire.partition)
        story.bench.settle()
        watcher.expectNothing()
        client.expectEnd(Wire.suback(.v5, 1, [1]))
    }

    @Test("With 64 SUBACKs waiting reading stops, and goes on when the first has gone")
    func manyAwaited() {
        let story = Story(.twoPartitions)
        let client = story.join("sub")
        story.bench.settlesItself = false
        let requests = (1...66).map { Wire.subscribe(.v5, $0, [("a/\($0)", 0)]) }
        client.send(requests[..<63].flatMap(\.self))
        story.bench.turn(client.wire.partition)
        #expect(client.wire.unread.isEmpty)
        #expect(limitHits(story) == 0)
        // The 64th is read and is the last one.
        client.send(requests[63...].flatMap(\.self))
        story.bench.turn(client.wire.partition)
        #expect(client.wire.unread == requests[64...].flatMap(\.self))
        #expect(limitHits(story) == 1)
        story.bench.settle()
        client.expect((1...66).flatMap { Wire.suback(.v5, $0, [0]) })
    }

    @Test("With 65,536 bytes of answers waiting reading stops, not one byte earlier")
    func manyBytes() {
        let story = Story(.twoPartitions)
        let client = story.join("sub", .v311)
        story.bench.settlesItself = false
        client.send(Wire.subscribe(.v311, 1, [("a", 0)]))
        // Each PINGRESP has two bytes.
        let ping = Wire.packet(0xC0, [])
        client.send((0..<32_767).flatMap { _ in ping })
        story.bench.turn(client.wire.partition)
        #expect(client.wire.unread.isEmpty)
        #expect(limitHits(story) == 0)
        client.send(ping + ping)
        story.bench.turn(client.wire.partition)
        #expect(client.wire.unread == ping)
        #expect(limitHits(story) == 1)
        story.bench.settle()
        let found = client.take()
        #expect(found.count == Wire.suback(.v311, 1, [0]).count + 2 * 32_769)
    }

    @Test("Whoever is sent away before the SUBACK gets no answer behind it")
    func sentAway() {
        let story = Story(.twoPartitions)
        let client = story.join("sub")
        story.bench.settlesItself = false
        client.send(
            Wire.subscribe(.v5, 1, [("a", 1)]),
            Wire.publish(.v5, "x", "1", qos: 1, id: 2),
            Wire.packet(0xC1, [])
        )
        story.bench.turn(client.wire.partition)
        story.bench.settle()
        client.expectDisconnect(0x81)
    }
}
