// SPDX-License-Identifier: Apache-2.0
// `sealwire keystore import-key` and `import-trust`: from PEM files into a keystore.

import SealPKI

enum ImportKeyVerb {
    static let verb = Verb(
        name: "keystore import-key",
        summary: "a private key with its certificate chain, from PEM",
        usage: "FILE --alias NAME --key KEY.pem --cert CHAIN.pem",
        text: """
            Puts a private key with its certificates into a keystore, which is made when it is not
            there: PKCS #12 unless --format says jks. The chain is put in order from the key's own
            certificate to the root; a gap in it is refused. In JKS the key gets the password of
            --key-password-file, or the store's; PKCS #12 has one password only.
            """,
        defaults: StoreOptions(),
        flags: FlagTable(
            [
                StoreFlags.alias("the name of the entry"),
                .value("--key", is: "FILE", "the private key, PEM") {
                    (options, value, _) throws(UsageError) in options.keyPath = value
                },
                .value("--cert", is: "FILE", "certificates, PEM or DER; may be given again") {
                    (options, value, _) throws(UsageError) in
                    options.certificatePaths.append(value)
                },
                StoreFlags.format, StoreFlags.legacy,
                .on("--replace", help: "in place of the entry of that name") {
                    options throws(UsageError) in options.replaces = true
                },
            ] + Secret.flags("pem-password", "the passphrase of KEY.pem", \.keyFile)
                + StoreFlags.password + StoreFlags.keyPassword
        ),
        words: .one("FILE"),
        examples: [
            "sealwire keystore import-key device.p12 --alias devicekeyentry --key device.key "
                + "--cert chain.pem --password-file store.pass",
            "sealwire keystore import-key device.jks --format jks --alias d --key device.key "
                + "--cert device.crt --cert ca.crt",
        ]
    ) { options, words in
        guard let alias = options.alias, let keyPath = options.keyPath,
            !options.certificatePaths.isEmpty
        else { throw UsageError(message: "--alias, --key and --cert are needed") }
        let found = try StoreFile.certificates(options.certificatePaths)
        let key = try privateKey(keyPath, options)
        let chain = try StoreFile.naming(options.certificatePaths[0]) { () throws(PKIError) in
            try IdentityLoader.chain(of: key, among: found)
        }
        var file = try StoreFile(openingOrMaking: words[0], options)
        let entry = KeystoreEntry(
            alias: alias,
            created: StoreFile.now,
            content: .key(.open(key), chain: chain)
        )
        try file.store.put(entry, replaces: options.replaces)
        try file.save(keyPassword: options.key.given(), options.strength)
        let count = chain.count == 1 ? "1 certificate" : "\(chain.count) certificates"
        Terminal.write("\(words[0]): PrivateKeyEntry \"\(alias)\" with \(count)\n")
        return ToolExit.done
    }

    private static func privateKey(_ path: String, _ options: StoreOptions) throws -> PrivateKey {
        let pem = try StoreFile.read(path)
        let given = try options.keyFile.given()
        do throws(PKIError) {
            return try opened(path, pem, given)
        } catch {
            guard error.code == .passphraseMissing else { throw error }
            return try opened(path, pem, try options.keyFile.read())
        }
    }

    private static func opened(
        _ path: String,
        _ pem: [UInt8],
        _ passphrase: [UInt8]?
    ) throws(PKIError) -> PrivateKey {
        try StoreFile.naming(path) { () throws(PKIError) in
            try PrivateKey(pem: pem, passphrase: passphrase)
        }
    }
}

enum ImportTrustVerb {
    static let verb = Verb(
        name: "keystore import-trust",
        summary: "certificates that are trusted, from PEM or DER",
        usage: "FILE --alias NAME --cert CERT.pem",
        text: """
            Puts trusted certificates into a keystore, which is made when it is not there. In
            PKCS #12 each gets the mark without which Java does not see it. Of a file with several
            certificates the second is called NAME-2, and so on.
            """,
        defaults: StoreOptions(),
        flags: FlagTable(
            [
                StoreFlags.alias("the name of the entry"),
                .value("--cert", is: "FILE", "certificates, PEM or DER; may be given again") {
                    (options, value, _) throws(UsageError) in
                    options.certificatePaths.append(value)
                },
                StoreFlags.format, StoreFlags.legacy,
                .on("--replace", help: "in place of the entry of that name") {
                    options throws(UsageError) in options.replaces = true
                },
            ] + StoreFlags.password
        ),
        words: .one("FILE"),
        examples: [
            "sealwire keystore import-trust trust.p12 --alias servercertificate --cert server.crt"
        ]
    ) { options, words in
        guard let alias = options.alias, !options.certificatePaths.isEmpty else {
            throw UsageError(message: "--alias and --cert are needed")
        }
        let found = try StoreFile.certificates(options.certificatePaths)
        var file = try StoreFile(openingOrMaking: words[0], options)
        var lines = ""
        for (index, certificate) in found.enumerated() {
            let name = index == 0 ? alias : "\(alias)-\(index + 1)"
            let entry = KeystoreEntry(
                alias: name,
                created: StoreFile.now,
                content: .trusted(certificate)
            )
            try file.store.put(entry, replaces: options.replaces)
            lines += "\(words[0]): trustedCertEntry \"\(name)\"\n"
        }
        try file.save(options.strength)
        Terminal.write(lines)
        return ToolExit.done
    }
}

extension Keystore {
    /// Adds an entry, or puts it in the place of one of that name and kind.
    mutating func put(_ new: KeystoreEntry, replaces: Bool) throws(PKIError) {
        guard replaces, let old = entry(new.alias) else { return try add(new) }
        guard old.isKey == new.isKey else {
            throw PKIError(
                .keystoreEntry,
                "the entry \"\(old.alias)\" is a \(old.kind) and is not replaced by a \(new.kind)"
            )
        }
        try replace(old.alias, with: new)
    }
}
