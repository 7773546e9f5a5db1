// SPDX-License-Identifier: Apache-2.0
// The subscriptions of one session, found by their filter without going through all of them.

internal import SealBytes

/// A session's subscription, and where it stands in the tree.
struct Subscription {
    var filter: [UInt8]
    /// The shared group's key; nil is an ordinary subscription.
    var group: [UInt8]?
    var options: SubscriptionOptions
    /// The node that holds the entry, and the entry's place there; groups keep their own lists.
    var node: TopicNode?
    var position: Int
}

/// Subscriptions in no order, each filter and group once.
struct SubscriptionList {
    private struct Key: Hashable {
        var filter: [UInt8]
        var group: [UInt8]?
    }

    /// So many are compared one by one; with more a table says where each one stands.
    static let comparedMax = 8

    private var records: [Subscription] = []
    private var table: [Key: Int] = [:]

    var count: Int { records.count }
    var isEmpty: Bool { records.isEmpty }
    var all: [Subscription] { records }
    /// How many of them are shared.
    private(set) var groupCount = 0
    /// Where the filters have `+`.
    private(set) var shapes = WildcardShapes()

    subscript(place: Int) -> Subscription {
        get { records[place] }
        _modify { yield &records[place] }
    }

    /// The places where a subscription of a filter and group can be.
    func candidates(_ filter: [UInt8], _ group: [UInt8]?) -> Range<Int> {
        guard records.count > Self.comparedMax else { return 0..<records.count }
        guard let place = table[Key(filter: filter, group: group)] else { return 0..<0 }
        return place..<place + 1
    }

    /// The place of a subscription, if the session has it.
    func place(of filter: [UInt8], _ group: [UInt8]?) -> Int? {
        candidates(filter, group).first {
            records[$0].filter == filter && records[$0].group == group
        }
    }

    /// Adds a subscription that is not there yet.
    mutating func append(_ record: Subscription) {
        if record.group != nil { groupCount += 1 }
        shapes.add(record.filter)
        records.append(record)
        if records.count > Self.comparedMax + 1 {
            table[Key(filter: record.filter, group: record.group)] = records.count - 1
        } else if records.count == Self.comparedMax + 1 {
            for (place, record) in records.enumerated() {
                table[Key(filter: record.filter, group: record.group)] = place
            }
        }
    }

    /// Removes the last subscription of a list that no other is looked up in.
    mutating func removeLast() -> Subscription? {
        table = [:]
        guard let last = records.popLast() else { return nil }
        if last.group != nil { groupCount -= 1 }
        shapes.remove(last.filter)
        return last
    }

    /// Removes a subscription; the last one takes its place.
    mutating func remove(at place: Int) -> Subscription {
        let record = records[place]
        if record.group != nil { groupCount -= 1 }
        shapes.remove(record.filter)
        let last = records.removeLast()
        if place < records.count { records[place] = last }
        if records.count <= Self.comparedMax {
            table = [:]
        } else {
            table[Key(filter: record.filter, group: record.group)] = nil
            if place < records.count {
                table[Key(filter: last.filter, group: last.group)] = place
            }
        }
        return record
    }
}
