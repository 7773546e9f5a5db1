// SPDX-License-Identifier: Apache-2.0
// Revocations over the API, and whether a chain would let a device in.

import Foundation
import SealBroker
import SealBytes
import SealHTTP
import SealPKI
import Testing

@testable import SealAdmin
@testable import Stage

@Suite struct RevocationTests {
    private let path = "/tenant/trusted-certificates/settings/crl"
    private let verify = "/tenant/trusted-certificates/verify-cert-chain"
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func listed() -> [String: String] {
        let json = desk.ask(.get, path, fields: [("Accept", "application/json")]).json
        var all: [String: String] = [:]
        for entry in json["crls"]?.elements ?? [] {
            all[entry["serialNumberInHex"]?.text ?? ""] = entry["revocationDate"]?.text
        }
        return all
    }

    private func upload(_ csv: String) -> Reply {
        desk.ask(
            .put,
            path,
            body: TestForm.body([("file", csv)]),
            type: TestForm.type
        )
    }

    @Test("JSON entries keep the date they had, and never lie in the future")
    func json() {
        let reply = desk.ask(
            .put,
            path,
            """
            {"crls":[{"serialNumberInHex":"0a:1b","revocationDate":"2023-01-11T16:12:36.288Z"},
            {"serialNumberInHex":"1000","revocationDate":"2099-01-01T00:00:00+01:00"},
            {"serialNumberInHex":"1001"},{"serialNumberInHex":"A1B"}]}
            """
        )
        #expect(reply.status == 204)
        #expect(reply.ended != nil)
        #expect(
            listed() == [
                "A1B": "2023-01-11T16:12:36.288Z", "1000": "2027-01-15T08:00:00.000Z",
                "1001": "2027-01-15T08:00:00.000Z",
            ]
        )
    }

    @Test("rows of a file take the last date; those in the future are skipped")
    func csv() {
        _ = desk.ask(.put, path, "{\"crls\":[{\"serialNumberInHex\":\"A1\"}]}")
        let reply = upload(
            """
            SERIAL NO.,REVOCATION DATE\r
            a1,2023-01-11T16:12:36.288Z\r
            a1,2022-01-11T16:12:36.288Z\r
            B2,2099-01-11T16:12:36.288Z\r
            C3,\r

            """
        )
        #expect(reply.status == 204)
        #expect(listed()["A1"] == "2022-01-11T16:12:36.288Z")
        #expect(listed()["B2"] == nil)
        #expect(listed()["C3"] == "2027-01-15T08:00:00.000Z")
    }

    @Test(
        "bad dates and numbers are 400",
        arguments: [
            "{\"crls\":[{\"serialNumberInHex\":\"10\",\"revocationDate\":\"yesterday\"}]}",
            "{\"crls\":[{\"serialNumberInHex\":\"1\","
                + "\"revocationDate\":\"2023-02-30T00:00:00Z\"}]}",
            "{\"crls\":[{\"serialNumberInHex\":\"xyz\"}]}", "{\"crls\":[{}]}", "{}", "[]", "{",
        ]
    )
    func badJSON(_ body: String) {
        #expect(desk.ask(.put, path, body).status == 400)
        #expect(listed().isEmpty)
    }

    @Test(
        "bad files are 400, and nothing of them counts",
        arguments: [
            "", "SERIAL\n1000\n", "SERIAL NO.,REVOCATION DATE\nxyz,\n",
            "SERIAL NO.,REVOCATION DATE\n1000,2023-01-11T16:12:36.288Z\n1001,yesterday\n",
        ]
    )
    func badFiles(_ csv: String) {
        #expect(upload(csv).status == 400)
        #expect(listed().isEmpty)
    }

    @Test("a file has 5000 rows at most")
    func manyRows() {
        func file(_ count: Int) -> String {
            let rows = (0..<count).map { "\(String($0 + 1, radix: 16)),\n" }
            return "SERIAL NO.,REVOCATION DATE\n" + rows.joined()
        }
        #expect(upload(file(5001)).status == 400)
        #expect(listed().isEmpty)
        #expect(upload(file(5000)).status == 204)
        #expect(listed().count == 5000)
    }

    @Test("the list in DER is signed by the tenant's own authority, with each date")
    func der() throws {
        _ = desk.ask(
            .put,
            path,
            """
            {"crls":[{"serialNumberInHex":"10","revocationDate":"2023-01-11T16:12:36.288Z"}]}
            """
        )
        let without = desk.ask(.get, path)
        #expect(without.status == 404)
        #expect(without.reason == "trust.authority-missing")
        _ = desk.ask(.post, "/tenant/tenants/t12345/certificate-authority")
        let reply = desk.ask(.get, path)
        #expect(reply.status == 200)
        #expect(reply.type == "application/pkix-crl")
        let list = try RevocationList(der: reply.response.body)
        #expect(try list.issuer().values("CN") == ["t12345 device authority"])
        let fields = try RevocationFields(der: reply.response.body)
        #expect(fields.entries[[0x10]]?.date == 1_673_453_556)
    }

    @Test("a chain is judged without letting anybody in; revocation comes first")
    func chains() throws {
        let authority = try TestAuthority()
        let leaf = try authority.device("d1")
        let certificates = "/tenant/tenants/t12345/trusted-certificates"
        func pem(_ der: [UInt8]) -> String {
            String(decoding: PEMText.block("CERTIFICATE", der), as: UTF8.self)
        }
        func ask(_ file: String) -> Reply {
            desk.ask(
                .post,
                verify,
                body: TestForm.body([("tenantId", "t12345"), ("file", file)]),
                type: TestForm.type
            )
        }
        let chain = pem(leaf.der) + pem(authority.der)
        #expect(ask(chain).status == 401)
        #expect(ask(chain).reason == "login.anchor-unknown")
        _ = desk.ask(.post, certificates, authority.upload())
        let good = ask(chain)
        #expect(good.status == 200)
        #expect(
            good.json == [
                "successfullyValidated": true, "tenantId": "t12345",
                "issuer": "CN=IotDevFactory, O=Iot Device Factory, ST=PL, C=EU",
                "subject": "CN=d1",
            ]
        )
        #expect(try desk.registry.device(tenant: desk.tenant.number, identifier: "d1") == nil)
        let field = Base64.encode(leaf.der) + "," + Base64.encode(authority.der)
        let byField = desk.ask(
            .post,
            verify,
            fields: [("X-Cumulocity-Client-Cert-Chain", field), ("Accept", "*/*")]
        )
        #expect(byField.status == 200)
        #expect(desk.ask(.post, verify).status == 400)
        #expect(ask("nonsense").status == 400)
        let eleven = String(repeating: pem(authority.der), count: 11)
        #expect(ask(eleven).reason == "api.chain-unreadable")
        _ = desk.ask(
            .put,
            "\(certificates)/\(try authority.fingerprint)",
            "{\"status\":\"DISABLED\"}"
        )
        #expect(ask(chain).reason == "login.anchor-disabled")
        _ = desk.ask(.put, path, "{\"crls\":[{\"serialNumberInHex\":\"\(leaf.serial)\"}]}")
        #expect(ask(chain).reason == "login.certificate-revoked")
    }

    @Test("only the management tenant asks about chains of others")
    func foreignTenant() {
        func ask(_ tenant: String, _ user: String) -> Reply {
            desk.ask(
                .post,
                verify,
                body: TestForm.body([("tenantId", tenant), ("file", "x")]),
                as: user,
                type: TestForm.type
            )
        }
        #expect(ask("management", "t12345/admin").status == 403)
        #expect(ask("nowhere", "management/root").status == 404)
    }
}
