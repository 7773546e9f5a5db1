// SPDX-License-Identifier: Apache-2.0
// What things cost in memory: objects, tables and the allocator's own bytes included. A quota that
// counted only what was sent could be passed by a hundred times.

internal import SealBytes

/// The memory that things take.
enum Weight {
    /// An array's head, and what the allocator adds.
    static let arrayHead = 48
    /// A message's object, without its bytes.
    static let messageHead = 112
    /// A message's place in a queue or window that may have grown to twice its need.
    static let place = 128
    /// A node of the tree of filters with its place in the parent's table, but not its bytes.
    static let filterNode = 224
    /// A node of the tree of retained messages, likewise.
    static let retainedNode = 288
    /// A subscription in the session's list and table, and its entry in the tree.
    static let subscription = 320
    /// A shared group with one member.
    static let group = 512
    /// A session with its entry in the table, its client's rights and names.
    static let session = 1024
    /// A topic alias with its place in a table.
    static let alias = 112
    /// A route's object and its place in the table.
    static let route = 224

    static func array<Element>(_ array: [Element]) -> Int {
        array.capacity == 0 ? 0 : arrayHead + array.capacity * MemoryLayout<Element>.stride
    }

    /// A message in a queue or a window.
    static func waiting(_ message: Message, _ identifiers: [UInt32]?) -> Int {
        let list = identifiers.map { arrayHead + $0.count * 4 } ?? 0
        return message.byteCount + messageHead + place + list
    }

    /// A retained message with the nodes of its topic, as if no other shared them.
    static func retained(_ message: Message) -> Int {
        let topic = message.topic
        var levels = 1
        for index in 0..<topic.byteCount where topic.byte(index) == UInt8(ascii: "/") {
            levels += 1
        }
        return message.byteCount + messageHead + topic.byteCount + levels * retainedNode
    }

    /// The nodes of a filter, as if no other shared them.
    static func nodes(of filter: [UInt8]) -> Int {
        let levels = filter.reduce(1) { $1 == UInt8(ascii: "/") ? $0 + 1 : $0 }
        return filter.count + levels * filterNode
    }

    /// A subscription without the nodes of its filter.
    static func subscription(_ filter: [UInt8], _ group: [UInt8]?) -> Int {
        subscription + filter.count * 2 + (group.map { Self.group + $0.count * 3 } ?? 0)
    }
}
