// SPDX-License-Identifier: Apache-2.0
// Topics that were published lately, with everybody who gets them already worked out. A hit is a
// hash and a comparison.

internal import SealBytes

/// One receiver of a topic.
struct Target {
    var session: Handle
    var qos: UInt8
    var noLocal: Bool
    var retainAsPublished: Bool
    /// Index into the route's identifier lists; -1 is none.
    var identifiers: Int32
}

/// Everybody who gets a topic, as of some epoch.
final class Route {
    let topic: [UInt8]
    let hash: UInt64
    let tenant: UInt32
    let epochIndex: Int
    let epoch: UInt64
    /// The topic may belong to somebody: it is asked about even for those who may do everything
    /// else.
    let isReserved: Bool
    var targets: [Target] = []
    var identifiers: [[UInt32]] = []
    var groups: [Handle] = []
    var remote: UInt64 = 0
    /// What a delivery costs, in units of work.
    private(set) var weight = 1
    /// The memory it takes, as of when it was put into the cache.
    fileprivate(set) var bytes = 0
    /// Found since the cache was last looked through.
    @usableFromInline var isInUse = false
    /// Which principals may publish here: a few answers, direct-mapped by principal number.
    private var permissions: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(topic: [UInt8], hash: UInt64, tenant: UInt32, epochIndex: Int, epoch: UInt64) {
        self.topic = topic
        self.hash = hash
        self.tenant = tenant
        self.epochIndex = epochIndex
        self.epoch = epoch
        isReserved = TopicSpace.isReserved(topic)
    }

    /// Settles what a delivery costs: its receivers, and the identifiers that are written for them.
    func weigh() {
        weight = identifiers.reduce(1 + targets.count) { $0 + $1.count / 8 }
    }

    /// Whether nobody gets it, here or on another partition.
    var isForNobody: Bool { targets.isEmpty && groups.isEmpty && remote == 0 }

    /// Whether a principal may publish here, if that was asked before.
    @inline(__always)
    func permission(of principal: UInt32) -> Bool? {
        let entry: UInt64
        switch principal & 3 {
        case 0: entry = permissions.0
        case 1: entry = permissions.1
        case 2: entry = permissions.2
        default: entry = permissions.3
        }
        guard entry &>> 1 == UInt64(principal) &+ 1 else { return nil }
        return entry & 1 == 1
    }

    func remember(_ principal: UInt32, isAllowed: Bool) {
        let entry = (UInt64(principal) &+ 1) &<< 1 | (isAllowed ? 1 : 0)
        switch principal & 3 {
        case 0: permissions.0 = entry
        case 1: permissions.1 = entry
        case 2: permissions.2 = entry
        default: permissions.3 = entry
        }
    }
}

/// A table of routes, bounded by the memory they take.
///
/// When it is full, those go that were not used lately, of tenants that have more than their share:
/// what one tenant publishes never costs another its routes.
struct RouteCache {
    /// First levels are hashed into this many epochs of a tenant's group.
    private static let epochCount = 256
    /// Tenants are spread over so many groups; the first is that of tenant 0 alone.
    ///
    /// What one tenant subscribes leaves the routes of the other groups known.
    private static let groupCount = 16
    static let slotsMax = 1 << 18
    private static let slotsMin = 256
    /// Places that are looked at for one route that comes in.
    private static let stepsMax = 128
    /// A sweep looks at one of so many parts of the table.
    private static let sweepParts = 24

    private var slots: [Route?]
    private var count = 0
    private let seed: UInt64
    private var epochs: [UInt64]
    private var everything: UInt64 = 0
    /// The memory that the routes take.
    private(set) var bytes = 0
    /// The memory that they may take.
    var bytesMax: Int
    private var byTenant: [UInt32: Int] = [:]
    /// Where routes are looked at next.
    private var hand = 0
    /// Topics that were not kept when they came for the first time.
    private var seen = [UInt32](repeating: 0, count: 8192)

    /// The size of the table, for the test of its bound.
    var slotCount: Int { slots.count }

    init(seed: UInt64, bytesMax: Int = 64 << 20) {
        self.seed = seed
        self.bytesMax = bytesMax
        slots = Array(repeating: nil, count: Self.slotsMin)
        epochs = Array(repeating: 0, count: Self.epochCount * Self.groupCount)
    }

    @inline(__always)
    func hash(_ topic: RawSpan, tenant: UInt32) -> UInt64 {
        hashBytes(topic, seed: seed ^ UInt64(tenant) &* 0x9E37_79B9)
    }

    /// The route of a topic, when it is known and still right.
    @inline(__always)
    func find(_ topic: RawSpan, hash: UInt64, tenant: UInt32) -> Route? {
        let mask = slots.count &- 1
        var index = Int(truncatingIfNeeded: hash) & mask
        while let route = slots[index] {
            if route.hash == hash, route.tenant == tenant, topic.equals(route.topic) {
                route.isInUse = true
                return route.epoch == epochs[route.epochIndex] &+ everything ? route : nil
            }
            index = (index &+ 1) & mask
        }
        return nil
    }

    /// An empty route for a topic with the epoch of now; `insert` it when it is filled.
    func blank(_ topic: RawSpan, hash: UInt64, tenant: UInt32) -> Route {
        let bytes = topic.copied()
        let index = epochIndex(bytes, tenant)
        return Route(
            topic: bytes,
            hash: hash,
            tenant: tenant,
            epochIndex: index,
            epoch: epochs[index] &+ everything
        )
    }

    /// Remembers a route, if there is room for it.
    ///
    /// When half of the room is taken, and half of its tenant's share, a topic is remembered when
    /// it comes a second time: topics that never come again do not push out those that do.
    mutating func insert(_ route: Route) {
        route.bytes = Self.weight(of: route)
        guard route.bytes * 2 <= bytesMax else { return }
        let mine = byTenant[route.tenant]
        let share = bytesMax / max(byTenant.count + (mine == nil ? 1 : 0), 1)
        if bytes * 2 > bytesMax, (mine ?? 0) * 2 > share, !wasSeen(route.hash) { return }
        makeRoom(for: route, share)
        guard !isFull(route.bytes) else { return }
        if count * 2 >= slots.count { rebuild(slots.count * 2) }
        place(route)
    }

    private static func weight(of route: Route) -> Int {
        Weight.route + Weight.array(route.topic) + Weight.array(route.targets)
            + Weight.array(route.groups)
            + route.identifiers.reduce(Weight.array(route.identifiers)) {
                $0 + Weight.array($1)
            }
    }

    /// Whether a topic came before, lately; it has now.
    private mutating func wasSeen(_ hash: UInt64) -> Bool {
        let place = Int(truncatingIfNeeded: hash &>> 32) & (seen.count - 1)
        let mark = UInt32(truncatingIfNeeded: hash) | 1
        if seen[place] == mark { return true }
        seen[place] = mark
        return false
    }

    private func isFull(_ more: Int) -> Bool {
        bytes + more > bytesMax || (count * 2 >= slots.count && slots.count >= Self.slotsMax)
    }

    private func isStale(_ route: Route) -> Bool {
        route.epoch != epochs[route.epochIndex] &+ everything
    }

    /// Lets routes go until there is room, as far as few steps lead to that.
    private mutating func makeRoom(for new: Route, _ share: Int) {
        for _ in 0..<Self.stepsMax {
            guard isFull(new.bytes) else { return }
            hand &= slots.count - 1
            guard let route = slots[hand] else {
                hand += 1
                continue
            }
            let more = route.tenant == new.tenant ? new.bytes : 0
            let isAbove = (byTenant[route.tenant] ?? 0) + more >= share
            if isStale(route) || (isAbove && !route.isInUse) {
                remove(at: hand)
            } else {
                if isAbove { route.isInUse = false }
                hand += 1
            }
        }
    }

    private mutating func place(_ route: Route) {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: route.hash) & mask
        while let there = slots[index] {
            if there.hash == route.hash, there.tenant == route.tenant, there.topic == route.topic {
                credit(there)
                break
            }
            index = (index + 1) & mask
        }
        slots[index] = route
        count += 1
        bytes += route.bytes
        byTenant[route.tenant, default: 0] += route.bytes
    }

    private mutating func credit(_ route: Route) {
        count -= 1
        bytes -= route.bytes
        let left = (byTenant[route.tenant] ?? 0) - route.bytes
        byTenant[route.tenant] = left > 0 ? left : nil
    }

    private mutating func remove(at place: Int) {
        guard let route = slots[place] else { return }
        credit(route)
        let mask = slots.count - 1
        var hole = place
        slots[hole] = nil
        // Routes behind the hole move up when their own place is not between.
        var next = (hole + 1) & mask
        while let moved = slots[next] {
            let home = Int(truncatingIfNeeded: moved.hash) & mask
            if (next - home) & mask >= (next - hole) & mask {
                slots[hole] = moved
                slots[next] = nil
                hole = next
            }
            next = (next + 1) & mask
        }
    }

    /// Moves the routes that are still right into a table of another size.
    private mutating func rebuild(_ size: Int) {
        let old = slots
        slots = Array(repeating: nil, count: size)
        count = 0
        bytes = 0
        byTenant = [:]
        for case let route? in old where !isStale(route) { place(route) }
    }

    /// Lets go of what was not used since the last time, in one part of the table; called now and
    /// then, so that a crowd of topics that has gone leaves nothing behind.
    mutating func sweep() {
        hand &= slots.count - 1
        for _ in 0..<max(slots.count / Self.sweepParts, 1) {
            hand &= slots.count - 1
            guard let route = slots[hand] else {
                hand += 1
                continue
            }
            if isStale(route) || !route.isInUse {
                remove(at: hand)
            } else {
                route.isInUse = false
                hand += 1
            }
        }
        if slots.count > Self.slotsMin, count * 8 < slots.count { rebuild(slots.count / 2) }
    }

    /// A filter was added or removed: forgets the routes it may concern, and no others.
    mutating func invalidate(_ filter: [UInt8], tenant: UInt32) {
        let first = filter.prefix { $0 != UInt8(ascii: "/") }
        if first.elementsEqual([UInt8(ascii: "+")]) || first.elementsEqual([UInt8(ascii: "#")]) {
            invalidateAll(of: tenant)
        } else {
            epochs[epochIndex(filter, tenant)] &+= 1
        }
    }

    /// Forgets everything of a tenant.
    mutating func invalidateAll(of tenant: UInt32) {
        let start = Self.group(of: tenant) * Self.epochCount
        for index in start..<start + Self.epochCount { epochs[index] &+= 1 }
    }

    /// Forgets everything, for instance because permissions changed.
    mutating func invalidateAll() { everything &+= 1 }

    private static func group(of tenant: UInt32) -> Int {
        tenant == 0 ? 0 : 1 + Int(tenant - 1) % (groupCount - 1)
    }

    private func epochIndex(_ topic: [UInt8], _ tenant: UInt32) -> Int {
        var hash = UInt64(tenant) &* 31 &+ 1469
        for byte in topic.prefix(while: { $0 != UInt8(ascii: "/") }) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        let place = Int(truncatingIfNeeded: (hash ^ hash &>> 17) & UInt64(Self.epochCount - 1))
        return Self.group(of: tenant) * Self.epochCount + place
    }
}
