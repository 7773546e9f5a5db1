// SPDX-License-Identifier: Apache-2.0
// Slow work of the API on several threads at once, such as hashing the passwords of a file.

internal import SealAdmin
internal import SealNet

/// As many threads as there are processors, for as long as there is work.
struct ThreadCrew: WorkCrew {
    private struct State {
        var next = 0
        var done = 0
    }

    func each(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
        guard count > 1 else {
            if count == 1 { work(0) }
            return
        }
        let state = MonitoredState(State())
        for number in 0..<min(Processors.count, count) {
            // Clients that connect go first.
            Thread.start(named: "crew-\(number)", niceness: 10) {
                while true {
                    let index = state.change { state in
                        defer { state.next += 1 }
                        return state.next
                    }
                    guard index < count else { return }
                    work(index)
                    state.change { $0.done += 1 }
                }
            }
        }
        state.wait { $0.done == count ? () : nil }
    }
}
