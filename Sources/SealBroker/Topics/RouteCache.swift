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

/// A bounded table of routes.
struct RouteCache {
    /// First levels are hashed into this many epochs of a tenant's group.
    private static let epochCount = 256
    /// Tenants are spread over so many groups; the first is that of tenant 0 alone.
    ///
    /// What one tenant subscribes leaves the routes of the other groups known.
    private static let groupCount = 16
    static let slotsMax = 1 << 18

    private var slots: [Route?]
    private var count = 0
    private let seed: UInt64
    private var epochs: [UInt64]
    private var everything: UInt64 = 0

    /// The size of the table, for the test of its bound.
    var slotCount: Int { slots.count }

    init(seed: UInt64) {
        self.seed = seed
        slots = Array(repeating: nil, count: 256)
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

    mutating func insert(_ route: Route) {
        if count * 2 >= slots.count { enlarge() }
        place(route)
    }

    private mutating func place(_ route: Route) {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: route.hash) & mask
        while let there = slots[index] {
            if there.hash == route.hash, there.tenant == route.tenant, there.topic == route.topic {
                slots[index] = route
                return
            }
            index = (index + 1) & mask
        }
        slots[index] = route
        count += 1
    }

    private mutating func enlarge() {
        let old = slots
        let isFull = slots.count >= Self.slotsMax
        slots = Array(repeating: nil, count: isFull ? slots.count : slots.count * 2)
        count = 0
        // A table at its bound starts afresh: the topics in use return at once.
        if isFull { return }
        for route in old {
            if let route, route.epoch == epochs[route.epochIndex] &+ everything { place(route) }
        }
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
