// SPDX-License-Identifier: Apache-2.0
// The header line of a file of devices: which columns there are and what they mean.

internal import SealBytes

/// The columns of a file, in its order.
struct BulkColumns: Sendable, Equatable {
    /// What a column means.
    enum Column: Sendable, Equatable {
        case id, credentials, authType, tenant, type, name, iccid, idType, path, shell
        /// A further external id of this type.
        case externalID(Name)
        /// A property, with the names of the objects around it.
        case property([Name])
    }

    /// How deep the dots of a header may nest objects.
    static let propertyDepthMax = 16

    /// Names of fragments that the server writes itself.
    private static let reserved: Set<Name> = [
        "id", "self", "name", "type", "owner", "creationTime", "lastUpdated",
        Name(ExtraFragment.path),
        Name(ExtraFragment.externalIDs),
    ]

    private static let known: [Name: Column] = [
        "ID": .id, "CREDENTIALS": .credentials, "AUTH_TYPE": .authType, "TENANT": .tenant,
        "TYPE": .type, "NAME": .name, "ICCID": .iccid, "IDTYPE": .idType, "PATH": .path,
        "SHELL": .shell,
    ]

    /// The columns.
    let all: [Column]
    /// The file only says which devices are expected, and where.
    let isSimple: Bool

    /// Reads the header.
    init(_ header: CSVRow, isManagement: Bool) throws(BulkRefusal) {
        if let fault = header.fault { throw BulkRefusal("the header line: \(fault.rawValue)") }
        var columns: [Column] = []
        for field in header.fields {
            let column = try Self.column(field.trimmed)
            guard !columns.contains(column) else {
                throw BulkRefusal("the column \(field.trimmed) is there twice")
            }
            columns.append(column)
        }
        try Self.checkNesting(columns)
        all = columns
        isSimple = columns.count == 2 && columns.contains(.id) && columns.contains(.path)
        try check(isManagement: isManagement)
    }

    private static func column(_ name: String) throws(BulkRefusal) -> Column {
        guard !name.isEmpty else { throw BulkRefusal("a column has no name") }
        if let column = known[Name(name)] { return column }
        if name.begins(with: "external-") {
            let type = name.dropping(bytes: "external-".utf8.count)
            guard !type.isEmpty else { throw BulkRefusal("external- names no type") }
            return .externalID(Name(type))
        }
        let parts = name.split(atByte: ".").map { Name($0) }
        guard parts.count <= propertyDepthMax else {
            throw BulkRefusal("the property \(name) is nested deeper than \(propertyDepthMax)")
        }
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            throw BulkRefusal("the property \(name) has an empty name between its dots")
        }
        guard let first = parts.first, !reserved.contains(first) else {
            throw BulkRefusal(
                "the property \(name) is written by the server (the columns of devices are in "
                    + "upper case)"
            )
        }
        return .property(parts)
    }

    /// A value cannot be text and an object at once.
    private static func checkNesting(_ columns: [Column]) throws(BulkRefusal) {
        for case .property(let outer) in columns {
            for case .property(let inner) in columns
            where inner.count > outer.count && inner.starts(with: outer) {
                throw BulkRefusal(
                    "the property \(BulkColumns.Column.property(outer).title) is a value, and by "
                        + "\(BulkColumns.Column.property(inner).title) an object"
                )
            }
        }
    }

    private func check(isManagement: Bool) throws(BulkRefusal) {
        guard all.contains(.id) else { throw BulkRefusal("the header has no column ID") }
        if isManagement, !all.contains(.tenant) {
            throw BulkRefusal("the header has no column TENANT, which the management tenant needs")
        }
        if isSimple { return }
        guard all.contains(.credentials) || all.contains(.authType) else {
            throw BulkRefusal("the header has neither a column CREDENTIALS nor AUTH_TYPE")
        }
        guard let wanting = all.first(where: \.wantsNameAndType) else { return }
        guard all.contains(.type), all.contains(.name) else {
            throw BulkRefusal("\(wanting.title) needs the columns TYPE and NAME, too")
        }
    }
}

extension BulkColumns.Column {
    /// It describes a managed object, which needs a name and a type.
    var wantsNameAndType: Bool {
        switch self {
        case .id, .credentials, .authType, .tenant, .type, .name: false
        default: true
        }
    }

    /// As the header writes it.
    var title: String {
        switch self {
        case .id: "ID"
        case .credentials: "CREDENTIALS"
        case .authType: "AUTH_TYPE"
        case .tenant: "TENANT"
        case .type: "TYPE"
        case .name: "NAME"
        case .iccid: "ICCID"
        case .idType: "IDTYPE"
        case .path: "PATH"
        case .shell: "SHELL"
        case .externalID(let type): "external-\(type)"
        case .property(let names): names.map(\.text).joined(separator: ".")
        }
    }
}

extension String {
    /// Without blanks at both ends.
    var trimmed: String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        guard let first = utf8.firstIndex(where: { !isBlank($0) }),
            let last = utf8.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return String(self[first...last])
    }
}
