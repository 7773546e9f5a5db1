// SPDX-License-Identifier: Apache-2.0
// The calls about devices that somebody expects, one by one. Devices with certificates do not come
// this way. How a device gets its password is `DeviceCredentialCalls`.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The calls about registration requests.
enum RegistrationCalls {
    static let operations: [Operation] = [list, add, show, accept, remove]

    private static let tag = "Registration"
    private static let root = "/devicecontrol/newDeviceRequests"
    private static let readers: Set<Role> = [.deviceControlRead, .deviceControlAdmin]
    private static let type = MediaType.cumulocity("newdevicerequest")
    private static let listType = MediaType.cumulocity("newdevicerequestcollection")

    private static let id = Parameter.path(
        "requestId",
        .text(1...Device.identifierBytesMax, TextRules.device),
        "The device identifier."
    )
    private static let statuses = Schema.choice(
        RegistrationRequest.Status.allCases.map(\.rawValue)
    )
    private static let request = Schema.object([
        .needed("id", .text), .needed("status", statuses), .needed("self", .uri),
        .needed("owner", .text), .needed("tenantId", .text), .needed("creationTime", .moment),
        .optional("type", .text), .optional("groupId", .text),
    ]).named("NewDeviceRequest")

    private static let list = Operation(
        "listNewDeviceRequests",
        .get,
        root,
        family: .cumulocity,
        tag: tag,
        "The devices that are expected.",
        .roles(readers),
        answers: [
            .json(
                "The requests.",
                Paging.schema("newDeviceRequests", request, "NewDeviceRequests"),
                listType
            )
        ]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let paging = Paging(call)
        let registry = call.context.registry
        let found = try asking { () throws(RegistryError) in
            try registry.requests(tenant: tenant.number, paging.request)
        }
        return call.answer(
            try paging.collection(call, "newDeviceRequests", found) { one throws(APIError) in
                value(one, tenant, call)
            }
        )
    }
    .taking(Paging.parameters)

    private static let add = Operation(
        "addNewDeviceRequest",
        .post,
        root,
        family: .cumulocity,
        tag: tag,
        "Expects a device that will have a password.",
        .roles([.deviceControlAdmin]),
        answers: [Answer.json(.created, "The request.", request, type).located]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let body = call.json
        let identifier = body["id"]?.name ?? .empty
        if let fault = Device.identifierFault(identifier) {
            throw APIError(.unprocessableContent, .apiBodyInvalid, fault)
        }
        let kind = body["authType"]?.text ?? body["AUTH_TYPE"]?.text ?? "BASIC"
        guard !kind.isSameASCII("CERTIFICATES") else {
            throw APIError(.unprocessableContent, .registrationOfCertificateDevice, identifier.text)
        }
        try check(identifier, tenant, call)
        var one = RegistrationRequest(
            tenant: tenant.number,
            identifier: identifier,
            owner: try call.caller().user
        )
        one.type = body["type"]?.text ?? ""
        one.group = body["groupId"]?.text ?? ""
        one.createdAt = call.now * 1000
        let made = one
        _ = try call.change { writer throws(RegistryError) in try writer.set(made) }
        return call.created(value(made, tenant, call), at: path(identifier))
    }
    .taking(
        bodies: [
            .json(
                .object([
                    .needed("id", .text(1...Device.identifierBytesMax, TextRules.device)),
                    .optional("type", .text(0...256, TextRules.printable)),
                    .optional("groupId", .text(0...256, TextRules.printable)),
                    .optional("authType", .choice(["BASIC", "CERTIFICATES"])),
                ]),
                type
            )
        ]
    )

    private static let show = Operation(
        "getNewDeviceRequest",
        .get,
        root + "/{requestId}",
        family: .cumulocity,
        tag: tag,
        "A device that is expected.",
        .roles(readers),
        answers: [.json("The request.", request, type)]
    ) { call throws(APIError) in
        call.answer(value(try find(call), try call.tenant(), call))
    }
    .taking([id], problems: [404])

    private static let accept = Operation(
        "changeNewDeviceRequest",
        .put,
        root + "/{requestId}",
        family: .cumulocity,
        tag: tag,
        "Accepts a device that asked for its credentials.",
        .roles([.deviceControlAdmin]),
        answers: [.json("The request.", request, type)]
    ) { call throws(APIError) in
        var one = try find(call)
        guard let status = call.json["status"]?.name.flatMap(RegistrationRequest.Status.init(word:))
        else { throw APIError(.unprocessableContent, .apiBodyInvalid, "status") }
        if status == .accepted, one.status == .pendingAcceptance {
            guard DeviceCredentialCalls.isToken(call.json["securityToken"]?.text, of: one, call)
            else { throw APIError(.unprocessableContent, .registrationToken) }
            one.status = .accepted
        } else if status != one.status {
            throw APIError(
                .unprocessableContent,
                .registrationOrder,
                "\(one.status.rawValue) to \(status.rawValue)"
            )
        }
        let changed = one
        _ = try call.change { writer throws(RegistryError) in try writer.set(changed) }
        return call.answer(value(one, try call.tenant(), call))
    }
    .taking(
        [id],
        bodies: [
            .json(
                .object([
                    .needed("status", statuses),
                    .optional("securityToken", Schema.text(0...1024).orNull),
                ]),
                type
            )
        ],
        problems: [404]
    )

    private static let remove = Operation(
        "deleteNewDeviceRequest",
        .delete,
        root + "/{requestId}",
        family: .cumulocity,
        tag: tag,
        "Expects a device no more.",
        .roles([.userAdmin]),
        answers: [.empty("It is gone.")]
    ) { call throws(APIError) in
        let one = try find(call)
        _ = try call.change { writer throws(RegistryError) in
            try writer.removeRequest(tenant: one.tenant, identifier: one.identifier)
        }
        return call.done()
    }
    .taking([id], problems: [404])

    private static func find(_ call: Call) throws(APIError) -> RegistrationRequest {
        let tenant = try call.tenant()
        let registry = call.context.registry
        let identifier = call.name("requestId")
        let found = try asking { () throws(RegistryError) in
            try registry.request(tenant: tenant.number, identifier: identifier)
        }
        guard let found else { throw APIError.absent("request for \(identifier)") }
        return found
    }

    /// Whether a device of this name can still be expected.
    private static func check(
        _ identifier: Name,
        _ tenant: Tenant,
        _ call: Call
    ) throws(APIError) {
        let registry = call.context.registry
        let found = try asking { () throws(RegistryError) in
            (
                request: try registry.request(tenant: tenant.number, identifier: identifier),
                device: try registry.device(tenant: tenant.number, identifier: identifier),
                password: try registry.credential(
                    tenant: tenant.number,
                    kind: .password,
                    lookup: DeviceCredentialCalls.lookup(tenant.number, identifier)
                )
            )
        }
        if found.device?.takesCertificates == true {
            throw APIError(.unprocessableContent, .registrationOfCertificateDevice, identifier.text)
        }
        if found.request != nil || found.password != nil {
            throw APIError(.unprocessableContent, .registrationExists, identifier.text)
        }
    }

    private static func path(_ identifier: Name) -> String {
        "\(root)/\(Call.escaped(identifier))"
    }

    private static func value(
        _ one: RegistrationRequest,
        _ tenant: Tenant,
        _ call: Call
    ) -> JSONValue {
        var members: JSONObject = [
            "id": .string(one.identifier), "status": .string(one.status.rawValue),
            "self": .string(call.link(path(one.identifier))), "owner": .string(one.owner),
            "tenantId": .string(tenant.id),
            "creationTime": .string(ISOTime.text(milliseconds: one.createdAt)),
        ]
        if !one.type.isEmpty { members["type"] = .string(one.type) }
        if !one.group.isEmpty { members["groupId"] = .string(one.group) }
        return .object(members)
    }
}
