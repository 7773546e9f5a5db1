// SPDX-License-Identifier: Apache-2.0
// The one object through which every room above the protocols speaks to the operator. The clock
// and the writer are given to it; it opens nothing.

internal import SealBytes
public import Synchronization

/// Decides whether an event is written, and hands the finished line to its sink.
///
/// Below the threshold a call costs one relaxed load: its fields are not even built.
public final class Logger: Sendable {
    /// Takes one finished line, its line feed included; called from any thread.
    public typealias Sink = @Sendable (_ line: [UInt8]) -> Void
    /// Gives the present moment.
    public typealias Clock = @Sendable () -> Timestamp

    @usableFromInline let threshold: Atomic<UInt8>
    private let format: LogFormat
    private let clock: Clock
    private let sink: Sink
    private let state: Locked<State>
    private let suppressed = Atomic<UInt64>(0)

    private struct State {
        var windows: LogWindows
        var configuredLevel: LogLevel
        var levelExpiry: Timestamp?
    }

    /// Makes a logger that writes events of this level and louder.
    public init(
        level: LogLevel,
        format: LogFormat,
        limit: LogRateLimit = LogRateLimit(),
        clock: @escaping Clock,
        sink: @escaping Sink
    ) {
        threshold = Atomic(level.rawValue)
        self.format = format
        self.clock = clock
        self.sink = sink
        state = Locked(State(windows: LogWindows(limit: limit), configuredLevel: level))
    }

    /// A logger that writes nothing, for tests and tools.
    public static func silent() -> Logger {
        Logger(
            level: .error,
            format: .logfmt,
            limit: LogRateLimit(linesMax: 0),
            clock: { Timestamp(microseconds: 0) },
            sink: { _ in }
        )
    }

    /// Whether an event of this level would be written.
    @inlinable
    public func isOn(_ level: LogLevel) -> Bool {
        level.rawValue >= threshold.load(ordering: .relaxed)
    }

    /// The quietest level that is written now.
    public var level: LogLevel {
        LogLevel(rawValue: threshold.load(ordering: .relaxed)) ?? .info
    }

    /// The lines left out by the rate limit since the start, for the metrics.
    public var suppressedCount: UInt64 { suppressed.load(ordering: .relaxed) }

    /// Changes the level for good.
    public func setLevel(_ level: LogLevel) {
        state.withLock { state in
            state.configuredLevel = level
            state.levelExpiry = nil
            threshold.store(level.rawValue, ordering: .relaxed)
        }
    }

    /// Changes the level until a moment; `tick` then restores the one before.
    public func setLevel(_ level: LogLevel, until expiry: Timestamp) {
        state.withLock { state in
            state.levelExpiry = expiry
            threshold.store(level.rawValue, ordering: .relaxed)
        }
    }

    /// Writes an event if its level is on and its name has not been written too often.
    @inlinable
    public func log(
        _ level: LogLevel,
        _ name: EventName,
        _ fields: @autoclosure () -> LogFields = [:]
    ) {
        guard isOn(level) else { return }
        write(level, name, fields())
    }

    /// Writes an event for developers.
    @inlinable
    public func debug(_ name: EventName, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.debug, name, fields())
    }

    /// Writes an event of ordinary life.
    @inlinable
    public func info(_ name: EventName, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.info, name, fields())
    }

    /// Writes an event about a refusal or a degraded service.
    @inlinable
    public func warning(_ name: EventName, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warning, name, fields())
    }

    /// Writes an event an operator must look at.
    @inlinable
    public func error(_ name: EventName, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.error, name, fields())
    }

    /// Does what is due: says what was left out, restores a level whose time is over.
    ///
    /// To be called every few seconds, so that the end of a flood is reported too.
    public func tick() {
        let now = clock()
        let due = state.withLock { state in
            if let expiry = state.levelExpiry, expiry <= now {
                state.levelExpiry = nil
                threshold.store(state.configuredLevel.rawValue, ordering: .relaxed)
            }
            return state.windows.sweep(at: now)
        }
        for entry in due { report(entry, at: now) }
    }

    @usableFromInline
    func write(_ level: LogLevel, _ name: EventName, _ fields: LogFields) {
        let now = clock()
        let verdict = state.withLock { $0.windows.admit(name, at: now) }
        if let earlier = verdict.suppressed { report(earlier, at: now) }
        guard verdict.isAllowed else {
            suppressed.add(1, ordering: .relaxed)
            return
        }
        sink(format.line(LogEvent(time: now, level: level, name: name, fields: fields)))
    }

    private func report(_ entry: LogWindows.Suppressed, at now: Timestamp) {
        let fields: LogFields = [
            "suppressed_event": .text(entry.name.description), "count": .number(entry.count),
        ]
        sink(
            format.line(
                LogEvent(time: now, level: .warning, name: "log.suppressed", fields: fields)
            )
        )
    }
}
