// SPDX-License-Identifier: Apache-2.0
// What is asked of the machine itself.

internal import CSys
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

/// Other processes of this machine, looked at from outside.
public enum ForeignProcess {
    /// The processor time it has used, all threads, in nanoseconds; 0 when there is none such.
    public static func cpuNanoseconds(_ process: Int32) -> UInt64 {
        seal_process_nanoseconds(process)
    }

    /// Halts all its threads, or lets them go on.
    public static func setHalted(_ process: Int32, _ isHalted: Bool) {
        kill(process, isHalted ? SIGSTOP : SIGCONT)
    }

    /// Lets this process open as many descriptors as it may.
    public static func raiseDescriptorLimit() {
        var limit = rlimit()
        // SAFETY: the limit is a local variable.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// The memory that the allocator keeps.
public enum FreeMemory {
    /// Gives free pages back when more than so many bytes in RAM are not in use.
    public static func giveBack(above bytes: Int) { _ = seal_give_memory_back(bytes) }

    /// The bytes that are in use.
    public static var allocatedBytes: Int { seal_allocated_bytes() }
}
