// SPDX-License-Identifier: Apache-2.0
// Tokens end with what they were given for: the row of the account or device, its password, the
// credential or certificate that was shown; and a refresh token is used once.

import SealBytes
import SealHTTP
import SealPKI
import SealStore
import Testing

@testable import SealBroker
@testable import SealServer
@testable import Stage

@Suite("Tokens") struct TokenTests {
    let desk: TrueDesk

    init() throws { desk = try TrueDesk() }

    private func logIn(
        _ user: String = "acme/ann",
        _ password: String = "right"
    ) throws -> (token: String, refresh: String) {
        let reply = desk.ask(
            .post,
            "/api/auth/login",
            "{\"username\":\"\(user)\",\"password\":\"\(password)\"}",
            by: .nobody
        )
        #expect(reply.status == 200)
        return (
            try #require(reply.json["token"]?.text), try #require(reply.json["refreshToken"]?.text)
        )
    }

    private func refresh(_ token: String) -> Reply {
        desk.ask(.post, "/api/auth/token", "{\"refreshToken\":\"\(token)\"}", by: .nobody)
    }

    /// A token for programs.
    private func program() throws -> String {
        let reply = desk.ask(.post, "/api/v1/tokens", "{}", by: .ann)
        #expect(reply.status == 201)
        return try #require(reply.json["token"]?.text)
    }

    /// The login over MQTT with a token as the password.
    private func connect(_ token: String, clientID: String = "mine") -> LoginStep {
        var login = desk.world
        login.clientID = clientID
        login.show(nil, token)
        return login.step()
    }

    private func isIn(_ token: String, clientID: String = "mine") -> Bool {
        guard case .accepted = connect(token, clientID: clientID) else { return false }
        return true
    }

    private func code(_ token: String) -> SealBroker.ReasonCode? {
        guard case .refused(let reasons) = connect(token) else { return nil }
        return reasons.first?.code
    }

    private func status(_ token: String) -> Int {
        desk.ask(.get, "/user/currentUser", by: .token(token)).status
    }

    private func put(_ json: String) {
        #expect(desk.ask(.put, "/api/v1/accounts/ann", json).status == 200)
    }

    // MARK: Accounts

    @Test("a new password ends the tokens that were given for the old one")
    func newPassword() throws {
        let (token, second) = try logIn()
        let program = try program()
        #expect(isIn(token) && isIn(program))
        put("{\"password\":\"long enough\"}")
        #expect(!isIn(token) && !isIn(program))
        #expect(status(token) == 401)
        #expect(refresh(second).status == 401)
        #expect(try isIn(logIn("acme/ann", "long enough").token))
    }

    @Test("one's own new password ends one's tokens, too")
    func ownPassword() throws {
        let (token, second) = try logIn()
        let reply = desk.ask(
            .put,
            "/user/currentUser/password",
            "{\"currentUserPassword\":\"right\",\"newPassword\":\"long enough\"}",
            by: .ann
        )
        #expect(reply.status == 200)
        #expect(!isIn(token))
        #expect(refresh(second).status == 401)
    }

    @Test("a one-time link ends the tokens from before")
    func link() throws {
        let (token, second) = try logIn()
        let made = desk.ask(.post, "/api/v1/accounts/ann/login-link", "{}")
        let text = try #require(made.json["token"]?.text)
        let used = desk.ask(
            .post,
            "/api/v1/first-login",
            "{\"token\":\"\(text)\",\"password\":\"long enough\"}",
            by: .nobody
        )
        #expect(used.status == 200)
        #expect(!isIn(token))
        #expect(refresh(second).status == 401)
    }

    @Test("tokens of a disabled account stay dead when it is enabled again")
    func disabled() throws {
        let (token, second) = try logIn()
        put("{\"enabled\":false}")
        #expect(!isIn(token))
        put("{\"enabled\":true}")
        #expect(!isIn(token))
        #expect(refresh(second).status == 401)
    }

    @Test("a role that was taken away ends the tokens; one that is given does not")
    func roles() throws {
        let (token, _) = try logIn()
        put("{\"roles\":[\"ROLE_MESSAGING\",\"ROLE_INVENTORY_READ\"]}")
        #expect(isIn(token))
        put("{\"roles\":[\"ROLE_MESSAGING\"]}")
        #expect(!isIn(token))
    }

    @Test("a new account of the same name is not entered by the old one's token")
    func newAccount() throws {
        let (token, second) = try logIn()
        let program = try program()
        #expect(desk.ask(.delete, "/api/v1/accounts/ann").status == 204)
        #expect(
            desk.ask(
                .post,
                "/api/v1/accounts",
                "{\"name\":\"ann\",\"roles\":[\"ROLE_TENANT_ADMIN\"]}"
            ).status == 201
        )
        #expect(!isIn(token) && !isIn(program))
        #expect(status(program) == 401)
        #expect(refresh(second).status == 401)
    }

    @Test("a new tenant of the same name is not entered by the old one's token")
    func newTenant() throws {
        let (token, second) = try logIn("beta/ann")
        try desk.world.change { [beta = desk.world.world.beta] writer throws(RegistryError) in
            try writer.removeTenant(number: beta)
            let tenant = try writer.add(Tenant(id: "beta"))
            var ann = Account(tenant: tenant.number, name: "ann", roles: [.messaging])
            ann.secret = StoredSecret(hash: Population.right)
            _ = try writer.add(ann)
        }
        #expect(!isIn(token))
        #expect(refresh(second).status == 401)
    }

    // MARK: Refresh tokens

    @Test("a refresh token is used once; who uses it again ends what came of it")
    func replay() throws {
        let (first, stolen) = try logIn()
        let next = refresh(stolen)
        #expect(next.status == 200)
        let token = try #require(next.json["token"]?.text)
        let second = try #require(next.json["refreshToken"]?.text)
        #expect(isIn(token))

        #expect(refresh(stolen).status == 401)
        #expect(refresh(second).status == 401)
        #expect(!isIn(token) && !isIn(first))
        // Whoever knows the password begins anew.
        let (fresh, again) = try logIn()
        #expect(isIn(fresh))
        #expect(refresh(again).status == 200)
    }

    @Test("the end of one family does not touch another login of the account")
    func families() throws {
        let (one, stolen) = try logIn()
        let (other, good) = try logIn()
        #expect(refresh(stolen).status == 200)
        #expect(refresh(stolen).status == 401)
        #expect(!isIn(one))
        #expect(isIn(other))
        #expect(refresh(good).status == 200)
    }

    @Test("who logs out ends the refresh token as well")
    func logout() throws {
        let (token, second) = try logIn()
        #expect(desk.ask(.post, "/user/logout", by: .token(token)).status == 200)
        #expect(!isIn(token))
        #expect(refresh(second).status == 401)
    }

    // MARK: Devices

    /// The token a connected device is given for a `71`.
    private func deviceToken(_ login: LoginCase) throws -> String {
        guard case .accepted(let principal) = login.step() else {
            throw RegistryError(.notFound, "not let in")
        }
        return try desk.issue(principal)
    }

    private func wordLogin() -> LoginCase {
        var login = desk.world
        login.clientID = "word"
        login.show("acme/device_word", "right")
        return login
    }

    private func certificateLogin() -> LoginCase {
        var login = desk.world
        login.show(LoginCase.certificates.dev, LoginCase.certificates.root)
        return login
    }

    @Test("the token of a deleted device is not that of a new one with its identifier")
    func deletedDevice() throws {
        let token = try deviceToken(wordLogin())
        #expect(isIn(token, clientID: "word"))
        #expect(desk.ask(.delete, "/api/v1/devices/word").status == 204)
        #expect(!isIn(token, clientID: "word"))
        #expect(
            desk.ask(.post, "/api/v1/devices", "{\"identifier\":\"word\"}").status == 201
        )
        #expect(!isIn(token, clientID: "word"))
        #expect(status(token) == 401)
    }

    @Test("a device's new password ends the tokens it was given for the old one")
    func devicePassword() throws {
        let token = try deviceToken(wordLogin())
        #expect(
            desk.ask(.put, "/api/v1/devices/word", "{\"password\":\"long enough\"}").status == 200
        )
        #expect(!isIn(token, clientID: "word"))
    }

    @Test("a disabled device's token stays dead when it is enabled again")
    func disabledDevice() throws {
        let token = try deviceToken(wordLogin())
        #expect(desk.ask(.put, "/api/v1/devices/word", "{\"enabled\":false}").status == 200)
        #expect(desk.ask(.put, "/api/v1/devices/word", "{\"enabled\":true}").status == 200)
        #expect(!isIn(token, clientID: "word"))
    }

    private func ended(_ principal: Principal) -> Bool {
        desk.told.all.contains { principal.reliance.isWithdrawn(by: $0) }
    }

    private func principal(_ token: String, clientID: String = "mine") throws -> Principal {
        guard case .accepted(let principal) = connect(token, clientID: clientID) else {
            throw RegistryError(.notFound, "not let in")
        }
        return principal
    }

    @Test("a token ends with the certificate it was given for, and so does who is connected by it")
    func revoked() throws {
        let token = try deviceToken(certificateLogin())
        let connected = try principal(token, clientID: "dev")
        let leaf = LoginCase.certificates.dev.presented
        try desk.world.change { [acme = desk.world.world.acme] writer throws(RegistryError) in
            try writer.revoke(
                Revocation(
                    tenant: acme,
                    serial: leaf.serial,
                    issuer: RevokedIssuer(key: leaf.issuerKey),
                    revokedAt: 1
                ),
                keepsOldDate: true
            )
        }
        #expect(code(token) == .certificateRevoked)
        #expect(ended(connected))
    }

    @Test("a token ends with the trust anchor of its certificate")
    func anchor() throws {
        let token = try deviceToken(certificateLogin())
        let connected = try principal(token, clientID: "dev")
        let number = try #require(connected.reliance.anchor)
        try desk.world.change { writer throws(RegistryError) in
            try writer.update(anchor: number) { $0.isEnabled = false }
        }
        #expect(code(token) == .anchorDisabled)
        #expect(ended(connected))
        try desk.world.change { writer throws(RegistryError) in
            try writer.removeAnchor(number: number)
        }
        #expect(code(token) == .tokenEnded)
    }

    @Test("a token does not outlive the certificate it was given for")
    func certificateEnd() throws {
        let login = certificateLogin()
        guard case .accepted(var principal) = login.step() else {
            Issue.record("not let in")
            return
        }
        #expect(principal.reliance.endsAt != nil)
        principal.reliance.endsAt = TestCertificates.now + 120
        let claims = try #require(try desk.claims(principal))
        #expect(claims.expiresAt == TestCertificates.now + 120)
    }

    @Test("a device that showed a token gets no further one for it")
    func noRenewal() throws {
        let token = try deviceToken(wordLogin())
        let connected = try principal(token, clientID: "word")
        guard case .failed = desk.token(connected) else {
            Issue.record("a token made another one")
            return
        }
        guard case .accepted(let byPassword) = wordLogin().step() else {
            Issue.record("not let in")
            return
        }
        guard case .token = desk.token(byPassword) else {
            Issue.record("no token for a password")
            return
        }
    }

    @Test("who is connected by a token goes when it ends, whatever ended it")
    func connected() throws {
        let (one, second) = try logIn()
        let byFamily = try principal(one)
        #expect(refresh(second).status == 200)
        #expect(!ended(byFamily))
        #expect(refresh(second).status == 401)
        #expect(ended(byFamily))

        let (two, _) = try logIn()
        let byLogout = try principal(two)
        #expect(desk.ask(.post, "/user/logout", by: .token(two)).status == 200)
        #expect(ended(byLogout))

        let (three, _) = try logIn()
        let byPassword = try principal(three)
        put("{\"password\":\"long enough\"}")
        #expect(ended(byPassword))
    }

    @Test("logging out everywhere ends all tokens and links of an account, and of no other")
    func everywhere() throws {
        let (token, second) = try logIn()
        let program = try program()
        let chief = try logIn("acme/chief", "right")
        let link = desk.ask(.post, "/api/v1/accounts/ann/login-link", "{}")
        let text = try #require(link.json["token"]?.text)
        #expect(
            desk.ask(.post, "/api/v1/accounts/chief/log-out", by: .token(token)).status == 403
        )
        let out = desk.ask(.post, "/api/v1/accounts/ann/log-out", by: .token(token))
        #expect(out.status == 204)
        #expect(!isIn(token) && !isIn(program))
        #expect(refresh(second).status == 401)
        #expect(
            desk.ask(
                .post,
                "/api/v1/first-login",
                "{\"token\":\"\(text)\",\"password\":\"long enough\"}",
                by: .nobody
            ).status == 401
        )
        #expect(isIn(chief.token))
        #expect(desk.ask(.get, "/user/currentUser", by: .ann).status == 200)
        let (again, _) = try logIn()
        #expect(desk.ask(.post, "/api/v1/accounts/ann/log-out").status == 204)
        #expect(!isIn(again))
    }

    // MARK: What a token says

    @Test("a token counts for the number and the epoch it says, and for no others")
    func ground() throws {
        let ann = try desk.account("ann")
        func token(_ owner: Int64, _ epoch: Int64, _ family: String? = nil) throws -> String {
            var ground = TokenGround(owner: owner, epoch: epoch)
            ground.family = family
            return try desk.world.tokens.issue(
                TokenClaims(
                    tokenID: "",
                    tenantID: "acme",
                    subject: "ann",
                    issuedAt: TestCertificates.now,
                    expiresAt: TestCertificates.now + 60,
                    use: "session",
                    ground: ground
                )
            )
        }
        #expect(isIn(try token(ann.number, ann.epoch)))
        for epoch in [ann.epoch - 1, ann.epoch + 1, .max, .min] {
            #expect(code(try token(ann.number, epoch)) == .tokenEnded)
        }
        let chief = try desk.account("chief")
        let foreign = try desk.account("ann", tenant: "beta")
        for owner in [chief.number, foreign.number, 0, -1, .max, .min] {
            #expect(code(try token(owner, ann.epoch)) == .tokenSubjectGone)
        }
        #expect(code(try token(ann.number, ann.epoch, "nobody's")) == .tokenEnded)
    }

    @Test("a session token does not renew, and a refresh token does not log in")
    func uses() throws {
        let (token, second) = try logIn()
        #expect(refresh(token).reason == "login.token-use" || refresh(token).status == 401)
        #expect(code(second) == .tokenUse)
        #expect(status(second) == 401)
        // Neither attempt used it up.
        #expect(refresh(second).status == 200)
    }

    @Test("another tenant's withdrawal of the same name ends nothing")
    func foreignWithdrawal() throws {
        let id = "known-id"
        let token = try desk.world.token("ann", id: id)
        try desk.world.change { [beta = desk.world.world.beta] writer throws(RegistryError) in
            try writer.withdrawToken(id: id, tenant: beta, expiresAt: .max)
        }
        #expect(isIn(token))
        try desk.world.change { [acme = desk.world.world.acme] writer throws(RegistryError) in
            try writer.withdrawToken(id: id, tenant: acme, expiresAt: .max)
        }
        #expect(!isIn(token))
        // Nor does it take the withdrawal back.
        try desk.world.change { [beta = desk.world.world.beta] writer throws(RegistryError) in
            try writer.withdrawToken(id: id, tenant: beta, expiresAt: .max)
            try writer.removeTenant(number: beta)
        }
        #expect(!isIn(token))
    }

    @Test("an account has so many logins that can be renewed; one more ends the oldest")
    func bound() throws {
        let most = RegistryLimits().tokenFamiliesPerAccountMax
        let first = try logIn()
        for _ in 1..<most { _ = try logIn() }
        #expect(isIn(first.token))
        let newest = try logIn()
        #expect(!isIn(first.token))
        #expect(refresh(first.refresh).status == 401)
        #expect(refresh(newest.refresh).status == 200)
    }
}
