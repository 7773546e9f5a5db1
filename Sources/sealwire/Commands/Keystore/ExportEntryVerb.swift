// SPDX-License-Identifier: Apache-2.0
// `sealwire keystore export`: out of a keystore into PEM or DER.

import SealPKI

enum ExportEntryVerb {
    static let verb = Verb(
        name: "keystore export",
        summary: "a certificate, chain or private key of an entry",
        usage: "FILE [--alias NAME] [--chain | --key] [-o OUT]",
        text: """
            Writes the certificate of an entry in PEM to standard output or into a file; --chain
            writes all its certificates, --key its private key, without a passphrase unless
            --pem-password-file or --pem-password-env says one. A file with a key can be read by
            its owner only. Without --alias the only entry is meant.
            """,
        defaults: StoreOptions(),
        flags: FlagTable(
            [
                StoreFlags.alias("the entry"),
                .on("--cert", help: "its certificate (this is what happens anyway)") {
                    options throws(UsageError) in options.part = .certificate
                },
                .on("--chain", help: "all its certificates") {
                    options throws(UsageError) in options.part = .chain
                },
                .on("--key", help: "its private key") {
                    options throws(UsageError) in options.part = .key
                },
                .on("--der", help: "the certificate in DER instead of PEM") {
                    options throws(UsageError) in options.isDER = true
                },
                StoreFlags.output("write to FILE instead of standard output"), StoreFlags.force,
            ] + Secret.flags("pem-password", "the passphrase for the exported key", \.keyFile)
                + StoreFlags.password + StoreFlags.keyPassword
        ),
        words: .one("FILE"),
        examples: [
            "sealwire keystore export server.jks --alias serveralias -o server.pub.pem",
            "sealwire keystore export device.p12 --key -o device.key",
        ]
    ) { options, words in
        if options.isDER, options.part != .certificate {
            throw UsageError(message: "--der is for a single certificate")
        }
        if options.keyFile.isGiven, options.part != .key {
            throw UsageError(message: "a passphrase for the exported key needs --key")
        }
        if let output = options.output, !options.replaces, StoreFile.exists(output) {
            throw PKIError(.file, "\(output) is there already", hint: "--force overwrites it")
        }
        let file = try StoreFile(opening: words[0], options)
        let bytes = try part(of: try chosen(file, options), file, options)
        if let output = options.output {
            try Files.write(bytes, to: output, mode: options.part == .key ? 0o600 : 0o644)
        } else {
            Terminal.write(bytes)
        }
        return ToolExit.done
    }

    private static func chosen(
        _ file: StoreFile,
        _ options: StoreOptions
    ) throws -> KeystoreEntry {
        if let alias = options.alias { return try file.entry(alias) }
        guard file.store.entries.count == 1, let only = file.store.entries.first else {
            throw PKIError(
                .keystoreEntry,
                "\(file.path) has \(file.store.entries.count) entries: say which with --alias"
            )
        }
        return only
    }

    private static func part(
        of entry: KeystoreEntry,
        _ file: StoreFile,
        _ options: StoreOptions
    ) throws -> [UInt8] {
        switch options.part {
        case .certificate:
            guard let first = entry.certificates.first else {
                throw PKIError(.keystoreEntry, "the entry \"\(entry.alias)\" has no certificate")
            }
            return options.isDER ? first.der : first.pem
        case .chain: return entry.certificates.flatMap(\.pem)
        case .key:
            guard case .key(let key, _) = entry.content else {
                throw PKIError(.keystoreEntry, "the entry \"\(entry.alias)\" has no private key")
            }
            let passwords = [try options.key.given(), file.password].compactMap { $0 }
            let open = try StoreFile.naming(file.path) { () throws(PKIError) in
                try key.opened(passwords)
            }
            if let passphrase = try options.keyFile.given() {
                return try open.pem(passphrase: passphrase)
            }
            return try open.pem()
        }
    }
}
