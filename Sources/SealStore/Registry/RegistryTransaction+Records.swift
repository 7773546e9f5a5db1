// SPDX-License-Identifier: Apache-2.0
// Changes of the smaller things: options, rules, requests, enrolment codes, keys, tokens.

internal import SealBroker

private enum Queries {
    static let setOptionValue = Query(
        "UPDATE options SET value = ? WHERE tenant = ? AND category = ? AND key = ?"
    )
    static let setOptionEditable = Query(
        "UPDATE options SET is_editable = ? WHERE tenant = ? AND category = ? AND key = ?"
    )
    static let addOption = Query(
        """
        INSERT INTO options (value, tenant, category, key, is_editable) VALUES (?, ?, ?, ?, 1)
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
        UPDATE codes SET hash = ?, scram = ?, expires_at = ?, bound_key = X''
        WHERE tenant = ? AND identifier = ?
        """
    )
    static let addCode = Query(
        """
        INSERT INTO codes (hash, scram, expires_at, tenant, identifier) VALUES (?, ?, ?, ?, ?)
        """
    )
    static let removeCode = Query("DELETE FROM codes WHERE tenant = ? AND identifier = ?")
    static let bindCode = Query(
        """
        UPDATE codes SET bound_key = ?
        WHERE tenant = ? AND identifier = ? AND hash = ? AND bound_key IN (X'', ?)
        """
    )
    static let spendCode = Query(
        "DELETE FROM codes WHERE tenant = ? AND identifier = ? AND hash = ? AND bound_key = ?"
    )
    static let codeExists = Query(
        "SELECT count(*) FROM codes WHERE tenant = ? AND identifier = ? AND hash = ?"
    )
    static let removeOldCodes = Query("DELETE FROM codes WHERE tenant = ? AND expires_at <= ?")
    static let countKeys = Query("SELECT count(*) FROM signing_keys")
    static let addKey = Query(
        "INSERT INTO signing_keys (id, sealed, created_at, retired_at) VALUES (?, ?, ?, ?)"
    )
    static let retireKey = Query("UPDATE signing_keys SET retired_at = ? WHERE id = ?")
    static let removeKey = Query("DELETE FROM signing_keys WHERE id = ?")
}

extension RegistryTransaction {
    func setOption(
        tenant: UInt32,
        category: String,
        key: String,
        value: String
    ) throws(RegistryError) {
        try Validity.check(TenantOption(category: category, key: key, value: value))
        let values: [StoredValue] = [
            .text(value), StoredValue(tenant), .text(category), .text(key),
        ]
        if try run(Queries.setOptionValue, values) == 0 {
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
        touch(.option(tenant: tenant, category: category, key: key))
        tell(.option(tenant: tenant), tenant, isWithdrawal: false)
        // Values may be secrets.
        try note("option.set", tenant, "\(category)/\(key)")
    }

    func setOption(
        tenant: UInt32,
        category: String,
        key: String,
        isEditable: Bool
    ) throws(RegistryError) {
        try Validity.optionName(category, key)
        let count = try run(
            Queries.setOptionEditable,
            [StoredValue(isEditable), StoredValue(tenant), .text(category), .text(key)]
        )
        guard count > 0 else {
            throw RegistryError(.notFound, "there is no option \(category)/\(key)")
        }
        touch(.option(tenant: tenant, category: category, key: key))
        tell(.option(tenant: tenant), tenant, isWithdrawal: false)
        let words = isEditable ? "editable" : "fixed"
        try note("option.set", tenant, "\(category)/\(key)", words)
    }

    func removeOption(tenant: UInt32, category: String, key: String) throws(RegistryError) {
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

    func add(_ request: RegistrationRequest) throws(RegistryError) {
        try Validity.check(request)
        try require(
            tallies.amount(request.tenant, .requests),
            below: limits.requestsPerTenantMax,
            "no more registration requests in this tenant"
        )
        try insert(
            Queries.addRequest,
            Self.values(request) + [.integer(request.createdAt == 0 ? now : request.createdAt)],
            duplicate: "the device is expected already",
            missing: Self.noTenant(request.tenant)
        )
        tallies.add(1, request.tenant, .requests)
        try note("request.set", request.tenant, request.identifier, request.status.rawValue)
    }

    func update(
        request identifier: String,
        tenant: UInt32,
        _ body: (inout RegistrationRequest) throws(RegistryError) -> Void
    ) throws(RegistryError) -> RegistrationRequest {
        guard let old = try request(tenant: tenant, identifier: identifier) else {
            throw RegistryError(.notFound, Self.noRequest)
        }
        var request = old
        try body(&request)
        guard request != old else { return old }
        try Validity.check(request)
        guard try run(Queries.replaceRequest, Self.values(request)) > 0,
            request.createdAt == old.createdAt
        else { throw RegistryError(.invalid, "a registration request stays its device's") }
        try note("request.set", tenant, identifier, request.status.rawValue)
        return request
    }

    private static let noRequest = "there is no registration request for this device"

    private static func values(_ request: RegistrationRequest) -> [StoredValue] {
        [
            .text(request.status.rawValue), .text(request.type), .text(request.group),
            .text(request.owner), .text(request.securityTokenHash), StoredValue(request.tenant),
            .text(request.identifier),
        ]
    }

    func removeRequest(tenant: UInt32, identifier: String) throws(RegistryError) {
        let values: [StoredValue] = [StoredValue(tenant), .text(identifier)]
        guard try run(Queries.removeRequest, values) > 0 else {
            throw RegistryError(.notFound, Self.noRequest)
        }
        tallies.add(-1, tenant, .requests)
        try note("request.removed", tenant, identifier)
    }

    func give(_ code: EnrolmentCode) throws(RegistryError) {
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

    func removeEnrolmentCode(tenant: UInt32, identifier: String) throws(RegistryError) {
        let values: [StoredValue] = [StoredValue(tenant), .text(identifier)]
        guard try run(Queries.removeCode, values) > 0 else {
            throw RegistryError(.notFound, "there is no enrolment code for this device")
        }
        tallies.add(-1, tenant, .codes)
        try note("code.removed", tenant, identifier)
    }

    func bind(_ code: EnrolmentCode, key: [UInt8]) throws(RegistryError) {
        let values: [StoredValue] = [
            StoredValue(code.tenant), .text(code.identifier), .text(code.secret.hash),
        ]
        guard try run(Queries.bindCode, [.bytes(key)] + values + [.bytes(key)]) == 0 else {
            return try note("code.used", code.tenant, code.identifier)
        }
        let count = try with { (connection: Connection) throws(RegistryError) in
            try connection.number(Queries.codeExists, values)
        }
        guard count == 0 else {
            throw RegistryError(.conflict, "the enrolment code has given a certificate to a key")
        }
        throw RegistryError(.notFound, "there is no enrolment code for this device")
    }

    func spend(_ code: EnrolmentCode, key: [UInt8]) throws(RegistryError) {
        let values: [StoredValue] = [
            StoredValue(code.tenant), .text(code.identifier), .text(code.secret.hash), .bytes(key),
        ]
        guard try run(Queries.spendCode, values) > 0 else { return }
        tallies.add(-1, code.tenant, .codes)
        try note("code.removed", code.tenant, code.identifier, "used")
    }

    // MARK: Keys

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

    func retireSigningKey(id: String, at time: Int64) throws(RegistryError) {
        guard try run(Queries.retireKey, [.integer(time), .text(id)]) > 0 else {
            throw RegistryError(.notFound, "there is no signing key \(id)")
        }
        try note("key.changed", 0, id, "retired")
    }

    func removeSigningKey(id: String) throws(RegistryError) {
        guard try run(Queries.removeKey, [.text(id)]) > 0 else {
            throw RegistryError(.notFound, "there is no such signing key")
        }
        try note("key.removed", 0, id)
    }
}
