// SPDX-License-Identifier: Apache-2.0
// `sealwire ca issue`: a key, a certificate and its chain in one go, for one name or for many.

import SealPKI

/// What is issued, and where it goes.
struct IssueOptions: NamesAuthority, ChoosesExtensions {
    var authority = AuthorityPlace()
    var signing = SigningChoice()
    var fields: [NameAttribute] = []
    var keyKind = KeyKind.p256
    var output: String?
    var list: String?
    var isJSON = false
    var isQuiet = false
    var keySecret = Secret("the new key")
    var stores: [KeystoreFormat] = []
    var alias: String?
    var storeSecret = Secret("the keystore")

    static let flags = FlagTable<IssueOptions>(
        authorityFlags(isSigning: true) + signingFlags + [
            .value("--field", is: "TYPE=VALUE", "more of the subject, as O=Works; repeat it") {
                (options, value, flag) throws(UsageError) in
                options.fields.append(try CommandWords.field(value, flag))
            },
            .value("--key-type", is: "KIND", "ec-p256, ec-p384, ed25519, rsa-N (default: ec-p256)")
            {
                (options, value, flag) throws(UsageError) in
                options.keyKind = try CommandWords.keyKind(value, flag)
            },
            .value("--out", is: "FOLDER", "where the files go (default: new_certs_dir)") {
                (options, value, _) throws(UsageError) in
                options.output = value
            },
            .value("--from", is: "FILE", "many names, one in each line; - is standard input") {
                (options, value, _) throws(UsageError) in
                options.list = value
            },
            .on("--json", help: "results as JSON, one line each") {
                (options) throws(UsageError) in
                options.isJSON = true
            },
            .on("--quiet", help: "no progress on standard error") {
                (options) throws(UsageError) in
                options.isQuiet = true
            },
            .on("--p12", help: "also a keystore NAME.p12 with key and chain") {
                (options) throws(UsageError) in
                options.stores.append(.pkcs12)
            },
            .on("--jks", help: "also a keystore NAME.jks with key and chain") {
                (options) throws(UsageError) in
                options.stores.append(.jks)
            },
            .value("--alias", is: "ALIAS", "the key's name in keystores (default: NAME)") {
                (options, value, _) throws(UsageError) in
                options.alias = value
            },
        ] + Secret.flags("key-passphrase", "what new keys are encrypted with", \.keySecret)
            + Secret.flags("store-password", "the password of keystores", \.storeSecret)
    )
}

enum IssueVerb {
    static let verb = Verb(
        name: "ca issue",
        summary: "make a key and a certificate, for one name or many",
        usage: "NAME | --from FILE [OPTIONS]",
        text: """
            Makes a key and signs a certificate for NAME, which becomes the common name; fields that
            the policy wants to match come from the authority. Without a passphrase option the new
            key is not encrypted; its file is readable by its owner only. A file that is there is
            never overwritten.

            With --from every line of FILE is a name; empty lines and those that begin with # are
            passed over. Groups of \(AuthoritySession.groupMax) are signed and synced together, one
            line of result for each name goes to standard output when it is safe, and progress goes
            to standard error. Run it again after an interruption: names that are complete are told
            as "exists", all others are issued.
            """,
        defaults: IssueOptions(),
        flags: IssueOptions.flags,
        words: WordRule(name: "NAME", count: 0...1),
        sections: [
            (
                "FILES",
                """
                  NAME.crt         the certificate
                  NAME.chain.pem   the certificate and those above it, up to the root
                  NAME.key         its key, PKCS #8
                  NAME.p12, .jks   keystores, with --p12 and --jks

                """
            ),
            (
                "RESULTS",
                """
                  NAME TAB issued TAB SERIAL       signed, and all files are on the disk
                  NAME TAB exists TAB SERIAL       was there already
                  NAME TAB refused TAB CODE: WHY   not signed

                """
            ),
        ],
        examples: [
            "sealwire ca issue device-1 --ca works",
            "sealwire ca issue broker --ca works --profile server --san broker.example",
            "sealwire ca issue --from names.txt --ca works --out devices > results.txt",
        ],
        exitCodes: [
            ("0", "done; with --from every name is there now"),
            ("1", "refused or failed; with --from at least one name was refused"),
            ("64", "a command line that cannot be obeyed"),
        ],
        run: { options, words in
            guard (options.list == nil) != words.isEmpty else {
                throw UsageError(message: "give either one NAME or --from FILE")
            }
            let run = try IssueRun(options)
            guard let name = words.first else {
                return try run.all(NameList.read(options.list ?? "-"))
            }
            return try run.one(name)
        }
    )
}

/// The names of a bulk order.
enum NameList {
    /// At most so many bytes of names.
    static let bytesMax = 256 << 20

    static func read(_ path: String) throws -> [String] {
        var bytes: [UInt8]
        if path == "-" {
            var input = StandardInput()
            guard let rest = input.rest(bytesMax: bytesMax) else {
                throw UsageError(message: "standard input has more than \(bytesMax) bytes")
            }
            bytes = rest
        } else {
            bytes = try Files.read(path, bytesMax: bytesMax)
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0D]
        return bytes.split(separator: 0x0A).compactMap { line in
            var line = line.drop { blanks.contains($0) }
            while let last = line.last, blanks.contains(last) { line.removeLast() }
            guard let first = line.first, first != UInt8(ascii: "#") else { return nil }
            return String(decoding: line, as: UTF8.self)
        }
    }
}
