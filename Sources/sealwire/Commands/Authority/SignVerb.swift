// SPDX-License-Identifier: Apache-2.0
// `sealwire ca sign`: a certificate for a request that somebody else made.

import SealPKI

/// How a request is signed.
struct SignOptions: NamesAuthority, ChoosesExtensions {
    var authority = AuthorityPlace()
    var signing = SigningChoice()
    var output: String?
    var chain: String?

    static let flags = FlagTable<SignOptions>(
        authorityFlags(isSigning: true) + signingFlags + [
            .value(
                "--copy-extensions",
                is: "RULE",
                "of the request: none, copy or copyall (default: the configuration's)"
            ) { (options, value, flag) throws(UsageError) in
                guard let rule = RequestedExtensions(rawValue: value) else {
                    throw UsageError(message: "\(flag) is none, copy or copyall")
                }
                options.signing.copying = rule
            },
            .value("-o", "--out", is: "FILE", "the certificate (default: standard output)") {
                (options, value, _) throws(UsageError) in
                options.output = value
            },
            .value("--chain", is: "FILE", "the certificate and those above it") {
                (options, value, _) throws(UsageError) in
                options.chain = value
            },
        ]
    )
}

enum SignVerb {
    static let verb = Verb(
        name: "ca sign",
        summary: "sign a certificate request (CSR)",
        usage: "CSR [OPTIONS]",
        text: """
            Signs the request in the file CSR (PEM or DER; - is standard input), after the policy
            and the extensions of the configuration. What the certificate does not take over from
            the request is named on standard error: fields of the subject that the policy does not
            list, and extensions that copy_extensions does not carry. Names given with --san take
            the place of the request's.
            """,
        defaults: SignOptions(),
        flags: SignOptions.flags,
        words: .one("CSR"),
        examples: [
            "sealwire ca sign device.csr --ca works -o device.crt",
            "sealwire ca sign line1.csr --ca works --profile intermediate --days 3650 -o line1.crt",
        ],
        run: { options, words in try sign(options, words[0]) }
    )

    private static func sign(_ options: SignOptions, _ file: String) throws -> Int32 {
        let authority = try options.authority.open()
        let request = try CertificateRequest(reading: try bytes(file))
        let session = try AuthoritySession(
            authority,
            key: options.authority.key(of: authority),
            choice: options.signing.extensions
        )
        let days = options.signing.days(authority)
        let order = SigningOrder(
            subject: try request.subject().attributes,
            names: options.signing.names,
            request: request,
            days: days
        )
        let issued = try session.issue(order) { issued throws(PKIError) in
            if let path = options.output { try Files.write(issued.certificate.pem, to: path) }
            if let path = options.chain {
                try Files.write(issued.certificate.pem + authority.abovePEM, to: path)
            }
        }
        AuthorityNotes.write(issued)
        AuthorityNotes.writeEnd(issued, days: days)
        if options.output == nil { Terminal.write(issued.certificate.pem) }
        return ToolExit.done
    }

    private static func bytes(_ file: String) throws -> [UInt8] {
        guard file == "-" else { return try Files.read(file, bytesMax: 1 << 20) }
        var input = StandardInput()
        guard let bytes = input.rest(bytesMax: 1 << 20) else {
            throw UsageError(message: "standard input has more than 1 MiB")
        }
        return bytes
    }
}
