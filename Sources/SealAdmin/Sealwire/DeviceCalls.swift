// SPDX-License-Identifier: Apache-2.0
// Devices by their identifiers: what neither of the other interfaces has, above all disabling one.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Our own calls about devices.
enum DeviceCalls {
    static let operations: [Operation] = [list, add, get, update, remove]

    private static let tag = "Devices"

    /// A device identifier as it stands in paths.
    static let path = Parameter.path(
        "identifier",
        .text(1...Device.identifierBytesMax, identifier),
        "The device identifier."
    )

    /// What a device identifier may be.
    static let identifier = Schema.TextRule(
        "^[^\\u0000-\\u001f\\u007f-\\u009f:]{1,1024}$",
        "at most 1024 bytes of printable characters without :"
    ) { Device.identifierFault(Name($0)) == nil }

    static let shape = Schema.object(
        [
            .needed("identifier", .text(1...Device.identifierBytesMax)), .needed("id", .uuid),
            .needed("name", .text), .needed("type", .text), .needed("label", .text),
            .needed("enabled", .boolean), .needed("takesCertificates", .boolean),
            .needed("origin", .choice(Device.Origin.allCases.map(\.rawValue))),
            .needed("properties", .object([])),
            .needed("credentials", .array(credential)),
            .needed("createdAt", .moment.orNull), .needed("changedAt", .moment.orNull),
        ],
        others: .forbidden
    ).named("Device")

    private static let listed = Schema.object(
        [
            .needed("identifier", .text(1...Device.identifierBytesMax)), .needed("id", .uuid),
            .needed("name", .text), .needed("type", .text), .needed("label", .text),
            .needed("enabled", .boolean), .needed("takesCertificates", .boolean),
            .needed("origin", .choice(Device.Origin.allCases.map(\.rawValue))),
            .needed("createdAt", .moment.orNull), .needed("changedAt", .moment.orNull),
        ],
        others: .forbidden
    ).named("ListedDevice")

    static let credential = Schema.object(
        [
            .needed("id", .uuid),
            .needed("kind", .choice(CredentialKind.allCases.map(\.rawValue))),
            .needed("version", .integer(0...Int64.max)), .needed("createdAt", .moment.orNull),
            .needed("possessionProved", .boolean.orNull),
        ],
        others: .forbidden
    ).named("CredentialSummary")

    private static let parts: [Schema.Property] = [
        .optional("name", .text(1...256, TextRules.printable)),
        .optional("type", .text(0...256, TextRules.printable)),
        .optional("label", .text(0...256, TextRules.printable)),
        .optional("enabled", .boolean),
        .optional("takesCertificates", .boolean),
        .optional("password", .text(8...1024)),
    ]

    private static let list = Operation(
        "listDevices",
        .get,
        "/api/v1/devices",
        family: .sealwire,
        tag: tag,
        "The devices of the tenant.",
        .roles(ThingsBoardShapes.readRoles),
        answers: [.json("The devices.", OwnShapes.list("devices", listed))]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        var query = DeviceQuery()
        query.text = call.given("text")
        query.type = call.given("type")
        let page = OwnShapes.page(call)
        let wanted = query
        let found = try asking { () throws(RegistryError) in
            try call.context.registry.devices(tenant: tenant.number, wanted, page)
        }
        return call.answer(OwnShapes.document("devices", found) { .object(members($0)) })
    }
    .taking(
        [
            .query("text", .text(1...256), "Only devices with this in identifier or name."),
            .query("type", .text(1...256), "Only devices of this type."),
            OwnShapes.tenant,
        ] + OwnShapes.paging,
        problems: [404]
    )

    private static let add = Operation(
        "addDevice",
        .post,
        "/api/v1/devices",
        family: .sealwire,
        tag: tag,
        "Makes a device.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [Answer.json(.created, "The device.", shape).located]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        var device = Device(
            tenant: tenant.number,
            identifier: call.json["identifier"]?.name ?? .empty,
            origin: .api,
            takesCertificates: true
        )
        take(call.json, into: &device)
        let wanted = device
        let secret = try secret(call)
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) -> Device in
            let stored = try writer.add(wanted)
            try put(secret, of: stored, writer)
            return stored
        }
        return call.created(
            try document(made.result, call),
            at: "/api/v1/devices/\(Call.escaped(device.identifier))"
        )
    }
    .taking(
        [OwnShapes.tenant],
        bodies: [
            .json(
                .object(
                    [.needed("identifier", .text(1...Device.identifierBytesMax, identifier))]
                        + parts,
                    others: .forbidden
                ).named("NewDevice").example(["identifier": "sensor-1", "type": "sensor"])
            )
        ],
        problems: [404, 409],
        note: "It takes certificates below the tenant's trust anchors unless said otherwise; with "
            + "a password it logs in as `<tenant>/device_<identifier>`, too."
    )

    private static let get = Operation(
        "showDevice",
        .get,
        "/api/v1/devices/{identifier}",
        family: .sealwire,
        tag: tag,
        "A device.",
        .roles(ThingsBoardShapes.readRoles),
        answers: [.json("The device.", shape)]
    ) { call throws(APIError) in
        call.answer(try document(try named(call, try OwnShapes.tenant(call)), call))
    }
    .taking([path, OwnShapes.tenant], problems: [404])

    private static let update = Operation(
        "updateDevice",
        .put,
        "/api/v1/devices/{identifier}",
        family: .sealwire,
        tag: tag,
        "Changes a device; disabling it ends its connections.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [Answer.json("The device.", shape).ending]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        var device = try named(call, tenant)
        take(call.json, into: &device)
        let wanted = device
        let secret = try secret(call)
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) -> Device in
            try writer.replace(wanted)
            try put(secret, of: wanted, writer)
            return try writer.directory.device(number: wanted.number) ?? wanted
        }
        return call.answer(try document(made.result, call)).ending(made.effect)
    }
    .taking(
        [path, OwnShapes.tenant],
        bodies: [
            .json(
                .object(parts, others: .forbidden).named("DeviceUpdate")
                    .example(["enabled": false])
            )
        ],
        problems: [404, 409]
    )

    private static let remove = Operation(
        "removeDevice",
        .delete,
        "/api/v1/devices/{identifier}",
        family: .sealwire,
        tag: tag,
        "Removes a device with its credentials, and ends its connections.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [Answer.empty("It is gone.").ending]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let device = try named(call, tenant)
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.removeDevice(number: device.number)
        }
        return call.done().ending(made.effect)
    }
    .taking([path, OwnShapes.tenant], problems: [404])

    // MARK: Work

    static func named(_ call: Call, _ tenant: Tenant) throws(APIError) -> Device {
        let identifier = call.name("identifier")
        let found = try asking { () throws(RegistryError) in
            try call.context.registry.device(tenant: tenant.number, identifier: identifier)
        }
        guard let found else { throw APIError.absent("this device") }
        return found
    }

    private static func take(_ sent: JSONValue, into device: inout Device) {
        if let name = sent["name"]?.name { device.name = name }
        if let text = sent["type"]?.text { device.type = text }
        if let text = sent["label"]?.text { device.label = text }
        if let flag = sent["enabled"]?.flag { device.isEnabled = flag }
        if let flag = sent["takesCertificates"]?.flag { device.takesCertificates = flag }
    }

    private static func secret(_ call: Call) throws(APIError) -> StoredSecret? {
        guard let password = call.json["password"]?.text else { return nil }
        let forge = call.context.forge
        return try asking { () throws(RegistryError) in
            try forge.hash(chosen: Array(password.utf8))
        }
    }

    private static func put(
        _ secret: StoredSecret?,
        of device: Device,
        _ writer: any RegistryWriter
    ) throws(RegistryError) {
        guard let secret else { return }
        let lookup: Name = "\(device.tenant)/\(device.userName)"
        let known = try writer.directory.credential(
            tenant: device.tenant,
            kind: .password,
            lookup: lookup
        )
        guard var old = known else {
            _ = try writer.add(
                Credential(
                    tenant: device.tenant,
                    device: device.number,
                    kind: .password,
                    lookup: lookup,
                    secret: secret
                )
            )
            return
        }
        old.secret = secret
        _ = try writer.replace(old)
    }

    private static func document(_ device: Device, _ call: Call) throws(APIError) -> JSONValue {
        let credentials = try asking { () throws(RegistryError) in
            try call.context.registry.credentials(device: device.number)
        }
        let properties = (try? JSONValue(parsing: Array(device.properties.utf8)))?.members
        var members = members(device)
        members["properties"] = .object(properties ?? JSONObject())
        members["credentials"] = .array(
            credentials.map { document($0) }
        )
        return .object(members)
    }

    /// A credential without its secrets; only of a certificate a key can be proved.
    static func document(_ credential: Credential) -> JSONValue {
        [
            "id": .string(credential.uuid), "kind": .string(credential.kind.rawValue),
            "version": .integer(credential.version),
            "createdAt": OwnShapes.moment(credential.createdAt),
            "possessionProved": credential.kind == .certificate
                ? .bool(credential.proof.isValid) : .null,
        ]
    }

    private static func members(_ device: Device) -> JSONObject {
        [
            "identifier": .string(device.identifier), "id": .string(device.uuid),
            "name": .string(device.name), "type": .string(device.type),
            "label": .string(device.label), "enabled": .bool(device.isEnabled),
            "takesCertificates": .bool(device.takesCertificates),
            "origin": .string(device.origin.rawValue),
            "createdAt": OwnShapes.moment(device.createdAt),
            "changedAt": OwnShapes.moment(device.changedAt),
        ]
    }
}
