// SPDX-License-Identifier: Apache-2.0
// Where a filter has `+`. For one topic, the search for its receivers meets at each level at most
// one node for each shape among the filters: so the number of shapes bounds what the search costs,
// however many filters there are and however deep they go.

internal import SealBytes

/// The levels at which a filter has `+`; nothing else of it.
struct WildcardShape: Hashable {
    private var words: [UInt64] = []

    /// The shape of a filter; nil when it has no `+`.
    init?(_ filter: [UInt8]) {
        var level = 0
        for byte in filter {
            if byte == UInt8(ascii: "/") { level += 1 }
            // In a filter that is one, `+` stands alone in its level.
            guard byte == UInt8(ascii: "+") else { continue }
            while words.count <= level / 64 { words.append(0) }
            words[level / 64] |= 1 &<< UInt64(level % 64)
        }
        if words.isEmpty { return nil }
    }
}

/// The shapes among some filters, with how many filters have each.
struct WildcardShapes {
    private var counts: [WildcardShape: Int] = [:]

    /// How many different shapes there are.
    var count: Int { counts.count }

    func contains(_ shape: WildcardShape) -> Bool { counts[shape] != nil }

    mutating func add(_ filter: [UInt8]) {
        guard let shape = WildcardShape(filter) else { return }
        counts[shape, default: 0] += 1
    }

    mutating func remove(_ filter: [UInt8]) {
        guard let shape = WildcardShape(filter), let count = counts[shape] else { return }
        counts[shape] = count > 1 ? count - 1 : nil
    }
}
