// SPDX-License-Identifier: Apache-2.0
// The window of messages under way and the set of packet ids, against the obvious models.

import SealBytes
import SealMQTT
import Testing

@testable import SealBroker

@Suite("In-flight window")
struct OutWindowTests {
    @Test("ids run from 1 to 65,535 and wrap; done messages free their place in any order")
    func wraps() {
        var window = OutWindow()
        var dice = SystemRandomNumberGenerator()
        var open: [UInt16] = []
        var expected: UInt16 = 1
        for _ in 0..<200_000 {
            if open.count < 60, Bool.random(using: &dice) {
                let id = window.push(Flight(state: .awaitsPuback))
                #expect(id == expected)
                expected = expected == 65_535 ? 1 : expected + 1
                open.append(id)
            } else if let index = open.indices.randomElement(using: &dice) {
                let id = open.remove(at: index)
                #expect(window.state(of: id) == .awaitsPuback)
                window.finish(id)
                #expect(window.state(of: id) == nil)
            }
            #expect(window.inFlight == open.count)
        }
        #expect(window.waiting.map(\.id) == open)
    }

    @Test("the window has room up to its limit and not beyond")
    func limit() {
        var window = OutWindow()
        window.limit = 3
        for _ in 0..<3 {
            #expect(window.hasRoom)
            _ = window.push(Flight(state: .awaitsPubrec))
        }
        #expect(!window.hasRoom)
        #expect(window.acknowledge(.pubrec, 1, refuses: false) == .release)
        #expect(window.state(of: 1) == .awaitsPubcomp)
        #expect(!window.hasRoom)
        window.finish(1)
        #expect(window.hasRoom)
    }

    @Test("each state takes its own acknowledgement and refuses the others in every form")
    func acknowledgements() {
        let table: [(FlightState, PacketType, refuses: Bool, AcknowledgementStep, FlightState?)] = [
            (.awaitsPuback, .puback, false, .taken, nil),
            (.awaitsPuback, .puback, true, .taken, nil),
            (.awaitsPuback, .pubrec, false, .outOfOrder, .awaitsPuback),
            (.awaitsPuback, .pubcomp, false, .outOfOrder, .awaitsPuback),
            (.awaitsPubrec, .puback, false, .outOfOrder, .awaitsPubrec),
            (.awaitsPubrec, .pubrec, false, .release, .awaitsPubcomp),
            (.awaitsPubrec, .pubrec, true, .taken, nil),
            (.awaitsPubrec, .pubcomp, false, .outOfOrder, .awaitsPubrec),
            (.awaitsPubcomp, .puback, false, .outOfOrder, .awaitsPubcomp),
            (.awaitsPubcomp, .pubrec, false, .release, .awaitsPubcomp),
            (.awaitsPubcomp, .pubrec, true, .taken, .awaitsPubcomp),
            (.awaitsPubcomp, .pubcomp, false, .taken, nil),
        ]
        for (state, type, refuses, step, after) in table {
            var window = OutWindow()
            let id = window.push(Flight(state: state))
            #expect(window.acknowledge(type, id, refuses: refuses) == step, "\(state) \(type)")
            #expect(window.state(of: id) == after, "\(state) \(type)")
            #expect(window.inFlight == (after == nil ? 0 : 1))
        }
    }

    @Test("acknowledgements of unknown ids are taken, and PUBREC's answer says so")
    func strangers() {
        var window = OutWindow()
        _ = window.push(Flight(state: .awaitsPuback))
        _ = window.push(Flight(state: .awaitsPuback))
        window.finish(2)
        for id: UInt16 in [0, 2, 3, 65_535] {
            #expect(window.acknowledge(.puback, id, refuses: false) == .taken)
            #expect(window.acknowledge(.pubcomp, id, refuses: false) == .taken)
            #expect(window.acknowledge(.pubrec, id, refuses: true) == .taken)
            #expect(window.acknowledge(.pubrec, id, refuses: false) == .release)
        }
        #expect(window.inFlight == 1)
    }

    @Test("ids that are not under way have no state, and finishing them changes nothing")
    func unknown() {
        var window = OutWindow()
        #expect(window.state(of: 0) == nil)
        #expect(window.state(of: 1) == nil)
        _ = window.push(Flight(state: .awaitsPuback))
        window.finish(2)
        window.finish(0)
        #expect(window.inFlight == 1)
        #expect(window.state(of: 65_535) == nil)
    }

    @Test("all 65,535 ids can be under way at once, and no more")
    func full() {
        var window = OutWindow()
        for _ in 0..<65_535 { _ = window.push(Flight(state: .awaitsPuback)) }
        window.limit = 100_000
        #expect(!window.hasRoom)
        window.finish(1)
        #expect(window.hasRoom)
        let reused = window.push(Flight(state: .awaitsPuback))
        #expect(reused == 1)
    }
}

@Suite("Set of packet ids")
struct PacketIDSetTests {
    @Test("it holds what a set holds, whatever is put in and taken out")
    func model() {
        var dice = SystemRandomNumberGenerator()
        var set = PacketIDSet()
        var model: Set<UInt16> = []
        for _ in 0..<100_000 {
            let id = UInt16.random(in: 1...300, using: &dice)
            if Bool.random(using: &dice) {
                let isNew = set.insert(id)
                #expect(isNew == model.insert(id).inserted)
            } else {
                let wasThere = set.remove(id)
                #expect(wasThere == (model.remove(id) != nil))
            }
            #expect(set.count == model.count)
        }
        #expect(Set(set.all) == model)
        for id in UInt16(1)...300 { #expect(set.contains(id) == model.contains(id)) }
    }

    @Test("zero is never in it")
    func zero() {
        var set = PacketIDSet()
        #expect(!set.contains(0))
        set.insert(7)
        let removedZero = set.remove(0)
        #expect(!removedZero)
        #expect(set.all == [7])
    }
}

@Suite("Topic tree and route cache")
struct TopicTreeTests {
    private static let filters = [
        "#", "+", "a", "a/#", "a/+", "a/b", "+/b", "+/+", "a/+/c", "a/b/#", "/", "/+", "+/#",
        "$SYS/#", "$SYS/+", "a//b", "a/+/b",
    ]
    private static let topics = [
        "a", "a/b", "a/b/c", "b", "b/b", "/", "/x", "$SYS", "$SYS/x", "$SYS/x/y", "a//b", "a/",
    ]

    /// The standard's rule written a second time, level by level.
    private static func matches(_ filter: String, _ topic: String) -> Bool {
        let filter = filter.split(separator: "/", omittingEmptySubsequences: false)
        let topic = topic.split(separator: "/", omittingEmptySubsequences: false)
        if topic[0].hasPrefix("$"), filter[0] == "#" || filter[0] == "+" { return false }
        for (index, level) in filter.enumerated() {
            if level == "#" { return true }
            guard index < topic.count else { return false }
            if level != "+", level != topic[index] { return false }
        }
        return filter.count == topic.count
    }

    @Test("a topic finds exactly the filters that match it")
    func finds() {
        var tree = TopicTree()
        for (index, filter) in Self.filters.enumerated() {
            tree.node(for: Array(filter.utf8)).remote = UInt64(index) + 1
        }
        for topic in Self.topics {
            var found: Set<String> = []
            tree.match(TopicTree.levels(of: Array(topic.utf8))) { node in
                // Nodes on the way to longer filters are visited too, and stand for none.
                if node.remote > 0 { found.insert(Self.filters[Int(node.remote) - 1]) }
            }
            #expect(found == Set(Self.filters.filter { Self.matches($0, topic) }), "\(topic)")
        }
    }

    @Test("pruned filters are gone, their neighbours stay")
    func prunes() {
        var tree = TopicTree()
        let long = Array("a/b/c".utf8)
        tree.node(for: long).remote = 1
        tree.node(for: Array("a/b".utf8)).remote = 1
        let node = tree.node(for: long)
        node.remote = 0
        tree.prune(node, long)
        #expect(tree.existingNode(for: long) == nil)
        #expect(tree.existingNode(for: Array("a/b".utf8)) != nil)
    }

    @Test("a filter's change makes the routes it may concern unknown, and no others")
    func invalidates() {
        var cache = RouteCache(seed: 7)
        func known(_ topic: String) -> Bool {
            let bytes = Array(topic.utf8)
            let hash = cache.hash(bytes.span.bytes, tenant: 0)
            return cache.find(bytes.span.bytes, hash: hash, tenant: 0) != nil
        }
        func learn(_ topic: String) {
            let bytes = Array(topic.utf8)
            let hash = cache.hash(bytes.span.bytes, tenant: 0)
            cache.insert(cache.blank(bytes.span.bytes, hash: hash, tenant: 0))
        }
        learn("a/b")
        learn("c/d")
        #expect(known("a/b") && known("c/d"))
        cache.invalidate(Array("a/+".utf8), tenant: 0)
        #expect(!known("a/b") && known("c/d"))
        learn("a/b")
        cache.invalidate(Array("+/x".utf8), tenant: 0)
        #expect(!known("a/b") && !known("c/d"))
    }

    @Test("three hundred thousand topics keep the cache within its bounds")
    func bounded() {
        var cache = RouteCache(seed: 7)
        for index in 0..<300_000 {
            let bytes = Array("t/\(index)".utf8)
            let hash = cache.hash(bytes.span.bytes, tenant: 0)
            cache.insert(cache.blank(bytes.span.bytes, hash: hash, tenant: 0))
        }
        #expect(cache.slotCount <= RouteCache.slotsMax)
        #expect(cache.bytes <= cache.bytesMax)
    }
}
