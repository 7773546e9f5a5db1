// SPDX-License-Identifier: Apache-2.0
// `sealwired run`.

internal import SealPKI

enum RunCommand {
    static let help = """
        sealwired run: serves in the foreground

        USAGE
          sealwired run --config FILE

        Prints one line to standard output when every listener accepts:
          ready NAME=tls:ADDRESS:PORT NAME=plain:ADDRESS:PORT metrics=http:ADDRESS:PORT
        The log goes to standard error. SEALWIRE_<SECTION>_<KEY> in the environment wins over the
        file.

        SIGNALS
          HUP        reads the configuration and its files again; bad ones change nothing
          TERM, INT  stops accepting, says goodbye, ends; a second one ends at once

        EXAMPLES
          sealwired run --config /etc/sealwire/sealwire.conf
          SEALWIRE_LOG_LEVEL=debug sealwired run --config sealwire.conf

        EXIT CODES
          0 stopped by a signal   64 usage   69 a port is taken   78 bad configuration
        """

    static func run(_ list: [String]) throws(UsageError) -> Int32 {
        let arguments = try Arguments(list, command: "sealwired run", values: ["--config"])
        if arguments.wantsHelp {
            Terminal.line(help)
            return ExitCode.done
        }
        guard let path = arguments.values["--config"], arguments.words.isEmpty else {
            throw UsageError("run needs --config FILE", hint: "sealwired run --help")
        }
        let environment = Terminal.environment
        let loaded: LoadedConfiguration
        do throws(ConfigurationErrors) {
            loaded = try load(path, environment)
        } catch {
            Terminal.faults(error)
            return ExitCode.configuration
        }
        let service = Service(loaded.configuration.log, environment: environment)
        defer { service.finish() }
        let (daemon, code) = service.start(
            loaded,
            ConfigurationSource(file: path, environment: environment)
        )
        guard let daemon else { return code }
        Terminal.line("ready " + daemon.allPorts.map(\.description).joined(separator: " "))
        return service.serve(daemon) {
            do throws(ConfigurationErrors) {
                daemon.reload(try load(path, environment).configuration)
            } catch {
                daemon.refuseReload(error.errors.map { ("\($0.place): \($0.message)", $0.hint) })
            }
        }
    }

    /// Reads a configuration; a file that cannot be read is a fault of the configuration.
    static func load(
        _ path: String,
        _ environment: [String: String]
    ) throws(ConfigurationErrors) -> LoadedConfiguration {
        let bytes: [UInt8]
        do throws(PKIError) {
            bytes = try Files.read(path)
        } catch {
            throw ConfigurationErrors([
                ConfigurationError(.fileUnreadable, file: path, message: error.reason)
            ])
        }
        return try Configuration.load(bytes, file: path, environment: environment)
    }
}
