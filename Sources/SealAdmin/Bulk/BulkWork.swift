// SPDX-License-Identifier: Apache-2.0
// The rows of a file put into the registry, one savepoint each, inside of one change.

internal import SealBroker
internal import SealBytes

/// What is done inside of the change.
struct BulkWork {
    private let writer: any RegistryWriter
    private let tenant: Tenant
    private let author: Author
    private let limits: BulkLimits
    private(set) var report = BulkReport()
    /// The tenant that was looked up last: files name the same one for many rows.
    private var lastTenant: Tenant?

    init(writer: any RegistryWriter, tenant: Tenant, author: Author, limits: BulkLimits) {
        self.writer = writer
        self.tenant = tenant
        self.author = author
        self.limits = limits
    }

    /// Puts a row in, or says in the report why not.
    mutating func take(
        _ row: BulkRows.Row,
        _ rows: BulkRows,
        isExpected: Bool,
        nextHash: () -> StoredSecret?
    ) throws(RegistryError) {
        report.all += 1
        let plan: BulkRow
        switch row.plan {
        case .success(let good): plan = good
        case .failure(let fault): return fail(row.source, rows, fault.reason)
        }
        // Taken in any case, because the hashes are in the order of the rows.
        let isPassword = plan.authentication == .password && !rows.columns.isSimple
        let hash = isPassword ? nextHash() : nil
        if isExpected { return fail(row.source, rows, "the device is expected already") }
        let owner: Tenant
        do {
            owner = try ownerOfRow(plan)
        } catch {
            if error.code == .storage { throw error }
            return fail(row.source, rows, error.reason)
        }
        do {
            let isNew = try writer.separately { () throws(RegistryError) -> Bool in
                rows.columns.isSimple
                    ? try expect(plan, owner) : try register(plan, owner, hash: hash)
            }
            if isNew {
                report.created += 1
            } else {
                report.updated.append(plan.identifier)
            }
        } catch {
            // A disk that fails spoils the change as a whole.
            if error.code == .storage { throw error }
            fail(row.source, rows, error.reason)
        }
    }

    /// What was done, for those who look later.
    var record: AuditRecord {
        AuditRecord(
            tenant: tenant.number,
            author: author,
            act: "device.imported",
            subject: "\(report.all) rows",
            detail: "\(report.created) created, \(report.updated.count) updated, "
                + "\(report.failed) failed"
        )
    }

    private mutating func fail(_ row: CSVRow, _ rows: BulkRows, _ reason: String) {
        report.failed += 1
        guard report.failures.count < limits.failuresListedMax else { return }
        report.failures.append(
            BulkReport.Failure(
                device: rows.identifier(of: row),
                reason: "line \(row.line): \(reason)",
                row: rows.printed(row)
            )
        )
    }

    private mutating func ownerOfRow(_ plan: BulkRow) throws(RegistryError) -> Tenant {
        guard let id = plan.tenantID else { return tenant }
        if let lastTenant, lastTenant.id == id { return lastTenant }
        guard let found = try writer.directory.tenant(id: id) else {
            throw RegistryError(.invalid, "there is no tenant \(id)")
        }
        lastTenant = found
        return found
    }

    private func expect(_ plan: BulkRow, _ owner: Tenant) throws(RegistryError) -> Bool {
        let known = try writer.directory.device(tenant: owner.number, identifier: plan.identifier)
        guard known == nil else {
            throw RegistryError(.duplicate, "the device is registered already")
        }
        var request = RegistrationRequest(
            tenant: owner.number,
            identifier: plan.identifier,
            owner: author.name
        )
        request.group = plan.path
        try writer.set(request)
        return true
    }

    /// Whether the device is new.
    private func register(
        _ plan: BulkRow,
        _ owner: Tenant,
        hash: StoredSecret?
    ) throws(RegistryError) -> Bool {
        let known = try writer.directory.device(tenant: owner.number, identifier: plan.identifier)
        var device =
            known
            ?? Device(tenant: owner.number, identifier: plan.identifier, origin: .bulk)
        if let name = plan.name { device.name = name }
        if let type = plan.type, !type.isEmpty { device.type = type }
        device.properties = plan.properties(over: device.properties)
        device.takesCertificates = plan.authentication == .certificates
        guard device.properties.utf8.count <= limits.propertiesBytesMax else {
            throw RegistryError(
                .invalid,
                "the properties of the device would exceed \(limits.propertiesBytesMax) bytes"
            )
        }
        if known == nil {
            device = try writer.add(device)
        } else if device != known {
            try writer.replace(device)
        }
        try setPassword(hash, of: device, isNew: known == nil)
        return known == nil
    }

    /// A device that logs in with certificates has no password any more.
    private func setPassword(
        _ hash: StoredSecret?,
        of device: Device,
        isNew: Bool
    ) throws(RegistryError) {
        let lookup: Name = "\(device.tenant)/\(device.userName)"
        let old =
            isNew
            ? nil
            : try writer.directory.credential(
                tenant: device.tenant,
                kind: .password,
                lookup: lookup
            )
        switch (hash, old) {
        case (nil, nil): break
        case (nil, let old?): try writer.removeCredential(number: old.number)
        case (let hash?, nil):
            _ = try writer.add(
                Credential(
                    tenant: device.tenant,
                    device: device.number,
                    kind: .password,
                    lookup: lookup,
                    secret: hash
                )
            )
        case (let hash?, var old?):
            old.secret = hash
            _ = try writer.replace(old)
        }
    }
}
