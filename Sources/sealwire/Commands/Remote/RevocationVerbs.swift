// SPDX-License-Identifier: Apache-2.0
// `sealwire trust revoke`, `release` and `revoked`: which certificates a tenant takes no more.

import SealBytes
import SealClient
import SealPKI

enum RevocationVerbs {
    static let commands = [revoke, release, revoked]

    private static let path = "/tenant/trusted-certificates/settings/crl"
    /// A larger file is not sent.
    private static let fileBytesMax = 2 << 20
    private static let issuer = Flag<RemoteOptions>.own(
        "--issuer",
        is: "ISSUER",
        "whose serial number it is: subject or fingerprint of a trusted certificate, or FILE.pem"
    )
    private static let certificate = Flag<RemoteOptions>.own(
        "--certificate",
        is: "FILE",
        "the certificate itself, for its serial number and issuer"
    )

    private static let revoke = Verb<RemoteOptions>.remote(
        "trust revoke",
        "takes certificates no more",
        usage: "SERIAL... | --certificate FILE | --from FILE [OPTIONS]",
        text: """
            Revokes certificates by serial number and issuer, and ends the connections that use
            them. Without --issuer the one authority that the number can be of is meant, with those
            below it; if it can be of several, they are named and nothing is done. --from sends a
            file of lines SERIAL NO.,REVOCATION DATE,ISSUER,REASON. Only an entry with the reason
            certificateHold can be taken back, with trust release.
            """,
        effect: .destroys,
        flags: [
            issuer, certificate,
            .own("--from", is: "FILE", "a CSV file with many, each with its issuer"),
            .own("--reason", is: "REASON", "as keyCompromise or certificateHold"),
            .own("--date", is: "TIME", "since when, as 2023-01-11T16:12:36Z (default: now)"),
            .own("--include-below", "certificates of authorities below --issuer are meant, too"),
            .own("--narrow", "an entry for every authority means --issuer alone from now on"),
        ],
        words: WordRule(name: "SERIAL", count: 0...1000),
        hasTenant: false,
        examples: [
            "sealwire trust revoke --certificate device-1.crt --reason keyCompromise",
            "sealwire trust revoke 1000 --issuer 'CN=Plant CA, O=Works'",
            "sealwire trust revoke --from revoked.csv --yes",
        ]
    ) { remote, words in
        let request = try order(words, remote.options, reason: remote.options.values["--reason"])
        let what = words.isEmpty ? "what the file names" : words.joined(separator: ", ")
        try remote.confirm("revokes \(what) and ends the connections that use it")
        guard let done = try remote.change(request) else { return RemoteExit.done }
        if remote.options.isJSON { Output.object(["endedConnections": done.endedJSON]) }
        Output.say("\(what) is revoked\(done.endedText)", remote.options)
        return RemoteExit.done
    }.command

    private static let release = Verb<RemoteOptions>.remote(
        "trust release",
        "takes back a revocation that was a hold",
        usage: "SERIAL... | --certificate FILE [OPTIONS]",
        text: """
            Takes back entries whose reason is certificateHold, so that the certificates count
            again. What was revoked for another reason stays revoked.
            """,
        effect: .changes,
        flags: [issuer, certificate],
        words: WordRule(name: "SERIAL", count: 0...1000),
        hasTenant: false,
        examples: ["sealwire trust release 1000 --issuer 5f0c21..."]
    ) { remote, words in
        let request = try order(words, remote.options, reason: "removeFromCRL")
        guard try remote.change(request) != nil else { return RemoteExit.done }
        let what = words.isEmpty ? "the certificate" : words.joined(separator: ", ")
        if remote.options.isJSON { Output.object(["released": .string(what)]) }
        Output.say("\(what) is not revoked any more", remote.options)
        return RemoteExit.done
    }.command

    private static let revoked = Verb<RemoteOptions>.remote(
        "trust revoked",
        "lists what is revoked",
        usage: "[OPTIONS]",
        text: """
            Lists the revoked certificates of the tenant with their issuers. The issuer * is every
            authority of the tenant: entries of an older version, which --narrow of trust revoke
            gives to one.
            """,
        hasTenant: false,
        examples: ["sealwire trust revoked", "sealwire trust revoked --json"]
    ) { remote, _ in
        var listing = Listing(
            remote.options,
            [
                ("SERIAL", "serialNumberInHex"), ("SINCE", "revocationDate"),
                ("REASON", "reason"), ("ISSUER", "issuer"), ("BELOW", "includesBelow"),
            ]
        )
        for one in try remote.get(path)["crls"]?.elements ?? [] { listing.add(one) }
        listing.finish("nothing is revoked")
        return RemoteExit.done
    }.command

    // MARK: Work

    private static func order(
        _ words: [String],
        _ options: RemoteOptions,
        reason: String?
    ) throws -> RESTRequest {
        let sources = [!words.isEmpty, has("--certificate", options), has("--from", options)]
        guard sources.count(where: { $0 }) == 1 else {
            throw UsageError(
                message: "give one of SERIAL, --certificate FILE and --from FILE"
            )
        }
        if let file = options.values["--from"] { return try form(file, options) }
        var members: JSONObject = [:]
        if let reason { members["reason"] = .string(reason) }
        if let date = options.values["--date"] { members["revocationDate"] = .string(date) }
        if let text = options.values["--issuer"] {
            members["issuer"] = .string(try issuerText(text))
        }
        if options.switches.contains("--include-below") { members["includesBelow"] = true }
        if options.switches.contains("--narrow") { members["narrow"] = true }
        var entries: [JSONValue] = []
        if let file = options.values["--certificate"] {
            let all = try CertificateBundle(pem: try Files.read(file)).certificates
            guard let one = all.first else {
                throw CommandFailure(RemoteExit.badContent, "\(file) holds no certificate")
            }
            members["certificate"] = .string(String(decoding: one.pem, as: UTF8.self))
            entries.append(.object(members))
        }
        for word in words {
            members["serialNumberInHex"] = .string(word)
            entries.append(.object(members))
        }
        return RESTRequest(.put, path, json: ["crls": .array(entries)])
    }

    private static func has(_ flag: String, _ options: RemoteOptions) -> Bool {
        options.values[flag] != nil
    }

    /// The file names the issuer and the reason of each row itself.
    private static func form(
        _ file: String,
        _ options: RemoteOptions
    ) throws -> RESTRequest {
        let others = ["--issuer", "--reason", "--date"].filter { has($0, options) }
        guard others.isEmpty, options.switches.isEmpty else {
            throw UsageError(message: "--from goes without other options about an entry")
        }
        var request = RESTRequest(.put, path)
        request.setFile(
            try Files.read(file, bytesMax: fileBytesMax),
            name: "file",
            fileName: file.split(separator: "/").last.map(String.init) ?? "revoked.csv",
            type: "text/csv",
            boundary: "sealwire-" + Hex.encode(try Cryptography.randomBytes(16))
        )
        return request
    }

    /// A name as it is, or the certificate of a file that ends in .pem, .crt or .cer.
    private static func issuerText(_ text: String) throws -> String {
        guard [".pem", ".crt", ".cer"].contains(where: text.hasSuffix) else { return text }
        let all = try CertificateBundle(pem: try Files.read(text)).certificates
        guard let one = all.first else {
            throw CommandFailure(RemoteExit.badContent, "\(text) holds no certificate")
        }
        return String(decoding: one.pem, as: UTF8.self)
    }
}
