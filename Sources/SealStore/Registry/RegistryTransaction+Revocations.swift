// SPDX-License-Identifier: Apache-2.0
// Changes of what is revoked: entries of a serial number and its authority.

internal import SealBroker
internal import SealBytes

enum RevocationQueries {
    static let add = Query(
        """
        INSERT INTO revocations (tenant, serial, issuer_key, revoked_at, reason)
        VALUES (?, ?, ?, ?, ?)
        """
    )
    static let replace = Query(
        """
        UPDATE revocations SET revoked_at = ?, reason = ?
        WHERE tenant = ? AND serial = ? AND issuer_key = ?
        """
    )
    static let remove = Query(
        "DELETE FROM revocations WHERE tenant = ? AND serial = ? AND issuer_key = ?"
    )
}

extension RegistryTransaction {
    func revoke(_ revocation: Revocation, keepsOldDate: Bool) throws(RegistryError) {
        try Validity.check(revocation)
        var wanted = revocation
        if let old = try entry(revocation.tenant, revocation.serial, revocation.issuer) {
            if keepsOldDate { wanted.revokedAt = old.revokedAt }
            // What is final does not become a hold, which could be taken back.
            let isFinal = old.reason != Revocation.hold
            let isSilent = wanted.reason == Revocation.unspecified
            if isSilent || (isFinal && wanted.reason == Revocation.hold) {
                wanted.reason = old.reason
            }
            guard old != wanted else { return }
            try run(
                RevocationQueries.replace,
                [
                    .integer(wanted.revokedAt), .text(wanted.reason), StoredValue(wanted.tenant),
                    .text(wanted.serial), .bytes(wanted.issuer.stored),
                ]
            )
        } else {
            try insert(wanted)
        }
        touch(.revocation(tenant: wanted.tenant, serial: wanted.serial))
        // Told for an old one, too: its date may have been in the future.
        tell(Self.subject(wanted), wanted.tenant, isWithdrawal: true)
        try note("revocation.set", wanted.tenant, wanted.serial, Self.words(wanted.issuer))
    }

    private func insert(_ revocation: Revocation) throws(RegistryError) {
        try require(
            tallies.amount(revocation.tenant, .revocations),
            below: limits.revocationsPerTenantMax,
            "no more revocations in this tenant"
        )
        try insert(
            RevocationQueries.add,
            [
                StoredValue(revocation.tenant), .text(revocation.serial),
                .bytes(revocation.issuer.stored), .integer(revocation.revokedAt),
                .text(revocation.reason),
            ],
            duplicate: "the serial number \(revocation.serial) is revoked already",
            missing: Self.noTenant(revocation.tenant)
        )
        tallies.add(1, revocation.tenant, .revocations)
    }

    func release(
        tenant: UInt32,
        serial: String,
        issuer: RevokedIssuer
    ) throws(RegistryError) {
        let all = try entries(tenant, serial)
        let found = all.first { $0.issuer == issuer } ?? all.first { $0.issuer.key == issuer.key }
        guard let old = found else {
            throw RegistryError(.notFound, "there is no revocation of \(serial) by this authority")
        }
        guard old.reason == Revocation.hold else {
            throw RegistryError(
                .conflict,
                "\(serial) is revoked for good (\(old.reason)); only certificateHold ends again"
            )
        }
        try remove(old)
        try note("revocation.released", tenant, serial, Self.words(old.issuer))
    }

    func narrow(_ revocation: Revocation) throws(RegistryError) {
        try Validity.check(revocation)
        guard !revocation.issuer.key.isEmpty,
            let wide = try entry(revocation.tenant, revocation.serial, .every)
        else {
            throw RegistryError(
                .notFound,
                "no revocation of \(revocation.serial) means every authority"
            )
        }
        // One transaction: at no moment is the certificate that is meant not revoked.
        var wanted = wide
        wanted.issuer = revocation.issuer
        if revocation.reason != Revocation.unspecified { wanted.reason = revocation.reason }
        if wide.reason != Revocation.hold, wanted.reason == Revocation.hold {
            wanted.reason = wide.reason
        }
        try remove(wide)
        try revoke(wanted, keepsOldDate: true)
        try note(
            "revocation.narrowed",
            wide.tenant,
            wide.serial,
            Self.words(wanted.issuer)
        )
    }

    private func remove(_ old: Revocation) throws(RegistryError) {
        try run(
            RevocationQueries.remove,
            [StoredValue(old.tenant), .text(old.serial), .bytes(old.issuer.stored)]
        )
        tallies.add(-1, old.tenant, .revocations)
        touch(.revocation(tenant: old.tenant, serial: old.serial))
        tell(Self.subject(old), old.tenant, isWithdrawal: false)
    }

    private func entry(
        _ tenant: UInt32,
        _ serial: String,
        _ issuer: RevokedIssuer
    ) throws(RegistryError) -> Revocation? {
        try entries(tenant, serial).first { $0.issuer == issuer }
    }

    private func entries(
        _ tenant: UInt32,
        _ serial: String
    ) throws(RegistryError) -> [Revocation] {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.revocations(tenant: tenant, serial: serial)
        }
    }

    private static func subject(_ one: Revocation) -> IdentityChange.Subject {
        .revocation(tenant: one.tenant, serial: one.serial, issuer: one.issuer)
    }

    private static func words(_ issuer: RevokedIssuer) -> String {
        if issuer.key.isEmpty { return "every authority" }
        let key = "issuer " + Hex.encode(issuer.key)
        return issuer.reachesBelow ? key + " and those below" : key
    }
}
