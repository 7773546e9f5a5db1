// SPDX-License-Identifier: Apache-2.0
// The filters of a session whose retained messages are still on their way to it.

internal import SealBytes

/// The retained messages of one filter, on their way to a session.
struct RetainedWalk {
    let filter: [UInt8]
    /// By home and by partition: retained messages behind this count came live.
    let after: [[UInt64]]
    /// How many homes are done; the first is the session's own partition.
    var homesDone = 0
    /// Where the walk over this partition's own messages stands.
    var cursor: RetainedCursor?
    /// The name under which another home keeps its walk; 0 is none.
    var ticket: UInt64 = 0
}

/// What a session waits for, filter by filter, each once.
final class RetainedQueue {
    /// When so many filters wait, reading from the client stops until half of them are done.
    static let filtersMax = 64

    private var waiting: [[UInt8]: [[UInt64]]] = [:]
    private var order: [[UInt8]] = []
    private var head = 0
    var walk: RetainedWalk?
    /// Another home was asked, and what went by live is newer than what it may answer.
    var askedAt: UInt64?
    /// It goes on in a later turn.
    var isPutOff = false
    /// The connection that is not read meanwhile.
    var held = Handle.none

    var isFull: Bool { waiting.count >= Self.filtersMax }
    var mayReadOn: Bool { waiting.count <= Self.filtersMax / 2 }

    /// A filter was subscribed to; one that waits already is sent as of now.
    func append(_ filter: [UInt8], after: [[UInt64]]) {
        if waiting.updateValue(after, forKey: filter) == nil { order.append(filter) }
    }

    /// The next filter.
    func next() -> RetainedWalk? {
        guard head < order.count else { return nil }
        let filter = order[head]
        head += 1
        if head == order.count {
            order = []
            head = 0
        }
        guard let after = waiting.removeValue(forKey: filter) else { return nil }
        return RetainedWalk(filter: filter, after: after)
    }
}
