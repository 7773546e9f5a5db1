// SPDX-License-Identifier: Apache-2.0
// Threads that answer requests, on three lanes: quick ones, those that hash passwords or look
// through long lists, and whole files. A lane's threads never do another's work, and on each the
// sources and tenants take turns. They touch no connection.

internal import SealHTTP
internal import SealNet

/// The threads of one HTTP server.
final class HTTPWorkers: Sendable {
    /// A request on its way through the lanes.
    struct Job: Sendable {
        /// Whose turn it takes.
        var line: [UInt8]
        /// Does it, and hands the answer on; where it must go instead, if anywhere.
        var work: @Sendable (HTTPLane) -> (lane: HTTPLane, job: Job)?
        /// Says that too many wait.
        var refuse: @Sendable () -> Void
    }

    private struct State {
        var queue: FairQueue<Job>
        var threads: Int
        var isStopped = false
    }

    private let lanes: [MonitoredState<State>]

    /// Starts the threads: so many for each lane.
    init(threads: [Int], waitingMax: Int) {
        lanes = HTTPLane.allCases.map { lane in
            let count = lane.rawValue < threads.count ? max(threads[lane.rawValue], 1) : 1
            return MonitoredState(
                State(
                    // With several threads one is always free for others.
                    queue: FairQueue(
                        waitingMax: waitingMax,
                        runningPerLineMax: lane == .quick ? max(count / 2, 1) : max(count - 1, 1)
                    ),
                    threads: count
                )
            )
        }
        for lane in HTTPLane.allCases {
            let count = lanes[lane.rawValue].change { $0.threads }
            for index in 0..<count {
                Thread.start(named: "http-\(lane)-\(index)", niceness: lane == .quick ? 0 : 5) {
                    [self] in
                    while let (job, line) = next(lane) {
                        let move = job.work(lane)
                        lanes[lane.rawValue].change { $0.queue.ended(line: line) }
                        if let move { submit(move.job, move.lane) }
                    }
                    lanes[lane.rawValue].change { $0.threads -= 1 }
                }
            }
        }
    }

    private func next(_ lane: HTTPLane) -> (Job, [UInt8])? {
        lanes[lane.rawValue].wait { state -> (Job, [UInt8])?? in
            if state.isStopped { return .some(nil) }
            return state.queue.take().map { .some(($0.job, $0.line)) }
        }
    }

    /// Takes a job, or refuses it or another one when too many wait.
    func submit(_ job: Job, _ lane: HTTPLane) {
        let refused = lanes[lane.rawValue].change { state -> Job? in
            if state.isStopped { return job }
            switch state.queue.put(job, line: job.line) {
            case .taken: return nil
            case .refused: return job
            case .displaced(let other): return other
            }
        }
        refused?.refuse()
    }

    /// Lets the threads end with what they are doing.
    func stop() {
        for lane in lanes { lane.change { $0.isStopped = true } }
    }

    /// Waits so long for the threads to end; false when some have not.
    func wait(milliseconds: Int) -> Bool {
        let end = Loop<HTTPServer>.clock + UInt64(max(milliseconds, 0))
        return lanes.allSatisfy { lane in
            let now = Loop<HTTPServer>.clock
            let left = end > now ? Int(end - now) : 0
            return lane.wait(milliseconds: left) { $0.threads == 0 ? () : nil } != nil
        }
    }
}
