// SPDX-License-Identifier: Apache-2.0
// Threads that compare passwords: slow on purpose, so never on a shard.

internal import SealBroker
internal import SealNet

/// A few threads for slow logins, with a bound on how many wait.
final class LoginPool: Sendable {
    private struct Job {
        var question: PasswordQuestion
        var answer: @Sendable (LoginStep) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var isStopped = false
    }

    /// More waiting logins than this are refused at once.
    static let waitingMax = 10_000

    private let state = MonitoredState(State())

    init(threads: Int) {
        for index in 0..<max(threads, 1) {
            Thread.start(named: "login-\(index)", niceness: 5) { [state] in
                while let job = Self.next(state) {
                    let matches = job.question.isAnswered(by: OpenSSLPasswordCheck())
                    job.answer(Login.finish(job.question, matches: matches))
                }
            }
        }
    }

    private static func next(_ state: MonitoredState<State>) -> Job? {
        state.wait { state -> Job?? in
            if state.isStopped { return .some(nil) }
            return state.jobs.isEmpty ? nil : .some(state.jobs.removeFirst())
        }
    }

    func submit(_ question: PasswordQuestion, _ answer: @escaping @Sendable (LoginStep) -> Void) {
        let isTaken = state.change { state in
            guard state.jobs.count < Self.waitingMax else { return false }
            state.jobs.append(Job(question: question, answer: answer))
            return true
        }
        if !isTaken { answer(.refused([Reason(.loginsWaiting)])) }
    }

    func stop() { state.change { $0.isStopped = true } }
}
