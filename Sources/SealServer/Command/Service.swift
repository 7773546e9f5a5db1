// SPDX-License-Identifier: Apache-2.0
// A daemon in the foreground: starts it, says "ready", obeys signals until it is told to end.

internal import CSys
internal import Glibc
internal import SealNet
internal import SealTelemetry

/// A daemon with the signals that steer it.
struct Service {
    let signals: Signals
    let logger: Logger
    private let log: LogWriter
    let environment: [String: String]

    /// Blocks the signals; to be made before any thread is.
    init(_ settings: LogSettings, environment: [String: String]) {
        seal_malloc_settings()
        signals = .block()
        let format = Terminal.format(settings.format)
        let log = LogWriter.standardError(format)
        self.log = log
        logger = Logger(
            level: LogLevel(settings.level),
            format: format,
            clock: { SystemClock.now },
            sink: { log.put($0) }
        )
        self.environment = environment
    }

    /// Starts the daemon, or says why not.
    func start(
        _ loaded: LoadedConfiguration,
        _ source: ConfigurationSource
    ) -> (daemon: Daemon?, code: Int32) {
        checkDescriptors(loaded.configuration.limits)
        for warning in loaded.warnings {
            logger.warning(
                "config.warning",
                ["place": .text(warning.place), "detail": .text(warning.message)]
            )
        }
        do throws(DaemonError) {
            let daemon = try Daemon(loaded.configuration, logger: logger, source: source)
            return (daemon, ExitCode.done)
        } catch {
            for problem in error.problems {
                let place = loaded.place(of: problem).map { "\($0): " } ?? ""
                Terminal.fault("\(place)\(problem)", hint: problem.hint)
            }
            return (nil, error.isConfiguration ? ExitCode.configuration : ExitCode.unavailable)
        }
    }

    private func checkDescriptors(_ limits: Limits) {
        let have = ProcessFacts.raiseDescriptorLimit()
        let wanted = limits.connections + 256
        guard have < wanted else { return }
        logger.warning(
            "limits.descriptors",
            [
                "open_files": .number(have), "wanted": .number(wanted),
                "hint": "raise LimitNOFILE or ulimit -n, or lower limits.connections",
            ]
        )
    }

    /// Writes what is left of the log.
    func finish() { log.flush() }

    /// Ends the process although threads work on.
    ///
    /// What they use must not be taken from them by an orderly end. Whatever they were writing to
    /// the registry counts as not written.
    private func leave(_ code: Int32) -> Never {
        log.flush(milliseconds: 200)
        _exit(code)
    }

    /// Serves until a signal ends it.
    func serve(_ daemon: Daemon, reload: () -> Void) -> Int32 {
        let notifier = ServiceNotifier(environment: environment)
        let ports = daemon.allPorts.map(\.description).joined(separator: " ")
        if let notifier {
            daemon.feed(notifier)
            notifier.ready(ports)
        }
        logger.info("daemon.ready", ["ports": .text(ports)])
        while true {
            switch signals.wait() {
            case SIGTERM, SIGINT:
                notifier?.stopping("saying goodbye")
                let isOver = daemon.drain {
                    let signal = signals.wait(milliseconds: 20)
                    return signal == SIGTERM || signal == SIGINT
                }
                if !isOver { leave(ExitCode.done) }
                return ExitCode.done
            case SIGHUP:
                notifier?.reloading()
                reload()
                notifier?.ready(ports)
            default: continue
            }
        }
    }
}

extension LoadedConfiguration {
    /// Where the setting that names a problem's file stands.
    func place(of problem: DaemonProblem) -> String? {
        guard let listener = problem.listener else { return nil }
        let prefix = "listener.\(listener)."
        let named = files.first { $0.path == problem.file && $0.setting.hasPrefix(prefix) }
        let setting = named?.setting ?? "\(prefix)name"
        guard let origin = origins[setting] else { return nil }
        return origin.line > 0 ? "\(origin.file):\(origin.line):\(origin.column)" : origin.file
    }
}
