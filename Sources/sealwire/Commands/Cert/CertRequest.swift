// SPDX-License-Identifier: Apache-2.0
// `sealwire cert csr`: a request for a certificate, with a new key or a given one.

import SealPKI

enum CertRequest {
    struct Options: Sendable {
        var keyFile: String?
        var newKeyFile: String?
        var kind = KeyKind.p256
        var passphrase = Secret("the key")
        var isPlain = false
        var attributes: [NameAttribute] = []
        var names = SubjectNames()
        var file: String?
    }

    static let verb = Verb<Options>(
        name: "cert csr",
        summary: "makes a request for a certificate",
        usage: "[OPTIONS] COMMON-NAME",
        text: """
            Makes a certificate request (PKCS #10) for the given common name, signed with the key of
            --key, or with a new one that is written to --new-key FILE.
            """,
        defaults: Options(),
        flags: FlagTable(
            [
                .value("--key", is: "FILE", "the private key to ask with") {
                    (options, value, _) throws(UsageError) in options.keyFile = value
                },
                .value("--new-key", is: "FILE", "makes a key and writes it to FILE") {
                    (options, value, _) throws(UsageError) in options.newKeyFile = value
                },
                .value("--kind", is: "KIND", "the kind of the new key (ec-p256)") {
                    (options, value, name) throws(UsageError) in
                    options.kind = try CertKey.kind(value, name)
                },
                .on("--no-passphrase", help: "writes the new key without encryption") {
                    $0.isPlain = true
                },
                .value("--subject", is: "TYPE=VALUE", "one more attribute, as O=Works; in order") {
                    (options, value, name) throws(UsageError) in
                    options.attributes.append(try attribute(value, name))
                },
                .value("--san", is: "NAME", "a host, address, URI or mail address; may be repeated")
                {
                    (options, value, _) throws(UsageError) in add(value, to: &options.names)
                },
                .value("-o", "--out", is: "FILE", "writes the request to FILE") {
                    (options, value, _) throws(UsageError) in options.file = value
                },
            ] + Secret.flags("passphrase", "the key's passphrase", \.passphrase)
        ),
        words: .one("COMMON-NAME"),
        examples: [
            "sealwire cert csr device-1 --new-key device-1.key --no-passphrase -o device-1.csr",
            "sealwire cert csr broker.example --key server.key --san broker.example",
        ],
        run: run
    )

    private static func attribute(
        _ text: String,
        _ name: String
    ) throws(UsageError) -> NameAttribute {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else {
            throw UsageError(message: "\(name) takes TYPE=VALUE, as O=Works, not '\(text)'")
        }
        return NameAttribute(parts[0], parts[1])
    }

    private static func add(_ name: String, to names: inout SubjectNames) {
        if addressBytes(name) != nil {
            names.addresses.append(name)
        } else if name.contains("@"), !name.contains(":") {
            names.emails.append(name)
        } else if name.contains(":") {
            names.uris.append(name)
        } else {
            names.dns.append(name)
        }
    }

    @MainActor
    private static func run(_ options: Options, _ words: [String]) async throws -> Int32 {
        guard (options.keyFile == nil) != (options.newKeyFile == nil) else {
            throw UsageError(message: "give either --key FILE or --new-key FILE")
        }
        let key: PrivateKey
        if let file = options.keyFile {
            key = try CertKey.read(file, options.passphrase)
        } else {
            key = try PrivateKey.generate(options.kind)
        }
        let subject = try DistinguishedName(
            options.attributes + [NameAttribute("CN", words[0])]
        )
        let request = try CertificateRequest.make(key: key, subject: subject, names: options.names)
        if let file = options.newKeyFile {
            try CertKey.refuseExisting(file)
            let pem =
                options.isPlain
                ? try key.pem() : try key.pem(passphrase: try options.passphrase.readNew())
            try CertSource.write(pem, to: file, isSecret: true)
        }
        try CertSource.write(request.pem, to: options.file)
        return ToolExit.done
    }
}
