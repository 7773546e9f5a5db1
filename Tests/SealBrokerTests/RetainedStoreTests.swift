// SPDX-License-Identifier: Apache-2.0
// The store of retained messages, and walks over it that stop anywhere.

import SealBytes
import SealMQTT
import Testing

@testable import SealBroker

@Suite("Retained messages") struct RetainedStoreTests {
    static let topics = [
        "a", "a/b", "a/b/c", "a/c", "b", "b//d", "/", "/x", "$SYS/a", "$SYS", "a/$x", "c/d/e/f",
    ]
    static let filters = [
        "#", "+", "a/#", "a/+", "+/b", "+/+", "+/#", "a/b/c", "/+", "/", "$SYS/#", "$SYS", "b/+/d",
        "c/#", "c/+/e/+", "nobody", "a/b/c/#",
    ]

    private func message(_ topic: String) -> Message {
        let header = MessageHeader(
            topicCount: 0,
            propertyCount: 0,
            payloadCount: 0,
            qos: 0,
            isRetained: true,
            tenant: 0
        )
        let none: [UInt8] = []
        let payload = Array("x".utf8)
        return Message(
            header,
            topic: Array(topic.utf8).span.bytes,
            properties: none.span.bytes,
            payload: payload.span.bytes
        )
    }

    private func levels(_ topic: String) -> [Level] { TopicTree.levels(of: Array(topic.utf8)) }

    private func keep(_ store: inout RetainedStore, _ topic: String) {
        store.set(message(topic), from: RetainedOrigin(partition: 0, position: 1))
    }

    /// All topics of a walk that stops after each so many visits; `between` is called then.
    private func walk(
        _ store: RetainedStore,
        _ filter: String,
        visits: Int,
        _ between: () -> Void = {}
    ) -> [String] {
        var cursor = RetainedCursor(store, Array(filter.utf8))
        var found: [String] = []
        var left = visits
        for _ in 0..<1_000_000 {
            switch cursor.next(&left) {
            case .message(let message, _):
                found.append(String(decoding: message.topic.copied(), as: UTF8.self))
            case .paused:
                left = visits
                between()
            case .ended: return found
            }
        }
        Issue.record("the walk has no end")
        return found
    }

    private func matches(_ filter: String, _ topic: String) -> Bool {
        let topic = Array(topic.utf8)
        return TopicFilter.matches(
            filter: Array(filter.utf8).span.bytes,
            topic: topic.span.bytes
        )
    }

    @Test(
        "a walk meets exactly the topics of its filter, wherever it stops",
        arguments: [1, 2, 100]
    )
    func finds(visits: Int) {
        var store = RetainedStore()
        for topic in Self.topics { keep(&store, topic) }
        #expect(store.count == Self.topics.count)
        for filter in Self.filters {
            let found = walk(store, filter, visits: visits)
            #expect(found.count == Set(found).count, "\(filter)")
            #expect(Set(found) == Set(Self.topics.filter { matches(filter, $0) }), "\(filter)")
        }
    }

    @Test("a topic that is removed is gone, and its neighbours stay")
    func removes() {
        var store = RetainedStore()
        for topic in Self.topics { keep(&store, topic) }
        for (index, topic) in Self.topics.enumerated() {
            let wasThere = store.remove(levels(topic))
            let isThere = store.remove(levels(topic))
            #expect(wasThere && !isThere)
            #expect(store.message(of: levels(topic)) == nil)
            #expect(store.count == Self.topics.count - index - 1)
        }
        #expect(store.bytes == 0)
        #expect(store.root.childCount == 0)
        #expect(store.root.places.isEmpty)
    }

    @Test("what stays is met once, while others come and go between the steps", arguments: 0..<20)
    func changes(seed: UInt64) {
        var dice = Dice(seed)
        var store = RetainedStore()
        let stable = (0..<40).map { "s/\($0 % 7)/\($0)" }
        var passing = (0..<60).map { "s/\($0 % 9)/p\($0)" }
        for topic in stable + passing { keep(&store, topic) }
        var next = 0
        let found = walk(store, dice.below(2) == 0 ? "s/#" : "s/+/+", visits: 3) {
            if dice.below(2) == 0, !passing.isEmpty {
                let topic = passing.remove(at: dice.below(passing.count))
                store.remove(levels(topic))
            } else {
                next += 1
                let topic = "s/\(dice.below(12))/n\(next)"
                keep(&store, topic)
                passing.append(topic)
            }
        }
        let met = found.filter { stable.contains($0) }
        #expect(met.count == stable.count)
        #expect(Set(met) == Set(stable))
        #expect(found.count == Set(found).count)
    }

    @Test("a node with many children finds each, and gives up its table when they are few")
    func wide() {
        var store = RetainedStore()
        for index in 0..<1000 { keep(&store, "w/\(index)") }
        for index in 0..<1000 { #expect(store.message(of: levels("w/\(index)")) != nil) }
        for index in 0..<997 { store.remove(levels("w/\(index)")) }
        keep(&store, "w/new")
        for topic in ["w/997", "w/998", "w/999", "w/new"] {
            #expect(store.message(of: levels(topic)) != nil, "\(topic)")
        }
        #expect(walk(store, "w/+", visits: 10).count == 4)
    }

    @Test("a long topic is let go without recursion")
    func deep() {
        var store = RetainedStore()
        keep(&store, Array(repeating: "x", count: 30_000).joined(separator: "/"))
        store.dismantle()
        #expect(store.root.childCount == 0)
    }
}

/// Repeatable chance.
private struct Dice {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func below(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }
}
