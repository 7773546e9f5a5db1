// SPDX-License-Identifier: Apache-2.0
// Threads that answer requests, with a bound on how many wait. They touch no connection.

internal import SealHTTP
internal import SealNet

/// The threads of one HTTP server.
final class HTTPWorkers: Sendable {
    /// A request, and what is done with the answer and the microseconds it took.
    struct Job: Sendable {
        var exchange: HTTPExchange
        var done: @Sendable (Response, UInt64) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var first = 0
        var runningCount = 0
        var isStopped = false

        mutating func take() -> Job? {
            guard first < jobs.count else { return nil }
            let job = jobs[first]
            first += 1
            if first == jobs.count || first > 256 {
                jobs.removeFirst(first)
                first = 0
            }
            return job
        }
    }

    private let waitingMax: Int
    private let state: MonitoredState<State>

    /// Starts the threads.
    init(
        threads: Int,
        waitingMax: Int,
        answer: @escaping @Sendable (HTTPExchange) -> Response
    ) {
        self.waitingMax = waitingMax
        state = MonitoredState(State(runningCount: threads))
        for index in 0..<threads {
            Thread.start(named: "http-\(index)") { [state] in
                while let job = Self.next(state) {
                    let start = Loop<HTTPServer>.microseconds
                    let response = answer(job.exchange)
                    job.done(response, Loop<HTTPServer>.microseconds &- start)
                }
                state.change { $0.runningCount -= 1 }
            }
        }
    }

    private static func next(_ state: MonitoredState<State>) -> Job? {
        state.wait { state -> Job?? in
            if state.isStopped { return .some(nil) }
            return state.take().map { .some($0) }
        }
    }

    /// Takes a job; false when too many wait.
    func submit(_ job: Job) -> Bool {
        state.change { state in
            guard state.jobs.count - state.first < waitingMax else { return false }
            state.jobs.append(job)
            return true
        }
    }

    /// Lets the threads end with what they are doing, and waits for them.
    func stop() {
        state.change { $0.isStopped = true }
        state.wait { $0.runningCount == 0 ? () : nil }
    }
}
