// SPDX-License-Identifier: Apache-2.0
// What is kept in memory: bounded, and never older than the last change that returned.

import Foundation
import SealBroker
import Synchronization
import Testing

import SealBytes
@testable import SealStore

@Suite("Registry: memory")
struct CacheTests {
    @Test("the entry that was not used for the longest time goes first")
    func recent() {
        var entries = RecentEntries<Int, String>(max: 3)
        for number in 1...3 { entries.keep("\(number)", for: number) }
        #expect(entries.find(1) == "1")
        entries.keep("4", for: 4)
        #expect(entries.find(2) == nil)
        #expect(entries.find(1) == "1")
        #expect(entries.find(3) == "3")
        #expect(entries.find(4) == "4")
        #expect(entries.count == 3)
        entries.keep("one", for: 1)
        #expect(entries.find(1) == "one")
        #expect(entries.count == 3)
        entries.forget(3)
        entries.forget(3)
        entries.keep("5", for: 5)
        #expect(entries.count == 3)
        entries.forgetAll { key, _ in key > 1 }
        #expect(entries.count == 1)
        entries.forgetAll()
        #expect(entries.count == 0)
        entries.keep("6", for: 6)
        #expect(entries.find(6) == "6")
    }

    @Test("heavy entries push out many, and one that is too heavy is not kept")
    func weights() {
        var entries = RecentEntries<Int, String>(max: 10)
        for number in 1...5 { entries.keep("", for: number, weight: 2) }
        entries.keep("", for: 6, weight: 5)
        #expect(entries.count == 3)
        #expect(entries.find(3) == nil)
        #expect(entries.find(4) != nil)
        entries.keep("", for: 7, weight: 11)
        #expect(entries.find(7) == nil)
        #expect(entries.count == 3)
        var none = RecentEntries<Int, String>(max: 0)
        none.keep("", for: 1)
        #expect(none.count == 0)
    }

    @Test("a table under random use holds what a simple model holds")
    func model() {
        var dice = SystemRandomNumberGenerator()
        var entries = RecentEntries<Int, Int>(max: 8)
        // The model: keys in order of use, the youngest last.
        var order: [Int] = []
        for step in 0..<20_000 {
            let key = Int.random(in: 0..<16, using: &dice)
            switch Int.random(in: 0..<4, using: &dice) {
            case 0, 1:
                entries.keep(step, for: key)
                order.removeAll { $0 == key }
                order.append(key)
                if order.count > 8 { order.removeFirst() }
            case 2:
                #expect((entries.find(key) != nil) == order.contains(key))
                if order.contains(key) {
                    order.removeAll { $0 == key }
                    order.append(key)
                }
            default:
                entries.forget(key)
                order.removeAll { $0 == key }
            }
            #expect(entries.count == order.count)
        }
    }

    @Test("an answer that was read before a change is not kept after it")
    func lateAnswer() throws {
        let folder = try Folder()
        let registry = try SQLiteRegistry(path: folder.registry)
        try Sample.fill(registry)
        let key = OptionKey(tenant: 1, category: "c", key: "k")
        func set(_ value: String) throws(RegistryError) {
            try registry.alter { writer throws(RegistryError) in
                try writer.setOption(
                    tenant: 1,
                    TenantOption(category: "c", key: "k", value: value)
                )
            }
        }
        try set("old")
        let answer = try registry.look(
            { cache in cache.options.find(key).map(Optional.some) },
            else: { (connection: Connection) throws(RegistryError) -> String? in
                let value = try connection.option(tenant: 1, category: "c", key: "k")
                // The change comes while the answer is on its way.
                try set("new")
                return value
            },
            keep: { cache, value in if let value { cache.options.keep(value, for: key) } }
        )
        #expect(answer == "old")
        #expect(registry.cache.withLock { $0.options.find(key) } == nil)
        #expect(try registry.option(tenant: 1, category: "c", key: "k") == "new")
    }

    @Test("a change of one thing leaves the others in memory")
    func exact() throws {
        let (registry, _) = try Sample.registry()
        try registry.alter { writer throws(RegistryError) in
            _ = try writer.add(Sample.device("a"))
            _ = try writer.add(Sample.device("b"))
        }
        let a = try #require(try registry.device(tenant: 1, identifier: "a"))
        _ = try registry.device(tenant: 1, identifier: "b")
        try registry.alter { w throws(RegistryError) in try w.replace(a) }
        let (hasA, hasB) = registry.cache.withLock { cache in
            (
                cache.devicesByIdentifier.find(TenantKey(tenant: 1, name: "a")) != nil,
                cache.devicesByIdentifier.find(TenantKey(tenant: 1, name: "b")) != nil
            )
        }
        #expect(!hasA)
        #expect(hasB)
    }

    @Test("a bulk that touches more than is remembered empties the memory")
    func largeTouch() {
        var touches = CacheTouches.some([])
        for _ in 0..<CacheTouches.countMax { touches.add(.token(id: "")) }
        if case .all = touches { Issue.record("emptied too early") }
        touches.add(.token(id: ""))
        guard case .all = touches else {
            Issue.record("not emptied")
            return
        }
    }

    /// The state of the race: what the last change that returned wrote.
    private final class Race: Sendable {
        let begun = Atomic<Int>(0)
        let written = Atomic<Int>(0)
        let isOver = Atomic<Bool>(false)
        let stale = Atomic<Int>(0)
        let reads = Atomic<Int>(0)
    }

    @Test(
        "threads that race with changes never see less than the last change that returned",
        arguments: [false, true]
    )
    func race(inMemory: Bool) throws {
        let folder = try Folder()
        let registry = try SQLiteRegistry(path: inMemory ? ":memory:" : folder.registry)
        try Sample.fill(registry)
        try registry.alter { writer throws(RegistryError) in
            _ = try writer.add(Sample.device("d"))
            _ = try writer.add(Sample.account("anna"))
            var anchor = Sample.anchor(1)
            anchor.name = "0"
            _ = try writer.add(anchor)
        }
        let race = Race()
        let group = DispatchGroup()
        for _ in 0..<4 {
            let thread = Thread {
                while !race.isOver.load(ordering: .acquiring) { Self.readAll(registry, race) }
                group.leave()
            }
            group.enter()
            thread.start()
        }
        let end = Date().addingTimeInterval(2)
        var step = 0
        while Date() < end {
            step += 1
            race.begun.store(step, ordering: .releasing)
            try Self.writeAll(registry, step)
            race.written.store(step, ordering: .releasing)
        }
        race.isOver.store(true, ordering: .releasing)
        group.wait()
        #expect(race.stale.load(ordering: .relaxed) == 0)
        #expect(race.reads.load(ordering: .relaxed) > 100)
        #expect(step > 10)
    }

    private static func writeAll(_ registry: SQLiteRegistry, _ step: Int) throws(RegistryError) {
        try registry.alter { writer throws(RegistryError) in
            let text = "\(step)"
            try writer.setOption(tenant: 1, TenantOption(category: "c", key: "k", value: text))
            var rule = Sample.rule(Int64(step))
            rule.filter = Name(text)
            try writer.setPolicy(tenant: 1, [rule])
            guard var device = try writer.directory.device(number: 1),
                var anchor = try writer.directory.anchors(sha256: Sample.digest(1)).first,
                var account = try writer.directory.account(number: 1),
                var tenant = try writer.directory.tenant(number: 1)
            else { throw RegistryError(.notFound, "nothing to change") }
            device.label = text
            try writer.replace(device)
            anchor.name = text
            try writer.replace(anchor)
            account.email = text
            try writer.replace(account)
            tenant.label = text
            try writer.replace(tenant)
            if let old = try writer.directory.credential(kind: .basic, lookup: "l\(step - 1)") {
                try writer.removeCredential(number: old.number)
            }
            var credential = Credential(tenant: 1, device: 1, kind: .basic, lookup: "l\(step)")
            credential.value = Array(text.utf8)
            _ = try writer.add(credential)
            let revocation = Revocation(tenant: 1, serial: "1", revokedAt: Int64(step))
            try writer.revoke(revocation, keepsOldDate: false)
        }
    }

    private static func readAll(_ registry: SQLiteRegistry, _ race: Race) {
        do {
            let least = race.written.load(ordering: .acquiring)
            let seen: [Int?] = [
                try registry.option(tenant: 1, category: "c", key: "k").flatMap { Int($0) },
                try registry.policyRules(tenant: 1).first.flatMap { Int($0.filter.text) },
                try registry.device(number: 1).flatMap { Int($0.label) },
                try registry.device(tenant: 1, identifier: "d").flatMap { Int($0.label) },
                try registry.anchors(sha256: Sample.digest(1)).first.flatMap { Int($0.name) },
                try registry.account(tenant: 1, name: "anna").flatMap { Int($0.email) },
                try registry.tenant(id: "management").flatMap { Int($0.label) },
                try registry.revocation(tenant: 1, serial: "1", issuerKey: []).map {
                    Int($0.revokedAt)
                },
            ]
            var isStale = least > 0 && seen.contains { ($0 ?? -1) < least }
            // The newest credential is there unless a newer change takes it away just now; the one
            // before it is gone for good.
            let newest = try registry.credential(kind: .basic, lookup: "l\(least)")
            if least > 0, newest == nil, race.begun.load(ordering: .acquiring) == least {
                isStale = true
            }
            if least > 1, try registry.credential(kind: .basic, lookup: "l\(least - 1)") != nil {
                isStale = true
            }
            // One that comes soon is asked for before it is there.
            _ = try registry.credential(kind: .basic, lookup: "l\(least + 1)")
            if isStale { race.stale.wrappingAdd(1, ordering: .relaxed) }
            race.reads.wrappingAdd(1, ordering: .relaxed)
        } catch {
            Issue.record("\(error)")
        }
    }
}
