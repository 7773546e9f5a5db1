// SPDX-License-Identifier: Apache-2.0
// Messages of certificates, shown to openssl and read from it, and damaged ones.

import SealBytes
import Testing

@testable import SealPKI

@Suite("A message of certificates")
struct CertificatesOnlyTests {
    private let folder: PeerFolder
    private let chain: [Certificate]

    init() throws {
        folder = try PeerFolder()
        let root = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "root")
        )
        let device = try root.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "dev"),
                purpose: .device,
                days: 5
            )
        )
        chain = [device.certificate, root.certificate]
    }

    @Test("that we make is printed by openssl, in our order")
    func made() throws {
        try folder.write(CertificatesOnly(chain).der, "m.der")
        let shown = try folder.shell("openssl pkcs7 -inform DER -in m.der -print_certs -noout")
        let subjects = shown.text.split(separator: "\n").filter { $0.hasPrefix("subject") }
        #expect(
            subjects.map { String($0.filter { $0 != " " }) } == [
                "subject=CN=dev", "subject=CN=root",
            ]
        )
        try folder.write(CertificatesOnly(chain).base64, "m.b64")
        let decoded = try folder.shell(
            "openssl base64 -d -A -in m.b64 | openssl pkcs7 -inform DER -print_certs -noout"
        )
        #expect(decoded.text == shown.text)
        #expect(try CertificatesOnly(base64: folder.bytes("m.b64")).certificates == chain)
    }

    @Test("of openssl is read, in one line of base64, too")
    func read() throws {
        try folder.write(chain.flatMap(\.pem), "c.pem")
        try folder.shell("openssl crl2pkcs7 -nocrl -certfile c.pem -outform DER -out m.der")
        #expect(try CertificatesOnly(der: folder.bytes("m.der")).certificates == chain)
        let line = Array(Base64.encode(try folder.bytes("m.der")).utf8)
        #expect(try CertificatesOnly(base64: line).certificates == chain)
        #expect(throws: PKIError(.malformed, "")) { try CertificatesOnly(base64: []) }
        #expect(throws: PKIError(.malformed, "")) { try CertificatesOnly(base64: line + [0x21]) }
    }

    @Test("without certificates is empty; with more than its limit it is refused")
    func limits() throws {
        #expect(try CertificatesOnly(der: CertificatesOnly([]).der).certificates.isEmpty)
        let most = Array(repeating: chain[1], count: CertificatesOnly.certificatesMax)
        #expect(try CertificatesOnly(der: CertificatesOnly(most).der).certificates.count == 100)
        #expect(throws: PKIError(.malformed, "")) {
            try CertificatesOnly(der: CertificatesOnly(most + [chain[1]]).der)
        }
        let huge = [UInt8](repeating: 0x30, count: CertificatesOnly.bytesMax + 1)
        #expect(throws: PKIError(.malformed, "")) { try CertificatesOnly(der: huge) }
    }

    @Test("of unsaid lengths, as Java's programs write it, is read like any other")
    func unsaidLengths() throws {
        let certificates = chain.flatMap(\.der)
        let kind: [UInt8] = [6, 9, 42, 134, 72, 134, 247, 13, 1, 7, 2]
        let plain: [UInt8] = [6, 9, 42, 134, 72, 134, 247, 13, 1, 7, 1]
        let message: [UInt8] =
            [0x30, 0x80] + kind + [0xA0, 0x80, 0x30, 0x80, 2, 1, 1, 0x31, 0, 0x30, 0x80] + plain
            + [0, 0, 0xA0, 0x80] + certificates + [0, 0, 0x31, 0] + [UInt8](repeating: 0, count: 6)
        #expect(try CertificatesOnly(der: message).certificates == chain)
    }

    @Test("cut short or with a flipped bit is refused or read, never a trap")
    func damaged() throws {
        let der = CertificatesOnly(chain).der
        #expect(throws: PKIError(.malformed, "")) { try CertificatesOnly(der: der + [0]) }
        for index in der.indices {
            #expect(throws: PKIError.self) { try CertificatesOnly(der: Array(der.prefix(index))) }
            var copy = der
            copy[index] ^= 0x20
            _ = try? CertificatesOnly(der: copy)
        }
    }

    @Test("of the fuzz corpus is read, in binary or in base64")
    func corpus() throws {
        let counts = ["base64": 1, "none": 0, "one": 1, "two": 2, "unsaid-lengths": 1]
        let folder = fuzzCorpus("CertificatesOnly")
        for name in try Files.names(in: folder) {
            let input = try Files.read("\(folder)/\(name)")
            let read = try? CertificatesOnly(der: input)
            let message = read ?? (try? CertificatesOnly(base64: input))
            #expect(message?.certificates.count == counts[name], "\(name)")
        }
        #expect(try Files.names(in: folder).count >= counts.count)
    }
}
