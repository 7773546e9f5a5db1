// SPDX-License-Identifier: Apache-2.0
// The calls about the inventory. It holds devices only; there are no groups and children.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The calls about managed objects.
enum ManagedObjectCalls {
    static let operations: [Operation] = [list, add, show, change, remove]

    private static let tag = "Inventory"
    private static let root = "/inventory/managedObjects"
    private static let readers: Set<Role> = [.inventoryRead, .inventoryAdmin, .device]
    private static let admins: Set<Role> = [.inventoryAdmin]
    private static let id = Parameter.path(
        "id",
        .text(1...19, TextRules.number).example("1"),
        "The number of the object."
    )

    private static let list = Operation(
        "listManagedObjects",
        .get,
        root,
        family: .cumulocity,
        tag: tag,
        "The devices of the tenant.",
        .roles(readers),
        answers: [
            .json(
                "The devices.",
                Paging.schema("managedObjects", ManagedObject.schema, "ManagedObjects"),
                ManagedObject.listType
            )
        ]
    ) { call throws(APIError) in
        let paging = Paging(call)
        let found = try InventoryQuery(call).find(paging.request, call)
        return call.answer(
            try paging.collection(call, "managedObjects", found) { device throws(APIError) in
                ManagedObject.value(device, call)
            }
        )
    }
    .taking(
        Paging.parameters + InventoryQuery.parameters,
        note: "A device sees itself only."
    )

    private static let add = Operation(
        "addManagedObject",
        .post,
        root,
        family: .cumulocity,
        tag: tag,
        "Makes a device.",
        .roles(admins),
        answers: [
            Answer.json(.created, "The device.", ManagedObject.schema, ManagedObject.type).located
        ]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let name = call.json["name"]?.name ?? .empty
        let identifier = call.json["externalId"]?.name ?? name
        if let fault = Device.identifierFault(identifier) {
            throw APIError(.unprocessableContent, .apiBodyInvalid, fault)
        }
        var device = Device(
            tenant: tenant.number,
            identifier: identifier,
            name: name,
            origin: .api,
            takesCertificates: true
        )
        try ManagedObject.change(&device, call.json)
        let wanted = device
        let made = try call.changing { writer throws(RegistryError) in try writer.add(wanted) }
        return call.created(
            ManagedObject.value(made.result, call),
            at: ManagedObject.path(made.result)
        )
    }
    .taking(
        bodies: [
            .json(
                .object([
                    .needed("name", .text(1...256, TextRules.device)),
                    .optional("type", .text(0...256, TextRules.printable)),
                    .optional(
                        "externalId",
                        .text(1...256, TextRules.device).noted(
                            "The device identifier; without it the name is."
                        )
                    ),
                ]),
                ManagedObject.type
            )
        ],
        problems: [409]
    )

    private static let show = Operation(
        "getManagedObject",
        .get,
        root + "/{id}",
        family: .cumulocity,
        tag: tag,
        "A device.",
        .roles(readers),
        answers: [.json("The device.", ManagedObject.schema, ManagedObject.type)]
    ) { call throws(APIError) in
        call.answer(ManagedObject.value(try find(call), call))
    }
    .taking([id], problems: [404])

    private static let change = Operation(
        "changeManagedObject",
        .put,
        root + "/{id}",
        family: .cumulocity,
        tag: tag,
        "Changes name, type and fragments of a device; null removes a fragment.",
        .roles(admins),
        answers: [
            Answer.json("The device.", ManagedObject.schema, ManagedObject.type).ending
        ]
    ) { call throws(APIError) in
        var device = try find(call)
        let number = device.number
        try ManagedObject.change(&device, call.json)
        let wanted = device
        let (stored, effect) = try call.changing { writer throws(RegistryError) in
            // What was changed meanwhile, such as being disabled, stays.
            guard var now = try writer.directory.device(number: number) else {
                throw RegistryError(.notFound, "the device was deleted meanwhile")
            }
            (now.name, now.type, now.properties) = (wanted.name, wanted.type, wanted.properties)
            try writer.replace(now)
            return now
        }
        device = stored
        device.changedAt = call.now * 1000
        return call.answer(ManagedObject.value(device, call)).ending(effect)
    }
    .taking(
        [id],
        bodies: [.json(ManagedObject.changeSchema, ManagedObject.type)],
        problems: [404, 409]
    )

    private static let remove = Operation(
        "deleteManagedObject",
        .delete,
        root + "/{id}",
        family: .cumulocity,
        tag: tag,
        "Deletes a device with its user and credentials, and ends its connection.",
        .roles(admins),
        answers: [Answer.empty("It is gone.").ending]
    ) { call throws(APIError) in
        let device = try find(call)
        let registry = call.context.registry
        let request = try asking { () throws(RegistryError) in
            try registry.request(tenant: device.tenant, identifier: device.identifier)
        }
        let effect = try call.change { writer throws(RegistryError) in
            try writer.removeDevice(number: device.number)
            // Nothing of it may stay that would keep it from coming back.
            if let request {
                try writer.removeRequest(tenant: request.tenant, identifier: request.identifier)
            }
        }
        return call.done().ending(effect)
    }
    .taking(
        [
            id,
            .query("cascade", .boolean, "Children go too; no device has any."),
            .query(
                "withDeviceUser",
                .boolean,
                "The user of the device goes in any case, so that the device can come back."
            ),
        ],
        problems: [404]
    )

    private static func find(_ call: Call) throws(APIError) -> Device {
        let tenant = try call.tenant()
        let number = Int64(call.text("id")) ?? 0
        let registry = call.context.registry
        let device = try asking { () throws(RegistryError) in
            try registry.device(number: number)
        }
        let own = try call.caller().device
        guard let device, device.tenant == tenant.number, own == nil || own?.number == number
        else { throw APIError.absent("managed object \(number)") }
        return device
    }
}
