// SPDX-License-Identifier: Apache-2.0
// The built `sealwired`, run as people run it, with mosquitto's clients and OpenSSL's tools.

import Foundation
import Glibc
import SealPKI
import Testing

@testable import SealServer
@testable import Stage

@Suite("The sealwired command", .serialized)
struct DaemonCommandTests {
    private let folder: TestFolder
    private var file: String { "\(folder.path)/sealwire.conf" }

    init() throws {
        folder = try TestFolder()
        try folder.issue("server")
    }

    /// A configuration with TLS, a plain listener and metrics, all on free ports.
    private func configure(_ more: String = "", tls: String = "anonymous = true") throws {
        try folder.write(
            "sealwire.conf",
            """
            [[listener]]
            name = "mqtts"
            bind = ["127.0.0.1"]
            port = 0
            certificate = "server.crt"
            key = "server.key"
            \(tls)

            [[listener]]
            name = "plain"
            bind = ["127.0.0.1"]
            port = 0
            tls = false
            anonymous = true

            [metrics]
            port = 0
            \(more)
            """
        )
    }

    private func client(_ name: String, _ port: Int?, _ flags: String...) throws -> Program {
        // Line by line, although nobody looks at a terminal.
        try Program("/usr/bin/stdbuf", ["-oL", name] + (try arguments(port, flags)))
    }

    private func arguments(_ port: Int?, _ flags: [String]) throws -> [String] {
        let port = try #require(port)
        return ["-h", "localhost", "-p", "\(port)", "--cafile", "\(folder.path)/ca.crt"] + flags
    }

    /// The fingerprint of what the port shows, in OpenSSL's eyes.
    private func shownFingerprint(_ port: Int?) throws -> String {
        let port = try #require(port)
        let shown = try Program.run(
            "/bin/sh",
            [
                "-c",
                "openssl s_client -connect 127.0.0.1:\(port) </dev/null 2>/dev/null"
                    + " | openssl x509 -noout -fingerprint -sha256",
            ]
        )
        let text = shown.output.split(separator: "=").last ?? ""
        return text.filter(\.isHexDigit).lowercased()
    }

    // MARK: Running

    @Test("one line on standard output says where everything listens, and TERM ends it well")
    func readyLine() throws {
        try configure()
        let (program, ports) = try Program.serve(file)
        #expect(Set(ports.keys) == ["mqtts", "plain", "metrics"])
        let subscriber = try client(
            "mosquitto_sub",
            ports["mqtts"],
            "-t",
            "a/#",
            "-v",
            "-C",
            "1",
            "-d"
        )
        _ = try subscriber.line { $0.contains("SUBACK") }
        let sent = try Program.run(
            "/usr/bin/mosquitto_pub",
            arguments(ports["mqtts"], ["-t", "a/b", "-m", "hello", "-q", "1"])
        )
        #expect(sent.code == 0)
        #expect(try subscriber.line { $0 == "a/b hello" } == "a/b hello")
        program.signal(SIGTERM)
        let end = program.finish()
        #expect(end.code == 0)
        #expect(end.output.isEmpty)
        #expect(end.errors.contains(#""event":"daemon.ready""#))
    }

    private static let hasIPv6 = FileManager.default.fileExists(atPath: "/proc/net/if_inet6")

    @Test("IPv6 is spoken as well as IPv4", .enabled(if: hasIPv6))
    func addressesOfBothKinds() throws {
        try configure()
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try folder.write("sealwire.conf", text.replacing("127.0.0.1", with: "::1"))
        let (program, ports) = try Program.serve(file)
        let port = try #require(ports["plain"])
        let sent = try Program.run(
            "/usr/bin/mosquitto_pub",
            ["-h", "::1", "-p", "\(port)", "-t", "a", "-m", "b", "-q", "1"]
        )
        #expect(sent.code == 0)
        _ = try program.errorLine { $0.contains(#""peer":"[::1]:"#) }
    }

    @Test("a bad configuration ends with 78, the place, a hint and a code")
    func badConfiguration() throws {
        try folder.write("sealwire.conf", "[[listener]]\nname = \"a\"\nportt = 1\n")
        let end = try Program.run(Program.daemon, ["run", "--config", file])
        #expect(end.code == 78)
        #expect(end.errors.contains("\(file):3:1: "))
        #expect(end.errors.contains("hint: did you mean port?"))
        #expect(end.errors.contains("code: SW-0111"))
        #expect(end.output.isEmpty)
        let missing = try Program.run(Program.daemon, ["run", "--config", "\(file).not"])
        #expect(missing.code == 78)
    }

    @Test("a bad certificate is found at the line that names it, by run and by config check")
    func badCertificate() throws {
        try configure()
        try folder.write("server.crt", "nothing")
        for words in [["run", "--config", file], ["config", "check", file]] {
            let end = try Program.run(Program.daemon, words)
            #expect(end.code == 78)
            #expect(end.errors.contains("\(file):5:15: listener mqtts: tls.malformed"))
        }
    }

    @Test("the environment wins over the file; what is wrong there is 78 too")
    func environment() throws {
        try configure()
        let (program, ports) = try Program.serve(
            file,
            environment: ["SEALWIRE_METRICS_ENABLED": "false"]
        )
        #expect(Set(ports.keys) == ["mqtts", "plain"])
        program.signal(SIGINT)
        #expect(program.finish().code == 0)
        let end = try Program.run(
            Program.daemon,
            ["run", "--config", file],
            environment: ["SEALWIRE_LIMITS_PACKET_BYTES": "many"]
        )
        #expect(end.code == 78)
        #expect(end.errors.contains("SEALWIRE_LIMITS_PACKET_BYTES"))
    }

    @Test("a port that somebody has is 69 with a hint, even when it is another sealwired's")
    func takenPort() throws {
        try configure()
        let (program, ports) = try Program.serve(file)
        let port = try #require(ports["plain"])
        let end = try Program.run(
            Program.daemon,
            ["run", "--config", file],
            environment: ["SEALWIRE_LISTENER_PLAIN_PORT": "\(port)"]
        )
        #expect(end.code == 69)
        #expect(end.errors.contains("listener plain"))
        #expect(end.errors.contains("hint: another program has port \(port)"))
        program.signal(SIGTERM)
        #expect(program.finish().code == 0)
    }

    @Test(
        "unknown words and flags are 64 with a suggestion",
        arguments: [
            (["rum"], "did you mean sealwired run?"),
            (["run", "--confg", "x"], "did you mean --config?"),
            (["config", "defualt"], "did you mean sealwired config default?"),
            (["run"], "sealwired run --help"),
            (["run", "--config", "x", "y"], "sealwired run --help"),
            (["dev", "--port", "70000"], "a port is a number from 0 to 65535"),
            (
                ["import", "nginx.conf", "a", "-o", "b"],
                "sealwired import mosquitto.conf IN -o OUT"
            ),
            ([], "sealwired --help"),
        ] as [([String], String)]
    )
    func usage(words: [String], hint: String) throws {
        let end = try Program.run(Program.daemon, words)
        #expect(end.code == 64)
        #expect(end.errors.contains("hint: \(hint)"))
        #expect(end.output.isEmpty)
    }

    @Test("every command explains itself with its exit codes")
    func help() throws {
        for words in [[], ["run"], ["dev"], ["config"], ["import"]] {
            let end = try Program.run(Program.daemon, words + ["--help"])
            #expect(end.code == 0)
            #expect(end.output.contains("EXIT CODES"))
            #expect(end.output.contains("EXAMPLES"))
        }
        let version = try Program.run(Program.daemon, ["--version"])
        #expect(version.output == "sealwired \(Version.text)\n")
    }

    @Test("the default file passes its own check once its files are there")
    func defaultFile() throws {
        let text = try Program.run(Program.daemon, ["config", "default"]).output
        try folder.write("passwords", TestFolder.password("ann", "one"))
        try folder.write(
            "sealwire.conf",
            text.replacingOccurrences(of: "/etc/sealwire/", with: "\(folder.path)/")
        )
        let end = try Program.run(Program.daemon, ["config", "check", file])
        #expect(end.code == 0)
        #expect(end.output == "\(file): ok\n")
    }

    @Test("config diff says for each key whether a reload is enough")
    func difference() throws {
        try configure()
        let old = try String(contentsOfFile: file, encoding: .utf8)
        try folder.write(
            "new.conf",
            old.replacingOccurrences(of: "[metrics]\nport = 0", with: "[metrics]\nport = 9000")
                + "\n[limits]\nconnections = 10\n"
        )
        let end = try Program.run(
            Program.daemon,
            ["config", "diff", file, "\(folder.path)/new.conf"]
        )
        #expect(end.code == 0)
        #expect(end.output.contains("limits.connections: 100000 -> 10 (applies now)"))
        #expect(end.output.contains("metrics.port: 0 -> 9000 (needs restart)"))
    }

    // MARK: Reload

    @Test("HUP takes a new certificate without dropping anybody; a bad pair changes nothing")
    func certificateSwap() throws {
        try configure("[reload]\nwatch-files = false")
        let (program, ports) = try Program.serve(file)
        let port = ports["mqtts"]
        let subscriber = try client("mosquitto_sub", port, "-t", "a", "-C", "1", "-d")
        _ = try subscriber.line { $0.contains("SUBACK") }
        let before = try shownFingerprint(port)

        let renewed = try folder.issue("server").fingerprint.description
        program.signal(SIGHUP)
        _ = try program.errorLine { $0.contains("config.reloaded") }
        #expect(before != renewed)
        #expect(try shownFingerprint(port) == renewed)

        try folder.issue("other")
        try folder.write("server.key", Files.read("\(folder.path)/other.key"))
        program.signal(SIGHUP)
        _ = try program.errorLine {
            $0.contains("config.refused") && $0.contains("tls.key-mismatch")
        }
        _ = try program.errorLine {
            $0.contains("tls.in-use") && $0.contains(renewed) && $0.contains("not_after")
        }
        #expect(try shownFingerprint(port) == renewed)

        try folder.write("sealwire.conf", "nonsense")
        program.signal(SIGHUP)
        _ = try program.errorLine {
            $0.contains("config.refused") && $0.contains("sealwire.conf:1:")
        }
        let sent = try Program.run(
            "/usr/bin/mosquitto_pub",
            arguments(port, ["-t", "a", "-m", "still here"])
        )
        #expect(sent.code == 0)
        _ = try subscriber.line { $0 == "still here" }
        program.signal(SIGTERM)
        #expect(program.finish().code == 0)
    }

    @Test("a certificate that changes on disk is taken without a signal")
    func watchedCertificate() throws {
        try configure()
        let (program, ports) = try Program.serve(file)
        let renewed = try folder.issue("server").fingerprint.description
        _ = try program.errorLine { $0.contains("tls.in-use") && $0.contains(renewed) }
        _ = try program.errorLine { $0.contains("config.reloaded") }
        #expect(try shownFingerprint(ports["mqtts"]) == renewed)
    }

    @Test("a revocation list replaced on disk counts for new handshakes")
    func revocation() throws {
        let device = try folder.issue("device", .device)
        try folder.write("list.pem", folder.authority.revocationList(revoking: []).pem)
        try configure(
            tls: """
                client-certificates = "require"
                trust-files = ["ca.crt"]
                crl-files = ["list.pem"]
                identity = "cn"
                """
        )
        let (program, ports) = try Program.serve(file)
        let flags = [
            "--cert", "\(folder.path)/device.crt", "--key", "\(folder.path)/device.key",
            "-t", "a", "-m", "b",
        ]
        let port = ports["mqtts"]
        #expect(try Program.run("/usr/bin/mosquitto_pub", arguments(port, flags)).code == 0)
        let list = try folder.authority.revocationList(revoking: [device.serial])
        try folder.write("list.pem", list.pem)
        _ = try program.errorLine { $0.contains("config.reloaded") }
        #expect(try Program.run("/usr/bin/mosquitto_pub", arguments(port, flags)).code != 0)
        _ = try program.errorLine {
            $0.contains("handshake.refused") && $0.contains("revoked")
        }
    }

    // MARK: Ending

    @Test("TERM says 0x8B to MQTT 5 clients; a second one does not wait")
    func drain() throws {
        try configure("[drain]\nseconds = 60\n[limits]\nconnect-seconds = 300")
        let (program, ports) = try Program.serve(file)
        let port = try #require(ports["plain"])
        let client = try WireClient(port)
        #expect(client.connectMQTT("a") == 0)
        // Somebody who never says anything would hold the drain up for its whole time.
        let silent = try WireClient(port)
        program.signal(SIGTERM)
        #expect(client.disconnectCode() == 0x8B)
        #expect(client.receiveAll().isEmpty)
        #expect(program.process.isRunning)
        let metrics = try #require(ports["metrics"])
        let health = try WireClient.get(metrics, "/health/ready")
        #expect(health.hasPrefix("HTTP/1.1 503"))
        #expect(health.contains("Retry-After: 5"))
        #expect(health.contains("health.draining"))
        #expect(try WireClient.get(metrics, "/health/live").hasPrefix("HTTP/1.1 200"))
        program.signal(SIGTERM)
        #expect(program.finish().code == 0)
        #expect(silent.receiveAll().isEmpty)
    }

    @Test(
        "the limit of open files is raised; when it is not enough the log says so",
        arguments: [("-n", true), ("-Sn", false)]
    )
    func descriptors(flag: String, isWarned: Bool) throws {
        try configure("[limits]\nconnections = 400")
        let program = try Program(
            "/bin/sh",
            ["-c", "ulimit \(flag) 300; exec '\(Program.daemon)' run --config '\(file)'"]
        )
        _ = try program.line { $0.hasPrefix("ready") }
        program.signal(SIGTERM)
        let end = program.finish()
        #expect(end.errors.contains("limits.descriptors") == isWarned)
        #expect(end.errors.contains("LimitNOFILE") == isWarned)
    }

    @Test("the supervisor is told: ready, alive, reloading, stopping")
    func supervisor() throws {
        try configure()
        let socket = try NotifySocket("\(folder.path)/notify")
        let (program, ports) = try Program.serve(
            file,
            environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "200000"]
        )
        let ready = try #require(socket.next { $0.hasPrefix("READY=1") })
        #expect(ready.contains("mqtts=tls:127.0.0.1:\(ports["mqtts"] ?? 0)"))
        #expect(socket.next { $0 == "WATCHDOG=1" } != nil)
        program.signal(SIGHUP)
        let reloading = try #require(socket.next { $0.hasPrefix("RELOADING=1") })
        #expect(reloading.contains("MONOTONIC_USEC="))
        #expect(socket.next { $0.hasPrefix("READY=1") } != nil)
        program.signal(SIGTERM)
        #expect(socket.next { $0.hasPrefix("STOPPING=1") } != nil)
        #expect(program.finish().code == 0)
    }
}

/// The supervisor's end of sd_notify.
private final class NotifySocket {
    let path: String
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = MemoryLayout.size(ofValue: address.sun_path)
        try #require(path.utf8.count < fits)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    deinit { close(descriptor) }

    func next(_ suits: (String) -> Bool) -> String? {
        while true {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return nil }
            let text = String(decoding: bytes[..<count], as: UTF8.self)
            if suits(text) { return text }
        }
    }
}
