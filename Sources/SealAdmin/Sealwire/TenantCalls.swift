// SPDX-License-Identifier: Apache-2.0
// Tenants, which the management tenant makes, disables and removes.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about tenants.
enum TenantCalls {
    static let operations: [Operation] = [list, add, get, update, remove]

    private static let tag = "Tenants"
    private static let path = Parameter.path(
        "tenantId",
        .text(1...64, TextRules.tenant),
        "The id of the tenant."
    )

    private static let shape = Schema.object(
        [
            .needed("id", .text(1...64)), .needed("label", .text), .needed("domain", .text),
            .needed("enabled", .boolean), .needed("management", .boolean),
            .needed("createdAt", .moment.orNull),
        ],
        others: .forbidden
    ).named("Tenant")

    /// What the id of a new tenant may be.
    private static let id = Schema.TextRule(
        "^[a-z0-9][a-z0-9._-]{0,63}$",
        "a-z, 0-9, '.', '_' and '-', the first a letter or a digit"
    ) { text in
        (1...64).contains(text.utf8.count)
            && text.utf8.enumerated().allSatisfy { index, byte in
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
                    || (index > 0 && "._-".utf8.contains(byte))
            }
    }

    private static let label = Schema.Property.optional(
        "label",
        .text(0...256, TextRules.printable)
    )
    private static let domain = Schema.Property.optional(
        "domain",
        .text(
            0...253,
            Schema.TextRule("^[a-z0-9.-]*$", "a host name in lower case") { text in
                text.utf8.allSatisfy { byte in
                    (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
                        || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
                }
            }
        )
    )

    private static let list = Operation(
        "listTenants",
        .get,
        "/api/v1/tenants",
        family: .sealwire,
        tag: tag,
        "All tenants.",
        .roles([.tenantManagementAdmin, .tenantManagementRead], reach: .management),
        answers: [.json("The tenants.", OwnShapes.list("tenants", shape))]
    ) { call throws(APIError) in
        let page = OwnShapes.page(call)
        let found = try asking { () throws(RegistryError) in
            try call.context.registry.tenants(page)
        }
        return call.answer(OwnShapes.document("tenants", found, document))
    }
    .taking(OwnShapes.paging)

    private static let add = Operation(
        "addTenant",
        .post,
        "/api/v1/tenants",
        family: .sealwire,
        tag: tag,
        "Makes a tenant.",
        .roles([.tenantManagementAdmin], reach: .management),
        answers: [Answer.json(.created, "The tenant.", shape).located]
    ) { call throws(APIError) in
        let own = try call.tenant()
        let tenant = Tenant(
            id: call.json["id"]?.name ?? .empty,
            label: call.json["label"]?.text ?? "",
            domain: call.json["domain"]?.name ?? .empty,
            isEnabled: call.json["enabled"]?.flag ?? true
        )
        let made = try OwnShapes.change(call, own) { writer throws(RegistryError) in
            try writer.add(tenant)
        }
        return call.created(document(made.result), at: "/api/v1/tenants/\(made.result.id)")
    }
    .taking(
        bodies: [
            .json(
                .object(
                    [
                        .needed("id", .text(1...64, id)), label, domain,
                        .optional("enabled", .boolean),
                    ],
                    others: .forbidden
                ).named("NewTenant").example(["id": "t2", "label": "Second"])
            )
        ],
        problems: [409]
    )

    private static let get = Operation(
        "getTenant",
        .get,
        "/api/v1/tenants/{tenantId}",
        family: .sealwire,
        tag: tag,
        "A tenant.",
        .roles([.tenantManagementAdmin, .tenantManagementRead], reach: .ownOrManagement),
        answers: [.json("The tenant.", shape)]
    ) { call throws(APIError) in
        call.answer(document(try call.tenant()))
    }
    .taking([path], problems: [404])

    private static let update = Operation(
        "updateTenant",
        .put,
        "/api/v1/tenants/{tenantId}",
        family: .sealwire,
        tag: tag,
        "Changes a tenant; disabling it ends all of its connections.",
        .roles([.tenantManagementAdmin], reach: .management),
        answers: [Answer.json("The tenant.", shape).ending]
    ) { call throws(APIError) in
        var tenant = try call.tenant()
        if let label = call.json["label"]?.text { tenant.label = label }
        if let domain = call.json["domain"]?.name { tenant.domain = domain }
        if let flag = call.json["enabled"]?.flag { tenant.isEnabled = flag }
        guard tenant.isEnabled || !tenant.isManagement else {
            throw APIError(.conflict, .apiConflict, "the management tenant stays enabled")
        }
        let changed = tenant
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.replace(changed)
        }
        return call.answer(document(changed)).ending(made.effect)
    }
    .taking(
        [path],
        bodies: [
            .json(
                .object([label, domain, .optional("enabled", .boolean)], others: .forbidden)
                    .named("TenantUpdate").example(["enabled": false])
            )
        ],
        problems: [404, 409]
    )

    private static let remove = Operation(
        "removeTenant",
        .delete,
        "/api/v1/tenants/{tenantId}",
        family: .sealwire,
        tag: tag,
        "Removes a tenant with everything in it, and ends all of its connections.",
        .roles([.tenantManagementAdmin], reach: .management),
        answers: [Answer.empty("It is gone.").ending]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        guard !tenant.isManagement else {
            throw APIError(.conflict, .apiConflict, "the management tenant cannot be removed")
        }
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.removeTenant(number: tenant.number)
        }
        return call.done().ending(made.effect)
    }
    .taking([path], problems: [404, 409])

    private static func document(_ tenant: Tenant) -> JSONValue {
        [
            "id": .string(tenant.id), "label": .string(tenant.label),
            "domain": .string(tenant.domain), "enabled": .bool(tenant.isEnabled),
            "management": .bool(tenant.isManagement),
            "createdAt": OwnShapes.moment(tenant.createdAt),
        ]
    }
}
