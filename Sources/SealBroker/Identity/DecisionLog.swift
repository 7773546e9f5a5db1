// SPDX-License-Identifier: Apache-2.0
// The last decisions about access, for whoever asks why. In memory and bounded: it explains the
// present, the audit keeps the past. Each tenant has rings of its own, and so have strangers.

public import SealBytes

/// The decisions that are remembered.
///
/// Refusals and admissions of a tenant are apart, and decisions whose tenant nobody knows are apart
/// from all tenants', so that the noise of one costs no other its record.
public struct DecisionLog: Sendable {
    /// How much is kept.
    public struct Bounds: Sendable, Equatable {
        /// Bytes of all rings together.
        public var bytes = 32 << 20
        /// Bytes of one ring.
        public var ringBytes = 1 << 20

        /// The usual ones.
        public init() {}
    }

    /// Names and details are cut at so many bytes.
    public static let nameBytesMax = 200
    /// Reasons of one decision that are kept.
    static let reasonsMax = 8

    private struct Place: Hashable {
        var tenant: UInt32
        var isAllowed: Bool
    }

    /// The bounds.
    public private(set) var bounds: Bounds
    /// Bytes that all rings have together.
    public private(set) var byteCount = 0
    /// Decisions that had to go for younger ones.
    public private(set) var droppedCount: UInt64 = 0
    private var rings: [Place: DecisionRing] = [:]
    private var notedCount: UInt64 = 0

    /// Nothing is remembered yet.
    public init(_ bounds: Bounds = Bounds()) { self.bounds = bounds }

    /// How many are kept now.
    public var count: Int { rings.values.reduce(0) { $0 + $1.count } }

    /// How many rings there are.
    var ringCount: Int { rings.count }

    /// Takes other bounds, and forgets what is above them.
    public mutating func update(_ bounds: Bounds) {
        self.bounds = bounds
        for place in rings.keys { trim(place) }
        trimAll()
    }

    /// Remembers a decision; older ones go when there are too many bytes.
    public mutating func note(_ record: DecisionRecord) {
        notedCount &+= 1
        let place = Place(tenant: record.tenant, isAllowed: record.isAllowed)
        let kept = record.cut(nameBytesMax: Self.nameBytesMax, reasonsMax: Self.reasonsMax)
        if rings[place] == nil {
            rings[place] = DecisionRing()
            byteCount += DecisionRing.emptyBytes
        }
        let before = rings[place]?.bytes ?? 0
        rings[place]?.note(kept, number: notedCount)
        byteCount += (rings[place]?.bytes ?? 0) - before
        trim(place)
        trimAll()
    }

    private mutating func trim(_ place: Place) {
        while let ring = rings[place], ring.bytes > bounds.ringBytes { drop(place) }
    }

    /// The largest rings pay for all, down to an equal share; among equals the one that nothing was
    /// put into for longest.
    private mutating func trimAll() {
        guard byteCount > bounds.bytes else { return }
        // A little more than is needed, so that the next ones do not look through all rings again.
        let goal = bounds.bytes - bounds.bytes / 16
        let share = goal / max(rings.count, 1)
        let order = rings.map { (place: $0.key, bytes: $0.value.bytes, newest: $0.value.newest) }
            .sorted { ($1.bytes, $0.newest) < ($0.bytes, $1.newest) }
        for (place, _, _) in order {
            while byteCount > goal, let ring = rings[place], ring.bytes > share { drop(place) }
            if byteCount <= goal { return }
        }
    }

    private mutating func drop(_ place: Place) {
        let before = rings[place]?.bytes ?? 0
        rings[place]?.dropOne()
        droppedCount &+= 1
        if rings[place]?.count == 0 {
            rings[place] = nil
            byteCount -= before
        } else {
            byteCount -= before - (rings[place]?.bytes ?? 0)
        }
    }

    /// The last decisions of a tenant about a device, client id or user, the youngest first.
    ///
    /// Decisions whose tenant was not found are shown to the management tenant only.
    public func about(_ name: Name, tenant: UInt32, limit: Int) -> [DecisionRecord] {
        let wanted = name.cut(toBytes: Self.nameBytesMax)
        var found: [(number: UInt64, record: DecisionRecord)] = []
        var tenants = [tenant]
        if tenant == Tenant.managementNumber { tenants.append(0) }
        for tenant in tenants {
            for isAllowed in [false, true] {
                guard let ring = rings[Place(tenant: tenant, isAllowed: isAllowed)] else {
                    continue
                }
                found += ring.about(wanted)
            }
        }
        return found.sorted { $0.number > $1.number }.prefix(max(limit, 0)).map(\.record)
    }
}
