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
        guard let leaf = credentials.chain.first else { throw LoginRefusal(.certificateNeeded) }
        let scope = try listenersTenant()
        let pins = try pins(of: leaf, scope)
        let anchors = taken.takesTrustedCertificates ? try anchorsOfChain(scope) : []
        let candidates = Set(pins.map(\.tenant) + anchors.map(\.tenant))
        if candidates.isEmpty {
            guard taken.takesTrustedCertificates else {
                throw LoginRefusal(.certificateNotRegistered, Self.name(leaf))
            }
            throw try refusalOfUnknown(scope)
        }
        if candidates.count == 1, let only = candidates.first { concern(only) }
        var found: [UInt32: CertificateStanding] = [:]
        var refusal: LoginRefusal?
        for number in candidates.sorted() {
            do throws(LoginRefusal) {
                found[number] = try standing(
                    in: number,
                    pins.first { $0.tenant == number },
                    nearest(anchors.filter { $0.tenant == number })
                )
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
            guard case .registry(let matches, let otherwise) = question.verdict else {
                return step
            }
            return .needsPasswordCheck(
                PasswordQuestion(
                    password: question.password,
                    hashes: question.hashes,
                    isKnown: question.isKnown,
                    verdict: .registry(
                        matches: matches.map { admitted($0, standings) },
                        otherwise: admitted(otherwise, standings)
                    )
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
            throw LoginRefusal(.certificateOfOtherTenant, principal.tenantID.text)
        }
        var admitted = principal
        admitted.reliance.anchor = standing.anchor
        admitted.reliance.pinned = standing.pinned
        admitted.reliance.certificates = standing.certificates
        admitted.reliance.endsAt = min(principal.reliance.endsAt ?? .max, standing.endsAt)
        return admitted
    }

    // MARK: One tenant

    /// What the certificate is worth in one tenant, where it is pinned or leads to an anchor.
    private func standing(
        in number: UInt32,
        _ pin: Credential?,
        _ anchors: [TrustAnchor]
    ) throws(LoginRefusal) -> CertificateStanding {
        let found = try ask { (registry) throws(RegistryError) in
            try registry.tenant(number: number)
        }
        guard let tenant = found else { throw LoginRefusal(.tenantUnknown) }
        guard tenant.isEnabled else {
            throw LoginRefusal(.tenantDisabled, tenant.id.text)
        }
        if let pin, let leaf = credentials.chain.first {
            let mark = try checkPinned(leaf, tenant)
            return CertificateStanding(
                pinned: pin.number,
                certificates: [mark],
                endsAt: leaf.notAfter
            )
        }
        let (anchor, path, until) = try trusted(anchors, tenant)
        return CertificateStanding(
            anchor: anchor.number,
            certificates: path,
            endsAt: min(until, anchor.notAfter)
        )
    }

    private func listenersTenant() throws(LoginRefusal) -> Tenant? {
        guard let id = taken.tenant else { return nil }
        let found = try ask { (registry) throws(RegistryError) in try registry.tenant(id: id) }
        guard let found else { throw LoginRefusal(.tenantUnknown, id.shortened) }
        return found
    }
}
