// SPDX-License-Identifier: Apache-2.0
// Every rule of RFC 5280 §6.1 for one path, all broken ones collected. Signatures were checked when
// the path was found.

/// The check of one path.
struct PathCheck {
    let path: [Candidate]
    let isComplete: Bool
    let settings: VerificationSettings
    let revocation: RevocationCheck
    let pool: CandidatePool
    let work: RevocationWork
    private(set) var failures: [VerificationFailure] = []
    private(set) var notes: [VerificationFailure] = []

    init(
        path: [Candidate],
        isComplete: Bool,
        _ settings: VerificationSettings,
        _ revocation: RevocationCheck,
        _ pool: CandidatePool,
        _ work: RevocationWork
    ) {
        self.path = path
        self.isComplete = isComplete
        self.settings = settings
        self.revocation = revocation
        self.pool = pool
        self.work = work
    }

    mutating func run() {
        for depth in path.indices {
            checkForm(depth)
            checkDates(depth)
            checkStrength(depth)
            if depth > 0 { checkAuthority(depth) }
        }
        checkLeaf()
        checkNames()
        checkLength()
        guard isComplete else { return }
        checkPolicies()
        if revocation.mode != .off { checkRevocation() }
    }

    private mutating func refuse(_ rule: VerificationRule, _ depth: Int, _ sentence: String) {
        failures.append(
            VerificationFailure(rule, depth: depth, subject: path[depth].subject, sentence)
        )
    }

    // MARK: - Each certificate

    private mutating func checkForm(_ depth: Int) {
        let fields = path[depth].fields
        for defect in fields.defects {
            if defect.isStrictOnly, !settings.isStrict {
                notes.append(
                    VerificationFailure(
                        defect.rule,
                        depth: depth,
                        subject: path[depth].subject,
                        defect.sentence
                    )
                )
            } else {
                refuse(defect.rule, depth, defect.sentence)
            }
        }
        // RFC 5280 §4.2: what is critical and not processed is refused.
        for one in fields.extensions where one.isCritical && !Self.processed.contains(one.id) {
            refuse(
                .unknownCritical,
                depth,
                "the extension \(one.name) is critical and is not processed"
            )
        }
    }

    /// The extensions that this verification obeys.
    private static let processed: Set<OID> = [
        .basicConstraints, .keyUsage, .extendedKeyUsage, .subjectAlternativeName,
        .issuerAlternativeName, .nameConstraints, .certificatePolicies, .policyMappings,
        .policyConstraints, .inhibitAnyPolicy, .distributionPoints, .subjectKeyIdentifier,
        .authorityKeyIdentifier, .authorityInformation, .subjectInformation, .freshestList,
    ]

    // RFC 5280 §6.1.3 (a)(2)
    private mutating func checkDates(_ depth: Int) {
        guard depth > 0 || settings.checksLeafDates else { return }
        let fields = path[depth].fields
        if settings.time < fields.notBefore {
            refuse(.notYetValid, depth, "it is valid only from \(Moment.text(fields.notBefore))")
        }
        if settings.time > fields.notAfter {
            refuse(.expired, depth, "it expired at \(Moment.text(fields.notAfter))")
        }
    }

    private mutating func checkStrength(_ depth: Int) {
        let candidate = path[depth]
        let key = candidate.fields.publicKey
        switch key.kind {
        case .rsa(_, let exponent):
            if key.bits < settings.modulusBitsMin {
                refuse(
                    .weakKey,
                    depth,
                    "its RSA key has \(key.bits) bits; \(settings.modulusBitsMin) are needed"
                )
            }
            if exponent.last.map({ $0 & 1 == 0 }) ?? true || exponent == [1] {
                refuse(.weakKey, depth, "the exponent of its RSA key cannot be one")
            }
        case .dsa(let bits):
            if bits < settings.modulusBitsMin {
                refuse(
                    .weakKey,
                    depth,
                    "its DSA key has \(bits) bits; \(settings.modulusBitsMin) are needed"
                )
            }
        case .explicitCurve:
            // RFC 5480 §2.1.1
            refuse(.weakKey, depth, "its curve is not named but written out")
        case .ellipticCurve(let curve):
            if key.bits < 224 {
                refuse(.weakKey, depth, "its curve \(curve.shown) is too small or not known")
            }
        case .edwards: break
        case .other:
            refuse(.weakKey, depth, "its key is of an unknown kind, \(key.shown)")
        }
        if !SignatureCheck.hasUsableKey(candidate.certificate) {
            refuse(.weakKey, depth, "its public key cannot be used")
        }
        // Nobody relies on the signature of a certificate that is trusted itself.
        let isEnd = isComplete && depth == path.count - 1
        if !isEnd, !settings.allowsWeakDigests,
            let digest = candidate.fields.outerAlgorithm.weakDigest
        {
            refuse(.weakSignature, depth, "its signature uses \(digest), which can be forged")
        }
    }

    // MARK: - Authorities

    // RFC 5280 §6.1.4 (k) to (n)
    private mutating func checkAuthority(_ depth: Int) {
        let fields = path[depth].fields
        let isAnchor = isComplete && depth == path.count - 1
        if let constraints = fields.basicConstraints, fields.version == 3 {
            if !constraints.isAuthority {
                refuse(.notAuthority, depth, "it signs certificates and is no authority (CA:FALSE)")
            }
            checkPathLength(depth, constraints.pathLength)
        } else if fields.version == 3 || !isAnchor || settings.isStrict {
            // An old trusted certificate is an authority because somebody said so.
            refuse(
                .notAuthority,
                depth,
                fields.version == 3
                    ? "it signs certificates and has no basicConstraints"
                    : "it signs certificates and is of version \(fields.version)"
            )
        }
        if let usage = fields.keyUsage, !usage.contains(.keyCertSign) {
            refuse(.keyUsage, depth, "it signs certificates and keyUsage lacks keyCertSign")
        }
        if let wanted = settings.purpose.oid, let purposes = fields.purposes,
            !purposes.contains(wanted), !purposes.contains(.anyPurpose)
        {
            refuse(
                .purpose,
                depth,
                "extendedKeyUsage of the authority does not allow \(wanted.shown)"
            )
        }
    }

    /// Self-issued certificates and the leaf do not count (RFC 5280 §4.2.1.9).
    private mutating func checkPathLength(_ depth: Int, _ limit: Int?) {
        guard let limit else { return }
        let count = path[1..<depth].count { !$0.fields.isSelfIssued }
        guard count > limit else { return }
        refuse(
            .pathLength,
            depth,
            "it allows \(limit) authorities below it, and there are \(count)"
        )
    }

    // MARK: - The leaf

    private mutating func checkLeaf() {
        let fields = path[0].fields
        if let wanted = settings.purpose.oid {
            if let purposes = fields.purposes, !purposes.contains(wanted) {
                refuse(.purpose, 0, "extendedKeyUsage does not list \(wanted.shown)")
            }
            let needed = settings.purpose.keyUsages
            if let usage = fields.keyUsage, usage.isDisjoint(with: needed) {
                refuse(
                    .keyUsage,
                    0,
                    "keyUsage has none of \(needed.names.joined(separator: ", "))"
                )
            }
        }
        if let host = settings.host, !NameMatching.names(fields.subjectNames, host: host) {
            refuse(
                .hostName,
                0,
                "subjectAltName does not name \(CertificateText.printable(host))"
            )
        }
    }

    // MARK: - The path

    // RFC 5280 §6.1.3 (b) and (c)
    private mutating func checkNames() {
        var check = NameConstraintCheck(comparisonsMax: settings.limits.nameComparisonsMax)
        for depth in path.indices.dropFirst() {
            guard let constraints = path[depth].fields.nameConstraints else { continue }
            for below in 0..<depth {
                let fields = path[below].fields
                if below > 0, fields.isSelfIssued { continue }
                for why in check.faults(fields, constraints) {
                    refuse(.nameConstraints, below, "\(why), by \(path[depth].subject)")
                }
            }
        }
        if check.isExhausted {
            refuse(.searchLimit, 0, "there are too many names and name constraints to compare")
        }
    }

    private mutating func checkLength() {
        if let most = settings.chainLengthMax, path.count > most {
            refuse(
                .chainLength,
                path.count - 1,
                "the chain has \(path.count) certificates; \(most) are allowed"
            )
        }
        if settings.requiresAnchorInChain, isComplete, let anchor = path.last,
            path.count > 1, !anchor.isSent
        {
            refuse(
                .anchorNotSent,
                path.count - 1,
                "the trusted certificate is not among those that were sent"
            )
        }
    }

    private mutating func checkPolicies() {
        var state = PolicyState(settings, certificateCount: path.count - 1)
        for depth in (0..<max(path.count - 1, 0)).reversed() {
            if let why = state.take(path[depth].fields, isLeaf: depth == 0) {
                refuse(.policy, depth, why)
                return
            }
        }
        if let why = state.finish() { refuse(.policy, 0, why) }
    }

    private mutating func checkRevocation() {
        for depth in 0..<max(path.count - 1, 0) {
            let found = revocation.faults(
                of: path[depth],
                depth: depth,
                path: path,
                pool: pool,
                settings: settings,
                work: work
            )
            for (rule, sentence) in found { refuse(rule, depth, sentence) }
        }
        if work.isExhausted {
            refuse(.searchLimit, 0, "there are too many signatures of revocation lists to check")
        }
    }
}

extension VerificationPurpose {
    /// The purpose as extendedKeyUsage lists it.
    var oid: OID? {
        switch self {
        case .client: .clientAuth
        case .server: .serverAuth
        case .any: nil
        }
    }

    /// What a leaf's keyUsage needs one of (RFC 5280 §4.2.1.12).
    var keyUsages: KeyUsage {
        switch self {
        case .client: [.digitalSignature, .keyAgreement]
        case .server: [.digitalSignature, .keyEncipherment, .keyAgreement]
        case .any: []
        }
    }
}
