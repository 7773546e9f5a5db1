// SPDX-License-Identifier: Apache-2.0
// Changes are not lost: two operators at once, and what happens while a password is hashed. The
// forge is interrupted where a true one takes a tenth of a second.

import SealBroker
import SealBytes
import SealHTTP
import SealPKI
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

    // MARK: The others

    @Test("a session is not begun with a password that was changed while it was compared")
    func loginDuringChange() throws {
        desk.afterLogin.set { [desk] in
            #expect(
                desk.ask(.put, "/api/v1/accounts/ann", "{\"password\":\"long enough\"}").status
                    == 200
            )
        }
        let reply = desk.ask(
            .post,
            "/api/auth/login",
            "{\"username\":\"acme/ann\",\"password\":\"right\"}",
            by: .nobody
        )
        #expect(reply.status == 401)
        #expect(reply.json["token"] == nil)
    }

    @Test("a token that is made with a password of before is none")
    func tokenDuringChange() throws {
        desk.afterLogin.set { [desk] in
            #expect(
                desk.ask(.put, "/api/v1/accounts/ann", "{\"password\":\"long enough\"}").status
                    == 200
            )
        }
        let reply = desk.ask(.post, "/api/v1/tokens", "{}", by: .ann)
        let token = reply.json["token"]?.text ?? ""
        #expect(desk.ask(.get, "/user/currentUser", by: .token(token)).status == 401)
    }

    @Test("who lost a role on the way does nothing with it")
    func roleLost() throws {
        #expect(
            desk.ask(
                .post,
                "/api/v1/accounts",
                "{\"name\":\"mole\",\"roles\":[\"ROLE_TENANT_ADMIN\"],\"password\":\"12345678\"}"
            ).status == 201
        )
        let calls: [(SealHTTP.Method, String, String?)] = [
            (.delete, "/api/v1/devices/word", nil),
            (.put, "/api/v1/policy", "{\"rules\":[]}"),
            (.post, "/api/v1/devices", "{\"identifier\":\"new\"}"),
            (.post, "/inventory/managedObjects", "{\"name\":\"new\"}"),
            (.put, "/tenant/options/a/b", "{\"value\":\"x\"}"),
            (.delete, "/api/v1/accounts/ann", nil),
            (.post, "/api/v1/accounts/ann/login-link", "{}"),
        ]
        for (method, path, json) in calls {
            desk.afterLogin.set { [desk] in
                #expect(
                    desk.ask(.put, "/api/v1/accounts/mole", "{\"roles\":[]}").status == 200
                )
            }
            let reply = desk.ask(method, path, json, by: .password("acme/mole", "12345678"))
            #expect(reply.status == 401, "\(path)")
            #expect(reply.reason == "api.caller-withdrawn" || reply.json["error"] != nil, "\(path)")
            #expect(
                desk.ask(
                    .put,
                    "/api/v1/accounts/mole",
                    "{\"roles\":[\"ROLE_TENANT_ADMIN\"]}"
                ).status == 200
            )
        }
        #expect(try desk.device("word").isEnabled)
    }

    @Test("rules that were changed since they were read are not replaced")
    func policy() throws {
        func rules(_ filters: String...) -> String {
            let list = filters.map {
                "{\"effect\":\"deny\",\"act\":\"publish\",\"filter\":\"\($0)\"}"
            }
            return "[\(list.joined(separator: ","))]"
        }
        let read = desk.ask(.get, "/api/v1/policy").json["version"]?.text ?? ""
        #expect(!read.isEmpty)
        func put(_ rules: String, _ version: String) -> Int {
            desk.ask(
                .put,
                "/api/v1/policy",
                "{\"rules\":\(rules),\"version\":\"\(version)\"}"
            ).status
        }
        #expect(put(rules("a"), read) == 200)
        #expect(put(rules("b"), read) == 409)
        #expect(put(rules("b"), "") == 409)
        let now = desk.ask(.get, "/api/v1/policy").json
        #expect(now["rules"]?.elements?.first?["filter"] == "a")
        #expect(put(rules("a", "b"), now["version"]?.text ?? "") == 200)
        #expect(desk.ask(.put, "/api/v1/policy", "{\"rules\":\(rules("c"))}").status == 200)
    }

    @Test("a new value leaves an option fixed that was fixed")
    func optionStaysFixed() throws {
        let root = TrueDesk.Proof.password("management/root", "right")
        try desk.world.change { writer throws(RegistryError) in
            var account = Account(
                tenant: Tenant.managementNumber,
                name: "root",
                roles: [.tenantAdmin, .optionAdmin]
            )
            account.secret = StoredSecret(hash: Population.right)
            _ = try writer.add(account)
        }
        let path = "/tenant/options/a/b"
        #expect(desk.ask(.put, path, "{\"value\":\"1\"}", by: root).status == 200)
        #expect(
            desk.ask(.put, path + "/editable", "{\"editable\":false}", by: root).status == 200
        )
        #expect(desk.ask(.put, path, "{\"value\":\"2\"}", by: root).status == 200)
        #expect(desk.ask(.put, path, "{\"value\":\"mine\"}").reason == "api.option-fixed")
        // It is judged when it is written, not when it came.
        #expect(desk.ask(.put, path + "/editable", "{\"editable\":true}", by: root).status == 200)
        let secret = "/tenant/options/a/credentials.b"
        #expect(desk.ask(.put, secret, "{\"value\":\"1\"}", by: root).status == 200)
        desk.vault.interruption.set { [desk] in
            let reply = desk.ask(.put, secret + "/editable", "{\"editable\":false}", by: root)
            #expect(reply.status == 200)
        }
        #expect(desk.ask(.put, secret, "{\"value\":\"mine\"}").status == 403)
    }

    @Test("two who change different parts of a device both count")
    func fragments() throws {
        let device = try desk.device("word")
        let path = "/inventory/managedObjects/\(device.number)"
        #expect(desk.ask(.put, path, "{\"a\":1}").status == 200)
        #expect(desk.ask(.put, path, "{\"b\":2}").status == 200)
        #expect(try desk.device("word").properties == "{\"a\":1,\"b\":2}")
        // Hashing the password of the credential, somebody disables the device.
        interrupt(.put, "/api/v1/devices/word", "{\"enabled\":false}")
        let both = desk.ask(
            .post,
            "/api/device-with-credentials",
            """
            {"device":{"id":{"id":"\(device.uuid)","entityType":"DEVICE"},"name":"word",\
            "label":"new"},"credentials":{"credentialsType":"MQTT_BASIC","credentialsValue":\
            "{\\"clientId\\":\\"c1\\",\\"userName\\":\\"u1\\",\\"password\\":\\"12345678\\"}"}}
            """
        )
        #expect(both.status == 200, "\(both.text)")
        let now = try desk.device("word")
        #expect(!now.isEnabled)
        #expect(now.label == "new")
    }

    @Test("a request that was taken back while the password was made gives none")
    func requestGone() throws {
        let boot = TrueDesk.Proof.password("acme/boot", "right")
        let requests = "/devicecontrol/newDeviceRequests"
        let credentials = "/devicecontrol/deviceCredentials"
        #expect(desk.ask(.post, requests, "{\"id\":\"m1\"}").status == 201)
        #expect(desk.ask(.post, credentials, "{\"id\":\"m1\"}", by: boot).status == 404)
        #expect(desk.ask(.put, "\(requests)/m1", "{\"status\":\"ACCEPTED\"}").status == 200)
        interrupt(.delete, "\(requests)/m1", expect: 204)
        #expect(desk.ask(.post, credentials, "{\"id\":\"m1\"}", by: boot).status == 404)
        let acme = desk.world.world.acme
        #expect(try desk.registry.device(tenant: acme, identifier: "m1") == nil)
    }

    @Test("of two who make the authority of a tenant one is told so, and one anchor is left")
    func authorities() throws {
        let before = try desk.registry.anchors(
            tenant: desk.world.world.acme,
            PageRequest(limit: 100)
        ).items.count
        let make = "/tenant/tenants/acme/certificate-authority"
        desk.vault.interruption.set { [desk] in
            #expect(desk.ask(.post, make).status == 201)
        }
        #expect(desk.ask(.post, make).status == 409)
        let after = try desk.registry.anchors(
            tenant: desk.world.world.acme,
            PageRequest(limit: 100)
        ).items.count
        #expect(after == before + 1)
    }

    @Test("a code that was replaced, or a device that was disabled, while a certificate is signed")
    func codeReplaced() throws {
        #expect(desk.ask(.post, "/tenant/tenants/acme/certificate-authority").status == 201)
        @Sendable func code(_ name: String) throws -> String {
            let made = desk.ask(.post, "/api/v1/enrolment-codes", "{\"identifier\":\"\(name)\"}")
            #expect(made.status == 201)
            return try #require(made.json["code"]?.text)
        }
        func enrol(_ name: String, _ code: String) throws -> Int {
            let request = try CertificateRequest.make(
                key: PrivateKey.generate(),
                subject: DistinguishedName(commonName: name)
            )
            return desk.ask(
                .post,
                "/.well-known/est/acme/simpleenroll",
                Base64.encode(request.der),
                by: .password(name, code),
                type: "application/pkcs10"
            ).status
        }
        let old = try code("new")
        let newer = Noted()
        desk.vault.interruption.set { newer.put((try? code("new")) ?? "") }
        #expect(try enrol("new", old) == 401)
        let acme = desk.world.world.acme
        #expect(try desk.registry.device(tenant: acme, identifier: "new") == nil)
        #expect(try desk.registry.enrolmentCode(tenant: acme, identifier: "new") != nil)
        #expect(try enrol("new", newer.text) == 200)

        let third = try code("word")
        desk.vault.interruption.set { [desk] in
            #expect(desk.ask(.put, "/api/v1/devices/word", "{\"enabled\":false}").status == 200)
        }
        #expect(try enrol("word", third) == 403)
        #expect(try desk.registry.enrolmentCode(tenant: acme, identifier: "word") != nil)
    }
}

/// A text that another call left.
private final class Noted: Sendable {
    private let kept = Locked("")

    var text: String { kept.withLock { $0 } }

    func put(_ text: String) { kept.withLock { $0 = text } }
}
