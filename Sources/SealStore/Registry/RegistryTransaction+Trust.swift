// SPDX-License-Identifier: Apache-2.0
// Changes of what is trusted: anchors and tenants' own authorities.

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
    static let addAuthority = Query(
        "INSERT INTO authorities (tenant, anchor, sealed) VALUES (?, ?, ?)"
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

    func update(
        anchor number: Int64,
        _ body: (inout TrustAnchor) throws(RegistryError) -> Void
    ) throws(RegistryError) -> TrustAnchor {
        let old = try stored(anchor: number)
        var anchor = old
        try body(&anchor)
        guard anchor != old else { return old }
        try Validity.check(anchor)
        guard anchor.number == old.number, anchor.tenant == old.tenant,
            anchor.fingerprint == old.fingerprint, anchor.sha256 == old.sha256,
            anchor.der == old.der
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
        return anchor
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

    func add(_ authority: TenantAuthority) throws(RegistryError) {
        let anchor = try stored(anchor: authority.anchor)
        guard anchor.tenant == authority.tenant else {
            throw RegistryError(.invalid, "the certificate of an authority belongs to its tenant")
        }
        try Validity.sealed(authority.sealed)
        try insert(
            AnchorQueries.addAuthority,
            [StoredValue(authority.tenant), .integer(authority.anchor), .bytes(authority.sealed)],
            duplicate: "the tenant has an authority already",
            missing: Self.noTenant(authority.tenant)
        )
        try note("authority.added", authority.tenant, anchor.fingerprint)
    }
}
