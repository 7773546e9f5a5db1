// SPDX-License-Identifier: Apache-2.0
// Ending in order when somebody presses Ctrl-C: signals as a call on a thread of their own.

internal import Glibc
internal import SealNet
internal import Synchronization

/// Where the handler writes to; a handler can reach nothing but what is global.
private let signalPipe = Atomic<Int32>(-1)

/// Signals that ask a program to end.
public enum SignalWatch {
    /// Calls `body` with the number of each SIGINT and SIGTERM.
    ///
    /// Blocking the signals and waiting for them is not enough: the main thread of an asynchronous
    /// program sleeps with all signals let through. SIGPIPE is ignored, so that writing to a closed
    /// pipe is an error like any other.
    public static func start(_ body: @escaping @Sendable (Int32) -> Void) {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        signalPipe.store(ends[1], ordering: .sequentiallyConsistent)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(signalPipe.load(ordering: .sequentiallyConsistent), &byte, 1)
            }
        }
        Thread.start(named: "signals") { [input = ends[0]] in
            var byte: UInt8 = 0
            while true {
                let count = read(input, &byte, 1)
                if count == 1 { body(Int32(byte)) } else if count == 0 || errno != EINTR { return }
            }
        }
    }
}
