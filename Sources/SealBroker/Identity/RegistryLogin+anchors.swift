// SPDX-License-Identifier: Apache-2.0
// Which tenant a client with a certificate is meant for. Certificates are public: anybody can pin
// or trust those of others. So what was proved counts first, then what is older.

/// What a tenant registered for a certificate or for one that issued it.
private struct CertificateClaim {
    enum Kind {
        case pin(Credential)
        case anchor(TrustAnchor)
    }

    var kind: Kind
    var tenant: UInt32
    var rank: RegistrationRank

    init(_ pin: Credential) {
        kind = .pin(pin)
        tenant = pin.tenant
        rank = RegistrationRank(
            // One that never let its device in yields to every authority; one that did is not
            // led away by an authority that somebody uploads later.
            proof: pin.proof.isValid ? 2 : pin.firstUsedAt != 0 ? 1 : 0,
            registeredAt: pin.registeredAt,
            number: pin.number
        )
    }

    init(_ anchor: TrustAnchor) {
        kind = .anchor(anchor)
        tenant = anchor.tenant
        rank = RegistrationRank(
            proof: anchor.proof.isValid ? 2 : 1,
            registeredAt: anchor.createdAt,
            number: anchor.number
        )
    }

    func dispute(counts: Bool) -> Dispute {
        switch kind {
        case .pin(let pin):
            Dispute(tenant: tenant, subject: pin.uuid, device: pin.device, counts: counts)
        case .anchor(let anchor):
            Dispute(tenant: tenant, subject: anchor.fingerprint, device: nil, counts: counts)
        }
    }
}

extension LoginAttempt {
    /// The most tenants that are told that another one's registration counts.
    private static var disputesMax: Int { 4 }

    /// The trusted certificates that may be meant, those of the chain nearest to the client's own
    /// first; of one tenant, or of all without a scope.
    func anchorsOfChain(_ scope: Tenant?) throws(LoginRefusal) -> [TrustAnchor] {
        var found: [TrustAnchor] = []
        for certificate in credentials.chain {
            found += try ask { (registry) throws(RegistryError) in
                try registry.anchors(sha256: certificate.sha256, tenant: scope?.number)
            }
        }
        // Of a lone certificate the issuer may be known. It counts beside the certificate itself,
        // which another tenant may trust.
        if credentials.chain.count == 1, scope == nil || found.isEmpty {
            let known = Set(found.map(\.number))
            found += try issuers(of: credentials.chain[0], scope)
                .filter { !known.contains($0.number) }
        }
        return found
    }

    private func issuers(
        of certificate: PresentedCertificate,
        _ scope: Tenant?
    ) throws(LoginRefusal) -> [TrustAnchor] {
        try ask { (registry) throws(RegistryError) in
            try registry.anchors(subjectKey: certificate.issuerKey, tenant: scope?.number)
        }
    }

    /// Why nobody knows the chain.
    func refusalOfUnknown(_ scope: Tenant?) throws(LoginRefusal) -> LoginRefusal {
        if let scope { _ = try tenant(number: scope.number) }
        if credentials.chain.count > 1 {
            // Somebody trusts an issuer that was not sent: say which certificate is missing.
            for certificate in credentials.chain.reversed() {
                guard let issuer = try issuers(of: certificate, scope).first else { continue }
                return LoginRefusal(.anchorNotSent, "send \(issuer.name) \(issuer.fingerprint)")
            }
        }
        if let scope { return LoginRefusal(.anchorOfOtherTenant, scope.id.text) }
        return LoginRefusal(.anchorUnknown, credentials.chain.first.map(Self.name) ?? "")
    }

    /// The anchors of one tenant that a chain is judged by.
    ///
    /// The nearest decides: a disabled authority is not passed over for the one above it. Of
    /// issuers that were not sent there may be several of one name, an old and a new one.
    func nearest(_ own: [TrustAnchor]) -> [TrustAnchor] {
        guard let first = own.first,
            credentials.chain.contains(where: { $0.sha256 == first.sha256 })
        else { return own }
        return own.filter { $0.sha256 == first.sha256 }
    }

    /// The tenant whose registration counts, and the others that have one.
    func meant(
        _ pins: [Credential],
        _ anchors: [TrustAnchor],
        _ scope: Tenant?
    ) throws(LoginRefusal) -> (tenant: UInt32, disputes: [Dispute]) {
        let tenants = Set(pins.map(\.tenant) + anchors.map(\.tenant))
        guard let only = tenants.first else { throw LoginRefusal(.anchorUnknown) }
        if tenants.count == 1 { return (only, []) }
        if let named = try namedTenant(tenants) { return (named, []) }
        let claims = (pins.map(CertificateClaim.init) + anchors.map(CertificateClaim.init))
            .sorted { $0.rank < $1.rank }
        var winner: CertificateClaim?
        var disputes: [Dispute] = []
        var told: Set<UInt32> = []
        for claim in claims where !told.contains(claim.tenant) {
            guard disputes.count <= Self.disputesMax else { break }
            guard leads(to: claim) else { continue }
            told.insert(claim.tenant)
            disputes.append(claim.dispute(counts: winner == nil))
            if winner == nil { winner = claim }
        }
        // Where the chain leads to nobody's certificate, the first says why.
        guard let tenant = winner?.tenant ?? claims.first?.tenant else {
            throw LoginRefusal(.anchorUnknown)
        }
        return (tenant, disputes.count > 1 ? disputes : [])
    }

    /// The client has this certificate, or its chain is signed by the trusted one.
    ///
    /// The name of an issuer proves nothing: anybody can make an authority of the same name. What
    /// else may be wrong with the chain does not make it another tenant's.
    private func leads(to claim: CertificateClaim) -> Bool {
        guard case .anchor(let anchor) = claim.kind else { return true }
        let question = ChainQuestion(
            chain: credentials.chain,
            anchor: anchor,
            lengthMax: taken.chainLengthMax,
            now: now
        )
        switch environment.chains.judge(question) {
        case .good: return true
        case .refused(let reasons): return !reasons.contains { $0.code == .chainBroken }
        }
    }

    /// The one of several tenants that the user name is the id of.
    private func namedTenant(_ tenants: Set<UInt32>) throws(LoginRefusal) -> UInt32? {
        guard let user = credentials.user, !user.isEmpty else { return nil }
        let found = try ask { (registry) throws(RegistryError) in try registry.tenant(id: user) }
        return found.flatMap { tenants.contains($0.number) ? $0.number : nil }
    }
}
