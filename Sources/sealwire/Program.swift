// SPDX-License-Identifier: Apache-2.0
// Which word does what. The commands are in Commands.

import Glibc

@main
struct Program {
    @MainActor
    static func main() async {
        exit(await run(Array(CommandLine.arguments.dropFirst())))
    }

    @MainActor
    private static func run(_ words: [String]) async -> Int32 {
        guard let first = words.first else {
            Terminal.note(help)
            return 64
        }
        let rest = Array(words.dropFirst())
        switch first {
        case "--version", "version":
            Terminal.write("sealwire \(programVersion)\n")
            return 0
        case "--help", "-h": return explain(nil)
        case "help": return explain(rest.first, rest.dropFirst().first)
        default:
            guard let command = Command.all.first(where: { $0.name == first }) else {
                return unknown(first)
            }
            return await command.run(rest)
        }
    }

    private static func explain(_ name: String?, _ verb: String? = nil) -> Int32 {
        guard let name else {
            Terminal.write(help)
            return 0
        }
        guard let command = Command.all.first(where: { $0.name == name }) else {
            return unknown(name)
        }
        let below = command.verbs.first { $0.name == verb }
        Terminal.write((below ?? command).help())
        return 0
    }

    private static func unknown(_ word: String) -> Int32 {
        let near = Suggestion.nearest(to: word, among: Command.all.map(\.name) + ["help"])
        Terminal.error(
            "unknown command '\(word)'",
            hint: near.map { "did you mean 'sealwire \($0)'?" } ?? "sealwire help lists them all"
        )
        return 64
    }

    private static var help: String {
        var text = "Usage: sealwire COMMAND [OPTIONS]\n\nCOMMANDS\n"
        for command in Command.all {
            let gap = String(repeating: " ", count: max(1, 10 - command.name.count))
            text += "  \(command.name)\(gap)\(command.summary)\n"
        }
        text += "\nsealwire help COMMAND tells more; sealwire --version tells the version.\n"
        text += "\nEXAMPLES\n"
        text += "  sealwire sub -h broker.example --cafile ca.crt -t 'sensors/#' -v\n"
        text += "  sealwire pub -h broker.example --cafile ca.crt -t sensors/1 -m 21.5\n"
        text += "\nEXIT CODES\n"
        text += "  0         done\n  64        no such command\n"
        text += "  others    sealwire help COMMAND\n"
        return text
    }
}
