// SPDX-License-Identifier: Apache-2.0
// The work of ThingsBoard's bulk import. What is slow or can be wrong is done before the change.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Reads the file, then puts its rows into the registry.
struct ThingsBoardImport {
    private typealias Column = ThingsBoardImportCall.Column

    /// What a row says.
    private struct Plan: Sendable {
        var line: Int
        var values: [Column: String] = [:]
        var attributes: [(String, String)] = []
        var fault: String?

        func text(_ column: Column) -> String { values[column] ?? "" }

        var hasBasic: Bool {
            ![.clientID, .userName, .password].allSatisfy { text($0).isEmpty }
        }
    }

    /// Where the threads of the crew put what they made.
    private final class Forms: Sendable {
        private let slots: Locked<[Result<CredentialForm?, APIError>]>

        init(count: Int) { slots = Locked(Array(repeating: .success(nil), count: count)) }

        func put(_ form: Result<CredentialForm?, APIError>, at index: Int) {
            slots.withLock { $0[index] = form }
        }

        subscript(index: Int) -> Result<CredentialForm?, APIError> {
            slots.withLock { $0[index] }
        }
    }

    /// What came of it.
    private struct Tally: Sendable {
        var created = 0
        var updated = 0
        var errors = 0
        var list: [String] = []

        mutating func fail(_ line: Int, _ reason: String) {
            errors += 1
            guard list.count < ThingsBoardImportCall.errorsListedMax else { return }
            list.append("Line: \(line). Message: \(reason)")
        }
    }

    private let call: Call
    private let limits = BulkLimits()

    init(_ call: Call) { self.call = call }

    func run() throws(APIError) -> Response {
        let plans = try plans()
        let isUpdating = call.json["mapping"]?["update"]?.flag ?? false
        let forms = forms(plans)
        let isEnding = call.context.isEnding
        guard !isEnding() else { throw APIError.ending }
        let tenant = try call.tenant()
        let author = try call.author()
        do {
            let outcome = try call.context.registry.change(by: author) {
                (writer: any RegistryWriter) throws(RegistryError) -> Tally in
                var tally = Tally()
                try writer.inBulk { () throws(RegistryError) -> AuditRecord in
                    for (index, plan) in plans.enumerated() {
                        // Thrown inside of the change, it undoes all of it.
                        guard !isEnding() else {
                            throw RegistryError(.conflict, "the change was broken off")
                        }
                        try put(plan, forms[index], tenant, isUpdating, writer, &tally)
                    }
                    return AuditRecord(
                        tenant: tenant.number,
                        author: author,
                        act: "device.imported",
                        subject: "\(plans.count) rows",
                        detail: "\(tally.created) created, \(tally.updated) updated, "
                            + "\(tally.errors) failed"
                    )
                }
                return tally
            }
            let tally = outcome.result
            return call.answer([
                "created": .integer(Int64(tally.created)),
                "updated": .integer(Int64(tally.updated)),
                "errors": .integer(Int64(tally.errors)),
                "errorsList": .array(tally.list.map { .string($0) }),
            ]).ending(outcome.effect)
        } catch {
            throw isEnding() ? APIError.ending : APIError(error)
        }
    }

    // MARK: Before the change

    private func plans() throws(APIError) -> [Plan] {
        let mapping = call.json["mapping"] ?? .null
        let columns = (mapping["columns"]?.elements ?? []).map { element in
            (
                kind: element["type"]?.text.flatMap(Column.init(rawValue:)) ?? .description,
                key: element["key"]?.text ?? ""
            )
        }
        guard columns.contains(where: { $0.kind == .name }) else {
            throw APIError(.badRequest, .apiBulkFile, "no column is the NAME")
        }
        var reader = CSVReader(
            Array((call.json["file"]?.text ?? "").utf8),
            separator: (mapping["delimiter"]?.text ?? ",").utf8.first,
            limits: limits.csv
        )
        if mapping["header"]?.flag ?? true { _ = reader.next() }
        var plans: [Plan] = []
        var passwordCount = 0
        while let row = reader.next() {
            guard plans.count < limits.csv.rowsMax else {
                throw APIError(.badRequest, .apiLimit, "\(limits.csv.rowsMax) rows")
            }
            var plan = Plan(line: row.line)
            plan.fault = row.fault?.rawValue
            if plan.fault == nil, row.fields.count != columns.count {
                plan.fault =
                    "it has \(row.fields.count) fields, and the mapping has \(columns.count)"
            }
            for (column, field) in zip(columns, row.fields) where plan.fault == nil {
                if column.kind == .serverAttribute {
                    plan.attributes.append((column.key, field))
                } else {
                    plan.values[column.kind] = column.kind == .password ? field : field.trimmed
                }
            }
            if !plan.text(.password).isEmpty { passwordCount += 1 }
            plans.append(plan)
        }
        guard passwordCount <= limits.passwordRowsMax else {
            throw APIError(.badRequest, .apiLimit, "\(limits.passwordRowsMax) passwords")
        }
        return plans
    }

    /// The credentials of all rows; hashing passwords takes long, so several threads do it.
    private func forms(_ plans: [Plan]) -> Forms {
        let forms = Forms(count: plans.count)
        let context = call.context
        context.crew.each(plans.count) { index in
            guard !context.isEnding() else { return }
            let form = Result { () throws(APIError) -> CredentialForm? in
                try Self.form(plans[index], context)
            }
            forms.put(form, at: index)
        }
        return forms
    }

    private static func form(
        _ plan: Plan,
        _ context: AdminContext
    ) throws(APIError) -> CredentialForm? {
        if plan.fault != nil { return nil }
        if !plan.text(.certificate).isEmpty {
            return try CredentialForm(certificate: plan.text(.certificate), context)
        }
        if plan.hasBasic {
            return try CredentialForm(
                basic: BasicParts(
                    clientID: Name(plan.text(.clientID)),
                    userName: Name(plan.text(.userName)),
                    hasPassword: false
                ),
                password: plan.text(.password),
                replacing: nil,
                context
            )
        }
        let token = plan.text(.accessToken)
        return token.isEmpty ? nil : try CredentialForm(token: token, context)
    }

    // MARK: Inside of the change

    private func put(
        _ plan: Plan,
        _ form: Result<CredentialForm?, APIError>,
        _ tenant: Tenant,
        _ isUpdating: Bool,
        _ writer: any RegistryWriter,
        _ tally: inout Tally
    ) throws(RegistryError) {
        if let fault = plan.fault { return tally.fail(plan.line, fault) }
        let wanted: CredentialForm?
        switch form {
        case .success(let good): wanted = good
        case .failure(let error): return tally.fail(plan.line, error.reason.text)
        }
        do {
            let isNew = try writer.separately { () throws(RegistryError) -> Bool in
                try register(plan, wanted, tenant, isUpdating, writer)
            }
            if isNew { tally.created += 1 } else { tally.updated += 1 }
        } catch {
            if error.code == .storage { throw error }
            tally.fail(plan.line, error.reason)
        }
    }

    /// Whether the device is new.
    private func register(
        _ plan: Plan,
        _ form: CredentialForm?,
        _ tenant: Tenant,
        _ isUpdating: Bool,
        _ writer: any RegistryWriter
    ) throws(RegistryError) -> Bool {
        let name = Name(plan.text(.name))
        if let fault = Device.identifierFault(name) { throw RegistryError(.invalid, fault) }
        let known = try writer.directory.device(tenant: tenant.number, identifier: name)
        guard known == nil || isUpdating else {
            throw RegistryError(.duplicate, "Device with such name already exists!")
        }
        var device = known ?? Device(tenant: tenant.number, identifier: name, origin: .bulk)
        if known == nil { device.type = "default" }
        if !plan.text(.type).isEmpty { device.type = plan.text(.type) }
        if plan.values[.label] != nil { device.label = plan.text(.label) }
        device.properties = properties(of: plan, over: device.properties)
        guard device.properties.utf8.count <= limits.propertiesBytesMax else {
            throw RegistryError(.invalid, "the properties of the device would be too large")
        }
        if known == nil {
            device = try writer.add(device)
        } else if device != known {
            try writer.replace(device)
        }
        if let form {
            try ThingsBoardDevices.put(form, try current(device, writer), device, writer)
        } else if known == nil {
            let token = try token()
            try ThingsBoardDevices.put(token, nil, device, writer)
        }
        return known == nil
    }

    private func current(
        _ device: Device,
        _ writer: any RegistryWriter
    ) throws(RegistryError) -> Credential? {
        // Before the change these are the same: a file names each device once or takes the last.
        let all = try call.context.registry.credentials(device: device.number)
        return all.filter { CredentialForm.kinds.contains($0.kind) }
            .min { $0.number < $1.number }
    }

    private func token() throws(RegistryError) -> CredentialForm {
        do {
            return try CredentialForm(
                token: try CredentialForm.newToken(call.context),
                call.context
            )
        } catch {
            throw RegistryError(.storage, error.reason.text)
        }
    }

    private func properties(of plan: Plan, over properties: String) -> String {
        let description = plan.text(.description)
        guard !plan.attributes.isEmpty || !description.isEmpty else { return properties }
        var object = (try? JSONValue(parsing: Array(properties.utf8)))?.members ?? JSONObject()
        if !description.isEmpty { object["description"] = .string(description) }
        for (key, value) in plan.attributes where !key.isEmpty { object[key] = .string(value) }
        return JSONValue.object(object).line
    }
}
