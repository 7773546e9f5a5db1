// SPDX-License-Identifier: Apache-2.0
// Logins by certificate: one that stands in a device's credentials, or one below a certificate that
// a tenant trusts. Not here: which tenant is meant (`RegistryLogin+anchors`), signatures and dates
// of chains (`ChainJudge`).

internal import SealBytes
internal import SealTelemetry

extension LoginAttempt {
    /// The most certificates of a client that are looked at.
    static var presentedMax: Int { 10 }

    func byCertificate() throws(LoginRefusal) -> Principal {
        guard let leaf = credentials.chain.first else { throw LoginRefusal(.certificateNeeded) }
        let scope = try scopeOfCertificate()
        let pins = try pins(of: leaf, scope)
        guard taken.takesTrustedCertificates else {
            guard !pins.isEmpty else {
                throw LoginRefusal(.certificateNotRegistered, Self.name(leaf))
            }
            return try by(meant(pins, [], scope), pins, [])
        }
        let isTooLong = credentials.chain.count > Self.presentedMax
        if isTooLong, pins.isEmpty {
            throw LoginRefusal(.chainTooLong, "\(credentials.chain.count) certificates were sent")
        }
        let anchors = isTooLong ? [] : try anchorsOfChain(scope)
        if pins.isEmpty, anchors.isEmpty { throw try refusalOfUnknown(scope) }
        return try by(meant(pins, anchors, scope), pins, anchors)
    }

    /// The login in the tenant that is meant: a pinned certificate counts before an authority.
    private func by(
        _ meant: (tenant: UInt32, disputes: [Dispute]),
        _ pins: [Credential],
        _ anchors: [TrustAnchor]
    ) throws(LoginRefusal) -> Principal {
        guard let leaf = credentials.chain.first else { throw LoginRefusal(.certificateNeeded) }
        var principal =
            if let pin = pins.first(where: { $0.tenant == meant.tenant }) {
                try byPinned(leaf, pin)
            } else {
                try byAnchor(leaf, nearest(anchors.filter { $0.tenant == meant.tenant }))
            }
        principal.notes.disputes = meant.disputes
        return principal
    }

    // MARK: Pinned certificates

    /// The devices' credentials with this certificate, of the scope or of all tenants.
    func pins(
        of leaf: PresentedCertificate,
        _ scope: Tenant?
    ) throws(LoginRefusal) -> [Credential] {
        guard taken.takesPinnedCertificates else { return [] }
        return try rows(.certificate, environment.chains.pinnedID(der: leaf.der), scope)
    }

    /// A pinned certificate is good within its time, as long as nobody revokes it.
    func checkPinned(
        _ leaf: PresentedCertificate,
        _ tenant: Tenant
    ) throws(LoginRefusal) -> CertificateMark {
        let mark = CertificateMark(serial: leaf.serial, issuerKey: leaf.issuerKey)
        try checkRevocation([mark], tenant)
        guard leaf.notBefore <= now else {
            throw LoginRefusal(.certificateNotYetValid, Self.name(leaf))
        }
        guard now <= leaf.notAfter else {
            throw LoginRefusal(.certificateExpired, Self.name(leaf))
        }
        return mark
    }

    private func byPinned(
        _ leaf: PresentedCertificate,
        _ credential: Credential
    ) throws(LoginRefusal) -> Principal {
        let tenant = try tenant(number: credential.tenant)
        let mark = try checkPinned(leaf, tenant)
        let device = try device(number: credential.device)
        var reliance = Reliance()
        reliance.credential = credential.number
        reliance.certificates = [mark]
        reliance.endsAt = leaf.notAfter
        var principal = try principal(
            device,
            .pinnedCertificate,
            tenant,
            reliance,
            proof: "certificate \(credential.lookup)"
        )
        // On a tenant's own listener it says nothing against others.
        let isOpen = try scopeOfCertificate() == nil && !taken.isRehearsal
        if isOpen, !credential.proof.isValid, credential.firstUsedAt == 0 {
            principal.notes.firstUse = credential.number
        }
        return principal
    }

    // MARK: Trust anchors

    private func byAnchor(
        _ leaf: PresentedCertificate,
        _ anchors: [TrustAnchor]
    ) throws(LoginRefusal) -> Principal {
        guard let first = anchors.first else { throw LoginRefusal(.anchorUnknown) }
        let tenant = try tenant(number: first.tenant)
        let (anchor, path, until) = try trusted(anchors, tenant)
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

    /// Judges the chain by a tenant's anchors.
    func trusted(
        _ anchors: [TrustAnchor],
        _ tenant: Tenant
    ) throws(LoginRefusal) -> (anchor: TrustAnchor, path: [CertificateMark], until: Int64) {
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
        return (anchor, path, until)
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

    static func name(_ certificate: PresentedCertificate) -> String {
        "\(certificate.commonName?.shortened ?? "no common name"), serial \(certificate.serial)"
    }
}
