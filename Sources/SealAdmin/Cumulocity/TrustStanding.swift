// SPDX-License-Identifier: Apache-2.0
// How a trusted certificate stands against what other tenants trust. Certificates are public, so an
// upload alone changes nobody's login: until the key is proved, what another tenant trusted before
// counts.

internal import SealBroker
internal import SealPKI

/// Looks for other tenants that trust a certificate, or one that issued it.
struct TrustStanding {
    let call: Call

    /// The most issuers that are gone up.
    static let levelsMax = 4
    /// The most signatures that are checked for one certificate.
    static let checksMax = 8
    /// The most tenants that are told about one upload.
    static let toldMax = 64

    init(_ call: Call) { self.call = call }

    /// The certificate lets nobody in who does not name the tenant.
    func isPending(_ anchor: TrustAnchor) throws(APIError) -> Bool {
        guard !anchor.proof.isValid else { return false }
        return try rivals(of: anchor).contains { rival in
            rival.proof.isValid
                || (rival.createdAt, rival.number) < (anchor.createdAt, anchor.number)
        }
    }

    /// Other tenants' registrations of the certificate and of those above it.
    func rivals(of anchor: TrustAnchor) throws(APIError) -> [TrustAnchor] {
        let registry = call.context.registry
        var rivals = try asking { () throws(RegistryError) in
            try registry.anchors(sha256: anchor.sha256, tenant: nil)
        }
        var seen = Set(rivals.map(\.sha256) + [anchor.sha256])
        var checks = 0
        var edge: [[UInt8]] = [anchor.der]
        for _ in 0..<Self.levelsMax {
            var next: [[UInt8]] = []
            for der in edge {
                guard let below = try? PresentedCertificate(reading: der),
                    below.issuerKey != below.subjectKey
                else { continue }
                let issuers = try asking { () throws(RegistryError) in
                    try registry.anchors(subjectKey: below.issuerKey, tenant: nil)
                }
                for issuer in issuers where checks < Self.checksMax {
                    guard !seen.contains(issuer.sha256) else { continue }
                    checks += 1
                    guard leads(below, to: issuer) else { continue }
                    seen.insert(issuer.sha256)
                    rivals += try asking { () throws(RegistryError) in
                        try registry.anchors(sha256: issuer.sha256, tenant: nil)
                    }
                    next.append(issuer.der)
                }
            }
            edge = next
        }
        return rivals.filter { $0.tenant != anchor.tenant }
    }

    private func leads(_ below: PresentedCertificate, to issuer: TrustAnchor) -> Bool {
        let question = ChainQuestion(
            chain: [below],
            anchor: issuer,
            lengthMax: TrustTestCalls.chainCountMax,
            now: call.now
        )
        switch call.context.chains.judge(question) {
        case .good: return true
        case .refused(let reasons): return !reasons.contains { $0.code == .chainBroken }
        }
    }

    // MARK: Telling

    /// What the others are told when a certificate was added or proved; none learns who did it.
    static func tell(
        _ rivals: [TrustAnchor],
        isProof: Bool,
        _ writer: any RegistryWriter
    ) throws(RegistryError) {
        for rival in rivals.prefix(toldMax) where !(isProof && rival.proof.isValid) {
            let counts = isProof ? "and was proved: it counts instead of" : "and does not change"
            try writer.audit(
                AuditRecord(
                    tenant: rival.tenant,
                    author: .daemon,
                    act: "trust.disputed",
                    subject: rival.fingerprint.text,
                    detail: "another registration of this certificate, or of one below it, was "
                        + "made \(counts) this one; prove possession of the key to settle it"
                )
            )
        }
    }

    /// What the tenant itself finds in its audit.
    static func tellOwner(
        of anchor: TrustAnchor,
        _ writer: any RegistryWriter
    ) throws(RegistryError) {
        try writer.audit(
            AuditRecord(
                tenant: anchor.tenant,
                author: .daemon,
                act: "trust.pending",
                subject: anchor.fingerprint.text,
                detail: ReasonCode.trustPending.sentence
            )
        )
    }
}
