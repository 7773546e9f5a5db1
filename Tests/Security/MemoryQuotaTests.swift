// SPDX-License-Identifier: Apache-2.0
// Memory is charged to who holds it, for what it really costs; at the limit, and one above.

import SealTelemetry
import SealTesting
import Testing

@testable import SealBroker
@testable import SealBytes
@testable import SealNet
@testable import Stage

@Suite("Memory quotas", .serialized) struct MemoryQuotaTests {
    private func hits(_ story: Story, _ limit: LimitName) -> UInt64 {
        story.bench.partitions.map { $0.counters.limitHits[limit] }.reduce(0, +)
    }

    private func use(_ story: Story, _ kind: MemoryKind) -> Int {
        story.bench.partitions.map { $0.snapshot().memory[kind] }.reduce(0, +)
    }

    private func stored(_ story: Story, _ name: String) -> Player {
        story.join(name, Property.sessionExpiry(1000), clean: false)
    }

    // MARK: Subscriptions

    @Test("A session's subscriptions have a bound in bytes; the one that does not fit is refused")
    func subscriptionBytes() {
        let cost = Weight.subscription(Array("a/b".utf8), nil) + Weight.nodes(of: Array("a/b".utf8))
        for (most, code) in [(2 * cost, UInt8(0)), (2 * cost - 1, 0x97)] {
            let story = Story { $0.limits.subscriptionBytesPerSessionMax = most }
            let client = story.join("sub")
            client.subscribe("a/b")
            client.send(Wire.subscribe(.v5, 1, [("a/c", 0)]))
            client.expect(Wire.suback(.v5, 1, [code]))
            #expect(hits(story, .subscriptionBytesPerSession) == (code == 0 ? 0 : 1))
            // What is given up makes room.
            client.send(Wire.unsubscribe(.v5, 2, ["a/b"]))
            client.send(Wire.subscribe(.v5, 3, [("a/d", 0)]))
            client.expect(Wire.unsuback(.v5, 2, [0]), Wire.suback(.v5, 3, [0]))
        }
    }

    @Test("Filters of many levels weigh what their nodes take, and give it back")
    func filterWeight() {
        let story = Story { $0.limits.subscriptionBytesPerSessionMax = 1 << 40 }
        let client = story.join("sub")
        let before = FreeMemory.allocatedBytes
        for round in 0..<1000 {
            let filter = (0..<32).map { "\(round)-\($0)" }.joined(separator: "/")
            client.send(Wire.subscribe(.v5, 1, [(filter, 0)]))
            _ = client.take()
        }
        let real = FreeMemory.allocatedBytes - before
        let charged = use(story, .subscriptions)
        #expect(charged >= real && charged <= 4 * real, "\(charged) charged, \(real) taken")
        client.send(Wire.disconnect(0))
        #expect(use(story, .subscriptions) == 0)
        let left = FreeMemory.allocatedBytes - before
        #expect(left < real / 10, "\(left) of \(real) left")
    }

    // MARK: Queues and windows

    @Test("Thirty sessions of one user share the bound of one client; another user has room")
    func sumOfQueues() {
        let story = Story { setup in
            setup.limits.clientBytesMax = 200_000
            setup.limits.inFlightMax = 4
        }
        func join(_ name: String, _ user: String) -> Player {
            var options = Wire.Connect(clean: false)
            options.properties = Property.sessionExpiry(1000)
            options.user = user
            let player = story.open(.v5)
            player.send(Wire.connect(.v5, name, options))
            #expect(player.nextPacket().prefix(1) == [0x20])
            return player
        }
        for number in 0..<30 {
            let client = join("c\(number)", "greedy")
            client.subscribe("t", 1)
            // Messages under way count as well as those that wait.
            if number % 2 == 0 { client.cut() } else { client.wire.receivesBytesMax = 0 }
        }
        let other = join("other", "modest")
        other.subscribe("t", 1)
        other.cut()
        let publisher = story.join("pub")
        let payload = String(repeating: "x", count: 5000)
        for id in 1...20 { publisher.send(Wire.publish(.v5, "t", payload, qos: 1, id: id)) }
        let held = use(story, .queued) + use(story, .inFlight)
        #expect(held <= 200_000 + 20 * 5400)
        #expect(held > 200_000)
        #expect(hits(story, .clientBytes) > 0)
        let back = join("other", "modest")
        let received = back.take().count { $0 == UInt8(ascii: "x") }
        #expect(received >= 4 * 5000, "the other user has its messages")
    }

    @Test("A tenant's stored messages have a bound: at the limit they are kept, above they are not")
    func tenantBytes() {
        let weight = Weight.waiting(
            Message(
                MessageHeader(
                    topicCount: 0,
                    propertyCount: 0,
                    payloadCount: 0,
                    qos: 1,
                    isRetained: false
                ),
                topic: Array("t".utf8).span.bytes,
                properties: [UInt8]().span.bytes,
                payload: Array("12345".utf8).span.bytes
            ),
            nil
        )
        let session = Weight.session + 3
        let filter = Array("t".utf8)
        let subscription = Weight.subscription(filter, nil) + Weight.nodes(of: filter)
        // The publisher's session ends with its connection, and counts all the same.
        let fixed = 2 * session + subscription
        for (most, kept) in [(fixed + 3 * weight, 3), (fixed + 3 * weight - 1, 2)] {
            let story = Story { $0.limits.tenantBytesMax = most }
            let client = stored(story, "sub")
            client.subscribe("t", 1)
            client.cut()
            let publisher = story.join("pub")
            for id in 1...4 {
                publisher.send(Wire.publish(.v5, "t", "12345", qos: 1, id: id))
            }
            let partition = story.bench.partitions[0]
            #expect(partition.counters.queuedMessages == kept)
            #expect(hits(story, .tenantBytes) == UInt64(4 - kept))
            // They arrive, and their memory is free again.
            let back = stored(story, "sub")
            #expect(back.take().count { $0 == UInt8(ascii: "5") } == kept)
            back.send((0..<kept).flatMap { Wire.puback($0 + 1) })
            #expect(use(story, .queued) == 0 && use(story, .inFlight) == 0)
        }
    }

    @Test(
        "Everything that was charged is credited, whatever became of it",
        arguments: Stage.inMemory
    )
    func balance(stage: Stage) {
        let story = Story(stage)
        var dice = SystemRandomNumberGenerator()
        for round in 0..<300 {
            let name = "c\(Int.random(in: 0..<9, using: &dice))"
            let will = Bool.random(using: &dice) ? Wire.Will(topic: "w", payload: "gone") : nil
            let client = story.join(
                name,
                Property.sessionExpiry(Int.random(in: 0...3, using: &dice))
                    + Property.aliasMaximum(5),
                clean: Bool.random(using: &dice),
                will: will
            )
            client.send(Wire.subscribe(.v5, 1, [("t/+", 1), ("$share/g/t/#", 2), ("w", 2)]))
            client.send(Wire.publish(.v5, "t/\(round % 7)", "x", qos: 1, id: 1, retain: true))
            client.send(Wire.publish(.v5, "a/\(round % 3)", "x", Property.alias(1 + round % 4)))
            if Bool.random(using: &dice) { client.send(Wire.unsubscribe(.v5, 2, ["t/+"])) }
            if Bool.random(using: &dice) { client.send(Wire.puback(1), Wire.puback(2)) }
            if Bool.random(using: &dice) { client.cut() } else { client.send(Wire.disconnect(0)) }
            story.advance(milliseconds: Int.random(in: 0...900, using: &dice))
        }
        story.advance(seconds: 10)
        let sweeper = story.join("sweeper")
        for topic in 0..<7 {
            sweeper.send(Wire.publish(.v5, "t/\(topic)", "", qos: 1, id: 1, retain: true))
        }
        sweeper.send(Wire.disconnect(0))
        for kind in MemoryKind.allCases where kind != .routes {
            #expect(use(story, kind) == 0, "\(kind)")
        }
        for partition in story.bench.partitions {
            #expect(partition.ledger.isClosed)
            #expect(partition.setup.memory.leased == (0, 0))
        }
    }

    // MARK: Sessions and wills

    @Test("A stored session, and a will, is refused where there is no memory for it")
    func sessions() {
        let story = Story { $0.limits.tenantBytesMax = 3 * (Weight.session + 2) }
        for name in ["s1", "s2", "s3"] { _ = stored(story, name) }
        let late = story.open(.v5)
        var options = Wire.Connect(clean: false)
        options.properties = Property.sessionExpiry(1000)
        late.send(Wire.connect(.v5, "s4", options))
        late.expectRefusal(0x97)
        let reasons = story.bench.events.compactMap { event -> ReasonCode? in
            if case .sessionRefused(_, let reasons) = event { return reasons.first?.code }
            return nil
        }
        #expect(reasons == [.memoryTenant])
        let willing = story.open(.v5)
        options = Wire.Connect()
        options.will = Wire.Will(topic: "w", payload: "x")
        willing.send(Wire.connect(.v5, "s5", options))
        willing.expectRefusal(0x97)
        // Who is known comes back, and who leaves nothing behind is let in.
        _ = stored(story, "s1")
        _ = story.join("s6")
        #expect(hits(story, .tenantBytes) == 2)
    }

    // MARK: Retained messages

    @Test("Retained messages of many levels weigh what their nodes take, and give it back")
    func retainedWeight() {
        let story = Story()
        let client = story.join("pub")
        let before = FreeMemory.allocatedBytes
        func topic(_ round: Int) -> String {
            (0..<32).map { "\(round)-\($0)" }.joined(separator: "/")
        }
        for round in 0..<500 {
            client.send(Wire.publish(.v5, topic(round), "x", qos: 1, id: 1, retain: true))
            _ = client.take()
        }
        story.bench.partitions[0].routes.invalidateAll()
        for _ in 0..<100 { story.bench.partitions[0].routes.sweep() }
        let real = FreeMemory.allocatedBytes - before
        let charged = use(story, .retained)
        #expect(charged >= real && charged <= 4 * real, "\(charged) charged, \(real) taken")
        for round in 0..<500 {
            client.send(Wire.publish(.v5, topic(round), "", qos: 1, id: 1, retain: true))
            _ = client.take()
        }
        #expect(use(story, .retained) == 0)
    }

    // MARK: The pool

    @Test("The last eighth of all memory is for tenants below their share")
    func share() {
        let pool = MemoryPool()
        let limits = MemoryLimits(total: 800, tenant: 10_000)
        #expect(pool.lease(1, need: 100, want: 100, limits).bytes == 100)
        #expect(pool.lease(2, need: 600, want: 600, limits).bytes == 600)
        #expect(pool.lease(2, need: 1, want: 1, limits).refusal == .daemon)
        #expect(pool.lease(1, need: 100, want: 100, limits).bytes == 100)
        #expect(pool.lease(1, need: 1, want: 1, limits).refusal == .daemon)
        pool.giveBack(2, 100)
        #expect(pool.lease(3, need: 100, want: 1000, limits).bytes == 100)
        #expect(pool.leased == (800, 3))
    }

    @Test("A tenant's bound holds for all partitions together")
    func pool() {
        let story = Story(.twoPartitions) { $0.limits.tenantBytesMax = 300_000 }
        for number in 0..<40 {
            let client = stored(story, "c\(number)")
            client.subscribe("t", 1)
            client.cut()
        }
        let publisher = story.join("pub")
        let payload = String(repeating: "x", count: 2000)
        for id in 1...20 { publisher.send(Wire.publish(.v5, "t", payload, qos: 1, id: id)) }
        let all = MemoryKind.allCases.filter { $0 != .routes }.map { use(story, $0) }.reduce(0, +)
        #expect(all <= 300_000 + 2 * (Weight.session + 10))
        #expect(all > 250_000)
    }

    // MARK: Aliases

    @Test("Topic aliases are charged to the client, and end with the connection")
    func aliases() {
        let story = Story { $0.limits.clientBytesMax = Weight.session + 3 + 2 * (Weight.alias + 1) }
        let client = story.join("pub")
        client.send(Wire.publish(.v5, "a", "x", Property.alias(1)))
        client.send(Wire.publish(.v5, "b", "x", Property.alias(2)))
        client.expectNothing()
        #expect(use(story, .aliases) == 2 * (Weight.alias + 1))
        client.send(Wire.publish(.v5, "c", "x", Property.alias(3)))
        client.expectDisconnect(0x97)
        #expect(use(story, .aliases) == 0)
    }
}
