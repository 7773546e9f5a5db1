// SPDX-License-Identifier: Apache-2.0
// `sealwire trust`: the certificates whose devices a tenant lets in.

import SealBytes
import SealClient
import SealPKI

enum TrustNoun {
    static let command = Command.noun(
        "trust",
        "the authorities whose devices are let in",
        [add, list, enable, disable, remove, prove]
    )

    private static let which = WordRule.one("FINGERPRINT")
    private static let whichText =
        "FINGERPRINT is that of trust list, or as many of its first digits as are needed."

    private static let add = Verb<RemoteOptions>.remote(
        "trust add",
        "trusts the certificates in a file",
        usage: "[OPTIONS] FILE",
        text: """
            Trusts the certificate in FILE, or all of them if it holds several: devices whose
            certificates chain to one of them can log in. With --auto-registration devices that are
            not known yet are made when they first connect; without, they must be added or imported
            before. Prove that you hold the key with trust prove.
            """,
        effect: .changes,
        flags: [
            .own("--name", is: "TEXT", "a label"),
            .own("--auto-registration", "makes devices when they first connect"),
            .own("--disabled", "is kept, but lets nobody in yet"),
        ],
        words: .one("FILE"),
        examples: [
            "sealwire trust add ca.crt --name 'Plant 1' --auto-registration",
            "sealwire trust add bundle.pem --tenant t2",
        ]
    ) { remote, words in
        let certificates = try CertificateBundle(pem: try Files.read(words[0])).certificates
        let uploads = certificates.map { upload($0, remote.options) }
        guard let first = uploads.first else {
            throw CommandFailure(RemoteExit.badContent, "\(words[0]) holds no certificate")
        }
        let path = root(remote)
        let request =
            uploads.count == 1
            ? RESTRequest(.post, path, json: first)
            : RESTRequest(.post, path + "/bulk", json: ["certificates": .array(uploads)])
        guard let made = try remote.change(request) else { return RemoteExit.done }
        for one in made.json["certificates"]?.elements ?? [made.json] {
            if remote.options.isJSON { Output.answer(one) }
            Output.say(
                "\(Output.cell(one["fingerprint"])) is trusted: \(Output.cell(one["subject"]))",
                remote.options
            )
            if one["pending"]?.flag == true {
                Output.say(
                    "pending: \(Output.cell(one["pendingReason"]?["message"])); "
                        + Output.cell(one["pendingReason"]?["hint"]),
                    remote.options
                )
            }
        }
        return RemoteExit.done
    }.command

    private static func upload(
        _ certificate: Certificate,
        _ options: RemoteOptions
    ) -> JSONValue {
        var members: JSONObject = [
            "certInPemFormat": .string(String(decoding: certificate.pem, as: UTF8.self)),
            "status": options.switches.contains("--disabled") ? "DISABLED" : "ENABLED",
            "autoRegistrationEnabled": .bool(options.switches.contains("--auto-registration")),
        ]
        if let name = options.values["--name"] { members["name"] = .string(name) }
        return .object(members)
    }

    private static let list = Verb<RemoteOptions>.remote(
        "trust list",
        "lists them",
        usage: "[OPTIONS]",
        text: "Lists the trusted certificates of the tenant.",
        examples: ["sealwire trust list", "sealwire trust list --json"]
    ) { remote, _ in
        var listing = Listing(
            remote.options,
            [
                ("FINGERPRINT", "fingerprint"), ("NAME", "name"), ("STATUS", "status"),
                ("REGISTERS", "autoRegistrationEnabled"), ("PROVED", "proofOfPossessionValid"),
                ("PENDING", "pending"), ("UNTIL", "notAfter"), ("SUBJECT", "subject"),
            ]
        )
        for one in try all(remote) { listing.add(one) }
        listing.finish("no certificate is trusted")
        return RemoteExit.done
    }.command

    private static let enable = standing(
        "enable",
        "lets its devices in again",
        "ENABLED",
        text: "Lets the devices of a trusted certificate log in again."
    )

    private static let disable = standing(
        "disable",
        "locks its devices out",
        "DISABLED",
        text: "Locks the devices of a trusted certificate out and ends their connections at once."
    )

    private static func standing(
        _ verb: String,
        _ summary: String,
        _ status: String,
        text: String
    ) -> Command {
        let destroys = status == "DISABLED"
        return Verb<RemoteOptions>.remote(
            "trust \(verb)",
            summary,
            usage: "[OPTIONS] FINGERPRINT",
            text: text + " " + whichText,
            effect: destroys ? .destroys : .changes,
            words: which,
            examples: ["sealwire trust \(verb) 5f0c21"]
        ) { remote, words in
            let one = try find(words[0], remote)
            if destroys {
                try remote.confirm("ends the connections that rely on \(title(one))")
            }
            let request = RESTRequest(
                .put,
                path(one, remote),
                json: ["status": .string(status)]
            )
            guard let done = try remote.change(request) else { return RemoteExit.done }
            if remote.options.isJSON { Output.answer(done.json) }
            Output.say("\(title(one)) is \(verb)d\(done.endedText)", remote.options)
            return RemoteExit.done
        }.command
    }

    private static let remove = Verb<RemoteOptions>.remote(
        "trust remove",
        "trusts one no more",
        usage: "[OPTIONS] FINGERPRINT",
        text: "Removes a trusted certificate and ends the connections that rely on it at once. "
            + "The devices stay registered. " + whichText,
        effect: .destroys,
        words: which,
        examples: ["sealwire trust remove 5f0c21 --yes"]
    ) { remote, words in
        let one = try find(words[0], remote)
        try remote.confirm("ends the trust in \(title(one)) and the connections that rely on it")
        guard let done = try remote.change(RESTRequest(.delete, path(one, remote))) else {
            return RemoteExit.done
        }
        if remote.options.isJSON {
            Output.object([
                "removed": one["fingerprint"] ?? .null, "endedConnections": done.endedJSON,
            ])
        }
        Output.say("\(title(one)) is removed\(done.endedText)", remote.options)
        return RemoteExit.done
    }.command

    private static let prove = Verb<RemoteOptions>.remote(
        "trust prove",
        "proves that you hold the key of one",
        usage: "[OPTIONS] --key FILE FINGERPRINT",
        text: """
            Gets a code from the server, signs it with the key of the certificate here, and sends
            the signature. The key stays where it is. \(whichText)
            """,
        effect: .changes,
        flags: [.own("--key", is: "FILE", "the key of the certificate")]
            + Secret.flags("key-password", "what opens the key", \RemoteOptions.keyPassword),
        words: which,
        examples: ["sealwire trust prove --key ca.key 5f0c21"]
    ) { remote, words in
        guard let file = remote.options.values["--key"] else {
            throw UsageError(message: "--key is missing", hint: "--key FILE")
        }
        var secret = Secret(file)
        secret.file = remote.options.keyPassword.file
        secret.variable = remote.options.keyPassword.variable
        let key = try CertKey.read(file, secret)
        let one = try find(words[0], remote)
        let root = RESTRequest.path(
            "tenant",
            "tenants",
            remote.tenant,
            "trusted-certificates-pop",
            one["fingerprint"]?.text ?? ""
        )
        guard let asked = try remote.change(RESTRequest(.post, root + "/verification-code")) else {
            return RemoteExit.done
        }
        guard let code = asked.json["proofOfPossessionUnsignedVerificationCode"]?.text else {
            throw CommandFailure(RemoteExit.protocolFault, "the server sent no code to sign")
        }
        let signature = Base64.encode(try key.signature(of: Array(code.utf8)))
        let request = RESTRequest(
            .post,
            root + "/pop",
            json: ["proofOfPossessionSignedVerificationCode": .string(signature)]
        )
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON { Output.answer(done.json) }
        Output.say("it is proved that you hold the key of \(title(one))", remote.options)
        return RemoteExit.done
    }.command

    // MARK: Work

    private static func root(_ remote: Remote) -> String {
        RESTRequest.path("tenant", "tenants", remote.tenant, "trusted-certificates")
    }

    private static func path(_ one: JSONValue, _ remote: Remote) -> String {
        root(remote) + RESTRequest.path(one["fingerprint"]?.text ?? "")
    }

    private static func title(_ one: JSONValue) -> String {
        let name = one["name"]?.text ?? ""
        return name.isEmpty ? Output.cell(one["subject"]) : name
    }

    /// All trusted certificates, in pages as large as the server allows.
    private static func all(_ remote: Remote) throws(CommandFailure) -> [JSONValue] {
        var all: [JSONValue] = []
        var page = 1
        while true {
            let answer = try remote.get(
                root(remote),
                query: [
                    (name: "pageSize", value: "2000"), (name: "currentPage", value: "\(page)"),
                ]
            )
            let found = answer["certificates"]?.elements ?? []
            all += found
            guard answer["next"] != nil, !found.isEmpty else { return all }
            page += 1
        }
    }

    /// The one whose fingerprint begins so.
    private static func find(
        _ text: String,
        _ remote: Remote
    ) throws(CommandFailure) -> JSONValue {
        let digits = text.lowercased().filter { $0 != ":" }
        let found = try all(remote).filter {
            !digits.isEmpty && ($0["fingerprint"]?.text ?? "").hasPrefix(digits)
        }
        if found.count == 1, let one = found.first { return one }
        throw CommandFailure(
            RemoteExit.unknown,
            found.isEmpty
                ? "no trusted certificate has a fingerprint that begins with \(text)"
                : "\(found.count) trusted certificates have fingerprints that begin with \(text)",
            hint: found.isEmpty ? "sealwire trust list shows them" : "write more of its digits"
        )
    }
}
