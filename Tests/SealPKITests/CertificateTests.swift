// SPDX-License-Identifier: Apache-2.0
// Certificates: issuing them and reading back what they say.

import Glibc
import SealBytes
import Testing

@testable import SealPKI

@Suite("A certificate")
struct CertificateTests {
    private let authority: CertificateAuthority

    init() throws {
        authority = try .makeRoot(
            subject: DistinguishedName([
                NameAttribute("C", "DE"), NameAttribute("O", "Works, Inc."),
                NameAttribute("CN", "Root"),
            ]),
            pathLength: 1
        )
    }

    private func order(
        _ name: String = "device",
        names: SubjectNames = SubjectNames(),
        days: Int = 30,
        purpose: CertificatePurpose = .device,
        notBefore: Int64? = nil
    ) throws -> CertificateOrder {
        CertificateOrder(
            subject: try DistinguishedName(commonName: name),
            names: names,
            purpose: purpose,
            days: days,
            notBefore: notBefore
        )
    }

    @Test("says what was ordered")
    func fields() throws {
        let names = SubjectNames(
            dns: ["a.test", "*.b.test"],
            addresses: ["10.0.0.1", "::1"],
            uris: ["urn:dev:1"],
            emails: ["x@a.test"]
        )
        let made = try authority.issue(
            order("dev ice", names: names, days: 2, notBefore: 1_700_000_000)
        )
        let certificate = made.certificate
        #expect(try certificate.subject().rfc2253 == "CN=dev ice")
        #expect(try certificate.issuer().rfc2253 == "CN=Root,O=Works\\, Inc.,C=DE")
        #expect(try certificate.issuer().values("O") == ["Works, Inc."])
        #expect(try certificate.commonNames() == ["dev ice"])
        #expect(try certificate.subjectNames() == names.withAddresses(["10.0.0.1", "::1"]))
        #expect(certificate.notBefore == 1_700_000_000)
        #expect(certificate.notAfter == 1_700_000_000 + 2 * 86_400)
        #expect(certificate.serial.count == 32)
        #expect(!certificate.isAuthority)
        #expect(certificate.pathLength == nil)
        #expect(certificate.key?.description == "EC 256")
        #expect(certificate.isIssued(by: authority.certificate))
        #expect(!certificate.isSelfSigned)
        #expect(authority.certificate.isAuthority && authority.certificate.isSelfSigned)
        #expect(authority.certificate.pathLength == 1)
    }

    @Test("is read back from PEM and DER, byte for byte")
    func roundTrip() throws {
        let made = try authority.issue(order()).certificate
        #expect(try Certificate(pem: made.pem).der == made.der)
        #expect(try Certificate(der: made.der) == made)
        #expect(try Certificate(der: made.der).fingerprint.bytes == Cryptography.sha256(made.der))
        #expect(Fingerprint(hexadecimal: "\(made.fingerprint)") == made.fingerprint)
        #expect(throws: PKIError(.malformed, "")) { try Certificate(der: made.der + [0]) }
        #expect(throws: PKIError(.noPEM, "")) { try Certificate(pem: Array("nothing".utf8)) }
    }

    @Test("cut short or with a flipped bit is refused or read, never a trap")
    func mutilated() throws {
        let der = try authority.issue(order(names: SubjectNames(dns: ["a.test"]))).certificate.der
        for count in 0..<der.count {
            #expect(throws: PKIError.self) { try Certificate(der: Array(der.prefix(count))) }
        }
        for position in 0..<der.count {
            for bit in 0..<8 {
                var bytes = der
                bytes[position] ^= UInt8(1 << bit)
                guard let read = try? Certificate(der: bytes) else { continue }
                _ = try? read.subject()
                _ = try? read.commonNames()
                _ = try? read.subjectNames()
                _ = (read.serial, read.notBefore, read.notAfter, read.isAuthority, read.key)
            }
        }
    }

    @Test("with a NUL byte inside a name is refused by that name")
    func embeddedNUL() throws {
        var der = try authority.issue(
            order("abcXdef", names: SubjectNames(dns: ["a.testXb.test"]))
        ).certificate.der
        for position in der.indices.dropLast(6) where der[position] == UInt8(ascii: "X") {
            der[position] = 0
        }
        let certificate = try Certificate(der: der)
        #expect(throws: PKIError(.embeddedNUL, "")) { try certificate.commonNames() }
        #expect(throws: PKIError(.embeddedNUL, "")) { try certificate.subject() }
        #expect(throws: PKIError(.embeddedNUL, "")) { try certificate.subjectNames() }
        #expect(throws: PKIError(.embeddedNUL, "")) {
            try DistinguishedName(commonName: "a\u{0}b")
        }
    }

    @Test("never outlives its issuer")
    func lifetime() throws {
        let made = try authority.issue(order(days: CertificateAuthority.daysMax)).certificate
        #expect(made.notAfter == authority.certificate.notAfter)
    }

    @Test("is valid for 1 to 36525 days", arguments: [0, -1, 36_526, Int.max])
    func badDays(days: Int) throws {
        #expect(throws: PKIError(.badRequest, "")) { try authority.issue(order(days: days)) }
        _ = try authority.issue(order(days: 1))
        _ = try authority.issue(order(days: 36_525))
    }

    @Test("refuses names that cannot be written")
    func badNames() throws {
        for names in [
            SubjectNames(dns: ["a b"]), SubjectNames(dns: [""]), SubjectNames(dns: ["ä.test"]),
            SubjectNames(addresses: ["10.0.0.256"]), SubjectNames(uris: ["a\nb"]),
        ] {
            #expect(throws: PKIError(.badRequest, "")) { try authority.issue(order(names: names)) }
        }
        // A comma must not begin another name.
        let tricky = SubjectNames(dns: ["a.test,DNS:b.test"])
        let made = try authority.issue(order(names: tricky)).certificate
        #expect(try made.subjectNames().dns == ["a.test,DNS:b.test"])
    }

    @Test("of an issuer that is no authority signs nothing")
    func notAuthority() throws {
        let leaf = try authority.issue(order())
        #expect(throws: PKIError(.notAuthority, "")) {
            try CertificateAuthority(certificate: leaf.certificate, key: leaf.key)
        }
        #expect(throws: PKIError(.keyMismatch, "")) {
            try Identity(certificate: leaf.certificate, key: authority.key)
        }
    }

    @Test("in a bundle keeps its place, and a damaged one is named by number")
    func bundle() throws {
        let first = try authority.issue(order("one")).certificate
        let second = try authority.issue(order("two")).certificate
        let noise = Array("# a comment\n".utf8)
        let key = try PrivateKey.generate().pem()
        let read = try CertificateBundle(pem: noise + first.pem + key + noise + second.pem)
        #expect(read.certificates == [first, second])
        var broken = second.pem
        broken[60] = UInt8(ascii: "!")
        do {
            _ = try CertificateBundle(pem: first.pem + broken)
            Issue.record("the damaged certificate was taken")
        } catch {
            #expect(error.code == .malformed)
            #expect(error.reason.contains("certificate 2 of the file"))
        }
        #expect(try CertificateBundle(pem: []).certificates.isEmpty)
    }

    @Test("is found on its issuer's revocation list, in PEM and DER")
    func revocation() throws {
        let good = try authority.issue(order("good")).certificate
        let bad = try authority.issue(order("bad")).certificate
        let list = try authority.revocationList(
            revoking: [bad.serial],
            days: 3,
            now: 1_800_000_000
        )
        let read = try #require(try RevocationList.readAll(list.pem).first)
        #expect(read.revokes(bad) && !read.revokes(good))
        #expect(read.count == 1)
        #expect(read.thisUpdate == 1_800_000_000)
        #expect(read.nextUpdate == Int64(1_800_259_200))
        #expect(try read.issuer().rfc2253 == authority.certificate.subject().rfc2253)
        #expect(try RevocationList.readAll(list.pem + list.pem).count == 2)
        #expect(throws: PKIError(.malformed, "")) { try RevocationList.readAll([1, 2, 3]) }
        #expect(throws: PKIError(.noPEM, "")) { try RevocationList.readAll(good.pem) }
        #expect(throws: PKIError(.badRequest, "")) {
            try authority.revocationList(revoking: ["xyz"])
        }
    }
}

extension SubjectNames {
    /// OpenSSL writes an IPv6 address in its shortest form.
    fileprivate func withAddresses(_ addresses: [String]) -> SubjectNames {
        var copy = self
        copy.addresses = addresses
        return copy
    }
}
