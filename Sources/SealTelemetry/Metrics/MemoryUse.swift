// SPDX-License-Identifier: Apache-2.0
// Memory that a shard holds for its clients, by what it is held for.

/// What memory is held for.
public enum MemoryKind: UInt8, CounterKey {
    case sessions, subscriptions, queued, inFlight, retained, aliases, routes, input

    /// The word in metrics.
    public var label: String {
        switch self {
        case .sessions: "sessions"
        case .subscriptions: "subscriptions"
        case .queued: "queued"
        case .inFlight: "in_flight"
        case .retained: "retained"
        case .aliases: "aliases"
        case .routes: "routes"
        case .input: "input"
        }
    }
}

/// Bytes held, by kind.
public struct MemoryUse: Sendable, Equatable {
    private var bytes = [Int](repeating: 0, count: MemoryKind.allCases.count)

    /// Makes zeros.
    public init() {}

    /// The bytes of one kind.
    public subscript(kind: MemoryKind) -> Int {
        get { bytes[Int(kind.rawValue)] }
        set { bytes[Int(kind.rawValue)] = newValue }
    }

    /// Adds to one kind; a negative number takes away.
    public mutating func add(_ kind: MemoryKind, _ amount: Int) {
        bytes[Int(kind.rawValue)] &+= amount
    }

    /// The sum of all kinds.
    public var total: Int { bytes.reduce(0, &+) }

    /// Adds another shard's.
    public static func += (left: inout Self, right: Self) {
        for index in left.bytes.indices { left.bytes[index] &+= right.bytes[index] }
    }
}
