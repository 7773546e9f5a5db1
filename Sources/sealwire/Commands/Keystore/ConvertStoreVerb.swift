// SPDX-License-Identifier: Apache-2.0
// `sealwire keystore convert`: from PKCS #12 to JKS and back.

import SealPKI

enum ConvertStoreVerb {
    static let verb = Verb(
        name: "keystore convert",
        summary: "a copy in the other format",
        usage: "FROM TO [--format pkcs12|jks] [--alias NAME]",
        text: """
            Writes a copy of a keystore: JKS from PKCS #12 and PKCS #12 from JKS, unless --format
            says otherwise. The copy has the same password unless a new one is given. Keys are
            opened with --key-password-file or the store's password. In JKS they get the password
            of --new-key-password-file or the copy's; in PKCS #12 always the copy's.
            """,
        defaults: StoreOptions(),
        flags: FlagTable(
            [
                StoreFlags.format, StoreFlags.alias("this entry only"), StoreFlags.legacy,
                StoreFlags.force,
            ] + StoreFlags.password + StoreFlags.keyPassword + StoreFlags.newPassword
                + StoreFlags.newKeyPassword
        ),
        words: WordRule(name: "FROM TO", count: 2...2),
        examples: [
            "sealwire keystore convert deviceKeystore.pkcs12 deviceKeystore.jks",
            "sealwire keystore convert old.p12 new.p12 --format pkcs12 --password-file store.pass",
        ]
    ) { options, words in
        if !options.replaces, StoreFile.exists(words[1]) {
            throw PKIError(.file, "\(words[1]) is there already", hint: "--force overwrites it")
        }
        let from = try StoreFile(opening: words[0], options)
        let format = options.format ?? (from.format == .jks ? .pkcs12 : .jks)
        if format == .jks, options.strength == .legacy {
            throw UsageError(message: "--legacy is about PKCS #12, and the copy is to be JKS")
        }
        let password = try options.newStore.given().map(StoreFile.checkedNew) ?? from.password
        let keyPassword = try options.newKey.given().map(StoreFile.checkedNew)
        var copy = Keystore()
        let wanted = try options.alias.map { [try from.entry($0)] } ?? from.store.entries
        for entry in wanted { try copy.add(try opened(entry, from, options)) }
        let others = options.alias == nil ? from.store.otherCertificates : []
        copy.otherCertificates = others
        let bytes = try StoreFile.naming(words[1]) { () throws(PKIError) in
            try copy.written(
                as: format,
                password: password,
                keyPassword: keyPassword,
                strength: options.strength
            )
        }
        try Files.write(bytes, to: words[1], mode: copy.keys.isEmpty ? 0o644 : 0o600)
        let count = copy.entries.count == 1 ? "1 entry" : "\(copy.entries.count) entries"
        Terminal.write("\(words[1]): \(format.title) with \(count)\n")
        if format == .jks, !others.isEmpty {
            Terminal.note(
                "sealwire: warning: \(others.count) certificates that belong to no entry are left "
                    + "out: JKS has no place for them"
            )
        }
        return ToolExit.done
    }

    private static func opened(
        _ entry: KeystoreEntry,
        _ file: StoreFile,
        _ options: StoreOptions
    ) throws -> KeystoreEntry {
        guard case .key(let key, let chain) = entry.content else { return entry }
        let passwords = [try options.key.given(), file.password].compactMap { $0 }
        let open = try StoreFile.naming("\(file.path): \(entry.alias)") { () throws(PKIError) in
            try key.opened(passwords)
        }
        var entry = entry
        entry.content = .key(.open(open), chain: chain)
        return entry
    }
}
