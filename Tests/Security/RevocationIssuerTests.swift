// SPDX-License-Identifier: Apache-2.0
// A serial number is one authority's: what a revocation names, what it may be taken for, and what
// it never comes to mean again.

import SealBytes
import SealHTTP
import SealPKI
import Testing

@testable import SealAdmin
@testable import SealBroker
@testable import SealStore
@testable import Stage

@Suite("Revocations by issuer") struct RevocationIssuerTests {
    private let path = "/tenant/trusted-certificates/settings/crl"
    private let trusted = "/tenant/tenants/t12345/trusted-certificates"
    private let desk: Desk
    private let first: TestAuthority
    private let second: TestAuthority

    init() throws {
        desk = try Desk()
        first = try TestAuthority("First")
        second = try TestAuthority("Second")
    }

    private func trust(_ authority: TestAuthority) {
        #expect(desk.ask(.post, trusted, authority.upload()).status == 201)
    }

    private func key(_ authority: TestAuthority) -> [UInt8] {
        PresentedCertificate.key(authority.authority.certificate.subjectDER)
    }

    private func revoke(_ members: String) -> Reply {
        desk.ask(.put, path, "{\"crls\":[{\(members)}]}")
    }

    /// Whether a certificate is revoked that the first of these issued, each below the next.
    private func isRevoked(_ serial: String, _ issuers: [UInt8]...) throws -> Bool {
        try desk.registry.revocation(
            tenant: desk.tenant.number,
            serial: serial,
            issuers: issuers
        ) != nil
    }

    private func listed() -> [JSONValue] {
        desk.ask(.get, path, fields: [("Accept", "application/json")]).json["crls"]?.elements ?? []
    }

    private let below: [UInt8] = Array(repeating: 7, count: 32)

    @Test("number 1000 of one authority says nothing about number 1000 of another")
    func twoAuthorities() throws {
        trust(first)
        #expect(revoke("\"serialNumberInHex\":\"1000\"").status == 204)
        // What is trusted later is not meant by what was said before.
        trust(second)
        #expect(try isRevoked("1000", key(first)))
        #expect(try !isRevoked("1000", key(second)))
        // An authority below the one that was meant is meant as well.
        #expect(try isRevoked("1000", below, key(first)))
        #expect(try !isRevoked("1000", below, key(second)))
    }

    @Test("a number that can be of several authorities is refused with the choices")
    func ambiguous() throws {
        trust(first)
        trust(second)
        let reply = revoke("\"serialNumberInHex\":\"1000\"")
        #expect(reply.status == 400 && reply.reason == "trust.issuer-ambiguous")
        #expect(reply.text.contains("CN=First") && reply.text.contains("CN=Second"))
        #expect(listed().isEmpty)
        let file = desk.ask(
            .put,
            path,
            body: TestForm.body([("file", "SERIAL NO.,REVOCATION DATE\n1000,\n")]),
            type: TestForm.type
        )
        #expect(file.status == 400 && file.text.contains("CN=First"))
        #expect(listed().isEmpty)
    }

    @Test("an issuer is a subject, a fingerprint, the digest of a name, or a certificate")
    func names() throws {
        trust(first)
        trust(second)
        let subject = "CN=Second, O=Iot Device Factory, ST=PL, C=EU"
        let names = [
            subject, try second.fingerprint, Hex.encode(key(second)),
            Hex.encode(second.authority.certificate.fingerprint.bytes), second.pem,
        ]
        for (number, name) in names.enumerated() {
            let issuer = JSONText.quoted(name)
            let reply = revoke("\"serialNumberInHex\":\"A\(number)\",\"issuer\":\(issuer)")
            #expect(reply.status == 204, "\(name): \(reply.text)")
            #expect(try isRevoked("A\(number)", key(second)))
            #expect(try !isRevoked("A\(number)", key(first)))
            // Named by name, it is that authority alone.
            #expect(try !isRevoked("A\(number)", below, key(second)))
        }
        #expect(listed().allSatisfy { $0["issuer"]?.text == subject })
        for wrong in ["CN=Third", "CN=second, O=Iot Device Factory, ST=PL, C=EU", "ab"] {
            let reply = revoke("\"serialNumberInHex\":\"B\",\"issuer\":\"\(wrong)\"")
            #expect(reply.status == 400 && reply.reason == "trust.issuer-unknown")
        }
    }

    @Test("a certificate in PEM brings its number and its issuer")
    func certificate() throws {
        trust(first)
        trust(second)
        let device = try second.device("d1")
        let pem = JSONText.quoted(
            String(decoding: PEMText.block("CERTIFICATE", device.der), as: UTF8.self)
        )
        #expect(revoke("\"certificate\":\(pem)").status == 204)
        #expect(try isRevoked(device.serial, key(second)))
        #expect(try !isRevoked(device.serial, key(first)))
        #expect(revoke("\"certificate\":\(pem),\"serialNumberInHex\":\"1\"").status == 400)
        let issuer = JSONText.quoted(try first.fingerprint)
        #expect(revoke("\"certificate\":\(pem),\"issuer\":\(issuer)").status == 400)
        #expect(revoke("\"certificate\":\"nonsense\"").status == 400)
    }

    @Test("rows of a file name their issuer and their reason")
    func files() throws {
        trust(first)
        trust(second)
        let csv = """
            SERIAL NO.,REVOCATION DATE,ISSUER,REASON
            1000,,\(try second.fingerprint),keyCompromise
            1001,2023-01-11T16:12:36.288Z,"CN=First, O=Iot Device Factory, ST=PL, C=EU",

            """
        let reply = desk.ask(
            .put,
            path,
            body: TestForm.body([("file", csv)]),
            type: TestForm.type
        )
        #expect(reply.status == 204, "\(reply.text)")
        #expect(try isRevoked("1000", key(second)) && isRevoked("1001", key(first)))
        #expect(try !isRevoked("1000", key(first)) && !isRevoked("1001", key(second)))
    }

    @Test("beside others the tenant's own authority is meant by the numbers that it gives")
    func ownAuthority() throws {
        trust(first)
        _ = desk.ask(.post, "/tenant/tenants/t12345/certificate-authority")
        let stored = try #require(try desk.registry.authority(tenant: desk.tenant.number))
        let own = try #require(try desk.registry.anchor(number: stored.anchor)).subjectKey
        let given = "4" + String(repeating: "0", count: 31)
        #expect(revoke("\"serialNumberInHex\":\"\(given)\"").status == 204)
        #expect(try isRevoked(given, own))
        #expect(try !isRevoked(given, key(first)))
        // 1000 is none of them: the one other authority is meant, and the list in DER is silent.
        #expect(revoke("\"serialNumberInHex\":\"1000\"").status == 204)
        #expect(try isRevoked("1000", key(first)))
        #expect(try !isRevoked("1000", own))
        let list = try RevocationFields(der: desk.ask(.get, path).response.body)
        #expect(list.revokedSerials.map { Revocation.plainSerial($0) } == [given])
    }

    @Test("only a hold is taken back, and nothing final becomes a hold")
    func holds() throws {
        trust(first)
        let one = "\"serialNumberInHex\":\"10\""
        #expect(revoke("\(one),\"reason\":\"certificateHold\"").status == 204)
        #expect(try isRevoked("10", key(first)))
        #expect(revoke("\(one),\"reason\":\"removeFromCRL\"").status == 204)
        #expect(try !isRevoked("10", key(first)) && listed().isEmpty)
        #expect(revoke("\(one),\"reason\":\"removeFromCRL\"").status == 404)

        #expect(revoke("\(one),\"reason\":\"keyCompromise\"").status == 204)
        #expect(revoke("\(one),\"reason\":\"removeFromCRL\"").status == 409)
        // Said again as a hold it stays what it was.
        #expect(revoke("\(one),\"reason\":\"certificateHold\"").status == 204)
        #expect(revoke("\(one),\"reason\":\"removeFromCRL\"").status == 409)
        #expect(try isRevoked("10", key(first)))
        // A hold that turns out to be more is final from then on.
        #expect(revoke("\"serialNumberInHex\":\"11\",\"reason\":\"certificateHold\"").status == 204)
        #expect(revoke("\"serialNumberInHex\":\"11\",\"reason\":\"keyCompromise\"").status == 204)
        #expect(revoke("\"serialNumberInHex\":\"11\",\"reason\":\"removeFromCRL\"").status == 409)
    }

    @Test("an entry without issuer means everybody, is shown so, and can be narrowed")
    func narrowed() throws {
        trust(first)
        trust(second)
        let old = Revocation(tenant: desk.tenant.number, serial: "1000", revokedAt: 5)
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.revoke(old, keepsOldDate: true)
        }
        #expect(try isRevoked("1000", key(first)) && isRevoked("1000", key(second)))
        #expect(listed().first?["issuer"]?.text == "*")
        // Naming one beside it does not take anything from it.
        let issuer = "\"serialNumberInHex\":\"1000\",\"issuer\":\"\(try second.fingerprint)\""
        #expect(revoke(issuer).status == 204)
        #expect(try isRevoked("1000", key(first)))
        #expect(
            revoke("\"serialNumberInHex\":\"1000\",\"issuer\":\"*\",\"narrow\":true").status == 400
        )
        #expect(revoke("\(issuer),\"narrow\":true").status == 204)
        #expect(try isRevoked("1000", key(second)))
        #expect(try !isRevoked("1000", key(first)))
        #expect(listed().count == 1)
        #expect(revoke("\(issuer),\"narrow\":true").status == 404)
    }

    @Test("what is connected goes only when its own authority's number is revoked")
    func withdrawals() {
        var reliance = Reliance()
        reliance.tenant = 1
        reliance.certificates = [
            CertificateMark(serial: "1", issuerKey: [1]),
            CertificateMark(serial: "2", issuerKey: [2]),
        ]
        func isWithdrawn(_ serial: String, _ issuer: RevokedIssuer) -> Bool {
            reliance.isWithdrawn(
                by: IdentityChange(
                    number: 1,
                    tenant: 1,
                    subject: .revocation(tenant: 1, serial: serial, issuer: issuer),
                    isWithdrawal: true
                )
            )
        }
        #expect(isWithdrawn("1", RevokedIssuer(key: [1])))
        #expect(isWithdrawn("1", .every))
        #expect(!isWithdrawn("1", RevokedIssuer(key: [2])))
        #expect(isWithdrawn("1", RevokedIssuer(key: [2], reachesBelow: true)))
        #expect(!isWithdrawn("2", RevokedIssuer(key: [1], reachesBelow: true)))
        #expect(!isWithdrawn("1", RevokedIssuer(key: [3], reachesBelow: true)))
    }

    @Test("an issuer is stored and read again as it was")
    func stored() {
        let key = [UInt8](repeating: 9, count: 32)
        for issuer in [
            .every, RevokedIssuer(key: key), RevokedIssuer(key: key, reachesBelow: true),
        ] {
            #expect(RevokedIssuer(stored: issuer.stored) == issuer)
        }
    }

    @Test("an authority that writes its name otherwise in what it issues is met by its certificate")
    func spelling() throws {
        // The judge says both: the issuer as the leaf writes it, and as its issuer calls itself.
        let world = try LoginCase()
        let authority = try TestAuthority("Spelling")
        let device = try authority.device("d1")
        let anchor = try TrustAnchor(trusting: authority.authority.certificate, tenant: 1)
        let answer = world.judge.judge(
            ChainQuestion(chain: [device], anchor: anchor, lengthMax: 4, now: Desk.now)
        )
        guard case .good(let path, _) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(path.first == CertificateMark(serial: device.serial, issuerKey: anchor.subjectKey))
        #expect(path.count == 2)
    }
}
