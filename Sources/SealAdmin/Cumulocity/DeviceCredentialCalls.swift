// SPDX-License-Identifier: Apache-2.0
// The call by which an expected device fetches its password, once somebody accepted it.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The call for devices' passwords.
enum DeviceCredentialCalls {
    static let operations: [Operation] = [fetch]

    private static let type = MediaType.cumulocity("devicecredentials")

    /// The management tenant's bootstrap user serves at most so many tenants.
    static let tenantsMax = 1000

    private static let fetch = Operation(
        "createDeviceCredentials",
        .post,
        "/devicecontrol/deviceCredentials",
        family: .cumulocity,
        tag: "Registration",
        "User and password of an expected device, once it is accepted.",
        .roles([.deviceBootstrap]),
        answers: [
            .json(
                .created,
                "The credentials; they are shown this once.",
                Schema.object([
                    .needed("id", .text), .needed("tenantId", .text), .needed("username", .text),
                    .needed("password", .text), .needed("self", .uri),
                ]).named("DeviceCredentials"),
                type
            )
        ]
    ) { call throws(APIError) in
        let identifier = call.json["id"]?.name ?? .empty
        let (request, tenant) = try find(identifier, call)
        let token = call.json["securityToken"]?.text
        try refuseCertificateDevice(request, call)
        switch request.status {
        case .waitingForConnection:
            try note(request, token, call)
            throw APIError(.notFound, .registrationWaiting, identifier.text)
        case .pendingAcceptance: throw APIError(.notFound, .registrationWaiting, identifier.text)
        case .accepted: break
        }
        guard isToken(token, of: request, call) else {
            throw APIError(.unprocessableContent, .registrationToken)
        }
        let password = try register(request, call)
        return call.answer(
            [
                "id": .string(identifier), "tenantId": .string(tenant.id),
                "username": .string("device_\(identifier)"), "password": .string(password),
                "self": .string(
                    call.link("/devicecontrol/deviceCredentials/\(Call.escaped(identifier))")
                ),
            ],
            .created
        )
    }
    .taking(
        bodies: [
            .json(
                .object([
                    .needed("id", .text(1...Device.identifierBytesMax, TextRules.device)),
                    .optional("securityToken", Schema.text(0...1024).orNull),
                ]),
                type
            )
        ],
        problems: [404, 409],
        note: "404 until the device is accepted; devices ask again and again.",
        answersUnasked: true
    )

    /// What a device's password is found by.
    static func lookup(_ tenant: UInt32, _ identifier: Name) -> Name {
        "\(tenant)/device_\(identifier)"
    }

    /// Whether a token is the one that the device showed first.
    static func isToken(_ token: String?, of request: RegistrationRequest, _ call: Call) -> Bool {
        guard !request.securityTokenHash.isEmpty else { return true }
        return digest(token, request, call) == request.securityTokenHash
    }

    private static func digest(
        _ token: String?,
        _ request: RegistrationRequest,
        _ call: Call
    ) -> String {
        guard let token, !token.isEmpty else { return "" }
        // The identifier makes equal tokens of two devices differ.
        return call.context.chains.sha3("\(request.identifier):\(token)").text
    }

    /// The request in the caller's tenant; the management tenant's user serves all tenants.
    private static func find(
        _ identifier: Name,
        _ call: Call
    ) throws(APIError) -> (RegistrationRequest, Tenant) {
        let own = try call.tenant()
        let registry = call.context.registry
        let found = try asking { () throws(RegistryError) in
            if let one = try registry.request(tenant: own.number, identifier: identifier) {
                return [(one, own)]
            }
            guard own.isManagement else { return [] }
            var all: [(RegistrationRequest, Tenant)] = []
            let tenants = try registry.tenants(PageRequest(limit: tenantsMax)).items
            for tenant in tenants where tenant.isEnabled {
                if let one = try registry.request(tenant: tenant.number, identifier: identifier) {
                    all.append((one, tenant))
                }
            }
            return all
        }
        // Which of two tenants is meant cannot be told, so neither gets the device.
        guard let first = found.first, found.count == 1 else {
            throw APIError.absent("request for \(identifier)")
        }
        return first
    }

    private static func refuseCertificateDevice(
        _ request: RegistrationRequest,
        _ call: Call
    ) throws(APIError) {
        let registry = call.context.registry
        let device = try asking { () throws(RegistryError) in
            try registry.device(tenant: request.tenant, identifier: request.identifier)
        }
        if device?.takesCertificates == true {
            throw APIError(
                .unprocessableContent,
                .registrationOfCertificateDevice,
                request.identifier.text
            )
        }
    }

    /// The device came by for the first time.
    private static func note(
        _ request: RegistrationRequest,
        _ token: String?,
        _ call: Call
    ) throws(APIError) {
        var request = request
        request.status = .pendingAcceptance
        request.securityTokenHash = digest(token, request, call)
        let seen = request
        _ = try call.change { writer throws(RegistryError) in try writer.set(seen) }
    }

    /// Makes the device with its password, and forgets the request.
    private static func register(
        _ request: RegistrationRequest,
        _ call: Call
    ) throws(APIError) -> String {
        let forge = call.context.forge
        let (password, secret) = try asking { () throws(RegistryError) in
            let password = try forge.generate()
            return (password, try forge.hash(generated: Array(password.utf8)))
        }
        _ = try call.change { writer throws(RegistryError) in
            let known = try writer.directory.device(
                tenant: request.tenant,
                identifier: request.identifier
            )
            let device: Device
            if let known {
                device = known
            } else {
                device = try writer.add(
                    Device(
                        tenant: request.tenant,
                        identifier: request.identifier,
                        type: request.type,
                        origin: .api
                    )
                )
            }
            _ = try writer.add(
                Credential(
                    tenant: request.tenant,
                    device: device.number,
                    kind: .password,
                    lookup: lookup(request.tenant, request.identifier),
                    secret: secret
                )
            )
            try writer.removeRequest(tenant: request.tenant, identifier: request.identifier)
        }
        return password
    }
}
