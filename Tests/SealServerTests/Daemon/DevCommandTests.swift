// SPDX-License-Identifier: Apache-2.0
// From nothing to a message, and from a mosquitto.conf to a running broker: what a new user does
// first.

import Foundation
import Glibc
import SealPKI
import Testing

@testable import SealServer
@testable import Stage

@Suite("First steps by command", .serialized)
struct DevCommandTests {
    private let folder: TestFolder

    init() throws { folder = try TestFolder() }

    @Test("dev proves itself, and the lines it prints for mosquitto's clients work as they are")
    func printedLines() throws {
        let program = try Program(
            Program.daemon,
            ["dev", "--dir", "\(folder.path)/a b", "--port", "0", "--plain"]
        )
        let ready = try program.line { $0.hasPrefix("ready ") }
        #expect(Set(Program.ports(ready).keys) == ["mqtts", "api", "plain", "metrics"])
        // Nobody has put the debug build on PATH, so the lines name the program beside the daemon.
        let ours = try ["sub", "pub"].map { word in
            try program.line { $0.contains("\(Program.built("sealwire")) \(word) ") }
        }
        let theirs = try ["sub", "pub"].map { word in
            try program.line { $0.contains("mosquitto_\(word) ") }
        }
        for lines in [ours, theirs] {
            let subscriber = try Program("/bin/sh", ["-c", "exec stdbuf -oL \(lines[0]) -C 1 -d"])
            _ = try subscriber.line { $0.contains("SUBACK") }
            #expect(try Program.run("/bin/sh", ["-c", lines[1]]).code == 0)
            _ = try subscriber.line { $0 == "demo/hello hello" }
        }
        for name in ["ca.key", "server.key", "demo.key"] {
            let about = try FileManager.default.attributesOfItem(
                atPath: "\(folder.path)/a b/\(name)"
            )
            #expect(about[.posixPermissions] as? Int == 0o600)
        }
        // No certificate, no entry: there is no password that everybody knows.
        let nobody = try Program.run(
            "/usr/bin/mosquitto_pub",
            [
                "-h", "localhost", "-p", "\(Program.ports(ready)["mqtts"] ?? 0)", "--cafile",
                "\(folder.path)/a b/ca.crt", "-t", "a", "-m", "b",
            ]
        )
        #expect(nobody.code != 0)
        program.signal(SIGTERM)
        #expect(program.finish().code == 0)
    }

    @Test("a line to copy names the program as the shell finds it, otherwise by its path")
    func commandPlace() throws {
        for name in ["a/sealwired", "a/sealwire", "b/sealwire", "b/other"] {
            let path = "\(folder.path)/\(name)"
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true
            )
            try Data().write(to: URL(filePath: path))
            chmod(path, 0o755)
        }
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/c",
            withIntermediateDirectories: true
        )
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/c/sealwire",
            withDestinationPath: "\(folder.path)/a/sealwire"
        )
        func name(_ own: String, path: String...) -> String {
            let folders = path.map { "\(folder.path)/\($0)" }.joined(separator: ":")
            return CommandPlace.name(
                of: "sealwire",
                beside: own,
                ["PATH": folders, "PWD": "\(folder.path)/b"]
            )
        }
        let ours = "\(folder.path)/a/sealwire"
        #expect(name("\(folder.path)/a/sealwired") == ours)
        #expect(name("../a/./sealwired") == ours)
        #expect(name("../a/sealwired", path: "b", "a") == ours)
        #expect(name("../a/sealwired", path: "a", "b") == "sealwire")
        #expect(name("../a/sealwired", path: "none", "c") == "sealwire")
        #expect(name("sealwired", path: "b", "a") == ours)
        #expect(name("sealwired", path: "a") == "sealwire")
        // What is not there, or cannot be run, is not named.
        #expect(name("sealwired", path: "b") == "sealwire")
        chmod(ours, 0o644)
        #expect(name("\(folder.path)/a/sealwired") == "sealwire")
    }

    @Test("the certificate fetched from dev's port works as --cafile")
    func fetchedCertificate() throws {
        let dev = "\(folder.path)/dev"
        let program = try Program(Program.daemon, ["dev", "--dir", dev, "--port", "0"])
        let port = Program.ports(try program.line { $0.hasPrefix("ready ") })["mqtts"] ?? 0
        let fetch = try Program.run(
            "/bin/sh",
            [
                "-c",
                "openssl s_client -showcerts -connect localhost:\(port) </dev/null 2>/dev/null"
                    + " | sed -n '/-----BEGIN/,/-----END/p' > '\(folder.path)/fetched.pem'",
            ]
        )
        #expect(fetch.code == 0)
        let sent = try Program.run(
            "/usr/bin/mosquitto_pub",
            [
                "-h", "localhost", "-p", "\(port)", "--cafile", "\(folder.path)/fetched.pem",
                "--cert", "\(dev)/demo.crt", "--key", "\(dev)/demo.key", "-t", "a", "-m", "b",
            ]
        )
        #expect(sent.code == 0)
    }

    @Test("a second dev on the same port says so and names the flag")
    func takenPort() throws {
        let first = try Program(
            Program.daemon,
            ["dev", "--dir", "\(folder.path)/dev", "--port", "0"]
        )
        let port = Program.ports(try first.line { $0.hasPrefix("ready ") })["mqtts"] ?? 0
        let second = try Program.run(
            Program.daemon,
            ["dev", "--dir", "\(folder.path)/dev", "--port", "\(port)"]
        )
        #expect(second.code == 69)
        #expect(second.errors.contains("--port N"))
    }

    @Test("good certificates are kept, the server's is made anew before it ends")
    func renewal() throws {
        let demo = StarterFolder(path: "\(folder.path)/dev", devices: ["demo"])
        try demo.prepare()
        let first = try Files.read(demo.serverFile)
        let device = try Files.read(demo.deviceFile("demo"))
        #expect(try !demo.renew())
        try demo.prepare()
        #expect(try Files.read(demo.serverFile) == first)

        let authority = try CertificateAuthority(
            certificate: Certificate(pem: Files.read(demo.authorityFile)),
            key: PrivateKey(pem: Files.read(demo.authorityKeyFile))
        )
        let old = try Certificate(pem: first)
        for (days, isRenewed) in [(StarterFolder.renewalDays + 1, false), (29, true)] {
            let identity = try authority.issue(
                CertificateOrder(
                    subject: old.subject(),
                    names: old.subjectNames(),
                    purpose: .server,
                    days: days
                )
            )
            try Files.write(identity.certificate.pem, to: demo.serverFile)
            try Files.write(identity.key.pem(), to: demo.serverKeyFile, mode: 0o600)
            #expect(try demo.renew() == isRenewed)
        }
        let made = try Certificate(pem: Files.read(demo.serverFile))
        #expect(made.notAfter > Int64(time(nil)) + 80 * 86_400)
        #expect(try made.subjectNames().dns.contains("localhost"))
        #expect(try Files.read(demo.deviceFile("demo")) == device)
    }

    @Test("a mosquitto.conf with TLS, passwords and an ACL runs after its import")
    func importedConfiguration() throws {
        try folder.issue("server")
        let table = "\(folder.path)/passwd"
        for (user, flag) in [("ann", "-c"), ("bob", "")] {
            let made = try Program.run(
                "/usr/bin/mosquitto_passwd",
                ["-b"] + (flag.isEmpty ? [] : [flag]) + [table, user, "secret-\(user)"]
            )
            try #require(made.code == 0)
        }
        try folder.write("acl", "user ann\ntopic readwrite a/#\n\nuser bob\ntopic read a/#\n")
        try folder.write(
            "mosquitto.conf",
            """
            listener 18883 127.0.0.1
            cafile \(folder.path)/ca.crt
            certfile \(folder.path)/server.crt
            keyfile \(folder.path)/server.key
            allow_anonymous false
            password_file \(table)
            acl_file \(folder.path)/acl
            """
        )
        let file = "\(folder.path)/sealwire.conf"
        let done = try Program.run(
            Program.daemon,
            ["import", "mosquitto.conf", "\(folder.path)/mosquitto.conf", "-o", file]
        )
        #expect(done.code == 0)
        let (program, ports) = try Program.serve(
            file,
            environment: ["SEALWIRE_METRICS_PORT": "0", "SEALWIRE_LISTENER_PORT": "0"]
        )
        let port = try #require(ports.first { $0.key != "metrics" }?.value)
        let flags = ["-h", "localhost", "-p", "\(port)", "--cafile", "\(folder.path)/ca.crt"]
        let bob = try Program(
            "/usr/bin/stdbuf",
            ["-oL", "mosquitto_sub"] + flags + [
                "-u", "bob", "-P", "secret-bob", "-t", "a/b", "-C", "1", "-d",
            ]
        )
        _ = try bob.line { $0.contains("SUBACK") }
        func publish(_ user: String, _ password: String, _ text: String) throws -> Int32 {
            try Program.run(
                "/usr/bin/mosquitto_pub",
                flags + [
                    "-u", user, "-P", password, "-t", "a/b", "-m", text, "-q", "1", "-V", "5",
                ]
            ).code
        }
        #expect(try publish("bob", "secret-ann", "wrong password") != 0)
        _ = try program.errorLine { $0.contains("login.bad-password") }
        _ = try publish("bob", "secret-bob", "may not write")
        _ = try program.errorLine { $0.contains("access.refused") && $0.contains("bob") }
        #expect(try publish("ann", "secret-ann", "hello") == 0)
        #expect(try bob.line { !$0.hasPrefix("Client") && !$0.hasPrefix("Sub") } == "hello")
        program.signal(SIGTERM)
        #expect(program.finish().code == 0)
    }

    @Test("an import that loses who may connect ends with 78 and says what")
    func lossyImport() throws {
        try folder.write(
            "mosquitto.conf",
            "listener 1883 127.0.0.1\nauth_plugin /usr/lib/own.so\n"
        )
        let done = try Program.run(
            Program.daemon,
            ["import", "mosquitto.conf", "\(folder.path)/mosquitto.conf", "-o", "-"]
        )
        #expect(done.code == 78)
        #expect(done.errors.contains("mosquitto.conf:2: "))
        #expect(done.errors.contains("[decides who may connect]"))
        #expect(done.output.contains("[[listener]]"))
    }

    @Test("the system topics are there under mosquitto's names, and not where they are off")
    func systemTopics() throws {
        try folder.write(
            "sealwire.conf",
            """
            [[listener]]
            name = "open"
            bind = ["127.0.0.1"]
            port = 0
            tls = false
            anonymous = true

            [[listener]]
            name = "closed"
            bind = ["127.0.0.1"]
            port = 0
            tls = false
            anonymous = true
            sys-topics = "off"

            [metrics]
            enabled = false

            [sys]
            interval = 1
            """
        )
        let (program, ports) = try Program.serve("\(folder.path)/sealwire.conf")
        let topics = ["-t", "$SYS/#", "-v"]
        func flags(_ name: String) throws -> [String] {
            ["-h", "127.0.0.1", "-p", "\(try #require(ports[name]))"]
        }
        let reader = try Program("/usr/bin/mosquitto_sub", try flags("open") + topics)
        var seen: Set<String> = []
        _ = try reader.line { line in
            seen.insert(line)
            return line.hasPrefix("$SYS/broker/load/connections/1min ")
        }
        #expect(seen.contains("$SYS/broker/version sealwire version \(Version.text)"))
        #expect(seen.contains("$SYS/broker/clients/connected 1"))
        #expect(seen.contains { $0.hasPrefix("$SYS/broker/retained messages/count ") })
        let refused = try Program.run(
            "/usr/bin/mosquitto_sub",
            try flags("closed") + topics + ["-W", "2", "-V", "5"]
        )
        #expect(!refused.output.contains("$SYS/broker/"))
        program.signal(SIGTERM)
        #expect(program.finish().code == 0)
    }
}
