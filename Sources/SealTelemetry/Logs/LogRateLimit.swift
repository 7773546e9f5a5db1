// SPDX-License-Identifier: Apache-2.0
// How often one event name may be written, so that a flood of refusals cannot fill a disk.
// Pure: the moment is an argument.

/// A limit on the lines of each event name in a window of time.
public struct LogRateLimit: Sendable {
    /// The most lines of one name in a window.
    public var linesMax: Int
    /// The length of a window.
    public var windowSeconds: Int64

    /// Makes a limit; by default 200 lines of a name in 10 seconds.
    public init(linesMax: Int = 200, windowSeconds: Int64 = 10) {
        self.linesMax = linesMax
        self.windowSeconds = windowSeconds
    }
}

/// The windows of all event names seen so far.
struct LogWindows {
    private struct Window {
        var name: EventName
        var start: Timestamp
        var lineCount = 0
        var suppressedCount: UInt64 = 0
    }

    /// Lines left out under a name since its window began.
    struct Suppressed {
        var name: EventName
        var count: UInt64
    }

    let limit: LogRateLimit
    private var windows: [String: Window] = [:]

    init(limit: LogRateLimit) { self.limit = limit }

    /// Counts one event; says whether it may be written, and what the window before left out.
    mutating func admit(
        _ name: EventName,
        at now: Timestamp
    ) -> (isAllowed: Bool, suppressed: Suppressed?) {
        var window = windows[name.description] ?? Window(name: name, start: now)
        let suppressed = renew(&window, at: now)
        let isAllowed = window.lineCount < limit.linesMax
        if isAllowed { window.lineCount += 1 } else { window.suppressedCount &+= 1 }
        windows[name.description] = window
        return (isAllowed, suppressed)
    }

    /// Ends the windows that are over and says what they left out.
    mutating func sweep(at now: Timestamp) -> [Suppressed] {
        var all: [Suppressed] = []
        for (key, var window) in windows {
            guard let suppressed = renew(&window, at: now) else { continue }
            windows[key] = window
            all.append(suppressed)
        }
        return all.sorted { $0.name.description < $1.name.description }
    }

    /// Begins a new window when the old one is over.
    ///
    /// A clock set back begins one too: otherwise
    /// a name could stay silent for as long as the clock was wrong.
    private func renew(_ window: inout Window, at now: Timestamp) -> Suppressed? {
        let age = now.microseconds.subtractingReportingOverflow(window.start.microseconds)
        let isOver =
            age.overflow || age.partialValue < 0
            || age.partialValue / 1_000_000 >= limit.windowSeconds
        guard isOver else { return nil }
        let count = window.suppressedCount
        window = Window(name: window.name, start: now)
        return count > 0 ? Suppressed(name: window.name, count: count) : nil
    }
}
