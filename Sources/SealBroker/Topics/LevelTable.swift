// SPDX-License-Identifier: Apache-2.0
// The children of a node in a tree of topics. Most nodes have one, which needs no table.

/// Nodes by the level that leads to them.
struct LevelTable<Node: AnyObject> {
    private var only: (level: Level, node: Node)?
    private var table: [Level: Node] = [:]

    var isEmpty: Bool { only == nil && table.isEmpty }

    var values: [Node] { only.map { [$0.node] } ?? Array(table.values) }

    subscript(level: Level) -> Node? {
        @inline(__always) get {
            if let only { return only.level == level ? only.node : nil }
            return table.isEmpty ? nil : table[level]
        }
        set {
            guard let newValue else { return remove(level) }
            if let only, only.level != level {
                table = [only.level: only.node, level: newValue]
                self.only = nil
            } else if table.isEmpty {
                only = (level, newValue)
            } else {
                table[level] = newValue
            }
        }
    }

    private mutating func remove(_ level: Level) {
        if let only {
            if only.level == level { self.only = nil }
            return
        }
        table[level] = nil
        if table.count == 1, let left = table.first {
            only = (left.key, left.value)
            table = [:]
        } else if table.count >= 64, table.count * 4 < table.capacity {
            table = Dictionary(uniqueKeysWithValues: table.map { ($0.key, $0.value) })
        }
    }
}
