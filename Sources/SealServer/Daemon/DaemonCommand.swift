// SPDX-License-Identifier: Apache-2.0
// The daemon's life from its command line: read, start, say "ready", obey signals, drain.

internal import CSys
internal import Glibc
internal import SealPKI
internal import SealTelemetry

/// What `sealwired` does.
public enum DaemonCommand {
    /// Exit codes, the same in every command of the house.
    enum Exit {
        static let done: Int32 = 0
        static let usage: Int32 = 64
        static let unavailable: Int32 = 69
        static let software: Int32 = 70
        static let configuration: Int32 = 78
    }

    /// Does what the arguments say; gives the exit code.
    public static func run(_ arguments: [String]) -> Int32 {
        switch arguments.first {
        case "run": return serve(Array(arguments.dropFirst()))
        default:
            Terminal.error("sealwired: error: what to do is missing")
            Terminal.error("hint: sealwired run --config FILE")
            return Exit.usage
        }
    }

    private static func serve(_ arguments: [String]) -> Int32 {
        guard arguments.count == 2, arguments[0] == "--config" else {
            Terminal.error("sealwired: error: run needs --config FILE")
            return Exit.usage
        }
        let path = arguments[1]
        let loaded: LoadedConfiguration
        do {
            loaded = try Configuration.load(Files.read(path), file: path, environment: [:])
        } catch {
            Terminal.error("sealwired: error: \(error)")
            return Exit.configuration
        }
        seal_malloc_settings()
        _ = seal_ignore_signal(SIGPIPE)
        let signals = Signals.block()
        let logger = Logger(level: .info, format: .logfmt, clock: { SystemClock.now }) { line in
            Terminal.write(line, to: 2)
        }
        let daemon: Daemon
        do throws(DaemonError) {
            daemon = try Daemon(loaded.configuration, logger: logger)
        } catch {
            for problem in error.problems { Terminal.error("sealwired: error: \(problem)") }
            return error.isConfiguration ? Exit.configuration : Exit.unavailable
        }
        let ports = daemon.ports.map { "\($0.name)=\($0.isTLS ? "tls" : "plain"):\($0.address)" }
        Terminal.write(Array("ready \(ports.joined(separator: " "))\n".utf8), to: 1)
        while true {
            switch signals.wait() {
            case SIGTERM, SIGINT:
                daemon.drain()
                return Exit.done
            default: continue
            }
        }
    }
}
