// SPDX-License-Identifier: Apache-2.0
// What devices ask the broker for by a message: a token, to be known, credentials. The same rules
// hold as in the REST API.

internal import SealAdmin
internal import SealBroker
internal import SealBytes
internal import SealHTTP

extension IdentityService {
    /// Does what a device asked for, on another thread.
    func serve(
        _ request: ServiceRequest,
        _ principal: Principal,
        _ answer: @escaping @Sendable (ServiceAnswer) -> Void
    ) {
        quick.submit(from: "tenant \(principal.tenant)") { [self] in
            switch request {
            case .token: answer(DeviceTokenService(environment: environment).answer(principal))
            case .createDevice(let name, let type): answer(create(principal, name, type))
            case .credentials: answer(credentials(principal))
            }
        } refuse: {
            answer(.failed(ServiceFault(.server, "", "Too many requests wait")))
        }
    }

    /// The first `100` of a device gives it its name and type; any further one finds it there.
    private func create(_ principal: Principal, _ name: String, _ type: String) -> ServiceAnswer {
        guard let number = principal.device?.number else { return .silence }
        do throws(RegistryError) {
            let author = Author(
                name: "\(principal.tenantID)/device_\(principal.device?.identifier ?? "")",
                tenant: principal.tenant
            )
            let isNew = try registry.change(by: author) { writer throws(RegistryError) in
                var isNew = false
                try writer.update(device: number) { device in
                    guard device.type.isEmpty else { return }
                    device.type = type.isEmpty ? "c8y_MQTTDevice" : type
                    device.name = name.isEmpty ? "MQTT Device \(device.identifier)" : name
                    isNew = true
                }
                return isNew
            }.result
            guard isNew else { return .deviceExists }
            return .silence
        } catch {
            if error.code == .notFound { return .silence }
            return .failed(ServiceFault(.creation, "100", "The device could not be changed"))
        }
    }

    /// The user and password of the device that a bootstrap user speaks for, once it is accepted.
    ///
    /// The call of the API does it, as the same user: there is one rule for both ways.
    private func credentials(_ principal: Principal) -> ServiceAnswer {
        guard principal.roles.contains(.deviceBootstrap), let user = principal.name,
            let ground = TokenGround(principal.reliance), let api = api.withLock({ $0 })
        else { return .failed(ServiceFault(.creation, "70", "Only bootstrap users ask for this")) }
        let now = environment.clock()
        do throws(RegistryError) {
            let token = try tokens.issue(
                TokenClaims(
                    tokenID: "",
                    tenantID: principal.tenantID,
                    subject: user,
                    issuedAt: now,
                    expiresAt: now + 60,
                    use: "session",
                    ground: ground
                )
            )
            let body = JSONValue.object(["id": .string(principal.clientID)])
            let response = api.handle(
                AdminRequest(
                    .post,
                    "/devicecontrol/deviceCredentials",
                    fields: [
                        "Authorization": "Bearer \(token)", "Content-Type": "application/json",
                        "Accept": "application/json",
                    ],
                    body: body.bytes
                )
            )
            return Self.answer(response)
        } catch {
            return .failed(ServiceFault(.server, "70", "The registry does not answer"))
        }
    }

    private static func answer(_ response: Response) -> ServiceAnswer {
        // Not accepted yet: the device asks again and again.
        if response.status == .notFound { return .silence }
        guard response.status == .created, let document = try? JSONValue(parsing: response.body),
            let tenant = document["tenantId"]?.text, let user = document["username"]?.text,
            let password = document["password"]?.text
        else { return .failed(ServiceFault(.creation, "70", "The device was refused")) }
        return .credentials(tenant: tenant, user: user, password: password)
    }
}
