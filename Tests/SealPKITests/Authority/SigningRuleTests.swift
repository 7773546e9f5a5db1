// SPDX-License-Identifier: Apache-2.0
// Each rule that is asked before a signature, with its refusal, and that a refusal changes nothing.

import Foundation
import Testing

@testable import SealPKI

@Suite("A signature is refused")
struct SigningRuleTests {
    private func refused(
        _ code: PKIError.Code,
        _ part: String,
        _ stage: AuthorityStage,
        _ body: () throws -> Void
    ) throws {
        let before = try stage.folder.text("ca/database.txt") + stage.folder.text("ca/serial")
        do {
            try body()
            Issue.record("it was not refused")
        } catch let error as PKIError {
            #expect(error.code == code, "\(error)")
            #expect(error.reason.contains(part), "\(error.reason)")
        }
        let after = try stage.folder.text("ca/database.txt") + stage.folder.text("ca/serial")
        #expect(after == before, "a refusal used up a number")
    }

    private func request(
        _ stage: AuthorityStage,
        _ subject: String,
        _ more: String = ""
    ) throws -> CertificateRequest {
        try stage.folder.shell(
            """
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out r \\
                -subj '\(subject)' \(more) -utf8
            """
        )
        return try CertificateRequest(pem: stage.folder.bytes("r"))
    }

    @Test("without a common name, or with a colon, too long, or with a control character in it")
    func commonName() throws {
        let stage = try AuthorityStage()
        let nameless = try request(stage, "/O=Works")
        try refused(.commonNameMissing, "commonName", stage) { _ = try stage.sign(nameless) }
        try refused(.commonNameRefused, "colon", stage) { try stage.issue("d:dev") }
        let most = String(repeating: "x", count: SubjectPolicy.commonNameMax)
        try refused(.commonNameRefused, "64", stage) { try stage.issue(most + "x") }
        try stage.issue(most)
        try refused(.commonNameRefused, "control", stage) { try stage.issue("a\u{1}b") }
        try refused(.commonNameMissing, "commonName", stage) { try stage.issue("") }
    }

    @Test("for a subject that is taken, unless the .attr file says that this is fine")
    func subject() throws {
        let stage = try AuthorityStage()
        let first = try stage.issue("dev")
        try refused(.subjectTaken, "number 1000", stage) { try stage.issue("dev") }
        _ = try stage.open().revoke(first.serial, Revocation(when: 0))
        try stage.issue("dev")
        try refused(.subjectTaken, "number 1001", stage) { try stage.issue("dev") }
        // No file means yes, too.
        try FileManager.default.removeItem(atPath: stage.folder.file("ca/database.txt.attr"))
        try refused(.subjectTaken, "number 1001", stage) { try stage.issue("dev") }
        try stage.folder.write("unique_subject = no\n", "ca/database.txt.attr")
        #expect(try stage.issue("dev").serial.hexadecimal == "1002")
        #expect(try stage.status("1002").contains("1002=Valid (V)"))
    }

    @Test("twice for one subject in one group, and only the second")
    func group() throws {
        let stage = try AuthorityStage()
        let session = try stage.session()
        let order = SigningOrder(
            subject: [NameAttribute("CN", "dev")],
            key: try PrivateKey.generate(),
            days: 3
        )
        let results = try session.issue([order, order]) { _, _ in true }
        #expect((try? results[0].get()) != nil)
        #expect(throws: PKIError(.subjectTaken, "")) { try results[1].get() }
        #expect(try stage.open().rows().count == 1)
    }

    @Test("after the certificate for the subject expired it is given again")
    func expired() throws {
        let stage = try AuthorityStage()
        let now = LocalAuthority.now
        let session = try stage.session(now: now)
        let order = SigningOrder(
            subject: [NameAttribute("CN", "dev")],
            key: try PrivateKey.generate(),
            days: 1
        )
        _ = try session.issue(order) { _ throws(PKIError) in }
        let later = try stage.session(now: now + 2 * 86_400)
        let again = try later.issue(order) { _ throws(PKIError) in }
        #expect(again.replaced.isEmpty)
        #expect(try stage.open().rows().map(\.state) == [.expired, .valid])
        #expect(try stage.status("1000").contains("1000=Expired (E)"))
    }

    @Test("beyond the path length, at every depth")
    func pathLength() throws {
        let stage = try AuthorityStage(pathLength: 1)
        try refused(.pathLength, "at most 0", stage) {
            try stage.issue("i", ExtensionChoice(.intermediate, pathLength: 1))
        }
        let session = try stage.session(ExtensionChoice(.intermediate, pathLength: 0))
        _ = try AuthorityFolder.makeIntermediate(
            stage.folder.file("line"),
            AuthorityPlan(
                subject: [NameAttribute("CN", "Line")],
                passphrase: nil,
                days: 100,
                pathLength: 0
            ),
            below: session
        )
        try refused(.pathLength, "no room", stage) {
            try stage.issue("j", ExtensionChoice(.intermediate), from: "line")
        }
        // A limit above counts as well when the authority's own certificate has none.
        let open = try AuthorityStage(pathLength: 1)
        let free = try open.session(ExtensionChoice(.intermediate))
        _ = try AuthorityFolder.makeIntermediate(
            open.folder.file("line"),
            AuthorityPlan(
                subject: [NameAttribute("CN", "Line")],
                passphrase: nil,
                days: 100,
                pathLength: nil
            ),
            below: free
        )
        #expect(try open.open("line").certificate.pathLength == nil)
        try refused(.pathLength, "no room", open) {
            try open.issue("j", ExtensionChoice(.intermediate), from: "line")
        }
        try open.issue("dev", from: "line")
        let file = open.folder.file("dev.crt")
        let line = open.folder.file("line/intermediateCert.pem")
        let root = open.folder.file("ca/caCert.pem")
        try open.folder.shell("openssl verify -CAfile \(root) -untrusted \(line) \(file)")
        #expect(throws: PKIError(.badRequest, "")) {
            try open.session(ExtensionChoice(.device, pathLength: 0))
        }
    }

    @Test("by an issuer that is no authority, not in date, without the usage, or of another key")
    func issuer() throws {
        let stage = try AuthorityStage()
        let now = LocalAuthority.now
        let root = try stage.open()
        try refused(.issuerDate, "expired", stage) {
            _ = try stage.session(now: root.certificate.notAfter + 1)
        }
        try refused(.issuerDate, "not valid before", stage) {
            _ = try stage.session(now: now - 86_400)
        }
        let other = try PrivateKey.generate()
        try refused(.keyMismatch, "does not belong", stage) {
            _ = try AuthoritySession(root, key: other, choice: ExtensionChoice(.device))
        }
        try stage.folder.shell(
            """
            make() {
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \\
                    -keyout ca/caKey.pem -out ca/caCert.pem -subj /CN=x "$@" 2>/dev/null
            }
            cp -r ca ca2
            make -addext basicConstraints=critical,CA:FALSE
            mv ca no-ca; cp -r ca2 ca
            make -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,cRLSign
            mv ca no-sign; cp -r ca2 ca
            make -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
            mv ca no-crl; mv ca2 ca
            for d in no-ca no-sign no-crl; do
                sed -i "s|^dir .*|dir = $PWD/$d|" $d/caConfig.cnf
            done
            """
        )
        try refused(.notAuthority, "CA:FALSE", stage) {
            _ = try stage.session(ExtensionChoice(.device), "no-ca")
        }
        try refused(.issuerUsage, "certificates", stage) {
            _ = try stage.session(ExtensionChoice(.device), "no-sign")
        }
        let silent = try stage.open("no-crl")
        try refused(.issuerUsage, "revocation lists", stage) {
            _ = try silent.writeRevocationList(
                key: silent.key(passphrase: nil),
                seconds: 60,
                to: stage.folder.file("x.crl")
            )
        }
    }

    @Test("for weak keys, and for keys of other kinds")
    func strength() throws {
        let stage = try AuthorityStage()
        for (words, code) in [
            ("rsa:1024", PKIError.Code.weakKey), ("rsa:2047", .weakKey),
            ("ec -pkeyopt ec_paramgen_curve:P-192", .unsupportedKey),
        ] {
            try stage.folder.shell(
                "openssl req -new -newkey \(words) -nodes -keyout k -out r -subj /CN=a"
            )
            let request = try CertificateRequest(pem: stage.folder.bytes("r"))
            try refused(code, "bits", stage) { _ = try stage.sign(request) }
        }
        try stage.folder.shell(
            "openssl req -new -newkey rsa:2048 -nodes -keyout k -out r -subj /CN=a"
        )
        _ = try stage.sign(try CertificateRequest(pem: stage.folder.bytes("r")))
        try stage.folder.shell(
            """
            openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out p
            openssl req -new -newkey param:p -nodes -keyout k -out r -subj /CN=b
            """
        )
        let request = try CertificateRequest(pem: stage.folder.bytes("r"))
        try refused(.unsupportedKey, "DSA 2048 are not accepted", stage) {
            _ = try stage.sign(request)
        }
    }

    @Test("with a digest that is not safe any more", arguments: ["md5", "sha1"])
    func digest(_ name: String) throws {
        let stage = try AuthorityStage()
        try stage.configure(
            "default_md = \(name)\ndefault_days",
            insteadOf: "default_md       = sha256\ndefault_days"
        )
        try refused(.weakDigest, name, stage) { try stage.issue("c") }
    }

    @Test("when a field of the policy is missing or differs; what it drops is named")
    func policy() throws {
        let stage = try AuthorityStage()
        try stage.configure(
            "organizationName       = match",
            insteadOf: "organizationName       = optional"
        )
        let other = try request(stage, "/O=Other/CN=a")
        try refused(.policyMismatch, "Other", stage) { _ = try stage.sign(other) }
        let none = try request(stage, "/CN=a")
        try refused(.policyMissing, "organizationName", stage) { _ = try stage.sign(none) }
        // What has to match comes from the authority when only a name is given.
        #expect(try stage.issue("dev").subject == "/O=Works/CN=dev")
        let much = try request(stage, "/CN=b/title=Dr/O=Works/serialNumber=7")
        let issued = try stage.sign(much)
        #expect(issued.subject == "/O=Works/CN=b")
        #expect(issued.droppedFields == ["title=Dr", "serialNumber=7"])
        try stage.configure("preserve         = yes", insteadOf: "preserve         = no")
        let kept = try stage.sign(try request(stage, "/CN=c/title=Dr/O=Works"))
        #expect(kept.subject == "/CN=c/title=Dr/O=Works")
        #expect(kept.droppedFields.isEmpty)
        try stage.configure("email_in_dn = no\n[ req ]", insteadOf: "[ req ]")
        let mail = try stage.sign(try request(stage, "/CN=d/O=Works/emailAddress=a@b"))
        #expect(mail.droppedFields == ["emailAddress=a@b"])
        #expect(mail.subject == "/CN=d/O=Works")
    }

    @Test("when the request was changed, or asks to become an authority")
    func requests() throws {
        let stage = try AuthorityStage()
        let honest = try CertificateRequest.make(
            key: PrivateKey.generate(),
            subject: DistinguishedName(commonName: "honest-name")
        )
        var der = honest.der
        let name = Array("honest-name".utf8)
        let place = try #require(der.indices.first { der[$0...].starts(with: name) })
        der[place] = UInt8(ascii: "H")
        try refused(.requestSignature, "not signed", stage) {
            _ = try stage.sign(try CertificateRequest(der: der))
        }
        let greedy = try request(stage, "/CN=g", "-addext basicConstraints=critical,CA:TRUE")
        try refused(.requestAuthority, "authority", stage) {
            _ = try stage.sign(greedy, ExtensionChoice(.device, copying: .copyall))
        }
        let plain = try stage.sign(greedy)
        #expect(!plain.certificate.isAuthority)
        #expect(plain.droppedExtensions == ["basicConstraints"])
    }

    @Test("for extensions that are unknown or impossible, which are named")
    func extensions() throws {
        let stage = try AuthorityStage()
        for (line, part) in [
            ("keyUsage = flying", "keyUsage"), ("noSuchThing = 1", "noSuchThing"),
            ("1.2.3.4 = text", "1.2.3.4"), ("basicConstraints = CA:perhaps", "basicConstraints"),
            ("subjectAltName = @gone", "subjectAltName"),
        ] {
            let text = try stage.folder.text("ca/caConfig.cnf")
            try stage.folder.write(text + "\n[ odd ]\n\(line)\n", "ca/caConfig.cnf")
            try refused(.badExtension, part, stage) {
                try stage.issue("a", ExtensionChoice(.device, section: "odd"))
            }
            try stage.folder.write(text, "ca/caConfig.cnf")
        }
        try refused(.configuration, "[ gone ]", stage) {
            try stage.issue("a", ExtensionChoice(.device, section: "gone"))
        }
    }

    @Test("when the serial number is missing, damaged or used already")
    func serial() throws {
        let stage = try AuthorityStage()
        try stage.issue("a")
        for wrong in ["", "100\n", "xyz!\n", "-1\n"] {
            try stage.folder.write(wrong, "ca/serial")
            try refused(.serialNumber, "even number", stage) { try stage.issue("b") }
        }
        try stage.folder.write("1000\n", "ca/serial")
        try refused(.serialNumber, "used already", stage) { try stage.issue("b") }
        let last = "7F" + String(repeating: "FF", count: 19)
        try stage.folder.write("\(last)\n", "ca/serial")
        #expect(try stage.issue("b").serial.hexadecimal == last)
        try refused(.serialNumber, "used up", stage) { try stage.issue("c") }
        try FileManager.default.removeItem(atPath: stage.folder.file("ca/serial"))
        do { try stage.issue("c") } catch let error as PKIError {
            #expect(error.code == .serialNumber && error.hint?.contains("adopt") == true)
        }
    }

    @Test("while another process holds the lock, which is waited for")
    func lock() throws {
        let stage = try AuthorityStage()
        let lock = try AuthorityLock(stage.folder.file("ca/database.txt"), seconds: 1)
        #expect(throws: PKIError(.locked, "")) {
            try AuthorityLock(stage.folder.file("ca/database.txt"), seconds: 1)
        }
        withExtendedLifetime(lock) {}
    }
}
