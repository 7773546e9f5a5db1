// SPDX-License-Identifier: Apache-2.0
// The daemon that all stories talk to, in this process, and running commands against it.

import Foundation
import SealPKI
import SealServer
import SealTelemetry

/// One daemon for all stories; topics of their own keep them apart.
final class Broker: Sendable {
    static let shared = Result { try Broker() }

    let folder: String
    private let daemon: Daemon

    private init() throws {
        let folder = NSTemporaryDirectory() + "seal-command-\(UUID().uuidString)"
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder + "/home",
            withIntermediateDirectories: true
        )
        try Self.makeFiles(folder)
        var configuration = Configuration()
        configuration.metrics.isEnabled = false
        configuration.reload.watchesFiles = false
        configuration.shards.count = 1
        configuration.listeners = ["port", "tls", "mtls", "closed"].map { (name: String) in
            var listener = ListenerSettings()
            listener.name = name
            listener.bind = ["127.0.0.1"]
            listener.port = 0
            listener.isTLS = name.hasSuffix("tls")
            listener.allowsAnonymous = name == "port" || name == "tls"
            if listener.isTLS {
                listener.certificate = folder + "/server.crt"
                listener.key = folder + "/server.key"
            }
            if name == "mtls" {
                listener.clientCertificates = .require
                listener.trustFiles = [folder + "/ca.crt"]
                listener.identity = .commonName
            }
            return listener
        }
        daemon = try Daemon(configuration, logger: .silent())
    }

    private static func makeFiles(_ folder: String) throws {
        let authority = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Test CA")
        )
        let other = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Other CA")
        )
        let server = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "localhost"),
                names: SubjectNames(dns: ["localhost"]),
                purpose: .server,
                days: 2
            )
        )
        let device = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "device-1"),
                purpose: .device,
                days: 2
            )
        )
        try Files.write(authority.certificate.pem, to: folder + "/ca.crt")
        try Files.write(other.certificate.pem, to: folder + "/other.crt")
        for (name, identity) in [("server", server), ("device", device)] {
            try Files.write(identity.certificate.pem, to: "\(folder)/\(name).crt")
            try Files.write(identity.key.pem(), to: "\(folder)/\(name).key")
        }
        try Files.write(Array("from a file".utf8), to: folder + "/message")
        try makeStores(folder, authority, device)
    }

    /// The device in JKS with two passwords and in PKCS #12, the authority as a truststore.
    private static func makeStores(
        _ folder: String,
        _ authority: CertificateAuthority,
        _ device: Identity
    ) throws {
        let secrets = [("store", "store-secret"), ("key", "key-secret")]
        for (name, secret) in secrets {
            try Files.write(Array("\(secret)\n".utf8), to: "\(folder)/\(name).pass", mode: 0o600)
        }
        var keys = Keystore()
        let content = KeystoreEntry.Content.key(.open(device.key), chain: [device.certificate])
        try keys.add(KeystoreEntry(alias: "devicekeyentry", created: nil, content: content))
        var trust = Keystore()
        let root = KeystoreEntry.Content.trusted(authority.certificate)
        try trust.add(KeystoreEntry(alias: "ca", created: nil, content: root))
        let password = Array("store-secret".utf8)
        try Files.write(
            keys.written(as: .jks, password: password, keyPassword: Array("key-secret".utf8)),
            to: folder + "/device.jks"
        )
        for format in KeystoreFormat.allCases {
            let name = "\(folder)/trust.\(format.rawValue)"
            try Files.write(trust.written(as: format, password: password), to: name)
        }
        try Files.write(keys.written(as: .pkcs12, password: password), to: folder + "/device.p12")
        try Files.write(
            device.key.pem(passphrase: Array("key-secret".utf8)),
            to: folder + "/enc.key"
        )
    }

    func port(_ name: String) -> String {
        daemon.ports.first { $0.name == name }.map { String($0.port) } ?? "0"
    }

    /// What the words in braces stand for, for one run of a story.
    func words(_ run: String) -> [String: String] {
        var words = [
            "t": run, "1": String(run.prefix(1)), "id": "id-\(run)", "folder": folder,
            "file": folder + "/message", "version": "0.1.0",
        ]
        for name in ["port", "tls", "mtls", "closed"] { words[name] = port(name) }
        return words
    }
}

/// What a command came to.
struct Outcome: Sendable {
    var output: String
    var errors: String
    var exitCode: Int32
}

enum Shell {
    /// Runs a program to its end, which is forced after 20 seconds.
    static func run(
        _ program: String,
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) throws -> Outcome {
        let process = Process()
        // The threads of a test block signals, which a child would inherit: no SIGALRM, no -W.
        process.executableURL = URL(fileURLWithPath: "/usr/bin/perl")
        let unblock = "use POSIX; sigprocmask(SIG_SETMASK, POSIX::SigSet->new()); exec @ARGV"
        process.arguments =
            ["-e", unblock, "/usr/bin/timeout", "-k", "1", "20", program] + arguments
        let home = try Broker.shared.get().folder + "/home"
        process.environment = ["HOME": home, "PATH": "/usr/bin:/bin", "TZ": "UTC"]
            .merging(environment) { $1 }
        let pipes = (input: Pipe(), output: Pipe(), errors: Pipe())
        process.standardInput = pipes.input
        process.standardOutput = pipes.output
        process.standardError = pipes.errors
        try process.run()
        try? pipes.input.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try? pipes.input.fileHandleForWriting.close()
        let output = pipes.output.fileHandleForReading.readDataToEndOfFile()
        let errors = pipes.errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(
            output: String(decoding: output, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self),
            exitCode: process.terminationStatus
        )
    }

    /// Words as a shell splits them: blanks, and single quotes that keep them.
    static func split(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var isQuoted = false
        for character in line {
            if character == "'" {
                isQuoted.toggle()
                word = word ?? ""
            } else if character == " ", !isQuoted {
                if let done = word { words.append(done) }
                word = nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        if let done = word { words.append(done) }
        return words
    }

    /// Puts words in place of their names in braces.
    static func fill(_ text: String, _ words: [String: String]) -> String {
        var text = text
        for (name, value) in words {
            text = text.replacingOccurrences(of: "{\(name)}", with: value)
        }
        return text
    }
}
