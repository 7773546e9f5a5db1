// SPDX-License-Identifier: Apache-2.0
// A walk over the retained messages of a filter that can stop anywhere and go on later. What is
// there all the time is met once; what comes or goes meanwhile is met or not.

internal import SealBytes

/// Where a walk over retained messages stands.
struct RetainedCursor {
    /// What a call of `next` comes to.
    enum Step {
        case message(Message, RetainedOrigin)
        /// So many nodes were visited as were granted.
        case paused
        case ended
    }

    private struct Frame {
        let node: RetainedNode
        /// The index in the filter of the level that the node's children must match.
        let depth: Int
        /// Everything below matches: a `#` was met.
        var isWide: Bool
        /// The node's own message was looked at.
        var isVisited = false
        /// The next place among the children.
        var place = 0
    }

    private let filter: [Level]
    private var path: [Frame]

    init(_ store: RetainedStore, _ filter: [UInt8]) {
        self.filter = TopicTree.levels(of: filter)
        path = [Frame(node: store.root, depth: 0, isWide: false)]
    }

    /// Goes to the next message; each node looked at takes one of `visits`.
    mutating func next(_ visits: inout Int) -> Step {
        while let frame = path.last {
            guard visits > 0 else { return .paused }
            visits -= 1
            if !frame.isVisited, let message = arrive(frame) {
                return .message(message, frame.node.origin)
            }
            goOn()
        }
        return .ended
    }

    /// The message of a node that is reached, if it is asked for.
    private mutating func arrive(_ frame: Frame) -> Message? {
        let top = path.count - 1
        path[top].isVisited = true
        if !frame.isWide, frame.depth < filter.count {
            // MQTT 5.0 §4.7.1.2: "sport/#" also matches "sport".
            guard filter[frame.depth] == TopicTree.hash else { return nil }
            path[top].isWide = true
        }
        return frame.node.message
    }

    /// One step down, to the side, or up.
    private mutating func goOn() {
        let top = path.count - 1
        let frame = path[top]
        if !frame.isWide {
            guard frame.depth < filter.count else { return path.removeLast(1) }
            if filter[frame.depth] != TopicTree.plus {
                path.removeLast()
                guard let child = frame.node.child(filter[frame.depth]) else { return }
                return path.append(Frame(node: child, depth: frame.depth + 1, isWide: false))
            }
        }
        guard frame.place < frame.node.places.count else { return path.removeLast(1) }
        path[top].place += 1
        guard let child = frame.node.places[frame.place] else { return }
        // MQTT 5.0 §4.7.2: wildcards at the first level do not match topics that begin with $.
        if top == 0, frame.depth == 0, child.level.first == UInt8(ascii: "$") { return }
        path.append(Frame(node: child, depth: frame.depth + 1, isWide: frame.isWide))
    }
}
