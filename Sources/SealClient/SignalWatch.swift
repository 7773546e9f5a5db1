// SPDX-License-Identifier: Apache-2.0
// Ending in order when somebody presses Ctrl-C: signals as a call on a thread of their own.

internal import Glibc
internal import SealNet

/// Signals that ask a program to end.
public enum SignalWatch {
    /// Calls `body` with the number of each SIGINT and SIGTERM.
    ///
    /// To be called on the main thread before others start, which then leave the signals alone.
    /// SIGPIPE is ignored, so that writing to a closed pipe is an error like any other.
    public static func start(_ body: @escaping @Sendable (Int32) -> Void) {
        signal(SIGPIPE, SIG_IGN)
        var watched = sigset_t()
        sigemptyset(&watched)
        sigaddset(&watched, SIGINT)
        sigaddset(&watched, SIGTERM)
        pthread_sigmask(SIG_BLOCK, &watched, nil)
        Thread.start(named: "signals") {
            var wanted = sigset_t()
            sigemptyset(&wanted)
            sigaddset(&wanted, SIGINT)
            sigaddset(&wanted, SIGTERM)
            var number: Int32 = 0
            while sigwait(&wanted, &number) == 0 { body(number) }
        }
    }
}
