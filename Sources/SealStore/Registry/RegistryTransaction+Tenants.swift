// SPDX-License-Identifier: Apache-2.0
// Changes of tenants and their accounts.

internal import SealBroker

private enum Queries {
    static let addTenant = Query(
        "INSERT INTO tenants (id, label, domain, is_enabled, created_at) VALUES (?, ?, ?, ?, ?)"
    )
    static let replaceTenant = Query(
        "UPDATE tenants SET label = ?, domain = ?, is_enabled = ? WHERE number = ?"
    )
    static let removeTenant = Query("DELETE FROM tenants WHERE number = ?")

    static let addAccount = Query(
        """
        INSERT INTO accounts (tenant, name, roles, is_enabled, hash, scram, email, first_name,
            last_name, must_change_password, created_at, password_set_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    )
    static let replaceAccount = Query(
        """
        UPDATE accounts SET name = ?, roles = ?, is_enabled = ?, hash = ?, scram = ?, email = ?,
            first_name = ?, last_name = ?, must_change_password = ?, password_set_at = ?,
            epoch = ?, link_id = ?
        WHERE number = ?
        """
    )
    static let endLogins = Query(
        "UPDATE accounts SET epoch = epoch + 1, link_id = '' WHERE number = ?"
    )
    static let removeAccount = Query("DELETE FROM accounts WHERE number = ?")
}

extension RegistryTransaction {
    func add(_ tenant: Tenant) throws(RegistryError) -> Tenant {
        try Self.requireNoNumber(Int64(tenant.number))
        try Validity.check(tenant)
        try require(tallies.amount(0, .tenants), below: limits.tenantsMax, "no more tenants")
        var tenant = tenant
        if tenant.createdAt == 0 { tenant.createdAt = now }
        let number = try insert(
            Queries.addTenant,
            [
                .text(tenant.id), .text(tenant.label),
                tenant.domain.isEmpty ? .null : .text(tenant.domain),
                StoredValue(tenant.isEnabled), .integer(tenant.createdAt),
            ],
            duplicate: "there is a tenant \(tenant.id), or one with this domain, already",
            missing: ""
        )
        guard let number = UInt32(exactly: number) else {
            throw RegistryError(.full, "no more tenants: their numbers are used up")
        }
        tenant.number = number
        tallies.add(1, 0, .tenants)
        touch(.tenant(number: number, id: tenant.id, domains: [tenant.domain]))
        tellNew(.tenant(number), number)
        try note("tenant.added", number, tenant.id)
        return tenant
    }

    func update(
        tenant number: UInt32,
        _ body: (inout Tenant) throws(RegistryError) -> Void
    ) throws(RegistryError) -> Tenant {
        let old = try stored(tenant: number)
        var tenant = old
        try body(&tenant)
        guard tenant != old else { return old }
        guard tenant.number == old.number, tenant.id == old.id,
            tenant.createdAt == old.createdAt
        else { throw RegistryError(.invalid, "the id of a tenant is never changed") }
        try Validity.check(tenant)
        try update(
            Queries.replaceTenant,
            [
                .text(tenant.label), tenant.domain.isEmpty ? .null : .text(tenant.domain),
                StoredValue(tenant.isEnabled), StoredValue(tenant.number),
            ],
            duplicate: "there is a tenant with this domain already"
        )
        touch(.tenant(number: old.number, id: old.id, domains: [old.domain, tenant.domain]))
        let isWithdrawal = old.isEnabled && !tenant.isEnabled
        tell(.tenant(old.number), old.number, isWithdrawal: isWithdrawal)
        let detail = Self.difference(isEnabled: old.isEnabled, tenant.isEnabled)
        try note("tenant.changed", old.number, old.id, detail)
        return tenant
    }

    func removeTenant(number: UInt32) throws(RegistryError) {
        let old = try stored(tenant: number)
        guard !old.isManagement else {
            throw RegistryError(
                .invalid,
                "the tenant \(old.id) administers the others and cannot be removed"
            )
        }
        try run(Queries.removeTenant, [StoredValue(number)])
        forget(tenant: number)
        tallies.add(-1, 0, .tenants)
        move(.removedAll(tenant: number))
        touch(.everything(of: number))
        tell(.tenant(number), number, isWithdrawal: true, isRemoval: true)
        try note("tenant.removed", number, old.id)
    }

    private func stored(tenant number: UInt32) throws(RegistryError) -> Tenant {
        guard let tenant = try tenant(number: number) else {
            throw RegistryError(.notFound, Self.noTenant(number))
        }
        return tenant
    }

    // MARK: Accounts

    func add(_ account: Account) throws(RegistryError) -> Account {
        try Self.requireNoNumber(account.number)
        try Validity.check(account)
        try require(
            tallies.amount(account.tenant, .accounts),
            below: limits.accountsPerTenantMax,
            "no more accounts in this tenant"
        )
        var account = account
        if account.createdAt == 0 { account.createdAt = now }
        if account.secret != nil, account.passwordSetAt == 0 { account.passwordSetAt = now }
        account.number = try insert(
            Queries.addAccount,
            [
                StoredValue(account.tenant), .text(account.name), Self.words(account.roles),
                StoredValue(account.isEnabled), StoredValue(account.secret?.hash),
                StoredValue(account.secret?.scram), .text(account.email),
                .text(account.firstName), .text(account.lastName),
                StoredValue(account.mustChangePassword), .integer(account.createdAt),
                .integer(account.passwordSetAt),
            ],
            duplicate: "there is a user \(account.name) already in this tenant",
            missing: Self.noTenant(account.tenant)
        )
        tallies.add(1, account.tenant, .accounts)
        touch(
            .account(number: account.number, tenant: account.tenant, names: [account.name])
        )
        tellNew(.account(account.number), account.tenant)
        try note("account.added", account.tenant, account.name, Self.list(account.roles))
        return account
    }

    /// What of it withdraws: being disabled, another password or name, a role less.
    ///
    /// That ends what was logged in with the account: tokens and links, too.
    func update(
        account number: Int64,
        _ body: (inout Account) throws(RegistryError) -> Void
    ) throws(RegistryError) -> Account {
        let old = try stored(account: number)
        var account = old
        try body(&account)
        guard account != old else { return old }
        guard account.number == old.number, account.tenant == old.tenant,
            account.createdAt == old.createdAt, account.epoch == old.epoch
        else { throw RegistryError(.invalid, "an account stays in its tenant, and is itself") }
        try Validity.check(account)
        let isNewSecret = account.secret != old.secret
        if isNewSecret, account.passwordSetAt == old.passwordSetAt { account.passwordSetAt = now }
        let isWithdrawal =
            (old.isEnabled && !account.isEnabled) || isNewSecret || account.name != old.name
            || !account.roles.isSuperset(of: old.roles)
        if isWithdrawal {
            account.epoch += 1
            account.linkID = ""
            try endFamilies(account: number)
        }
        try update(
            Queries.replaceAccount,
            [
                .text(account.name), Self.words(account.roles), StoredValue(account.isEnabled),
                StoredValue(account.secret?.hash), StoredValue(account.secret?.scram),
                .text(account.email), .text(account.firstName), .text(account.lastName),
                StoredValue(account.mustChangePassword), .integer(account.passwordSetAt),
                .integer(account.epoch), .text(account.linkID), .integer(number),
            ],
            duplicate: "there is a user \(account.name) already in this tenant"
        )
        touch(.account(number: number, tenant: old.tenant, names: [old.name, account.name]))
        tell(.account(number), old.tenant, isWithdrawal: isWithdrawal)
        try note("account.changed", old.tenant, old.name, Self.difference(old, account))
        return account
    }

    /// What was changed of an account, in words.
    private static func difference(_ old: Account, _ account: Account) -> String {
        var words = [difference(isEnabled: old.isEnabled, account.isEnabled)]
        if account.secret != old.secret { words.append("password") }
        if account.roles != old.roles { words.append("roles: " + list(account.roles)) }
        if account.name != old.name { words.append("name: \(account.name)") }
        if account.linkID != old.linkID, !account.linkID.isEmpty { words.append("one-time link") }
        return words.filter { !$0.isEmpty }.joined(separator: ", ")
    }

    func endLogins(account number: Int64) throws(RegistryError) {
        let old = try stored(account: number)
        try run(Queries.endLogins, [.integer(number)])
        try endFamilies(account: number)
        touch(.account(number: number, tenant: old.tenant, names: [old.name]))
        tell(.account(number), old.tenant, isWithdrawal: true)
        try note("account.logged-out", old.tenant, old.name)
    }

    func removeAccount(number: Int64) throws(RegistryError) {
        let old = try stored(account: number)
        try run(Queries.removeAccount, [.integer(number)])
        tallies.add(-1, old.tenant, .accounts)
        touch(.account(number: number, tenant: old.tenant, names: [old.name]))
        tell(.account(number), old.tenant, isWithdrawal: true, isRemoval: true)
        try note("account.removed", old.tenant, old.name)
    }

    private func stored(account number: Int64) throws(RegistryError) -> Account {
        guard let account = try account(number: number) else {
            throw RegistryError(.notFound, "there is no account with number \(number)")
        }
        return account
    }

    private static func words(_ roles: Set<Role>) -> StoredValue {
        .text(roles.map(\.rawValue).sorted().joined(separator: " "))
    }

    private static func list(_ roles: Set<Role>) -> String {
        roles.map(\.rawValue).sorted().joined(separator: " ")
    }

    /// What a switch was changed to, in a word.
    static func difference(isEnabled old: Bool, _ new: Bool) -> String {
        old == new ? "" : (new ? "enabled" : "disabled")
    }
}
