// SPDX-License-Identifier: Apache-2.0
// Standard output and error, signals, the environment and the wall clock: the daemon's doors to
// its surroundings.

internal import CSys
internal import Glibc
internal import SealPKI
internal import SealTelemetry

/// Lines to people and to whoever started us.
enum Terminal {
    /// Writes all bytes to a descriptor.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var offset = 0
        while offset < bytes.count {
            let count = Glibc.write(descriptor, Array(bytes[offset...]), bytes.count - offset)
            if count < 0, seal_errno() == EINTR { continue }
            guard count > 0 else { return }
            offset += count
        }
    }

    /// A line to standard output.
    static func line(_ text: String) { write(Array((text + "\n").utf8), to: 1) }

    /// A line to standard error.
    static func note(_ text: String) { write(Array((text + "\n").utf8), to: 2) }

    /// A question to a person, whose answer comes on the same line.
    static func ask(_ text: String) { write(Array(text.utf8), to: 2) }

    /// What went wrong, and what to do.
    static func fault(_ text: String, hint: String = "") {
        note("sealwired: error: \(text)")
        if !hint.isEmpty { note("hint: \(hint)") }
    }

    /// Everything that is wrong with a configuration.
    static func faults(_ errors: ConfigurationErrors) {
        for error in errors.errors { note("sealwired: error: \(error.text)") }
    }

    /// How lines look that go to standard error.
    static func format(_ look: LogLook) -> LogFormat {
        look == .text || (look == .auto && isatty(2) == 1) ? .logfmt : .json
    }

    /// The environment this process was started with.
    static var environment: [String: String] {
        var found: [String: String] = [:]
        let bytes = (try? Files.read("/proc/self/environ")) ?? []
        for entry in bytes.split(separator: 0) {
            let parts = entry.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard parts.count == 2 else { continue }
            found[String(decoding: parts[0], as: UTF8.self)] =
                String(decoding: parts[1], as: UTF8.self)
        }
        return found
    }
}

/// The signals the daemon obeys, taken one at a time by one thread.
struct Signals {
    private var set: sigset_t

    /// Blocks the signals in this thread and all it starts, so that `wait` gets them.
    static func block() -> Signals {
        _ = seal_ignore_signal(SIGPIPE)
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2] { sigaddset(&set, signal) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        return Signals(set: set)
    }

    /// The next signal.
    func wait() -> Int32 {
        var set = self.set
        var signal: Int32 = 0
        while sigwait(&set, &signal) != 0 {}
        return signal
    }

    /// The next signal that comes within some milliseconds.
    func wait(milliseconds: Int) -> Int32? {
        var set = self.set
        var time = timespec(
            tv_sec: milliseconds / 1000,
            tv_nsec: milliseconds % 1000 * 1_000_000
        )
        let signal = sigtimedwait(&set, nil, &time)
        return signal > 0 ? signal : nil
    }
}

/// The wall clock.
enum SystemClock {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
