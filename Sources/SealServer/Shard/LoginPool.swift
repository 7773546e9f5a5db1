// SPDX-License-Identifier: Apache-2.0
// Threads for the parts of a login that wait for a disk or are slow on purpose: never on a shard.
// The addresses that logins come from take turns.

internal import SealAdmin
internal import SealBroker
internal import SealNet

/// A few threads with a bound on how much waits for them.
final class LoginPool: Sendable {
    private struct Job: Sendable {
        var work: @Sendable () -> Void
        var refuse: @Sendable () -> Void
    }

    private struct State {
        var queue: FairQueue<Job>
        var threads: Int
        var isStopped = false
    }

    /// More waiting logins than this are refused: the last one of the address with most of them.
    static let waitingMax = 10_000

    private let state: MonitoredState<State>

    init(named name: String, threads: Int, niceness: Int32 = 0, waitingMax: Int = waitingMax) {
        let count = max(threads, 1)
        state = MonitoredState(
            State(
                // With several threads one is always free for other addresses.
                queue: FairQueue(waitingMax: waitingMax, runningPerLineMax: max(count - 1, 1)),
                threads: count
            )
        )
        for index in 0..<count {
            Thread.start(named: "\(name)-\(index)", niceness: niceness) { [state] in
                while let (job, line) = Self.next(state) {
                    job.work()
                    state.change { $0.queue.ended(line: line) }
                }
                state.change { $0.threads -= 1 }
            }
        }
    }

    private static func next(_ state: MonitoredState<State>) -> (Job, [UInt8])? {
        state.wait { state -> (Job, [UInt8])?? in
            if state.isStopped { return .some(nil) }
            return state.queue.take().map { .some(($0.job, $0.line)) }
        }
    }

    /// Does a job for an address on one of the threads, or refuses it or another one when too much
    /// waits already.
    func submit(
        from address: String,
        _ work: @escaping @Sendable () -> Void,
        refuse: @escaping @Sendable () -> Void
    ) {
        let job = Job(work: work, refuse: refuse)
        let line = Array(GuessLimit.network(of: address).utf8)
        let refused = state.change { state -> Job? in
            switch state.queue.put(job, line: line) {
            case .taken: nil
            case .refused: job
            case .displaced(let other): other
            }
        }
        refused?.refuse()
    }

    /// Compares a password with what a file says, and decides.
    func submit(_ question: PasswordQuestion, _ answer: @escaping @Sendable (LoginStep) -> Void) {
        submit(from: question.source) {
            let matches = question.isAnswered(by: OpenSSLPasswordCheck())
            answer(Login.finish(question, matches: matches))
        } refuse: {
            answer(.refused([Reason(.loginsWaiting)]))
        }
    }

    /// Lets the threads end with what they are doing.
    func stop() { state.change { $0.isStopped = true } }

    /// Waits so long for them; false when some work on.
    func wait(milliseconds: Int) -> Bool {
        state.wait(milliseconds: milliseconds) { $0.threads == 0 ? () : nil } != nil
    }
}
