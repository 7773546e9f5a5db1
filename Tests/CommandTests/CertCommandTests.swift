// SPDX-License-Identifier: Apache-2.0
// `sealwire cert` on the command line, with openssl as the peer in both directions.

import Foundation
import Testing

/// A folder with files that openssl made.
private final class CertBench {
    let path = NSTemporaryDirectory() + "seal-cert-\(UUID().uuidString)"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func shell(_ script: String) throws -> Outcome {
        let done = try Shell.run("/bin/sh", ["-c", "cd \(path) && " + script])
        #expect(done.exitCode == 0, "\(script): \(done.errors)")
        return done
    }

    /// Our program, in the folder.
    func cert(_ line: String, _ environment: [String: String] = [:]) throws -> Outcome {
        try Shell.run(
            "/bin/sh",
            ["-c", "cd \(path) && exec \(Paths.program) cert \(line)"],
            environment: environment
        )
    }

    /// root.crt, sub.crt (path length 0), dev.crt with their keys.
    func makeChain() throws {
        try shell(
            """
            exec 2>/dev/null
            k='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
            openssl req -x509 $k -keyout root.key -out root.crt -subj /O=T/CN=root -days 900
            openssl req $k -keyout sub.key -out sub.csr -subj /O=T/CN=sub
            echo 'basicConstraints=critical,CA:TRUE,pathlen:0' >ca.ext
            echo 'keyUsage=critical,keyCertSign,cRLSign' >>ca.ext
            openssl x509 -req -in sub.csr -CA root.crt -CAkey root.key -days 800 \\
              -extfile ca.ext -out sub.crt
            openssl req $k -keyout dev.key -out dev.csr -subj /O=T/CN=dev
            printf 'extendedKeyUsage=clientAuth\\nsubjectAltName=DNS:dev.test\\n' >dev.ext
            openssl x509 -req -in dev.csr -CA sub.crt -CAkey sub.key -days 700 \\
              -extfile dev.ext -out dev.crt
            """
        )
    }
}

@Suite("Command cert")
struct CertCommandTests {
    @Test("verify prints a verdict for each certificate and ends with 0 or 2, as openssl decides")
    func verify() throws {
        let bench = try CertBench()
        try bench.makeChain()
        try bench.shell("cat root.crt sub.crt > above.pem")
        let good = try bench.cert("verify --trust root.crt --chain above.pem dev.crt")
        #expect(good.exitCode == 0)
        #expect(good.output.contains("0 CN=dev,O=T: ok\n"))
        #expect(good.output.contains("2 CN=root,O=T: ok, trusted"))
        #expect(good.output.hasSuffix("The chain holds.\n"))
        try bench.shell("openssl verify -CAfile root.crt -untrusted above.pem dev.crt")

        let wrong = try bench.cert(
            "verify --purpose server --trust root.crt --chain sub.crt dev.crt"
        )
        #expect(wrong.exitCode == 2)
        #expect(wrong.output.contains("0 CN=dev,O=T: REFUSED"))
        #expect(wrong.output.contains("extendedKeyUsage does not list serverAuth (purpose)"))
        let cases: [(String, Int32, String)] = [
            ("--trust sub.crt dev.crt", 2, "(not-trusted)"),
            ("--trust sub.crt --partial-chain dev.crt", 0, "holds"),
            ("--trust root.crt dev.crt", 2, "(issuer-missing)"),
            ("--trust root.crt --chain sub.crt --max-length 2 dev.crt", 2, "(chain-length)"),
            (
                "--trust root.crt --chain sub.crt --require-anchor-in-chain dev.crt", 2,
                "(anchor-not-in-chain)"
            ),
            (
                "--trust root.crt --chain above.pem --require-anchor-in-chain dev.crt", 0, "holds"
            ),
            ("--trust root.crt --chain sub.crt --time 2040-01-01 dev.crt", 2, "(expired)"),
            ("--trust root.crt --chain sub.crt --host dev.test dev.crt", 0, "holds"),
            ("--trust root.crt --chain sub.crt --host other.test dev.crt", 2, "(host-name)"),
            ("--trust root.crt --chain sub.crt --crl-check leaf dev.crt", 2, "(list-missing)"),
        ]
        for (line, code, part) in cases {
            let done = try bench.cert("verify " + line)
            #expect(done.exitCode == code, "\(line): \(done)")
            #expect(done.output.contains(part), "\(line): \(done.output)")
        }
        #expect(try bench.cert("verify dev.crt").exitCode == 64)
        #expect(try bench.cert("verify --purpose x --trust root.crt dev.crt").exitCode == 64)
        #expect(try bench.cert("verify --trust dev.key dev.crt").exitCode == 1)
    }

    @Test("verify --json is one object that a program can read")
    func verifyJSON() throws {
        let bench = try CertBench()
        try bench.makeChain()
        let done = try bench.cert("verify --json --trust root.crt dev.crt")
        #expect(done.exitCode == 2)
        let object = try JSONSerialization.jsonObject(with: Data(done.output.utf8))
        let verdict = try #require(object as? [String: Any])
        #expect(verdict["valid"] as? Bool == false)
        #expect(verdict["complete"] as? Bool == false)
        let failures = try #require(verdict["failures"] as? [[String: Any]])
        #expect(failures.first?["rule"] as? String == "issuer-missing")
        #expect(failures.first?["depth"] as? Int == 0)
        #expect((verdict["chain"] as? [[String: Any]])?.count == 1)
    }

    @Test("verify --json says of bytes that are no certificate that they do not hold")
    func unreadable() throws {
        let bench = try CertBench()
        try bench.makeChain()
        try bench.shell("openssl x509 -in dev.crt -outform DER | head -c 200 >cut.der")
        let done = try bench.cert("verify --json --trust root.crt cut.der")
        #expect(done.exitCode == 2)
        #expect(done.output.contains("\"valid\":false"))
        #expect(done.output.contains("\"rule\":\"encoding\""))
    }

    @Test("verify obeys revocation lists that openssl made")
    func revocation() throws {
        let bench = try CertBench()
        try bench.makeChain()
        try bench.shell(
            """
            exec 2>/dev/null
            cat >ca.cnf <<'END'
            [ca]
            default_ca=d
            [d]
            database=index
            crlnumber=number
            default_md=sha256
            default_crl_days=30
            crl_extensions=x
            [x]
            authorityKeyIdentifier=keyid
            END
            : >index; echo 01 >number
            openssl ca -gencrl -config ca.cnf -cert sub.crt -keyfile sub.key -out good.crl
            openssl ca -revoke dev.crt -config ca.cnf -cert sub.crt -keyfile sub.key
            openssl ca -gencrl -config ca.cnf -cert sub.crt -keyfile sub.key -out bad.crl
            openssl crl -in bad.crl -outform DER -out bad.der
            """
        )
        for (list, code) in [("good.crl", Int32(0)), ("bad.crl", 2), ("bad.der", 2)] {
            let done = try bench.cert(
                "verify --trust root.crt --chain sub.crt --crl \(list) dev.crt"
            )
            #expect(done.exitCode == code, "\(list): \(done)")
            #expect(done.output.contains("(revoked)") == (code == 2))
        }
        let shown = try bench.cert("inspect bad.crl")
        #expect(shown.output.contains("Revoked: 1"))
    }

    @Test("inspect shows fields as lines, as a table and as JSON")
    func inspect() throws {
        let bench = try CertBench()
        try bench.makeChain()
        let serial = try bench.shell("openssl x509 -in dev.crt -noout -serial").output
            .dropFirst("serial=".count).trimmingCharacters(in: .whitespacesAndNewlines)
        let lines = try bench.cert("inspect dev.crt").output
        #expect(lines.contains("Serial number: \(serial) ("))
        #expect(lines.contains("Extension extendedKeyUsage: clientAuth"))
        #expect(lines.contains("Extension subjectAltName: DNS:dev.test"))
        try bench.shell("cat dev.crt sub.crt dev.csr dev.key > all.pem")
        let all = try bench.cert("inspect all.pem").output
        #expect(all.contains("Certificate 2 of 2"))
        #expect(all.contains("Certificate request"))
        #expect(all.contains("A private key (PRIVATE KEY)"))
        #expect(!all.contains("BEGIN"))
        let table = try bench.cert("inspect --table all.pem").output.split(separator: "\n")
        #expect(table.count == 3)
        #expect(table[0].hasPrefix("NOT AFTER"))
        let json = try bench.cert("inspect --json sub.crt").output
        let array = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]]
        #expect(array?.first?["subject"] as? String == "CN=sub,O=T")
        let missing = try bench.cert("inspect nothing.crt")
        #expect(missing.exitCode == 1)
        #expect(missing.errors.contains("No such file"))
    }

    @Test("inspect shows the certificates of keystores by content, with a password or not")
    func keystores() throws {
        let bench = try CertBench()
        try bench.makeChain()
        try bench.shell(
            """
            echo changeit >pass
            openssl pkcs12 -export -in dev.crt -inkey dev.key -certfile sub.crt -name device \
              -passout file:pass -out store.jks
            keytool -importcert -noprompt -keystore trust -storetype JKS -storepass changeit \
              -alias root -file root.crt 2>/dev/null
            """
        )
        let store = try bench.cert("inspect --table --password-file pass store.jks")
        #expect(store.exitCode == 0, "\(store.errors)")
        #expect(store.output.contains("CN=dev,O=T"))
        #expect(store.output.contains("CN=sub,O=T"))
        #expect(try bench.cert("inspect trust").output.contains("Subject: CN=root,O=T"))
        try bench.shell("echo wrong >pass")
        let wrong = try bench.cert("inspect --password-file pass store.jks")
        #expect(wrong.exitCode == 1)
        #expect(wrong.errors.contains("store.jks: "))
    }

    @Test("chain writes the order that openssl verifies, and says what is missing")
    func chain() throws {
        let bench = try CertBench()
        try bench.makeChain()
        let done = try bench.cert("chain root.crt dev.crt sub.crt -o chain.pem")
        #expect(done.exitCode == 0)
        #expect(done.errors.contains("0 CN=dev,O=T\n1 CN=sub,O=T\n2 CN=root,O=T\n"))
        try bench.shell("cat dev.crt sub.crt root.crt | cmp - chain.pem")
        let short = try bench.cert("chain sub.crt dev.crt")
        #expect(short.exitCode == 2)
        #expect(short.errors.contains("missing: the certificate of CN=root,O=T"))
    }

    @Test("fingerprints are openssl's")
    func fingerprint() throws {
        let bench = try CertBench()
        try bench.makeChain()
        for kind in ["sha256", "sha1", "sha3-256"] {
            let theirs = try bench.shell(
                "openssl x509 -in dev.crt -noout -fingerprint -\(kind) | cut -d= -f2"
            ).output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(try bench.cert("fingerprint --\(kind) dev.crt").output.contains(theirs))
        }
    }

    @Test("keys and requests are made for openssl, and its keys are taken")
    func keys() throws {
        let bench = try CertBench()
        try bench.shell("printf 'secret\\n' > one && printf 'other\\n' > two")
        #expect(
            try bench.cert("key --new ec-p256 --new-passphrase-file one -o a.key").exitCode == 0
        )
        try bench.shell("openssl pkey -in a.key -passin file:one -noout")
        #expect(try bench.shell("stat -c %a a.key").output == "600\n")
        let again = try bench.cert("key --new ec-p256 --new-passphrase-file one -o a.key")
        #expect(again.exitCode == 1)
        let change = "key --in a.key --passphrase-file one --new-passphrase-file two --replace"
        #expect(try bench.cert(change + " -o a.key").exitCode == 0)
        try bench.shell("openssl pkey -in a.key -passin file:two -noout")
        #expect(try bench.cert("key --in a.key --passphrase-file one --public").exitCode == 1)
        let publicHalf = try bench.cert("key --in a.key --passphrase-file two --public").output
        #expect(
            try bench.shell("openssl pkey -in a.key -passin file:two -pubout").output == publicHalf
        )
        let made = try bench.cert(
            "csr broker.test --new-key b.key --no-passphrase --subject O=Works --san broker.test "
                + "--san 10.0.0.1 -o b.csr"
        )
        #expect(made.exitCode == 0, "\(made.errors)")
        let text = try bench.shell("openssl req -in b.csr -noout -verify -text 2>&1").output
        #expect(text.contains("verify OK"))
        #expect(text.contains("O = Works, CN = broker.test"))
        #expect(text.contains("DNS:broker.test, IP Address:10.0.0.1"))
    }

    @Test("needs-renewal ends with 0, 1, 2 or 255")
    func renewal() throws {
        let bench = try CertBench()
        try bench.makeChain()
        #expect(try bench.cert("needs-renewal dev.crt").exitCode == 1)
        #expect(try bench.cert("needs-renewal --expires-in 699 dev.crt").exitCode == 1)
        #expect(try bench.cert("needs-renewal --expires-in 700 dev.crt").exitCode == 0)
        #expect(try bench.cert("needs-renewal --expires-in 100% dev.crt").exitCode == 0)
        #expect(try bench.cert("needs-renewal nothing.crt").exitCode == 2)
        #expect(try bench.cert("needs-renewal dev.key").exitCode == 255)
        #expect(try bench.cert("needs-renewal --expires-in x dev.crt").exitCode == 64)
    }

    @Test("roots finds a file, and the variable names another one")
    func roots() throws {
        let bench = try CertBench()
        try bench.makeChain()
        let named = try bench.cert("roots", ["SSL_CERT_FILE": "\(bench.path)/root.crt"])
        #expect(named.output == "\(bench.path)/root.crt\n")
        let empty = try bench.cert("roots", ["SSL_CERT_FILE": "\(bench.path)/root.key"])
        #expect(empty.exitCode == 1)
        #expect(empty.errors.contains("holds no certificate"))
        let all = try bench.cert("roots --all").output
        #expect(all.contains("/etc/ssl/certs/ca-certificates.crt"))
        #expect(all.contains("/etc/pki/tls/certs/ca-bundle.crt"))
    }

    @Test("fetch gets the whole chain, also of a server that demands a certificate")
    func fetch() throws {
        let bench = try CertBench()
        try bench.makeChain()
        try bench.shell(
            "printf 'extendedKeyUsage=serverAuth\\nsubjectAltName=DNS:dev.test\\n' >dev.ext"
        )
        try bench.shell(
            "openssl x509 -req -in dev.csr -CA sub.crt -CAkey sub.key -days 9 -extfile dev.ext "
                + "-out dev.crt 2>/dev/null"
        )
        for version in ["tls1_2", "tls1_3"] {
            let server = Process()
            server.executableURL = URL(filePath: "/usr/bin/openssl")
            server.currentDirectoryURL = URL(filePath: bench.path)
            server.arguments = [
                "s_server", "-accept", "127.0.0.1:0", "-cert", "dev.crt", "-key", "dev.key",
                "-cert_chain", "sub.crt", "-CAfile", "root.crt", "-Verify", "2",
                "-verify_return_error", "-\(version)",
            ]
            let (input, output) = (Pipe(), Pipe())
            server.standardInput = input
            server.standardOutput = output
            server.standardError = FileHandle.nullDevice
            try server.run()
            defer { server.terminate() }
            var said = ""
            while !said.contains("ACCEPT 127.0.0.1:"), server.isRunning {
                said += String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            }
            let port = said.components(separatedBy: "127.0.0.1:").last?.prefix { $0.isNumber } ?? ""
            let done = try bench.cert(
                "fetch 127.0.0.1:\(port) --sni dev.test -o got.pem",
                ["SSL_CERT_FILE": "\(bench.path)/sub.crt"]
            )
            #expect(done.exitCode == 0, "\(version): \(done.errors)")
            try bench.shell("cat dev.crt sub.crt | cmp - got.pem")
            #expect(done.errors.contains("does not verify"), "\(done.errors)")
            let print = try bench.shell(
                "openssl x509 -in dev.crt -noout -fingerprint -sha256 | cut -d= -f2"
            ).output
            #expect(done.errors.contains(print.trimmingCharacters(in: .whitespacesAndNewlines)))
            let trusted = try bench.cert(
                "fetch 127.0.0.1:\(port) --sni dev.test -o got.pem",
                ["SSL_CERT_FILE": "\(bench.path)/root.crt"]
            )
            #expect(trusted.errors.contains("the chain verifies for dev.test"), "\(trusted.errors)")
        }
        let plain = try bench.cert("fetch 127.0.0.1:1")
        #expect(plain.exitCode == 1)
        #expect(try bench.cert("fetch 127.0.0.1").exitCode == 64)
    }
}
