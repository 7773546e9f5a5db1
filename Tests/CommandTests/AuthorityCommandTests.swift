// SPDX-License-Identifier: Apache-2.0
// `sealwire ca` as a program: its words, many of it at once, and what a kill leaves behind.

import Foundation
import SealPKI
import Testing

/// A folder with an authority, and shells in it.
private final class Works {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "seal-works-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        #expect(try shell("$S ca init ca --cn Root --no-passphrase --counted-serials").code == 0)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Runs a script in which `$S` is our program and `$O` openssl's on the same folder.
    func shell(_ script: String) throws -> (code: Int32, text: String) {
        let (process, pipe) = try start(script)
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// The certificates in folders; files that a kill left empty are passed over.
    func certificates(
        in folders: [String]
    ) throws -> [(file: String, certificate: Certificate)] {
        try folders.flatMap { folder in
            try Files.names(in: "\(path)/\(folder)").compactMap { name in
                let isNumbered = name.hasSuffix(".pem") && !name.hasSuffix(".chain.pem")
                guard isNumbered || name.hasSuffix(".crt") else { return nil }
                let bytes = try Files.read("\(path)/\(folder)/\(name)")
                return bytes.isEmpty ? nil : (name, try Certificate(pem: bytes))
            }
        }
    }

    func start(_ script: String) throws -> (Process, Pipe) {
        let process = Process()
        // The threads of a test block signals; a shell that inherits that waits for ever.
        process.executableURL = URL(filePath: "/usr/bin/perl")
        let unblock = "use POSIX; sigprocmask(SIG_SETMASK, POSIX::SigSet->new()); exec @ARGV"
        process.arguments = ["-e", unblock, "/bin/sh", "-c", script]
        process.currentDirectoryURL = URL(filePath: path)
        process.environment = [
            "S": Paths.program, "O": "openssl ca -config ca/caConfig.cnf -batch",
            "PATH": "/usr/bin:/bin", "HOME": path,
        ]
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return (process, pipe)
    }
}

@Suite("sealwire ca")
struct AuthorityCommandTests {
    private let works: Works

    init() throws { works = try Works() }

    private func expect(
        _ script: String,
        code: Int32 = 0,
        _ parts: String...,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        let (found, text) = try works.shell(script)
        #expect(found == code, "\(script): \(text)", sourceLocation: location)
        for part in parts {
            #expect(text.contains(part), "\(script): \(text)", sourceLocation: location)
        }
    }

    @Test("goes from nothing to devices, servers, a list and a renewed certificate")
    func story() throws {
        try expect("$S ca issue dev1 --ca ca", "dev1.crt", "dev1.chain.pem", "dev1.key")
        try expect("$S ca issue web --ca ca --profile server --san web.test --san 10.1.1.1 --out o")
        try expect(
            """
            openssl verify -purpose sslclient -CAfile ca/caCert.pem \\
                ca/deviceCertificates/dev1.crt &&
            openssl verify -purpose sslserver -verify_ip 10.1.1.1 -CAfile ca/caCert.pem o/web.crt
            """
        )
        try expect("stat -c %a o/web.key", "600")
        try expect("$S ca list --ca ca", "EXPIRES", "valid  1000    /CN=dev1")
        try expect("$S ca list --ca ca --json | wc -l", "2")
        try expect("$S ca status 1000 --ca ca", "1000 (decimal 4096)", "valid")
        try expect("$S ca status FFFF --ca ca", code: 1, "pki.unknown-certificate")
        try expect("$S ca renew web --ca ca --out o", "o/web.1002.crt", "1001 is revoked now")
        try expect("openssl verify -purpose sslserver -CAfile ca/caCert.pem o/web.1002.crt")
        try expect(
            "openssl x509 -in o/web.crt -noout -pubkey > a; "
                + "openssl x509 -in o/web.1002.crt -noout -pubkey | cmp a -"
        )
        try expect("$S ca renew 1000 --ca ca --new-key ed25519", "dev1.1003.key")
        try expect(
            "$S ca revoke --name web --ca ca --reason keyCompromise",
            "1002 revoked: /CN=web"
        )
        try expect("$S ca crl --ca ca", "3 revoked, number 1000")
        try expect("$O -status 1002 2>&1", code: 1, "1002=Revoked (R)")
        try expect(
            "openssl verify -crl_check -CAfile ca/caCert.pem -CRLfile ca/crl/caCrl.pem "
                + "o/web.1002.crt",
            code: 2,
            "error 23"
        )
    }

    @Test("refuses with a code, a sentence and exit code 1, and a bad command line with 64")
    func refusals() throws {
        try expect("$S ca issue a:b --ca ca", code: 1, "(pki.common-name-refused)")
        try expect("$S ca issue ../x --ca ca", code: 1, "cannot be the name of a file")
        try expect("$S ca issue x --ca ca && $S ca issue x --ca ca", code: 1, "(pki.file-exists)")
        try expect("$S ca issue x --ca ca --out o", code: 1, "(pki.subject-taken)", "hint:")
        try expect("$S ca issue --ca ca", code: 64, "give either one NAME or --from FILE")
        try expect("$S ca issue a b --ca ca", code: 64, "unexpected word 'b'")
        try expect("$S ca init n", code: 64, "--cn NAME is missing")
        try expect("$S ca revoke --ca ca", code: 64, "give one of SERIAL")
        try expect("$S ca issu", code: 64, "did you mean 'sealwire ca issue'")
        try expect("$S ca list --ca gone", code: 1, "there is no folder or file gone")
        try expect("$S ca init ca --cn x --no-passphrase", code: 1, "(pki.file-exists)")
        try expect("$S ca init n --cn x < /dev/null", code: 64, "no terminal to ask on")
        try expect(
            "echo key > dev.key; mkdir o2; mv dev.key o2; $S ca issue dev --ca ca --out o2",
            code: 1,
            "(pki.file-exists)"
        )
        try expect("cat o2/dev.key", "key")
    }

    @Test("keeps an encrypted key to itself and tells a wrong passphrase from a missing one")
    func passphrases() throws {
        try expect(
            "echo secret > p; $S ca init e --cn Enc --counted-serials "
                + "--passphrase-file p",
            "e/caCert.pem"
        )
        try expect("grep -c 'ENCRYPTED PRIVATE KEY' e/caKey.pem", "2")
        try expect("$S ca issue d --ca e --passphrase-file p")
        try expect(
            "W=wrong $S ca issue f --ca e --passphrase-env W; true",
            "(pki.passphrase-wrong)"
        )
        try expect("$S ca issue f --ca e", code: 64, "a passphrase is needed")
        try expect("$S ca revoke 1000 --ca e", "revoked")
        try expect(
            "W=another $S ca intermediate i --ca e --cn Line --passphrase-file p "
                + "--new-passphrase-env W",
            "i/intermediateCert.pem"
        )
        try expect("W=another $S ca issue g --ca i --passphrase-env W --key-passphrase-file p")
        try expect("openssl pkey -in i/deviceCertificates/g.key -passin pass:secret -noout")
        try expect("grep -c BEGIN i/deviceCertificates/g.chain.pem", "3")
    }

    @Test("signs requests, and names what it leaves out of them")
    func requests() throws {
        try expect(
            """
            openssl req -new -newkey rsa:2048 -nodes -keyout k -out r -subj /title=Dr/O=T/CN=q \\
                -addext subjectAltName=DNS:q.test 2>&1
            $S ca sign r --ca ca -o q.crt --chain q.chain 2>&1
            """,
            "title=Dr was left out"
        )
        try expect("openssl x509 -in q.crt -noout -ext subjectAltName", "DNS:q.test")
        try expect(
            "openssl req -new -key k -subj /CN=q2 -addext subjectAltName=DNS:q.test | "
                + "$S ca sign - --ca ca --copy-extensions none 2>&1",
            "subjectAltName was not taken",
            "BEGIN CERTIFICATE"
        )
    }

    @Test("issues many names with one line each, and goes on where it was stopped")
    func bulk() throws {
        try expect("(echo '# names'; seq -f dev-%g 1 700; echo a:b; echo dev-1; echo x/y) > names")
        try expect(
            "$S ca issue --from names --ca ca --out o --quiet > results; echo code $?",
            "code 1"
        )
        try expect(
            "cut -f 2 results | sort | uniq -c | tr -s ' '",
            " 1 exists\n 700 issued\n 2 refused"
        )
        try expect(
            "grep refused results",
            "pki.common-name-refused",
            "cannot be the name of a file"
        )
        // dev-1 stands twice: in the second group it is there already.
        try expect("ls o | wc -l", "2100")
        try expect("$S ca issue --from names --ca ca --out o 2>&1 | grep -c exists", "701")
        try expect("$O -updatedb; $O -status 12BB 2>&1; true", "12BB=Valid")
        try expect(
            "seq -f dev-%g 701 703 | $S ca issue --from - --ca ca --out o --json",
            "\"serial\":\"12BE\""
        )
    }

    @Test("200 at once give 200 different numbers, and a database that openssl reads")
    func parallel() throws {
        try expect(
            """
            for n in $(seq 200); do $S ca issue dev-$n --ca ca > /dev/null 2>> errors & done; wait
            cat errors
            cut -f 4 ca/database.txt | sort -u | wc -l; cat ca/serial
            ls ca/deviceCertificates/*.pem | grep -c '/1[0-9A-F]*.pem'
            """,
            "200\n10C8\n200\n"
        )
        try expect(
            "$O -updatedb 2>&1; for n in 1000 1050 10C7; do $O -status $n 2>&1; done; true",
            "10C7=Valid (V)",
            "1050=Valid"
        )
        try expect("$S ca list --ca ca --json --state valid | wc -l", "200")
        let made = try works.certificates(in: ["ca/deviceCertificates"])
        #expect(made.count == 400)
        #expect(Set(made.map(\.certificate.serial)).count == 200)
    }

    /// What is killed, in turns.
    private static let victims = [
        "issue kill-N --ca ca", "issue --from names-N --ca ca --out o",
        "revoke --name kept-N --ca ca",
        "renew kept-N --ca ca --out o", "crl --ca ca",
    ]

    @Test("200 kills at random moments never leave a folder that either program refuses")
    func kills() throws {
        try expect(
            "seq -f kept-%g 0 199 | $S ca issue --from - --ca ca --out kept.d --quiet | wc -l",
            "200"
        )
        try expect("for n in $(seq 0 199); do seq -f many-$n-%g 1 5 > names-$n; done")
        let seed = UInt64.random(in: 0 ... .max)
        var dice = Dice(state: seed)
        var killed = 0
        var usual: UInt64 = 0
        for number in 0..<200 {
            // Kills are aimed by how long a run takes here and now.
            if number % 20 == 0 {
                let begin = Date()
                try expect("$S ca issue measured-\(number) --ca ca", ".crt")
                usual = UInt64(max(10_000, Date().timeIntervalSince(begin) * 1_000_000))
            }
            let words = Self.victims[number % Self.victims.count]
                .replacing("N", with: String(number))
            let (process, _) = try works.start("exec $S ca \(words) > /dev/null 2>&1")
            usleep(UInt32(usual / 4 + dice.next() % usual))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if process.terminationReason == .uncaughtSignal { killed += 1 }
            guard number % 2 == 1 else { continue }
            let (code, text) = try works.shell(
                """
                $O -updatedb 2>&1 && $O -status 1000 2>&1 | grep -q 1000= &&
                    $S ca list --ca ca > /dev/null
                """
            )
            try #require(code == 0, "seed \(seed), after \(number): \(words): \(text)")
        }
        #expect(killed > 5, "seed \(seed): only \(killed) were killed")
        // It still signs, no number stands twice, and every certificate has its row.
        try expect("$S ca issue last --ca ca 2>&1 && $O -gencrl -out l.crl 2>&1", "last.crt")
        let (_, text) = try works.shell(
            "cut -f 4 ca/database.txt | sort | uniq -d; cat ca/database.txt.pending 2>/dev/null"
        )
        #expect(text.isEmpty, "seed \(seed): \(text)")
        let rows = try LocalAuthority(works.path + "/ca").rows()
        let known = Set(rows.map(\.serial.hexadecimal))
        for (file, certificate) in try works.certificates(in: ["ca/deviceCertificates", "o"]) {
            #expect(known.contains(certificate.serial), "seed \(seed): no row for \(file)")
        }
    }
}

/// Numbers from a seed (SplitMix64).
private struct Dice {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed &>> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed &>> 31)
    }
}
