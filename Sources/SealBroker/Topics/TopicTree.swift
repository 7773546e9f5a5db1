// SPDX-License-Identifier: Apache-2.0
// Who wants what, by topic filter: one tree a tenant and partition. It is walked only when the
// route cache does not know a topic.

internal import SealBytes

/// One level of a filter or topic.
typealias Level = [UInt8]

/// What a subscription asked for.
struct SubscriptionOptions: Equatable, Sendable {
    var qos: UInt8
    var noLocal = false
    var retainAsPublished = false
    var retainHandling: UInt8 = 0
    /// 0 is none.
    var identifier: UInt32 = 0
}

/// A place in the tree: all subscriptions of one filter.
final class TopicNode {
    /// A session's subscription; `record` is its index in the session's own list.
    struct Entry {
        var session: Handle
        var record: Int
        var options: SubscriptionOptions
    }

    let level: Level
    /// Holds the node above, which holds this one: the tree is taken apart at its end.
    let parent: TopicNode?
    var children = LevelTable<TopicNode>()
    var entries: [Entry] = []
    /// Other partitions with subscribers, one bit each.
    var remote: UInt64 = 0
    /// Shared groups whose home is this partition.
    var groups: [Handle] = []
    /// It stands for a filter that somebody has, and not only for the way to others.
    fileprivate(set) var isFilter = false
    /// The question by which the other partitions are being told of it; 0 is none.
    var askedTicket: UInt64 = 0

    init(level: Level, parent: TopicNode?) {
        self.level = level
        self.parent = parent
    }

    var isUnused: Bool {
        entries.isEmpty && remote == 0 && groups.isEmpty && children.isEmpty
    }

    /// Whether this partition itself wants the filter's messages.
    var hasLocalInterest: Bool { !entries.isEmpty || !groups.isEmpty }
}

/// A tenant's filters.
struct TopicTree {
    /// Where the filters have `+`.
    private(set) var shapes = WildcardShapes()

    /// Takes the tree apart when nobody has it any more.
    private final class Root {
        let node = TopicNode(level: [], parent: nil)

        deinit {
            var waiting = [node]
            while let node = waiting.popLast() {
                waiting.append(contentsOf: node.children.values)
                node.children = LevelTable()
            }
        }
    }

    private let holder = Root()
    private var root: TopicNode { holder.node }

    /// Nobody wants anything.
    var isEmpty: Bool { root.children.isEmpty }

    static func levels(of bytes: [UInt8]) -> [Level] {
        bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Level.init)
    }

    static func levels(of bytes: RawSpan) -> [Level] {
        var levels: [Level] = []
        var level: Level = []
        for index in 0..<bytes.byteCount {
            let byte = bytes.byte(index)
            if byte == UInt8(ascii: "/") {
                levels.append(level)
                level = []
            } else {
                level.append(byte)
            }
        }
        levels.append(level)
        return levels
    }

    /// The node of a filter, made when it is missing.
    mutating func node(for filter: [UInt8]) -> TopicNode {
        var node = root
        for level in Self.levels(of: filter) {
            if let child = node.children[level] {
                node = child
            } else {
                let child = TopicNode(level: level, parent: node)
                node.children[level] = child
                node = child
            }
        }
        if !node.isFilter {
            node.isFilter = true
            shapes.add(filter)
        }
        return node
    }

    /// The node of a filter, if there is one.
    func existingNode(for filter: [UInt8]) -> TopicNode? {
        var node = root
        for level in Self.levels(of: filter) {
            guard let child = node.children[level] else { return nil }
            node = child
        }
        return node
    }

    /// Removes the node of a filter and its ancestors as far as nobody needs them.
    mutating func prune(_ node: TopicNode, _ filter: [UInt8]) {
        if node.isFilter, !node.hasLocalInterest, node.remote == 0 {
            node.isFilter = false
            shapes.remove(filter)
        }
        var node = node
        while node !== root, node.isUnused, let parent = node.parent {
            parent.children[node.level] = nil
            node = parent
        }
    }

    /// Calls `visit` for each node whose filter matches the topic.
    func match(_ topic: [Level], _ visit: (TopicNode) -> Void) {
        // MQTT 5.0 §4.7.2: wildcards at the first level do not match topics that begin with $.
        let isReserved = topic.first?.first == UInt8(ascii: "$")
        var front: [TopicNode] = [root]
        for (depth, level) in topic.enumerated() {
            var next: [TopicNode] = []
            for node in front {
                if let exact = node.children[level] { next.append(exact) }
                if depth == 0 && isReserved { continue }
                if let plus = node.children[Self.plus] { next.append(plus) }
                if let hash = node.children[Self.hash] { visit(hash) }
            }
            if next.isEmpty { return }
            front = next
        }
        for node in front {
            visit(node)
            // MQTT 5.0 §4.7.1.2: "sport/#" also matches "sport".
            if let hash = node.children[Self.hash] { visit(hash) }
        }
    }

    static let plus: Level = [UInt8(ascii: "+")]
    static let hash: Level = [UInt8(ascii: "#")]
}
