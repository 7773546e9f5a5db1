// SPDX-License-Identifier: Apache-2.0
// `sealwire keystore password`, `delete` and `rename`: changes of a keystore in its place.

import SealPKI

enum ChangePasswordVerb {
    static let verb = Verb(
        name: "keystore password",
        summary: "other passwords for the store and its keys",
        usage: "FILE [--alias NAME]",
        text: """
            Changes the password of a keystore, of its keys, or both. In JKS, keys that are under
            the store's old password get its new one, others keep theirs; a new password for keys
            is for all of them, or for --alias alone. PKCS #12 has one password for everything.
            Without any new password given, the store's new one is asked for.
            """,
        defaults: StoreOptions(),
        flags: FlagTable(
            [StoreFlags.alias("change this key's password only (JKS)"), StoreFlags.legacy]
                + StoreFlags.password + StoreFlags.keyPassword + StoreFlags.newPassword
                + StoreFlags.newKeyPassword
        ),
        words: .one("FILE"),
        examples: [
            "sealwire keystore password device.p12 --password-file old --new-password-file new",
            "sealwire keystore password server.jks --new-key-password-file key.pass",
        ]
    ) { options, words in
        var file = try StoreFile(opening: words[0], options)
        let old = file.password
        let newKey = try options.newKey.given().map(StoreFile.checkedNew)
        if options.newStore.isGiven || newKey == nil {
            file.password = try StoreFile.checkedNew(try options.newStore.readNew())
        }
        if file.format == .pkcs12, newKey != nil || options.alias != nil {
            throw PKIError(
                .keystoreEntry,
                "\(words[0]) is PKCS #12, which has one password for the store and its keys"
            )
        }
        if let alias = options.alias { _ = try file.entry(alias) }
        let known = [try options.key.given(), old].compactMap { $0 }
        for entry in file.store.keys {
            guard case .key(let key, let chain) = entry.content else { continue }
            let isMeant = options.alias.map { $0.lowercased() == entry.alias.lowercased() } ?? true
            let changed = try StoreFile.naming("\(words[0]): \(entry.alias)") {
                () throws(PKIError) -> KeystoreKey in
                if file.format == .pkcs12 { return .open(try key.opened([old])) }
                if let newKey, isMeant {
                    return try key.sealedForJKS(newKey, opening: known)
                }
                // Under a password of its own: it stays as it is.
                guard let open = try? key.opened([old]) else { return key }
                return try KeystoreKey.open(open).sealedForJKS(file.password, opening: [])
            }
            var entry = entry
            entry.content = .key(changed, chain: chain)
            try file.store.replace(entry.alias, with: entry)
        }
        try file.save(options.strength)
        Terminal.write("\(words[0]): changed\n")
        return ToolExit.done
    }
}

enum DeleteEntryVerb {
    static let verb = Verb(
        name: "keystore delete",
        summary: "an entry less",
        usage: "FILE ALIAS",
        text: "Takes an entry out of a keystore.",
        defaults: StoreOptions(),
        flags: FlagTable([StoreFlags.legacy] + StoreFlags.password),
        words: WordRule(name: "FILE ALIAS", count: 2...2),
        examples: ["sealwire keystore delete trust.p12 servercertificate"]
    ) { options, words in
        var file = try StoreFile(opening: words[0], options)
        let entry = try file.entry(words[1])
        try file.store.remove(words[1])
        try file.save(options.strength)
        Terminal.write("\(words[0]): \(entry.kind) \"\(entry.alias)\" is gone\n")
        return ToolExit.done
    }
}

enum RenameEntryVerb {
    static let verb = Verb(
        name: "keystore rename",
        summary: "another alias for an entry",
        usage: "FILE ALIAS NEW",
        text: "Gives an entry of a keystore another name.",
        defaults: StoreOptions(),
        flags: FlagTable([StoreFlags.legacy] + StoreFlags.password),
        words: WordRule(name: "FILE ALIAS NEW", count: 3...3),
        examples: ["sealwire keystore rename device.jks mykey devicekeyentry"]
    ) { options, words in
        var file = try StoreFile(opening: words[0], options)
        _ = try file.entry(words[1])
        try file.store.rename(words[1], to: words[2])
        try file.save(options.strength)
        Terminal.write("\(words[0]): \"\(words[1])\" is \"\(words[2])\" now\n")
        return ToolExit.done
    }
}
