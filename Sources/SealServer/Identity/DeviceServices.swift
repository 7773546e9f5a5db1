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
            case .token: answer(token(principal))
            case .createDevice(let name, let type): answer(create(principal, name, type))
            case .credentials: answer(credentials(principal))
            }
        } refuse: {
            answer(.failed(ServiceFault(.server, "", "Too many requests wait")))
        }
    }

    private func token(_ principal: Principal) -> ServiceAnswer {
        guard let device = principal.device else {
            return .failed(ServiceFault(.creation, "71", "Tokens are for devices"))
        }
        do throws(RegistryError) {
            let text = try registry.option(
                tenant: principal.tenant,
                category: "oauth.internal",
                key: "device-token.lifespan.seconds"
            )
            let asked = text.flatMap { Int64($0) } ?? 3600
            let token = try tokens.deviceToken(
                tenantID: principal.tenantID,
                subject: "device_\(device.identifier)",
                lifeSeconds: max(asked, 300),
                now: environment.clock()
            )
            return .token(token)
        } catch {
            return .failed(ServiceFault(.server, "71", "The registry does not answer"))
        }
    }

    /// The first `100` of a device gives it its name and type; any further one finds it there.
    private func create(_ principal: Principal, _ name: Name, _ type: String) -> ServiceAnswer {
        guard let number = principal.device?.number else { return .silence }
        do throws(RegistryError) {
            guard var device = try registry.device(number: number) else { return .silence }
            guard device.type.isEmpty else { return .deviceExists }
            device.type = type.isEmpty ? "c8y_MQTTDevice" : type
            device.name = name.isEmpty ? "MQTT Device \(device.identifier)" : name
            let author = Author(
                name: "\(principal.tenantID)/device_\(device.identifier)",
                tenant: principal.tenant
            )
            let named = device
            _ = try registry.change(by: author) { writer throws(RegistryError) in
                try writer.replace(named)
            }
            return .silence
        } catch {
            return .failed(ServiceFault(.creation, "100", "The device could not be changed"))
        }
    }

    /// The user and password of the device that a bootstrap user speaks for, once it is accepted.
    ///
    /// The call of the API does it, as the same user: there is one rule for both ways.
    private func credentials(_ principal: Principal) -> ServiceAnswer {
        guard principal.roles.contains(.deviceBootstrap), let user = principal.name,
            let api = api.withLock({ $0 })
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
                    use: "session"
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
            let tenant = document["tenantId"]?.name, let user = document["username"]?.name,
            let password = document["password"]?.text
        else { return .failed(ServiceFault(.creation, "70", "The device was refused")) }
        return .credentials(tenant: tenant, user: user, password: password)
    }
}
