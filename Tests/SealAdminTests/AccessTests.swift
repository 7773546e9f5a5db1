// SPDX-License-Identifier: Apache-2.0
// Who may call what, and how a refusal is written.

import Foundation
import SealBroker
import SealBytes
import SealHTTP
import Testing

@testable import SealAdmin
@testable import Stage

@Suite struct AccessTests {
    private let desk: Desk
    private let list = "/tenant/tenants/t12345/trusted-certificates"

    init() throws { desk = try Desk() }

    @Test("without credentials it is 401, with what can be shown, in each family's words")
    func nothing() {
        let reply = desk.ask(.get, list, as: nil)
        #expect(reply.status == 401)
        #expect(reply.json["error"] == "security/Unauthorized")
        #expect(reply.reason == "api.credentials-missing")
        #expect(
            reply.response.fields.values(of: "WWW-Authenticate") == [
                "Basic realm=\"Sealwire\", charset=\"UTF-8\"", "Bearer realm=\"Sealwire\"",
            ]
        )
    }

    @Test(
        "a wrong user, password or tenant cannot be told from each other",
        arguments: [
            "t12345/nobody:secret", "t12345/admin:wrong", "nowhere/admin:secret",
        ]
    )
    func wrong(_ text: String) {
        let basic = "Basic \(Base64.encode(Array(text.utf8)))"
        let reply = desk.ask(.get, list, as: nil, fields: [("Authorization", basic)])
        #expect(reply.status == 401)
        #expect(reply.reason == "api.credentials-wrong")
        // The operator sees the true reason.
        #expect(desk.sessions.all.last?.isAllowed == false)
        #expect(desk.sessions.all.last?.reasons.first?.code != .apiCredentialsWrong)
    }

    @Test(
        "fields that say nothing clear are refused",
        arguments: [
            "Basic", "Basic !!!", "Basic YWRtaW4=", "Digest x", "Bearer", "",
        ]
    )
    func malformed(_ field: String) {
        let reply = desk.ask(.get, list, as: nil, fields: [("Authorization", field)])
        #expect(reply.status == 401)
        #expect(reply.reason == "api.authorization-malformed")
    }

    @Test("two fields Authorization are refused")
    func twice() {
        let basic = "Basic \(Base64.encode(Array("t12345/admin:secret".utf8)))"
        let reply = desk.ask(
            .get,
            list,
            as: nil,
            fields: [("Authorization", basic), ("Authorization", basic)]
        )
        #expect(reply.reason == "api.authorization-malformed")
    }

    @Test("the host names the tenant when the user does not")
    func host() {
        #expect(desk.ask(.get, list, as: "admin", host: "acme.example.com:8443").status == 200)
        #expect(desk.ask(.get, list, as: "admin", host: "ACME.example.com").status == 200)
        #expect(desk.ask(.get, list, as: "admin", host: "other.example.com").status == 401)
        let other = desk.ask(.get, list, as: "management/root", host: "acme.example.com")
        #expect(other.reason == "api.foreign-tenant")
    }

    @Test("roles are enforced, and the refusal is noted")
    func roles() {
        #expect(desk.ask(.get, list, as: "t12345/reader").status == 200)
        let reply = desk.ask(.post, list, "{}", as: "t12345/reader")
        #expect(reply.status == 403)
        #expect(reply.json["error"] == "security/Forbidden")
        #expect(reply.reason == "api.role-missing")
        let noted = desk.sessions.all.last
        #expect(noted?.act == "call")
        #expect(noted?.subject == "addTrustedCertificate")
        #expect(noted?.reasons.first?.code == .apiRoleMissing)
    }

    @Test(
        "a foreign tenant is 403 whether it exists or not; only the management tenant learns that"
    )
    func tenants() {
        func status(_ tenant: String, _ user: String) -> Int {
            let path = "/tenant/tenants/\(tenant)/trusted-certificates/"
            return desk.ask(.get, path + String(repeating: "0", count: 40), as: user).status
        }
        #expect(status("management", "t12345/admin") == 403)
        #expect(status("nowhere", "t12345/admin") == 403)
        #expect(
            desk.ask(
                .get,
                "/tenant/tenants/nowhere/trusted-certificates/" + String(repeating: "0", count: 40),
                as: "management/root"
            ).reason == "api.unknown-tenant"
        )
        #expect(status("t12345", "management/root") == 404)
        #expect(desk.ask(.get, list, as: "management/root").reason == "api.foreign-tenant")
    }

    @Test("a token is as good as a password, until it is given back")
    func token() throws {
        let token = try desk.tokens.issue(
            TokenClaims(
                tokenID: "j1",
                tenantID: "t12345",
                subject: "admin",
                issuedAt: Desk.now,
                expiresAt: Desk.now + 60,
                use: "session",
                ground: try desk.ground("admin")
            )
        )
        let fields = [("Authorization", "Bearer \(token)"), ("Accept", "*/*")]
        #expect(desk.ask(.get, list, as: nil, fields: fields).status == 200)
        let out = desk.ask(.post, "/user/logout", as: nil, fields: fields)
        #expect(out.status == 200)
        #expect(out.ended == "1")
        let after = desk.ask(.get, list, as: nil, fields: fields)
        #expect(after.status == 401)
        #expect(after.reason == "login.token-withdrawn")
    }

    @Test("a password that must be changed is changed first")
    func passwordChange() throws {
        let account = try #require(
            try desk.registry.account(tenant: desk.tenant.number, name: "admin")
        )
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.update(account: account.number) { $0.mustChangePassword = true }
        }
        #expect(desk.ask(.get, list).reason == "api.password-change-due")
        #expect(desk.ask(.get, "/user/currentUser").json["shouldResetPassword"] == true)
        func set(_ old: String, _ new: String) -> Reply {
            desk.ask(
                .put,
                "/user/currentUser/password",
                "{\"currentUserPassword\":\"\(old)\",\"newPassword\":\"\(new)\"}"
            )
        }
        #expect(set("wrong", "new password").status == 403)
        #expect(set("secret", "short").status == 422)
        #expect(set("secret", "new password").status == 200)
        let after = try desk.registry.account(tenant: desk.tenant.number, name: "admin")
        #expect(after?.secret?.hash == "new password")
        #expect(after?.mustChangePassword == false)
    }

    @Test("an unknown path is 404, an unknown method 405 with those there are")
    func absent() {
        #expect(desk.ask(.get, "/tenant/nothing").reason == "api.no-such-call")
        #expect(desk.ask(.get, "/nothing").type == "application/problem+json")
        #expect(desk.ask(.get, "/api/nothing").json["errorCode"] == 32)
        let reply = desk.ask("PATCH", list)
        #expect(reply.status == 405)
        #expect(reply.response.fields["Allow"] == "GET, HEAD, POST")
        #expect(desk.ask(.get, "/tenant/tenants/t12345/..").status == 404)
        #expect(desk.ask(.get, "/tenant/%zz").status == 404)
        #expect(desk.ask(.get, "/tenant/%00").status == 404)
    }

    @Test("media types are compared without case and parameters")
    func mediaTypes() {
        let body = "{\"category\":\"a\",\"key\":\"b\",\"value\":\"c\"}"
        func post(_ type: String, _ accept: String?) -> Reply {
            desk.ask(
                .post,
                "/tenant/options",
                body,
                type: type,
                fields: accept.map { [("Accept", $0)] } ?? []
            )
        }
        let own = "application/vnd.com.nsn.cumulocity.Option+json;ver=0.9;charset=UTF-8"
        #expect(post(own, own).status == 200)
        #expect(
            post(own, "*/*").type
                == "application/vnd.com.nsn.cumulocity.option+json;charset=UTF-8;ver=0.9"
        )
        #expect(post("application/json", "application/json").type == "application/json")
        #expect(post("text/plain", "*/*").reason == "api.media-type")
        #expect(post("application/json", "text/html").status == 406)
        #expect(post("application/json", "application/json;q=0").status == 406)
        let silent = post("application/json", nil)
        #expect(silent.status == 200)
        #expect(silent.response.body.isEmpty)
        #expect(silent.type == nil)
    }

    @Test("a POST can stand for another method")
    func tunnel() {
        let path = "/tenant/options/x/y"
        let put = desk.ask(
            .post,
            path,
            "{\"value\":\"1\"}",
            fields: [("X-HTTP-METHOD", "PUT"), ("Accept", "*/*")]
        )
        #expect(put.status == 200)
        #expect(desk.ask(.get, path).json["value"] == "1")
        #expect(desk.ask(.post, path, fields: [("X-HTTP-METHOD", "DELETE")]).status == 204)
        #expect(desk.ask(.post, path, fields: [("X-HTTP-METHOD", "TRACE")]).status == 405)
    }

    @Test("a body as large as allowed is taken, one byte more is not")
    func largeBody() {
        func post(_ count: Int) -> Int {
            let filler = String(repeating: " ", count: count - 2)
            return desk.ask(.post, "/tenant/options", "{\(filler)}").status
        }
        #expect(post(BodyShape.plainBytesMax) == 422)
        #expect(post(BodyShape.plainBytesMax + 1) == 413)
    }
}
