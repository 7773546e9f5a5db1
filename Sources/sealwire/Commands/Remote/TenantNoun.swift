// SPDX-License-Identifier: Apache-2.0
// `sealwire tenant`: tenants, for operators of the management tenant.

import SealBytes
import SealClient

enum TenantNoun {
    static let command = Command.noun(
        "tenant",
        "tenants: each has its own devices, topics and operators",
        [list, add, show, enable, disable, remove]
    )

    private static let name = WordRule.one("TENANT")

    private static let list = Verb<RemoteOptions>.remote(
        "tenant list",
        "lists all tenants",
        usage: "[OPTIONS]",
        text: "Lists all tenants.",
        hasTenant: false,
        examples: ["sealwire tenant list", "sealwire tenant list --json"]
    ) { remote, _ in
        var listing = Listing(
            remote.options,
            [
                ("ID", "id"), ("LABEL", "label"), ("DOMAIN", "domain"), ("ENABLED", "enabled"),
                ("CREATED", "createdAt"),
            ]
        )
        try remote.all("/api/v1/tenants", "tenants") { listing.add($0) }
        listing.finish("there are no tenants")
        return RemoteExit.done
    }.command

    private static let add = Verb<RemoteOptions>.remote(
        "tenant add",
        "makes a tenant",
        usage: "[OPTIONS] TENANT",
        text: """
            Makes a tenant. Its id is written in user names (TENANT/USER) and cannot be changed.
            A request whose Host is the domain is for this tenant without saying so.
            """,
        effect: .changes,
        flags: [
            .own("--label", is: "TEXT", "what people call it"),
            .own("--domain", is: "HOST", "the host name that selects it"),
            .own("--disabled", "nobody can log in yet"),
        ],
        words: name,
        hasTenant: false,
        examples: ["sealwire tenant add t2 --label 'Second plant' --domain t2.broker.example"]
    ) { remote, words in
        var body: JSONObject = ["id": .string(words[0])]
        if let label = remote.options.values["--label"] { body["label"] = .string(label) }
        if let domain = remote.options.values["--domain"] { body["domain"] = .string(domain) }
        if remote.options.switches.contains("--disabled") { body["enabled"] = false }
        let request = RESTRequest(.post, "/api/v1/tenants", json: .object(body))
        guard let made = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON { Output.answer(made.json) }
        Output.say("tenant \(words[0]) is made", remote.options)
        return RemoteExit.done
    }.command

    private static let show = Verb<RemoteOptions>.remote(
        "tenant show",
        "shows a tenant",
        usage: "[OPTIONS] TENANT",
        text: "Shows what is known about a tenant.",
        words: name,
        hasTenant: false,
        examples: ["sealwire tenant show t2"]
    ) { remote, words in
        let tenant = try remote.get(RESTRequest.path("api", "v1", "tenants", words[0]))
        if remote.options.isJSON { Output.answer(tenant) } else { Output.lines(tenant) }
        return RemoteExit.done
    }.command

    private static let enable = standing(
        "enable",
        "lets its users and devices in again",
        true,
        text: "Lets the users and devices of a tenant log in again."
    )

    private static let disable = standing(
        "disable",
        "locks its users and devices out",
        false,
        text: "Locks the users and devices of a tenant out and ends all of their connections. "
            + "Nothing is lost; tenant enable lets them in again."
    )

    private static func standing(
        _ verb: String,
        _ summary: String,
        _ isEnabled: Bool,
        text: String
    ) -> Command {
        Verb<RemoteOptions>.remote(
            "tenant \(verb)",
            summary,
            usage: "[OPTIONS] TENANT",
            text: text,
            effect: isEnabled ? .changes : .destroys,
            words: name,
            hasTenant: false,
            examples: ["sealwire tenant \(verb) t2"]
        ) { remote, words in
            if !isEnabled {
                try remote.confirm("ends all connections of tenant \(words[0])")
            }
            let request = RESTRequest(
                .put,
                RESTRequest.path("api", "v1", "tenants", words[0]),
                json: ["enabled": .bool(isEnabled)]
            )
            guard let done = try remote.change(request) else { return RemoteExit.done }
            if remote.options.isJSON { Output.answer(done.json) }
            Output.say("tenant \(words[0]) is \(verb)d\(done.endedText)", remote.options)
            return RemoteExit.done
        }.command
    }

    private static let remove = Verb<RemoteOptions>.remote(
        "tenant remove",
        "removes a tenant with everything in it",
        usage: "[OPTIONS] TENANT",
        text: "Removes a tenant with its operators, devices, trusted certificates and rules, and "
            + "ends all of its connections. Nothing of it can be brought back.",
        effect: .destroys,
        words: name,
        hasTenant: false,
        examples: ["sealwire tenant remove t2", "sealwire tenant remove t2 --yes"]
    ) { remote, words in
        try remote.confirm("removes tenant \(words[0]) with everything in it, for good")
        let request = RESTRequest(.delete, RESTRequest.path("api", "v1", "tenants", words[0]))
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON {
            Output.object(["removed": .string(words[0]), "endedConnections": done.endedJSON])
        }
        Output.say("tenant \(words[0]) is removed\(done.endedText)", remote.options)
        return RemoteExit.done
    }.command
}

extension Remote.Outcome {
    /// The connections that ended, for programs.
    var endedJSON: JSONValue { ended.map { .integer(Int64($0)) } ?? .null }
}
