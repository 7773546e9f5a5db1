// SPDX-License-Identifier: Apache-2.0
// One-time links by which an account gets its first or a new password. A link is a signed token
// that is withdrawn when it is used, and counts no more once a password was set after it.

public import SealBroker
public import SealBytes
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
        try AccountCalls.checkReach(account.roles, call)
        try AccountCalls.checkNotSelf(account, call)
        let office = call.context.tokens
        let claims = FirstLogin.claims(tenant: tenant, account: account.name, now: call.now)
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
public struct FirstLogin: Sendable {
    /// What its tokens are for.
    public static let use: Name = "first-login"
    /// How long a link counts, in seconds.
    public static let lifeSeconds: Int64 = 7 * 86_400

    private let context: AdminContext
    private let now: Int64
    private let source: String

    init(_ call: Call) {
        context = call.context
        now = call.now
        source = call.request.peerAddress
    }

    /// The claims of a new link for an account.
    public static func claims(tenant: Tenant, account: Name, now: Int64) -> TokenClaims {
        TokenClaims(
            tokenID: "",
            tenantID: tenant.id,
            subject: account,
            issuedAt: now,
            expiresAt: now &+ lifeSeconds,
            use: use
        )
    }

    /// Where a browser goes with a token; it stays out of requests and their logs.
    public static func path(_ token: String) -> String { "/first-login#\(token)" }

    /// Sets the password, once.
    func setPassword(
        token: String,
        password: String
    ) throws(APIError) -> (tenant: Tenant, account: Account, effect: ChangeEffect) {
        let claims = try context.enrolmentGuesses.trying(source, Self.use, now) {
            context.tokens.judge(token, now: now)
        }
        guard claims.use == Self.use else { throw APIError(.unauthorized, .tokenUse) }
        let registry = context.registry
        let found = try asking { () throws(RegistryError) -> (Tenant, Account)? in
            guard let tenant = try registry.tenant(id: claims.tenantID),
                let account = try registry.account(tenant: tenant.number, name: claims.subject)
            else { return nil }
            return (tenant, account)
        }
        guard let (tenant, account) = found, tenant.isEnabled, account.isEnabled,
            account.passwordSetAt <= (claims.issuedAt &+ 1) &* 1000
        else { throw APIError(.unauthorized, .tokenSubjectGone) }
        let forge = context.forge
        let secret = try asking { () throws(RegistryError) in
            try forge.hash(chosen: Array(password.utf8))
        }
        var changed = account
        changed.secret = secret
        changed.passwordSetAt = now &* 1000
        changed.mustChangePassword = false
        return try use(claims, tenant, changed)
    }

    private func use(
        _ claims: TokenClaims,
        _ tenant: Tenant,
        _ account: Account
    ) throws(APIError) -> (tenant: Tenant, account: Account, effect: ChangeEffect) {
        let author = Author(
            name: "\(tenant.id)/\(account.name)",
            tenant: tenant.number,
            source: source
        )
        let outcome: (result: Bool, effect: ChangeEffect)
        do {
            outcome = try context.registry.change(by: author) {
                (writer: any RegistryWriter) throws(RegistryError) -> Bool in
                // Looked at inside of the change: of two who use a link at once one is too late.
                guard try !writer.directory.isWithdrawn(tokenID: claims.tokenID) else {
                    return false
                }
                try writer.withdrawToken(
                    id: claims.tokenID,
                    tenant: tenant.number,
                    expiresAt: claims.expiresAt
                )
                try writer.replace(account)
                return true
            }
        } catch {
            throw APIError(error)
        }
        guard outcome.result else { throw APIError(.unauthorized, .tokenWithdrawn) }
        return (tenant, account, outcome.effect)
    }
}
