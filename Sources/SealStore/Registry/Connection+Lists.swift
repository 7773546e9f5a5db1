// SPDX-License-Identifier: Apache-2.0
// What administration reads: pages of everything, and single things by other names than a login
// uses.

internal import SealBroker

/// A list: how it is read, page by page, and how it is counted.
struct ListQuery: Sendable {
    let items: Query
    let count: Query

    /// `SELECT columns FROM source WHERE condition ORDER BY order`.
    init(_ columns: String, from source: String, where condition: String, order: String) {
        let filter = condition.isEmpty ? "" : "WHERE \(condition)"
        items = Query(
            "SELECT \(columns) FROM \(source) \(filter) ORDER BY \(order) LIMIT ? OFFSET ?"
        )
        count = Query("SELECT count(*) FROM \(source) \(filter)")
    }
}

enum ListQueries {
    static let tenants = ListQuery(Columns.tenant, from: "tenants", where: "", order: "number")
    static let anchors = ListQuery(
        Columns.anchor,
        from: "anchors",
        where: "tenant = ?",
        order: "number"
    )
    static let accounts = ListQuery(
        Columns.account,
        from: "accounts",
        where: "tenant = ?",
        order: "name"
    )
    static let revocations = ListQuery(
        Columns.revocation,
        from: "revocations",
        where: "tenant = ?",
        order: "serial, issuer_key"
    )
    static let options = ListQuery(
        Columns.option,
        from: "options",
        where: "tenant = ?",
        order: "category, key"
    )
    static let optionsOfCategory = ListQuery(
        Columns.option,
        from: "options",
        where: "tenant = ? AND category = ?",
        order: "key"
    )
    static let requests = ListQuery(
        Columns.request,
        from: "requests",
        where: "tenant = ?",
        order: "identifier"
    )
    static let audit = ListQuery(Columns.audit, from: "audit", where: "", order: "number DESC")
    static let auditOfTenant = ListQuery(
        Columns.audit,
        from: "audit INDEXED BY audit_by_tenant",
        where: "tenant = ?",
        order: "number DESC"
    )

    /// The list of devices for each mix of conditions: 1 for a type, 2 for a name, 4 for a text.
    ///
    /// A text is looked for in every device of the other conditions; those have indices.
    static let devices: [ListQuery] = (0..<8).map { mix in
        let (hasType, hasName, hasText) = (mix & 1 != 0, mix & 2 != 0, mix & 4 != 0)
        let index = hasName ? "devices_by_name" : hasType ? "devices_by_type" : "devices_by_tenant"
        var conditions = ["tenant = ?"]
        if hasType { conditions.append("type = ?") }
        if hasName { conditions.append("name = ?") }
        if hasText {
            conditions.append("(instr(lower(identifier), ?) > 0 OR instr(lower(name), ?) > 0)")
        }
        return ListQuery(
            Columns.device,
            from: "devices INDEXED BY \(index)",
            where: conditions.joined(separator: " AND "),
            order: "number"
        )
    }

    static let anchorByFingerprint = Query(
        "SELECT \(Columns.anchor) FROM anchors WHERE tenant = ? AND fingerprint = ?"
    )
    static let deviceByUUID = Query("SELECT \(Columns.device) FROM devices WHERE uuid = ?")
    static let credentialByUUID = Query(
        "SELECT \(Columns.credential) FROM credentials WHERE uuid = ?"
    )
    static let credentialsOfDevice = Query(
        "SELECT \(Columns.credential) FROM credentials WHERE device = ? ORDER BY number"
    )
    static let option = Query(
        "SELECT \(Columns.option) FROM options WHERE tenant = ? AND category = ? AND key = ?"
    )
    static let request = Query(
        "SELECT \(Columns.request) FROM requests WHERE tenant = ? AND identifier = ?"
    )
    static let code = Query(
        "SELECT \(Columns.code) FROM codes WHERE tenant = ? AND identifier = ?"
    )
    static let signingKeys = Query(
        """
        SELECT \(Columns.signingKey) FROM signing_keys
        ORDER BY retired_at <> 0, created_at DESC, id
        """
    )
    static let authority = Query(
        "SELECT \(Columns.authority) FROM authorities WHERE tenant = ?"
    )
}

extension Connection {
    /// A page of a list; one item more is read to know whether there are more.
    func page<Item: Sendable>(
        _ list: ListQuery,
        _ values: [StoredValue],
        _ request: PageRequest,
        itemsMax: Int,
        _ read: (inout Row) throws(RegistryError) -> Item
    ) throws(RegistryError) -> Page<Item> {
        let limit = min(max(request.limit, 0), itemsMax)
        let window: [StoredValue] = [
            .integer(Int64(limit) + 1), .integer(Int64(max(request.offset, 0))),
        ]
        var items = try all(list.items, values + window, read)
        let hasMore = items.count > limit
        if hasMore { items.removeLast() }
        let total = request.wantsTotal ? Int(try number(list.count, values)) : nil
        return Page(items: items, hasMore: hasMore, total: total)
    }

    func credentials(device: Int64) throws(RegistryError) -> [Credential] {
        try all(ListQueries.credentialsOfDevice, [.integer(device)]) {
            (row: inout Row) throws(RegistryError) in try row.credential()
        }
    }

    func anchor(tenant: UInt32, fingerprint: String) throws(RegistryError) -> TrustAnchor? {
        try first(ListQueries.anchorByFingerprint, [StoredValue(tenant), .text(fingerprint)]) {
            (row: inout Row) throws(RegistryError) in try row.anchor()
        }
    }

    func optionRecord(
        tenant: UInt32,
        category: String,
        key: String
    ) throws(RegistryError) -> TenantOption? {
        try first(ListQueries.option, [StoredValue(tenant), .text(category), .text(key)]) {
            (row: inout Row) in row.option()
        }
    }

    func request(
        tenant: UInt32,
        identifier: String
    ) throws(RegistryError) -> RegistrationRequest? {
        try first(ListQueries.request, [StoredValue(tenant), .text(identifier)]) {
            (row: inout Row) throws(RegistryError) in try row.request()
        }
    }

    func enrolmentCode(tenant: UInt32, identifier: String) throws(RegistryError) -> EnrolmentCode? {
        try first(ListQueries.code, [StoredValue(tenant), .text(identifier)]) {
            (row: inout Row) throws(RegistryError) in try row.code()
        }
    }

    func authority(tenant: UInt32) throws(RegistryError) -> TenantAuthority? {
        try first(ListQueries.authority, [StoredValue(tenant)]) {
            (row: inout Row) throws(RegistryError) in try row.authority()
        }
    }
}
