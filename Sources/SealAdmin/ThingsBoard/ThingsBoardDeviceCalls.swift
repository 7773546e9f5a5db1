// SPDX-License-Identifier: Apache-2.0
// Devices as ThingsBoard's clients make, find and delete them. Not here: their credentials.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about devices.
enum ThingsBoardDeviceCalls {
    static let operations: [Operation] = [save, saveBoth, get, delete, list]

    static let tag = "ThingsBoard devices"

    private static let save = Operation(
        "saveDevice",
        .post,
        "/api/device",
        family: .thingsBoard,
        tag: tag,
        "Makes a device, or changes the one whose id is given.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [Answer.json("The device.", ThingsBoardShapes.device).ending]
    ) { call throws(APIError) in
        let token = call.given("accessToken")
        return try ThingsBoardDevices(call).save(call.json) { device, work throws(APIError) in
            let old = try work.current(device)
            if let token { return try CredentialForm(token: token, call.context) }
            // A new device always has a token.
            if old != nil || work.isUpdate { return nil }
            return try CredentialForm(
                token: try CredentialForm.newToken(call.context),
                call.context
            )
        }
    }
    .taking(
        [
            .query(
                "accessToken",
                .text(1...CredentialForm.textBytesMax, TextRules.printable),
                "The access token of the device; without it a new device gets a random one."
            )
        ],
        bodies: [.json(ThingsBoardShapes.deviceSent)],
        problems: [404]
    )

    private static let saveBoth = Operation(
        "saveDeviceWithCredentials",
        .post,
        "/api/device-with-credentials",
        family: .thingsBoard,
        tag: tag,
        "Makes or changes a device and its credentials in one step.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [Answer.json("The device.", ThingsBoardShapes.device).ending]
    ) { call throws(APIError) in
        let sent = call.json["credentials"] ?? .null
        return try ThingsBoardDevices(call).save(call.json["device"] ?? .null) {
            device,
            work throws(APIError) in
            let old = try work.current(device)
            try work.checkVersion(sent, old)
            let kind = sent["credentialsType"]?.name.flatMap(CredentialKind.init(word:))
            let isToken = kind == .accessToken
            if isToken, (sent["credentialsId"]?.text ?? "").isEmpty {
                return try CredentialForm(
                    token: try CredentialForm.newToken(call.context),
                    call.context
                )
            }
            return try CredentialForm(sent, replacing: old, call.context)
        }
    }
    .taking(
        bodies: [
            .json(
                .object([
                    .needed("device", ThingsBoardShapes.deviceSent),
                    .needed("credentials", ThingsBoardShapes.credentialsSentAlong),
                ]).named("ThingsBoardDeviceWithCredentials")
            )
        ],
        problems: [404, 409]
    )

    private static let get = Operation(
        "getDevice",
        .get,
        "/api/device/{deviceId}",
        family: .thingsBoard,
        tag: tag,
        "A device.",
        .roles(ThingsBoardShapes.readRoles),
        answers: [.json("The device.", ThingsBoardShapes.device)]
    ) { call throws(APIError) in
        call.answer(ThingsBoardShapes.document(try ThingsBoardDevices(call).named()))
    }
    .taking([deviceID], problems: [404])

    private static let delete = Operation(
        "deleteDevice",
        .delete,
        "/api/device/{deviceId}",
        family: .thingsBoard,
        tag: tag,
        "Deletes a device with its credentials, and ends its connections.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [Answer.empty(.ok, "It is gone.").ending]
    ) { call throws(APIError) in
        let device = try ThingsBoardDevices(call).named()
        let author = try call.author()
        let outcome = try asking { () throws(RegistryError) in
            try call.context.registry.change(by: author) {
                (writer: any RegistryWriter) throws(RegistryError) in
                try writer.removeDevice(number: device.number)
            }
        }
        return Response(.ok).ending(outcome.effect)
    }
    .taking([deviceID], problems: [404])

    private static let list = Operation(
        "getTenantDevices",
        .get,
        "/api/tenant/devices",
        family: .thingsBoard,
        tag: tag,
        "The device of a name, or a part of the list of all devices.",
        .roles(ThingsBoardShapes.readRoles),
        answers: [
            .json(
                "The device, or the part of the list.",
                .either([ThingsBoardShapes.device, ThingsBoardShapes.devices])
            )
        ]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        var query = DeviceQuery()
        if let name = call.givenName("deviceName") {
            query.name = name
            let page = try find(query, PageRequest(limit: 1), tenant, call)
            guard let device = page.items.first else { throw APIError.absent("this device") }
            return call.answer(ThingsBoardShapes.document(device))
        }
        guard let pageSize = call.integer("pageSize"), let page = call.integer("page") else {
            throw APIError(
                .badRequest,
                .apiParameterInvalid,
                "either deviceName or pageSize and page must be given"
            )
        }
        query.text = call.given("textSearch")
        query.type = call.given("type")
        let size = Int(pageSize)
        let request = PageRequest(offset: Int(page) * size, limit: size, wantsTotal: true)
        let found = try find(query, request, tenant, call)
        return call.answer(ThingsBoardShapes.document(found, pageSize: size))
    }
    .taking(
        [
            .query("deviceName", .text(1...256), "The name of one device."),
            .query("pageSize", .integer(1...1000), "Devices in a part of the list."),
            .query("page", .integer(0...1_000_000), "The part, counted from 0."),
            .query("textSearch", .text(1...256), "Only devices with this in their name."),
            .query("type", .text(1...255), "Only devices of this type."),
        ],
        problems: [404]
    )

    static let deviceID = Parameter.path("deviceId", .uuid, "The id of the device.")

    private static func find(
        _ query: DeviceQuery,
        _ page: PageRequest,
        _ tenant: Tenant,
        _ call: Call
    ) throws(APIError) -> Page<Device> {
        try asking { () throws(RegistryError) in
            try call.context.registry.devices(tenant: tenant.number, query, page)
        }
    }
}
