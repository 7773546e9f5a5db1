// SPDX-License-Identifier: Apache-2.0
// A verb below a noun, as in `sealwire ca issue`: flags, words, help, and how its errors end.

import SealPKI

/// The exit codes of the toolkit's verbs; a verb may have more of its own.
enum ToolExit {
    static let done: Int32 = 0
    static let failed: Int32 = 1
    static let usage: Int32 = 64

    /// Their rows in the help.
    static let rows: [(code: String, meaning: String)] = [
        ("0", "done"),
        ("1", "refused or failed; the reason is on standard error"),
        ("64", "a command line that cannot be obeyed"),
    ]
}

/// How many words that are no flags a verb takes.
struct WordRule: Sendable {
    /// What stands for them in messages, as `NAME`.
    let name: String
    /// The fewest and the most.
    let count: ClosedRange<Int>

    static let none = WordRule(name: "", count: 0...0)

    static func one(_ name: String) -> WordRule { WordRule(name: name, count: 1...1) }
}

/// A verb of the toolkit.
struct Verb<Options: Sendable>: Sendable {
    /// Its whole name: `ca issue`.
    let name: String
    /// What it does, in a line.
    let summary: String
    /// What follows the name in the usage line.
    let usage: String
    /// What it does, in sentences.
    let text: String
    /// The options before any flag is read: the defaults.
    let defaults: Options
    let flags: FlagTable<Options>
    let words: WordRule
    var sections: [(title: String, body: String)] = []
    let examples: [String]
    var exitCodes = ToolExit.rows
    /// Does it; gives back the exit code.
    let run: @MainActor @Sendable (Options, [String]) async throws -> Int32

    /// The verb as a command of the program.
    var command: Command {
        Command(
            name: String(name.split(separator: " ").last ?? ""),
            summary: summary,
            run: { await obey($0) },
            help: { help }
        )
    }

    /// The whole help.
    var help: String {
        var all = sections
        if !flags.flags.isEmpty { all.append(("OPTIONS", flags.help)) }
        return CommandHelp(
            usage: ["sealwire \(name)" + (usage.isEmpty ? "" : " " + usage)],
            text: text,
            sections: all,
            examples: examples,
            exitCodes: exitCodes
        ).rendered
    }

    @MainActor
    private func obey(_ given: [String]) async -> Int32 {
        if given.contains("--help") {
            Terminal.write(help)
            return ToolExit.done
        }
        var options = defaults
        let found: [String]
        do throws(UsageError) {
            found = try flags.parse(given, into: &options, wordsMax: words.count.upperBound)
            guard found.count >= words.count.lowerBound else {
                throw UsageError(message: "\(words.name) is missing")
            }
        } catch { return report(error) }
        do {
            return try await run(options, found)
        } catch let error as UsageError {
            return report(error)
        } catch let failure as CommandFailure {
            Terminal.error(failure.message, hint: failure.hint, code: failure.code)
            return failure.exitCode
        } catch let error as PKIError {
            Terminal.error("\(error.reason) (\(error.code.rawValue))", hint: error.hint)
            return ToolExit.failed
        } catch {
            Terminal.error("\(error)")
            return ToolExit.failed
        }
    }

    private func report(_ error: UsageError) -> Int32 {
        Terminal.error(error.message, hint: error.hint ?? "sealwire \(name) --help tells more")
        return ToolExit.usage
    }
}

extension Command {
    /// A noun with its verbs.
    static func noun(_ name: String, _ summary: String, _ verbs: [Command]) -> Command {
        let help: @Sendable () -> String = {
            var text = "Usage: sealwire \(name) VERB [OPTIONS]\n\n\(summary)\n\nVERBS\n"
            for verb in verbs {
                let gap = String(repeating: " ", count: max(1, 14 - verb.name.count))
                text += "  \(verb.name)\(gap)\(verb.summary)\n"
            }
            return text + "\nsealwire \(name) VERB --help tells more.\n"
        }
        return Command(
            name: name,
            summary: summary,
            run: { words in
                guard let first = words.first else {
                    Terminal.note(help())
                    return ToolExit.usage
                }
                if first == "--help" || first == "-h" || first == "help" {
                    let wanted = words.dropFirst().first
                    Terminal.write(verbs.first { $0.name == wanted }?.help() ?? help())
                    return ToolExit.done
                }
                if let verb = verbs.first(where: { $0.name == first }) {
                    return await verb.run(Array(words.dropFirst()))
                }
                let near = Suggestion.nearest(to: first, among: verbs.map(\.name))
                Terminal.error(
                    "unknown verb '\(first)'",
                    hint: near.map { "did you mean 'sealwire \(name) \($0)'?" }
                        ?? "sealwire \(name) --help lists them all"
                )
                return ToolExit.usage
            },
            help: help,
            verbs: verbs
        )
    }
}
