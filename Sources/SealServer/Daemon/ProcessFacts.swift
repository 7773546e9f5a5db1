// SPDX-License-Identifier: Apache-2.0
// What the kernel says about this process: for the metrics, and for the limit of descriptors.

internal import Glibc
internal import SealPKI
internal import SealTelemetry

enum ProcessFacts {
    /// What the process uses now.
    static func read() -> MetricsReport.Process {
        var facts = MetricsReport.Process()
        let ticks = UInt64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
        // proc(5): the name may hold blanks and brackets, so fields are counted behind the last
        // bracket, where the third one begins.
        if let text = text("/proc/self/stat"), let end = text.lastIndex(of: ")") {
            let fields = text[text.index(after: end)...].split(separator: " ")
            let number = { (field: Int) in
                fields.indices.contains(field - 3) ? UInt64(fields[field - 3]) ?? 0 : 0
            }
            facts.cpuMicroseconds = (number(14) + number(15)) * 1_000_000 / ticks
            let sinceBoot = number(22) * 1_000_000 / ticks
            facts.start = Timestamp(
                microseconds: bootSeconds * 1_000_000 + Int64(clamping: sinceBoot)
            )
        }
        if let text = text("/proc/self/statm") {
            let pages = text.split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
            facts.residentBytes = pages * UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
        }
        facts.openFileDescriptors = ((try? Files.names(in: "/proc/self/fd")) ?? []).count
        return facts
    }

    /// Lets the process open as many files as the system allows it; gives that number.
    static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 1024
        }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 {
                limit = raised
            }
        }
        return Int(clamping: limit.rlim_cur)
    }

    private static var bootSeconds: Int64 {
        let lines = text("/proc/stat")?.split(separator: "\n") ?? []
        let line = lines.first { $0.hasPrefix("btime ") }
        return line.flatMap { Int64($0.dropFirst(6)) } ?? 0
    }

    private static func text(_ path: String) -> String? {
        (try? Files.read(path)).map { String(decoding: $0, as: UTF8.self) }
    }
}
