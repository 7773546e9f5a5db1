// SPDX-License-Identifier: Apache-2.0
// One-time links by which an account gets its first or a new password. A link is a signed token
// whose id stands in the account's row until it is used; a newer link, a new password and being
// disabled end it.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about one-time links.
enum FirstLoginCalls {
    static let operations: [Operation] = [link, use]

    private static let tag = "Accounts"

    private static let link = Operation(
        "addLoginLink",
        .post,
        "/api/v1/accounts/{name}/login-link",
        family: .sealwire,
        tag: tag,
        "Makes a one-time link by which the account sets its password.",
        .roles(AccountCalls.writeRoles),
        answers: [
            .json(
                .created,
                "The link.",
                .object(
                    [
                        .needed("token", .text(1...16_384)), .needed("link", .uri),
                        .needed("expiresAt", .moment.orNull),
                    ],
                    others: .forbidden
                ).named("LoginLink")
            )
        ]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let account = try AccountCalls.named(call, tenant)
        let office = call.context.tokens
        let forge = call.context.forge
        let id = try asking { () throws(RegistryError) in try forge.generate() }
        let made = try call.changing(in: tenant) { writer throws(RegistryError) in
            try writer.update(account: account.number) { account throws(RegistryError) in
                try call.checking { () throws(APIError) in
                    try AccountCalls.checkReach(account.roles, call)
                    try AccountCalls.checkNotSelf(account, call)
                }
                account.linkID = id
            }
        }
        let claims = FirstLogin.claims(tenant: tenant, account: made.result, now: call.now)
        let token = try asking { () throws(RegistryError) in try office.issue(claims) }
        return call.answer(
            [
                "token": .string(token),
                "link": .string(call.link(FirstLogin.path(token))),
                "expiresAt": OwnShapes.moment(claims.expiresAt &* 1000),
            ],
            .created
        )
    }
    .taking([AccountCalls.path, OwnShapes.tenant], problems: [404, 409])

    private static let use = Operation(
        "useLoginLink",
        .post,
        "/api/v1/first-login",
        family: .sealwire,
        tag: tag,
        "Sets the password of the account that a one-time link was made for.",
        .anyone,
        answers: [
            Answer.json(
                "Whose password was set.",
                .object(
                    [.needed("tenant", .text(1...64)), .needed("user", .text(1...256))],
                    others: .forbidden
                ).named("FirstLoginDone")
            ).ending
        ]
    ) { call throws(APIError) in
        let done = try FirstLogin(call).setPassword(
            token: call.json["token"]?.text ?? "",
            password: call.json["password"]?.text ?? ""
        )
        return call.answer([
            "tenant": .string(done.tenant.id), "user": .string(done.account.name),
        ]).ending(done.effect)
    }
    .taking(
        bodies: [
            .json(
                .object(
                    [
                        .needed("token", .text(1...16_384)),
                        .needed("password", .text(8...1024)),
                    ],
                    others: .forbidden
                ).named("FirstLogin").example(["token": "eyJhbGciOi...", "password": "a good one"])
            )
        ],
        problems: [401, 429]
    )
}

/// What a one-time link is, and what it does.
struct FirstLogin: Sendable {
    /// What its tokens are for.
    static let use = "first-login"
    /// How long a link counts, in seconds.
    static let lifeSeconds: Int64 = 7 * 86_400

    private let call: Call

    init(_ call: Call) { self.call = call }

    /// The claims of the link whose id stands in the account's row.
    static func claims(tenant: Tenant, account: Account, now: Int64) -> TokenClaims {
        TokenClaims(
            tokenID: account.linkID,
            tenantID: tenant.id,
            subject: account.name,
            issuedAt: now,
            expiresAt: now &+ lifeSeconds,
            use: use,
            ground: TokenGround(owner: account.number, epoch: account.epoch)
        )
    }

    /// Where a browser goes with a token; it stays out of requests and their logs.
    static func path(_ token: String) -> String { "/first-login#\(token)" }

    /// Sets the password, once.
    func setPassword(
        token: String,
        password: String
    ) throws(APIError) -> (tenant: Tenant, account: Account, effect: ChangeEffect) {
        let guesses = call.context.enrolmentGuesses
        let claims = try guesses.trying(call.request.peerAddress, Self.use, call.now) {
            call.context.tokens.judge(token, now: call.now)
        }
        guard claims.use == Self.use else { throw APIError(.unauthorized, .tokenUse) }
        let registry = call.context.registry
        let found = try asking { () throws(RegistryError) -> (Tenant, Account)? in
            guard let tenant = try registry.tenant(id: claims.tenantID),
                let account = try registry.account(number: claims.ground.owner)
            else { return nil }
            return (tenant, account)
        }
        guard let (tenant, account) = found else {
            throw APIError(.unauthorized, .tokenSubjectGone)
        }
        // Hashing is for those who may: it takes long.
        if let fault = Self.fault(claims, tenant, account) {
            throw APIError(.unauthorized, fault)
        }
        let forge = call.context.forge
        let secret = try asking { () throws(RegistryError) in
            try forge.hash(chosen: Array(password.utf8))
        }
        return try use(claims, tenant, account, secret)
    }

    /// Why a link does nothing; nil when it does.
    private static func fault(
        _ claims: TokenClaims,
        _ tenant: Tenant,
        _ account: Account
    ) -> SealBroker.ReasonCode? {
        guard tenant.isEnabled, account.isEnabled, account.tenant == tenant.number else {
            return .tokenSubjectGone
        }
        guard account.epoch == claims.ground.epoch, account.linkID == claims.tokenID else {
            return .tokenEnded
        }
        return nil
    }

    private func use(
        _ claims: TokenClaims,
        _ tenant: Tenant,
        _ account: Account,
        _ secret: StoredSecret
    ) throws(APIError) -> (tenant: Tenant, account: Account, effect: ChangeEffect) {
        let author = Author(
            name: "\(tenant.id)/\(account.name)",
            tenant: tenant.number,
            source: call.request.peerAddress
        )
        let (changed, effect) = try call.changing(by: author) { writer throws(RegistryError) in
            let state = writer.directory
            let tenant = try state.tenant(number: tenant.number) ?? tenant
            let isWithdrawn = try state.isWithdrawn(
                tenant: tenant.number,
                tokenID: claims.tokenID
            )
            return try writer.update(account: account.number) { account throws(RegistryError) in
                // Looked at inside of the change: of two who use a link at once one is too late,
                // and so is who was disabled meanwhile.
                let fault =
                    isWithdrawn ? .tokenWithdrawn : Self.fault(claims, tenant, account)
                if let fault {
                    try call.checking { () throws(APIError) in
                        throw APIError(.unauthorized, fault)
                    }
                }
                account.secret = secret
                account.passwordSetAt = call.now &* 1000
                account.mustChangePassword = false
                account.linkID = ""
            }
        }
        return (tenant, changed, effect)
    }
}
