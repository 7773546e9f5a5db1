// SPDX-License-Identifier: Apache-2.0
// Threads for the parts of a login that wait for a disk or are slow on purpose: never on a shard.

internal import SealAdmin
internal import SealBroker
internal import SealNet

/// A few threads with a bound on how much waits for them.
final class LoginPool: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        /// Where the oldest of the jobs is: taking it must not move the others.
        var first = 0
        var isStopped = false

        mutating func take() -> (@Sendable () -> Void)? {
            guard first < jobs.count else { return nil }
            let job = jobs[first]
            jobs[first] = {}
            first += 1
            if first == jobs.count || first >= LoginPool.waitingMax {
                jobs.removeFirst(first)
                first = 0
            }
            return job
        }
    }

    /// More waiting logins than this are refused at once.
    static let waitingMax = 10_000

    private let state = MonitoredState(State())

    init(named name: String, threads: Int, niceness: Int32 = 0) {
        for index in 0..<max(threads, 1) {
            Thread.start(named: "\(name)-\(index)", niceness: niceness) { [state] in
                while let job = Self.next(state) { job() }
            }
        }
    }

    private static func next(_ state: MonitoredState<State>) -> (@Sendable () -> Void)? {
        state.wait { state -> (@Sendable () -> Void)?? in
            if state.isStopped { return .some(nil) }
            guard let job = state.take() else { return nil }
            return .some(job)
        }
    }

    /// Does a job on one of the threads; false when too much waits already.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        state.change { state in
            guard state.jobs.count - state.first < Self.waitingMax else { return false }
            state.jobs.append(job)
            return true
        }
    }

    /// Compares a password with what a file says, and decides.
    func submit(_ question: PasswordQuestion, _ answer: @escaping @Sendable (LoginStep) -> Void) {
        let isTaken = submit {
            let matches = question.isAnswered(by: OpenSSLPasswordCheck())
            answer(Login.finish(question, matches: matches))
        }
        if !isTaken { answer(.refused([Reason(.loginsWaiting)])) }
    }

    func stop() { state.change { $0.isStopped = true } }
}
