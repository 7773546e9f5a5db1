// SPDX-License-Identifier: Apache-2.0
// `sealwired dev`: from nothing to a broker with mutual TLS, proved, with lines to copy.

internal import SealBytes
internal import SealNet
internal import SealPKI

enum DevCommand {
    static let help = """
        sealwired dev: a broker with a CA of its own, on this machine only

        USAGE
          sealwired dev [--dir FOLDER] [--port N] [--api-port N] [--plain]

        Makes a CA, a server certificate, a registry with the tenants "management" and "dev", and
        the identities of two devices in FOLDER (by default $XDG_STATE_HOME/sealwire-dev or
        ~/.local/state/sealwire-dev), listens with TLS on loopback, sends itself a message, and
        prints what to type next. The operators' passwords are made up, and printed once.

        FLAGS
          --dir FOLDER  where everything is kept
          --port N      the port for MQTT over TLS; 8883 unless given, 0 takes a free one
          --api-port N  the port for the REST API; 8443 unless given, 0 takes a free one
          --plain       also listens without encryption on loopback port 1883

        EXAMPLES
          sealwired dev
          sealwired dev --dir /tmp/try --port 18883

        EXIT CODES
          0 stopped by a signal   64 usage   66 the folder cannot be used
          69 a port is taken   70 the proof failed
        """

    static func run(_ list: [String]) throws(UsageError) -> Int32 {
        let arguments = try Arguments(
            list,
            command: "sealwired dev",
            values: ["--dir", "--port", "--api-port"],
            switches: ["--plain"]
        )
        if arguments.wantsHelp {
            Terminal.line(help)
            return ExitCode.done
        }
        guard arguments.words.isEmpty else {
            throw UsageError("dev takes no words", hint: "sealwired dev --help")
        }
        let port = try arguments.port("--port", 8883)
        // Who takes any free port for one takes any for the other.
        let apiPort = try arguments.port("--api-port", port == 0 ? 0 : 8443)
        let environment = Terminal.environment
        let chosen = arguments.values["--dir"] ?? StarterFolder.standardPath(environment)
        guard let chosen, !chosen.isEmpty else {
            throw UsageError("there is no home folder", hint: "name a folder with --dir")
        }
        let folder = StarterFolder(
            path: CommandPlace.absolute(chosen, environment),
            devices: [publisher, subscriber]
        )
        var configuration = StarterConfiguration(
            heading: "Written by `sealwired dev` at each start: copy it before you change it."
        )
        configuration.port = port
        configuration.apiPort = apiPort
        configuration.hasPlain = arguments.switches.contains("--plain")
        configuration.connections = 500
        configuration.metricsPort = 0
        return serve(folder, configuration, environment)
    }

    /// The devices that come with it: one client id each, so that both can be connected.
    private static let publisher = "demo"
    private static let subscriber = "watcher"
    private static let tenant = "dev"

    private static func serve(
        _ folder: StarterFolder,
        _ configuration: StarterConfiguration,
        _ environment: [String: String]
    ) -> Int32 {
        let loaded: LoadedConfiguration
        do {
            try folder.prepare()
            try folder.writeConfiguration(configuration)
            loaded = try RunCommand.load(folder.configurationFile, [:])
        } catch let error as PKIError {
            Terminal.fault(error.reason, hint: "name another folder with --dir")
            return ExitCode.noFile
        } catch {
            Terminal.fault("the written configuration is refused: \(error)")
            return ExitCode.software
        }
        let service = Service(loaded.configuration.log, environment: environment)
        defer { service.finish() }
        let (started, code) = service.start(
            loaded,
            ConfigurationSource(file: folder.configurationFile)
        )
        guard let daemon = started, let first = daemon.ports.first else {
            if code == ExitCode.unavailable {
                Terminal.note(
                    "hint: --port N and --api-port N take other ports; only --plain needs 1883"
                )
            }
            return code
        }
        let secrets: FirstRun.Secrets
        do {
            secrets =
                try daemon.identity?.prepare(
                    FirstRun(tenant: Name(tenant)),
                    trusting: try folder.authorityCertificate(),
                    enrols: true
                ) ?? FirstRun.Secrets()
        } catch {
            Terminal.fault("the registry cannot be prepared: \(FirstRun.sentence(error))")
            daemon.stop()
            return ExitCode.software
        }
        do throws(ProbeError) {
            let host = String(first.address.dropLast(String(first.port).count + 1))
            try DemoProof.run(folder, publisher, host: host, port: first.port)
        } catch {
            Terminal.fault("the round trip over mutual TLS failed: \(error)")
            daemon.stop()
            return ExitCode.software
        }
        Terminal.line("ready " + daemon.allPorts.map(\.description).joined(separator: " "))
        Terminal.line(lines(folder, daemon, secrets))
        renewDaily(folder, daemon)
        return service.serve(daemon) { daemon.reload(loaded.configuration) }
    }

    /// The server's certificate is looked after; the daemon notices a new one by itself.
    private static func renewDaily(_ folder: StarterFolder, _ daemon: Daemon) {
        daemon.caretaker.every(milliseconds: { 3_600_000 }) {
            do throws(PKIError) {
                if try folder.renew() { daemon.logger.info("dev.certificate-renewed", [:]) }
            } catch {
                daemon.logger.error("dev.renewal-failed", ["detail": .text(error.reason)])
            }
        }
    }

    /// What to type next.
    private static func lines(
        _ folder: StarterFolder,
        _ daemon: Daemon,
        _ secrets: FirstRun.Secrets
    ) -> String {
        let port = daemon.ports.first?.port ?? 0
        let sealwire = quoted(
            CommandPlace.name(
                of: "sealwire",
                beside: CommandLine.arguments.first ?? "",
                Terminal.environment
            )
        )
        func flags(_ device: String) -> String {
            "-h localhost -p \(port) --cafile \(quoted(folder.authorityFile)) "
                + "--cert \(quoted(folder.deviceFile(device))) "
                + "--key \(quoted(folder.deviceKeyFile(device))) -i \(device)"
        }
        let (hears, says) = (flags(subscriber), flags(publisher))
        var text = """

            A message went out and came back over mutual TLS. Everything is in
            \(folder.path).

            Subscribe in a second terminal, publish in a third:
              \(sealwire) sub \(hears) -t 'demo/#' -v
              \(sealwire) pub \(says) -t demo/hello -m hello

            The same with mosquitto's clients:
              mosquitto_sub \(hears) -t 'demo/#' -v
              mosquitto_pub \(says) -t demo/hello -m hello

            """
        if let plain = daemon.ports.first(where: { $0.kind == .plain }) {
            text += "\nWithout encryption, on this machine only: localhost port \(plain.port)\n"
        }
        if let api = daemon.apiPorts.first {
            text += "\nREST API: https://localhost:\(api.port)/openapi.json"
            text += "\n  \(sealwire) login https://localhost:\(api.port)"
            text += " --cafile \(quoted(folder.authorityFile)) --user \(tenant)/admin\n"
        }
        for (user, password) in secrets.passwords {
            text += "\nOperator \(user), shown this once: \(password)"
        }
        if !secrets.passwords.isEmpty { text += "\n" }
        if let metrics = daemon.metricsPorts.first {
            text += "\nMetrics: http://\(metrics.address)/metrics"
        }
        return text
    }

    /// A path as a shell takes it.
    private static func quoted(_ path: String) -> String {
        let plain = path.utf8.allSatisfy { byte in
            let letter = byte | 0x20
            return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(letter)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || "/._-".utf8.contains(byte)
        }
        if plain { return path }
        let parts = path.split(separator: "'", omittingEmptySubsequences: false)
        return "'" + parts.joined(separator: "'\\''") + "'"
    }
}
