// SPDX-License-Identifier: Apache-2.0
// The certificate that a listener demands, where another credential decides who the client is: it
// must be good for somebody before anything else is looked at, and good for the tenant that the
// login comes to. Not here: logins by the certificate itself.

/// What a certificate is worth in one tenant.
struct CertificateStanding {
    var anchor: Int64?
    var pinned: Int64?
    var certificates: [CertificateMark]
    var endsAt: Int64
}

extension RegistryLogin {
    /// Why nobody with this certificate, or without one, is heard at all; empty when it is good, or
    /// nothing is demanded.
    ///
    /// For requests that ask for no login.
    public static func refusal(
        ofCertificate credentials: Credentials,
        _ rules: AccessRules,
        _ environment: LoginEnvironment
    ) -> [Reason] {
        let attempt = LoginAttempt(credentials, rules, environment)
        do throws(LoginRefusal) {
            _ = try attempt.demandedCertificate()
            return []
        } catch {
            return attempt.attributed(error.reasons)
        }
    }
}

extension LoginAttempt {
    /// What the certificate is worth, in every tenant where it is good; nil when nothing is
    /// demanded and nothing has to be judged.
    ///
    /// Refused before user and password are looked at: nobody guesses them without one.
    func demandedCertificate() throws(LoginRefusal) -> [UInt32: CertificateStanding]? {
        guard taken.demand != .nothing else { return nil }
        guard !credentials.chain.isEmpty else {
            guard taken.demand == .good else { return nil }
            throw LoginRefusal(.certificateNeeded)
        }
        guard credentials.chain.count <= Self.presentedMax else {
            throw LoginRefusal(.chainTooLong, "\(credentials.chain.count) certificates were sent")
        }
        var candidates = Set(try anchorsOfChain(isUnknownFine: true).map(\.tenant))
        if let pinned = try pinnedTenant() { candidates.insert(pinned) }
        if let id = taken.tenant, !candidates.isEmpty {
            candidates.formIntersection([try tenant(id).number])
            guard !candidates.isEmpty else { throw LoginRefusal(.anchorOfOtherTenant, id) }
        }
        if candidates.isEmpty { _ = try anchorsOfChain(isUnknownFine: false) }
        if candidates.count == 1, let only = candidates.first { concern(only) }
        var found: [UInt32: CertificateStanding] = [:]
        var refusal: LoginRefusal?
        for number in candidates.sorted() {
            do throws(LoginRefusal) {
                found[number] = try standing(in: number)
            } catch {
                refusal = refusal ?? error
            }
        }
        guard !found.isEmpty else { throw refusal ?? LoginRefusal(.anchorUnknown) }
        return found
    }

    /// The login with what the certificate beside it is worth.
    func decide(
        beside standings: [UInt32: CertificateStanding]?
    ) throws(LoginRefusal) -> LoginStep {
        let step = try byOthers()
        guard let standings else { return step }
        switch step {
        case .accepted(let principal): return .accepted(try admit(principal, beside: standings))
        case .needsPasswordCheck(let question):
            guard case .registry(let matches, let differs) = question.verdict else { return step }
            return .needsPasswordCheck(
                PasswordQuestion(
                    password: question.password,
                    hash: question.hash,
                    isKnown: question.isKnown,
                    verdict: .registry(matches: admitted(matches, standings), differs: differs)
                )
            )
        case .refused, .needsRegistry: return step
        }
    }

    /// The same for a password that is still to be compared.
    func admitted(
        _ verdict: Result<Principal, LoginRefusal>,
        _ standings: [UInt32: CertificateStanding]?
    ) -> Result<Principal, LoginRefusal> {
        guard let standings, case .success(let principal) = verdict else { return verdict }
        do throws(LoginRefusal) {
            return .success(try admit(principal, beside: standings))
        } catch {
            return .failure(error)
        }
    }

    /// From now on the login stands on the certificate, too.
    private func admit(
        _ principal: Principal,
        beside standings: [UInt32: CertificateStanding]
    ) throws(LoginRefusal) -> Principal {
        guard let standing = standings[principal.tenant] else {
            throw LoginRefusal(.certificateOfOtherTenant, principal.tenantID)
        }
        var admitted = principal
        admitted.reliance.anchor = standing.anchor
        admitted.reliance.pinned = standing.pinned
        admitted.reliance.certificates = standing.certificates
        admitted.reliance.endsAt = min(principal.reliance.endsAt ?? .max, standing.endsAt)
        return admitted
    }

    // MARK: One tenant

    /// What the certificate is worth in one tenant.
    private func standing(in number: UInt32) throws(LoginRefusal) -> CertificateStanding {
        let found = try ask { (registry) throws(RegistryError) in
            try registry.tenant(number: number)
        }
        guard let tenant = found else { throw LoginRefusal(.tenantUnknown) }
        guard tenant.isEnabled else { throw LoginRefusal(.tenantDisabled, tenant.id) }
        if taken.takesPinnedCertificates, let leaf = credentials.chain.first,
            let pinned = try pinned(leaf), pinned.tenant == number
        {
            let mark = try checkPinned(leaf, tenant)
            return CertificateStanding(
                pinned: pinned.number,
                certificates: [mark],
                endsAt: leaf.notAfter
            )
        }
        let all = try anchorsOfChain(isUnknownFine: false).filter { $0.tenant == number }
        // The nearest decides, as for those who log in with the certificate.
        let isSent = credentials.chain.contains { $0.sha256 == all.first?.sha256 }
        let anchors = isSent ? all.filter { $0.sha256 == all.first?.sha256 } : all
        let (anchor, path, until) = try trusted(anchors, tenant)
        return CertificateStanding(
            anchor: anchor.number,
            certificates: path,
            endsAt: min(until, anchor.notAfter)
        )
    }

    private func pinnedTenant() throws(LoginRefusal) -> UInt32? {
        guard taken.takesPinnedCertificates, let leaf = credentials.chain.first else { return nil }
        return try pinned(leaf)?.tenant
    }
}
