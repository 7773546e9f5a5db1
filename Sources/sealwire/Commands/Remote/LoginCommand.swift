// SPDX-License-Identifier: Apache-2.0
// `sealwire login`: a token for a server, kept as a context. And `sealwire token`, which shows one.

import Glibc
import SealBytes
import SealClient
import SealHTTP

enum LoginCommand {
    static let command = Verb<RemoteOptions>(
        name: "login",
        summary: "logs in to a server and remembers it",
        usage: "[OPTIONS] --user TENANT/USER URL",
        text: """
            Logs in to the REST API at URL with a user name and a password, and keeps the token it
            gets in ~/.config/sealwire/contexts.json, which nobody else can read. Other commands
            use it until it ends; then log in again. The password is asked for on the terminal, or
            read from a file or a variable; it is never kept and never part of the command line.
            """,
        defaults: RemoteOptions(),
        flags: FlagTable(
            [
                .own("--user", is: "TENANT/USER", "the account"),
                .own("--name", is: "CONTEXT", "the name to remember it by (the host)"),
                .own("--cafile", is: "FILE", "the authority of the server (the system's)"),
                .own("--cert", is: "FILE", "a certificate to show in TLS"),
                .own("--key", is: "FILE", "the key of that certificate"),
                .number(
                    "--valid",
                    is: "SECONDS",
                    in: 60...2_592_000,
                    "how long the token is to count"
                ),
            ] + Secret.flags("password", "the password", \RemoteOptions.password)
                + [
                    .value("--timeout", is: "SECONDS", "how long an answer may take (30)") {
                        (options, value, name) throws(UsageError) in
                        options.timeLimitSeconds = try Numbers.whole(value, of: name, in: 1...3600)
                    },
                    .jsonFlag,
                ]
        ),
        words: .one("URL"),
        examples: [
            "sealwire login https://broker.example:8443 --user t1/ada --cafile ca.crt",
            "sealwire login https://127.0.0.1:8443 --user management/admin --name local "
                + "--password-file admin.pass",
        ],
        exitCodes: RemoteExit.rows,
        run: { options, words in try Remote.mapping { try run(options, words[0]) } }
    ).command

    static let tokenCommand = Verb<RemoteOptions>.remote(
        "token",
        "shows a new token for programs",
        usage: "[OPTIONS]",
        text: """
            Gets another token for the account of the context and prints it alone, for programs
            that call the API or connect with it. The password is needed again: a token makes no
            tokens.
            """,
        flags: [
            .number("--valid", is: "SECONDS", in: 60...2_592_000, "how long it is to count")
        ] + Secret.flags("password", "the password", \RemoteOptions.password),
        hasTenant: false,
        examples: [
            "sealwire token --valid 3600 --password-file ada.pass",
            "curl -H \"Authorization: Bearer $(sealwire token)\" "
                + "https://broker.example:8443/tenant/currentTenant",
        ]
    ) { remote, _ in
        let made = try token(remote.options, remote.context)
        if remote.options.isJSON {
            Output.answer(made)
        } else {
            Terminal.write((made["token"]?.text ?? "") + "\n")
        }
        return RemoteExit.done
    }.command

    @MainActor
    private static func run(_ options: RemoteOptions, _ url: String) throws -> Int32 {
        guard let user = options.values["--user"], !user.isEmpty else {
            throw UsageError(message: "--user is missing", hint: "--user TENANT/USER")
        }
        let target: RESTTarget
        do { target = try RESTTarget(url) } catch { throw UsageError(message: error.reason) }
        guard (options.values["--cert"] == nil) == (options.values["--key"] == nil) else {
            throw UsageError(message: "--cert and --key belong together")
        }
        var context = SavedContext(
            name: options.values["--name"] ?? target.host,
            url: target.description,
            tenant: "",
            user: user,
            token: "",
            expiresAt: ""
        )
        context.authorityFile = try options.values["--cafile"].map(absolute)
        context.certificateFile = try options.values["--cert"].map(absolute)
        context.keyFile = try options.values["--key"].map(absolute)
        // A file of contexts that cannot be used is found before a password is typed.
        var store = try ContextStore()
        let made = try token(options, context)
        guard let token = made["token"]?.text else {
            throw CommandFailure(RemoteExit.protocolFault, "the server gave no token")
        }
        context.token = token
        context.expiresAt = made["expiresAt"]?.text ?? ""
        let client = try Remote.client(
            context,
            .bearer(token),
            timeLimitSeconds: options.timeLimitSeconds
        )
        let own = try Remote.content(
            try Remote.call(client, RESTRequest(.get, "/tenant/currentTenant"))
        )
        context.tenant = own["name"]?.text ?? ""
        try store.keep(context)
        if options.isJSON {
            Output.object(context.shown)
        } else {
            Output.say(
                "logged in to \(context.url) as \(context.user), tenant \(context.tenant); "
                    + "context '\(context.name)' is now used, until \(context.expiresAt)",
                options
            )
        }
        return RemoteExit.done
    }

    /// A token from the server, for the account's own password.
    @MainActor
    private static func token(
        _ options: RemoteOptions,
        _ context: SavedContext
    ) throws -> JSONValue {
        var secret = Secret(context.user, noun: "password")
        secret.file = options.password.file
        secret.variable = options.password.variable
        let bytes = try secret.read()
        let client = try Remote.client(
            context,
            .basic(user: context.user, password: String(decoding: bytes, as: UTF8.self)),
            timeLimitSeconds: options.timeLimitSeconds
        )
        var wanted: JSONObject = [:]
        if let seconds = options.values["--valid"].flatMap(Int64.init) {
            wanted["validSeconds"] = .integer(seconds)
        }
        let request = RESTRequest(.post, "/api/v1/tokens", json: .object(wanted))
        return try Remote.content(try Remote.call(client, request))
    }

    /// The path as it is valid from everywhere.
    private static func absolute(_ path: String) throws(CommandFailure) -> String {
        var room = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        // SAFETY: at most PATH_MAX bytes are written.
        guard unsafe realpath(path, &room) != nil else {
            throw CommandFailure(RemoteExit.noFile, "\(path) cannot be found")
        }
        return String(
            decoding: room.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }
}
