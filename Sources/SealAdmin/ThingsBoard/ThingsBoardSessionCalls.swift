// SPDX-License-Identifier: Apache-2.0
// ThingsBoard's way to log in: user and password for a pair of tokens, and a new pair for the
// second of them.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls that give tokens to accounts.
enum ThingsBoardSessionCalls {
    static let operations: [Operation] = [login, refresh]

    private static let tag = "ThingsBoard login"
    /// How long the first token counts, in seconds.
    static let accessSeconds: Int64 = 9000
    /// How long the second one counts, in seconds.
    static let refreshSeconds: Int64 = 604_800

    private static let pair = Schema.object(
        [.needed("token", .text(1...16_384)), .needed("refreshToken", .text(1...16_384))],
        others: .forbidden
    ).named("ThingsBoardTokens")

    private static let login = Operation(
        "thingsBoardLogin",
        .post,
        "/api/auth/login",
        family: .thingsBoard,
        tag: tag,
        "Gives tokens for a user name and its password.",
        .anyone,
        answers: [.json("The tokens.", pair)]
    ) { call throws(APIError) in
        let caller = try Authentication(context: call.context).caller(
            user: call.json["username"]?.name ?? .empty,
            password: Array((call.json["password"]?.text ?? "").utf8),
            of: call.operation,
            call.request,
            call.now
        )
        return call.answer(try tokens(of: caller, call))
    }
    .taking(
        bodies: [
            .json(
                .object([
                    .needed("username", .text(1...1024)), .needed("password", .text(0...1024)),
                ]).named("ThingsBoardLogin").example([
                    "username": "t1/admin", "password": "secret",
                ])
            )
        ],
        problems: [401, 429],
        note: "The user name is `tenant/user`; the tenant can be left out where the host name of "
            + "the request selects one."
    )

    private static let refresh = Operation(
        "thingsBoardRefresh",
        .post,
        "/api/auth/token",
        family: .thingsBoard,
        tag: tag,
        "Gives new tokens for a refresh token.",
        .anyone,
        answers: [.json("The tokens.", pair)]
    ) { call throws(APIError) in
        let text = call.json["refreshToken"]?.text ?? ""
        let guesses = call.context.enrolmentGuesses
        let claims = try guesses.trying(call.request.peerAddress, "refresh", call.now) {
            call.context.tokens.judge(text, now: call.now)
        }
        return call.answer(try tokens(of: try owner(of: claims, call), call))
    }
    .taking(
        bodies: [
            .json(
                .object([.needed("refreshToken", .text(1...16_384))])
                    .named("ThingsBoardRefresh").example(["refreshToken": "eyJhbGciOi..."])
            )
        ],
        problems: [401, 429]
    )

    /// The account a refresh token was given to, if it still may log in.
    private static func owner(
        of claims: TokenClaims,
        _ call: Call
    ) throws(APIError) -> Caller {
        guard claims.use == "refresh" else { throw APIError(.unauthorized, .tokenUse) }
        let registry = call.context.registry
        let found = try asking { () throws(RegistryError) -> (Tenant, Account)? in
            guard try !registry.isWithdrawn(tokenID: claims.tokenID),
                let tenant = try registry.tenant(id: claims.tenantID), tenant.isEnabled,
                let account = try registry.account(tenant: tenant.number, name: claims.subject),
                // A password that was changed since ends what was given for the old one.
                account.isEnabled, account.passwordSetAt <= (claims.issuedAt &+ 1) &* 1000
            else { return nil }
            return (tenant, account)
        }
        guard let (tenant, account) = found else {
            throw APIError(.unauthorized, .tokenSubjectGone)
        }
        return Caller(tenant: tenant, user: account.name, roles: account.roles, account: account)
    }

    private static func tokens(of caller: Caller, _ call: Call) throws(APIError) -> JSONValue {
        func token(_ use: Name, _ seconds: Int64) throws(APIError) -> JSONValue {
            let claims = TokenClaims(
                tokenID: "",
                tenantID: caller.tenant.id,
                subject: caller.user,
                issuedAt: call.now,
                expiresAt: call.now &+ seconds,
                use: use
            )
            let office = call.context.tokens
            return .string(
                try asking { () throws(RegistryError) in try office.issue(claims) }
            )
        }
        return [
            "token": try token("session", accessSeconds),
            "refreshToken": try token("refresh", refreshSeconds),
        ]
    }
}
