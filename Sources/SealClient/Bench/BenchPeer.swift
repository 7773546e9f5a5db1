// SPDX-License-Identifier: Apache-2.0
// One client of a measurement: where it stands, and which packet identifiers it has free.

internal import SealBytes

struct BenchPeer {
    enum Role {
        case publisher(Int)
        case subscriber(Int)
        /// Connects, and perhaps subscribes to something that nobody publishes.
        case lone
    }

    enum Stage {
        case waiting
        case connecting
        case subscribing
        case ready
        case ended
    }

    /// What a packet identifier is in use for.
    enum Flight: UInt8 {
        case free
        /// PUBLISH was sent; PUBACK or PUBREC is due.
        case published
        /// PUBREL was sent; PUBCOMP is due.
        case released
    }

    let role: Role
    var stage = Stage.waiting
    var handle = Handle.none
    /// Which of the identities it has.
    var identity = 0
    /// When its present connection was begun.
    var began: UInt64 = 0
    private var freeIDs: [UInt16] = []
    private var flights: [Flight] = []

    init(role: Role) { self.role = role }

    /// Forgets all flights; from now on so many messages may be unacknowledged.
    mutating func allow(_ count: Int) {
        freeIDs = (1...UInt16(clamping: max(count, 1))).reversed()
        flights = Array(repeating: .free, count: freeIDs.count + 1)
    }

    var hasFreeID: Bool { !freeIDs.isEmpty }

    /// Whether every message was acknowledged to the end.
    var isSettled: Bool { freeIDs.count + 1 >= flights.count }

    mutating func takeID() -> UInt16? {
        guard let id = freeIDs.popLast() else { return nil }
        flights[Int(id)] = .published
        return id
    }

    /// PUBREC came; false when none was due.
    mutating func release(_ id: UInt16) -> Bool {
        guard Int(id) < flights.count, flights[Int(id)] == .published else { return false }
        flights[Int(id)] = .released
        return true
    }

    /// PUBACK or PUBCOMP came; false when it was not due.
    mutating func finish(_ id: UInt16, from flight: Flight) -> Bool {
        guard Int(id) < flights.count, flights[Int(id)] == flight else { return false }
        flights[Int(id)] = .free
        freeIDs.append(id)
        return true
    }
}
