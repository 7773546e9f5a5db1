// SPDX-License-Identifier: Apache-2.0
// Lines on their way to a descriptor, written by a thread of its own: whoever reads the log
// slowly, or not at all, must not stop a shard.

internal import Glibc
internal import SealNet
internal import SealTelemetry

/// Writes lines in order, without making anybody wait.
final class LogWriter: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var bytes = 0
        var lost = 0
        var isWriting = false
    }

    /// Bytes that may wait; lines above it are lost and counted.
    static let waitingBytesMax = 4 << 20

    private let state = MonitoredState(State())

    /// Begins to write; `note` makes the line that tells how many were lost.
    init(descriptor: Int32, note: @escaping @Sendable (_ lost: Int) -> [UInt8]) {
        SealNet.Thread.start(named: "log") { [state] in
            while true {
                let (lines, lost) = state.wait { state -> ([[UInt8]], Int)? in
                    guard !state.lines.isEmpty || state.lost > 0 else { return nil }
                    defer { state = State(isWriting: true) }
                    return (state.lines, state.lost)
                }
                Terminal.write(lines.flatMap(\.self), to: descriptor)
                if lost > 0 { Terminal.write(note(lost), to: descriptor) }
                state.change { $0.isWriting = false }
            }
        }
    }

    /// Takes a line.
    func put(_ line: [UInt8]) {
        state.change { state in
            guard state.bytes + line.count <= Self.waitingBytesMax else {
                state.lost += 1
                return
            }
            state.lines.append(line)
            state.bytes += line.count
        }
    }

    /// Waits until everything is written, at most so long.
    func flush(milliseconds: Int = 1000) {
        _ = state.wait(milliseconds: milliseconds) { state in
            state.lines.isEmpty && state.lost == 0 && !state.isWriting ? true : nil
        }
    }
}

extension LogWriter {
    /// A writer to standard error in the log's own form.
    static func standardError(_ format: LogFormat) -> LogWriter {
        LogWriter(descriptor: 2) { lost in
            format.line(
                LogEvent(
                    time: SystemClock.now,
                    level: .warning,
                    name: "log.lines-lost",
                    fields: ["count": .number(lost)]
                )
            )
        }
    }
}
