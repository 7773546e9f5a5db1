// SPDX-License-Identifier: Apache-2.0
// A few threads that compute handshakes, so that a storm of them does not stop deliveries. They
// touch no socket: ciphertext in, ciphertext out, and a letter back to the loop.

internal import CSys
internal import Glibc
internal import SealBytes

/// One step of one handshake.
struct HandshakeJob: Sendable {
    var connection: Handle
    var stream: TLSStream
    var input: [UInt8]
    /// After this the peer is no longer waited for, in nanoseconds.
    var deadline: UInt64
    var answer: @Sendable (HandshakeAnswer) -> Void
}

/// What a step came to.
struct HandshakeAnswer: Sendable {
    var connection: Handle
    var step: HandshakeStep
    var output: [UInt8]
}

/// Threads for the cryptography of handshakes.
public final class HandshakePool: Sendable {
    private struct State {
        var jobs: [HandshakeJob] = []
        var next = 0
        var isStopped = false
    }

    private let state = MonitoredState(State())

    /// Starts the threads.
    public init(threads: Int) {
        for index in 0..<max(threads, 1) {
            Thread.start(named: "handshake-\(index)", niceness: 5) { [state] in
                Self.work(state)
            }
        }
    }

    /// Lets the threads end.
    public func stop() {
        state.change { $0.isStopped = true }
    }

    func submit(_ job: HandshakeJob) {
        state.change { $0.jobs.append(job) }
    }

    private static func work(_ state: MonitoredState<State>) {
        guard let buffers = TLSBuffers() else { return }
        while let job = nextJob(state) {
            // SAFETY: the pointer is lent for the step.
            let step = unsafe job.input.withUnsafeBytes {
                seal_monotonic_nanoseconds() > job.deadline
                    ? HandshakeStep.needsInput : unsafe job.stream.handshake($0, using: buffers)
            }
            job.answer(
                HandshakeAnswer(
                    connection: job.connection,
                    step: step,
                    output: buffers.takeOutput()
                )
            )
        }
    }

    private static func nextJob(_ state: MonitoredState<State>) -> HandshakeJob? {
        state.wait { state in
            if state.isStopped { return .some(nil) }
            guard state.next < state.jobs.count else { return nil }
            let job = state.jobs[state.next]
            state.next += 1
            if state.next == state.jobs.count || state.next > 1024 {
                state.jobs.removeFirst(state.next)
                state.next = 0
            }
            return .some(job)
        }
    }
}
