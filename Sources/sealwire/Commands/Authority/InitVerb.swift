// SPDX-License-Identifier: Apache-2.0
// `sealwire ca init` and `sealwire ca intermediate`: new authorities in folders of their own.

import SealPKI

/// What a new authority is asked for.
struct FoundingOptions: NamesAuthority {
    var authority = AuthorityPlace()
    var commonName: String?
    var fields: [NameAttribute] = []
    var days: Int?
    var pathLength: Int?
    var keyKind = KeyKind.p256
    var isOpen = false
    var hasRandomSerials = true
    var secret = Secret("the new authority's key")

    func plan(days usual: Int, pathLength: Int?) throws -> AuthorityPlan {
        guard let commonName else { throw UsageError(message: "--cn NAME is missing") }
        return AuthorityPlan(
            subject: fields + [NameAttribute("CN", commonName)],
            keyKind: keyKind,
            passphrase: isOpen ? nil : try secret.readNew(),
            days: days ?? usual,
            pathLength: pathLength,
            hasRandomSerials: hasRandomSerials
        )
    }

    static func flags(days: Int, limit: String, secret name: String) -> [Flag<FoundingOptions>] {
        [
            .value("--cn", is: "NAME", "its common name (needed)") {
                (options, value, _) throws(UsageError) in
                options.commonName = value
            },
            .value("--field", is: "TYPE=VALUE", "more of its subject, as O=Works; repeat it") {
                (options, value, flag) throws(UsageError) in
                options.fields.append(try CommandWords.field(value, flag))
            },
            .value("--days", is: "N", "valid for N days (default: \(days))") {
                (options, value, flag) throws(UsageError) in
                options.days = try CommandWords.days(value, flag)
            },
            .value("--path-length", is: "N", "authorities below it (default: \(limit))") {
                (options, value, flag) throws(UsageError) in
                options.pathLength = try CommandWords.pathLength(value, flag)
            },
            .value("--key-type", is: "KIND", "ec-p256, ec-p384, ed25519, rsa-N (default: ec-p256)")
            {
                (options, value, flag) throws(UsageError) in
                options.keyKind = try CommandWords.keyKind(value, flag)
            },
            .on("--counted-serials", help: "serial numbers from 1000 on (default: random)") {
                (options) throws(UsageError) in
                options.hasRandomSerials = false
            },
            .on("--no-passphrase", help: "do not encrypt its key (default: encrypt)") {
                (options) throws(UsageError) in
                options.isOpen = true
            },
        ] + Secret.flags(name, "the passphrase of the new key", \FoundingOptions.secret)
    }
}

enum InitVerb {
    static let verb = Verb(
        name: "ca init",
        summary: "make a root authority in a new folder",
        usage: "DIR --cn NAME [OPTIONS]",
        text: """
            Makes a folder with a root authority: its key (encrypted with AES-256), its certificate,
            and everything that signing needs, in the form of openssl ca. The same folder works with
            openssl ca -config DIR/caConfig.cnf. The passphrase is asked for on the terminal when no
            option says where it is. The folder appears when it is complete.
            """,
        defaults: FoundingOptions(),
        flags: FlagTable(
            FoundingOptions.flags(
                days: AuthorityPlan.rootDays,
                limit: "any number",
                secret: "passphrase"
            )
        ),
        words: .one("DIR"),
        sections: [
            (
                "FILES",
                """
                  caCert.pem, caKey.pem   the certificate and its key
                  caConfig.cnf            sections for devices, servers and intermediates
                  database.txt            all certificates; .attr says that subjects are unique
                  crl/crlnumber           the next number of a revocation list, from 1000 on
                  serial                  the next certificate's, with --counted-serials only
                  deviceCertificates/     every certificate under its serial number

                """
            )
        ],
        examples: [
            "sealwire ca init works --cn 'Works CA'",
            "sealwire ca init lab --cn 'Lab CA' --no-passphrase --path-length 0",
        ],
        run: { options, words in
            let folder = try AuthorityFolder.makeRoot(
                words[0],
                options.plan(days: AuthorityPlan.rootDays, pathLength: options.pathLength)
            )
            Terminal.write("\(folder.path)/caCert.pem\n")
            return ToolExit.done
        }
    )
}

enum IntermediateVerb {
    static let verb = Verb(
        name: "ca intermediate",
        summary: "make an authority below another one",
        usage: "DIR --ca PARENT --cn NAME [OPTIONS]",
        text: """
            Makes a folder with an authority whose certificate the authority PARENT signs. Its chain
            is kept beside its certificate, so that what it issues comes with all certificates up to
            the root. Both keys may need a passphrase; each is asked for on the terminal when no
            option says where it is.
            """,
        defaults: FoundingOptions(),
        flags: FlagTable(
            FoundingOptions.authorityFlags(isSigning: true)
                + FoundingOptions.flags(
                    days: AuthorityPlan.intermediateDays,
                    limit: "0",
                    secret: "new-passphrase"
                )
        ),
        words: .one("DIR"),
        examples: ["sealwire ca intermediate works/line1 --ca works --cn 'Line 1 CA'"],
        run: { options, words in
            let parent = try options.authority.open()
            let length = options.pathLength ?? 0
            let session = try AuthoritySession(
                parent,
                key: options.authority.key(of: parent),
                choice: ExtensionChoice(.intermediate, pathLength: length)
            )
            var plan = try options.plan(days: AuthorityPlan.intermediateDays, pathLength: length)
            plan.subject = session.subject(
                commonName: options.commonName ?? "",
                more: options.fields
            )
            let made = try AuthorityFolder.makeIntermediate(words[0], plan, below: session)
            AuthorityNotes.write(made.issued)
            Terminal.write("\(made.folder.path)/intermediateCert.pem\n")
            return ToolExit.done
        }
    )
}

/// What a signature left out, on standard error.
enum AuthorityNotes {
    static func write(_ issued: IssuedCertificate) {
        for field in issued.droppedFields {
            Terminal.note(
                "sealwire: note: \(TextTable.printable(field)) was left out by the policy"
            )
        }
        for name in issued.droppedExtensions {
            Terminal.note(
                "sealwire: note: the request's \(name) was not taken as it was asked for"
            )
        }
        for serial in issued.replaced {
            Terminal.note(
                "sealwire: note: \(serial.hexadecimal) is revoked now: \(issued.serial) replaces it"
            )
        }
    }

    /// Says when a certificate ends earlier than it was asked for.
    static func writeEnd(_ issued: IssuedCertificate, days: Int) {
        let end = issued.certificate.notAfter
        guard end < LocalAuthority.now + Int64(days) * 86_400 - 3600 else { return }
        Terminal.note(
            "sealwire: note: it ends with its issuer's certificate, at \(DatabaseTime.iso(end))"
        )
    }
}
