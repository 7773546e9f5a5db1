// SPDX-License-Identifier: Apache-2.0
// The keys that tokens are checked with, and tokens for programs.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about tokens and their keys.
enum KeyCalls {
    static let operations: [Operation] = [keys, add, withdraw]

    private static let tag = "Tokens"

    /// How long a token counts when nothing is said, in seconds.
    static let plainSeconds: Int64 = 3600
    /// The longest a token may count, in seconds.
    static let secondsMax: Int64 = 90 * 86_400

    private static let keys = Operation(
        "getKeys",
        .get,
        "/.well-known/jwks.json",
        family: .sealwire,
        tag: tag,
        "The public keys that tokens are signed with, as a JSON Web Key Set (RFC 7517).",
        .anyone,
        answers: [
            .json(
                "The keys.",
                .object([.needed("keys", .array(.object([.needed("kty", .text(1...16))])))])
                    .named("KeySet")
            )
        ]
    ) { call throws(APIError) in
        let office = call.context.tokens
        let text = try asking { () throws(RegistryError) in try office.keySet() }
        guard let set = try? JSONValue(parsing: Array(text.utf8)) else {
            throw APIError(.internalServerError, .apiUnexpected)
        }
        return call.answer(set)
    }

    private static let add = Operation(
        "addToken",
        .post,
        "/api/v1/tokens",
        family: .sealwire,
        tag: tag,
        "Gives the caller a token for calls and for the messaging protocols.",
        .signedIn,
        answers: [
            .json(
                .created,
                "The token.",
                .object(
                    [
                        .needed("token", .text(1...16_384)), .needed("id", .text(1...256)),
                        .needed("expiresAt", .moment.orNull),
                    ],
                    others: .forbidden
                ).named("Token")
            )
        ]
    ) { call throws(APIError) in
        let caller = try call.caller()
        // Only one's own password or certificate makes tokens: a stolen token cannot renew itself.
        guard caller.token == nil, caller.account != nil else {
            throw APIError(.forbidden, .apiOwnSecretNeeded)
        }
        let seconds = call.json["validSeconds"]?.int64 ?? plainSeconds
        let office = call.context.tokens
        let forge = call.context.forge
        let id = Name(try asking { () throws(RegistryError) in try forge.generate() })
        let claims = TokenClaims(
            tokenID: id,
            tenantID: caller.tenant.id,
            subject: caller.user,
            issuedAt: call.now,
            expiresAt: call.now &+ seconds,
            use: "session"
        )
        let token = try asking { () throws(RegistryError) in try office.issue(claims) }
        return call.answer(
            [
                "token": .string(token), "id": .string(id),
                "expiresAt": OwnShapes.moment(claims.expiresAt &* 1000),
            ],
            .created
        )
    }
    .taking(
        bodies: [
            .json(
                .object(
                    [.optional("validSeconds", .integer(60...secondsMax))],
                    others: .forbidden
                ).named("TokenRequest").example(["validSeconds": 3600])
            )
        ]
    )

    private static let withdraw = Operation(
        "withdrawToken",
        .delete,
        "/api/v1/tokens/{id}",
        family: .sealwire,
        tag: tag,
        "Withdraws a token before its time, and ends the connections that rely on it.",
        .roles([.userAdmin]),
        answers: [Answer.empty("It counts no more.").ending]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let id = call.name("id")
        let end = call.now &+ secondsMax
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.withdrawToken(id: id, tenant: tenant.number, expiresAt: end)
        }
        return call.done().ending(made.effect)
    }
    .taking(
        [
            .path(
                "id",
                .text(
                    1...128,
                    Schema.TextRule("^[A-Za-z0-9_-]{1,128}$", "letters, digits, - and _") { text in
                        text.utf8.allSatisfy(TextRules.isWord)
                    }
                ),
                "The id of the token, its claim `jti`."
            ), OwnShapes.tenant,
        ],
        problems: [404]
    )
}
