// SPDX-License-Identifier: Apache-2.0
// Threads for the slow work of a call, such as hashing the passwords of a file. They are started
// for one piece of work and end with it.

internal import SealAdmin
internal import SealNet

/// Does pieces of work in several threads that yield to everybody else.
struct ThreadCrew: WorkCrew {
    /// How many threads there are at most.
    let size: Int

    /// How far a piece of work is.
    private struct Progress {
        var next = 0
        var running: Int
    }

    func each(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
        let threads = min(size, count)
        guard threads > 1 else { return LoneWorker().each(count, work) }
        let progress = MonitoredState(Progress(running: threads))
        for _ in 0..<threads {
            Thread.start(named: "seal-crew", niceness: 10) {
                while let index = Self.next(progress, count) { work(index) }
                progress.change { $0.running -= 1 }
            }
        }
        progress.wait { $0.running == 0 ? () : nil }
    }

    private static func next(_ progress: MonitoredState<Progress>, _ count: Int) -> Int? {
        progress.change { state in
            guard state.next < count else { return nil }
            state.next += 1
            return state.next - 1
        }
    }
}
