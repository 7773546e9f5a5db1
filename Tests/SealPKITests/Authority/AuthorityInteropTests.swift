// SPDX-License-Identifier: Apache-2.0
// One folder, two programs: after each step of ours openssl goes on, and after each step of openssl
// we do.

import Foundation
import Testing

@testable import SealPKI

@Suite("One folder with openssl ca")
struct AuthorityInteropTests {
    private func list(_ stage: AuthorityStage, _ file: String = "x.crl") throws -> RevocationList {
        let authority = try stage.open()
        return try authority.writeRevocationList(
            key: authority.key(passphrase: nil),
            seconds: 86_400,
            to: stage.folder.file(file)
        ).list
    }

    @Test("issue, revoke, status, updatedb and gencrl go on from each other")
    func turns() throws {
        let stage = try AuthorityStage()
        let folder = stage.folder
        try stage.issue("ours", more: [NameAttribute("C", "PL"), NameAttribute("OU", "Müller")])
        #expect(try stage.status("1000").contains("1000=Valid (V)"))
        try folder.shell(
            """
            openssl req -new -newkey rsa:2048 -nodes -keyout k -out r -subj '/O=T/CN=theirs' \\
                -addext subjectAltName=DNS:t.test
            """
        )
        try stage.openssl("-notext -in r -out theirs.crt")
        let authority = try stage.open()
        let serial = try #require(SerialNumber(hexadecimal: "1001"))
        #expect(try authority.row(serial)?.subject == "/O=T/CN=theirs")
        #expect(authority.kept(serial) == (try Certificate(pem: folder.bytes("theirs.crt"))))
        #expect(try authority.kept(serial)?.subjectNames().dns == ["t.test"])
        // Each revokes the other's.
        _ = try authority.revoke(
            serial,
            Revocation(when: LocalAuthority.now, reason: .caCompromise)
        )
        #expect(try stage.status("1001").contains("1001=Revoked (R)"))
        try stage.openssl("-revoke ours.crt -crl_reason certificateHold")
        #expect(try authority.rows().map(\.state) == [.revoked, .revoked])
        #expect(
            try authority.rows().map { $0.revocation?.reason } == [.certificateHold, .caCompromise]
        )
        #expect(
            try stage.openssl("-revoke theirs.crt", isFine: false).text.contains("Already revoked")
        )
        // Lists of both say the same, under numbers that follow.
        let mine = try list(stage)
        try stage.openssl("-gencrl -crldays 1 -out y.crl")
        let theirs = try #require(try RevocationList.readAll(folder.bytes("y.crl")).first)
        #expect(mine.count == 2 && theirs.count == 2)
        func entries(_ file: String) throws -> String {
            let text = try folder.shell("openssl crl -in \(file) -noout -text").text
            let start = try #require(text.range(of: "Revoked Certificates"))
            let end = try #require(
                text.range(of: "Signature Algorithm", range: start.upperBound..<text.endIndex)
            )
            return String(text[start.lowerBound..<end.lowerBound])
        }
        #expect(try entries("x.crl") == entries("y.crl"))
        #expect(try entries("x.crl").contains("CA Compromise"))
        #expect(
            try folder.shell("openssl crl -in x.crl -noout -crlnumber").text == "crlNumber=0x1000\n"
        )
        #expect(
            try folder.shell("openssl crl -in y.crl -noout -crlnumber").text == "crlNumber=0x1001\n"
        )
        let verdict = try folder.shell(
            "openssl verify -crl_check -CAfile ca/caCert.pem -CRLfile x.crl theirs.crt",
            isFine: false
        )
        #expect(verdict.code == 2 && verdict.text.contains("error 23"))
        try stage.openssl("-updatedb")
        // Ours comes off hold; openssl sees it valid again.
        let ours = try #require(SerialNumber(hexadecimal: "1000"))
        let back = Revocation(when: 0, reason: .removeFromCRL)
        #expect(try authority.revoke(ours, back).state == .valid)
        #expect(throws: PKIError(.revocationState, "")) { try authority.revoke(ours, back) }
        #expect(throws: PKIError(.revocationState, "")) { try authority.revoke(serial, back) }
        #expect(try stage.status("1000").contains("1000=Valid (V)"))
        #expect(try list(stage).count == 1)
        try folder.shell("openssl verify -crl_check -CAfile ca/caCert.pem -CRLfile x.crl ours.crt")
    }

    @Test("every reason is written so that openssl lists it", arguments: RevocationReason.allCases)
    func reasons(_ reason: RevocationReason) throws {
        guard reason != .removeFromCRL else { return }
        let stage = try AuthorityStage()
        let one = try stage.issue("one")
        var revocation = Revocation(when: 1_700_000_000, reason: reason)
        if reason == .keyCompromise || reason == .caCompromise {
            revocation.invalidSince = 1_600_000_000
        }
        if reason == .certificateHold { revocation.hold = "holdInstructionReject" }
        _ = try stage.open().revoke(one.serial, revocation)
        #expect(try stage.open().row(one.serial)?.revocation == revocation)
        _ = try list(stage)
        try stage.openssl("-gencrl -out y.crl")
        let mine = try stage.folder.shell(
            "openssl crl -in x.crl -noout -text | sed -n '/Revoked/,/Signature Alg/p'"
        )
        let theirs = try stage.folder.shell(
            "openssl crl -in y.crl -noout -text | sed -n '/Revoked/,/Signature Alg/p'"
        )
        #expect(mine.text == theirs.text)
        #expect(mine.text.contains("Reason Code"))
    }

    @Test("a certificate that the database lost can be revoked with its file")
    func strange() throws {
        let stage = try AuthorityStage()
        let one = try stage.issue("one")
        try stage.folder.write("", "ca/database.txt")
        let authority = try stage.open()
        let revocation = Revocation(when: 0, reason: .superseded)
        #expect(throws: PKIError(.unknownCertificate, "")) {
            try authority.revoke(one.serial, revocation)
        }
        _ = try authority.revoke(one.serial, revocation, certificate: one.certificate)
        #expect(try stage.status("1000").contains("Revoked"))
        let other = try AuthorityStage().issue("one")
        #expect(throws: PKIError(.unknownCertificate, "")) {
            try authority.revoke(
                SerialNumber(bytes: [0x20, 0]),
                revocation,
                certificate: other.certificate
            )
        }
    }

    @Test("the guide's own commands make a folder that is taken over, intermediate and all")
    func guide() throws {
        let folder = try PeerFolder()
        let root = folder.file("caCertificate")
        let line = root + "/intermediateCertificate"
        try folder.shell(
            """
            for d in \(root) \(line); do
                mkdir -p $d/deviceCertificates $d/crl; : > $d/database.txt; echo 1000 > $d/serial
            done
            """
        )
        try folder.write(SeedConfiguration.text(root), "caCertificate/caConfig.cnf")
        try folder.write(
            SeedConfiguration.text(line, stem: "intermediate"),
            "caCertificate/intermediateCertificate/intermediateConfig.cnf"
        )
        try folder.shell(
            """
            set -e; cd \(root)
            openssl genrsa -aes256 -passout pass:secret -out caKey.pem 2048
            openssl req -config caConfig.cnf -key caKey.pem -passin pass:secret -new -x509 \\
                -days 7300 -sha256 -extensions v3_ca -out caCert.pem -subj /O=Works/CN=Root
            cd \(line)
            openssl genrsa -aes256 -passout pass:secret -out intermediateKey.pem 2048
            openssl req -config intermediateConfig.cnf -new -sha256 -key intermediateKey.pem \\
                -passin pass:secret -out intermediateCsr.pem -subj /O=Works/CN=Line
            cd \(root)
            openssl ca -config caConfig.cnf -extensions v3_ca -days 3650 -notext -md sha256 \\
                -batch -passin pass:secret -in intermediateCertificate/intermediateCsr.pem \\
                -out intermediateCertificate/intermediateCert.pem
            """
        )
        let (_, first) = try LocalAuthority.adopt(root)
        #expect(first.made.contains { $0.contains("crl/crlnumber") })
        #expect(first.rowCount == 1 && first.notes.isEmpty)
        #expect(try LocalAuthority.adopt(root).report.made.isEmpty)
        let (authority, second) = try LocalAuthority.adopt(line)
        #expect(second.made.contains { $0.contains("intermediateCert.chain.pem") })
        #expect(authority.chain.count == 1 && authority.isChainWhole)
        // A device by us below it, with the guide's own section.
        let session = try AuthoritySession(
            authority,
            key: authority.key(passphrase: Array("secret".utf8)),
            choice: ExtensionChoice(.device, section: "v3_signed")
        )
        let key = try PrivateKey.generate()
        let order = SigningOrder(subject: [NameAttribute("CN", "dev")], key: key, days: 365)
        let issued = try session.issue(order) { issued throws(PKIError) in
            let chain = issued.certificate.pem + authority.abovePEM
            try Files.write(chain, to: folder.file("chain.pem"))
            try Files.write(key.pem(), to: folder.file("dev.key"))
        }
        try folder.shell(
            """
            set -e
            openssl verify -partial_chain -CAfile \(line)/intermediateCert.pem chain.pem
            openssl verify -CAfile \(root)/caCert.pem -untrusted chain.pem chain.pem
            openssl pkcs12 -export -name devicekeyentry -inkey dev.key -in chain.pem -out dev.p12 \\
                -passout pass:secret
            cd \(line)
            openssl ca -config intermediateConfig.cnf -passin pass:secret -updatedb
            openssl ca -config intermediateConfig.cnf -passin pass:secret -batch \\
                -revoke deviceCertificates/1000.pem -crl_reason keyCompromise
            openssl ca -config intermediateConfig.cnf -passin pass:secret -gencrl -out crl/l.pem
            """
        )
        #expect(try authority.row(issued.serial)?.revocation?.reason == .keyCompromise)
        #expect(try folder.shell("grep -c BEGIN chain.pem").text == "3\n")
    }

    @Test("an encrypted key, random numbers, and each kind of key", arguments: KeyKind.allCases)
    func kinds(_ kind: KeyKind) throws {
        let folder = try PeerFolder()
        _ = try AuthorityFolder.makeRoot(
            folder.file("ca"),
            AuthorityPlan(
                subject: [NameAttribute("CN", "Root $ #1")],
                keyKind: kind,
                passphrase: Array("secret".utf8),
                days: 100,
                pathLength: nil,
                hasRandomSerials: true
            )
        )
        let authority = try LocalAuthority(folder.file("ca"))
        #expect(throws: PKIError(.passphraseMissing, "")) { try authority.key(passphrase: nil) }
        let session = try AuthoritySession(
            authority,
            key: authority.key(passphrase: Array("secret".utf8)),
            choice: ExtensionChoice(.server)
        )
        let order = SigningOrder(
            subject: [NameAttribute("CN", "srv")],
            names: SubjectNames(dns: ["srv.test"], addresses: ["::1"]),
            key: try PrivateKey.generate(),
            days: 10
        )
        let issued = try session.issue(order) { issued throws(PKIError) in
            try Files.write(issued.certificate.pem, to: folder.file("srv.crt"))
        }
        #expect(issued.serial.bytes.count >= 18)
        try folder.shell(
            """
            set -e
            openssl verify -purpose sslserver -verify_hostname srv.test \\
                -CAfile ca/caCert.pem srv.crt
            openssl req -new -newkey rsa:2048 -nodes -keyout k -out r -subj /CN=t
            openssl ca -config ca/caConfig.cnf -batch -notext -passin pass:secret -in r -out t.crt
            openssl ca -config ca/caConfig.cnf -batch -passin pass:secret -revoke srv.crt
            openssl ca -config ca/caConfig.cnf -batch -passin pass:secret -gencrl -out l.crl
            """
        )
        #expect(try authority.rows().map(\.state) == [.revoked, .valid])
    }

    @Test("sections of the configuration come out as openssl makes them")
    func sections() throws {
        let stage = try AuthorityStage()
        try stage.folder.write(
            try stage.folder.text("ca/caConfig.cnf") + """
                \n[ rich ]
                basicConstraints = CA:FALSE
                nsCertType = client, email
                nsComment = "a # comment"
                keyUsage = critical, digitalSignature, nonRepudiation
                extendedKeyUsage = clientAuth, 1.2.3.4
                subjectKeyIdentifier = hash
                authorityKeyIdentifier = keyid, issuer:always
                subjectAltName = @names
                crlDistributionPoints = URI:http://x.test/a.crl
                authorityInfoAccess = OCSP;URI:http://x.test/
                certificatePolicies = 1.2.3.4, @policy
                1.2.3.5 = ASN1:UTF8String:hello
                [ names ]
                DNS.1 = a.test
                IP.1 = 10.0.0.1
                [ policy ]
                policyIdentifier = 1.3.5.8
                CPS.1 = "http://x.test/"

                """,
            "ca/caConfig.cnf"
        )
        let mine = try stage.issue("mine", ExtensionChoice(.device, section: "rich")).certificate
        try stage.folder.write(mine.pem, "mine.crt")
        try stage.folder.shell(
            "openssl req -new -newkey rsa:2048 -nodes -keyout k -out r -subj /CN=t"
        )
        try stage.openssl("-notext -extensions rich -in r -out theirs.crt")
        func shown(_ name: String) throws -> [Substring] {
            try stage.folder.shell("openssl x509 -in \(name) -noout -text").text
                .split(separator: "\n").drop { !$0.contains("X509v3 extensions") }
                .prefix { !$0.contains("Signature Algorithm") }
                .filter { $0.firstMatch(of: /^ *([0-9A-F]{2}:){19}[0-9A-F]{2}$/) == nil }
        }
        #expect(try shown("mine.crt") == shown("theirs.crt"))
        #expect(try shown("mine.crt").count > 20)
    }

    @Test(
        "rules for a request's extensions come out as openssl's",
        arguments: RequestedExtensions.allCases
    )
    func copying(_ rule: RequestedExtensions) throws {
        let stage = try AuthorityStage()
        try stage.configure(
            "copy_extensions  = \(rule.rawValue)",
            insteadOf: "copy_extensions  = copy"
        )
        try stage.folder.shell(
            """
            openssl req -new -newkey rsa:2048 -nodes -keyout k -out r -subj /CN=m \\
                -addext subjectAltName=DNS:a.test -addext keyUsage=cRLSign -addext nsComment=hi
            openssl req -new -key k -out t -subj /CN=t \\
                -addext subjectAltName=DNS:a.test -addext keyUsage=cRLSign -addext nsComment=hi
            """
        )
        let issued = try stage.sign(try CertificateRequest(pem: stage.folder.bytes("r")))
        try stage.folder.write(issued.certificate.pem, "m.crt")
        try stage.openssl("-notext -in t -out t.crt")
        func shown(_ name: String) throws -> String {
            let words = "-ext subjectAltName,keyUsage,nsComment,basicConstraints,extendedKeyUsage"
            return try stage.folder.shell("openssl x509 -in \(name) -noout \(words)").text
        }
        #expect(try shown("m.crt") == shown("t.crt"))
        switch rule {
        case .none: #expect(issued.droppedExtensions.count == 3)
        case .copy: #expect(issued.droppedExtensions == ["keyUsage"])
        case .copyall: #expect(issued.droppedExtensions.isEmpty)
        }
    }

    @Test("what a killed process left is revoked before the next signature")
    func leftover() throws {
        let stage = try AuthorityStage()
        try stage.issue("dev")
        // As after a kill between the rows and the files.
        try FileManager.default.removeItem(
            atPath: stage.folder.file("ca/deviceCertificates/1000.pem")
        )
        try stage.folder.write("1000\n", "ca/database.txt.pending")
        let again = try stage.issue("dev")
        #expect(again.serial.hexadecimal == "1001")
        let rows = try stage.open().rows()
        #expect(rows.map(\.state) == [.revoked, .valid])
        #expect(rows[0].revocation?.reason == .superseded)
        #expect(!stage.folder.exists("ca/database.txt.pending"))
        #expect(try stage.status("1001").contains("1001=Valid (V)"))
        // Without the journal a missing file is nobody's business.
        try FileManager.default.removeItem(
            atPath: stage.folder.file("ca/deviceCertificates/1001.pem")
        )
        #expect(throws: PKIError(.subjectTaken, "")) { try stage.issue("dev") }
    }

    @Test("a folder that is there is not made again, and one that is half made is")
    func folders() throws {
        let stage = try AuthorityStage()
        let plan = AuthorityPlan(
            subject: [NameAttribute("CN", "x")],
            passphrase: nil,
            days: 1,
            pathLength: nil,
            hasRandomSerials: false
        )
        #expect(throws: PKIError(.fileExists, "")) {
            try AuthorityFolder.makeRoot(stage.folder.file("ca"), plan)
        }
        try stage.folder.shell("mkdir -p b.new/crl; echo x > b.new/serial; mkdir b")
        _ = try AuthorityFolder.makeRoot(stage.folder.file("b/"), plan)
        #expect(try stage.folder.text("b/serial") == "1000\n")
        #expect(!stage.folder.exists("b.new"))
        for wrong in ["", ".", "a/..", "/"] {
            #expect(throws: PKIError.self) { try AuthorityFolder.makeRoot(wrong, plan) }
        }
        #expect(throws: PKIError(.file, "")) { try LocalAuthority(stage.folder.file("gone")) }
        try stage.folder.shell("cp ca/caConfig.cnf ca/two.cnf")
        #expect(throws: PKIError(.configuration, "")) {
            try LocalAuthority(stage.folder.file("ca"))
        }
        _ = try LocalAuthority(stage.folder.file("ca/two.cnf"))
    }
}
