// SPDX-License-Identifier: Apache-2.0
// Two questions to the machine.

internal import Glibc

/// The machine's processors.
public enum Processors {
    /// How many this process may use.
    public static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}

/// Waiting, for threads that have nothing better to do.
public enum Pause {
    /// Sleeps.
    public static func milliseconds(_ count: UInt32) { usleep(count * 1000) }
}
