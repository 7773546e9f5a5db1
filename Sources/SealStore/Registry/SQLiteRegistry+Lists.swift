// SPDX-License-Identifier: Apache-2.0
// What administration reads. It is never kept in memory.

public import SealBroker
public import SealBytes

extension SQLiteRegistry {
    private func page<Item: Sendable>(
        _ list: ListQuery,
        _ values: [StoredValue],
        _ request: PageRequest,
        _ item: (inout Row) throws(RegistryError) -> Item
    ) throws(RegistryError) -> Page<Item> {
        try readTogether { (connection: Connection) throws(RegistryError) in
            try connection.page(list, values, request, itemsMax: limits.pageItemsMax, item)
        }
    }

    /// The tenants in order of their numbers.
    public func tenants(_ page: PageRequest) throws(RegistryError) -> Page<Tenant> {
        try self.page(ListQueries.tenants, [], page) {
            (row: inout Row) throws(RegistryError) in try row.tenantRecord()
        }
    }

    /// The anchors of a tenant, the oldest first.
    public func anchors(
        tenant: UInt32,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<TrustAnchor> {
        try self.page(ListQueries.anchors, [StoredValue(tenant)], page) {
            (row: inout Row) throws(RegistryError) in try row.anchor()
        }
    }

    /// The anchor with this fingerprint.
    public func anchor(
        tenant: UInt32,
        fingerprint: Name
    ) throws(RegistryError) -> TrustAnchor? {
        try read { (connection: Connection) throws(RegistryError) in
            try connection.first(
                ListQueries.anchorByFingerprint,
                [StoredValue(tenant), .text(fingerprint)]
            ) { (row: inout Row) throws(RegistryError) in try row.anchor() }
        }
    }

    /// The device with this UUID.
    public func device(uuid: Name) throws(RegistryError) -> Device? {
        guard let bytes = UUIDText.bytes(uuid) else { return nil }
        return try read { (connection: Connection) throws(RegistryError) in
            try connection.device(ListQueries.deviceByUUID, [.bytes(bytes)])
        }
    }

    /// The devices of a tenant that are wanted, the oldest first.
    public func devices(
        tenant: UInt32,
        _ query: DeviceQuery,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<Device> {
        var mix = 0
        var values = [StoredValue(tenant)]
        if let type = query.type {
            mix |= 1
            values.append(.text(type))
        }
        if let name = query.name {
            mix |= 2
            values.append(.text(name))
        }
        if let text = query.text, !text.isEmpty {
            mix |= 4
            let lowered = StoredValue.text(Self.lowered(text))
            values += [lowered, lowered]
        }
        return try self.page(ListQueries.devices[mix], values, page) {
            (row: inout Row) throws(RegistryError) in try row.device()
        }
    }

    /// The lower case that SQLite knows, too: of ASCII letters.
    private static func lowered(_ text: String) -> String {
        String(
            decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 },
            as: UTF8.self
        )
    }

    /// The credentials of a device, the oldest first.
    public func credentials(device: Int64) throws(RegistryError) -> [Credential] {
        try read { (connection: Connection) throws(RegistryError) in
            try connection.credentials(device: device)
        }
    }

    /// The credential with this UUID.
    public func credential(uuid: Name) throws(RegistryError) -> Credential? {
        guard let bytes = UUIDText.bytes(uuid) else { return nil }
        return try read { (connection: Connection) throws(RegistryError) in
            try connection.credential(ListQueries.credentialByUUID, [.bytes(bytes)])
        }
    }

    /// The accounts of a tenant in order of their names.
    public func accounts(
        tenant: UInt32,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<Account> {
        try self.page(ListQueries.accounts, [StoredValue(tenant)], page) {
            (row: inout Row) throws(RegistryError) in try row.account()
        }
    }

    /// The revocations of a tenant in order of their serial numbers.
    public func revocations(
        tenant: UInt32,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<Revocation> {
        try self.page(ListQueries.revocations, [StoredValue(tenant)], page) {
            (row: inout Row) throws(RegistryError) in try row.revocation()
        }
    }

    /// An option with all that is known of it.
    public func optionRecord(
        tenant: UInt32,
        category: Name,
        key: Name
    ) throws(RegistryError) -> TenantOption? {
        try read { (connection: Connection) throws(RegistryError) in
            try connection.first(
                ListQueries.option,
                [StoredValue(tenant), .text(category), .text(key)]
            ) { (row: inout Row) in row.option() }
        }
    }

    /// The options of a tenant, of one category or of all.
    public func options(
        tenant: UInt32,
        category: Name?,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<TenantOption> {
        let list = category == nil ? ListQueries.options : ListQueries.optionsOfCategory
        let values = [StoredValue(tenant)] + (category.map { [.text($0)] } ?? [])
        return try self.page(list, values, page) { (row: inout Row) in row.option() }
    }

    /// The registration requests of a tenant in order of their identifiers.
    public func requests(
        tenant: UInt32,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<RegistrationRequest> {
        try self.page(ListQueries.requests, [StoredValue(tenant)], page) {
            (row: inout Row) throws(RegistryError) in try row.request()
        }
    }

    /// The registration request for a device.
    public func request(
        tenant: UInt32,
        identifier: Name
    ) throws(RegistryError) -> RegistrationRequest? {
        try read { (connection: Connection) throws(RegistryError) in
            try connection.first(
                ListQueries.request,
                [StoredValue(tenant), .text(identifier)]
            ) { (row: inout Row) throws(RegistryError) in try row.request() }
        }
    }

    /// The enrolment code of a device.
    public func enrolmentCode(
        tenant: UInt32,
        identifier: Name
    ) throws(RegistryError) -> EnrolmentCode? {
        try read { (connection: Connection) throws(RegistryError) in
            try connection.first(
                ListQueries.code,
                [StoredValue(tenant), .text(identifier)]
            ) { (row: inout Row) throws(RegistryError) in try row.code() }
        }
    }

    /// The audit records of a tenant or of all, the youngest first.
    public func audit(
        tenant: UInt32?,
        _ page: PageRequest
    ) throws(RegistryError) -> Page<AuditRecord> {
        let list = tenant == nil ? ListQueries.audit : ListQueries.auditOfTenant
        let values = tenant.map { [StoredValue($0)] } ?? []
        return try self.page(list, values, page) {
            (row: inout Row) throws(RegistryError) in try row.audit()
        }
    }

    /// The keys that sign and check tokens, the one that signs first.
    public func signingKeys() throws(RegistryError) -> [SigningKey] {
        try read { (connection: Connection) throws(RegistryError) in
            try connection.all(ListQueries.signingKeys) { (row: inout Row) in row.signingKey() }
        }
    }

    /// The authority of a tenant.
    public func authority(tenant: UInt32) throws(RegistryError) -> TenantAuthority? {
        try read { (connection: Connection) throws(RegistryError) in
            try connection.first(ListQueries.authority, [StoredValue(tenant)]) {
                (row: inout Row) throws(RegistryError) in try row.authority()
            }
        }
    }
}
