// SPDX-License-Identifier: Apache-2.0
// `sealwired init`: a first installation for keeps. Asks three things on a terminal, or takes
// flags; writes everything into one folder, and never over what is there.

internal import Glibc
internal import SealBroker
internal import SealBytes
internal import SealPKI
internal import SealTelemetry

enum InitCommand {
    static let help = """
        sealwired init: a first installation, for keeps

        USAGE
          sealwired init [--dir FOLDER] [--tenant ID] [--host NAME[,NAME...]] [--enrol WHO]
                         [--operator NAME] [--bind WHERE] [--port N] [--api-port N]

        Makes a CA, a server certificate, a registry with the tenants "management" and ID, an
        operator for each, and sealwire.conf in FOLDER. The operators' passwords are made up, and
        printed once; only digests of them are kept. On a terminal it asks for what was not said.

        FLAGS
          --dir FOLDER     where everything goes; /etc/sealwire unless given
          --tenant ID      the first tenant: letters, digits, - _ and . (default: main)
          --host NAME      further names and addresses of this server, with commas
          --enrol WHO      who may register by itself: "nobody" (default), or "certificates":
                           devices with a certificate below the new CA
          --operator NAME  the user name of the operators (default: admin)
          --bind WHERE     the addresses to listen on, with commas: "localhost" for this machine
                           only (default), "*" for all, or addresses in digits
          --port N         the port for MQTT over TLS (default: 8883)
          --api-port N     the port for the REST API (default: 8443)

        EXAMPLES
          sealwired init
          sealwired init --dir /etc/sealwire --tenant factory --host iot.example.org --bind '*'
          sealwired run --config /etc/sealwire/sealwire.conf

        EXIT CODES
          0 done   64 usage   66 the folder cannot be used, or is in use already
          70 a fault of ours
        """

    static func run(_ list: [String]) throws(UsageError) -> Int32 {
        let arguments = try Arguments(
            list,
            command: "sealwired init",
            values: [
                "--dir", "--tenant", "--host", "--enrol", "--operator", "--bind", "--port",
                "--api-port",
            ]
        )
        if arguments.wantsHelp {
            Terminal.line(help)
            return ExitCode.done
        }
        guard arguments.words.isEmpty else {
            throw UsageError("init takes no words", hint: "sealwired init --help")
        }
        let tenant = Name(answer(arguments, "--tenant", "Name of the first tenant", "main"))
        let path = answer(arguments, "--dir", "Folder for everything", "/etc/sealwire")
        let enrol = answer(
            arguments,
            "--enrol",
            "Who may register by itself, nobody or certificates",
            "nobody"
        )
        guard ["nobody", "certificates"].contains(enrol) else {
            throw UsageError("\(enrol) is not known", hint: "--enrol nobody, or certificates")
        }
        let bind = try addresses(
            answer(
                arguments,
                "--bind",
                "Addresses to listen on: localhost, * for all, or in digits",
                "localhost"
            )
        )
        guard tenant != FirstRun.managementTenant else {
            throw UsageError("the tenant management is made anyway", hint: "name another one")
        }
        var configuration = StarterConfiguration(
            heading: "Written by `sealwired init`; `sealwired config default` shows all settings."
        )
        configuration.bind = bind
        configuration.port = try arguments.port("--port", 8883)
        configuration.apiPort = try arguments.port("--api-port", 8443)
        var folder = StarterFolder(path: CommandPlace.absolute(path, Terminal.environment))
        folder.hosts = (arguments.values["--host"] ?? "").split(separator: ",").map(String.init)
        let first = FirstRun(
            tenant: tenant,
            operatorName: Name(arguments.values["--operator"] ?? "admin")
        )
        return make(folder, configuration, first, enrols: enrol == "certificates")
    }

    /// Addresses with commas between; what is none is refused before anything is made.
    private static func addresses(_ text: String) throws(UsageError) -> [String] {
        let all = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            part.trimmingBlanks
        }
        for one in all where !NetworkAddress.isValid(one) {
            throw UsageError(
                "\"\(one)\" is no address to listen on",
                hint: "--bind localhost, --bind '*', or addresses in digits with commas"
            )
        }
        return all
    }

    /// What a flag says, else what a person at the terminal says, else the usual.
    private static func answer(
        _ arguments: Arguments,
        _ flag: String,
        _ question: String,
        _ usual: String
    ) -> String {
        if let said = arguments.values[flag] { return said }
        guard isatty(0) == 1, isatty(2) == 1 else { return usual }
        Terminal.ask("\(question) [\(usual)]: ")
        let line = readLine() ?? ""
        return line.isEmpty ? usual : line
    }

    private static func make(
        _ folder: StarterFolder,
        _ configuration: StarterConfiguration,
        _ first: FirstRun,
        enrols: Bool
    ) -> Int32 {
        for file in [folder.configurationFile, folder.registryFolder]
        where access(file, F_OK) == 0 {
            Terminal.fault(
                "\(file) is there already, and stays as it is",
                hint: "name another folder with --dir, or start it with sealwired run"
            )
            return ExitCode.noFile
        }
        let logger = Logger(
            level: .error,
            format: .logfmt,
            clock: { SystemClock.now },
            sink: { _ in }
        )
        var settings = RegistrySettings()
        settings.folder = folder.registryFolder
        let pool = LoginPool(named: "init", threads: 1)
        defer { pool.stop() }
        do {
            try folder.prepare()
            guard
                let service = try IdentityService.open(
                    settings,
                    quick: pool,
                    slow: pool,
                    logger: logger,
                    counters: DaemonCounters()
                )
            else { return ExitCode.software }
            let secrets = try service.prepare(
                first,
                trusting: try folder.authorityCertificate(),
                enrols: enrols
            )
            try folder.writeConfiguration(configuration)
            Terminal.line(
                text(folder, configuration, first, secrets, enrols: enrols)
            )
            return ExitCode.done
        } catch {
            Terminal.fault(
                FirstRun.sentence(error),
                hint: "nothing was started; remove what was made in \(folder.path) and try again"
            )
            return ExitCode.noFile
        }
    }

    private static func text(
        _ folder: StarterFolder,
        _ configuration: StarterConfiguration,
        _ first: FirstRun,
        _ secrets: FirstRun.Secrets,
        enrols: Bool
    ) -> String {
        var text = "Everything is in \(folder.path). Passwords, shown this once:\n"
        for (user, password) in secrets.passwords { text += "\n  \(user)  \(password)" }
        text += """


            Devices trust \(folder.authorityFile).
            """
        text +=
            enrols
            ? " A device with a certificate below it registers when it first connects."
            : " Nobody registers by itself: add devices with `sealwire device add`."
        let port = configuration.apiPort
        text += "\n\nListens on " + configuration.bind.map(named).joined(separator: ", ")
        text += " (bind in sealwire.conf)."
        return text + """


            Next:
              sealwired run --config \(folder.configurationFile)
              sealwire login https://localhost:\(port) --cafile \(folder.authorityFile) \
                --user \(first.tenant)/\(first.operatorName)
            """
    }

    private static func named(_ address: String) -> String {
        switch address {
        case "*": "all addresses of this machine"
        case "localhost": "localhost, for this machine only"
        default: address
        }
    }
}

extension Substring {
    /// Without blanks at either end.
    fileprivate var trimmingBlanks: String {
        var rest = self
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }
}
