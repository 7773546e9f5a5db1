// SPDX-License-Identifier: Apache-2.0
// Our own calls: tenants, accounts, rules, devices, codes, tokens, links and the configuration.

import SealBroker
import SealBytes
import SealHTTP
import Testing

@testable import SealAdmin
@testable import Stage

@Suite("Our own calls") struct OwnCallsTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    @Test("the management tenant makes, changes and removes tenants")
    func tenants() throws {
        let body = "{\"id\":\"t2\",\"label\":\"Second\",\"domain\":\"two.example.com\"}"
        let made = desk.ask(.post, "/api/v1/tenants", body, as: "management/root")
        #expect(made.status == 201)
        #expect(made.response.fields["Location"] == "https://iot.example.com/api/v1/tenants/t2")
        let again = desk.ask(.post, "/api/v1/tenants", body, as: "management/root")
        #expect(again.status == 409)
        #expect(again.type == "application/problem+json")
        #expect(again.reason == "api.duplicate")
        let list = desk.ask(.get, "/api/v1/tenants?limit=2", as: "management/root")
        #expect(list.json["total"]?.int64 == 3)
        #expect(list.json["hasMore"]?.flag == true)
        let off = desk.ask(
            .put,
            "/api/v1/tenants/t2",
            "{\"enabled\":false}",
            as: "management/root"
        )
        #expect(off.json["enabled"]?.flag == false)
        #expect(off.ended == "1")
        #expect(desk.ask(.delete, "/api/v1/tenants/t2", as: "management/root").status == 204)
        #expect(desk.ask(.get, "/api/v1/tenants/t2", as: "management/root").status == 404)
        let own = desk.ask(
            .put,
            "/api/v1/tenants/management",
            "{\"enabled\":false}",
            as: "management/root"
        )
        #expect(own.status == 409)
    }

    @Test("others see their own tenant only")
    func foreignTenants() {
        #expect(desk.ask(.get, "/api/v1/tenants").status == 403)
        #expect(desk.ask(.get, "/api/v1/tenants/t12345").status == 200)
        #expect(desk.ask(.get, "/api/v1/tenants/management").status == 403)
        #expect(desk.ask(.get, "/api/v1/accounts?tenant=management").status == 403)
        #expect(
            desk.ask(.get, "/api/v1/accounts?tenant=t12345", as: "management/root").status == 200
        )
    }

    @Test("an account is made with a password that is shown once, changed, and removed")
    func accounts() throws {
        let made = desk.ask(
            .post,
            "/api/v1/accounts",
            "{\"name\":\"anna\",\"roles\":[\"ROLE_DEVICE_CONTROL_READ\"]}"
        )
        #expect(made.status == 201)
        #expect(made.json["password"]?.text == "generated-secret-of-160-bits")
        let shown = desk.ask(.get, "/api/v1/accounts/anna")
        #expect(shown.json["password"] == nil)
        #expect(shown.json["hasPassword"]?.flag == true)
        let changed = desk.ask(
            .put,
            "/api/v1/accounts/anna",
            "{\"password\":\"another one\",\"email\":\"anna@example.com\"}"
        )
        #expect(changed.status == 200)
        #expect(changed.json["email"]?.text == "anna@example.com")
        #expect(changed.ended == "1")
        #expect(desk.ask(.delete, "/api/v1/accounts/anna").status == 204)
        #expect(desk.ask(.get, "/api/v1/accounts/anna").status == 404)
        #expect(desk.ask(.delete, "/api/v1/accounts/admin").status == 409)
        // With a token alone nobody gets at the password of the account.
        let own = desk.ask(.put, "/api/v1/accounts/admin", "{\"password\":\"stolen one\"}")
        #expect(own.status == 409)
        #expect(desk.ask(.post, "/api/v1/accounts/admin/login-link").status == 409)
        #expect(desk.ask(.put, "/api/v1/accounts/admin", "{\"lastName\":\"A\"}").status == 200)
        let device = desk.ask(.post, "/api/v1/accounts", "{\"name\":\"device_x\"}")
        #expect(device.status == 422)
    }

    @Test("nobody gives a role he has not himself, or touches who has it")
    func reach() throws {
        try desk.add("t12345", "clerk", [.userAdmin])
        let up = desk.ask(
            .post,
            "/api/v1/accounts",
            "{\"name\":\"x\",\"roles\":[\"ROLE_TENANT_ADMIN\"]}",
            as: "t12345/clerk"
        )
        #expect(up.status == 403)
        #expect(up.reason == "api.role-missing")
        let take = desk.ask(
            .put,
            "/api/v1/accounts/admin",
            "{\"password\":\"mine now!\"}",
            as: "t12345/clerk"
        )
        #expect(take.status == 403)
        #expect(
            desk.ask(.post, "/api/v1/accounts/admin/login-link", as: "t12345/clerk").status == 403
        )
    }

    @Test("rules are stored in their order, and a rule that cannot be is refused with its place")
    func policy() throws {
        let rules = """
            {"rules":[{"effect":"deny","act":"publish","filter":"plant/+/command",\
            "subject":"devices"},{"effect":"allow","act":"both","filter":"plant/#","subject":"*"}]}
            """
        let put = desk.ask(.put, "/api/v1/policy", rules)
        #expect(put.status == 200)
        let sent = try JSONValue(parsing: Array(rules.utf8))
        #expect(desk.ask(.get, "/api/v1/policy").json["rules"] == sent["rules"])
        let bad = desk.ask(
            .put,
            "/api/v1/policy",
            "{\"rules\":[{\"effect\":\"deny\",\"act\":\"both\",\"filter\":\"a/#/b\"}]}"
        )
        #expect(bad.status == 422)
        #expect(bad.json["detail"]?.text?.contains("/rules/0") == true)
    }

    @Test("a question to the rules is answered with the rule that decides")
    func policyTest() throws {
        func ask(_ question: String) -> Reply {
            desk.ask(.post, "/api/v1/policy/test", question)
        }
        let rules = """
            "rules":[{"effect":"deny","act":"publish","filter":"plant/+/command",\
            "subject":"devices"}]
            """
        let no = ask(
            "{\"act\":\"publish\",\"topic\":\"plant/1/command\",\"device\":\"d\",\(rules)}"
        )
        #expect(no.json["allowed"]?.flag == false)
        #expect(no.json["rule"]?.text == "deny publish plant/+/command devices")
        #expect(no.json["position"]?.int64 == 1)
        #expect(no.json["reasons"]?.elements?.first?["reason"]?.text == "access.rule-denies")
        let yes = ask("{\"act\":\"publish\",\"topic\":\"plant/1/state\",\"device\":\"d\",\(rules)}")
        #expect(yes.json["allowed"]?.flag == true)
        let own = ask(
            "{\"act\":\"publish\",\"topic\":\"v1/devices/me/telemetry\",\"device\":\"d\"}"
        )
        #expect(own.json["allowed"]?.flag == true)
        let other = ask(
            "{\"act\":\"publish\",\"topic\":\"v1/devices/e/telemetry\",\"device\":\"d\"}"
        )
        #expect(other.json["allowed"]?.flag == false)
    }

    @Test("a chain is tried out: its anchor and device, and nothing is registered")
    func trust() throws {
        let authority = try TestAuthority()
        _ = desk.ask(
            .post,
            "/tenant/tenants/t12345/trusted-certificates",
            authority.upload(",\"autoRegistrationEnabled\":true,\"name\":\"factory\"")
        )
        let leaf = Base64.encode(try authority.device("d7").der)
        let both = leaf + "," + Base64.encode(authority.der)
        let yes = desk.ask(.post, "/api/v1/trust/test", "{\"chain\":\"\(both)\"}")
        #expect(yes.status == 200)
        #expect(yes.json["allowed"]?.flag == true)
        #expect(yes.json["device"]?.text == "d7")
        #expect(yes.json["registers"]?.flag == true)
        #expect(yes.json["anchor"]?["name"]?.text == "factory")
        #expect(try desk.registry.device(tenant: desk.tenant.number, identifier: "d7") == nil)
        let other = desk.ask(
            .post,
            "/api/v1/trust/test",
            "{\"chain\":\"\(both)\",\"clientId\":\"d8\"}"
        )
        #expect(other.json["allowed"]?.flag == false)
        #expect(
            other.json["reasons"]?.elements?.first?["reason"]?.text
                == "login.client-id-not-device"
        )
        let none = desk.ask(.post, "/api/v1/trust/test", "{\"chain\":\"nonsense\"}")
        #expect(none.status == 422)
        #expect(none.reason == "api.chain-unreadable")
    }

    @Test("a device is made, disabled and removed, with the connections it ended")
    func devices() throws {
        let made = desk.ask(
            .post,
            "/api/v1/devices",
            "{\"identifier\":\"a/b\",\"type\":\"sensor\",\"password\":\"pass1234\"}"
        )
        #expect(made.status == 201)
        #expect(
            made.response.fields["Location"] == "https://iot.example.com/api/v1/devices/a%2Fb"
        )
        #expect(made.json["takesCertificates"]?.flag == true)
        #expect(made.json["credentials"]?.elements?.first?["kind"]?.text == "PASSWORD")
        let off = desk.ask(.put, "/api/v1/devices/a%2Fb", "{\"enabled\":false}")
        #expect(off.json["enabled"]?.flag == false)
        #expect(off.ended == "1")
        let list = desk.ask(.get, "/api/v1/devices?text=a/")
        #expect(list.json["total"]?.int64 == 1)
        #expect(desk.ask(.delete, "/api/v1/devices/a%2Fb").status == 204)
        #expect(desk.ask(.get, "/api/v1/devices/a%2Fb").status == 404)
        #expect(desk.ask(.post, "/api/v1/devices", "{\"identifier\":\"a:b\"}").status == 422)
    }

    @Test("an enrolment code is shown once and can be taken back")
    func enrolment() throws {
        let made = desk.ask(.post, "/api/v1/enrolment-codes", "{\"identifier\":\"d1\"}")
        #expect(made.status == 201)
        #expect(made.json["code"]?.text?.isEmpty == false)
        #expect(made.json["user"]?.text == "t12345/d1")
        let shown = desk.ask(.get, "/api/v1/enrolment-codes/d1")
        #expect(shown.json["code"] == nil)
        #expect(shown.json["expiresAt"]?.text == "2027-01-16T08:00:00.000Z")
        #expect(desk.ask(.delete, "/api/v1/enrolment-codes/d1").status == 204)
        #expect(desk.ask(.get, "/api/v1/enrolment-codes/d1").status == 404)
    }

    @Test("a token is given for a password, not for a token, and can be withdrawn")
    func tokens() throws {
        let made = desk.ask(.post, "/api/v1/tokens", "{\"validSeconds\":600}")
        #expect(made.status == 201)
        let token = try #require(made.json["token"]?.text)
        let id = try #require(made.json["id"]?.text)
        let bearer = [("Authorization", "Bearer \(token)")]
        #expect(desk.ask(.get, "/api/v1/roles", as: nil, fields: bearer).status == 200)
        let more = desk.ask(.post, "/api/v1/tokens", "{}", as: nil, fields: bearer)
        #expect(more.status == 403)
        #expect(desk.ask(.delete, "/api/v1/tokens/\(id)").status == 204)
        #expect(desk.ask(.get, "/api/v1/roles", as: nil, fields: bearer).status == 401)
    }

    @Test("the public keys are there for everybody")
    func keys() {
        #expect(desk.ask(.get, "/.well-known/jwks.json", as: nil).text == "{\"keys\":[]}")
    }

    @Test("a one-time link sets a password once")
    func firstLogin() throws {
        try desk.add("t12345", "anna", [])
        let link = desk.ask(.post, "/api/v1/accounts/anna/login-link")
        #expect(link.status == 201)
        let token = try #require(link.json["token"]?.text)
        #expect(link.json["link"]?.text == "https://iot.example.com/first-login#\(token)")
        let body = "{\"token\":\"\(token)\",\"password\":\"chosen by anna\"}"
        let done = desk.ask(.post, "/api/v1/first-login", body, as: nil)
        #expect(done.status == 200)
        #expect(done.text == "{\"tenant\":\"t12345\",\"user\":\"anna\"}")
        let account = try desk.registry.account(tenant: desk.tenant.number, name: "anna")
        #expect(account?.secret?.hash == "chosen by anna")
        let twice = desk.ask(.post, "/api/v1/first-login", body, as: nil)
        #expect(twice.status == 401)
        #expect(twice.reason == "login.token-ended")
        // A token for something else sets nothing.
        let other = try desk.tokens.issue(
            TokenClaims(
                tokenID: "x",
                tenantID: "t12345",
                subject: "admin",
                issuedAt: Desk.now,
                expiresAt: Desk.now + 60,
                use: "session",
                ground: try desk.ground("admin")
            )
        )
        let wrong = desk.ask(
            .post,
            "/api/v1/first-login",
            "{\"token\":\"\(other)\",\"password\":\"long enough\"}",
            as: nil
        )
        #expect(wrong.status == 401)
        #expect(desk.ask(.get, "/first-login", as: nil).type == "text/html; charset=utf-8")
    }

    @Test("the last decisions and changes are listed")
    func records() throws {
        _ = desk.ask(.get, "/api/v1/roles", as: "t12345/reader")
        let decisions = desk.ask(.get, "/api/v1/decisions?about=reader")
        #expect(decisions.status == 200)
        let first = try #require(decisions.json["decisions"]?.elements?.first)
        #expect(first["allowed"]?.flag == true)
        #expect(first["protocol"]?.text == "http")
        #expect(desk.ask(.get, "/api/v1/decisions").status == 400)
        _ = desk.ask(.post, "/api/v1/devices", "{\"identifier\":\"d1\"}")
        let audit = desk.ask(.get, "/api/v1/audit?limit=1")
        let record = try #require(audit.json["records"]?.elements?.first)
        #expect(record["author"]?.text == "t12345/admin")
        #expect(record["source"]?.text == "192.0.2.7")
    }

    @Test("sessions are listed and ended")
    func sessions() throws {
        let list = desk.ask(.get, "/api/v1/sessions")
        #expect(list.text == "{\"sessions\":[],\"hasMore\":false,\"total\":0}")
        let kick = desk.ask(.delete, "/api/v1/sessions/abc?forget=true")
        #expect(kick.text == "{\"endedConnections\":0}")
        #expect(kick.ended == "0")
    }

    @Test("a file of devices is answered row by row, in Cumulocity's document")
    func bulk() throws {
        let edge = "edge"
        let body =
            "--\(edge)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"d.csv\"\r\n"
            + "Content-Type: text/csv\r\n\r\nID;AUTH_TYPE;CREDENTIALS\r\na;CERTIFICATES;\r\n"
            + "b;CERTIFICATES;x\r\na;BASIC;pass1234\r\n\r\n--\(edge)--\r\n"
        let reply = desk.ask(
            .post,
            "/devicecontrol/bulkNewDeviceRequests",
            body: Array(body.utf8),
            type: "multipart/form-data; boundary=\(edge)",
            fields: []
        )
        #expect(reply.status == 201)
        #expect(
            reply.type == "application/vnd.com.nsn.cumulocity.bulknewdevicerequest+json;"
                + "charset=UTF-8;ver=0.9"
        )
        #expect(
            reply.text == """
                {"numberOfAll":3,"numberOfCreated":1,"numberOfFailed":1,"numberOfSuccessful":2,\
                "credentialUpdatedList":[{"bulkNewDeviceStatus":"CREDENTIAL_UPDATED",\
                "deviceId":"a"}],"failedCreationList":[{"bulkNewDeviceStatus":"FAILED",\
                "deviceId":"b","failureReason":"line 3: CREDENTIALS must be empty when AUTH_TYPE \
                is CERTIFICATES","line":"b;CERTIFICATES;***"}]}
                """
        )
        let refused = desk.ask(
            .post,
            "/devicecontrol/bulkNewDeviceRequests",
            body: Array("NAME\nx\n".utf8),
            type: "text/csv"
        )
        #expect(refused.status == 422)
        #expect(refused.reason == "api.bulk-file")
    }
}
