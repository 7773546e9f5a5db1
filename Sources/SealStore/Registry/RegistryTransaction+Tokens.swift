// SPDX-License-Identifier: Apache-2.0
// Changes of what ends tokens before their time: withdrawals of single ones, and the families that
// refresh tokens belong to.

internal import SealBroker

private enum Queries {
    static let removeOldTokens = Query("DELETE FROM withdrawn_tokens WHERE expires_at < ?")
    static let countTokens = Query("SELECT count(*) FROM withdrawn_tokens WHERE tenant = ?")
    static let addToken = Query(
        "INSERT OR REPLACE INTO withdrawn_tokens (id, tenant, expires_at) VALUES (?, ?, ?)"
    )
    static let removeOldFamilies = Query("DELETE FROM token_families WHERE expires_at < ?")
    static let countFamilies = Query("SELECT count(*) FROM token_families WHERE account = ?")
    static let oldestFamily = Query(
        """
        SELECT \(Columns.family) FROM token_families WHERE account = ?
        ORDER BY expires_at, number LIMIT 1
        """
    )
    static let family = Query(
        "SELECT \(Columns.family) FROM token_families WHERE tenant = ? AND id = ?"
    )
    static let addFamily = Query(
        """
        INSERT INTO token_families (id, tenant, account, generation, expires_at)
        VALUES (?, ?, ?, ?, ?)
        """
    )
    static let advanceFamily = Query(
        """
        UPDATE token_families SET generation = ?, expires_at = ? WHERE tenant = ? AND id = ?
        """
    )
    static let removeFamily = Query("DELETE FROM token_families WHERE tenant = ? AND id = ?")
    static let removeFamilies = Query("DELETE FROM token_families WHERE account = ?")
}

extension RegistryTransaction {
    // A minute more, for clocks that are not exact.
    private var overSeconds: Int64 { now / 1_000 - 60 }

    func withdrawToken(
        id: String,
        tenant: UInt32,
        expiresAt: Int64
    ) throws(RegistryError) {
        try Validity.text(id, "the name of a token", max: 256, min: 1)
        try run(Queries.removeOldTokens, [.integer(overSeconds)])
        let count = try with { (connection: Connection) throws(RegistryError) in
            try connection.number(Queries.countTokens, [StoredValue(tenant)])
        }
        try require(
            Int(count),
            below: limits.withdrawnTokensPerTenantMax,
            "no more withdrawn tokens in this tenant"
        )
        try insert(
            Queries.addToken,
            [.text(id), StoredValue(tenant), .integer(expiresAt)],
            duplicate: "the token is withdrawn already",
            missing: Self.noTenant(tenant)
        )
        touch(.token(tenant: tenant, id: id))
        tell(.token(id: id), tenant, isWithdrawal: true)
        try note("token.withdrawn", tenant, id)
    }

    // MARK: Families

    func open(_ family: TokenFamily) throws(RegistryError) {
        try Validity.text(family.id, "the name of a family of tokens", max: 256, min: 1)
        try run(Queries.removeOldFamilies, [.integer(overSeconds)])
        let count = try with { (connection: Connection) throws(RegistryError) in
            try connection.number(Queries.countFamilies, [.integer(family.account)])
        }
        if count >= Int64(max(limits.tokenFamiliesPerAccountMax, 1)) {
            // Nobody is locked out: the one that was not renewed for the longest time ends.
            countLimitHit()
            if let oldest = try storedFamily(Queries.oldestFamily, [.integer(family.account)]) {
                try end(oldest, "too many")
            }
        }
        try insert(
            Queries.addFamily,
            [
                .text(family.id), StoredValue(family.tenant), .integer(family.account),
                .integer(family.generation), .integer(family.expiresAt),
            ],
            duplicate: "there is a family of tokens \(family.id) already",
            missing: "there is no account with number \(family.account)"
        )
        touch(.family(tenant: family.tenant, id: family.id))
    }

    func advance(
        family id: String,
        account number: Int64,
        from generation: Int64,
        expiresAt: Int64
    ) throws(RegistryError) -> TokenFamily? {
        guard let account = try account(number: number),
            var family = try storedFamily(
                Queries.family,
                [StoredValue(account.tenant), .text(id)]
            ),
            family.account == number
        else { return nil }
        guard family.generation == generation else {
            try end(family, "a refresh token was used twice")
            return nil
        }
        // The newest counts for as long as it says, whatever this clock says.
        family.generation += 1
        family.expiresAt = expiresAt
        try run(
            Queries.advanceFamily,
            [
                .integer(family.generation), .integer(expiresAt), StoredValue(family.tenant),
                .text(id),
            ]
        )
        return family
    }

    func endFamily(id: String, tenant: UInt32) throws(RegistryError) {
        let found = try storedFamily(Queries.family, [StoredValue(tenant), .text(id)])
        if let found { try end(found, "logged out") }
    }

    /// Without a word: whoever calls this tells that all logins of the account end.
    func endFamilies(account: Int64) throws(RegistryError) {
        try run(Queries.removeFamilies, [.integer(account)])
    }

    private func end(_ family: TokenFamily, _ why: String) throws(RegistryError) {
        try run(Queries.removeFamily, [StoredValue(family.tenant), .text(family.id)])
        touch(.family(tenant: family.tenant, id: family.id))
        tell(.tokenFamily(id: family.id), family.tenant, isWithdrawal: true)
        try note("token.family-ended", family.tenant, family.id, why)
    }

    private func storedFamily(
        _ query: Query,
        _ values: [StoredValue]
    ) throws(RegistryError) -> TokenFamily? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.first(query, values) { (row: inout Row) throws(RegistryError) in
                try row.family()
            }
        }
    }
}
