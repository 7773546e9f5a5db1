// SPDX-License-Identifier: Apache-2.0
// `sealwired config`: the default file, the check, the difference.

internal import SealNet
internal import SealPKI

enum ConfigCommand {
    static let standardPath = "/etc/sealwire/sealwire.conf"

    static let help = """
        sealwired config: looks at configurations

        USAGE
          sealwired config default         prints every setting with its default
          sealwired config check [FILE]    says what is wrong with FILE and the files it names
          sealwired config diff OLD NEW    what changes, and whether a reload is enough
          sealwired config diff NEW --server https://HOST:PORT --token-file FILE [--cafile FILE]
                                           what NEW would change in the daemon that runs there

        Without FILE, \(standardPath) is checked; "--config FILE" names it too. HOST is localhost
        or an address; `sealwire token` prints a token of an operator of the management tenant.

        EXAMPLES
          sealwired config default > sealwire.conf
          sealwired config check sealwire.conf && kill -HUP "$(pidof sealwired)"
          sealwired config diff new.conf --server https://localhost:8443 --token-file token

        EXIT CODES
          0 done, or nothing wrong   64 usage   66 no such file   69 the daemon does not answer
          78 bad configuration
        """

    static func run(_ list: [String]) throws(UsageError) -> Int32 {
        let arguments = try Arguments(
            list,
            command: "sealwired config",
            values: ["--config", "--server", "--token-file", "--cafile"]
        )
        if arguments.wantsHelp {
            Terminal.line(help)
            return ExitCode.done
        }
        var rest = Array(arguments.words.dropFirst())
        // `check` takes its file as `run` does, too.
        if let path = arguments.values["--config"] { rest.append(path) }
        switch (arguments.words.first, rest.count) {
        case ("default", 0):
            Terminal.write(Array(Configuration.defaultText().utf8), to: 1)
            return ExitCode.done
        case ("check", 0): return try check(standardPath)
        case ("check", 1): return try check(rest[0])
        case ("diff", 1): return try diff(rest[0], arguments)
        case ("diff", 2): return try diff(rest[0], rest[1])
        case ("default", _), ("check", _), ("diff", _):
            throw UsageError(
                "config \(arguments.words[0]) takes other arguments",
                hint: "sealwired config --help"
            )
        case (let word?, _):
            let meant = Suggestion.nearest(to: word, among: ["default", "check", "diff"])
            throw UsageError(
                "config has no command \(word)",
                hint: meant.map { "did you mean sealwired config \($0)?" }
                    ?? "sealwired config --help"
            )
        case (nil, _):
            throw UsageError("what to do is missing", hint: "sealwired config --help")
        }
    }

    private static func check(_ path: String) throws(UsageError) -> Int32 {
        guard let bytes = try DaemonCommand.read(path) else { return ExitCode.noFile }
        let loaded: LoadedConfiguration
        do throws(ConfigurationErrors) {
            loaded = try Configuration.load(
                bytes,
                file: path,
                environment: Terminal.environment
            )
        } catch {
            Terminal.faults(error)
            return ExitCode.configuration
        }
        for warning in loaded.warnings {
            Terminal.note("sealwired: warning: \(warning.place): \(warning.message)")
            if !warning.hint.isEmpty { Terminal.note("hint: \(warning.hint)") }
        }
        do throws(DaemonError) {
            for material in try ListenerMaterial.loadAll(loaded.configuration) {
                for warning in material.warnings { Terminal.note("sealwired: warning: \(warning)") }
            }
        } catch {
            for problem in error.problems {
                let place = loaded.place(of: problem).map { "\($0): " } ?? ""
                Terminal.fault("\(place)\(problem)", hint: problem.hint)
            }
            return ExitCode.configuration
        }
        Terminal.line("\(path): ok")
        return ExitCode.done
    }

    private static func diff(_ old: String, _ new: String) throws(UsageError) -> Int32 {
        var both: [Configuration] = []
        for path in [old, new] {
            guard let bytes = try DaemonCommand.read(path) else { return ExitCode.noFile }
            do throws(ConfigurationErrors) {
                both.append(try Configuration.load(bytes, file: path).configuration)
            } catch {
                Terminal.faults(error)
                return ExitCode.configuration
            }
        }
        for change in Configuration.difference(from: both[0], to: both[1]) {
            Terminal.line(change.text)
        }
        return ExitCode.done
    }

    /// What a file would change in the daemon that runs.
    private static func diff(_ path: String, _ arguments: Arguments) throws(UsageError) -> Int32 {
        guard let server = arguments.values["--server"],
            let tokenFile = arguments.values["--token-file"]
        else {
            throw UsageError(
                "one file is compared with a running daemon: --server and --token-file are missing",
                hint: "sealwired config --help"
            )
        }
        guard let (host, port) = RunningDaemon.address(server) else {
            throw UsageError(
                "\(server) is not https://HOST:PORT with localhost or an address",
                hint: "sealwired config --help"
            )
        }
        guard let bytes = try DaemonCommand.read(path),
            let token = try DaemonCommand.read(tokenFile)
        else { return ExitCode.noFile }
        let line = token.prefix { $0 > 0x20 && $0 < 0x7F }
        let daemon = RunningDaemon(
            host: host,
            port: port,
            authorityFile: arguments.values["--cafile"],
            token: String(decoding: line, as: UTF8.self)
        )
        do throws(ProbeError) {
            for line in try daemon.compare(bytes) { Terminal.line(line) }
            return ExitCode.done
        } catch {
            Terminal.fault(
                error.description,
                hint: "check --server, --cafile, and that the token is an operator's of the "
                    + "management tenant"
            )
            return ExitCode.unavailable
        }
    }
}
