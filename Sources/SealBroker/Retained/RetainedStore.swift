// SPDX-License-Identifier: Apache-2.0
// The last retained message of each topic, found by filter.

internal import SealBytes

/// Where a retained message came from: the partition that took it in, and its place among those
/// which that one has sent to the home.
struct RetainedOrigin: Equatable {
    var partition: Int
    var position: UInt64
}

/// A tenant's retained messages.
struct RetainedStore {
    private final class Node {
        var children: [Level: Node] = [:]
        var message: Message?
        var origin = RetainedOrigin(partition: 0, position: 0)
    }

    private let root = Node()

    /// How many messages are kept.
    private(set) var count = 0
    /// The memory they take, with the nodes of their topics.
    private(set) var bytes = 0

    /// The message of a topic.
    func message(of topic: [Level]) -> Message? {
        var node = root
        for level in topic {
            guard let child = node.children[level] else { return nil }
            node = child
        }
        return node.message
    }

    /// Keeps a message in place of the topic's earlier one.
    mutating func set(_ message: Message, from origin: RetainedOrigin) {
        var node = root
        for level in TopicTree.levels(of: message.topic) {
            if let child = node.children[level] {
                node = child
            } else {
                let child = Node()
                node.children[level] = child
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

    /// Forgets a topic's message; false when there was none.
    @discardableResult
    mutating func remove(_ topic: [Level]) -> Bool {
        var path: [(node: Node, level: Level)] = []
        var node = root
        for level in topic {
            guard let child = node.children[level] else { return false }
            path.append((node, level))
            node = child
        }
        guard let old = node.message else { return false }
        node.message = nil
        count -= 1
        bytes -= Weight.retained(old)
        for (parent, level) in path.reversed() {
            guard let child = parent.children[level], child.message == nil, child.children.isEmpty
            else { break }
            parent.children[level] = nil
        }
        return true
    }

    /// Calls `visit` for each message whose topic matches the filter.
    func match(_ filter: [UInt8], _ visit: (Message, RetainedOrigin) -> Void) {
        walk(root, TopicTree.levels(of: filter)[...], isFirst: true, visit)
    }

    private func walk(
        _ node: Node,
        _ filter: ArraySlice<Level>,
        isFirst: Bool,
        _ visit: (Message, RetainedOrigin) -> Void
    ) {
        guard let level = filter.first else {
            if let message = node.message { visit(message, node.origin) }
            return
        }
        let rest = filter.dropFirst()
        if level == [UInt8(ascii: "#")] {
            all(node, isFirst: isFirst, visit)
        } else if level == [UInt8(ascii: "+")] {
            for (name, child) in node.children where !(isFirst && Self.isReserved(name)) {
                walk(child, rest, isFirst: false, visit)
            }
        } else if let child = node.children[level] {
            walk(child, rest, isFirst: false, visit)
        }
    }

    private func all(
        _ node: Node,
        isFirst: Bool,
        _ visit: (Message, RetainedOrigin) -> Void
    ) {
        if let message = node.message { visit(message, node.origin) }
        for (name, child) in node.children where !(isFirst && Self.isReserved(name)) {
            all(child, isFirst: false, visit)
        }
    }

    /// MQTT 5.0 §4.7.2: wildcards at the first level do not match topics that begin with $.
    private static func isReserved(_ level: Level) -> Bool { level.first == UInt8(ascii: "$") }
}
