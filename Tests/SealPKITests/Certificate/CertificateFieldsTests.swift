// SPDX-License-Identifier: Apache-2.0
// Every field of certificates, beside what openssl reads, and hostile certificates that must
// neither trap nor reach the terminal.

import Foundation
import Testing

@testable import SealPKI

@Suite("The fields of a certificate")
struct CertificateFieldsTests {
    private static let configuration = """
        [req]
        distinguished_name = dn
        [dn]
        [all]
        basicConstraints = critical,CA:TRUE,pathlen:3
        keyUsage = critical,digitalSignature,nonRepudiation,keyCertSign,cRLSign,decipherOnly
        extendedKeyUsage = serverAuth,clientAuth,1.2.3.4.5
        subjectAltName = DNS:a.test,IP:10.0.0.1,IP:::1,URI:urn:x:1,email:a@a.test,RID:1.2.3.4,\
        dirName:dir,otherName:1.2.3.4;UTF8:hi
        issuerAltName = DNS:i.test
        subjectKeyIdentifier = hash
        authorityKeyIdentifier = keyid:always,issuer:always
        crlDistributionPoints = URI:http://a.test/a.crl
        authorityInfoAccess = OCSP;URI:http://o.test/,caIssuers;URI:http://a.test/ca
        certificatePolicies = 1.2.3.4.6,@policy
        nameConstraints = critical,permitted;DNS:a.test,permitted;IP:10.0.0.0/255.0.0.0,\
        excluded;email:b.test
        policyConstraints = critical,requireExplicitPolicy:3,inhibitPolicyMapping:1
        inhibitAnyPolicy = critical,2
        nsCertType = client,sslCA
        nsComment = "made for a test"
        tlsfeature = status_request
        1.3.6.1.4.1.99999.1 = DER:0102030405
        [dir]
        CN = directory
        [policy]
        policyIdentifier = 1.2.3.4.7
        CPS.1 = http://cps.test/
        """

    private func made() throws -> (Certificate, PeerFolder) {
        let folder = try PeerFolder()
        try folder.write(Self.configuration, "all.cnf")
        try folder.shell(
            """
            openssl req -x509 -newkey rsa:2048 -nodes -keyout key -config all.cnf -utf8 \
            -extensions all -subj '/C=PL/O=Žółć, Inc./CN=all of it' -days 30 -set_serial 0x1000 \
            -out all.pem 2>/dev/null
            """
        )
        return (try CertificateFile(try folder.bytes("all.pem")).certificates[0], folder)
    }

    @Test("are those that openssl reads")
    func fields() throws {
        let (certificate, folder) = try made()
        let fields = try certificate.fields()
        #expect(fields.version == 3)
        #expect(fields.serialHex == "1000")
        #expect(fields.serialDecimal == "4096")
        #expect(fields.subject.description == "CN=all of it,O=Žółć\\, Inc.,C=PL")
        #expect(fields.issuer == fields.subject)
        #expect(fields.notBefore == certificate.notBefore)
        #expect(fields.notAfter == certificate.notAfter)
        #expect(fields.publicKey.shown == "RSA 2048")
        #expect(fields.outerAlgorithm.id.shown == "sha256WithRSAEncryption")
        #expect(fields.signature.count == 256)
        #expect(fields.defects.isEmpty, "\(fields.defects)")
        let text = try folder.shell("openssl x509 -in all.pem -noout -text").text
        #expect(text.contains("4096 (0x1000)"))
    }

    @Test("have extensions by name, with values; unknown ones by number and in hexadecimal digits")
    func extensions() throws {
        let fields = try made().0.fields()
        func lines(_ name: String) -> [String]? {
            fields.extensions.first { $0.id.shown == name }?.lines
        }
        #expect(lines("basicConstraints") == ["CA:TRUE, pathlen:3"])
        #expect(
            lines("keyUsage")
                == ["digitalSignature, nonRepudiation, keyCertSign, cRLSign, decipherOnly"]
        )
        #expect(lines("extendedKeyUsage") == ["serverAuth, clientAuth, 1.2.3.4.5"])
        #expect(
            lines("subjectAltName")?.dropLast() == [
                "DNS:a.test", "IP:10.0.0.1", "IP:::1", "URI:urn:x:1", "email:a@a.test",
                "registeredID:1.2.3.4", "dirName:CN=directory",
            ]
        )
        #expect(lines("subjectAltName")?.last?.hasPrefix("otherName:1.2.3.4:") == true)
        #expect(lines("issuerAltName") == ["DNS:i.test"])
        let key = CertificateText.colons(fields.subjectKeyID ?? [])
        #expect(lines("subjectKeyIdentifier") == [key])
        #expect(lines("authorityKeyIdentifier")?.first == "keyid:\(key)")
        #expect(lines("authorityKeyIdentifier")?.last == "serial:10:00")
        #expect(lines("cRLDistributionPoints") == ["URI:http://a.test/a.crl"])
        #expect(
            lines("authorityInfoAccess")
                == ["OCSP - URI:http://o.test/", "caIssuers - URI:http://a.test/ca"]
        )
        #expect(
            lines("certificatePolicies") == ["1.2.3.4.6", "1.2.3.4.7", "cps: http://cps.test/"]
        )
        #expect(
            lines("nameConstraints") == [
                "permitted DNS:a.test", "permitted IP:10.0.0.0/255.0.0.0", "excluded email:b.test",
            ]
        )
        #expect(
            lines("policyConstraints")
                == ["requireExplicitPolicy: 3", "inhibitPolicyMapping: 1"]
        )
        #expect(lines("inhibitAnyPolicy") == ["2"])
        #expect(lines("netscapeCertType") == ["SSL client, SSL CA"])
        #expect(lines("netscapeComment") == ["made for a test"])
        #expect(lines("tlsFeature") == ["status_request"])
        #expect(lines("1.3.6.1.4.1.99999.1") == ["01:02:03:04:05"])
    }

    @Test("show both unique identifiers and a negative serial number")
    func rare() throws {
        let made = TestWorld.device.changed {
            $0.serial = [0xFF, 0x01]
            $0.uniqueIDs = DER.value(0x81, [0, 1, 2]) + DER.value(0x82, [0, 3])
        }
        let fields = try made.made(by: TestWorld.root).fields()
        #expect(fields.issuerUniqueID == [1, 2])
        #expect(fields.subjectUniqueID == [3])
        #expect(fields.serialHex == "-00FF")
        #expect(fields.serialDecimal == "-255")
    }

    @Test("never send control characters to a terminal")
    func hostileText() throws {
        let made = TestWorld.device.changed {
            $0.subject = DER.name("CN=\u{1B}[31mred\u{7}\r\n\u{202E}evil\u{85}", "O=a+b\u{0}c")
        }.with(.names(TestName.dns("x\u{1B}]0;t\u{7}"), TestName.uri("\n")))
            .with(
                TestExtension(
                    oid: "2.16.840.1.113730.1.13",
                    value: DER.value(0x0C, Array("\u{1B}c\u{9B}2J".utf8))
                )
            )
        let fields = try made.made(by: TestWorld.root).fields()
        let texts = [fields.subject.description] + fields.extensions.flatMap(\.lines)
        for text in texts {
            for scalar in text.unicodeScalars {
                #expect(scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value))
                #expect(!(0x202A...0x202E).contains(scalar.value))
            }
        }
        #expect(fields.subject.description.contains("\\1B[31mred\\07\\0D\\0A"))
    }

    @Test("cut at any byte, or with any byte changed, are refused or read, and nothing traps")
    func damage() throws {
        let der = TestWorld.upper.with(.constraints(permitted: [TestName.dns("a.test")]))
            .with(.policies("1.2.3")).with(.place("http://a.test/"))
            .der(by: TestWorld.root)
        for count in der.indices {
            #expect(throws: PKIError.self) { try CertificateFields(der: Array(der[..<count])) }
        }
        var read = 0
        for index in der.indices {
            for value: UInt8 in [0, 0x7F, 0x80, 0xFF, der[index] ^ 1] where value != der[index] {
                var changed = der
                changed[index] = value
                guard let fields = try? CertificateFields(der: changed) else { continue }
                read += 1
                _ = fields.defects
                _ = fields.extensions.flatMap(\.lines)
            }
        }
        #expect(read > 100)
    }

    @Test("have so many attributes and extensions, and not one more")
    func limits() throws {
        func subject(_ count: Int) -> TestCertificate {
            TestWorld.device.changed {
                let part = DER.set(DER.sequence(DER.oid("2.5.4.3"), DER.value(0x0C, [0x61])))
                $0.subject = DER.value(
                    0x30,
                    Array([[UInt8]](repeating: part, count: count).joined())
                )
            }
        }
        let most = CertificateName.entriesMax
        #expect(try CertificateFields(der: subject(most).der()).subject.parts.count == most)
        #expect(throws: PKIError.self) { try CertificateFields(der: subject(most + 1).der()) }
        func extended(_ count: Int) -> TestCertificate {
            TestWorld.device.changed {
                $0.extensions = [TestExtension](
                    repeating: .unknown(isCritical: false),
                    count: count
                )
            }
        }
        let many = ExtensionReader.countMax
        #expect(try CertificateFields(der: extended(many).der()).extensions.count == many)
        #expect(throws: PKIError.self) { try CertificateFields(der: extended(many + 1).der()) }
    }
}

@Suite("What the fuzzer was given and found, of certificates")
struct CertificateCorpusTests {
    private func each(_ target: String, _ body: ([UInt8]) throws -> Void) throws {
        let folder = URL(filePath: fuzzCorpus(target))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 4)
        for name in names { try body([UInt8](try Data(contentsOf: folder.appending(path: name)))) }
    }

    @Test("is read by the readers of DER, each by one of them")
    func binary() throws {
        var read = 0
        try each("CertificateDER") { bytes in
            if let fields = try? CertificateFields(der: bytes) {
                read += 1
                for line in fields.extensions.flatMap(\.lines) {
                    #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 })
                }
            }
            if let list = try? RevocationFields(der: bytes) {
                read += 1
                #expect(list.defects.isEmpty)
            }
            if (try? CertificateRequestFields(der: bytes)) != nil { read += 1 }
        }
        #expect(read >= 4)
    }

    @Test("is read as files, and a verification of them ends")
    func files() throws {
        var verified = 0
        try each("CertificateFile") { bytes in
            _ = try? PrivateKey(file: bytes)
            guard let file = try? CertificateFile(bytes) else { return }
            for leaf in file.certificates.prefix(1) {
                let verdict = ChainVerifier(
                    settings: VerificationSettings(time: TestWorld.now),
                    trusted: Array(file.certificates.suffix(1)),
                    intermediates: file.certificates,
                    lists: file.lists
                ).verify(leaf)
                #expect(verdict.signatureCheckCount < 20)
                verified += 1
            }
        }
        #expect(verified >= 3)
    }
}

@Suite("Certificates in order")
struct ChainOrderTests {
    private let root = TestWorld.root
    private let upper = TestWorld.upper
    private let device = TestWorld.device

    @Test("whatever order they came in, leaf to root, with what is missing")
    func order() throws {
        let all = [try root.made(), try upper.made(by: root), try device.made(by: upper)]
        let wanted = Array(all.reversed())
        for places in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0], [0, 2, 1], [2, 0, 1]] {
            let order = try ChainOrder(places.map { all[$0] })
            #expect(order.chain == wanted)
            #expect(order.missingIssuer == nil)
            #expect(order.others.isEmpty)
            #expect(order.wasInOrder == (places == [2, 1, 0]))
        }
        let short = try ChainOrder([all[1], all[2]])
        #expect(short.chain == [all[2], all[1]])
        #expect(short.missingIssuer == "CN=root,O=Test")
        let gap = try ChainOrder([all[0], all[2]])
        #expect(gap.chain.count == 1)
        #expect(gap.others.count == 1)
    }

    @Test("that sign each other in a circle have an end, and doubles are dropped")
    func circle() throws {
        let first = try upper.made(by: TestWorld.lower)
        let second = try TestWorld.lower.made(by: upper)
        let leaf = try device.made(by: upper)
        let order = try ChainOrder([leaf, first, second, first])
        #expect(order.chain == [leaf, first, second])
        #expect(order.missingIssuer == "CN=upper,O=Test")
        #expect(try ChainOrder([first, second]).chain.count == 2)
    }

    @Test("are so many and not one more")
    func limit() throws {
        let one = try root.made()
        let most = [Certificate](repeating: one, count: ChainOrder.certificatesMax)
        #expect(try ChainOrder(most).chain == [one])
        #expect(throws: PKIError.self) { try ChainOrder(most + [one]) }
    }
}
