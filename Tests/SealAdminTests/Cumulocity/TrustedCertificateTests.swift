// SPDX-License-Identifier: Apache-2.0
// Trusted certificates over the API: what goes in, what comes out.

import Foundation
import SealBroker
import SealBytes
import SealHTTP
import SealPKI
import Testing

@testable import SealAdmin
@testable import Stage

@Suite struct TrustedCertificateTests {
    private let root = "/tenant/tenants/t12345/trusted-certificates"
    private let desk: Desk
    private let authority: TestAuthority

    init() throws {
        desk = try Desk()
        authority = try TestAuthority()
    }

    @Test(
        "an upload with a string for a boolean and PEM on one line is answered with all fields"
    )
    func upload() throws {
        let reply = desk.ask(
            .post,
            root,
            authority.upload(",\"name\":\"Factory\",\"autoRegistrationEnabled\":\"true\"")
        )
        #expect(reply.status == 201)
        #expect(reply.type == "application/json")
        let fingerprint = try authority.fingerprint
        #expect(
            reply.response.fields["Location"]
                == "https://iot.example.com\(root)/\(fingerprint)"
        )
        let json = reply.json
        #expect(json["fingerprint"]?.text == fingerprint)
        #expect(json["subject"]?.text == "CN=IotDevFactory, O=Iot Device Factory, ST=PL, C=EU")
        #expect(json["issuer"]?.text == "CN=IotDevFactory, O=Iot Device Factory, ST=PL, C=EU")
        #expect(json["algorithmName"]?.text == "SHA256withECDSA")
        #expect(json["version"] == 3)
        #expect(json["status"] == "ENABLED")
        #expect(json["name"] == "Factory")
        #expect(json["autoRegistrationEnabled"] == true)
        #expect(json["proofOfPossessionValid"] == false)
        #expect(json["tenantCertificateAuthority"] == false)
        #expect(json["notBefore"] == "2027-01-14T08:00:00.000Z")
        #expect(json["serialNumber"]?.text?.allSatisfy(\.isNumber) == true)
        #expect(json["certInPemFormat"]?.text == authority.pem)
        #expect(json["self"]?.text == reply.response.fields["Location"])
    }

    @Test(
        "PEM with line breaks, bare base64 and base64 with line breaks are the same certificate",
        arguments: 0..<3
    )
    func forms(_ kind: Int) throws {
        let bare = Base64.encode(authority.der)
        let text = [
            authority.pem, bare,
            bare.enumerated().map { $0.offset % 64 == 63 ? "\($0.element)\n" : "\($0.element)" }
                .joined(),
        ][kind]
        let reply = desk.ask(
            .post,
            root,
            "{\"certInPemFormat\":\(JSONText.quoted(text)),\"status\":\"DISABLED\"}"
        )
        #expect(reply.status == 201)
        #expect(
            try desk.registry.anchors(sha256: authority.authority.certificate.fingerprint.bytes)
                .first?.isEnabled == false
        )
    }

    @Test("the same certificate twice is 409, in another tenant it is not")
    func duplicate() throws {
        #expect(desk.ask(.post, root, authority.upload()).status == 201)
        let again = desk.ask(.post, root, authority.upload())
        #expect(again.status == 409)
        #expect(again.reason == "api.duplicate")
        #expect(again.json["error"] == "tenant/duplicate")
        #expect(again.type == "application/vnd.com.nsn.cumulocity.error+json")
        #expect(again.json["info"]?.text == "https://iot.example.com/api/v1/reasons/api.duplicate")
        let other = "/tenant/tenants/management/trusted-certificates"
        #expect(desk.ask(.post, other, authority.upload(), as: "management/root").status == 201)
    }

    @Test("what is no certificate, no authority's, or over, is 422 with its own reason")
    func refusedUploads() throws {
        func reason(_ pem: String) -> String? {
            let reply = desk.ask(
                .post,
                root,
                "{\"certInPemFormat\":\(JSONText.quoted(pem)),\"status\":\"ENABLED\"}"
            )
            #expect(reply.status == 422)
            return reply.reason
        }
        let leaf = try authority.device("d1")
        #expect(reason("nonsense") == "trust.unreadable")
        #expect(reason("MIIB") == "trust.unreadable")
        #expect(reason(authority.pem + authority.pem) == "trust.unreadable")
        let key = try authority.authority.key.pem()
        #expect(reason(authority.pem + String(decoding: key, as: UTF8.self)) == "trust.unreadable")
        #expect(reason(Base64.encode(leaf.der)) == "trust.not-authority")
        let old = try TestAuthority("Old", days: 10, notBefore: Desk.now - 20 * 86_400)
        #expect(reason(old.pem) == "trust.expired")
        #expect(
            desk.ask(.post, root, "{\"status\":\"ENABLED\"}").reason == "api.body-invalid"
        )
        #expect(desk.ask(.post, root, "{").reason == "api.body-malformed")
        #expect(desk.ask(.post, root, "{").status == 400)
    }

    @Test("a truncated or damaged certificate never gets in and never traps")
    func damaged() throws {
        let der = authority.der
        for cut in stride(from: 0, to: der.count, by: 7) {
            let text = Base64.encode(Array(der[..<cut]))
            let reply = desk.ask(
                .post,
                root,
                "{\"certInPemFormat\":\(JSONText.quoted("x\(text)")),\"status\":\"ENABLED\"}"
            )
            #expect(reply.status == 422)
        }
        for place in stride(from: 0, to: der.count, by: 5) {
            var bytes = der
            bytes[place] ^= 0x40
            let text = Base64.encode(bytes)
            let reply = desk.ask(
                .post,
                root,
                "{\"certInPemFormat\":\(JSONText.quoted(text)),\"status\":\"ENABLED\"}"
            )
            #expect([201, 409, 422].contains(reply.status))
        }
    }

    @Test("lists have pages of five, and say where the others are")
    func pages() throws {
        for index in 0..<7 {
            #expect(desk.ask(.post, root, try TestAuthority("A\(index)").upload()).status == 201)
        }
        let first = desk.ask(.get, "\(root)?withTotalPages=true&withTotalElements=true").json
        #expect(first["certificates"]?.elements?.count == 5)
        #expect(first["statistics"]?["pageSize"] == 5)
        #expect(first["statistics"]?["currentPage"] == 1)
        #expect(first["statistics"]?["totalPages"] == 2)
        #expect(first["statistics"]?["totalElements"] == 7)
        #expect(first["prev"] == nil)
        let next =
            "https://iot.example.com\(root)?withTotalPages=true&withTotalElements=true"
            + "&pageSize=5&currentPage=2"
        #expect(first["next"]?.text == next)
        let second = desk.ask(.get, "\(root)?currentPage=2").json
        #expect(second["certificates"]?.elements?.count == 2)
        #expect(second["next"] == nil)
        #expect(second["prev"]?.text == "https://iot.example.com\(root)?pageSize=5&currentPage=1")
        #expect(second["statistics"]?["totalPages"] == nil)
        let trimmed = desk.ask(.get, "\(root)?pageSize=5000").json
        #expect(trimmed["statistics"]?["pageSize"] == 2000)
        #expect(desk.ask(.get, "\(root)?pageSize=0").reason == "api.parameter-invalid")
        #expect(desk.ask(.get, "\(root)?pageSize=5&pageSize=6").status == 400)
    }

    @Test("a bulk upload is all or none, and tells which one is wrong")
    func bulk() throws {
        let other = try TestAuthority("Other")
        let bad = "{\"certInPemFormat\":\"AAAA\",\"status\":\"ENABLED\"}"
        let mixed = "{\"certificates\":[\(authority.upload()),\(bad)]}"
        let refused = desk.ask(.post, root + "/bulk", mixed)
        #expect(refused.status == 422)
        #expect(refused.json["message"]?.text?.contains("/certificates/1") == true)
        #expect(desk.ask(.get, root).json["certificates"]?.elements?.isEmpty == true)
        let twice = "{\"certificates\":[\(authority.upload()),\(authority.upload())]}"
        #expect(desk.ask(.post, root + "/bulk", twice).status == 409)
        #expect(desk.ask(.get, root).json["certificates"]?.elements?.isEmpty == true)
        let good = "{\"certificates\":[\(authority.upload()),\(other.upload())]}"
        let reply = desk.ask(.post, root + "/bulk", good)
        #expect(reply.status == 201)
        #expect(reply.json["certificates"]?.elements?.count == 2)
    }

    @Test("PUT changes only what it names, and says how many connections were ended")
    func change() throws {
        _ = desk.ask(.post, root, authority.upload(",\"name\":\"Factory\""))
        let path = "\(root)/\(try authority.fingerprint)"
        let reply = desk.ask(
            .put,
            path,
            "{\"status\":\"DISABLED\",\"certInPemFormat\":\"ignored\",\"version\":7}"
        )
        #expect(reply.status == 200)
        #expect(reply.json["status"] == "DISABLED")
        #expect(reply.json["name"] == "Factory")
        #expect(reply.ended == "1")
        let label = desk.ask(.put, path, "{\"name\":null}")
        #expect(label.json["name"] == "")
        #expect(label.json["status"] == "DISABLED")
        #expect(desk.ask(.put, path, "{\"status\":\"MAYBE\"}").status == 422)
        #expect(desk.ask(.put, "\(root)/\(String(repeating: "0", count: 40))", "{}").status == 404)
        #expect(desk.ask(.put, "\(root)/xyz", "{}").status == 400)
    }

    @Test("DELETE is 204 with the number of ended connections, then 404")
    func remove() throws {
        _ = desk.ask(.post, root, authority.upload())
        let path = "\(root)/\(try authority.fingerprint)"
        #expect(desk.ask(.get, path).status == 200)
        #expect(
            desk.ask(
                .get,
                path.uppercased().replacing(
                    "/TENANT/TENANTS/T12345/TRUSTED-CERTIFICATES",
                    with: root
                )
            ).status == 200
        )
        let reply = desk.ask(.delete, path)
        #expect(reply.status == 204)
        #expect(reply.ended == "1")
        #expect(reply.response.body.isEmpty)
        #expect(desk.ask(.delete, path).status == 404)
        #expect(desk.ask(.get, path).json["error"] == "tenant/notFound")
    }

    @Test("the key is proved by a signature over the exact code")
    func proof() throws {
        _ = desk.ask(.post, root, authority.upload())
        let fingerprint = try authority.fingerprint
        let path = "/tenant/tenants/t12345/trusted-certificates-pop/\(fingerprint)"
        func prove(_ signature: [UInt8]) -> Reply {
            let text = Base64.encode(signature)
            return desk.ask(
                .post,
                path + "/pop",
                "{\"proofOfPossessionSignedVerificationCode\":\"\(text)\"}"
            )
        }
        #expect(prove([1, 2, 3]).reason == "trust.code-missing")
        let asked = desk.ask(.post, path + "/verification-code")
        #expect(asked.status == 200)
        let code = asked.json["proofOfPossessionUnsignedVerificationCode"]?.text ?? ""
        #expect(!code.isEmpty)
        #expect(
            asked.json["proofOfPossessionVerificationCodeUsableUntil"]
                == "2027-01-16T08:00:00.000Z"
        )
        let key = authority.authority.key
        let newline = prove(try key.signature(of: Array("\(code)\n".utf8)))
        #expect(newline.status == 400)
        #expect(newline.reason == "trust.proof-wrong")
        let proved = prove(try key.signature(of: Array(code.utf8)))
        #expect(proved.status == 200)
        #expect(proved.json["proofOfPossessionValid"] == true)
        #expect(proved.json["proofOfPossessionUnsignedVerificationCode"] == nil)
    }

    @Test("only the management tenant confirms without a signature")
    func confirmed() throws {
        _ = desk.ask(.post, root, authority.upload())
        let path =
            "/tenant/tenants/t12345/trusted-certificates-pop/\(try authority.fingerprint)/confirmed"
        let own = desk.ask(.post, path)
        #expect(own.status == 403)
        #expect(own.reason == "api.management-only")
        let reply = desk.ask(.post, path, as: "management/root")
        #expect(reply.status == 200)
        #expect(reply.json["proofOfPossessionValid"] == true)
    }

    @Test("a tenant gets one authority of its own")
    func authorityOfTenant() throws {
        let path = "/tenant/tenants/t12345/certificate-authority"
        let made = desk.ask(.post, path)
        #expect(made.status == 201)
        #expect(made.json["tenantCertificateAuthority"] == true)
        #expect(made.json["subject"] == "CN=t12345 device authority, O=Acme")
        #expect(desk.ask(.post, path).reason == "trust.authority-exists")
        _ = desk.ask(.post, root, authority.upload())
        let own = desk.ask(.get, "\(root)?certificateAuthority=true").json
        #expect(own["certificates"]?.elements?.count == 1)
        #expect(own["certificates"]?.elements?.first?["fingerprint"] == made.json["fingerprint"])
    }
}
