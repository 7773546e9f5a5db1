// SPDX-License-Identifier: Apache-2.0
// The certificates that a search may use, read once and found by name.

/// A certificate that may be part of a path.
struct Candidate: Sendable {
    let certificate: Certificate
    let fields: CertificateFields
    let fingerprint: Fingerprint
    /// Whether it is trusted.
    let isTrusted: Bool
    /// Whether it came with the leaf.
    var isSent: Bool

    var subject: String { fields.subject.shown }

    /// Whether the signature and the names say that it signed itself.
    var isSelfSigned: Bool {
        fields.isSelfIssued && SignatureCheck.isSigned(certificate, by: certificate)
    }
}

/// The certificates that a search may use.
struct CandidatePool: Sendable {
    private(set) var all: [Candidate] = []
    private var bySubject: [CertificateName: [Int]] = [:]
    private var byFingerprint: [Fingerprint: Int] = [:]
    /// How many steps, by names alone, lead from each certificate to a trusted one; those that no
    /// steps lead from are not in it.
    private var steps: [Fingerprint: Int] = [:]
    /// Certificates that could not be read.
    private(set) var unreadableCount = 0

    init(trusted: [Certificate], intermediates: [Certificate]) {
        let sent = Set(intermediates.map(\.fingerprint))
        for one in trusted { add(one, isTrusted: true, isSent: sent.contains(one.fingerprint)) }
        for one in intermediates { add(one, isTrusted: false, isSent: true) }
        countSteps()
    }

    /// The same with what a peer sent.
    func adding(_ sent: [Certificate]) -> CandidatePool {
        guard !sent.isEmpty else { return self }
        var pool = self
        for one in sent {
            if let known = pool.byFingerprint[one.fingerprint] {
                pool.all[known].isSent = true
            } else {
                pool.add(one, isTrusted: false, isSent: true)
            }
        }
        pool.countSteps()
        return pool
    }

    /// Walks from the trusted certificates down to those that name them as their issuers, a level
    /// at a time.
    private mutating func countSteps() {
        steps.removeAll()
        var byIssuer: [CertificateName: [Int]] = [:]
        for (index, one) in all.enumerated() {
            byIssuer[one.fields.issuer, default: []].append(index)
        }
        var level = all.indices.filter { all[$0].isTrusted }
        var count = 0
        while !level.isEmpty {
            for index in level { steps[all[index].fingerprint] = count }
            count += 1
            // Each name is walked from once, so the work does not grow with the paths.
            level = level.flatMap { byIssuer.removeValue(forKey: all[$0].fields.subject) ?? [] }
                .filter { steps[all[$0].fingerprint] == nil }
        }
    }

    private mutating func add(_ certificate: Certificate, isTrusted: Bool, isSent: Bool) {
        let fingerprint = certificate.fingerprint
        guard byFingerprint[fingerprint] == nil else { return }
        guard let fields = try? certificate.fields() else {
            unreadableCount += 1
            return
        }
        byFingerprint[fingerprint] = all.count
        bySubject[fields.subject, default: []].append(all.count)
        all.append(
            Candidate(
                certificate: certificate,
                fields: fields,
                fingerprint: fingerprint,
                isTrusted: isTrusted,
                isSent: isSent
            )
        )
    }

    /// Whether the certificate is one of the trusted.
    func isTrusted(_ fingerprint: Fingerprint) -> Bool {
        byFingerprint[fingerprint].map { all[$0].isTrusted } ?? false
    }

    /// The certificates with a subject.
    func named(_ subject: CertificateName) -> [Candidate] {
        (bySubject[subject] ?? []).map { all[$0] }
    }

    /// Those that may have signed, the likeliest first.
    func issuers(of child: CertificateFields, at time: Int64) -> [Candidate] {
        let named = named(child.issuer)
        guard named.count > 1 else { return named }
        func rank(_ one: Candidate) -> Int {
            var rank = one.isTrusted ? 0 : 1
            if let wanted = child.authorityKeyID, let own = one.fields.subjectKeyID {
                rank += wanted == own ? 0 : 8
            }
            if one.fields.basicConstraints?.isAuthority != true { rank += 4 }
            if time < one.fields.notBefore || time > one.fields.notAfter { rank += 2 }
            // Nothing trusted is to be found there; it is looked at to say what is missing.
            if steps[one.fingerprint] == nil { rank += 16 }
            return rank
        }
        return named.enumerated()
            .map { place, one in
                (rank: rank(one), steps: steps[one.fingerprint] ?? 0, place: place, one: one)
            }
            .sorted { ($0.rank, $0.steps, $0.place) < ($1.rank, $1.steps, $1.place) }
            .map(\.one)
    }
}
