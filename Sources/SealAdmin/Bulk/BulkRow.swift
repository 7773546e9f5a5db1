// SPDX-License-Identifier: Apache-2.0
// One row of a file of devices with everything that can be checked without the registry checked.

internal import SealBroker
internal import SealBytes

/// What a row asks for.
struct BulkRow: Sendable {
    /// How the device will log in.
    enum Authentication: Sendable, Equatable {
        case certificates
        case password
    }

    /// Why a row is not taken.
    struct Fault: Error, Sendable {
        var reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// The tenant's id; nil for the one that imports.
    private(set) var tenantID: Name?
    /// The device identifier.
    private(set) var identifier = Name.empty
    /// How it will log in.
    private(set) var authentication = Authentication.password
    /// The password; empty without one.
    private(set) var password: [UInt8] = []
    /// The type; nil when there is no such column.
    private(set) var type: String?
    /// The name; nil when there is no such column, or nothing in it.
    private(set) var name: Name?
    /// The group path; empty for none.
    private(set) var path = ""
    private var idType = ""
    private var iccid = ""
    private var hasShell = false
    private var hasFragments = false
    private var externalIDs: [(type: Name, id: Name)] = []
    private var values: [(names: [Name], value: String)] = []

    /// Checks a row.
    init(
        _ row: CSVRow,
        _ columns: BulkColumns,
        isManagement: Bool,
        limits: BulkLimits
    ) throws(Fault) {
        if let fault = row.fault { throw Fault(fault.rawValue) }
        guard row.fields.count == columns.all.count else {
            throw Fault(
                "it has \(row.fields.count) fields, and the header has \(columns.all.count)"
            )
        }
        var authType = ""
        for (column, field) in zip(columns.all, row.fields) {
            let value = field.trimmed
            guard field.utf8.count <= limits.valueBytesMax else {
                throw Fault("\(column.title) is longer than \(limits.valueBytesMax) bytes")
            }
            switch column {
            // Blanks may be part of a password.
            case .credentials: password = Array(field.utf8)
            case .authType: authType = value
            case .tenant: tenantID = isManagement ? Name(value) : nil
            default: try take(value, for: column)
            }
        }
        if let fault = Device.identifierFault(identifier) { throw Fault("ID: \(fault)") }
        if isManagement, tenantID?.isEmpty ?? true { throw Fault("TENANT is empty") }
        if columns.isSimple { return }
        try setAuthentication(authType, limits: limits)
        guard !hasFragments || (name != nil && !(type ?? "").isEmpty) else {
            throw Fault("TYPE and NAME must not be empty when further columns are used")
        }
    }

    private mutating func take(_ value: String, for column: BulkColumns.Column) throws(Fault) {
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) || column.isProperty else {
            throw Fault("\(column.title) holds a control character")
        }
        if column.wantsNameAndType, !value.isEmpty { hasFragments = true }
        switch column {
        case .id: identifier = Name(value)
        case .type: type = value
        case .name: name = value.isEmpty ? nil : Name(value)
        case .iccid: iccid = value
        case .idType: idType = value
        case .path: path = try Self.plainPath(value)
        case .shell:
            guard ["", "0", "1"].contains(value) else { throw Fault("SHELL is neither 0 nor 1") }
            hasShell = value == "1"
        case .externalID(let type):
            if !value.isEmpty { externalIDs.append((type, Name(value))) }
        case .property(let names):
            if !value.isEmpty { values.append((names, value)) }
        case .credentials, .authType, .tenant: break
        }
    }

    private mutating func setAuthentication(
        _ authType: String,
        limits: BulkLimits
    ) throws(Fault) {
        switch authType {
        case "CERTIFICATES":
            authentication = .certificates
            guard password.isEmpty else {
                throw Fault("CREDENTIALS must be empty when AUTH_TYPE is CERTIFICATES")
            }
        case "", "BASIC":
            authentication = .password
            guard !password.isEmpty else {
                throw Fault("CREDENTIALS is missing, and AUTH_TYPE is not CERTIFICATES")
            }
            guard password.count <= limits.passwordBytesMax else {
                throw Fault("CREDENTIALS is longer than \(limits.passwordBytesMax) bytes")
            }
        default: throw Fault("AUTH_TYPE is neither BASIC nor CERTIFICATES")
        }
    }

    /// Groups with one slash between them.
    private static func plainPath(_ text: String) throws(Fault) -> String {
        if text.isEmpty { return "" }
        let groups = text.split(atByte: "/").map(\.trimmed)
        guard groups.allSatisfy({ !$0.isEmpty }) else {
            throw Fault("PATH names a group without a name")
        }
        return groups.joined(separator: "/")
    }

    /// It says nothing about properties.
    private var isPlain: Bool {
        values.isEmpty && iccid.isEmpty && !hasShell && path.isEmpty && externalIDs.isEmpty
            && idType.isEmpty
    }

    /// The properties of a device with what the row says put in.
    func properties(over properties: String) -> String {
        if isPlain { return properties }
        var object = (try? JSONValue(parsing: Array(properties.utf8)))?.members ?? JSONObject()
        for (names, value) in values { Self.set(value, at: names[...], in: &object) }
        if !iccid.isEmpty {
            Self.set(iccid, at: [Name(ExtraFragment.mobile), "iccid"], in: &object)
        }
        if hasShell {
            var operations = object[ExtraFragment.supportedOperations]?.elements ?? []
            let command = JSONValue.string(ExtraFragment.command)
            if !operations.contains(command) { operations.append(command) }
            object[ExtraFragment.supportedOperations] = .array(operations)
        }
        if !path.isEmpty { object[ExtraFragment.path] = .string(path) }
        let ids = externalIDs + (idType.isEmpty ? [] : [(type: Name(idType), id: identifier)])
        if !ids.isEmpty {
            var all = object[ExtraFragment.externalIDs]?.elements ?? []
            all.removeAll { old in ids.contains { $0.type == old["type"]?.name } }
            all += ids.map { .object(["type": .string($0.type), "externalId": .string($0.id)]) }
            object[ExtraFragment.externalIDs] = .array(all)
        }
        return JSONValue.object(object).line
    }

    private static func set(
        _ value: String,
        at names: ArraySlice<Name>,
        in object: inout JSONObject
    ) {
        guard let first = names.first else { return }
        if names.count == 1 {
            object[first.text] = .string(value)
        } else {
            var inner = object[first.text]?.members ?? JSONObject()
            set(value, at: names.dropFirst(), in: &inner)
            object[first.text] = .object(inner)
        }
    }
}

extension BulkColumns.Column {
    /// It is a custom property, whose text is free.
    var isProperty: Bool {
        if case .property = self { true } else { false }
    }
}
