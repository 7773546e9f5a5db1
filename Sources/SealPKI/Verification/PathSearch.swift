// SPDX-License-Identifier: Apache-2.0
// Looking for paths from a leaf to a trusted certificate, within limits. Whether a path that was
// found holds is PathCheck's to say.

/// One search.
struct PathSearch {
    let pool: CandidatePool
    let settings: VerificationSettings
    let revocation: RevocationCheck
    private let work: RevocationWork

    private(set) var path: [Candidate] = []
    private(set) var signatureCheckCount = 0
    private(set) var pathCount = 0
    private var stepCount = 0
    private var signatures: [Pair: Bool] = [:]
    /// The best path that reaches a trusted certificate and does not hold.
    private var best: Outcome?
    /// The longest path that reaches none.
    private var longest: [Candidate] = []
    /// What is wrong at the end of the longest path.
    private var ending: VerificationFailure?
    private(set) var isExhausted = false
    /// Whether a path was not followed because it was too long.
    private var isCut = false

    private struct Pair: Hashable {
        let child: Fingerprint
        let issuer: Fingerprint
    }

    /// A path and what is wrong with it.
    struct Outcome {
        var path: [Candidate]
        var isComplete: Bool
        var failures: [VerificationFailure]
        var notes: [VerificationFailure]
    }

    init(
        pool: CandidatePool,
        settings: VerificationSettings,
        revocation: RevocationCheck
    ) {
        self.pool = pool
        self.settings = settings
        self.revocation = revocation
        work = RevocationWork(checksMax: settings.limits.listSignatureChecksMax)
    }

    /// The first path that holds, or the one that comes nearest.
    mutating func run(from leaf: Candidate) -> Outcome {
        if let found = climb(leaf) { return found }
        if var best {
            if isExhausted || isCut { best.failures.append(limitFailure(best.path)) }
            return best
        }
        return unfinished(leaf)
    }

    private func unfinished(_ leaf: Candidate) -> Outcome {
        let path = longest.isEmpty ? [leaf] : longest
        var check = PathCheck(path: path, isComplete: false, settings, revocation, pool, work)
        check.run()
        var failures = check.failures
        if let ending { failures.append(ending) }
        if isExhausted || isCut { failures.append(limitFailure(path)) }
        return Outcome(path: path, isComplete: false, failures: failures, notes: check.notes)
    }

    private func limitFailure(_ path: [Candidate]) -> VerificationFailure {
        VerificationFailure(
            .searchLimit,
            depth: max(path.count - 1, 0),
            subject: path.last?.subject ?? "",
            isExhausted
                ? "the search for a chain was given up after \(signatureCheckCount) signatures "
                    + "and \(pathCount) paths"
                : "chains of more than \(settings.limits.depthMax) certificates are not followed"
        )
    }

    /// Goes on from a certificate; gives back a path that holds.
    private mutating func climb(_ node: Candidate) -> Outcome? {
        path.append(node)
        defer { path.removeLast() }
        stepCount += 1
        guard stepCount <= settings.limits.stepsMax else {
            isExhausted = true
            return nil
        }
        // A certificate that signed itself is the end, whether it is trusted or not.
        if node.fields.isSelfIssued || node.isTrusted && settings.allowsPartialChain,
            node.isTrusted
        {
            if let found = judge() { return found }
            if node.fields.isSelfIssued { return nil }
        }
        guard path.count < settings.limits.depthMax else {
            // Another way may be shorter.
            isCut = true
            return nil
        }
        return climbToIssuers(of: node)
    }

    private mutating func climbToIssuers(of node: Candidate) -> Outcome? {
        let issuers = pool.issuers(of: node.fields, at: settings.time)
        var isFollowed = false
        var hasSelfSignature = false
        var hasWrongKey = false
        for issuer in issuers {
            if issuer.fingerprint == node.fingerprint {
                hasSelfSignature = true
                continue
            }
            if isLoop(issuer) { continue }
            guard let isSigned = checkSignature(node, issuer) else { break }
            guard isSigned else {
                hasWrongKey = true
                continue
            }
            isFollowed = true
            if let found = climb(issuer) { return found }
            if isExhausted || pathCount >= settings.limits.pathsMax { break }
        }
        if !isFollowed { remember(node, hasSelfSignature, hasWrongKey, issuers.isEmpty) }
        return nil
    }

    /// The same authority with the same key does not stand in a path twice.
    private func isLoop(_ issuer: Candidate) -> Bool {
        path.contains {
            $0.fingerprint == issuer.fingerprint
                || $0.fields.subject == issuer.fields.subject
                    && $0.fields.publicKey.der == issuer.fields.publicKey.der
                    && $0.fields.subjectNames == issuer.fields.subjectNames
        }
    }

    private mutating func checkSignature(_ child: Candidate, _ issuer: Candidate) -> Bool? {
        let pair = Pair(child: child.fingerprint, issuer: issuer.fingerprint)
        if let known = signatures[pair] { return known }
        guard signatureCheckCount < settings.limits.signatureChecksMax else {
            isExhausted = true
            return nil
        }
        signatureCheckCount += 1
        let isSigned = SignatureCheck.isSigned(child.certificate, by: issuer.certificate)
        signatures[pair] = isSigned
        return isSigned
    }

    /// Checks the path that has reached a trusted certificate.
    private mutating func judge() -> Outcome? {
        pathCount += 1
        var check = PathCheck(path: path, isComplete: true, settings, revocation, pool, work)
        check.run()
        let outcome = Outcome(
            path: path,
            isComplete: true,
            failures: check.failures,
            notes: check.notes
        )
        if check.failures.isEmpty { return outcome }
        if best.map({ check.failures.count < $0.failures.count }) ?? true { best = outcome }
        if pathCount >= settings.limits.pathsMax { isExhausted = true }
        return nil
    }

    /// Keeps the longest way that led nowhere, and why.
    private mutating func remember(
        _ node: Candidate,
        _ hasSelfSignature: Bool,
        _ hasWrongKey: Bool,
        _ hasNobody: Bool
    ) {
        guard path.count > longest.count else { return }
        longest = path
        let depth = path.count - 1
        let issuer = node.fields.issuer.shown
        var rule = VerificationRule.issuerMissing
        var sentence = "the certificate of its issuer \(issuer) is not there"
        if node.fields.isSelfIssued, hasSelfSignature || hasNobody || !hasWrongKey {
            if node.isSelfSigned {
                rule = .notTrusted
                sentence = "it signed itself and is not among the trusted certificates"
            } else {
                rule = .signature
                sentence = "it names itself as its issuer and its own key did not sign it"
            }
        } else if hasWrongKey {
            rule = .signature
            sentence = "the key of \(issuer) did not sign it, or its bytes were changed"
        } else if !hasNobody {
            sentence = "its issuers sign each other in a circle; none of them is trusted"
        }
        if node.isTrusted, !settings.allowsPartialChain, rule == .issuerMissing {
            rule = .notTrusted
            sentence =
                "it is trusted and did not sign itself, so its issuer \(issuer) is needed, "
                + "or partial chains must be allowed"
        }
        ending = VerificationFailure(rule, depth: depth, subject: node.subject, sentence)
    }
}
