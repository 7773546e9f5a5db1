// SPDX-License-Identifier: Apache-2.0
// `sealwire session`, `explain` and `audit`: who is connected, what was decided, what was changed.

import SealBytes
import SealClient

enum SessionNoun {
    static let command = Command.noun(
        "session",
        "who is connected",
        [list, kick]
    )

    private static let list = Verb<RemoteOptions>.remote(
        "session list",
        "lists sessions",
        usage: "[OPTIONS]",
        text: "Lists the sessions of the tenant, connected or kept, ordered by client id.",
        flags: [.number("--limit", is: "COUNT", in: 1...10_000_000, "at most so many (all)")],
        examples: ["sealwire session list", "sealwire session list --json --limit 100"]
    ) { remote, _ in
        var listing = Listing(
            remote.options,
            [
                ("CLIENT", "clientId"), ("DEVICE", "device"), ("USER", "user"),
                ("CONNECTED", "connected"), ("PROTOCOL", "protocol"), ("LISTENER", "listener"),
                ("PEER", "peer"), ("SINCE", "since"), ("QUEUED", "queuedMessages"),
            ]
        )
        let most = remote.options.values["--limit"].flatMap(Int.init) ?? .max
        try remote.all("/api/v1/sessions", "sessions", most: most) { listing.add($0) }
        listing.finish("there are no sessions")
        return RemoteExit.done
    }.command

    private static let kick = Verb<RemoteOptions>.remote(
        "session kick",
        "ends the connection of a client",
        usage: "[OPTIONS] CLIENT",
        text: "Ends the connection of the client with this id. It may connect again; device "
            + "disable keeps a device out. With --forget what waits for it is lost.",
        effect: .destroys,
        flags: [.own("--forget", "its stored session is forgotten, too")],
        words: .one("CLIENT"),
        examples: ["sealwire session kick sensor-1 --yes"]
    ) { remote, words in
        let forgets = remote.options.switches.contains("--forget")
        try remote.confirm(
            "ends the connection of client \(words[0])"
                + (forgets ? " and forgets its session" : "")
        )
        let request = RESTRequest(
            .delete,
            RESTRequest.path("api", "v1", "sessions", words[0]),
            query: remote.tenantQuery + (forgets ? [(name: "forget", value: "true")] : [])
        )
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON { Output.answer(done.json) }
        guard done.json["endedConnections"]?.int64 != 0 else {
            Terminal.note(TextTable.printable("client \(words[0]) is not connected"))
            return RemoteExit.unknown
        }
        Output.say("the connection of client \(words[0]) was ended", remote.options)
        return RemoteExit.done
    }.command
}

enum ExplainCommand {
    static let command = Verb<RemoteOptions>.remote(
        "explain",
        "says why a device was let in or not",
        usage: "[OPTIONS] DEVICE",
        text: """
            Shows the last decisions about a device, a client id or a user, the youngest first: when
            it tried to log in, publish or subscribe, whether it was allowed, and for which reason.
            Exit code 1: nothing was decided yet.
            """,
        flags: [.number("--limit", is: "COUNT", in: 1...1000, "at most so many (20)")],
        words: .one("DEVICE"),
        examples: ["sealwire explain sensor-1", "sealwire explain sensor-1 --json --limit 1"]
    ) { remote, words in
        let answer = try remote.own(
            "/api/v1/decisions",
            query: [
                (name: "about", value: words[0]),
                (name: "limit", value: remote.options.values["--limit"] ?? "20"),
            ]
        )
        let decisions = answer["decisions"]?.elements ?? []
        for decision in decisions {
            if remote.options.isJSON {
                Output.answer(decision)
            } else {
                show(decision, remote.options)
            }
        }
        guard decisions.isEmpty else { return RemoteExit.done }
        Terminal.note("nothing was decided about '\(TextTable.printable(words[0]))' lately")
        return RemoteExit.no
    }.command

    private static func show(_ decision: JSONValue, _ options: RemoteOptions) {
        let subject = decision["subject"]?.text ?? ""
        let times = decision["count"]?.int64 ?? 1
        Output.say(
            "\(Output.cell(decision["time"]))  "
                + (decision["allowed"]?.flag == true ? "allowed  " : "REFUSED  ")
                + Output.cell(decision["act"]) + (subject.isEmpty ? "" : " \(subject)")
                + "  \(Output.cell(decision["protocol"])) on \(Output.cell(decision["listener"]))"
                + " from \(Output.cell(decision["peer"]))" + (times > 1 ? ", \(times) times" : ""),
            options
        )
        for reason in decision["reasons"]?.elements ?? [] {
            Output.say("    " + Reasons.sentence(reason), options)
        }
    }
}

enum AuditCommand {
    static let command = Verb<RemoteOptions>.remote(
        "audit",
        "lists the changes that were made",
        usage: "[OPTIONS]",
        text: "Lists the changes in the tenant, the youngest first: when, who, from where, what.",
        flags: [.number("--limit", is: "COUNT", in: 1...10_000_000, "at most so many (100)")],
        examples: ["sealwire audit", "sealwire audit --json --limit 1000"]
    ) { remote, _ in
        var listing = Listing(
            remote.options,
            [
                ("TIME", "time"), ("WHO", "author"), ("FROM", "source"), ("WHAT", "act"),
                ("SUBJECT", "subject"), ("DETAIL", "detail"),
            ]
        )
        let most = remote.options.values["--limit"].flatMap(Int.init) ?? 100
        try remote.all("/api/v1/audit", "records", most: most) { listing.add($0) }
        listing.finish("nothing was changed yet")
        return RemoteExit.done
    }.command
}
