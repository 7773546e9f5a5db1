// SPDX-License-Identifier: Apache-2.0
// Verification of certificate chains by RFC 5280 §6: the entry. The parts are PathSearch,
// PathCheck, NameConstraintCheck, PolicyState and RevocationCheck.

/// Verifies certificates against trusted ones.
///
/// Signatures are computed by OpenSSL, one at a time; which are computed, and every decision, is
/// the house's.
public struct ChainVerifier: Sendable {
    /// What is asked.
    public let settings: VerificationSettings
    private let trusted: [Certificate]
    private let intermediates: [Certificate]
    private let pool: CandidatePool
    private let revocation: RevocationCheck

    /// Takes what is trusted, what may stand between, and the revocation lists.
    public init(
        settings: VerificationSettings,
        trusted: [Certificate],
        intermediates: [Certificate] = [],
        lists: [RevocationList] = []
    ) {
        self.settings = settings
        self.trusted = trusted
        self.intermediates = intermediates
        let taken = Array(intermediates.prefix(settings.limits.intermediatesMax))
        pool = CandidatePool(trusted: trusted, intermediates: taken)
        revocation = RevocationCheck(mode: settings.revocation, lists: lists)
    }

    private init(
        _ other: ChainVerifier,
        _ settings: VerificationSettings,
        _ intermediates: [Certificate]
    ) {
        self.settings = settings
        trusted = other.trusted
        self.intermediates = intermediates
        pool = other.pool.adding(Array(intermediates.prefix(settings.limits.intermediatesMax)))
        revocation = other.revocation
    }

    /// The same trust and lists, asked at another moment about what a peer sent.
    public func asked(at time: Int64, sent: [Certificate]) -> ChainVerifier {
        var settings = settings
        settings.time = time
        return ChainVerifier(self, settings, sent)
    }

    /// Whether the certificate is one of the trusted.
    public func trusts(_ certificate: Certificate) -> Bool {
        pool.isTrusted(certificate.fingerprint)
    }

    /// Verifies one certificate.
    public func verify(_ leaf: Certificate) -> ChainVerdict {
        let fields: CertificateFields
        do throws(PKIError) {
            fields = try leaf.fields()
        } catch {
            return .unreadable(error.reason)
        }
        guard intermediates.count <= settings.limits.intermediatesMax else {
            return refusal(
                .searchLimit,
                fields.subject.shown,
                "there are more than \(settings.limits.intermediatesMax) further certificates"
            )
        }
        let fingerprint = leaf.fingerprint
        let candidate = Candidate(
            certificate: leaf,
            fields: fields,
            fingerprint: fingerprint,
            isTrusted: pool.isTrusted(fingerprint),
            isSent: true
        )
        var search = PathSearch(pool: pool, settings: settings, revocation: revocation)
        let outcome = search.run(from: candidate)
        return ChainVerdict(
            links: outcome.path.map {
                ChainVerdict.Link(
                    certificate: $0.certificate,
                    fields: $0.fields,
                    isTrusted: $0.isTrusted
                )
            },
            isComplete: outcome.isComplete,
            failures: outcome.failures.sorted { $0.depth < $1.depth },
            notes: outcome.notes.sorted { $0.depth < $1.depth },
            signatureCheckCount: search.signatureCheckCount,
            pathCount: search.pathCount,
            isAnchorSent: !outcome.isComplete && pool.all.contains { $0.isTrusted && $0.isSent }
        )
    }

    private func refusal(
        _ rule: VerificationRule,
        _ subject: String,
        _ sentence: String
    ) -> ChainVerdict {
        ChainVerdict(
            links: [],
            isComplete: false,
            failures: [VerificationFailure(rule, depth: 0, subject: subject, sentence)],
            notes: [],
            signatureCheckCount: 0,
            pathCount: 0
        )
    }
}
