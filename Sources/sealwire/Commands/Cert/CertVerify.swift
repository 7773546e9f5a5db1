// SPDX-License-Identifier: Apache-2.0
// `sealwire cert verify`: a chain against trusted certificates, with a verdict for each
// certificate. The rules are SealPKI's.

import Glibc
import SealPKI

enum CertVerify {
    struct Options: Sendable {
        var settings = VerificationSettings(time: Int64(time(nil)))
        var trustFiles: [String] = []
        var trustFolders: [String] = []
        var usesSystemRoots = false
        var chainFiles: [String] = []
        var listFiles: [String] = []
        var hasRevocationMode = false
        var isJSON = false
        var isQuiet = false
    }

    /// The exit code of a chain that does not hold.
    static let refused: Int32 = 2

    static let verb = Verb<Options>(
        name: "cert verify",
        summary: "verifies a chain and says for each certificate what is wrong",
        usage: "[OPTIONS] FILE",
        text: """
            Verifies the first certificate of FILE by RFC 5280, as a client's unless --purpose says
            otherwise. The other certificates of FILE and of --chain may stand between it and a
            trusted one, in any order. Every broken rule is named with its certificate and depth.

            By default what RFC 5280 forbids authorities to write but readers can pass over
            is a note; --strict refuses it: serial numbers that are not positive, key identifiers
            that are missing, basicConstraints, constraints of names and of policies that are not
            critical, trusted roots of version 1; of revocation lists, the old version, missing
            numbers and key identifiers, and times in the wrong form.
            """,
        defaults: Options(),
        flags: flags,
        words: .one("FILE"),
        sections: [
            (
                "REVOCATION LISTS",
                """
                  off       lists are not looked at (default without --crl)
                  present   where a list of the issuer is given, it must be good
                  leaf      the same, and the leaf's issuer must have one (default with --crl)
                  chain     every issuer must have one

                """
            )
        ],
        examples: [
            "sealwire cert verify --trust ca.crt device-chain.pem",
            "sealwire cert verify --trust ca.crt --crl ca.crl --crl-check chain device-chain.pem",
            "sealwire cert verify --system-roots --purpose server --host broker.example b.pem",
        ],
        exitCodes: [
            ("0", "the chain holds"), ("2", "the chain does not hold"),
            ("1", "a file cannot be read"), ("64", "a command line that cannot be obeyed"),
        ],
        run: run
    )

    private static let flags = FlagTable<Options>([
        .value(
            "--trust",
            "--cafile",
            is: "FILE",
            "trusts the certificates of FILE; may be repeated"
        ) {
            (options, value, _) throws(UsageError) in options.trustFiles.append(value)
        },
        .value("--trust-folder", is: "FOLDER", "trusts the certificates of all files of FOLDER") {
            (options, value, _) throws(UsageError) in options.trustFolders.append(value)
        },
        .on("--system-roots", help: "trusts what the system trusts") { $0.usesSystemRoots = true },
        .value("--chain", "--untrusted", is: "FILE", "more certificates that may stand between") {
            (options, value, _) throws(UsageError) in options.chainFiles.append(value)
        },
        .value("--purpose", is: "PURPOSE", "client (default), server or any") {
            (options, value, name) throws(UsageError) in
            options.settings.purpose = try choice(value, name)
        },
        .value("--host", is: "NAME", "the host name or address the certificate must name") {
            (options, value, _) throws(UsageError) in options.settings.host = value
        },
        .value("--time", is: "TIME", "the moment of the check: 2026-11-21T06:00:00Z, or seconds") {
            (options, value, name) throws(UsageError) in
            guard let time = Moment.seconds(value) else {
                throw UsageError(
                    message: "\(name) takes a moment as 2026-11-21T06:00:00Z, not '\(value)'"
                )
            }
            options.settings.time = time
        },
        .value("--crl", is: "FILE", "revocation lists in PEM or DER; may be repeated") {
            (options, value, _) throws(UsageError) in options.listFiles.append(value)
        },
        .value("--crl-check", is: "MODE", "who needs a list: off, present, leaf, chain; see below")
        {
            (options, value, name) throws(UsageError) in
            options.settings.revocation = try choice(value, name)
            options.hasRevocationMode = true
        },
        .on("--partial-chain", help: "any trusted certificate ends the chain") {
            $0.settings.allowsPartialChain = true
        },
        .on("--require-anchor-in-chain", help: "the trusted certificate must be in FILE as well") {
            $0.settings.requiresAnchorInChain = true
        },
        .value("--max-length", is: "COUNT", "the most certificates, the trusted one included") {
            (options, value, name) throws(UsageError) in
            options.settings.chainLengthMax = try Numbers.whole(value, of: name, in: 1...24)
        },
        .on("--strict", help: "refuses all that RFC 5280 forbids authorities") {
            $0.settings.isStrict = true
        },
        .value("--min-rsa-bits", is: "BITS", "the fewest bits of RSA and DSA keys (2048)") {
            (options, value, name) throws(UsageError) in
            options.settings.modulusBitsMin = try Numbers.whole(value, of: name, in: 512...16_384)
        },
        .on("--allow-sha1", help: "takes signatures with SHA-1 and MD5, which can be forged") {
            $0.settings.allowsWeakDigests = true
        },
        .value("--policy", is: "OID", "a wanted policy; may be repeated") {
            (options, value, name) throws(UsageError) in
            guard let policy = OID(value) else {
                throw UsageError(message: "\(name) takes dotted numbers, not '\(value)'")
            }
            options.settings.policies.insert(policy)
        },
        .on("--explicit-policy", help: "the chain must agree on a policy") {
            $0.settings.requiresPolicy = true
        },
        .on("--inhibit-any-policy", help: "anyPolicy matches nothing") {
            $0.settings.inhibitsAnyPolicy = true
        },
        .on("--inhibit-mapping", help: "policies are not mapped") {
            $0.settings.inhibitsMapping = true
        },
        .on("--json", help: "one JSON object") { $0.isJSON = true },
        .on("-q", "--quiet", help: "only the exit code") { $0.isQuiet = true },
    ])

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ value: String,
        _ name: String
    ) throws(UsageError) -> Choice where Choice.RawValue == String {
        if let choice = Choice(rawValue: value) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw UsageError(message: "\(name) takes one of \(known), not '\(value)'")
    }

    @MainActor
    private static func run(_ given: Options, _ words: [String]) async throws -> Int32 {
        var options = given
        var trusted = try options.trustFiles.flatMap { try CertSource.certificates($0) }
        for folder in options.trustFolders { trusted += try certificates(in: folder) }
        if options.usesSystemRoots { trusted += try SystemRoots.load().certificates }
        guard !trusted.isEmpty else {
            throw UsageError(
                message: "nothing is trusted",
                hint: "add --trust FILE, --trust-folder FOLDER or --system-roots"
            )
        }
        let sent: [Certificate]
        do {
            sent = try CertSource.certificates(words[0])
        } catch let error as PKIError where error.code == .malformed {
            return show(.unreadable(error.reason), options)
        }
        let more = try options.chainFiles.flatMap { try CertSource.certificates($0) }
        var lists: [RevocationList] = []
        for path in options.listFiles {
            let found = try CertSource.file(path).lists
            guard !found.isEmpty else {
                throw PKIError(.noPEM, "\(path): there is no revocation list in it")
            }
            lists += found
        }
        if !options.listFiles.isEmpty, !options.hasRevocationMode {
            options.settings.revocation = .leaf
        }
        let verifier = ChainVerifier(
            settings: options.settings,
            trusted: trusted,
            intermediates: Array(sent.dropFirst()) + more,
            lists: lists
        )
        return show(verifier.verify(sent[0]), options)
    }

    @MainActor
    private static func show(_ verdict: ChainVerdict, _ options: Options) -> Int32 {
        if options.isJSON {
            Terminal.write(VerdictReport.json(verdict, options.settings).line + "\n")
        } else if !options.isQuiet {
            Terminal.write(VerdictReport.text(verdict))
        }
        return verdict.isValid ? ToolExit.done : refused
    }

    private static func certificates(in folder: String) throws -> [Certificate] {
        var found: [Certificate] = []
        for name in try Files.names(in: folder).sorted() {
            guard let bytes = try? Files.read("\(folder)/\(name)"),
                let file = try? CertificateFile(bytes)
            else { continue }
            found += file.certificates
        }
        guard !found.isEmpty else {
            throw PKIError(.noPEM, "no file of \(folder) holds a certificate")
        }
        return found
    }
}
