// SPDX-License-Identifier: Apache-2.0
// Slow work that is done by several threads, as the room of the API asks for it. Not here: threads.

/// Does pieces of work at the same time.
public protocol WorkCrew: Sendable {
    /// Calls the work with 0 up to `count` - 1, in any order, and returns when all are done.
    func each(_ count: Int, _ work: @escaping @Sendable (Int) -> Void)
}

/// Does one piece after the other, in the calling thread.
public struct LoneWorker: WorkCrew {
    /// Makes the worker.
    public init() {}

    /// Does the pieces in order.
    public func each(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
        for index in 0..<max(0, count) { work(index) }
    }
}
