// SPDX-License-Identifier: Apache-2.0
// What the API says and writes down when tenants register the same: the same answer as for
// something free, and a word to those whose registration it is.

import SealBroker
import SealBytes
import SealHTTP
import SealPKI
import Testing

@testable import SealAdmin
@testable import Stage

@Suite("Registrations of several tenants") struct RegistrationClaimTests {
    private let desk: Desk
    private let rival: Tenant
    private let authority: TestAuthority

    init() throws {
        desk = try Desk()
        rival = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.add(Tenant(id: "t2", label: "Rival"))
        }.result
        try desk.add("t2", "admin", [.tenantAdmin, .deviceControlAdmin])
        try desk.add("t12345", "keeper", [.tenantAdmin, .deviceControlAdmin])
        authority = try TestAuthority()
    }

    private func root(_ tenant: String) -> String {
        "/tenant/tenants/\(tenant)/trusted-certificates"
    }

    private func audit(_ tenant: UInt32, _ act: String) throws -> [AuditRecord] {
        try desk.registry.audit(tenant: tenant, PageRequest(limit: 100)).items
            .filter { $0.act == act }
    }

    // MARK: Credentials

    /// A device of a tenant with these credentials; what the call answered.
    private func give(_ tenant: String, _ kind: String, _ id: String, _ value: String?) -> Reply {
        var credentials: JSONObject = ["credentialsType": .string(kind)]
        if !id.isEmpty { credentials["credentialsId"] = .string(id) }
        if let value { credentials["credentialsValue"] = .string(value) }
        let body: JSONValue = [
            "device": ["name": "thing", "type": "sensor"], "credentials": .object(credentials),
        ]
        let user = tenant == "t2" ? "t2/admin" : "t12345/keeper"
        return desk.ask(.post, "/api/device-with-credentials", body.line, as: user)
    }

    private static let basic = "{\"clientId\":\"c\",\"userName\":\"u\",\"password\":\"p\"}"

    @Test(
        "what another tenant has is answered as if it were free",
        arguments: ["ACCESS_TOKEN", "X509_CERTIFICATE", "MQTT_BASIC"]
    )
    func noOracle(_ kind: String) throws {
        let pem = authority.pem
        let (id, value): (String, String?) =
            switch kind {
            case "ACCESS_TOKEN": ("A1_TOKEN", nil)
            case "X509_CERTIFICATE": ("", pem)
            default: ("", Self.basic)
            }
        let free = give("t2", kind, id, value)
        let taken = give("t12345", kind, id, value)
        #expect(free.status == 200)
        #expect(taken.status == free.status)
        #expect(taken.type == free.type)
        #expect(taken.json.members?.names == free.json.members?.names)
        #expect(taken.ended == free.ended)
        // The one that has it already is told, without a name; the newcomer is not.
        let told = try audit(rival.number, "credential.disputed")
        #expect(told.count == 1)
        #expect(told.first?.author.name == "daemon")
        #expect(told.first.map { $0.detail.contains("t12345") } == false)
        #expect(try audit(desk.tenant.number, "credential.disputed").isEmpty)
    }

    @Test("a credential of the same tenant is still refused")
    func ownDuplicate() throws {
        #expect(give("t2", "ACCESS_TOKEN", "A1_TOKEN", nil).status == 200)
        let body: JSONValue = [
            "device": ["name": "other", "type": "sensor"],
            "credentials": ["credentialsType": "ACCESS_TOKEN", "credentialsId": "A1_TOKEN"],
        ]
        #expect(
            desk.ask(.post, "/api/device-with-credentials", body.line, as: "t2/admin").status == 400
        )
    }

    @Test("the ids of another tenant's devices and credentials are as absent as those of nobody")
    func foreignIDs() throws {
        let made = give("t2", "ACCESS_TOKEN", "A1_TOKEN", nil)
        let id = try #require(made.json["id"]?["id"]?.text)
        let nobody = "00000000-0000-4000-8000-000000000000"
        for path in ["/api/device/%", "/api/device/%/credentials"] {
            let replies = [id, nobody].map {
                desk.ask(.get, path.replacing("%", with: $0), as: "t12345/keeper")
            }
            #expect(replies[0].status == 404)
            #expect(replies[1].status == 404)
            #expect(replies[0].json["message"] == replies[1].json["message"])
        }
        let device = try #require(try desk.registry.device(uuid: Name(id)))
        let credential = try #require(
            try desk.registry.credentials(device: device.number).first
        )
        #expect(give("t12345", "ACCESS_TOKEN", "OWN", nil).status == 200)
        for uuid in [credential.uuid.text, nobody] {
            let reply = desk.ask(
                .post,
                "/api/v1/devices/thing/credentials/\(uuid)/verification-code",
                as: "t12345/keeper"
            )
            #expect(reply.status == 404)
        }
    }

    @Test("a shown password stays with its names: with others it must be sent again")
    func hiddenPassword() throws {
        let made = give("t2", "MQTT_BASIC", "", Self.basic)
        let id = try #require(made.json["id"]?["id"]?.text)
        let record = desk.ask(.get, "/api/device/\(id)/credentials", as: "t2/admin").json
        func save(_ user: String) -> Int {
            var members = record.members ?? [:]
            members["credentialsValue"] = .string(
                "{\"clientId\":\"c\",\"userName\":\"\(user)\",\"password\":\"********\"}"
            )
            return desk.ask(
                .post,
                "/api/device/credentials",
                JSONValue.object(members).line,
                as: "t2/admin"
            ).status
        }
        #expect(save("other") == 400)
        #expect(save("u") == 200)
    }

    // MARK: Proof of a device's key

    @Test("whoever proves that it holds the key of a pinned certificate has it, also when younger")
    func proofOfPin() throws {
        let key = try PrivateKey.generate()
        let made = try CertificateAuthority.makeSelfSigned(
            CertificateOrder(
                subject: try DistinguishedName(commonName: "thing"),
                purpose: .device,
                days: 100,
                notBefore: Desk.now - 3600
            ),
            key: key
        )
        let pem = String(decoding: made.certificate.pem, as: UTF8.self)
        #expect(give("t2", "X509_CERTIFICATE", "", pem).status == 200)
        #expect(give("t12345", "X509_CERTIFICATE", "", pem).status == 200)
        let lookup = PlainChains().pinnedID(der: made.certificate.der)
        func first() throws -> UInt32? {
            try desk.registry.credentials(kind: .certificate, lookup: lookup).first?.tenant
        }
        #expect(try first() == rival.number)
        let shown = desk.ask(.get, "/api/v1/devices/thing", as: "t12345/keeper").json
        let credential = try #require(shown["credentials"]?.elements?.first)
        #expect(credential["possessionProved"] == false)
        let id = try #require(credential["id"]?.text)
        let path = "/api/v1/devices/thing/credentials/\(id)"
        func prove(_ signature: [UInt8]) -> Reply {
            let body: JSONValue = ["signature": .string(Base64.encode(signature))]
            return desk.ask(.post, path + "/pop", body.line, as: "t12345/keeper")
        }
        // Without a code, and with the signature of another key.
        #expect(prove([1, 2, 3]).reason == "trust.code-missing")
        let asked = desk.ask(.post, path + "/verification-code", as: "t12345/keeper")
        #expect(asked.status == 200)
        let code = try #require(asked.json["code"]?.text)
        let wrong = try PrivateKey.generate().signature(of: Array(code.utf8))
        #expect(prove(wrong).reason == "trust.proof-wrong")
        #expect(try first() == rival.number)
        let reply = prove(try key.signature(of: Array(code.utf8)))
        #expect(reply.status == 200)
        #expect(reply.json["possessionProved"] == true)
        #expect(try first() == desk.tenant.number)
        // The other one's clients are judged again, and its operator is told.
        #expect(reply.ended == "1")
        #expect(try audit(rival.number, "credential.disputed").count == 2)
        // The code is spent.
        #expect(prove(try key.signature(of: Array(code.utf8))).reason == "trust.code-missing")
    }

    @Test("only of a certificate a key is proved, and a new certificate is not proved by the old")
    func proofOfOthers() throws {
        #expect(give("t2", "ACCESS_TOKEN", "A1_TOKEN", nil).status == 200)
        let device = try #require(
            try desk.registry.device(tenant: rival.number, identifier: "thing")
        )
        let stored = try #require(try desk.registry.credentials(device: device.number).first)
        let reply = desk.ask(
            .post,
            "/api/v1/devices/thing/credentials/\(stored.uuid)/verification-code",
            as: "t2/admin"
        )
        #expect(reply.reason == "trust.proof-of-certificates")
        let changed = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            var one = stored
            one.kind = .certificate
            one.lookup = "first"
            one = try writer.replace(one)
            var proof = TrustAnchor.Proof()
            proof.isValid = true
            try writer.setProof(proof, credential: one.number)
            one.secret = StoredSecret(hash: "h")
            let kept = try writer.replace(one)
            one = kept
            one.lookup = "second"
            return (kept, try writer.replace(one))
        }.result
        #expect(changed.0.proof.isValid)
        #expect(!changed.1.proof.isValid)
    }

    // MARK: Authorities

    @Test("an upload of what another tenant trusts is pending, and says so everywhere")
    func pendingUpload() throws {
        let first = desk.ask(.post, root("t12345"), authority.upload())
        #expect(first.json["pending"] == false)
        let second = desk.ask(.post, root("t2"), authority.upload(), as: "t2/admin")
        #expect(second.status == 201)
        #expect(second.json["pending"] == true)
        #expect(second.json["pendingReason"]?["reason"] == "trust.pending")
        let fingerprint = try authority.fingerprint
        let one = desk.ask(.get, "\(root("t2"))/\(fingerprint)", as: "t2/admin")
        #expect(one.json["pending"] == true)
        let list = desk.ask(.get, root("t2"), as: "t2/admin")
        #expect(list.json["certificates"]?.elements?.first?["pending"] == true)
        #expect(
            desk.ask(.get, "\(root("t12345"))/\(fingerprint)").json["pending"] == false
        )
        // Both are told, and none who the other is.
        let mine = try audit(rival.number, "trust.pending")
        let theirs = try audit(desk.tenant.number, "trust.disputed")
        #expect(mine.count == 1 && theirs.count == 1)
        for record in mine + theirs {
            #expect(record.author.name == "daemon")
            #expect(!record.detail.contains("t2") && !record.detail.contains("t12345"))
        }
        // A test of the chain says it, too.
        let device = try authority.device("d1")
        let chain = String(decoding: PEMText.block("CERTIFICATE", device.der), as: UTF8.self)
        _ = desk.ask(.post, "/api/v1/devices", "{\"identifier\":\"d1\"}", as: "t2/admin")
        let body: JSONValue = ["chain": .string(chain)]
        let tried = desk.ask(.post, "/api/v1/trust/test", body.line, as: "t2/admin")
        #expect(tried.json["anchor"]?["pending"] == true)
        let reasons = tried.json["reasons"]?.elements?.compactMap { $0["reason"]?.text } ?? []
        #expect(reasons.contains("trust.pending"), "\(tried.text)")
    }

    @Test("several at once are pending, too, and so is a certificate below one of another tenant")
    func pendingBelow() throws {
        #expect(desk.ask(.post, root("t12345"), authority.upload()).status == 201)
        let below = try authority.authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "Below"),
                purpose: .authority,
                days: 100,
                notBefore: Desk.now - 3600
            )
        )
        let pems = [authority.pem, String(decoding: below.certificate.pem, as: UTF8.self)]
        let uploads = pems.map { pem -> JSONValue in
            ["certInPemFormat": .string(pem), "status": "ENABLED"]
        }
        let body: JSONValue = ["certificates": .array(uploads)]
        let reply = desk.ask(.post, root("t2") + "/bulk", body.line, as: "t2/admin")
        #expect(reply.status == 201)
        let pending = reply.json["certificates"]?.elements?.map { $0["pending"] }
        #expect(pending == [true, true])
    }

    @Test("a proof ends the waiting, and the other tenant is told")
    func provedUpload() throws {
        #expect(desk.ask(.post, root("t12345"), authority.upload()).status == 201)
        #expect(desk.ask(.post, root("t2"), authority.upload(), as: "t2/admin").status == 201)
        let fingerprint = try authority.fingerprint
        let path = "/tenant/tenants/t2/trusted-certificates-pop/\(fingerprint)"
        let asked = desk.ask(.post, path + "/verification-code", as: "t2/admin")
        let code = try #require(
            asked.json["proofOfPossessionUnsignedVerificationCode"]?.text
        )
        #expect(asked.json["pending"] == true)
        let signature = try authority.authority.key.signature(of: Array(code.utf8))
        let body: JSONValue = [
            "proofOfPossessionSignedVerificationCode": .string(Base64.encode(signature))
        ]
        let proved = desk.ask(.post, path + "/pop", body.line, as: "t2/admin")
        #expect(proved.json["proofOfPossessionValid"] == true)
        #expect(proved.json["pending"] == false)
        #expect(
            desk.ask(.get, "\(root("t12345"))/\(fingerprint)").json["pending"] == true
        )
        #expect(try audit(desk.tenant.number, "trust.disputed").count == 2)
    }
}
