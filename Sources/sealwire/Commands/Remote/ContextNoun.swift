// SPDX-License-Identifier: Apache-2.0
// `sealwire ctx`: the servers that were logged in to.

import SealBytes

enum ContextNoun {
    static let command = Command.noun(
        "ctx",
        "the servers that you are logged in to",
        [list, use, remove]
    )

    private static let list = verb(
        "list",
        "lists them",
        text: "Lists the contexts; the one with * is used when --context names none.",
        words: .none,
        example: "sealwire ctx list"
    ) { options, _ in
        let store = try ContextStore()
        if options.isJSON {
            for context in store.all {
                var members = context.shown
                members["isCurrent"] = .bool(context.name == store.current)
                Output.object(members)
            }
            return RemoteExit.done
        }
        var table = TextTable(head: ["", "NAME", "URL", "USER", "TENANT", "UNTIL"])
        for context in store.all {
            table.rows.append([
                context.name == store.current ? "*" : "", context.name, context.url, context.user,
                context.tenant, context.expiresAt,
            ])
        }
        if table.rows.isEmpty {
            Terminal.note("there are none; sealwire login URL makes one")
        } else {
            Terminal.write(table.rendered)
        }
        return RemoteExit.done
    }

    private static let use = verb(
        "use",
        "makes one the current one",
        text: "Commands without --context talk to this server from now on.",
        words: .one("NAME"),
        example: "sealwire ctx use factory"
    ) { options, words in
        var store = try ContextStore()
        try store.use(words[0])
        if options.isJSON { Output.object(["current": .string(words[0])]) }
        Output.say("'\(words[0])' is now used", options)
        return RemoteExit.done
    }

    private static let remove = verb(
        "remove",
        "forgets one",
        text: "Forgets a context with its token. The token itself counts until its time is over.",
        words: .one("NAME"),
        example: "sealwire ctx remove factory"
    ) { options, words in
        var store = try ContextStore()
        try store.remove(words[0])
        if options.isJSON { Output.object(["removed": .string(words[0])]) }
        Output.say("'\(words[0])' is forgotten", options)
        return RemoteExit.done
    }

    private static func verb(
        _ name: String,
        _ summary: String,
        text: String,
        words: WordRule,
        example: String,
        run: @escaping @MainActor @Sendable (RemoteOptions, [String]) throws -> Int32
    ) -> Command {
        Verb<RemoteOptions>(
            name: "ctx \(name)",
            summary: summary,
            usage: words.name.isEmpty ? "[OPTIONS]" : "[OPTIONS] \(words.name)",
            text: text,
            defaults: RemoteOptions(),
            flags: FlagTable([.jsonFlag]),
            words: words,
            examples: [example],
            exitCodes: RemoteExit.rows,
            run: { options, words in try run(options, words) }
        ).command
    }
}
