// SPDX-License-Identifier: Apache-2.0
// Logins by certificate: one that stands in a device's credentials, or one below a certificate that
// a tenant trusts. Not here: signatures and dates of chains (`ChainJudge`).

internal import SealBytes
internal import SealTelemetry

extension LoginAttempt {
    /// The most certificates of a client that are looked at.
    static var presentedMax: Int { 10 }

    func byCertificate() throws(LoginRefusal) -> Principal {
        guard let leaf = credentials.chain.first else { throw LoginRefusal(.certificateNeeded) }
        if taken.takesPinnedCertificates, let principal = try byPinned(leaf) { return principal }
        guard taken.takesTrustedCertificates else {
            throw LoginRefusal(.certificateNotRegistered, Self.name(leaf))
        }
        guard credentials.chain.count <= Self.presentedMax else {
            throw LoginRefusal(.chainTooLong, "\(credentials.chain.count) certificates were sent")
        }
        return try byAnchor(leaf)
    }

    // MARK: Pinned certificates

    /// nil when no device has this certificate.
    private func byPinned(_ leaf: PresentedCertificate) throws(LoginRefusal) -> Principal? {
        let lookup = environment.chains.pinnedID(der: leaf.der)
        let credential = try ask { (registry) throws(RegistryError) in
            try registry.credential(kind: .certificate, lookup: lookup)
        }
        guard let credential else { return nil }
        let tenant = try tenant(number: credential.tenant)
        let mark = CertificateMark(serial: leaf.serial, issuerKey: leaf.issuerKey)
        try checkRevocation([mark], tenant)
        guard leaf.notBefore <= now else {
            throw LoginRefusal(.certificateNotYetValid, Self.name(leaf))
        }
        guard now <= leaf.notAfter else {
            throw LoginRefusal(.certificateExpired, Self.name(leaf))
        }
        let device = try device(number: credential.device)
        var reliance = Reliance()
        reliance.credential = credential.number
        reliance.certificates = [mark]
        reliance.endsAt = leaf.notAfter
        return try principal(
            device,
            .pinnedCertificate,
            tenant,
            reliance,
            proof: "certificate \(lookup)"
        )
    }

    // MARK: Trust anchors

    private func byAnchor(_ leaf: PresentedCertificate) throws(LoginRefusal) -> Principal {
        let found = try anchorsOfChain()
        let (tenant, anchors) = try choose(found)
        // The part of the chain up to the anchor; a lone certificate is all of it.
        let end = credentials.chain.firstIndex { certificate in
            anchors.contains { $0.sha256 == certificate.sha256 }
        }
        let part = credentials.chain.prefix(end.map { $0 + 1 } ?? credentials.chain.count)
        // Revocation goes before validity, so that a revoked certificate is called so.
        let marks = part.map { CertificateMark(serial: $0.serial, issuerKey: $0.issuerKey) }
        try checkRevocation(marks, tenant)
        let (anchor, path, until) = try judge(anchors)
        try checkRevocation(path.filter { !marks.contains($0) }, tenant)
        let device = try device(leaf, anchor, tenant)
        var reliance = Reliance()
        reliance.anchor = anchor.number
        reliance.certificates = path
        reliance.endsAt = min(until, anchor.notAfter)
        return try principal(
            device.userName,
            .certificate,
            tenant,
            reliance,
            clientID: device.identifier,
            device: device,
            proof: "serial \(leaf.serial) below \(anchor.fingerprint)"
        )
    }

    /// The trusted certificates of the chain, the nearest to the client's own first; of several
    /// tenants when they share one, or trust different ones of it.
    private func anchorsOfChain() throws(LoginRefusal) -> [TrustAnchor] {
        var found: [TrustAnchor] = []
        for certificate in credentials.chain {
            found += try ask { (registry) throws(RegistryError) in
                try registry.anchors(sha256: certificate.sha256)
            }
        }
        if !found.isEmpty { return try ofListener(found) }
        if credentials.chain.count == 1 {
            let issuers = try issuers(of: credentials.chain[0])
            let own = try ofListener(issuers)
            if !own.isEmpty { return own }
        } else {
            // Somebody trusts an issuer that was not sent: say which certificate is missing.
            for certificate in credentials.chain.reversed() {
                guard let issuer = try ofListener(try issuers(of: certificate)).first else {
                    continue
                }
                throw LoginRefusal(.anchorNotSent, "send \(issuer.name) \(issuer.fingerprint)")
            }
        }
        throw LoginRefusal(.anchorUnknown, credentials.chain.first.map(Self.name) ?? "")
    }

    private func issuers(
        of certificate: PresentedCertificate
    ) throws(LoginRefusal) -> [TrustAnchor] {
        try ask { (registry) throws(RegistryError) in
            try registry.anchors(subjectKey: certificate.issuerKey)
        }
    }

    /// Those of the listener's tenant, when it is for one.
    private func ofListener(_ anchors: [TrustAnchor]) throws(LoginRefusal) -> [TrustAnchor] {
        guard let id = taken.tenant, !anchors.isEmpty else { return anchors }
        let number = try tenant(id).number
        let own = anchors.filter { $0.tenant == number }
        guard !own.isEmpty else { throw LoginRefusal(.anchorOfOtherTenant, id.text) }
        return own
    }

    /// The tenant of the anchors, and those of it.
    private func choose(
        _ found: [TrustAnchor]
    ) throws(LoginRefusal) -> (tenant: Tenant, anchors: [TrustAnchor]) {
        var numbers = Set(found.map(\.tenant))
        if numbers.count > 1 {
            if let named = try namedTenant() {
                guard numbers.contains(named.number) else {
                    throw LoginRefusal(.anchorOfOtherTenant, named.id.text)
                }
                numbers = [named.number]
            } else {
                // Anybody can upload a certificate, also one nearer to the devices of others; who
                // proved to hold its key is meant.
                let proven = Set(found.filter(\.proof.isValid).map(\.tenant))
                guard proven.count == 1 else { throw LoginRefusal(.anchorShared) }
                numbers = proven
            }
        }
        guard let number = numbers.first else { throw LoginRefusal(.anchorUnknown) }
        let own = found.filter { $0.tenant == number }
        guard credentials.chain.contains(where: { $0.sha256 == own.first?.sha256 }) else {
            // Issuers that were not sent: authorities of the same name, an old and a new one.
            return (try tenant(number: number), own)
        }
        // The nearest decides: a disabled authority is not passed over for the one above it.
        return (try tenant(number: number), own.filter { $0.sha256 == own.first?.sha256 })
    }

    /// The tenant a certificate's client names: as user name, before it, or by the host.
    private func namedTenant() throws(LoginRefusal) -> Tenant? {
        let user = credentials.user ?? .empty
        let name = UserName(user)
        for id in [name.tenant, user, credentials.tenantHint] {
            guard let id, !id.isEmpty else { continue }
            let found = try ask { (registry) throws(RegistryError) in
                try registry.tenant(id: id)
            }
            if let found { return found }
        }
        if !user.isEmpty { throw LoginRefusal(.anchorOfOtherTenant, user.shortened) }
        return nil
    }

    /// The first of a tenant's anchors that the chain leads to.
    ///
    /// There are several only where authorities have the same name: an old and a new one.
    private func judge(
        _ anchors: [TrustAnchor]
    ) throws(LoginRefusal) -> (anchor: TrustAnchor, path: [CertificateMark], until: Int64) {
        var refusal: LoginRefusal?
        for anchor in anchors {
            do throws(LoginRefusal) {
                try checkStatus(anchor)
                let question = ChainQuestion(
                    chain: credentials.chain,
                    anchor: anchor,
                    lengthMax: taken.chainLengthMax,
                    now: now
                )
                switch environment.chains.judge(question) {
                case .good(let path, let until): return (anchor, path, until)
                case .refused(let reasons):
                    throw LoginRefusal(reasons.isEmpty ? [Reason(.chainBroken)] : reasons)
                }
            } catch {
                refusal = refusal ?? error
            }
        }
        throw refusal ?? LoginRefusal(.anchorUnknown)
    }

    private func checkStatus(_ anchor: TrustAnchor) throws(LoginRefusal) {
        let name = anchor.name.isEmpty ? anchor.fingerprint.text : anchor.name
        guard anchor.isEnabled else { throw LoginRefusal(.anchorDisabled, name) }
        guard anchor.notBefore <= now else { throw LoginRefusal(.anchorNotYetValid, name) }
        guard now <= anchor.notAfter else { throw LoginRefusal(.anchorExpired, name) }
    }

    private func checkRevocation(
        _ marks: [CertificateMark],
        _ tenant: Tenant
    ) throws(LoginRefusal) {
        for mark in marks {
            if taken.revoked.contains(mark) {
                throw LoginRefusal(
                    .certificateRevoked,
                    "serial \(mark.serial), by a revocation list of the listener"
                )
            }
            if let due = taken.listsDue[mark.issuerKey], due < now {
                throw LoginRefusal(
                    .revocationListOverdue,
                    "since \(Timestamp(seconds: due).text), for serial \(mark.serial)"
                )
            }
            let found = try ask { (registry) throws(RegistryError) in
                try registry.revocation(
                    tenant: tenant.number,
                    serial: mark.serial,
                    issuerKey: mark.issuerKey
                )
            }
            if let found {
                let since = Timestamp(seconds: found.revokedAt / 1000).text
                throw LoginRefusal(
                    .certificateRevoked,
                    "serial \(mark.serial) since \(since), \(found.reason)"
                )
            }
        }
    }

    // MARK: The device

    private func device(
        _ leaf: PresentedCertificate,
        _ anchor: TrustAnchor,
        _ tenant: Tenant
    ) throws(LoginRefusal) -> Device {
        guard let name = leaf.commonName, !name.isEmpty else {
            throw LoginRefusal(.commonNameMissing, "serial \(leaf.serial)")
        }
        if name.utf8.contains(UInt8(ascii: ":")) {
            throw LoginRefusal(.commonNameColon, name.shortened)
        }
        guard Device.isUsable(identifier: name) else {
            throw LoginRefusal(.commonNameUnusable, "serial \(leaf.serial)")
        }
        let isOwn =
            credentials.isClientIDAssigned || credentials.clientID.isEmpty
            || ClientIDForm(credentials.clientID).device == name
        guard isOwn else {
            throw LoginRefusal(
                .clientIDNotDevice,
                "\(credentials.clientID.shortened) instead of \(name.shortened)"
            )
        }
        let known = try ask { (registry) throws(RegistryError) in
            try registry.device(tenant: tenant.number, identifier: name)
        }
        let device = if let known { known } else { try register(name, anchor, tenant) }
        guard device.isEnabled else { throw LoginRefusal(.deviceDisabled, name.shortened) }
        guard device.takesCertificates else {
            throw LoginRefusal(.deviceTakesNoCertificates, name.shortened)
        }
        return device
    }

    /// First contact of a device below an anchor that registers devices.
    private func register(
        _ name: Name,
        _ anchor: TrustAnchor,
        _ tenant: Tenant
    ) throws(LoginRefusal) -> Device {
        guard anchor.registersDevices else {
            throw LoginRefusal(.deviceUnknown, name.shortened)
        }
        let device = Device(
            tenant: tenant.number,
            identifier: name,
            origin: .contact,
            takesCertificates: true
        )
        if taken.isRehearsal { return device }
        let author = Author(
            name: device.userName,
            tenant: tenant.number,
            source: credentials.peerAddress
        )
        let failure: RegistryError
        do throws(RegistryError) {
            return try registry.change(by: author) { (writer) throws(RegistryError) in
                try writer.add(device)
            }.result
        } catch {
            failure = error
        }
        guard failure.code == .duplicate else {
            throw LoginRefusal(.registrationFailed, failure.reason)
        }
        // The same device on another connection was faster.
        let there = try ask { (registry) throws(RegistryError) in
            try registry.device(tenant: tenant.number, identifier: name)
        }
        guard let there else { throw LoginRefusal(.registrationFailed, failure.reason) }
        return there
    }

    private static func name(_ certificate: PresentedCertificate) -> String {
        "\(certificate.commonName?.shortened ?? "no common name"), serial \(certificate.serial)"
    }
}
