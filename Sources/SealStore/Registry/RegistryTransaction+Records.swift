// SPDX-License-Identifier: Apache-2.0
// Changes of the smaller things: options, rules, requests, enrolment codes, keys, tokens.

internal import SealBroker
internal import SealBytes

private enum Queries {
    static let replaceOption = Query(
        """
        UPDATE options SET value = ?, is_editable = ?
        WHERE tenant = ? AND category = ? AND key = ?
        """
    )
    static let addOption = Query(
        """
        INSERT INTO options (value, is_editable, tenant, category, key) VALUES (?, ?, ?, ?, ?)
        """
    )
    static let removeOption = Query(
        "DELETE FROM options WHERE tenant = ? AND category = ? AND key = ?"
    )
    static let removeRules = Query("DELETE FROM rules WHERE tenant = ?")
    static let addRule = Query(
        """
        INSERT INTO rules (tenant, position, effect, act, filter, subject)
        VALUES (?, ?, ?, ?, ?, ?)
        """
    )
    static let replaceRequest = Query(
        """
        UPDATE requests SET status = ?, type = ?, device_group = ?, owner = ?,
            security_token_hash = ?
        WHERE tenant = ? AND identifier = ?
        """
    )
    static let addRequest = Query(
        """
        INSERT INTO requests (status, type, device_group, owner, security_token_hash, tenant,
            identifier, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    )
    static let removeRequest = Query("DELETE FROM requests WHERE tenant = ? AND identifier = ?")
    static let replaceCode = Query(
        """
        UPDATE codes SET hash = ?, scram = ?, expires_at = ? WHERE tenant = ? AND identifier = ?
        """
    )
    static let addCode = Query(
        """
        INSERT INTO codes (hash, scram, expires_at, tenant, identifier) VALUES (?, ?, ?, ?, ?)
        """
    )
    static let removeCode = Query("DELETE FROM codes WHERE tenant = ? AND identifier = ?")
    static let removeOldCodes = Query("DELETE FROM codes WHERE tenant = ? AND expires_at <= ?")
    static let countKeys = Query("SELECT count(*) FROM signing_keys")
    static let addKey = Query(
        "INSERT INTO signing_keys (id, sealed, created_at, retired_at) VALUES (?, ?, ?, ?)"
    )
    static let replaceKey = Query(
        "UPDATE signing_keys SET sealed = ?, retired_at = ? WHERE id = ?"
    )
    static let removeKey = Query("DELETE FROM signing_keys WHERE id = ?")
    static let removeOldTokens = Query("DELETE FROM withdrawn_tokens WHERE expires_at < ?")
    static let countTokens = Query("SELECT count(*) FROM withdrawn_tokens WHERE tenant = ?")
    static let addToken = Query(
        "INSERT OR REPLACE INTO withdrawn_tokens (id, tenant, expires_at) VALUES (?, ?, ?)"
    )
}

extension RegistryTransaction {
    func setOption(tenant: UInt32, _ option: TenantOption) throws(RegistryError) {
        try Validity.check(option)
        let values: [StoredValue] = [
            .text(option.value), StoredValue(option.isEditable), StoredValue(tenant),
            .text(option.category), .text(option.key),
        ]
        if try run(Queries.replaceOption, values) == 0 {
            try require(
                tallies.amount(tenant, .options),
                below: limits.optionsPerTenantMax,
                "no more options in this tenant"
            )
            try insert(
                Queries.addOption,
                values,
                duplicate: "there is such an option already",
                missing: Self.noTenant(tenant)
            )
            tallies.add(1, tenant, .options)
        }
        touch(.option(tenant: tenant, category: option.category, key: option.key))
        tell(.option(tenant: tenant), tenant, isWithdrawal: false)
        // Values may be secrets.
        try note("option.set", tenant, "\(option.category)/\(option.key)")
    }

    func removeOption(tenant: UInt32, category: Name, key: Name) throws(RegistryError) {
        try Validity.optionName(category, key)
        let count = try run(
            Queries.removeOption,
            [StoredValue(tenant), .text(category), .text(key)]
        )
        guard count > 0 else {
            throw RegistryError(.notFound, "there is no option \(category)/\(key)")
        }
        tallies.add(-1, tenant, .options)
        touch(.option(tenant: tenant, category: category, key: key))
        tell(.option(tenant: tenant), tenant, isWithdrawal: false)
        try note("option.removed", tenant, "\(category)/\(key)")
    }

    func setPolicy(tenant: UInt32, _ rules: [PolicyRule]) throws(RegistryError) {
        try require(
            rules.count - 1,
            below: limits.rulesPerTenantMax,
            "\(rules.count) policy rules are too many for a tenant"
        )
        for rule in rules {
            try Validity.check(rule)
            guard rule.tenant == tenant else {
                throw RegistryError(.invalid, "a policy rule belongs to the tenant of its policy")
            }
        }
        guard try self.tenant(number: tenant) != nil else {
            throw RegistryError(.notFound, Self.noTenant(tenant))
        }
        try run(Queries.removeRules, [StoredValue(tenant)])
        for rule in rules {
            try run(
                Queries.addRule,
                [
                    StoredValue(tenant), .integer(rule.position), .text(rule.effect.rawValue),
                    .text(rule.act.rawValue), .text(rule.filter), .text(rule.subject),
                ]
            )
        }
        touch(.policy(tenant: tenant))
        tell(.policy(tenant: tenant), tenant, isWithdrawal: false)
        try note("policy.set", tenant, "policy", "\(rules.count) rules")
    }

    // MARK: Registration

    func set(_ request: RegistrationRequest) throws(RegistryError) {
        try Validity.check(request)
        var values: [StoredValue] = [
            .text(request.status.rawValue), .text(request.type), .text(request.group),
            .text(request.owner), .text(request.securityTokenHash), StoredValue(request.tenant),
            .text(request.identifier),
        ]
        if try run(Queries.replaceRequest, values) == 0 {
            try require(
                tallies.amount(request.tenant, .requests),
                below: limits.requestsPerTenantMax,
                "no more registration requests in this tenant"
            )
            values.append(.integer(request.createdAt == 0 ? now : request.createdAt))
            try insert(
                Queries.addRequest,
                values,
                duplicate: "there is such a registration request already",
                missing: Self.noTenant(request.tenant)
            )
            tallies.add(1, request.tenant, .requests)
        }
        try note("request.set", request.tenant, request.identifier, request.status.rawValue)
    }

    func removeRequest(tenant: UInt32, identifier: Name) throws(RegistryError) {
        let values: [StoredValue] = [StoredValue(tenant), .text(identifier)]
        guard try run(Queries.removeRequest, values) > 0 else {
            throw RegistryError(.notFound, "there is no registration request for this device")
        }
        tallies.add(-1, tenant, .requests)
        try note("request.removed", tenant, identifier)
    }

    func set(_ code: EnrolmentCode) throws(RegistryError) {
        try Validity.identifier(code.identifier)
        try Validity.check(code.secret)
        let values: [StoredValue] = [
            .text(code.secret.hash), StoredValue(code.secret.scram), .integer(code.expiresAt),
            StoredValue(code.tenant), .text(code.identifier),
        ]
        if try run(Queries.replaceCode, values) == 0 {
            if tallies.amount(code.tenant, .codes) >= limits.codesPerTenantMax {
                let old = try run(
                    Queries.removeOldCodes,
                    [StoredValue(code.tenant), .integer(now)]
                )
                tallies.add(-old, code.tenant, .codes)
            }
            try require(
                tallies.amount(code.tenant, .codes),
                below: limits.codesPerTenantMax,
                "no more enrolment codes in this tenant"
            )
            try insert(
                Queries.addCode,
                values,
                duplicate: "there is an enrolment code for this device already",
                missing: Self.noTenant(code.tenant)
            )
            tallies.add(1, code.tenant, .codes)
        }
        try note("code.set", code.tenant, code.identifier)
    }

    func removeEnrolmentCode(tenant: UInt32, identifier: Name) throws(RegistryError) {
        let values: [StoredValue] = [StoredValue(tenant), .text(identifier)]
        guard try run(Queries.removeCode, values) > 0 else {
            throw RegistryError(.notFound, "there is no enrolment code for this device")
        }
        tallies.add(-1, tenant, .codes)
        try note("code.removed", tenant, identifier)
    }

    // MARK: Tokens

    func add(_ key: SigningKey) throws(RegistryError) {
        try Validity.check(key)
        let count = try with { (connection: Connection) throws(RegistryError) in
            try connection.number(Queries.countKeys)
        }
        try require(Int(count), below: limits.signingKeysMax, "no more signing keys")
        try insert(
            Queries.addKey,
            [
                .text(key.id), .bytes(key.sealed),
                .integer(key.createdAt == 0 ? now : key.createdAt), .integer(key.retiredAt),
            ],
            duplicate: "there is a signing key \(key.id) already",
            missing: ""
        )
        try note("key.added", 0, key.id)
    }

    func replace(_ key: SigningKey) throws(RegistryError) {
        try Validity.check(key)
        let values: [StoredValue] = [
            .bytes(key.sealed), .integer(key.retiredAt), .text(key.id),
        ]
        guard try run(Queries.replaceKey, values) > 0 else {
            throw RegistryError(.notFound, "there is no signing key \(key.id)")
        }
        try note("key.changed", 0, key.id, key.retiredAt == 0 ? "" : "retired")
    }

    func removeSigningKey(id: Name) throws(RegistryError) {
        guard try run(Queries.removeKey, [.text(id)]) > 0 else {
            throw RegistryError(.notFound, "there is no such signing key")
        }
        try note("key.removed", 0, id)
    }

    func withdrawToken(
        id: Name,
        tenant: UInt32,
        expiresAt: Int64
    ) throws(RegistryError) {
        try Validity.text(id, "the name of a token", max: 256, min: 1)
        // A minute more, for clocks that are not exact.
        try run(Queries.removeOldTokens, [.integer(now / 1_000 - 60)])
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
        touch(.token(id: id))
        tell(.token(id: id), tenant, isWithdrawal: true)
        try note("token.withdrawn", tenant, id)
    }
}
