// SPDX-License-Identifier: Apache-2.0
// `sealwire ca renew` and `sealwire ca adopt`.

import SealPKI

/// What is renewed, and how.
struct RenewOptions: NamesAuthority, ChoosesExtensions {
    var authority = AuthorityPlace()
    var signing = SigningChoice()
    var output: String?
    var keyKind: KeyKind?
    var keySecret = Secret("the new key")

    static let flags = FlagTable<RenewOptions>(
        authorityFlags(isSigning: true) + signingFlags + [
            .value("--new-key", is: "KIND", "a new key, as ec-p256 (default: the old key stays)") {
                (options, value, flag) throws(UsageError) in
                options.keyKind = try CommandWords.keyKind(value, flag)
            },
            .value("--out", is: "FOLDER", "where the files go (default: new_certs_dir)") {
                (options, value, _) throws(UsageError) in
                options.output = value
            },
        ] + Secret.flags("key-passphrase", "what a new key is encrypted with", \.keySecret)
    )
}

enum RenewVerb {
    static let verb = Verb(
        name: "ca renew",
        summary: "a new certificate in the place of an old one",
        usage: "SERIAL | NAME [OPTIONS]",
        text: """
            Signs a new certificate with the subject and the names of the certificate SERIAL, or of
            the one valid certificate for NAME, and revokes the old one as superseded (an expired
            one is only marked). The public key stays unless --new-key is given. The files are
            NAME.SERIAL.crt and NAME.SERIAL.chain.pem, with the new serial number, and
            NAME.SERIAL.key for a new key; the old files stay. When the old certificate is a
            server's, --profile server is taken unless another is given.
            """,
        defaults: RenewOptions(),
        flags: RenewOptions.flags,
        words: .one("SERIAL"),
        examples: [
            "sealwire ca renew device-1 --ca works",
            "sealwire ca renew 1000 --ca works --new-key ec-p256 --out renewed",
        ],
        run: { options, words in try renew(options, words[0]) }
    )

    private static func old(_ word: String, _ place: LocalAuthority) throws -> Certificate {
        let named = try place.rows(named: word).filter { $0.state != .revoked }
        var serial = named.max { $0.notAfter < $1.notAfter }?.serial
        if serial == nil, let given = SerialNumber(hexadecimal: word) {
            serial = try place.row(given)?.serial
        }
        guard let serial else {
            throw PKIError(.unknownCertificate, "there is no certificate of or for \"\(word)\"")
        }
        guard let kept = place.kept(serial) else {
            throw PKIError(.file, "\(place.path(serial)) does not hold the certificate")
        }
        return kept
    }

    private static func renew(_ given: RenewOptions, _ word: String) throws -> Int32 {
        var options = given
        let place = try options.authority.open()
        let old = try old(word, place)
        let names = try old.subjectNames()
        guard names.otherCount == 0 || !options.signing.names.isEmpty else {
            throw PKIError(.badRequest, "the old certificate has names that cannot be taken over")
        }
        if options.signing.names.isEmpty { options.signing.names = names }
        if options.signing.profile == .device, old.isForServersOnly {
            options.signing.profile = .server
        }
        if old.isAuthority { options.signing.profile = .intermediate }
        let session = try AuthoritySession(
            place,
            key: options.authority.key(of: place),
            choice: options.signing.extensions
        )
        let files = try DeviceFiles(options.output ?? place.settings.newCertificates)
        session.outputFolder = files.folder
        let key = try options.keyKind.map { try PrivateKey.generate($0) }
        var pem = try key?.pem()
        if let key, let passphrase = try options.keySecret.given() {
            pem = try key.pem(passphrase: passphrase)
        }
        let name = try old.commonNames().last ?? ""
        guard let stem = DeviceFiles.stem(name) else {
            throw PKIError(.badRequest, "\"\(name)\" cannot be the name of a file")
        }
        let days = options.signing.days(place)
        let order = SigningOrder(
            subject: try old.subject().attributes,
            names: options.signing.names,
            key: key,
            renewed: old,
            days: days
        )
        let above = place.abovePEM
        let issued = try session.issue(order, rule: .replace) { issued throws(PKIError) in
            try files.write(
                "\(stem).\(issued.serial.hexadecimal)",
                issued.certificate,
                above: above,
                key: pem,
                isOverwriting: false
            )
        }
        AuthorityNotes.write(issued)
        AuthorityNotes.writeEnd(issued, days: days)
        let shown = "\(stem).\(issued.serial.hexadecimal)"
        Terminal.write("\(files.certificate(shown))\n\(files.chain(shown))\n")
        if pem != nil { Terminal.write("\(files.key(shown))\n") }
        return ToolExit.done
    }
}

/// What is taken over.
struct AdoptOptions: Sendable {
    var section: String?
    var chain: String?

    static let flags = FlagTable<AdoptOptions>([
        .value("--section", is: "NAME", "the authority's section (default: default_ca)") {
            (options, value, _) throws(UsageError) in
            options.section = value
        },
        .value("--chain", is: "FILE", "certificates above the authority's own") {
            (options, value, _) throws(UsageError) in
            options.chain = value
        },
    ])
}

enum AdoptVerb {
    static let verb = Verb(
        name: "ca adopt",
        summary: "take over a folder that openssl's commands made",
        usage: "DIR [OPTIONS]",
        text: """
            Checks the folder (or configuration file) DIR of openssl ca and makes what is missing:
            the crlnumber, the .attr file, folders, a serial number behind the last certificate's,
            and for an authority below another one the chain, from --chain and the folder above.
            Nothing that is there is lost, and openssl ca goes on working with it; openssl takes no
            lock, so do not run both at the same moment. Afterwards every other verb works with it.
            """,
        defaults: AdoptOptions(),
        flags: AdoptOptions.flags,
        words: .one("DIR"),
        examples: ["sealwire ca adopt caCertificate"],
        run: { options, words in
            var above: [Certificate] = []
            if let chain = options.chain {
                above = try CertificateBundle(pem: Files.read(chain)).certificates
            }
            let (place, report) = try LocalAuthority.adopt(
                words[0],
                section: options.section,
                above: above
            )
            for line in report.made { Terminal.write("made \(line)\n") }
            for line in report.notes { Terminal.note("sealwire: note: \(line)") }
            Terminal.write(
                "\(place.settings.file): \(report.rowCount) certificates in the database\n"
            )
            return ToolExit.done
        }
    )
}
