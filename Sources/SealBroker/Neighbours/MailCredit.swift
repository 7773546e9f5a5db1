// SPDX-License-Identifier: Apache-2.0
// How far another partition is behind, by tenant. A tenant that fills the way to it waits by
// itself.

internal import SealBytes

/// The bytes of messages that were posted to one partition and are not handled there yet.
struct MailCredit {
    private struct Lane {
        var bytes = 0
        /// Connections that wait until the other side has caught up.
        var held: Set<Handle> = []
    }

    /// A tenant may have so much on the way, however many others there are.
    static let leastShare = 256 << 10

    /// The lanes of tenants but the one that was used last.
    private var lanes: [UInt32: Lane] = [:]
    private var current: UInt32 = 0
    private var lane = Lane()

    /// What one tenant may have on the way when all may have `max`.
    func share(of max: Int) -> Int {
        Swift.max(max / (lanes.count + 1), min(max, Self.leastShare))
    }

    /// A letter is posted; whether its tenant has too much on the way now.
    @inline(__always)
    mutating func post(_ tenant: UInt32, _ bytes: Int, max: Int) -> Bool {
        if tenant != current { turn(to: tenant) }
        lane.bytes += bytes
        return lane.bytes > share(of: max)
    }

    /// A connection of a tenant waits; false when it did before.
    mutating func hold(_ id: Handle, of tenant: UInt32) -> Bool {
        turn(to: tenant)
        return lane.held.insert(id).inserted
    }

    /// The other side has handled bytes; the connections that need not wait any longer.
    mutating func handled(_ tenant: UInt32, _ bytes: Int, max: Int) -> Set<Handle> {
        turn(to: tenant)
        lane.bytes -= bytes
        guard lane.bytes * 2 < share(of: max) else { return [] }
        defer { lane.held = [] }
        return lane.held
    }

    /// A connection has gone.
    mutating func forget(_ id: Handle, of tenant: UInt32) {
        turn(to: tenant)
        lane.held.remove(id)
    }

    private mutating func turn(to tenant: UInt32) {
        guard tenant != current else { return }
        if lane.bytes != 0 || !lane.held.isEmpty { lanes[current] = lane }
        current = tenant
        lane = lanes.removeValue(forKey: tenant) ?? Lane()
    }
}

/// The bytes of messages that were handled for another partition which it was not told of yet.
struct MailDebt {
    /// It is told of no more than this at once.
    private static let most = 64 << 10

    private var debts: [UInt32: Int] = [:]
    private var current: UInt32 = 0
    private var bytes = 0

    /// A message was handled; how many bytes the other side is to be told of now, 0 for none.
    @inline(__always)
    mutating func add(_ tenant: UInt32, _ count: Int, max: Int) -> Int {
        if tenant != current {
            if bytes != 0 { debts[current] = bytes }
            current = tenant
            bytes = debts.removeValue(forKey: tenant) ?? 0
        }
        bytes += count
        guard bytes > min(max / 16, Self.most) else { return 0 }
        defer { bytes = 0 }
        return bytes
    }
}
