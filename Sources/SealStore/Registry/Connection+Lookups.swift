// SPDX-License-Identifier: Apache-2.0
// The look-ups of a login as SQL: each goes down one index. Nothing is kept in memory here.

internal import SealBroker
internal import SealBytes

enum LookupQueries {
    static let tenantByNumber = Query("SELECT \(Columns.tenant) FROM tenants WHERE number = ?")
    static let tenantByID = Query("SELECT \(Columns.tenant) FROM tenants WHERE id = ?")
    static let tenantByDomain = Query("SELECT \(Columns.tenant) FROM tenants WHERE domain = ?")
    static let anchorByNumber = Query("SELECT \(Columns.anchor) FROM anchors WHERE number = ?")
    static let deviceByNumber = Query("SELECT \(Columns.device) FROM devices WHERE number = ?")
    static let deviceByIdentifier = Query(
        "SELECT \(Columns.device) FROM devices WHERE tenant = ? AND identifier = ?"
    )
    static let credentialByLookup = Query(
        """
        SELECT \(Columns.credential) FROM credentials
        WHERE kind = ? AND lookup = ? AND tenant = ?
        """
    )
    static let credentialsByLookup = Query(
        """
        SELECT \(Columns.credential) FROM credentials WHERE kind = ? AND lookup = ?
        ORDER BY is_proved DESC, first_used_at = 0, hash IS NULL, registered_at, number
        LIMIT \(RegistryBounds.candidatesMax)
        """
    )
    static let accountByName = Query(
        "SELECT \(Columns.account) FROM accounts WHERE tenant = ? AND name = ?"
    )
    static let accountByNumber = Query("SELECT \(Columns.account) FROM accounts WHERE number = ?")
    static let revocations = Query(
        "SELECT \(Columns.revocation) FROM revocations WHERE tenant = ? AND serial = ?"
    )
    static let revokingTenants = Query(
        """
        SELECT number FROM tenants
        WHERE EXISTS (SELECT 1 FROM revocations WHERE revocations.tenant = tenants.number)
        """
    )
    static let optionValue = Query(
        "SELECT value FROM options WHERE tenant = ? AND category = ? AND key = ?"
    )
    static let rules = Query(
        """
        SELECT \(Columns.rule) FROM rules INDEXED BY rules_by_position
        WHERE tenant = ? ORDER BY position, number
        """
    )
    static let isWithdrawn = Query("SELECT 1 FROM withdrawn_tokens WHERE id = ?")
    static let anchorMarks = Query(
        "SELECT number, tenant, sha256, subject_key, is_proved FROM anchors"
    )
}

extension Connection {
    func tenant(number: UInt32) throws(RegistryError) -> Tenant? {
        try tenant(LookupQueries.tenantByNumber, StoredValue(number))
    }

    func tenant(id: Name) throws(RegistryError) -> Tenant? {
        try tenant(LookupQueries.tenantByID, .text(id))
    }

    func tenant(domain: Name) throws(RegistryError) -> Tenant? {
        try tenant(LookupQueries.tenantByDomain, .text(domain))
    }

    private func tenant(_ query: Query, _ value: StoredValue) throws(RegistryError) -> Tenant? {
        try first(query, [value]) { (row: inout Row) throws(RegistryError) in
            try row.tenantRecord()
        }
    }

    func anchor(number: Int64) throws(RegistryError) -> TrustAnchor? {
        try first(LookupQueries.anchorByNumber, [.integer(number)]) {
            (row: inout Row) throws(RegistryError) in try row.anchor()
        }
    }

    func device(number: Int64) throws(RegistryError) -> Device? {
        try device(LookupQueries.deviceByNumber, [.integer(number)])
    }

    func device(tenant: UInt32, identifier: Name) throws(RegistryError) -> Device? {
        try device(LookupQueries.deviceByIdentifier, [StoredValue(tenant), .text(identifier)])
    }

    func device(_ query: Query, _ values: [StoredValue]) throws(RegistryError) -> Device? {
        try first(query, values) { (row: inout Row) throws(RegistryError) in try row.device() }
    }

    func credential(
        tenant: UInt32,
        kind: CredentialKind,
        lookup: Name
    ) throws(RegistryError) -> Credential? {
        try credential(
            LookupQueries.credentialByLookup,
            [.integer(kind.stored), .text(lookup), StoredValue(tenant)]
        )
    }

    /// Those of all tenants, as `IdentityDirectory` orders and bounds them.
    func credentials(
        kind: CredentialKind,
        lookup: Name
    ) throws(RegistryError) -> [Credential] {
        try all(
            LookupQueries.credentialsByLookup,
            [.integer(kind.stored), .text(lookup)]
        ) { (row: inout Row) throws(RegistryError) in try row.credential() }
    }

    func credential(_ query: Query, _ values: [StoredValue]) throws(RegistryError) -> Credential? {
        try first(query, values) { (row: inout Row) throws(RegistryError) in
            try row.credential()
        }
    }

    func account(tenant: UInt32, name: Name) throws(RegistryError) -> Account? {
        try account(LookupQueries.accountByName, [StoredValue(tenant), .text(name)])
    }

    func account(number: Int64) throws(RegistryError) -> Account? {
        try account(LookupQueries.accountByNumber, [.integer(number)])
    }

    private func account(_ query: Query, _ values: [StoredValue]) throws(RegistryError) -> Account?
    {
        try first(query, values) { (row: inout Row) throws(RegistryError) in try row.account() }
    }

    /// The revocations of a serial number, of every issuer.
    func revocations(tenant: UInt32, serial: Name) throws(RegistryError) -> [Revocation] {
        try all(LookupQueries.revocations, [StoredValue(tenant), .text(serial)]) {
            (row: inout Row) throws(RegistryError) in try row.revocation()
        }
    }

    /// The tenants that revoked anything.
    func revokingTenants() throws(RegistryError) -> Set<UInt32> {
        Set(
            try all(LookupQueries.revokingTenants) { (row: inout Row) throws(RegistryError) in
                try row.tenant()
            }
        )
    }

    func option(tenant: UInt32, category: Name, key: Name) throws(RegistryError) -> String? {
        try first(
            LookupQueries.optionValue,
            [StoredValue(tenant), .text(category), .text(key)]
        ) { (row: inout Row) in row.text() }
    }

    func policyRules(tenant: UInt32) throws(RegistryError) -> [PolicyRule] {
        try all(LookupQueries.rules, [StoredValue(tenant)]) {
            (row: inout Row) throws(RegistryError) in try row.rule()
        }
    }

    func isWithdrawn(tokenID: Name) throws(RegistryError) -> Bool {
        try number(LookupQueries.isWithdrawn, [.text(tokenID)]) == 1
    }

    /// What finds every anchor.
    func anchorMarks() throws(RegistryError) -> [AnchorMark] {
        let marks = try all(LookupQueries.anchorMarks) {
            (row: inout Row) throws(RegistryError) -> AnchorMark? in
            let (number, tenant) = (row.integer(), try row.tenant())
            return AnchorMark(
                number: number,
                tenant: tenant,
                sha256: row.bytes(),
                subjectKey: row.bytes(),
                isProved: row.flag()
            )
        }
        return marks.compactMap(\.self)
    }
}

extension [Revocation] {
    /// The one that holds for the issuer: its own before that of every issuer.
    func holding(for issuerKey: [UInt8]) -> Revocation? {
        first { $0.issuerKey == issuerKey } ?? first { $0.issuerKey.isEmpty }
    }
}
