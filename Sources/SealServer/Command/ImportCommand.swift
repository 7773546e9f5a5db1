// SPDX-License-Identifier: Apache-2.0
// `sealwired import`: other brokers' configurations as ours.

internal import SealPKI

enum ImportCommand {
    static let help = """
        sealwired import: turns another broker's configuration into a sealwire.conf

        USAGE
          sealwired import mosquitto.conf IN -o OUT

        What could not be carried over as it was goes to standard error. OUT is written all the
        same; with exit code 78 something was lost that decides who may connect, so look at it
        before it is used. "-o -" writes to standard output.

        EXAMPLES
          sealwired import mosquitto.conf /etc/mosquitto/mosquitto.conf -o sealwire.conf

        EXIT CODES
          0 done   64 usage   66 no such file   78 look at the result before it is used
        """

    static func run(_ list: [String]) throws(UsageError) -> Int32 {
        let arguments = try Arguments(
            list,
            command: "sealwired import",
            values: ["-o", "--output"]
        )
        if arguments.wantsHelp {
            Terminal.line(help)
            return ExitCode.done
        }
        let kind = arguments.words.first
        guard kind == nil || kind == "mosquitto.conf" else {
            throw UsageError(
                "\(kind ?? "") is no kind of configuration that can be imported",
                hint: "sealwired import mosquitto.conf IN -o OUT"
            )
        }
        guard arguments.words.count == 2,
            let output = arguments.values["-o"] ?? arguments.values["--output"]
        else {
            throw UsageError(
                "import needs an input and an output",
                hint: "sealwired import mosquitto.conf IN -o OUT"
            )
        }
        let input = arguments.words[1]
        guard let bytes = try DaemonCommand.read(input) else { return ExitCode.noFile }
        let result = MosquittoImport.run(
            text: String(decoding: bytes, as: UTF8.self),
            path: input,
            readFile: { path in
                (try? Files.read(path)).map { String(decoding: $0, as: UTF8.self) }
            },
            listFolder: { (try? Files.names(in: $0))?.sorted() }
        )
        for note in result.notes { Terminal.note(note.text) }
        if output == "-" {
            Terminal.write(Array(result.sealwireConf.utf8), to: 1)
        } else {
            do throws(PKIError) {
                try Files.write(Array(result.sealwireConf.utf8), to: output, mode: 0o640)
            } catch {
                Terminal.fault(error.reason, hint: "choose a place that can be written")
                return ExitCode.noFile
            }
        }
        guard result.decidesAccess else { return ExitCode.done }
        Terminal.fault(
            "something was lost that decides who may connect",
            hint: "read the notes marked [decides who may connect] and correct \(output)"
        )
        return ExitCode.configuration
    }
}
