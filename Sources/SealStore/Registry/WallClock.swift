// SPDX-License-Identifier: Apache-2.0
// The time of day.

internal import Glibc

enum WallClock {
    /// Milliseconds since 1970.
    @Sendable
    static func now() -> Int64 {
        var time = timespec()
        // SAFETY: the out-parameter is a local variable.
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
