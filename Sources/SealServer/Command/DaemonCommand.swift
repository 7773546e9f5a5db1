// SPDX-License-Identifier: Apache-2.0
// The daemon's command line: which word does what. Each word has a file of its own.

internal import Glibc
internal import SealPKI

/// What `sealwired` does.
public enum DaemonCommand {
    static let words = ["run", "dev", "init", "config", "import", "version", "help"]

    /// Does what the arguments say; gives the exit code.
    public static func run(_ arguments: [String]) -> Int32 {
        let rest = Array(arguments.dropFirst())
        do throws(UsageError) {
            switch arguments.first {
            case "run": return try RunCommand.run(rest)
            case "dev": return try DevCommand.run(rest)
            case "init": return try InitCommand.run(rest)
            case "config": return try ConfigCommand.run(rest)
            case "import": return try ImportCommand.run(rest)
            case "--version", "-V", "version":
                Terminal.line("sealwired \(Version.text)")
                return ExitCode.done
            case "--help", "-h", "help":
                Terminal.line(help)
                return ExitCode.done
            case nil: throw UsageError("what to do is missing", hint: "sealwired --help")
            case let word?:
                let meant = Suggestion.nearest(to: word, among: words)
                throw UsageError(
                    "there is no command \(word)",
                    hint: meant.map { "did you mean sealwired \($0)?" } ?? "sealwired --help"
                )
            }
        } catch {
            Terminal.fault(error.text, hint: error.hint)
            return ExitCode.usage
        }
    }

    static let help = """
        sealwired: the Sealwire broker

        USAGE
          sealwired run --config FILE
          sealwired dev [--dir FOLDER] [--port N] [--api-port N] [--plain]
          sealwired init [--dir FOLDER] [--tenant ID] [--host NAME] [--enrol WHO]
          sealwired config default
          sealwired config check [FILE]
          sealwired config diff OLD NEW
          sealwired import mosquitto.conf IN -o OUT
          sealwired --version | --help

        Every command explains itself with --help.

        EXAMPLES
          sealwired dev
          sealwired config default > sealwire.conf
          sealwired run --config /etc/sealwire/sealwire.conf

        EXIT CODES
          0 done   1 no   64 usage   65 bad input   66 no such file
          69 a port or service is not available   70 a fault of ours   78 configuration
        """

    /// The bytes of a file that the command line names.
    static func read(_ path: String) throws(UsageError) -> [UInt8]? {
        do throws(PKIError) {
            return try Files.read(path)
        } catch {
            Terminal.fault(error.reason, hint: "check the path and its permissions")
            return nil
        }
    }
}

/// Exit codes, the same in every command of the house.
enum ExitCode {
    static let done: Int32 = 0
    static let no: Int32 = 1
    static let usage: Int32 = 64
    static let badInput: Int32 = 65
    static let noFile: Int32 = 66
    static let unavailable: Int32 = 69
    static let software: Int32 = 70
    static let configuration: Int32 = 78
}
