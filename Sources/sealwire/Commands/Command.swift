// SPDX-License-Identifier: Apache-2.0
// What a command is, and the list of all of them.

/// The version of the program.
let programVersion = "0.1.0"

/// A command of the program.
struct Command: Sendable {
    /// Its name on the command line.
    let name: String
    /// What it does, in a line.
    let summary: String
    /// Does it; gives back the exit code.
    let run: @MainActor @Sendable ([String]) async -> Int32
    /// Its whole help.
    let help: @Sendable () -> String
    /// What it has below it, when it is a noun.
    var verbs: [Command] = []

    /// All commands, in the order of the help.
    static let all: [Command] = [
        Pub.command, Sub.command, Rr.command, BenchCommand.command, AuthorityCommand.command,
        CertNoun.command, KeystoreNoun.command, KeygenNoun.command, LoginCommand.command,
        ContextNoun.command, TenantNoun.command, TrustNoun.command, DeviceNoun.command,
        PolicyNoun.command, LoginCommand.tokenCommand, SessionNoun.command,
        ExplainCommand.command, AuditCommand.command, EnrollCommand.command,
        EnrollCommand.renewCommand,
    ]
}

/// The help of a command, from its parts.
struct CommandHelp: Sendable {
    var usage: [String]
    var text: String
    var sections: [(title: String, body: String)] = []
    var examples: [String]
    var exitCodes: [(code: String, meaning: String)]

    var rendered: String {
        var out = ""
        for (index, line) in usage.enumerated() {
            out += (index == 0 ? "Usage: " : "       ") + line + "\n"
        }
        out += "\n" + text + "\n"
        for section in sections { out += "\n\(section.title)\n\(section.body)" }
        out += "\nEXAMPLES\n"
        for line in examples { out += "  \(line)\n" }
        out += "\nEXIT CODES\n"
        for row in exitCodes {
            let gap = String(repeating: " ", count: max(1, 10 - row.code.count))
            out += "  \(row.code)\(gap)\(row.meaning)\n"
        }
        return out
    }
}
