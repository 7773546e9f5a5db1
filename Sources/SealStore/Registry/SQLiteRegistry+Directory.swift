// SPDX-License-Identifier: Apache-2.0
// The look-ups of a login: from memory where it is known, else down one index.

public import SealBroker

extension SQLiteRegistry {
    /// What is in memory under the key, or what the file says, which is then kept.
    ///
    /// It is kept only when nothing was changed since before it was read.
    func look<Value: Sendable>(
        _ find: (inout RegistryCache) -> Value?,
        else fetch: (Connection) throws(RegistryError) -> Value,
        keep: (inout RegistryCache, Value) -> Void
    ) throws(RegistryError) -> Value {
        let (known, numberBefore) = cache.withLock { cache in (find(&cache), cache.changeNumber) }
        if let known { return known }
        let value = try read(fetch)
        // A change that this thread is just making is not committed.
        guard !isChanging else { return value }
        cache.withLock { cache in
            if cache.changeNumber == numberBefore { keep(&cache, value) }
        }
        return value
    }

    /// The tenant with this number.
    public func tenant(number: UInt32) throws(RegistryError) -> Tenant? {
        try look(
            { cache in cache.tenantsByNumber.find(number).map(Optional.some) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.tenant(number: number)
            },
            keep: { cache, tenant in
                if let tenant { cache.tenantsByNumber.keep(tenant, for: number) }
            }
        )
    }

    /// The tenant with this id.
    public func tenant(id: String) throws(RegistryError) -> Tenant? {
        try look(
            { cache in
                cache.tenantNumbersByID.find(NameKey(id)).flatMap { cache.tenantsByNumber.find($0) }
                    .map(Optional.some)
            },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.tenant(id: id)
            },
            keep: { cache, tenant in
                guard let tenant else { return }
                cache.tenantNumbersByID.keep(tenant.number, for: NameKey(id))
                cache.tenantsByNumber.keep(tenant, for: tenant.number)
            }
        )
    }

    /// The tenant with this host name.
    public func tenant(domain: String) throws(RegistryError) -> Tenant? {
        guard !domain.isEmpty, domain.utf8.count <= 253 else { return nil }
        return try look(
            { cache in
                cache.tenantNumbersByDomain.find(NameKey(domain)).flatMap {
                    cache.tenantsByNumber.find($0)
                }.map(Optional.some)
            },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.tenant(domain: domain)
            },
            keep: { cache, tenant in
                // Who chooses a host name that nobody has leaves nothing here.
                guard let tenant else { return }
                cache.tenantNumbersByDomain.keep(tenant.number, for: NameKey(domain))
                cache.tenantsByNumber.keep(tenant, for: tenant.number)
            }
        )
    }

    /// The anchors with this certificate, of a tenant or of all.
    public func anchors(
        sha256: [UInt8],
        tenant: UInt32?
    ) throws(RegistryError) -> [TrustAnchor] {
        try anchors(cache.withLock { $0.anchorIndex.numbers(sha256: sha256, of: tenant) })
    }

    /// The anchors with this subject, of a tenant or of all.
    public func anchors(
        subjectKey: [UInt8],
        tenant: UInt32?
    ) throws(RegistryError) -> [TrustAnchor] {
        try anchors(cache.withLock { $0.anchorIndex.numbers(subjectKey: subjectKey, of: tenant) })
    }

    private func anchors(_ numbers: [Int64]) throws(RegistryError) -> [TrustAnchor] {
        var found: [TrustAnchor] = []
        for number in numbers {
            // One that was removed meanwhile is none any more.
            if let anchor = try anchor(number: number) { found.append(anchor) }
        }
        return found
    }

    /// The anchor with this number.
    public func anchor(number: Int64) throws(RegistryError) -> TrustAnchor? {
        try look(
            { cache in cache.anchors.find(number).map(Optional.some) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.anchor(number: number)
            },
            keep: { cache, anchor in if let anchor { cache.anchors.keep(anchor, for: number) } }
        )
    }

    /// The device with this number.
    public func device(number: Int64) throws(RegistryError) -> Device? {
        try look(
            { cache in cache.devicesByNumber.find(number).map(Optional.some) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.device(number: number)
            },
            keep: { cache, device in
                if let device { cache.devicesByNumber.keep(device, for: number) }
            }
        )
    }

    /// The device with this identifier.
    public func device(
        tenant: UInt32,
        identifier: String
    ) throws(RegistryError) -> Device? {
        let key = TenantKey(tenant: tenant, name: identifier)
        return try look(
            { cache in cache.devicesByIdentifier.find(key).map(Optional.some) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.device(tenant: tenant, identifier: identifier)
            },
            keep: { cache, device in
                // That there is none is not kept: unknown names are without end.
                if let device { cache.devicesByIdentifier.keep(device, for: key) }
            }
        )
    }

    /// The credential of a tenant that is found by this.
    public func credential(
        tenant: UInt32,
        kind: CredentialKind,
        lookup: String
    ) throws(RegistryError) -> Credential? {
        let all = try credentials(kind: kind, lookup: lookup)
        if let own = all.first(where: { $0.tenant == tenant }) { return own }
        // Only where more tenants have it than are kept in memory is it still to be found.
        guard all.count >= RegistryBounds.candidatesMax else { return nil }
        return try read { (connection: Connection) throws(RegistryError) in
            try connection.credential(tenant: tenant, kind: kind, lookup: lookup)
        }
    }

    /// The credentials of all tenants that are found by this.
    public func credentials(
        kind: CredentialKind,
        lookup: String
    ) throws(RegistryError) -> [Credential] {
        guard lookup.utf8.count <= Validity.lookupBytesMax else { return [] }
        let key = CredentialKey(kind: kind, lookup: lookup)
        return try look(
            { cache in cache.credentials.find(key) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.credentials(kind: kind, lookup: lookup)
            },
            keep: { cache, credentials in
                // That there are none is not kept: strangers choose what is looked up.
                guard !credentials.isEmpty else { return }
                cache.credentials.keep(credentials, for: key, weight: credentials.count)
            }
        )
    }

    /// The account with this name.
    public func account(tenant: UInt32, name: String) throws(RegistryError) -> Account? {
        let key = TenantKey(tenant: tenant, name: name)
        return try look(
            { cache in cache.accountsByName.find(key).map(Optional.some) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.account(tenant: tenant, name: name)
            },
            keep: { cache, account in
                if let account { cache.accountsByName.keep(account, for: key) }
            }
        )
    }

    /// The account with this number.
    public func account(number: Int64) throws(RegistryError) -> Account? {
        try look(
            { cache in cache.accountsByNumber.find(number).map(Optional.some) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.account(number: number)
            },
            keep: { cache, account in
                if let account { cache.accountsByNumber.keep(account, for: number) }
            }
        )
    }

    /// The revocation of a serial number that holds for these issuers, the nearest first.
    public func revocation(
        tenant: UInt32,
        serial: String,
        issuers: [[UInt8]]
    ) throws(RegistryError) -> Revocation? {
        let key = TenantKey(tenant: tenant, name: serial)
        return try look(
            { cache in
                cache.revokingTenants.contains(tenant) ? cache.revocations.find(key) : []
            },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.revocations(tenant: tenant, serial: serial)
            },
            keep: { cache, revocations in
                cache.revocations.keep(revocations, for: key, weight: 1 + revocations.count)
            }
        ).holding(for: issuers)
    }

    /// The value of an option.
    public func option(
        tenant: UInt32,
        category: String,
        key: String
    ) throws(RegistryError) -> String? {
        let name = OptionKey(tenant: tenant, category: category, key: key)
        return try look(
            { cache in cache.options.find(name) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.option(tenant: tenant, category: category, key: key)
            },
            keep: { cache, value in
                // A long value counts as many.
                let weight = 1 + (value?.utf8.count ?? 0) / 256
                cache.options.keep(value, for: name, weight: weight)
            }
        )
    }

    /// The tenant's rules in order.
    public func policyRules(tenant: UInt32) throws(RegistryError) -> [PolicyRule] {
        try look(
            { cache in cache.rules.find(tenant) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.policyRules(tenant: tenant)
            },
            keep: { cache, rules in
                cache.rules.keep(rules, for: tenant, weight: 1 + rules.count)
            }
        )
    }

    /// The tenant's token was withdrawn before its time.
    public func isWithdrawn(tenant: UInt32, tokenID: String) throws(RegistryError) -> Bool {
        guard tokenID.utf8.count <= 256 else { return false }
        let key = TenantKey(tenant: tenant, name: tokenID)
        return try look(
            { cache in cache.withdrawnTokens.find(key) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.isWithdrawn(tenant: tenant, tokenID: tokenID)
            },
            keep: { cache, answer in cache.withdrawnTokens.keep(answer, for: key) }
        )
    }

    /// The family of tokens has not ended.
    public func isOpen(tenant: UInt32, family: String) throws(RegistryError) -> Bool {
        guard family.utf8.count <= 256 else { return false }
        let key = TenantKey(tenant: tenant, name: family)
        return try look(
            { cache in cache.openFamilies.find(key) },
            else: { (connection: Connection) throws(RegistryError) in
                try connection.isOpen(tenant: tenant, family: family)
            },
            keep: { cache, answer in cache.openFamilies.keep(answer, for: key) }
        )
    }
}
