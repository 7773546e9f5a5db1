// SPDX-License-Identifier: Apache-2.0
// Enrolment over Secure Transport: first certificates for codes, renewals by devices, and
// everything that is refused.

import SealBroker
import SealBytes
import SealHTTP
import SealPKI
import Testing

@testable import SealAdmin
@testable import Stage

@Suite("Enrolment")
struct EnrolmentTests {
    private let desk: Desk
    private let code = "8-chars!"

    init() throws { desk = try Self.desk() }

    private static func desk(grace: Int64 = 0) throws -> Desk {
        var settings = AdminSettings()
        settings.enrolmentGraceSeconds = grace
        let desk = try Desk(settings: settings)
        let made = desk.ask(.post, "/tenant/tenants/t12345/certificate-authority")
        try #require(made.status == 201)
        return desk
    }

    private func allow(
        _ identifier: String,
        _ code: String? = nil,
        seconds: Int64 = 60
    ) throws {
        let secret = try Passwords.makeSalted(Array((code ?? self.code).utf8))
        let entry = EnrolmentCode(
            tenant: desk.tenant.number,
            identifier: Name(identifier),
            secret: StoredSecret(hash: secret),
            expiresAt: (Desk.now + seconds) * 1000
        )
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.set(entry)
        }
    }

    private func request(_ name: String, _ key: PrivateKey? = nil) throws -> [UInt8] {
        let made = try CertificateRequest.make(
            key: try key ?? PrivateKey.generate(),
            subject: DistinguishedName(commonName: name)
        )
        return Array(Base64.encode(made.der).utf8)
    }

    private func ask(
        _ path: String,
        _ body: [UInt8],
        _ user: String?,
        _ code: String? = nil,
        chain: [PresentedCertificate] = [],
        desk: Desk? = nil
    ) -> Reply {
        var fields = [("Accept", "*/*")]
        if let user {
            let text = Base64.encode(Array("\(user):\(code ?? self.code)".utf8))
            fields.append(("Authorization", "Basic \(text)"))
        }
        return (desk ?? self.desk).ask(
            .post,
            "/.well-known/est/\(path)",
            body: body,
            as: nil,
            type: "application/pkcs10",
            fields: fields,
            chain: chain
        )
    }

    private func certificate(_ reply: Reply) throws -> Certificate {
        let found = try CertificatesOnly(base64: reply.response.body).certificates
        #expect(found.count == 1)
        return try #require(found.first)
    }

    @Test("gives a device its certificate for a code, and registers it")
    func first() throws {
        try allow("dev1")
        let key = try PrivateKey.generate()
        let reply = ask("t12345/simpleenroll", try request("dev1", key), "dev1")
        #expect(reply.status == 200, "\(reply.text)")
        #expect(reply.type == "application/pkcs7-mime; smime-type=certs-only")
        #expect(reply.response.fields["Content-Transfer-Encoding"] == "base64")
        let made = try certificate(reply)
        let authorities = desk.ask(.get, "/.well-known/est/t12345/cacerts", as: nil)
        let authority = try certificate(authorities)
        #expect(made.isIssued(by: authority) && key.matches(made) && !made.isAuthority)
        #expect(try made.commonNames() == ["dev1"])
        let device = try desk.registry.device(tenant: desk.tenant.number, identifier: "dev1")
        #expect(device?.origin == .enrolment && device?.takesCertificates == true)
        let audit = try desk.registry.audit(tenant: desk.tenant.number, PageRequest(limit: 1))
        #expect(audit.items.first?.act == "device.enrolled")
    }

    @Test("finds the tenant by label, by the user, by the host, or because there is no other")
    func tenants() throws {
        for (index, way) in [("t12345/", "d"), ("", "t12345/d"), ("", "d")].enumerated() {
            try allow("d\(index)")
            let reply = ask("\(way.0)simpleenroll", try request("d\(index)"), "\(way.1)\(index)")
            #expect(reply.status == 200, "\(reply.text)")
        }
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.add(Tenant(id: "t2"))
        }
        #expect(ask("simpleenroll", try request("d"), "d").status == 404)
        #expect(ask("t2/simpleenroll", try request("d"), "t12345/d").status == 404)
        #expect(desk.ask(.get, "/.well-known/est/t2/cacerts", as: nil).status == 404)
        #expect(desk.ask(.get, "/.well-known/est/nobody/cacerts", as: nil).status == 404)
        let byHost = desk.ask(.get, "/.well-known/est/cacerts", as: nil, host: "acme.example.com")
        #expect(byHost.status == 200)
    }

    @Test("takes a code once, in its time, and no other")
    func codes() throws {
        try allow("dev1")
        let body = try request("dev1")
        #expect(ask("t12345/simpleenroll", body, "dev1", "8-charsX").status == 401)
        #expect(ask("t12345/simpleenroll", body, "dev2").status == 401)
        #expect(ask("t12345/simpleenroll", body, nil).status == 401)
        #expect(ask("t12345/simpleenroll", body, "dev1").status == 200)
        let again = ask("t12345/simpleenroll", body, "dev1")
        #expect(again.status == 401 && again.text.contains("[api.credentials-wrong]"))
        #expect(again.response.fields["WWW-Authenticate"]?.hasPrefix("Basic ") == true)
        try allow("dev2", seconds: 0)
        let late = ask("t12345/simpleenroll", try request("dev2"), "dev2")
        #expect(late.status == 401 && late.text.contains("[enrolment.code-expired]"))
        // One that is shorter than a code is not even compared.
        try allow("dev3", "7-chars")
        #expect(ask("t12345/simpleenroll", try request("dev3"), "dev3", "7-chars").status == 401)
    }

    @Test("ends guessing")
    func guesses() throws {
        try allow("dev1")
        let body = try request("dev1")
        for _ in 0..<10 {
            #expect(ask("t12345/simpleenroll", body, "dev1", "guess-it").status == 401)
        }
        let more = ask("t12345/simpleenroll", body, "dev1")
        #expect(more.status == 429 && more.response.fields["Retry-After"] != nil)
    }

    @Test("grants nothing but a strong key of the device itself")
    func requests() throws {
        try allow("dev1")
        func reason(_ body: [UInt8]) -> String {
            let reply = ask("t12345/simpleenroll", body, "dev1")
            return "\(reply.status) \(reply.text.split(separator: "[").last ?? "")"
        }
        #expect(reason(try request("other")) == "422 enrolment.name]\n")
        #expect(reason(Array("garbage".utf8)) == "400 enrolment.request-unreadable]\n")
        #expect(reason([0x30, 0]) == "400 enrolment.request-unreadable]\n")
        var changed = try CertificateRequest.make(
            key: PrivateKey.generate(),
            subject: DistinguishedName(commonName: "dev1")
        ).der
        changed[changed.count - 1] ^= 1
        #expect(reason(changed) == "400 enrolment.signature]\n")
        let big = [UInt8](repeating: 0x41, count: EnrolmentRequest.bytesMax + 1)
        #expect(ask("t12345/simpleenroll", big, "dev1").status == 413)
        // None of them used the code up; PEM is taken, too.
        let pem = try CertificateRequest.make(
            key: PrivateKey.generate(.rsa2048),
            subject: DistinguishedName(commonName: "dev1")
        ).pem
        #expect(ask("t12345/simpleenroll", pem, "dev1").status == 200)
    }

    @Test("renews for the device that shows its certificate, whose key may be another one")
    func renewal() throws {
        try allow("dev1")
        let first = try certificate(
            ask("t12345/simpleenroll", try request("dev1"), "dev1")
        )
        let chain = [PresentedCertificate(taking: first)]
        let key = try PrivateKey.generate()
        let reply = ask("simplereenroll", try request("dev1", key), nil, chain: chain)
        #expect(reply.status == 200, "\(reply.text)")
        let next = try certificate(reply)
        #expect(key.matches(next) && next.serial != first.serial)
        #expect(ask("simplereenroll", try request("dev2"), nil, chain: chain).status == 422)
        #expect(ask("simplereenroll", try request("dev1"), nil).status == 401)
        let other = ask("simplereenroll", try request("dev1"), "t12345/admin", "secret")
        #expect(other.status == 403 && other.text.contains("[enrolment.no-device]"))
    }

    @Test("renews what expired lately only where a grace is set")
    func grace() throws {
        func renewed(_ desk: Desk, daysAgo: Int64) throws -> Int {
            let registry = desk.registry
            let stored = try #require(try registry.authority(tenant: desk.tenant.number))
            let anchor = try #require(try registry.anchor(number: stored.anchor))
            let authority = try CertificateAuthority(
                certificate: Certificate(der: anchor.der),
                key: PrivateKey(pem: try #require(PlainVault().open(stored.sealed)))
            )
            var device = Device(
                tenant: desk.tenant.number,
                identifier: "old",
                origin: .enrolment
            )
            device.takesCertificates = true
            if try registry.device(tenant: desk.tenant.number, identifier: "old") == nil {
                let wanted = device
                _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
                    try writer.add(wanted)
                }
            }
            let order = CertificateOrder(
                subject: try DistinguishedName(commonName: "old"),
                purpose: .device,
                days: 1,
                notBefore: Desk.now - (daysAgo + 1) * 86_400
            )
            let expired = try authority.issue(order).certificate
            let body = try request("old")
            let chain = [PresentedCertificate(taking: expired)]
            let reply = ask("simplereenroll", body, nil, chain: chain, desk: desk)
            let isGrace = desk.sessions.all.contains { $0.reasons.map(\.code) == [.enrolmentGrace] }
            return reply.status == 200 && isGrace ? 200 : 0
        }
        let kind = try Self.desk(grace: 7 * 86_400)
        #expect(try renewed(kind, daysAgo: 6) == 200)
        #expect(try renewed(try Self.desk(grace: 7 * 86_400), daysAgo: 8) == 0)
        #expect(try renewed(desk, daysAgo: 6) == 0)
    }
}
