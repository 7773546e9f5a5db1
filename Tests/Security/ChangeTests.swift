// SPDX-License-Identifier: Apache-2.0
// Changes are not lost: two operators at once, and what happens while a password is hashed. The
// forge is interrupted where a true one takes a tenth of a second.

import SealBroker
import SealBytes
import SealHTTP
import Testing

@testable import Stage

@Suite("Changes are not lost") struct ChangeTests {
    let desk: TrueDesk

    init() throws { desk = try TrueDesk() }

    private func interrupt(
        _ method: SealHTTP.Method,
        _ target: String,
        _ json: String? = nil,
        expect status: Int = 200,
        by proof: TrueDesk.Proof = .chief
    ) {
        desk.forge.interrupt { [desk] in
            #expect(desk.ask(method, target, json, by: proof).status == status)
        }
    }

    @Test("a disabling is not undone by a password that is being set")
    func disablingDuringPassword() throws {
        interrupt(.put, "/api/v1/accounts/ann", "{\"enabled\":false}")
        let reply = desk.ask(.put, "/api/v1/accounts/ann", "{\"password\":\"long enough\"}")
        #expect(reply.status == 200)
        #expect(try !desk.account("ann").isEnabled)
        #expect(reply.json["enabled"]?.flag == false)
    }

    @Test("a role that is taken away does not come back with a password")
    func rolesDuringPassword() throws {
        #expect(
            desk.ask(
                .post,
                "/api/v1/accounts",
                "{\"name\":\"chief2\",\"roles\":[\"ROLE_TENANT_ADMIN\"],\"password\":\"12345678\"}"
            ).status == 201
        )
        interrupt(.put, "/api/v1/accounts/chief2", "{\"roles\":[\"ROLE_INVENTORY_READ\"]}")
        _ = desk.ask(.put, "/api/v1/accounts/chief2", "{\"password\":\"long enough\"}")
        #expect(try desk.account("chief2").roles == [.inventoryRead])
    }

    @Test("a new password is not lost to one who changes the mail address meanwhile")
    func twoOperators() throws {
        let before = try desk.account("ann").secret
        interrupt(.put, "/api/v1/accounts/ann", "{\"email\":\"ann@example.com\"}")
        #expect(
            desk.ask(.put, "/api/v1/accounts/ann", "{\"password\":\"long enough\"}").status == 200
        )
        let after = try desk.account("ann")
        #expect(after.email == "ann@example.com")
        #expect(after.secret != before)
    }

    @Test("a device that is disabled while its password is set stays disabled")
    func deviceDisabled() throws {
        interrupt(.put, "/api/v1/devices/word", "{\"enabled\":false}")
        let reply = desk.ask(
            .put,
            "/api/v1/devices/word",
            "{\"password\":\"long enough\",\"label\":\"new\"}"
        )
        #expect(reply.status == 200)
        let device = try desk.device("word")
        #expect(!device.isEnabled)
        #expect(device.label == "new")
    }

    @Test("a device that was deleted meanwhile does not get a password")
    func deviceDeleted() throws {
        interrupt(.delete, "/api/v1/devices/word", expect: 204)
        let reply = desk.ask(.put, "/api/v1/devices/word", "{\"password\":\"long enough\"}")
        #expect(reply.status == 404)
    }

    @Test("who may not touch an administrator may not either when it just became one")
    func reachIsJudgedInside() throws {
        #expect(
            desk.ask(
                .post,
                "/api/v1/accounts",
                """
                {"name":"desk","roles":["ROLE_USER_MANAGEMENT_ADMIN","ROLE_MESSAGING"],\
                "password":"12345678"}
                """
            ).status == 201
        )
        interrupt(.put, "/api/v1/accounts/ann", "{\"roles\":[\"ROLE_TENANT_ADMIN\"]}")
        let before = try desk.account("ann").secret
        let reply = desk.ask(
            .put,
            "/api/v1/accounts/ann",
            "{\"password\":\"long enough\"}",
            by: .password("acme/desk", "12345678")
        )
        #expect(reply.status == 403)
        #expect(try desk.account("ann").secret == before)
    }

    @Test("who is disabled while his call waits changes nothing any more")
    func callerDisabled() throws {
        #expect(
            desk.ask(
                .post,
                "/api/v1/accounts",
                "{\"name\":\"mole\",\"roles\":[\"ROLE_TENANT_ADMIN\"],\"password\":\"12345678\"}"
            ).status == 201
        )
        interrupt(.put, "/api/v1/accounts/mole", "{\"enabled\":false}")
        let reply = desk.ask(
            .post,
            "/api/v1/accounts",
            "{\"name\":\"mole2\",\"roles\":[\"ROLE_TENANT_ADMIN\"],\"password\":\"12345678\"}",
            by: .password("acme/mole", "12345678")
        )
        #expect(reply.status == 401)
        #expect(reply.reason == "api.caller-withdrawn")
        #expect(try desk.registry.account(tenant: desk.world.world.acme, name: "mole2") == nil)
    }

    // MARK: One-time links

    private func link(_ name: String) throws -> String {
        let reply = desk.ask(.post, "/api/v1/accounts/\(name)/login-link", "{}")
        #expect(reply.status == 201)
        return try #require(reply.json["token"]?.text)
    }

    private func use(_ token: String, _ password: String = "long enough") -> Reply {
        desk.ask(
            .post,
            "/api/v1/first-login",
            "{\"token\":\"\(token)\",\"password\":\"\(password)\"}",
            by: .nobody
        )
    }

    @Test("an account does not enable itself by a one-time link")
    func linkDuringDisabling() throws {
        let token = try link("ann")
        interrupt(.put, "/api/v1/accounts/ann", "{\"enabled\":false}")
        #expect(use(token).status == 401)
        #expect(try !desk.account("ann").isEnabled)
    }

    @Test("a link of a disabled account does nothing, and nothing either once it is enabled again")
    func linkOfDisabled() throws {
        let token = try link("ann")
        #expect(desk.ask(.put, "/api/v1/accounts/ann", "{\"enabled\":false}").status == 200)
        #expect(use(token).status == 401)
        #expect(desk.ask(.put, "/api/v1/accounts/ann", "{\"enabled\":true}").status == 200)
        #expect(use(token).status == 401)
    }

    @Test("a link is used once, also by two at once")
    func linkOnce() throws {
        let token = try link("ann")
        desk.forge.interrupt { [self] in
            #expect(use(token, "the first one").status == 200)
        }
        #expect(use(token, "the second one").status == 401)
        #expect(use(token, "the third one").status == 401)
        let first = TrueDesk.Proof.password("acme/ann", "the first one")
        #expect(desk.ask(.get, "/user/currentUser", by: first).status == 200)
    }

    @Test("a new link ends the one before, and so does a new password")
    func linkEnded() throws {
        let old = try link("ann")
        let new = try link("ann")
        #expect(use(old).status == 401)
        #expect(use(new).status == 200)
        let third = try link("ann")
        #expect(
            desk.ask(.put, "/api/v1/accounts/ann", "{\"password\":\"another one\"}").status == 200
        )
        #expect(use(third).status == 401)
    }

    @Test("a link is not for a new account of the same name")
    func linkOfDeleted() throws {
        let token = try link("ann")
        #expect(desk.ask(.delete, "/api/v1/accounts/ann").status == 204)
        #expect(
            desk.ask(
                .post,
                "/api/v1/accounts",
                "{\"name\":\"ann\",\"roles\":[\"ROLE_TENANT_ADMIN\"]}"
            ).status == 201
        )
        #expect(use(token).status == 401)
    }
}
