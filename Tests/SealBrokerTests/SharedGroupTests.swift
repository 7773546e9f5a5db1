// SPDX-License-Identifier: Apache-2.0
// Which member of a shared group gets the next message.

import SealBytes
import Testing

@testable import SealBroker

@Suite("Shared groups") struct SharedGroupTests {
    private func group() -> SharedGroup {
        SharedGroup(
            key: ClientKey(tenant: 0, identifier: []),
            filter: [],
            node: TopicNode(level: [], parent: nil)
        )
    }

    private func member(_ number: UInt32, partition: Int = 0) -> GroupMember {
        GroupMember(
            tenant: 0,
            key: [],
            filter: [],
            partition: partition,
            session: Handle(slot: number, generation: 1),
            qos: 1,
            identifier: 0
        )
    }

    private func counts(_ group: inout SharedGroup, _ picks: Int) -> [UInt32: Int] {
        var counts: [UInt32: Int] = [:]
        for _ in 0..<picks {
            guard let picked = group.pick(now: 0, load: { _ in 0 }) else { continue }
            counts[picked.session.slot, default: 0] += 1
        }
        return counts
    }

    @Test("members with as much to do share evenly", arguments: [1, 3, 16, 17, 100, 1000])
    func even(members: Int) {
        var group = group()
        for number in 0..<members {
            group.enter(member(UInt32(number)), isConnected: true, home: 0)
        }
        let counts = counts(&group, members * 10)
        #expect(counts.count == members)
        #expect(counts.values.allSatisfy { (5...20).contains($0) })
    }

    @Test("the one with the least to do is chosen among those compared")
    func least() {
        var group = group()
        for number in 0..<10 { group.enter(member(UInt32(number)), isConnected: true, home: 0) }
        for _ in 0..<5 {
            let picked = group.pick(now: 0) { $0.session.slot == 4 ? 0 : 3 }
            #expect(picked?.session.slot == 4)
        }
    }

    @Test("a newcomer starts where the others are")
    func newcomer() {
        var group = group()
        group.enter(member(1), isConnected: true, home: 0)
        _ = counts(&group, 1000)
        group.enter(member(2), isConnected: true, home: 0)
        let counts = counts(&group, 100)
        #expect(abs((counts[1] ?? 0) - (counts[2] ?? 0)) <= 2)
    }

    @Test("who is away is chosen only when nobody is connected")
    func away() {
        var group = group()
        group.enter(member(1), isConnected: false, home: 0)
        #expect(group.pick(now: 0) { _ in 0 }?.session.slot == 1)
        group.enter(member(2), isConnected: true, home: 0)
        #expect(counts(&group, 10) == [2: 10])
        group.note(member(2).word, isConnected: false)
        group.note(member(1).word, isConnected: true)
        #expect(counts(&group, 10) == [1: 10])
    }

    @Test("a connected member that refuses rests a moment, one that is away until it comes back")
    func refusals() {
        var group = group()
        group.enter(member(1), isConnected: true, home: 0)
        group.enter(member(2), isConnected: false, home: 0)
        group.refused(member(1).word, now: 100)
        #expect(group.place(of: member(1).word) == .busy)
        #expect(group.pick(now: 101) { _ in 0 }?.session.slot == 2)
        group.refused(member(2).word, now: 101)
        #expect(group.place(of: member(2).word) == .full)
        #expect(group.pick(now: 119) { _ in 0 } == nil)
        #expect(group.pick(now: 120) { _ in 0 }?.session.slot == 1)
        #expect(group.place(of: member(2).word) == .full)
        group.note(member(2).word, isConnected: true)
        #expect(group.place(of: member(2).word) == .connected)
    }

    @Test("whatever happens, each member stands in one place and is met there", arguments: 0..<10)
    func places(seed: UInt64) {
        var state = seed &* 2_654_435_769 &+ 12_345
        func below(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        var group = group()
        var known: Set<UInt32> = []
        for step in 0..<2000 {
            let number = UInt32(below(40))
            let word = member(number).word
            switch below(5) {
            case 0, 1:
                group.enter(member(number), isConnected: below(2) == 0, home: 0)
                known.insert(number)
            case 2:
                group.leave(word, home: 0)
                known.remove(number)
            case 3: group.note(word, isConnected: below(2) == 0)
            default: group.refused(word, now: UInt64(step))
            }
            #expect(group.count == known.count)
            #expect((group.place(of: word) != nil) == known.contains(number))
            if let picked = group.pick(now: UInt64(step), load: { _ in 0 }) {
                #expect(known.contains(picked.session.slot))
            }
        }
        var listed: Set<UInt32> = []
        for number in known { group.note(member(number).word, isConnected: true) }
        for index in 0..<known.count {
            if let found = group.member(at: index) { listed.insert(found.session.slot) }
        }
        #expect(listed == known)
        #expect(group.elsewhere == 0)
    }
}
