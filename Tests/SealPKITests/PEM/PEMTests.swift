// SPDX-License-Identifier: Apache-2.0
// PEM as people have it, and files of several kinds, with openssl as the peer.

import Testing

@testable import SealPKI

@Suite("PEM")
struct PEMTests {
    private let one: Certificate
    private let two: Certificate

    init() throws {
        one = try TestWorld.root.made()
        two = try TestWorld.device.made(by: TestWorld.root)
    }

    private func text(_ certificate: Certificate, label: String = "CERTIFICATE") -> String {
        String(decoding: PEMText.block(label, certificate.der), as: UTF8.self)
    }

    private func read(_ text: String) throws -> CertificateFile {
        try CertificateFile(Array(text.utf8))
    }

    @Test("is written as openssl writes it")
    func writing() throws {
        #expect(PEMText.block("CERTIFICATE", one.der) == one.pem)
    }

    @Test("may have text around the blocks, and every usual label")
    func labels() throws {
        let all =
            "Bag Attributes\n  friendlyName: x\nsubject=/CN=a\n" + text(one)
            + "\n# a comment\n" + text(two, label: "X509 CERTIFICATE") + "the end"
        #expect(try read(all).certificates == [one, two])
    }

    @Test("may have lines that end in CRLF or CR, blanks at their ends, and a byte order mark")
    func lineEnds() throws {
        for end in ["\r\n", "\r", " \n", "\t\r\n"] {
            let changed = text(one).split(separator: "\n").joined(separator: end)
            #expect(try read(changed).certificates == [one])
            #expect(try read("\u{FEFF}" + changed + end).certificates == [one])
        }
        #expect(try read(String(text(one).dropLast())).certificates == [one])
    }

    @Test("may be on one long line, or on many short ones")
    func widths() throws {
        let digits = text(one).split(separator: "\n").dropFirst().dropLast().joined()
        let head = "-----BEGIN CERTIFICATE-----\n"
        let tail = "\n-----END CERTIFICATE-----"
        #expect(try read(head + digits + tail).certificates == [one])
        let short = digits.map(String.init).joined(separator: "\n")
        #expect(try read(head + short + tail).certificates == [one])
    }

    @Test("without an END line, or with broken base64, is refused with the line of its begin")
    func damaged() throws {
        let lines = text(one).split(separator: "\n").map(String.init)
        let cut = "intro\n" + lines.dropLast().joined(separator: "\n")
        #expect {
            try read(cut)
        } throws: {
            ($0 as? PKIError)?.reason == "the CERTIFICATE that begins in line 2 has no END line"
        }
        #expect {
            try read(cut + "\n" + text(two))
        } throws: {
            ($0 as? PKIError)?.reason.contains("no END line") == true
        }
        var broken = lines
        broken[2] = "???"
        #expect {
            try read(broken.joined(separator: "\n"))
        } throws: {
            ($0 as? PKIError)?.reason == "the CERTIFICATE that begins in line 1 is not base64"
        }
    }

    @Test("of several kinds is sorted out; DER is taken where PEM is")
    func kinds() throws {
        let list = try TestList(issuer: TestWorld.root).made()
        let key = try TestKeys.leaf.pem()
        let request = try CertificateRequest.make(
            key: TestKeys.leaf,
            subject: DistinguishedName(commonName: "x")
        )
        let all = one.pem + key + list.pem + request.pem + PEMText.block("DH PARAMETERS", [1])
        let file = try CertificateFile(all)
        #expect(file.certificates == [one])
        #expect(file.lists.count == 1)
        #expect(file.requests == [request.der])
        #expect(file.keyLabels == ["PRIVATE KEY"])
        #expect(file.otherLabels == ["DH PARAMETERS"])
        #expect(try CertificateFile(one.der).certificates == [one])
        #expect(try CertificateBundle(pem: one.der).certificates == [one])
        #expect(try CertificateFile(list.der).lists.count == 1)
        #expect(try CertificateFile(request.der).requests == [request.der])
        #expect(try CertificateFile(TestKeys.leaf.der()).keyLabels == ["PRIVATE KEY"])
    }

    @Test("of openssl's trusted certificates has their data cut off")
    func trusted() throws {
        let folder = try PeerFolder()
        try folder.write(one.pem, "one.pem")
        try folder.shell("openssl x509 -in one.pem -trustout -addtrust clientAuth -out t.pem")
        #expect(try folder.text("t.pem").contains("BEGIN TRUSTED CERTIFICATE"))
        #expect(try CertificateFile(try folder.bytes("t.pem")).certificates == [one])
    }

    @Test("that is no PEM at all says what it is")
    func foreign() throws {
        let cases: [([UInt8], String)] = [
            ([], "empty"), ([0xFE, 0xED, 0xFE, 0xED, 0, 0], "Java keystore"),
            ([0xFF, 0xFE, 0x2D, 0x00], "UTF-16"), (Array("hello".utf8), "neither PEM nor DER"),
            ([0x30, 0x03, 0x02, 0x01, 0x05], "signed part"),
        ]
        for (bytes, part) in cases {
            #expect {
                try CertificateFile(bytes)
            } throws: {
                ($0 as? PKIError)?.reason.contains(part) == true
            }
        }
    }

    @Test("has so many blocks and not one more")
    func limit() throws {
        let block = "-----BEGIN X-----\n-----END X-----\n"
        let most = String(repeating: block, count: PEMDocument.blocksMax)
        #expect(try PEMDocument(Array(most.utf8)).blocks.count == PEMDocument.blocksMax)
        #expect(throws: PKIError.self) { try PEMDocument(Array((most + block).utf8)) }
    }
}

@Suite("Keys in files")
struct PrivateKeyFileTests {
    /// Commands of openssl that make `key`, and the passphrase it has then.
    private static let forms: [(String, String?)] = [
        ("openssl genrsa -traditional -out key 2048", nil),
        ("openssl genrsa -out key 2048", nil),
        ("openssl genrsa -traditional -aes256 -passout pass:secret -out key 2048", "secret"),
        ("openssl genrsa -traditional -des3 -passout pass:secret -out key 2048", "secret"),
        ("openssl genrsa -aes256 -passout pass:secret -out key 2048", "secret"),
        ("openssl ecparam -name prime256v1 -genkey -out key", nil),
        ("openssl ecparam -name secp384r1 -genkey -noout -out key", nil),
        (
            "openssl ecparam -name prime256v1 -genkey | "
                + "openssl ec -aes128 -passout pass:secret -out key", "secret"
        ),
        ("openssl genpkey -algorithm ed25519 -out key", nil),
        ("openssl genpkey -algorithm ed25519 -aes-256-cbc -pass pass:secret -out key", "secret"),
        ("openssl genpkey -algorithm ed25519 -outform DER -out key", nil),
        ("openssl ecparam -name prime256v1 -genkey | openssl ec -outform DER -out key", nil),
        ("openssl genrsa 2048 | openssl rsa -traditional -outform DER -out key", nil),
        (
            "openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -outform DER "
                + "-passout pass:secret -out key", "secret"
        ),
        (
            "openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES "
                + "-passout pass:secret -out key", "secret"
        ),
    ]

    @Test("every form that openssl writes is read, and openssl reads what we write")
    func forms() throws {
        for (command, passphrase) in Self.forms {
            let folder = try PeerFolder()
            try folder.shell("(\(command)) 2>/dev/null")
            let bytes = try folder.bytes("key")
            let known = passphrase.map { Array($0.utf8) }
            let key = try PrivateKey(file: bytes, passphrase: known)
            let pass = passphrase.map { " -passin pass:\($0)" } ?? ""
            try folder.write(try key.publicPEM(), "ours.pub")
            let form = bytes.first == 0x30 ? " -inform DER" : ""
            try folder.shell("openssl pkey -in key\(form)\(pass) -pubout -out theirs.pub")
            #expect(try folder.text("ours.pub") == folder.text("theirs.pub"), "\(command)")
            try folder.write(try key.pem(), "plain.key")
            try folder.write(try key.pem(passphrase: Array("other".utf8)), "sealed.key")
            try folder.write(try key.der(), "key.der")
            try folder.shell("openssl pkey -in plain.key -noout")
            try folder.shell("openssl pkey -in sealed.key -passin pass:other -noout")
            try folder.shell("openssl pkey -inform DER -in key.der -noout")
            guard passphrase != nil else { continue }
            #expect(throws: PKIError(.passphraseMissing, "")) { try PrivateKey(file: bytes) }
            #expect(throws: PKIError(.passphraseWrong, "")) {
                try PrivateKey(file: bytes, passphrase: Array("wrong".utf8))
            }
        }
    }

    @Test("a file without a key, cut off or foreign is refused in words")
    func refusals() throws {
        let certificate = try TestWorld.root.made().pem
        let cases: [([UInt8], String)] = [
            (certificate, "only CERTIFICATE"),
            (Array(try TestKeys.leaf.pem().dropLast(30)), "no END line"),
            (PEMText.block("OPENSSH PRIVATE KEY", [1, 2]), "OpenSSH"),
            (PEMText.block("PRIVATE KEY", [0x30, 0x00]), "cannot be read"),
            ([0x30, 0x03, 0x02, 0x01, 0x09], "no private key in DER"),
            ([], "empty"),
        ]
        for (bytes, part) in cases {
            #expect {
                try PrivateKey(file: bytes)
            } throws: {
                ($0 as? PKIError)?.reason.contains(part) == true
            }
        }
    }
}
