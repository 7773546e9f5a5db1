// SPDX-License-Identifier: Apache-2.0
// Which devices of the inventory are meant: single parameters, and the part of Cumulocity's query
// language that speaks about them.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The filter of a list of managed objects.
struct InventoryQuery {
    /// What a list of managed objects takes beside its page.
    static let parameters: [Parameter] = [
        .query("type", .text(0...256), "Only devices of this type."),
        .query("text", .text(0...256), "Only devices with this text in identifier or name."),
        .query("owner", .text(0...300), "Only the device of this user, device_<identifier>."),
        .query(
            "ids",
            .array(.text(1...19, TextRules.number), 1...200),
            "Only devices with these numbers, separated by commas."
        ),
        .query(
            "fragmentType",
            .text(0...256),
            "Only objects with this fragment; all devices have c8y_IsDevice. Others need ids or "
                + "owner, too."
        ),
        .query("q", .text(0...1024), "The same as query."),
        .query(
            "query",
            .text(0...1024),
            "Conditions joined by and: has(fragment), and name, type, owner or id eq 'value'; * in "
                + "a name stands for any text. Others are answered with 400."
        ),
        .query("withChildren", .boolean, "Children are listed in any case; no device has any."),
        .query("withParents", .boolean, "Parents are listed in any case; no device has any."),
        .query("withGroups", .boolean, "Groups are no objects of the inventory."),
        .query("onlyRoots", .boolean, "Every device is a root."),
    ]

    private var devices = DeviceQuery()
    private var identifiers: [Name] = []
    private var numbers: [[Int64]] = []
    private var fragments: [Name] = []

    init(_ call: Call) throws(APIError) {
        if let type = call.given("type") { try set(\.type, type) }
        if let text = call.given("text"), !text.isEmpty { try set(\.text, text) }
        if let owner = call.given("owner") { take(owner: owner) }
        if let fragment = call.givenName("fragmentType") { fragments.append(fragment) }
        let ids = call.list("ids").compactMap { Int64($0) }
        if !ids.isEmpty { numbers.append(ids) }
        for name in ["q", "query"] {
            if let text = call.given(name) { try take(query: text) }
        }
        if let own = try call.caller().device { numbers.append([own.number]) }
    }

    /// The devices of a page.
    func find(_ page: PageRequest, _ call: Call) throws(APIError) -> Page<Device> {
        let tenant = try call.tenant().number
        let registry = call.context.registry
        if numbers.isEmpty, identifiers.isEmpty, isAboutAllDevices {
            let query = devices
            return try asking { () throws(RegistryError) in
                try registry.devices(tenant: tenant, query, page)
            }
        }
        guard !numbers.isEmpty || !identifiers.isEmpty else {
            throw Self.refused("a fragment other than c8y_IsDevice needs ids or owner, too")
        }
        let named = try asking { () throws(RegistryError) in
            var found: [Device] = []
            if let identifier = identifiers.first {
                if let one = try registry.device(tenant: tenant, identifier: identifier) {
                    found.append(one)
                }
            } else {
                for number in numbers.first ?? [] {
                    if let one = try registry.device(number: number) { found.append(one) }
                }
            }
            return found
        }
        let all = named.filter { $0.tenant == tenant && matches($0) }
        let items = Array(all.dropFirst(page.offset).prefix(page.limit))
        return Page(
            items: items,
            hasMore: all.count > page.offset + items.count,
            total: page.wantsTotal ? all.count : nil
        )
    }

    /// Whether no fragment is asked for that not every device has.
    private var isAboutAllDevices: Bool { fragments.allSatisfy { $0 == "c8y_IsDevice" } }

    private func matches(_ device: Device) -> Bool {
        let own = ManagedObject.fragments(device)
        let text = devices.text?.lowerASCII
        return identifiers.allSatisfy { $0 == device.identifier }
            && numbers.allSatisfy { $0.contains(device.number) }
            && fragments.allSatisfy { $0 == "c8y_IsDevice" || own[$0.text] != nil }
            && (devices.type.map { $0.isSame(as: device.type) } ?? true)
            && (devices.name.map { $0 == device.name } ?? true)
            && (text.map {
                device.name.lowerASCII.text.holds($0)
                    || device.identifier.lowerASCII.text.holds($0)
            } ?? true)
    }

    // MARK: Conditions

    private mutating func set<Value: Equatable>(
        _ field: WritableKeyPath<DeviceQuery, Value?>,
        _ value: Value
    ) throws(APIError) {
        guard devices[keyPath: field] == nil || devices[keyPath: field] == value else {
            throw Self.refused("two conditions about one field")
        }
        devices[keyPath: field] = value
    }

    private mutating func take(owner: String) {
        // Devices own themselves; other owners have none.
        identifiers.append(Name(owner).removing(prefix: "device_") ?? .empty)
    }

    private mutating func take(query text: String) throws(APIError) {
        let conditions: [InventoryCondition]
        do { conditions = try InventoryCondition.read(text) } catch {
            throw Self.refused(error.sentence)
        }
        for condition in conditions {
            switch condition {
            case .has(let fragment): fragments.append(Name(fragment))
            case .equals("type", let value): try set(\.type, value)
            case .equals("owner", let value): take(owner: value)
            case .equals("id", let value): numbers.append([Int64(value) ?? 0])
            case .equals("name", let value):
                if value.utf8.contains(UInt8(ascii: "*")) {
                    let plain = value.split(atByte: "*").joined()
                    if !plain.isEmpty { try set(\.text, plain) }
                } else {
                    try set(\.name, Name(value))
                }
            case .equals(let field, _): throw Self.refused("the field \(field)")
            }
        }
    }

    static func refused(_ what: String) -> APIError {
        APIError(.badRequest, .apiParameterInvalid, "query: \(what)")
    }
}
