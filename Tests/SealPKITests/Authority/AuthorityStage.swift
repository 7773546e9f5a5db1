// SPDX-License-Identifier: Apache-2.0
// An authority in a folder of its own, for tests of what it signs and refuses.

import Testing

@testable import SealPKI

/// An authority as `sealwire ca init --counted-serials` makes it, whose files a test may change.
struct AuthorityStage {
    let folder: PeerFolder
    var config: String { folder.file("ca/caConfig.cnf") }

    init(pathLength: Int? = nil, days: Int = 7300, subject: [NameAttribute]? = nil) throws {
        folder = try PeerFolder()
        _ = try AuthorityFolder.makeRoot(
            folder.file("ca"),
            AuthorityPlan(
                subject: subject ?? [NameAttribute("O", "Works"), NameAttribute("CN", "Root")],
                passphrase: nil,
                days: days,
                pathLength: pathLength,
                hasRandomSerials: false
            )
        )
    }

    /// Changes the configuration: a line is replaced, or put in front of `[ req ]`.
    func configure(_ line: String, insteadOf old: String? = nil) throws {
        let text = try folder.text("ca/caConfig.cnf")
        let new =
            old.map { text.replacing($0, with: line) }
            ?? text.replacing("[ req ]", with: "\(line)\n[ req ]")
        try folder.write(new, "ca/caConfig.cnf")
    }

    func open(_ name: String = "ca") throws -> LocalAuthority {
        try LocalAuthority(folder.file(name))
    }

    func session(
        _ choice: ExtensionChoice = ExtensionChoice(.device),
        _ name: String = "ca",
        now: Int64 = LocalAuthority.now
    ) throws -> AuthoritySession {
        let authority = try open(name)
        return try AuthoritySession(
            authority,
            key: authority.key(passphrase: nil),
            choice: choice,
            now: now
        )
    }

    /// Signs for a common name; the certificate also lies in the folder, as `NAME.crt`.
    @discardableResult
    func issue(
        _ name: String,
        _ choice: ExtensionChoice = ExtensionChoice(.device),
        more: [NameAttribute] = [],
        key: PrivateKey? = nil,
        days: Int = 30,
        from place: String = "ca"
    ) throws -> IssuedCertificate {
        let session = try session(choice, place)
        let order = SigningOrder(
            subject: session.subject(commonName: name, more: more),
            key: try key ?? PrivateKey.generate(),
            days: days
        )
        return try session.issue(order) { issued throws(PKIError) in
            try Files.write(issued.certificate.pem, to: folder.file("\(name).crt"))
        }
    }

    /// Signs a request.
    func sign(
        _ request: CertificateRequest,
        _ choice: ExtensionChoice = ExtensionChoice(.device)
    ) throws -> IssuedCertificate {
        try session(choice).issue(
            SigningOrder(subject: request.subject().attributes, request: request, days: 30)
        ) { _ throws(PKIError) in }
    }

    /// What `openssl ca -status` says; its exit code is 1 whatever it says.
    func status(_ serial: String) throws -> String {
        try openssl("-status \(serial)", isFine: false).text
    }

    /// Runs `openssl ca` on the same folder.
    @discardableResult
    func openssl(_ words: String, isFine: Bool = true) throws -> PeerOutcome {
        try folder.shell("openssl ca -config ca/caConfig.cnf -batch \(words)", isFine: isFine)
    }
}
