// SPDX-License-Identifier: Apache-2.0
// Messages that wait for a session to have room or to come back, first in, first out.

internal import SealBytes

/// A message that waits.
struct QueuedMessage {
    var message: Message
    var qos: UInt8
    var isRetained: Bool
    var identifiers: [UInt32]?
    /// The shared group it came through, and the partition that is the group's home.
    var group: Handle = .none
    var groupHome: UInt8 = 0
}

/// A queue with a count of its bytes.
struct MessageQueue {
    private var items: [QueuedMessage?] = []
    private var head = 0

    /// The bytes of all waiting messages.
    private(set) var bytes = 0

    var count: Int { items.count - head }
    var isEmpty: Bool { head == items.count }

    mutating func append(_ item: QueuedMessage) {
        bytes += item.message.byteCount
        items.append(item)
    }

    var first: QueuedMessage? { head < items.count ? items[head] : nil }

    mutating func popFirst() -> QueuedMessage? {
        guard head < items.count, let item = items[head] else { return nil }
        items[head] = nil
        head += 1
        bytes -= item.message.byteCount
        if head == items.count {
            items.removeAll(keepingCapacity: head <= 1024)
            head = 0
        } else if head > 1024, head * 2 > items.count {
            items.removeFirst(head)
            head = 0
        }
        return item
    }
}
