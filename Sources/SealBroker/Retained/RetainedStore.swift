// SPDX-License-Identifier: Apache-2.0
// The last retained message of each topic. How they are found by filter, in pieces, is in
// RetainedCursor.

internal import SealBytes

/// Where a retained message came from: the partition that took it in, and its place among those
/// which that one has sent to the home.
struct RetainedOrigin: Equatable {
    var partition: Int
    var position: UInt64

    /// Whether it is among the first so many of its partition.
    func isWithin(_ counts: [UInt64]) -> Bool {
        counts.indices.contains(partition) && position <= counts[partition]
    }
}

/// One level of a topic that has, or leads to, a retained message.
final class RetainedNode {
    /// More children than this are found by a table.
    private static let comparedMax = 8

    let level: Level
    fileprivate(set) var message: Message?
    fileprivate(set) var origin = RetainedOrigin(partition: 0, position: 0)

    /// The children.
    ///
    /// A child keeps its place as long as it lives, so that a cursor which stops between two of
    /// them finds its way when others come and go meanwhile.
    private(set) var places: [RetainedNode?] = []
    private var vacant: [Int32] = []
    private var table: [Level: Int32] = [:]

    init(level: Level) { self.level = level }

    var childCount: Int { places.count - vacant.count }

    func child(_ level: Level) -> RetainedNode? {
        if !table.isEmpty { return table[level].flatMap { places[Int($0)] } }
        for child in places where child?.level == level { return child }
        return nil
    }

    fileprivate func add(_ child: RetainedNode) {
        let place: Int
        if let free = vacant.popLast() {
            place = Int(free)
            places[place] = child
        } else {
            place = places.count
            places.append(child)
        }
        if !table.isEmpty {
            table[child.level] = Int32(place)
        } else if childCount > Self.comparedMax {
            for (place, child) in places.enumerated() {
                if let child { table[child.level] = Int32(place) }
            }
        }
    }

    fileprivate func dismantle() -> [RetainedNode] {
        defer {
            places = []
            vacant = []
            table = [:]
            message = nil
        }
        return places.compactMap(\.self)
    }

    fileprivate func remove(_ level: Level) {
        let known = table.isEmpty ? nil : table[level].map { Int($0) }
        guard let place = known ?? places.firstIndex(where: { $0?.level == level }) else { return }
        places[place] = nil
        table[level] = nil
        vacant.append(Int32(place))
        if childCount <= Self.comparedMax / 2 { table = [:] }
        if childCount == 0 {
            places = []
            vacant = []
        }
    }
}

/// A tenant's retained messages.
struct RetainedStore {
    let root = RetainedNode(level: [])

    /// How many messages are kept.
    private(set) var count = 0
    /// The memory they take, with the nodes of their topics.
    private(set) var bytes = 0

    /// The message of a topic.
    func message(of topic: [Level]) -> Message? {
        var node = root
        for level in topic {
            guard let child = node.child(level) else { return nil }
            node = child
        }
        return node.message
    }

    /// Keeps a message in place of the topic's earlier one.
    mutating func set(_ message: Message, from origin: RetainedOrigin) {
        var node = root
        for level in TopicTree.levels(of: message.topic) {
            if let child = node.child(level) {
                node = child
            } else {
                let child = RetainedNode(level: level)
                node.add(child)
                node = child
            }
        }
        if let old = node.message {
            bytes -= Weight.retained(old)
        } else {
            count += 1
        }
        bytes += Weight.retained(message)
        node.message = message
        node.origin = origin
    }

    /// Lets go of all nodes one by one, for they may stand below each other a thousand times.
    func dismantle() {
        var waiting = [root]
        while let node = waiting.popLast() { waiting.append(contentsOf: node.dismantle()) }
    }

    /// Forgets a topic's message; false when there was none.
    @discardableResult
    mutating func remove(_ topic: [Level]) -> Bool {
        var path: [RetainedNode] = []
        var node = root
        for level in topic {
            guard let child = node.child(level) else { return false }
            path.append(node)
            node = child
        }
        guard let old = node.message else { return false }
        node.message = nil
        count -= 1
        bytes -= Weight.retained(old)
        var level = topic.count - 1
        for parent in path.reversed() {
            guard let child = parent.child(topic[level]), child.message == nil,
                child.childCount == 0
            else { break }
            parent.remove(topic[level])
            level -= 1
        }
        return true
    }
}
