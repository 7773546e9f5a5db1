// SPDX-License-Identifier: Apache-2.0
// Certificate requests, shown to openssl and read from it.

import SealPKI
import Testing

@Suite("A certificate request")
struct CertificateRequestTests {
    private let folder: PeerFolder

    init() throws { folder = try PeerFolder() }

    @Test("that we make is verified and printed by openssl", arguments: KeyKind.allCases)
    func made(_ kind: KeyKind) throws {
        let request = try CertificateRequest.make(
            key: PrivateKey.generate(kind),
            subject: DistinguishedName(commonName: "dev 1", organization: "Works"),
            names: SubjectNames(dns: ["dev1.test"], addresses: ["10.0.0.1"])
        )
        try folder.write(request.pem, "r.csr")
        let shown = try folder.shell("openssl req -in r.csr -noout -verify -text -nameopt RFC2253")
        #expect(shown.text.contains("OK"))
        #expect(shown.text.contains("Subject: CN=dev 1,O=Works"))
        #expect(shown.text.contains("DNS:dev1.test, IP Address:10.0.0.1"))
        #expect(request.isSignatureValid)
        #expect(try CertificateRequest(reading: request.der).der == request.der)
        #expect(try CertificateRequest(reading: request.pem).pem == request.pem)
    }

    @Test("of openssl tells subject, names and every extension")
    func read() throws {
        try folder.shell(
            """
            openssl req -new -newkey rsa:2048 -nodes -keyout k -out r -subj /C=PL/O=T/CN=dev \
                -addext subjectAltName=DNS:a.test,URI:urn:x \
                -addext basicConstraints=critical,CA:TRUE -addext 1.2.3.4=ASN1:NULL
            """
        )
        let request = try CertificateRequest(pem: folder.bytes("r"))
        #expect(try request.subject().rfc2253 == "CN=dev,O=T,C=PL")
        #expect(try request.subjectNames().dns == ["a.test"])
        #expect(try request.subjectNames().uris == ["urn:x"])
        #expect(request.key?.description == "RSA 2048")
        #expect(request.isSignatureValid)
        #expect(
            request.extensions.map(\.name) == ["subjectAltName", "basicConstraints", "1.2.3.4"]
        )
        #expect(request.extensions.map(\.isCritical) == [false, true, false])
        #expect(request.extensions.map(\.text).prefix(2) == ["DNS:a.test, URI:urn:x", "CA:TRUE"])
        #expect(request.extensions.first?.identifier == "2.5.29.17")
    }

    @Test("without extensions has no names")
    func plain() throws {
        let request = try CertificateRequest.make(
            key: PrivateKey.generate(),
            subject: DistinguishedName(commonName: "x")
        )
        #expect(request.extensions.isEmpty)
        #expect(try request.subjectNames().isEmpty)
    }

    @Test("whose subject was changed after signing does not verify")
    func tampered() throws {
        let request = try CertificateRequest.make(
            key: PrivateKey.generate(),
            subject: DistinguishedName(commonName: "honest-name")
        )
        var der = request.der
        let name = Array("honest-name".utf8)
        let position = try #require(
            der.indices.first { der[$0...].starts(with: name) }
        )
        der[position] = UInt8(ascii: "H")
        let changed = try CertificateRequest(der: der)
        #expect(try changed.subject().rfc2253 == "CN=Honest-name")
        #expect(!changed.isSignatureValid)
    }

    @Test("cut short or with a flipped bit is refused or read, never a trap")
    func hostile() throws {
        let whole = try CertificateRequest.make(
            key: PrivateKey.generate(),
            subject: DistinguishedName(commonName: "x"),
            names: SubjectNames(dns: ["a.test"])
        ).der
        for count in 0..<whole.count {
            #expect(throws: PKIError.self) { try CertificateRequest(der: Array(whole[..<count])) }
        }
        #expect(throws: PKIError(.malformed, "")) { try CertificateRequest(der: whole + [0]) }
        #expect(throws: PKIError(.noPEM, "")) { try CertificateRequest(pem: [1, 2, 3]) }
        for bit in 0..<(whole.count * 8) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << (bit % 8)
            guard let request = try? CertificateRequest(der: bytes) else { continue }
            _ = try? request.subject()
            _ = try? request.subjectNames()
            _ = request.extensions
            _ = request.key
            if bit % 16 == 0 { _ = request.isSignatureValid }
        }
    }
}
