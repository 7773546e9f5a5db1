// SPDX-License-Identifier: Apache-2.0
// Tenant options, tokens, and who calls.

import Foundation
import SealBroker
import SealBytes
import SealHTTP
import Testing

@testable import SealAdmin
@testable import Stage

@Suite struct OptionTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func set(_ category: String, _ key: String, _ value: String) -> Reply {
        desk.ask(
            .post,
            "/tenant/options",
            "{\"category\":\"\(category)\",\"key\":\"\(key)\",\"value\":\"\(value)\"}"
        )
    }

    @Test("an option is set, shown, listed, changed and unset")
    func story() {
        let made = set("alarm", "max", "7")
        #expect(made.status == 200)
        #expect(
            made.json == [
                "category": "alarm", "key": "max", "value": "7",
                "self": "https://iot.example.com/tenant/options/alarm/max",
            ]
        )
        #expect(desk.ask(.get, "/tenant/options/alarm").json == ["max": "7"])
        #expect(desk.ask(.put, "/tenant/options/alarm/max", "{\"value\":\"8\"}").status == 200)
        #expect(desk.ask(.get, "/tenant/options/alarm/max").json["value"] == "8")
        #expect(desk.ask(.put, "/tenant/options/alarm", "{\"a\":\"1\",\"b\":\"2\"}").status == 200)
        let list = desk.ask(.get, "/tenant/options?withTotalElements=true").json
        #expect(list["options"]?.elements?.count == 3)
        #expect(list["statistics"]?["totalElements"] == 3)
        #expect(desk.ask(.delete, "/tenant/options/alarm/max").status == 204)
        #expect(desk.ask(.delete, "/tenant/options/alarm/max").status == 404)
        #expect(desk.ask(.get, "/tenant/options/alarm/max").status == 404)
        #expect(desk.ask(.get, "/tenant/options/none").json == [:])
    }

    @Test("a value is a string, always")
    func strings() {
        let number = desk.ask(.put, "/tenant/options/a/b", "{\"value\":7}")
        #expect(number.status == 422)
        #expect(number.json["message"]?.text?.contains("/value: must be a string") == true)
        #expect(desk.ask(.put, "/tenant/options/a", "{\"b\":false}").status == 422)
    }

    @Test("secrets are sealed, and never shown")
    func secrets() throws {
        let made = set("mail", "credentials.password", "hunter2")
        #expect(made.json["value"] == "<<Encrypted>>")
        let stored = try desk.registry.option(
            tenant: desk.tenant.number,
            category: "mail",
            key: "credentials.password"
        )
        let sealed = Base64.decode(stored ?? "")
        #expect(sealed == Array("hunter2".utf8).map { ~$0 })
        #expect(
            desk.ask(.get, "/tenant/options/mail").json
                == ["credentials.password": "<<Encrypted>>"]
        )
        #expect(!desk.ask(.get, "/tenant/options").text.contains("hunter2"))
    }

    @Test(
        "the life of tokens has a minimum",
        arguments: [
            ("300", 200), ("299", 422), ("315360000", 200), ("315360001", 422), ("-300", 422),
            ("5 minutes", 422), ("", 422), ("99999999999999999999", 422),
        ]
    )
    func tokenLife(_ value: String, _ status: Int) {
        #expect(set("oauth.internal", "device-token.lifespan.seconds", value).status == status)
    }

    @Test("switches that nothing obeys can only say what is true")
    func switches() {
        #expect(set("configuration", "crl.offline.check.enabled", "true").status == 200)
        let off = set("configuration", "crl.offline.check.enabled", "false")
        #expect(off.reason == "api.option-value")
        #expect(set("configuration", "crl.online.check.enabled", "true").status == 422)
    }

    @Test("what the management tenant made fixed, others cannot change")
    func editable() {
        let body = "{\"category\":\"limits\",\"key\":\"x\",\"value\":\"1\"}"
        #expect(desk.ask(.post, "/tenant/options", body, as: "management/root").status == 200)
        #expect(set("limits", "x", "2").status == 200)
        let path = "/tenant/options/limits/x/editable"
        #expect(desk.ask(.put, path, "{\"editable\":\"false\"}").reason == "api.management-only")
        #expect(
            desk.ask(.put, path, "{\"editable\":\"false\"}", as: "management/root").status == 200
        )
        #expect(set("limits", "x", "3").reason == "api.option-fixed")
        #expect(desk.ask(.put, "/tenant/options/limits/x", "{\"value\":\"3\"}").status == 403)
        #expect(desk.ask(.delete, "/tenant/options/limits/x").status == 403)
        #expect(desk.ask(.put, path, "{\"editable\":true}", as: "management/root").status == 200)
        #expect(set("limits", "x", "3").status == 200)
    }

    @Test("the token of a device lives as long as its tenant says")
    func deviceToken() throws {
        let authority = try TestAuthority()
        _ = desk.ask(
            .post,
            "/tenant/tenants/t12345/trusted-certificates",
            authority.upload()
        )
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.add(
                Device(
                    tenant: desk.tenant.number,
                    identifier: "d1",
                    origin: .bulk,
                    takesCertificates: true
                )
            )
        }
        let path = "/devicecontrol/deviceAccessToken"
        func life(_ fields: [(String, String)] = []) throws -> Int64? {
            let reply = desk.ask(
                .post,
                path,
                as: nil,
                fields: fields,
                chain: [try authority.device("d1")]
            )
            let token = reply.json["accessToken"]?.text ?? ""
            guard case .success(let claims) = desk.tokens.judge(token, now: Desk.now) else {
                return nil
            }
            return claims.expiresAt - claims.issuedAt
        }
        #expect(try life() == 3600)
        _ = set("oauth.internal", "device-token.lifespan.seconds", "600")
        #expect(try life() == 600)
    }

    @Test("the chain in the field must continue the certificate of the connection")
    func chainField() throws {
        let authority = try TestAuthority()
        _ = desk.ask(
            .post,
            "/tenant/tenants/t12345/trusted-certificates",
            authority.upload()
        )
        let path = "/devicecontrol/deviceAccessToken"
        let leaf = try authority.device("d1")
        func ask(_ field: String, _ chain: [PresentedCertificate]) -> Reply {
            desk.ask(
                .post,
                path,
                as: nil,
                fields: [("X-Ssl-Cert-Chain", field), ("Accept", "*/*")],
                chain: chain
            )
        }
        let own = Base64.encode(leaf.der)
        let chain = "\(own) \(Base64.encode(authority.der))"
        // The device is not registered, which is the next reason.
        #expect(ask(chain, [leaf]).reason == "login.device-unknown")
        #expect(ask(chain, [leaf]).status == 422)
        #expect(ask("nonsense", [leaf]).status == 400)
        #expect(ask(Base64.encode(authority.der), [leaf]).reason == "api.chain-foreign")
        #expect(ask(chain, []).reason == "login.certificate-needed")
        #expect(ask(chain, []).status == 401)
    }

    @Test("who calls is told its tenant and its user")
    func caller() {
        let tenant = desk.ask(.get, "/tenant/currentTenant")
        #expect(tenant.json["name"] == "t12345")
        #expect(tenant.json["domainName"] == "acme.example.com")
        let user = desk.ask(.get, "/user/currentUser", as: "t12345/reader").json
        #expect(user["userName"] == "reader")
        #expect(
            user["effectiveRoles"]?.elements?.compactMap { $0["name"]?.text } == [
                "ROLE_INVENTORY_READ", "ROLE_OPTION_MANAGEMENT_READ",
                "ROLE_TENANT_MANAGEMENT_READ",
            ]
        )
    }
}
