// SPDX-License-Identifier: Apache-2.0
// The token a connected device asks for (`71`): bound to what its login stands on.

internal import SealBroker

/// Gives connected devices their tokens.
///
/// Calls wait for the registry: never on a shard.
struct DeviceTokenService {
    let environment: LoginEnvironment

    /// The token of a connected device.
    func answer(_ principal: Principal) -> ServiceAnswer {
        guard let device = principal.device, let ground = TokenGround(principal.reliance) else {
            return .failed(ServiceFault(.creation, "71", "Tokens are for devices"))
        }
        // A stolen token must not renew itself.
        guard principal.method != .jwt else {
            let text = "Tokens are for devices that showed a certificate or a password"
            return .failed(ServiceFault(.creation, "71", text))
        }
        do throws(RegistryError) {
            let text = try environment.registry.option(
                tenant: principal.tenant,
                category: "oauth.internal",
                key: "device-token.lifespan.seconds"
            )
            let asked = text.flatMap { Int64($0) } ?? 3600
            let now = environment.clock()
            // It does not outlive the certificate that was shown for it.
            let left = principal.reliance.endsAt.map { max($0, now) - now } ?? .max
            let token = try environment.tokens.deviceToken(
                tenantID: principal.tenantID,
                subject: "device_\(device.identifier)",
                ground: ground,
                lifeSeconds: min(max(asked, 300), left),
                now: now
            )
            return .token(token)
        } catch {
            return .failed(ServiceFault(.server, "71", "The registry does not answer"))
        }
    }
}
