// SPDX-License-Identifier: Apache-2.0
// What every command that talks to a server can be told, and flags of one command alone.

/// The options of a command that talks to a server.
struct RemoteOptions: Sendable {
    var context: String?
    var tenant: String?
    var isJSON = false
    var isConfirmed = false
    var isRehearsal = false
    var timeLimitSeconds = 30
    /// A password that the command needs.
    var password = Secret("the account", noun: "password")
    /// What opens a key file.
    var keyPassword = Secret("the key")
    /// Values of flags that one command alone has, by the flag's name.
    var values: [String: String] = [:]
    /// Flags without value that one command alone has.
    var switches: Set<String> = []
}

extension Flag where Options == RemoteOptions {
    /// A flag of one command, with a value.
    static func own(_ name: String, is value: String, _ help: String) -> Flag {
        .value(name, is: value, help) { (options, value, _) throws(UsageError) in
            options.values[name] = value
        }
    }

    /// A flag of one command, with a number.
    static func number(
        _ name: String,
        is value: String,
        in range: ClosedRange<Int>,
        _ help: String
    ) -> Flag {
        .value(name, is: value, help) { (options, value, _) throws(UsageError) in
            options.values[name] = String(try Numbers.whole(value, of: name, in: range))
        }
    }

    /// A flag of one command, without a value.
    static func own(_ name: String, _ help: String) -> Flag {
        .on(name, help: help) { (options) throws(UsageError) in options.switches.insert(name) }
    }

    /// Which server is meant.
    static var contextFlags: [Flag] {
        [
            .value("--context", is: "NAME", "the server to talk to (see sealwire ctx list)") {
                (options, value, _) throws(UsageError) in options.context = value
            },
            .value("--timeout", is: "SECONDS", "how long an answer may take (30)") {
                (options, value, name) throws(UsageError) in
                options.timeLimitSeconds = try Numbers.whole(value, of: name, in: 1...3600)
            },
            jsonFlag,
        ]
    }

    static var jsonFlag: Flag {
        .on("--json", help: "one JSON object on a line for each result") {
            (options) throws(UsageError) in options.isJSON = true
        }
    }

    /// Which tenant is meant.
    static var tenantFlag: Flag {
        .value("--tenant", is: "ID", "another tenant; for operators of the management tenant") {
            (options, value, _) throws(UsageError) in options.tenant = value
        }
    }

    /// For what changes something.
    static var rehearsalFlag: Flag {
        .on("--dry-run", help: "says what would be sent, and sends nothing") {
            (options) throws(UsageError) in options.isRehearsal = true
        }
    }

    /// For what takes something away.
    static var confirmationFlag: Flag {
        .on("--yes", help: "does not ask") { (options) throws(UsageError) in
            options.isConfirmed = true
        }
    }
}

/// What a command does to the server, which says which flags it has.
enum RemoteEffect: Sendable {
    case reads
    case changes
    case destroys

    var flags: [Flag<RemoteOptions>] {
        switch self {
        case .reads: []
        case .changes: [.rehearsalFlag]
        case .destroys: [.confirmationFlag, .rehearsalFlag]
        }
    }
}

extension Verb where Options == RemoteOptions {
    /// A verb that talks to the server of a context.
    static func remote(
        _ name: String,
        _ summary: String,
        usage: String = "",
        text: String,
        effect: RemoteEffect = .reads,
        flags: [Flag<RemoteOptions>] = [],
        words: WordRule = .none,
        hasTenant: Bool = true,
        examples: [String],
        run: @escaping @MainActor @Sendable (Remote, [String]) throws -> Int32
    ) -> Verb {
        Verb(
            name: name,
            summary: summary,
            usage: usage,
            text: text,
            defaults: RemoteOptions(),
            flags: FlagTable(
                flags + (hasTenant ? [.tenantFlag] : []) + effect.flags
                    + Flag<RemoteOptions>.contextFlags
            ),
            words: words,
            examples: examples,
            exitCodes: RemoteExit.rows,
            run: { options, words in
                try Remote.mapping { try run(try Remote(options), words) }
            }
        )
    }
}
