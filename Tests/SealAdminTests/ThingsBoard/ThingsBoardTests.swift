// SPDX-License-Identifier: Apache-2.0
// ThingsBoard's calls with the bodies its clients send, and every refusal of credentials.

import SealBroker
import SealBytes
import SealHTTP
import SealPKI
import Testing

@testable import SealAdmin
@testable import Stage

@Suite("ThingsBoard's calls") struct ThingsBoardTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    /// A self-signed certificate with text before it, as openssl x509 -text writes it.
    static let pem = """
        Certificate:
            Data:
        -----BEGIN CERTIFICATE-----
        MIIBdDCCARugAwIBAgIUBs/0dZ8TuPgrA8lJ8ThJwY8u1EAwCgYIKoZIzj0EAwIw
        -----END CERTIFICATE-----

        """

    private func made(_ name: String, token: String) throws -> String {
        let reply = desk.ask(
            .post,
            "/api/device?accessToken=\(token)",
            "{\"name\":\"\(name)\",\"type\":\"sensor\"}"
        )
        #expect(reply.status == 200)
        return try #require(reply.json["id"]?["id"]?.text)
    }

    private func credentials(_ device: String) throws -> JSONObject {
        try #require(desk.ask(.get, "/api/device/\(device)/credentials").json.members)
    }

    @Test("a user name and its password give two tokens, and the second gives new ones")
    func login() throws {
        let reply = desk.ask(
            .post,
            "/api/auth/login",
            "{\"username\":\"t12345/admin\",\"password\":\"secret\"}",
            as: nil
        )
        #expect(reply.status == 200)
        #expect(reply.type == "application/json")
        let token = try #require(reply.json["token"]?.text)
        let refresh = try #require(reply.json["refreshToken"]?.text)
        let list = desk.ask(
            .get,
            "/api/tenant/devices?pageSize=10&page=0",
            as: nil,
            fields: [("X-Authorization", "Bearer \(token)")]
        )
        #expect(list.status == 200)
        #expect(
            list.text
                == "{\"data\":[],\"totalPages\":0,\"totalElements\":0,\"hasNext\":false}"
        )
        let again = desk.ask(
            .post,
            "/api/auth/token",
            "{\"refreshToken\":\"\(refresh)\"}",
            as: nil
        )
        #expect(again.status == 200)
        #expect(again.json["refreshToken"]?.text != nil)
        // The first token is not for this.
        let wrong = desk.ask(.post, "/api/auth/token", "{\"refreshToken\":\"\(token)\"}", as: nil)
        #expect(wrong.status == 401)
        #expect(wrong.json["errorCode"]?.int64 == 10)
    }

    @Test("a wrong password is answered with 401 and code 10")
    func wrongPassword() {
        let reply = desk.ask(
            .post,
            "/api/auth/login",
            "{\"username\":\"t12345/admin\",\"password\":\"no\"}",
            as: nil
        )
        #expect(reply.status == 401)
        #expect(reply.json["status"]?.int64 == 401)
        #expect(reply.json["errorCode"]?.int64 == 10)
        #expect(reply.json["timestamp"]?.int64 == Desk.now * 1000)
    }

    @Test("a new device starts with a random token of twenty letters and digits")
    func newDevice() throws {
        let reply = desk.ask(.post, "/api/device", "{\"name\":\"D 1\",\"type\":\"x\"}")
        #expect(reply.status == 200)
        #expect(reply.json["name"]?.text == "D 1")
        #expect(reply.json["id"]?["entityType"]?.text == "DEVICE")
        let id = try #require(reply.json["id"]?["id"]?.text)
        let record = try credentials(id)
        #expect(record["credentialsType"]?.text == "ACCESS_TOKEN")
        #expect(record["credentialsValue"] == .null)
        let token = try #require(record["credentialsId"]?.text)
        #expect(token.utf8.count == 20)
        #expect(
            try desk.registry.credential(
                kind: .accessToken,
                lookup: PlainChains().tokenLookup(Name(token))
            ) != nil
        )
    }

    @Test("a device is found by its name, renamed, and deleted")
    func lifeOfADevice() throws {
        let id = try made("Pump", token: "pump-token")
        let found = desk.ask(.get, "/api/tenant/devices?deviceName=Pump")
        #expect(found.json["id"]?["id"]?.text == id)
        let body = """
            {"id":{"entityType":"DEVICE","id":"\(id)"},"name":"Pump 2","type":"pump",\
            "label":"hall","additionalInfo":{"description":"x"}}
            """
        let renamed = desk.ask(.post, "/api/device", body)
        #expect(renamed.json["name"]?.text == "Pump 2")
        #expect(renamed.json["label"]?.text == "hall")
        #expect(renamed.json["additionalInfo"]?["description"]?.text == "x")
        #expect(try credentials(id)["credentialsId"]?.text == "pump-token")
        #expect(desk.ask(.get, "/api/tenant/devices?deviceName=Pump").status == 404)
        #expect(desk.ask(.delete, "/api/device/\(id)").status == 200)
        #expect(desk.ask(.get, "/api/device/\(id)").json["errorCode"]?.int64 == 32)
    }

    @Test("a second device of a name, and one without, are refused with 400")
    func names() throws {
        _ = try made("Pump", token: "a")
        let second = desk.ask(.post, "/api/device", "{\"name\":\"Pump\"}")
        #expect(second.status == 400)
        #expect(second.json["message"]?.text?.contains("already exists") == true)
        #expect(desk.ask(.post, "/api/device", "{\"type\":\"x\"}").status == 400)
        #expect(desk.ask(.post, "/api/device", "{\"name\":\"a:b\"}").status == 400)
    }

    @Test("a pasted certificate is found by SHA3-256 of its base64 text, whatever id was sent")
    func certificate() throws {
        let id = try made("Pump", token: "a")
        let certificate = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Pump")
        ).certificate
        let pem = String(decoding: certificate.pem, as: UTF8.self)
        var record = try credentials(id)
        record["credentialsType"] = "X509_CERTIFICATE"
        record["credentialsId"] = "nonsense"
        record["credentialsValue"] = .string("Certificate:\n    Data:\n" + pem)
        let reply = desk.ask(
            .post,
            "/api/device/credentials",
            JSONValue.object(record).line
        )
        #expect(reply.status == 200)
        let text = Base64.encode(certificate.der)
        #expect(reply.json["credentialsValue"]?.text == text)
        #expect(reply.json["credentialsId"]?.name == PlainChains().sha3(Name(text)))
        #expect(reply.json["id"]?["id"] == record["id"]?["id"])
        #expect(reply.json["version"]?.int64 == 2)
        // What relied on the token had to go.
        #expect(reply.ended == "1")
    }

    @Test(
        "MQTT_BASIC is found by ThingsBoard's rule, and its password is not shown again",
        arguments: [
            ("{\"userName\":\"u\",\"password\":\"p\"}", "u"),
            ("{\"clientId\":\"c\"}", "sha3:c"),
            ("{\"clientId\":\"c\",\"userName\":\"u\",\"password\":\"p\"}", "sha3:c|u"),
        ]
    )
    func basic(_ value: String, _ wanted: String) throws {
        let id = try made("Pump", token: "a")
        var record = try credentials(id)
        record["credentialsType"] = "MQTT_BASIC"
        record["credentialsValue"] = .string(value)
        let reply = desk.ask(.post, "/api/device/credentials", JSONValue.object(record).line)
        #expect(reply.status == 200)
        let expected =
            wanted.hasPrefix("sha3:") ? PlainChains().sha3(Name(wanted.dropFirst(5))) : Name(wanted)
        #expect(reply.json["credentialsId"]?.name == expected)
        let shown = try #require(reply.json["credentialsValue"]?.text)
        let parts = try JSONValue(parsing: Array(shown.utf8))
        #expect(parts["password"]?.text == (value.contains("password") ? "********" : nil))
        // Read and sent back, nothing changes.
        var again = try credentials(id)
        again["version"] = nil
        #expect(
            desk.ask(.post, "/api/device/credentials", JSONValue.object(again).line).status == 200
        )
        let stored = try #require(
            try desk.registry.credential(kind: .basic, lookup: expected)
        )
        #expect(stored.secret?.hash == (value.contains("password") ? "p" : nil))
    }

    @Test("every refusal of credentials is 400 with a sentence")
    func refusals() throws {
        let id = try made("Pump", token: "a")
        let other = try made("Fan", token: "b")
        let good = try credentials(id)
        func refusal(_ change: (inout JSONObject) -> Void) -> String {
            var record = good
            change(&record)
            let reply = desk.ask(.post, "/api/device/credentials", JSONValue.object(record).line)
            #expect(reply.status == 400)
            #expect(reply.json["errorCode"]?.int64 == 30)
            return reply.json["message"]?.text ?? ""
        }
        let unknown = JSONValue.string("11111111-2222-4333-8444-555555555555")
        #expect(refusal { $0["id"] = ["id": unknown] }.contains("non-existent device credentials"))
        #expect(refusal { $0["id"] = nil }.contains("already specified"))
        #expect(
            refusal { $0["deviceId"] = ["id": .string(other)] }.contains("other credentials")
        )
        #expect(refusal { $0["deviceId"] = ["id": unknown] }.contains("non-existent device"))
        #expect(refusal { $0["deviceId"] = nil }.contains("deviceId"))
        #expect(refusal { $0["credentialsType"] = nil }.contains("credentialsType"))
        #expect(refusal { $0["credentialsType"] = "LWM2M" }.contains("credentialsType"))
        #expect(refusal { $0["credentialsId"] = "b" }.contains("another device"))
        #expect(refusal { $0["credentialsId"] = "a\u{7}b" }.contains("control character"))
        #expect(refusal { $0["credentialsId"] = "" }.contains("id should be specified"))
        func basic(_ value: String) -> String {
            refusal { record in
                record["credentialsType"] = "MQTT_BASIC"
                record["credentialsValue"] = .string(value)
            }
        }
        #expect(basic("{}").contains("are empty"))
        #expect(basic("{\"clientId\":\"c\",\"password\":\"p\"}").contains("along with client id"))
        #expect(basic("no").contains("JSON"))
        #expect(
            refusal { record in
                record["credentialsType"] = "X509_CERTIFICATE"
                record["credentialsValue"] = .string(Self.pem)
            }.contains("not a certificate")
        )
    }

    @Test("an older version of the record is refused with 409 and code 35")
    func version() throws {
        let id = try made("Pump", token: "a")
        var record = try credentials(id)
        record["credentialsId"] = "c"
        let text = JSONValue.object(record).line
        #expect(desk.ask(.post, "/api/device/credentials", text).status == 200)
        let late = desk.ask(.post, "/api/device/credentials", text)
        #expect(late.status == 409)
        #expect(late.json["errorCode"]?.int64 == 35)
    }

    @Test("a device and its credentials are made in one call")
    func both() throws {
        let body = """
            {"device":{"name":"Both"},"credentials":{"credentialsType":"ACCESS_TOKEN",\
            "credentialsId":"one-call"}}
            """
        let reply = desk.ask(.post, "/api/device-with-credentials", body)
        #expect(reply.status == 200)
        let id = try #require(reply.json["id"]?["id"]?.text)
        #expect(try credentials(id)["credentialsId"]?.text == "one-call")
        // A device whose credentials cannot be made is not made.
        let bad = body.replacing("Both", with: "Other")
        #expect(desk.ask(.post, "/api/device-with-credentials", bad).status == 400)
        #expect(try desk.registry.device(tenant: desk.tenant.number, identifier: "Other") == nil)
    }

    @Test("a file inside of JSON makes and changes devices, row by row")
    func bulkImport() throws {
        _ = try made("Old", token: "old")
        func body(_ update: Bool) -> String {
            """
            {"file":"NAME;TOKEN;LABEL\\nNew;t1;x\\nOld;t2;y\\nThird;t1;z\\nshort\\n","mapping":\
            {"columns":[{"type":"NAME"},{"type":"ACCESS_TOKEN"},{"type":"LABEL"}],\
            "delimiter":";","header":true,"update":\(update)}}
            """
        }
        let first = desk.ask(.post, "/api/device/bulk_import", body(false))
        #expect(first.status == 200)
        #expect(first.json["created"]?.int64 == 1)
        #expect(first.json["updated"]?.int64 == 0)
        #expect(first.json["errors"]?.int64 == 3)
        #expect(try desk.registry.device(tenant: desk.tenant.number, identifier: "Third") == nil)
        let second = desk.ask(.post, "/api/device/bulk_import", body(true))
        #expect(second.json["created"]?.int64 == 0)
        #expect(second.json["updated"]?.int64 == 2)
        let old = try desk.registry.device(tenant: desk.tenant.number, identifier: "Old")
        #expect(old?.label == "y")
    }

    @Test("another tenant's device is not found")
    func foreign() throws {
        let id = try made("Pump", token: "a")
        #expect(desk.ask(.get, "/api/device/\(id)", as: "management/root").status == 404)
        #expect(desk.ask(.delete, "/api/device/\(id)", as: "management/root").status == 404)
        #expect(desk.ask(.get, "/api/device/\(id)", as: "t12345/boot").status == 403)
    }
}
