// SPDX-License-Identifier: Apache-2.0
// `sealwire device`: the devices of a tenant. Bulk import and credentials are next door.

import SealBytes
import SealClient

enum DeviceNoun {
    static let command = Command.noun(
        "device",
        "the devices of a tenant",
        [
            add, list, show, DeviceImport.command, enable, disable, remove,
            DeviceCredentials.command, DeviceProof.command,
        ]
    )

    private static let which = WordRule.one("DEVICE")

    static func path(_ identifier: String) -> String {
        RESTRequest.path("api", "v1", "devices", identifier)
    }

    private static let add = Verb<RemoteOptions>.remote(
        "device add",
        "makes a device",
        usage: "[OPTIONS] DEVICE",
        text: """
            Makes a device. It logs in with a certificate of a trusted authority whose common name
            is DEVICE; with a password it also logs in as TENANT/device_DEVICE. For many devices at
            once there is device import.
            """,
        effect: .changes,
        flags: [
            .own("--name", is: "TEXT", "what people call it"),
            .own("--type", is: "TEXT", "what kind of device it is"),
            .own("--label", is: "TEXT", "a label"),
            .own("--no-certificates", "certificates of trusted authorities do not let it in"),
            .own("--disabled", "it cannot log in yet"),
        ] + Secret.flags("password", "its password", \RemoteOptions.password),
        words: which,
        examples: [
            "sealwire device add sensor-1 --name 'Hall 3' --type thermometer",
            "sealwire device add gate-7 --no-certificates --password-file gate-7.pass",
        ]
    ) { remote, words in
        let options = remote.options
        var body: JSONObject = ["identifier": .string(words[0])]
        for part in ["name", "type", "label"] {
            if let text = options.values["--\(part)"] { body[part] = .string(text) }
        }
        if options.switches.contains("--no-certificates") { body["takesCertificates"] = false }
        if options.switches.contains("--disabled") { body["enabled"] = false }
        if let password = try options.password.given() {
            body["password"] = .string(String(decoding: password, as: UTF8.self))
        }
        let request = RESTRequest(
            .post,
            "/api/v1/devices",
            query: remote.tenantQuery,
            json: .object(body)
        )
        guard let made = try remote.change(request) else { return RemoteExit.done }
        if options.isJSON { Output.answer(made.json) }
        Output.say("device \(words[0]) is made", options)
        return RemoteExit.done
    }.command

    private static let list = Verb<RemoteOptions>.remote(
        "device list",
        "lists devices",
        usage: "[OPTIONS]",
        text: "Lists the devices of the tenant, or those that are looked for.",
        flags: [
            .own("--text", is: "TEXT", "only with this in identifier or name"),
            .own("--type", is: "TEXT", "only of this type"),
            .number("--limit", is: "COUNT", in: 1...10_000_000, "at most so many (all)"),
        ],
        examples: ["sealwire device list --type thermometer", "sealwire device list --json"]
    ) { remote, _ in
        let options = remote.options
        var query: [(name: String, value: String)] = []
        for part in ["text", "type"] {
            if let text = options.values["--\(part)"] { query.append((name: part, value: text)) }
        }
        var listing = Listing(
            options,
            [
                ("DEVICE", "identifier"), ("NAME", "name"), ("TYPE", "type"),
                ("ENABLED", "enabled"), ("CERTIFICATES", "takesCertificates"),
                ("ORIGIN", "origin"), ("CREATED", "createdAt"),
            ]
        )
        let most = options.values["--limit"].flatMap(Int.init) ?? .max
        try remote.all("/api/v1/devices", "devices", query: query, most: most) { listing.add($0) }
        listing.finish("there are no such devices")
        return RemoteExit.done
    }.command

    private static let show = Verb<RemoteOptions>.remote(
        "device show",
        "shows a device",
        usage: "[OPTIONS] DEVICE",
        text: "Shows what is known about a device: how it logs in, but no secrets.",
        words: which,
        examples: ["sealwire device show sensor-1", "sealwire device show sensor-1 --json"]
    ) { remote, words in
        let device = try remote.own(path(words[0]))
        if remote.options.isJSON { Output.answer(device) } else { Output.lines(device) }
        return RemoteExit.done
    }.command

    private static let enable = standing(
        "enable",
        "lets it log in again",
        true,
        text: "Lets a device log in again."
    )

    private static let disable = standing(
        "disable",
        "locks it out",
        false,
        text: "Locks a device out, whatever it logs in with, and ends its connections at once."
    )

    private static func standing(
        _ verb: String,
        _ summary: String,
        _ isEnabled: Bool,
        text: String
    ) -> Command {
        Verb<RemoteOptions>.remote(
            "device \(verb)",
            summary,
            usage: "[OPTIONS] DEVICE",
            text: text,
            effect: isEnabled ? .changes : .destroys,
            words: which,
            examples: ["sealwire device \(verb) sensor-1"]
        ) { remote, words in
            if !isEnabled { try remote.confirm("ends the connections of device \(words[0])") }
            let request = RESTRequest(
                .put,
                path(words[0]),
                query: remote.tenantQuery,
                json: ["enabled": .bool(isEnabled)]
            )
            guard let done = try remote.change(request) else { return RemoteExit.done }
            if remote.options.isJSON { Output.answer(done.json) }
            Output.say("device \(words[0]) is \(verb)d\(done.endedText)", remote.options)
            return RemoteExit.done
        }.command
    }

    private static let remove = Verb<RemoteOptions>.remote(
        "device remove",
        "removes a device",
        usage: "[OPTIONS] DEVICE",
        text: "Removes a device with its credentials and ends its connections at once. Where its "
            + "authority makes devices when they first connect, it can come back.",
        effect: .destroys,
        words: which,
        examples: ["sealwire device remove sensor-1 --yes"]
    ) { remote, words in
        try remote.confirm("removes device \(words[0]) and ends its connections")
        let request = RESTRequest(.delete, path(words[0]), query: remote.tenantQuery)
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON {
            Output.object(["removed": .string(words[0]), "endedConnections": done.endedJSON])
        }
        Output.say("device \(words[0]) is removed\(done.endedText)", remote.options)
        return RemoteExit.done
    }.command
}
