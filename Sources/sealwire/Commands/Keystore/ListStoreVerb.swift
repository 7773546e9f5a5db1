// SPDX-License-Identifier: Apache-2.0
// `sealwire keystore create` and `sealwire keystore list`.

import SealPKI

enum CreateStoreVerb {
    static let verb = Verb(
        name: "keystore create",
        summary: "an empty keystore",
        usage: "FILE [--format pkcs12|jks]",
        text: """
            Makes a keystore with nothing in it: PKCS #12 unless --format says jks. import-key and
            import-trust make the file themselves when it is not there.
            """,
        defaults: StoreOptions(),
        flags: FlagTable(
            [StoreFlags.format, StoreFlags.legacy, StoreFlags.force] + StoreFlags.password
        ),
        words: .one("FILE"),
        examples: ["sealwire keystore create devices.p12 --password-file store.pass"]
    ) { options, words in
        let path = words[0]
        if !options.replaces, StoreFile.exists(path) {
            throw PKIError(.file, "\(path) is there already", hint: "--force overwrites it")
        }
        let file = try StoreFile(making: path, options)
        try file.save(options.strength)
        Terminal.write("\(path): an empty keystore, \(file.format.title)\n")
        return ToolExit.done
    }
}

enum ListStoreVerb {
    static let verb = Verb(
        name: "keystore list",
        summary: "what is in a keystore",
        usage: "FILE [-v] [--alias NAME] [--json]",
        text: """
            Shows the entries of a keystore, of whichever kind it is. A JKS keystore is listed
            without its password, too, but then nobody has checked that it is unchanged.
            """,
        defaults: StoreOptions(),
        flags: FlagTable(
            [
                .on("-v", "--verbose", help: "every certificate of every entry") {
                    options throws(UsageError) in options.isVerbose = true
                },
                StoreFlags.alias("this entry only"), StoreFlags.json,
            ] + StoreFlags.password
        ),
        words: .one("FILE"),
        examples: [
            "sealwire keystore list device.p12 --password-file store.pass",
            "sealwire keystore list -v trust.jks", "sealwire keystore list --json device.p12",
        ]
    ) { options, words in
        let path = words[0]
        var store = try open(path, options)
        if let alias = options.alias {
            store = try StoreFile.naming(path) { () throws(PKIError) in
                try store.reduced(to: alias)
            }
        }
        let report = StoreReport(path: path, store: store)
        if options.isJSON {
            Terminal.write(report.json.line + "\n")
        } else {
            Terminal.write(options.isVerbose ? report.details : report.table)
        }
        return ToolExit.done
    }

    private static func open(_ path: String, _ options: StoreOptions) throws -> Keystore {
        let bytes = try StoreFile.read(path)
        let format = try StoreFile.naming(path) { () throws(PKIError) in
            try Keystore.format(of: bytes)
        }
        var password = try options.store.given()
        if password == nil, format == .pkcs12 { password = try options.store.read() }
        if password == nil {
            Terminal.note(
                "sealwire: warning: no password: \(path) may have been changed by anybody"
            )
        }
        return try StoreFile.naming(path) { () throws(PKIError) in
            try Keystore(reading: bytes, password: password)
        }
    }
}
