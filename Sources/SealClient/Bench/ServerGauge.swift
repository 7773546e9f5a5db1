// SPDX-License-Identifier: Apache-2.0
// What the kernel tells about the server's process.

internal import SealNet
internal import SealPKI

/// A process that is watched.
struct ServerGauge {
    let process: Int32

    /// Processor time of all its threads.
    var nanoseconds: UInt64 { ForeignProcess.cpuNanoseconds(process) }

    /// Resident memory, in KiB.
    var residentKiB: UInt64? {
        guard let bytes = try? Files.read("/proc/\(process)/status") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return nil }
        return UInt64(line.split(separator: " ").dropFirst().first ?? "")
    }

    /// Whether none of its threads is running or about to run.
    var isAsleep: Bool { allThreads(are: UInt8(ascii: "S")) }

    /// Halts it and waits until every thread stands still: one that was on its way out of a
    /// system call would else see the first of the bytes that are sent meanwhile.
    func halt() {
        ForeignProcess.setHalted(process, true)
        for _ in 0..<1000 where !allThreads(are: UInt8(ascii: "T")) { Pause.milliseconds(1) }
    }

    /// Lets it go on.
    func resume() { ForeignProcess.setHalted(process, false) }

    private func allThreads(are state: UInt8) -> Bool {
        guard let tasks = try? Files.names(in: "/proc/\(process)/task") else { return true }
        for task in tasks {
            guard let bytes = try? Files.read("/proc/\(process)/task/\(task)/stat") else {
                continue
            }
            // The name before it may hold anything but ends with the last parenthesis.
            guard let end = bytes.lastIndex(of: UInt8(ascii: ")")), end + 2 < bytes.count else {
                continue
            }
            if bytes[end + 2] != state { return false }
        }
        return true
    }
}
