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
            user: call.json["username"]?.text ?? "",
            password: Array((call.json["password"]?.text ?? "").utf8),
            of: call.operation,
            call.request,
            call.now
        )
        return call.answer(try begin(caller, call))
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
        "Gives new tokens for a refresh token, which is used up.",
        .anyone,
        answers: [.json("The tokens.", pair)]
    ) { call throws(APIError) in
        let text = call.json["refreshToken"]?.text ?? ""
        let guesses = call.context.enrolmentGuesses
        let claims = try guesses.trying(call.request.peerAddress, "refresh", call.now) {
            call.context.tokens.judge(text, now: call.now)
        }
        return call.answer(try renew(claims, call))
    }
    .taking(
        bodies: [
            .json(
                .object([.needed("refreshToken", .text(1...16_384))])
                    .named("ThingsBoardRefresh").example(["refreshToken": "eyJhbGciOi..."])
            )
        ],
        problems: [401, 429],
        note: "Whoever shows a refresh token a second time ends everything that came of its login: "
            + "one of the two stole it."
    )

    /// Begins a family of tokens for a login.
    private static func begin(_ caller: Caller, _ call: Call) throws(APIError) -> JSONValue {
        guard let account = caller.account else {
            throw APIError(.unauthorized, .tokenSubjectGone)
        }
        let forge = call.context.forge
        let id = try asking { () throws(RegistryError) in try forge.generate() }
        let family = TokenFamily(
            id: id,
            tenant: caller.tenant.number,
            account: account.number,
            expiresAt: call.now &+ refreshSeconds
        )
        let author = Author(
            name: "\(caller.tenant.id)/\(caller.user)",
            tenant: caller.tenant.number,
            source: call.request.peerAddress
        )
        _ = try call.changing(by: author) { writer throws(RegistryError) in
            // The password was compared for a while: it must be the account's still.
            guard try caller.reliance.stands(in: writer.directory) else {
                throw RegistryError(.withdrawn, "the account was withdrawn meanwhile")
            }
            try writer.open(family)
        }
        let ground = TokenGround(owner: account.number, epoch: caller.reliance.epoch)
        return try tokens(caller.tenant.id, account.name, ground, family, call)
    }

    /// What comes of a refresh token.
    private enum Renewal: Sendable {
        case renewed(Account, TokenFamily)
        case refused(SealBroker.ReasonCode)
    }

    /// Uses a refresh token up; the account it was given to must still be able to log in.
    private static func renew(_ claims: TokenClaims, _ call: Call) throws(APIError) -> JSONValue {
        guard claims.use == "refresh", let family = claims.ground.family else {
            throw APIError(.unauthorized, .tokenUse)
        }
        let registry = call.context.registry
        let tenant = try asking { () throws(RegistryError) in
            try registry.tenant(id: claims.tenantID)
        }
        guard let tenant, tenant.isEnabled else {
            throw APIError(.unauthorized, .tokenSubjectGone)
        }
        let author = Author(
            name: "\(tenant.id)/\(claims.subject)",
            tenant: tenant.number,
            source: call.request.peerAddress
        )
        // That a family ends is a change, too: a refusal here must not undo it.
        let renewal = try call.changing(by: author) { writer throws(RegistryError) -> Renewal in
            let state = writer.directory
            guard let account = try state.account(number: claims.ground.owner),
                account.tenant == tenant.number, account.isEnabled,
                try state.tenant(number: tenant.number)?.isEnabled == true
            else { return .refused(.tokenSubjectGone) }
            guard account.epoch == claims.ground.epoch,
                try state.isOpen(tenant: tenant.number, family: family)
            else { return .refused(.tokenEnded) }
            if try state.isWithdrawn(tenant: tenant.number, tokenID: claims.tokenID) {
                return .refused(.tokenWithdrawn)
            }
            let next = try writer.advance(
                family: family,
                account: account.number,
                from: claims.ground.generation,
                expiresAt: call.now &+ refreshSeconds
            )
            return next.map { .renewed(account, $0) } ?? .refused(.tokenUsed)
        }.result
        switch renewal {
        case .refused(let code): throw APIError(.unauthorized, code)
        case .renewed(let account, let next):
            return try tokens(tenant.id, account.name, claims.ground, next, call)
        }
    }

    private static func tokens(
        _ tenantID: String,
        _ user: String,
        _ ground: TokenGround,
        _ family: TokenFamily,
        _ call: Call
    ) throws(APIError) -> JSONValue {
        func token(_ use: String, _ seconds: Int64) throws(APIError) -> JSONValue {
            var ground = ground
            ground.family = family.id
            ground.generation = use == "refresh" ? family.generation : 0
            let claims = TokenClaims(
                tokenID: "",
                tenantID: tenantID,
                subject: user,
                issuedAt: call.now,
                expiresAt: call.now &+ seconds,
                use: use,
                ground: ground
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
