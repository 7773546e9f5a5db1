// SPDX-License-Identifier: Apache-2.0
// The calls about tokens: a device fetches one with its certificate, and anybody gives one back.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The calls about tokens.
enum TokenCalls {
    static let operations: [Operation] = [fetch, logout]

    private static let tag = "Tokens"

    private static let fetch = Operation(
        "createDeviceAccessToken",
        .post,
        "/devicecontrol/deviceAccessToken",
        family: .cumulocity,
        tag: tag,
        "A token for the device whose certificate the connection shows.",
        .certificate,
        answers: [
            .json(
                "The token, under both names that clients look for.",
                Schema.object([
                    .needed("accessToken", .text(1...16_384)),
                    .needed("access_token", .text(1...16_384)),
                ]).named("DeviceAccessToken")
            )
        ]
    ) { call throws(APIError) in
        let caller = try call.caller()
        guard let ground = TokenGround(caller.reliance) else {
            throw APIError(.unauthorized, .apiCredentialsMissing)
        }
        // It does not outlive the certificate that was shown for it.
        let left = caller.reliance.endsAt.map { max($0, call.now) - call.now } ?? .max
        let seconds = min(try life(caller.tenant, call), left)
        let tokens = call.context.tokens
        let token = try asking { () throws(RegistryError) in
            try tokens.deviceToken(
                tenantID: caller.tenant.id,
                subject: caller.user,
                ground: ground,
                lifeSeconds: seconds,
                now: call.now
            )
        }
        return call.answer(["accessToken": .string(token), "access_token": .string(token)])
    }
    .taking(
        [
            .header(
                "X-Ssl-Cert-Chain",
                .text(1...65_536),
                "The chain on one line, blanks for line breaks; needed when the direct issuer is "
                    + "not trusted itself."
            )
        ],
        problems: [401, 422, 429],
        note: "400 when the chain cannot be read, 401 when it is revoked or invalid, 422 when no "
            + "device of a tenant stands behind it.",
        answersUnasked: true
    )

    private static let logout = Operation(
        "logout",
        .post,
        "/user/logout",
        family: .cumulocity,
        tag: tag,
        "Withdraws the token of the call, with all that came of its login.",
        .signedIn,
        answers: [Answer.empty(.ok, "The token counts no more.").ending]
    ) { call throws(APIError) in
        let caller = try call.caller()
        guard let token = caller.token,
            case .success(let claims) = call.context.tokens.judge(token, now: call.now)
        else { return Response(.ok).ending(ChangeEffect()) }
        let effect = try call.change { writer throws(RegistryError) in
            try writer.withdrawToken(
                id: claims.tokenID,
                tenant: caller.tenant.number,
                expiresAt: claims.expiresAt
            )
            if let family = claims.ground.family {
                try writer.endFamily(id: family, tenant: caller.tenant.number)
            }
        }
        return Response(.ok).ending(effect)
    }
    .taking(note: "With other credentials than a token there is nothing to withdraw.")

    /// How long a device's token counts, in seconds.
    static func life(_ tenant: Tenant, _ call: Call) throws(APIError) -> Int64 {
        let registry = call.context.registry
        let text = try asking { () throws(RegistryError) in
            try registry.option(
                tenant: tenant.number,
                category: OptionRule.tokenLife.category,
                key: OptionRule.tokenLife.key
            )
        }
        let seconds = text.flatMap { Int64($0) } ?? call.context.settings.deviceTokenSeconds
        return min(max(seconds, OptionRule.tokenSecondsMin), OptionRule.tokenSecondsMax)
    }
}
