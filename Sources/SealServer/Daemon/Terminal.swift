// SPDX-License-Identifier: Apache-2.0
// Standard output and error, signals and the wall clock: the daemon's doors to its surroundings.

internal import CSys
internal import Glibc
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

    static func error(_ line: String) { write(Array((line + "\n").utf8), to: 2) }
}

/// The signals the daemon obeys, taken one at a time by one thread.
struct Signals {
    private var set: sigset_t

    /// Blocks the signals in this thread and all it starts, so that `wait` gets them.
    static func block() -> Signals {
        var set = sigset_t()
        sigemptyset(&set)
        for signal in [SIGTERM, SIGINT, SIGHUP, SIGUSR1] { sigaddset(&set, signal) }
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
}

/// The wall clock.
enum SystemClock {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
