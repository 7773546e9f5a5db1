// SPDX-License-Identifier: Apache-2.0
// What gets a certificate can log in with it, and nothing else gets one; a code is one key's.

import Foundation
import SealBytes
import SealHTTP
import Testing

@testable import SealAdmin
@testable import SealBroker
@testable import SealPKI
@testable import SealServer
@testable import Stage

/// A kind of key: the words of `openssl genpkey`, and whether it is taken.
struct KeyRow: Sendable, CustomTestStringConvertible {
    let words: String
    let isTaken: Bool
    /// What makes `dev.key`.
    let script: String

    init(_ words: String, _ isTaken: Bool, script: String? = nil) {
        self.words = words
        self.isTaken = isTaken
        self.script = script ?? "openssl genpkey \(words) -out dev.key"
    }

    var testDescription: String { words }

    private static func ec(_ curve: String, _ isTaken: Bool, _ more: String = "") -> KeyRow {
        KeyRow("-algorithm EC -pkeyopt ec_paramgen_curve:\(curve)\(more)", isTaken)
    }

    private static func rsa(_ bits: Int, _ isTaken: Bool, _ exponent: String = "65537") -> KeyRow {
        KeyRow(
            "-algorithm RSA -pkeyopt rsa_keygen_bits:\(bits) "
                + "-pkeyopt rsa_keygen_pubexp:\(exponent)",
            isTaken
        )
    }

    static let all: [KeyRow] = [
        rsa(1024, false), rsa(2040, false), rsa(2048, true), rsa(2049, true), rsa(3072, true),
        rsa(4096, true), rsa(2048, true, "3"), rsa(2048, true, "4294967297"),
        rsa(2048, true, "18446744073709551557"), rsa(2048, false, "18446744073709551629"),
        KeyRow("-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", false),
        ec("P-256", true), ec("P-384", true), ec("P-521", true),
        ec("P-192", false), ec("P-224", false), ec("secp256k1", false),
        ec("brainpoolP256r1", false), ec("brainpoolP384r1", false), ec("brainpoolP512r1", false),
        ec("brainpoolP256t1", false), ec("sect283k1", false), ec("sect571r1", false),
        ec("secp160r1", false), ec("prime239v1", false),
        ec("P-256", false, " -pkeyopt ec_param_enc:explicit"),
        ec("P-384", false, " -pkeyopt ec_param_enc:explicit"),
        ec("SM2", false), KeyRow("-algorithm ED25519", true), KeyRow("-algorithm ED448", false),
        KeyRow(
            "DSA",
            false,
            script: """
                openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out p
                openssl genpkey -paramfile p -out dev.key
                """
        ),
        KeyRow(
            "P-256 with a compressed point",
            true,
            script: """
                openssl ecparam -name prime256v1 -genkey -noout -conv_form compressed -out dev.key
                """
        ),
    ]
}

/// A folder that goes away.
private final class Works {
    let path = NSTemporaryDirectory() + "seal-keys-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: file(name))))
    }

    @discardableResult
    func shell(_ script: String) throws -> (code: Int32, text: String) {
        let process = Process()
        // The threads of a test block signals, which a shell would inherit.
        process.executableURL = URL(filePath: "/usr/bin/perl")
        let unblock = "use POSIX; sigprocmask(SIG_SETMASK, POSIX::SigSet->new()); exec @ARGV"
        process.arguments = ["-e", unblock, "/bin/sh", "-c", script]
        process.currentDirectoryURL = URL(filePath: path)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}

@Suite("Keys that are signed") struct EnrolmentKeyTests {
    /// A daemon that lets in whoever shows a certificate of an authority.
    private static func daemon(_ works: Works, _ authority: CertificateAuthority) throws -> Daemon {
        let server = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "localhost"),
                names: SubjectNames(dns: ["localhost"], addresses: ["127.0.0.1"]),
                purpose: .server,
                days: 30
            )
        )
        try Files.write(server.certificate.pem, to: works.file("server.crt"), mode: 0o600)
        try Files.write(server.key.pem(), to: works.file("server.key"), mode: 0o600)
        var configuration = Configuration()
        var listener = ListenerSettings()
        listener.name = "mqtts"
        listener.bind = ["127.0.0.1"]
        listener.port = 0
        listener.certificate = works.file("server.crt")
        listener.key = works.file("server.key")
        listener.trustFiles = [works.file("ca.crt")]
        listener.clientCertificates = .require
        listener.allowsAnonymous = true
        configuration.listeners = [listener]
        configuration.metrics.port = 0
        configuration.shards.count = 1
        return try Daemon(configuration, logger: .silent())
    }

    @Test(
        "are those that can log in, of every kind that OpenSSL makes",
        .serialized,
        arguments: KeyRow.all
    )
    func signedOrNot(_ row: KeyRow) throws {
        let works = try Works()
        let authority = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Keys"),
            key: try PrivateKey.generate(),
            days: 30
        )
        try Files.write(authority.certificate.pem, to: works.file("ca.crt"), mode: 0o600)
        try Files.write(authority.key.pem(), to: works.file("ca.key"), mode: 0o600)
        let made = try works.shell(
            """
            set -e
            \(row.script)
            openssl req -new -key dev.key -subj /CN=dev1 -out dev.csr
            printf 'extendedKeyUsage=clientAuth\\nkeyUsage=digitalSignature\\n' > x
            openssl x509 -req -in dev.csr -CA ca.crt -CAkey ca.key -extfile x -days 5 -out dev.crt
            """
        )
        try #require(made.code == 0, "\(made.text)")

        let request = try CertificateRequest(pem: works.bytes("dev.csr"))
        var refusal: PKIError?
        do throws(PKIError) {
            let order = CertificateOrder(
                subject: try DistinguishedName(commonName: "dev1"),
                purpose: .device,
                days: 5
            )
            _ = try authority.issue(order, for: request)
        } catch { refusal = error }
        #expect((refusal == nil) == row.isTaken, "\(String(describing: refusal))")
        if let refusal {
            #expect([.weakKey, .unsupportedKey].contains(refusal.code))
            #expect(refusal.reason.contains("P-256") || refusal.reason.contains("odd"))
        }

        // Signed by somebody else, it is judged and shaken hands with all the same.
        let judge = try OpenSSLChainJudge(try VaultKey.generate())
        let leaf = try PresentedCertificate(reading: Certificate(pem: works.bytes("dev.crt")).der)
        let answer = judge.judge(
            ChainQuestion(
                chain: [leaf],
                anchor: try TrustAnchor(trusting: authority.certificate, tenant: 1),
                lengthMax: 3,
                now: Int64(Date().timeIntervalSince1970)
            )
        )
        if case .good = answer {
            #expect(row.isTaken, "the judge takes it")
        } else {
            #expect(!row.isTaken, "\(answer)")
        }
        guard row.isTaken else { return }
        let daemon = try Self.daemon(works, authority)
        defer { daemon.stop() }
        for version in ["-tls1_2", "-tls1_3"] {
            let met = try works.shell(
                """
                (printf '\\020\\020\\000\\004MQTT\\004\\002\\000\\074\\000\\004dev1'; sleep 1) |
                    timeout 10 openssl s_client -quiet \(version) \\
                    -connect 127.0.0.1:\(daemon.ports[0].port) \\
                    -CAfile ca.crt -cert dev.crt -key dev.key 2>/dev/null | od -An -tx1
                """
            )
            #expect(met.text.contains("20 02 00 00"), "\(version): \(met.text)")
        }
    }

    @Test(
        "are asked for with digests that cannot be forged",
        arguments: [
            ("-md5", "MD5"), ("-sha1", "SHA-1"), ("-sha1 -sigopt rsa_padding_mode:pss", "SHA-1"),
        ]
    )
    func digests(_ words: String, _ name: String) throws {
        let works = try Works()
        let made = try works.shell(
            """
            openssl req -new -newkey rsa:2048 -nodes -keyout k -subj /CN=dev1 \(words) -out r
            """
        )
        try #require(made.code == 0, "\(made.text)")
        let request = try CertificateRequest(pem: works.bytes("r"))
        #expect(request.isSignatureValid || name == "MD5")
        let error = #expect(throws: PKIError.self) { try request.check() }
        #expect(error?.code == .weakDigest && error?.reason.contains(name) == true)
    }

    @Test("are asked for with ECDSA and SHA-256, not with SHA-1")
    func ellipticDigests() throws {
        let works = try Works()
        for (digest, isTaken) in [("-sha1", false), ("-sha256", true), ("-sha384", true)] {
            let made = try works.shell(
                """
                openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k \\
                    -subj /CN=dev1 \(digest) -out r
                """
            )
            try #require(made.code == 0, "\(made.text)")
            let request = try CertificateRequest(pem: works.bytes("r"))
            let isFine = (try? request.check()) != nil
            #expect(isFine == isTaken, "\(digest)")
        }
    }
}

@Suite("Enrolment codes") struct EnrolmentCodeTests {
    private let desk: Desk

    init() throws {
        desk = try Desk()
        let made = desk.ask(.post, "/tenant/tenants/t12345/certificate-authority")
        try #require(made.status == 201)
        let entry = EnrolmentCode(
            tenant: desk.tenant.number,
            identifier: "dev1",
            secret: StoredSecret(hash: try Passwords.makeSalted(Array("8-chars!".utf8))),
            expiresAt: (Desk.now + 60) * 1000
        )
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.give(entry)
        }
    }

    private func ask(_ key: PrivateKey, lines: Int? = nil) throws -> Reply {
        let request = try CertificateRequest.make(
            key: key,
            subject: DistinguishedName(commonName: "dev1")
        )
        var text = Base64.encode(request.der)
        if let lines {
            var rest = text[...]
            text = ""
            while !rest.isEmpty {
                text += rest.prefix(lines) + "\r\n"
                rest = rest.dropFirst(lines)
            }
        }
        let login = Base64.encode(Array("dev1:8-chars!".utf8))
        return desk.ask(
            .post,
            "/.well-known/est/t12345/simpleenroll",
            body: Array(text.utf8),
            as: nil,
            type: "application/pkcs10",
            fields: [("Accept", "*/*"), ("Authorization", "Basic \(login)")]
        )
    }

    @Test("are for one key, again and again until the answer was sent, and then for none")
    func oneKey() throws {
        let key = try PrivateKey.generate()
        let other = try PrivateKey.generate()
        let lost = try ask(key)
        #expect(lost.status == 200)
        let stolen = try ask(other)
        #expect(stolen.status == 401 && stolen.text.contains("[enrolment.code-used]"))
        let again = try ask(key)
        #expect(again.status == 200)
        let found = try CertificatesOnly(base64: again.response.body).certificates
        #expect(key.matches(try #require(found.first)))
        let note = try #require(again.response.delivery)
        note.delivered()
        note.delivered()
        #expect(try ask(key).status == 401 && ask(other).status == 401)
    }

    @Test("a new code for the device is not spent by the answer to the old one")
    func newCode() throws {
        let key = try PrivateKey.generate()
        let note = try #require(try ask(key).response.delivery)
        let secret = StoredSecret(hash: try Passwords.makeSalted(Array("8-chars!".utf8)))
        let next = EnrolmentCode(
            tenant: desk.tenant.number,
            identifier: "dev1",
            secret: secret,
            expiresAt: (Desk.now + 60) * 1000
        )
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.give(next)
        }
        note.delivered()
        #expect(try ask(PrivateKey.generate()).status == 200)
    }

    @Test("an answer has no line breaks, and a request may have some (RFC 8951)")
    func lineBreaks() throws {
        let key = try PrivateKey.generate()
        for lines in [nil, 64, 76] {
            let reply = try ask(key, lines: lines)
            #expect(reply.status == 200)
            #expect(!reply.response.body.contains { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 })
        }
        let authorities = desk.ask(.get, "/.well-known/est/t12345/cacerts", as: nil)
        #expect(!authorities.response.body.contains(0x0A))
    }

    @Test("a device that was disabled meanwhile is not enabled by its certificate")
    func disabledMeanwhile() throws {
        let key = try PrivateKey.generate()
        #expect(try ask(key).status == 200)
        let device = try #require(
            try desk.registry.device(tenant: desk.tenant.number, identifier: "dev1")
        )
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.update(device: device.number) { $0.isEnabled = false }
        }
        #expect(try ask(key).status == 403)
        let now = try desk.registry.device(tenant: desk.tenant.number, identifier: "dev1")
        #expect(now?.isEnabled == false)
    }
}
