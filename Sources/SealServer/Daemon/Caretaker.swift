// SPDX-License-Identifier: Apache-2.0
// The thread that does what has to be done now and then: looking after files, system topics, the
// watchdog, the log. Nothing of it is urgent, and none of it is a shard's.

internal import SealNet
internal import SealTelemetry

/// A thread with a list of chores.
final class Caretaker: Sendable {
    /// Something to do again and again.
    private struct Chore {
        var milliseconds: @Sendable () -> Int
        var due: UInt64
        var body: @Sendable () -> Void
    }

    private struct State {
        var isStopped = false
        var hasEnded = false
        var chores: [Chore] = []
    }

    private let milliseconds: Int
    private let state = MonitoredState(State())

    init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// Adds a chore; a pause of 0 skips it for now.
    func every(
        milliseconds: @escaping @Sendable () -> Int,
        _ body: @escaping @Sendable () -> Void
    ) {
        let due = Loop<Shard>.clock
        state.change {
            $0.chores.append(Chore(milliseconds: milliseconds, due: due, body: body))
        }
    }

    /// Begins; the daemon is held until `stop`.
    func start(_ daemon: Daemon) {
        let pause = milliseconds
        every(milliseconds: { pause }) { [weak daemon] in
            daemon?.logger.tick()
            daemon?.reloadChangedFiles()
        }
        let topics = MonitoredState(SystemTopics())
        every(milliseconds: { [weak daemon] in daemon?.systemTopicsMilliseconds ?? 0 }) {
            [weak daemon] in
            daemon?.publishSystemTopics(topics)
        }
        every(milliseconds: { 5000 }) { [weak daemon] in daemon?.giveMemoryBack() }
        Thread.start(named: "caretaker") { [state, pause] in
            while true {
                let wait = Self.wait(state, atMost: pause)
                let isStopped = state.wait(milliseconds: wait) { $0.isStopped ? true : nil }
                if isStopped ?? false { break }
                let now = Loop<Shard>.clock
                let due = state.change { state in
                    var due: [@Sendable () -> Void] = []
                    for index in state.chores.indices where state.chores[index].due <= now {
                        let pause = state.chores[index].milliseconds()
                        guard pause > 0 else { continue }
                        state.chores[index].due = now + UInt64(pause)
                        due.append(state.chores[index].body)
                    }
                    return due
                }
                for body in due { body() }
            }
            state.change {
                $0.chores = []
                $0.hasEnded = true
            }
        }
    }

    /// How long nothing is due; a new chore may come in between, so not for ever.
    private static func wait(_ state: MonitoredState<State>, atMost pause: Int) -> Int {
        let now = Loop<Shard>.clock
        let due = state.change { state in
            state.chores.filter { $0.milliseconds() > 0 }.map(\.due).min() ?? .max
        }
        return due <= now ? 0 : min(Int(clamping: due - now), pause)
    }

    /// Ends the thread after what it is doing, and waits so long; false when it has not ended.
    func stop(milliseconds: Int) -> Bool {
        state.change { $0.isStopped = true }
        return state.wait(milliseconds: milliseconds) { $0.hasEnded ? () : nil } != nil
    }
}
