// SPDX-License-Identifier: Apache-2.0
// Remembered routes are bounded by the memory they take, and one tenant does not wash out those of
// another.

import SealTelemetry
import Testing

@testable import SealBroker
@testable import SealBytes
@testable import SealNet
@testable import Stage

@Suite("Memory of routes", .serialized) struct RouteMemoryTests {
    private func learn(_ cache: inout RouteCache, _ topic: String, _ tenant: UInt32) {
        let bytes = Array(topic.utf8)
        let hash = cache.hash(bytes.span.bytes, tenant: tenant)
        guard cache.find(bytes.span.bytes, hash: hash, tenant: tenant) == nil else { return }
        cache.insert(cache.blank(bytes.span.bytes, hash: hash, tenant: tenant))
    }

    private func knows(_ cache: RouteCache, _ topic: String, _ tenant: UInt32) -> Bool {
        let bytes = Array(topic.utf8)
        let hash = cache.hash(bytes.span.bytes, tenant: tenant)
        return cache.find(bytes.span.bytes, hash: hash, tenant: tenant) != nil
    }

    @Test("Topics of 4 KiB that never come again stay within the bound, as it is really taken")
    func bytes() {
        let before = FreeMemory.allocatedBytes
        var cache = RouteCache(seed: 7, bytesMax: 8 << 20)
        for index in 0..<20_000 {
            let tail = String(repeating: "x", count: 4000)
            learn(&cache, "\(index)/\(tail)", 1)
            learn(&cache, "\(index)/\(tail)", 1)
            #expect(cache.bytes <= 8 << 20)
        }
        let real = FreeMemory.allocatedBytes - before
        #expect(real < 9 << 20, "\(real) taken")
        #expect(cache.bytes > 6 << 20)
    }

    @Test("What one tenant publishes leaves the routes of the others known")
    func tenants() {
        var cache = RouteCache(seed: 7, bytesMax: 4 << 20)
        for index in 0..<1000 { learn(&cache, "mine/\(index)", 2) }
        for index in 0..<100_000 {
            learn(&cache, "flood/\(index)", 1)
            learn(&cache, "flood/\(index)", 1)
        }
        let known = (0..<1000).count { knows(cache, "mine/\($0)", 2) }
        #expect(known == 1000)
        #expect(cache.bytes <= 4 << 20)
        // A third one that comes late has its share, too.
        for _ in 0..<20 { for index in 0..<500 { learn(&cache, "late/\(index)", 3) } }
        let late = (0..<500).count { knows(cache, "late/\($0)", 3) }
        #expect(late == 500)
    }

    @Test("A tenant's topics in use stay when its own other topics never come again")
    func inUse() {
        var cache = RouteCache(seed: 7, bytesMax: 4 << 20)
        var missed = 0
        for index in 0..<100_000 {
            let topic = "used/\(index % 100)"
            if index > 200, !knows(cache, topic, 1) { missed += 1 }
            learn(&cache, topic, 1)
            learn(&cache, "once/\(index)", 1)
        }
        #expect(missed < 100)
    }

    @Test("A crowd of topics that has gone leaves nothing behind")
    func sweep() {
        var cache = RouteCache(seed: 7)
        for index in 0..<50_000 { learn(&cache, "t/\(index)", 1) }
        #expect(cache.bytes > 10 << 20)
        for _ in 0..<400 {
            #expect(knows(cache, "t/7", 1))
            cache.sweep()
        }
        #expect(cache.bytes < 1000)
        #expect(cache.slotCount <= 256)
        #expect(knows(cache, "t/7", 1))
    }
}
