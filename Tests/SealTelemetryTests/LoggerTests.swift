// SPDX-License-Identifier: Apache-2.0
// What the logger lets through: levels, their expiry, and the rate limit.

import SealTelemetry
import Synchronization
import Testing

/// Keeps lines and plays the clock.
private final class Recorder: Sendable {
    let now = Atomic<Int64>(0)
    let lines = Mutex<[String]>([])

    func logger(_ level: LogLevel, limit: LogRateLimit = LogRateLimit()) -> Logger {
        Logger(
            level: level,
            format: .logfmt,
            limit: limit,
            clock: { [self] in Timestamp(microseconds: now.load(ordering: .relaxed)) },
            sink: { [self] line in
                lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            }
        )
    }

    func advance(seconds: Int64) { now.add(seconds * 1_000_000, ordering: .relaxed) }
    var texts: [String] { lines.withLock { $0 } }
}

@Suite("Logger")
struct LoggerTests {
    @Test("an event below the level is not written and its fields are not built")
    func levels() {
        let recorder = Recorder()
        let logger = recorder.logger(.warning)
        var builtCount = 0
        func fields() -> LogFields {
            builtCount += 1
            return [:]
        }
        logger.debug("a.b", fields())
        logger.info("a.b", fields())
        #expect(recorder.texts.isEmpty && builtCount == 0)
        logger.warning("a.b", fields())
        logger.error("a.b", fields())
        #expect(recorder.texts.count == 2 && builtCount == 2)
    }

    @Test("a level changed for a time goes back by itself")
    func levelExpiry() {
        let recorder = Recorder()
        let logger = recorder.logger(.info)
        logger.setLevel(.debug, until: Timestamp(seconds: 60))
        recorder.advance(seconds: 59)
        logger.tick()
        #expect(logger.isOn(.debug))
        recorder.advance(seconds: 1)
        logger.tick()
        #expect(!logger.isOn(.debug) && logger.level == .info)
        logger.setLevel(.error)
        logger.tick()
        #expect(logger.level == .error)
    }

    @Test("at the limit all lines are written, the next one is counted")
    func rateLimit() {
        let recorder = Recorder()
        let logger = recorder.logger(.info, limit: LogRateLimit(linesMax: 3, windowSeconds: 10))
        for _ in 0..<3 { logger.info("a.flood") }
        #expect(recorder.texts.count == 3 && logger.suppressedCount == 0)
        for _ in 0..<5 { logger.info("a.flood") }
        #expect(recorder.texts.count == 3 && logger.suppressedCount == 5)
        logger.info("another.event")
        #expect(recorder.texts.count == 4, "names are limited apart")
    }

    @Test("what was left out is reported in the next window, by the next event or by the tick")
    func suppressedReport() {
        let recorder = Recorder()
        let logger = recorder.logger(.info, limit: LogRateLimit(linesMax: 1, windowSeconds: 10))
        for _ in 0..<4 { logger.info("a.flood") }
        recorder.advance(seconds: 10)
        logger.info("a.flood")
        #expect(recorder.texts.count == 3)
        #expect(
            recorder.texts[1].hasSuffix("event=log.suppressed suppressed_event=a.flood count=3\n")
        )
        logger.info("a.flood")
        recorder.advance(seconds: 10)
        logger.tick()
        #expect(recorder.texts.last?.hasSuffix("suppressed_event=a.flood count=1\n") == true)
        logger.tick()
        #expect(recorder.texts.count == 4, "nothing is reported twice")
    }

    @Test("a clock set back does not silence a name")
    func clockSetBack() {
        let recorder = Recorder()
        recorder.advance(seconds: 1_000)
        let logger = recorder.logger(.info, limit: LogRateLimit(linesMax: 1, windowSeconds: 10))
        logger.info("a.b")
        recorder.advance(seconds: -900)
        logger.info("a.b")
        #expect(recorder.texts.count == 2)
    }

    @Test("level names are the words of the configuration")
    func levelNames() {
        #expect(LogLevel(name: "warning") == .warning)
        #expect(LogLevel(name: "Warning") == nil)
        #expect(LogLevel.allCases.map(\.name.description) == ["debug", "info", "warning", "error"])
    }
}
