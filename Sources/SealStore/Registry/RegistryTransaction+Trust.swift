// SPDX-License-Identifier: Apache-2.0
// Changes of what is trusted: anchors, tenants' own authorities, revocations.

internal import SealBroker
internal import SealBytes

enum AnchorQueries {
    /// Of all tenants, and of one.
    struct Pair {
        var all: Query
        var own: Query

        init(_ column: String) {
            func query(_ condition: String) -> Query {
                Query(
                    """
                    SELECT \(Columns.anchor) FROM anchors WHERE \(condition) \(column) = ?
                    ORDER BY is_proved DESC, number LIMIT \(RegistryBounds.anchorsMax)
                    """
                )
            }
            all = query("")
            own = query("tenant = ? AND")
        }
    }

    static let bySHA256 = Pair("sha256")
    static let bySubject = Pair("subject_key")

    static let add = Query(
        """
        INSERT INTO anchors (tenant, fingerprint, sha256, subject_key, der, name, is_enabled,
            registers_devices, is_tenant_authority, not_before, not_after, is_proved, proof_code,
            proof_until, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    )
    static let replace = Query(
        """
        UPDATE anchors SET name = ?, is_enabled = ?, registers_devices = ?,
            is_tenant_authority = ?, is_proved = ?, proof_code = ?, proof_until = ?
        WHERE number = ?
        """
    )
    static let remove = Query("DELETE FROM anchors WHERE number = ?")
    static let addRevocation = Query(
        """
        INSERT INTO revocations (tenant, serial, issuer_key, revoked_at, reason)
        VALUES (?, ?, ?, ?, ?)
        """
    )
    static let replaceRevocation = Query(
        """
        UPDATE revocations SET revoked_at = ?, reason = ?
        WHERE tenant = ? AND serial = ? AND issuer_key = ?
        """
    )
    static let setAuthority = Query(
        "INSERT OR REPLACE INTO authorities (tenant, anchor, sealed) VALUES (?, ?, ?)"
    )
}

extension Connection {
    func anchors(
        _ queries: AnchorQueries.Pair,
        _ digest: [UInt8],
        _ tenant: UInt32?
    ) throws(RegistryError) -> [TrustAnchor] {
        let query = tenant == nil ? queries.all : queries.own
        let values = tenant.map { [StoredValue($0)] } ?? []
        return try all(query, values + [.bytes(digest)]) { (row: inout Row) throws(RegistryError) in
            try row.anchor()
        }
    }
}

extension RegistryTransaction {
    func add(_ anchor: TrustAnchor) throws(RegistryError) -> TrustAnchor {
        try Self.requireNoNumber(anchor.number)
        try Validity.check(anchor)
        try require(
            tallies.amount(anchor.tenant, .anchors),
            below: limits.anchorsPerTenantMax,
            "no more trusted certificates in this tenant"
        )
        try require(
            tallies.total(.anchors),
            below: limits.anchorsMax,
            "no more trusted certificates"
        )
        var anchor = anchor
        if anchor.createdAt == 0 { anchor.createdAt = now }
        anchor.number = try insert(
            AnchorQueries.add,
            [
                StoredValue(anchor.tenant), .text(anchor.fingerprint), .bytes(anchor.sha256),
                .bytes(anchor.subjectKey), .bytes(anchor.der), .text(anchor.name),
                StoredValue(anchor.isEnabled), StoredValue(anchor.registersDevices),
                StoredValue(anchor.isTenantAuthority), .integer(anchor.notBefore),
                .integer(anchor.notAfter), StoredValue(anchor.proof.isValid),
                .text(anchor.proof.code), .integer(anchor.proof.usableUntil),
                .integer(anchor.createdAt),
            ],
            duplicate: "the certificate \(anchor.fingerprint) is trusted already in this tenant",
            missing: Self.noTenant(anchor.tenant)
        )
        index(anchor)
        tallies.add(1, anchor.tenant, .anchors)
        touch(.anchor(number: anchor.number))
        tellNew(.anchor(anchor.number), anchor.tenant)
        try note("trust.added", anchor.tenant, anchor.fingerprint, anchor.name)
        return anchor
    }

    func replace(_ anchor: TrustAnchor) throws(RegistryError) {
        let old = try stored(anchor: anchor.number)
        try Validity.check(anchor)
        guard anchor.tenant == old.tenant, anchor.fingerprint == old.fingerprint,
            anchor.sha256 == old.sha256, anchor.der == old.der
        else {
            throw RegistryError(
                .invalid,
                "a trusted certificate stays the same and in its tenant; add another one instead"
            )
        }
        try update(
            AnchorQueries.replace,
            [
                .text(anchor.name), StoredValue(anchor.isEnabled),
                StoredValue(anchor.registersDevices), StoredValue(anchor.isTenantAuthority),
                StoredValue(anchor.proof.isValid), .text(anchor.proof.code),
                .integer(anchor.proof.usableUntil), .integer(anchor.number),
            ],
            duplicate: "the certificate is trusted already"
        )
        touch(.anchor(number: old.number))
        if old.proof.isValid != anchor.proof.isValid {
            // Those that are proved are found first.
            move(.removed(old.number))
            index(anchor)
        }
        let isWithdrawal = old.isEnabled && !anchor.isEnabled
        tell(.anchor(old.number), old.tenant, isWithdrawal: isWithdrawal)
        var detail = [Self.difference(isEnabled: old.isEnabled, anchor.isEnabled)]
        if old.registersDevices != anchor.registersDevices {
            detail.append(
                anchor.registersDevices ? "registers devices" : "registers no devices"
            )
        }
        if old.proof.isValid != anchor.proof.isValid {
            detail.append(anchor.proof.isValid ? "proved" : "not proved any more")
        }
        let words = detail.filter { !$0.isEmpty }.joined(separator: ", ")
        try note("trust.changed", old.tenant, old.fingerprint, words)
    }

    private func index(_ anchor: TrustAnchor) {
        let mark = AnchorMark(
            number: anchor.number,
            tenant: anchor.tenant,
            sha256: anchor.sha256,
            subjectKey: anchor.subjectKey,
            isProved: anchor.proof.isValid
        )
        if let mark { move(.added(mark)) }
    }

    func removeAnchor(number: Int64) throws(RegistryError) {
        let old = try stored(anchor: number)
        try run(AnchorQueries.remove, [.integer(number)])
        move(.removed(number))
        tallies.add(-1, old.tenant, .anchors)
        touch(.anchor(number: number))
        tell(.anchor(number), old.tenant, isWithdrawal: true, isRemoval: true)
        try note("trust.removed", old.tenant, old.fingerprint, old.name)
    }

    private func stored(anchor number: Int64) throws(RegistryError) -> TrustAnchor {
        guard let anchor = try anchor(number: number) else {
            throw RegistryError(.notFound, "there is no trusted certificate with number \(number)")
        }
        return anchor
    }

    func set(_ authority: TenantAuthority) throws(RegistryError) {
        let anchor = try stored(anchor: authority.anchor)
        guard anchor.tenant == authority.tenant else {
            throw RegistryError(.invalid, "the certificate of an authority belongs to its tenant")
        }
        try Validity.sealed(authority.sealed)
        try insert(
            AnchorQueries.setAuthority,
            [StoredValue(authority.tenant), .integer(authority.anchor), .bytes(authority.sealed)],
            duplicate: "there is an authority already",
            missing: Self.noTenant(authority.tenant)
        )
        try note("authority.set", authority.tenant, anchor.fingerprint)
    }

    // MARK: Revocations

    func revoke(_ revocation: Revocation, keepsOldDate: Bool) throws(RegistryError) {
        try Validity.check(revocation)
        let (tenant, serial, issuerKey) =
            (revocation.tenant, revocation.serial, revocation.issuerKey)
        let old = try with { (connection: Connection) throws(RegistryError) in
            try connection.revocations(tenant: tenant, serial: serial)
        }.first { $0.issuerKey == issuerKey }
        if let old {
            guard !keepsOldDate, old != revocation else { return }
            try run(
                AnchorQueries.replaceRevocation,
                [
                    .integer(revocation.revokedAt), .text(revocation.reason),
                    StoredValue(tenant), .text(serial), .bytes(issuerKey),
                ]
            )
        } else {
            try require(
                tallies.amount(tenant, .revocations),
                below: limits.revocationsPerTenantMax,
                "no more revocations in this tenant"
            )
            try insert(
                AnchorQueries.addRevocation,
                [
                    StoredValue(tenant), .text(serial), .bytes(issuerKey),
                    .integer(revocation.revokedAt), .text(revocation.reason),
                ],
                duplicate: "the serial number \(serial) is revoked already",
                missing: Self.noTenant(tenant)
            )
            tallies.add(1, tenant, .revocations)
        }
        touch(.revocation(tenant: tenant, serial: serial))
        // Told for an old one, too: its date may have been in the future.
        tell(
            .revocation(tenant: tenant, serial: serial, issuerKey: issuerKey),
            tenant,
            isWithdrawal: true
        )
        let issuer = issuerKey.isEmpty ? "" : "issuer " + Hex.encode(issuerKey)
        try note("revocation.set", tenant, serial, issuer)
    }
}
