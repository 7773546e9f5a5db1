// SPDX-License-Identifier: Apache-2.0
// Listeners and clients with keystores instead of PEM files: mutual TLS, reloads, bad files.

import Foundation
import SealNet
import SealPKI
import Testing

@testable import SealServer
@testable import Stage

@Suite("A listener with a keystore")
struct KeystoreListenerTests {
    private let folder: TestFolder
    private let configuration: Configuration

    init() throws {
        folder = try TestFolder()
        try folder.write("store.pass", "store-secret\n")
        try folder.write("key.pass", "key-secret\n")
        var trust = Keystore()
        try trust.add(
            KeystoreEntry(
                alias: "ca",
                created: nil,
                content: .trusted(folder.authority.certificate)
            )
        )
        try folder.write("trust.p12", trust.written(as: .pkcs12, password: Self.secret))
        let folder = folder
        configuration = DaemonTests.configuration { all in
            all.listeners[0].isTLS = true
            all.listeners[0].keystore = "\(folder.path)/server.jks"
            all.listeners[0].keystoreAlias = "serveralias"
            all.listeners[0].keystorePasswordFile = "\(folder.path)/store.pass"
            all.listeners[0].keyPassphraseFile = "\(folder.path)/key.pass"
            all.listeners[0].truststore = "\(folder.path)/trust.p12"
            all.listeners[0].truststorePasswordFile = "\(folder.path)/store.pass"
            all.listeners[0].clientCertificates = .require
        }
    }

    private static let secret = Array("store-secret".utf8)

    /// Issues a certificate and puts it into a keystore.
    @discardableResult
    private func make(
        _ file: String,
        _ format: KeystoreFormat,
        _ alias: String,
        days: Int = 30
    ) throws -> Certificate {
        let certificate = try folder.issue(alias, alias == "device" ? .device : .server, days: days)
        let key = try PrivateKey(pem: Files.read("\(folder.path)/\(alias).key"))
        var store = Keystore()
        try store.add(
            KeystoreEntry(
                alias: alias,
                created: nil,
                content: .key(.open(key), chain: [certificate, folder.authority.certificate])
            )
        )
        let bytes = try store.written(
            as: format,
            password: Self.secret,
            keyPassword: format == .jks ? Array("key-secret".utf8) : nil
        )
        try folder.write(file, bytes)
        return certificate
    }

    /// The certificate that a client sees, whose own is in a keystore.
    private func visit(_ daemon: Daemon) throws -> Fingerprint? {
        var settings = TLSClientSettings()
        settings.truststores = [
            TruststoreSource(file: "\(folder.path)/trust.p12", password: .bytes(Self.secret))
        ]
        settings.identity = .keystore(
            KeystoreSource(file: "\(folder.path)/device.p12", password: .bytes(Self.secret))
        )
        let connection = try ProbeConnection(
            host: "127.0.0.1",
            port: UInt16(DaemonTests.port(daemon)),
            tls: TLSClientContext.load(settings),
            seconds: 10
        )
        // CONNECT of MQTT 3.1.1 with the client id "a": the listener is open to anybody known.
        try connection.send([0x10, 13, 0, 4, 0x4D, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 1, 0x61])
        #expect(try connection.receive() == [0x20, 2, 0, 0])
        return connection.peer?.certificate?.fingerprint
    }

    @Test("speaks mutual TLS, takes a new keystore, and keeps the old one when the new is bad")
    func reload() throws {
        let first = try make("server.jks", .jks, "serveralias")
        try make("device.p12", .pkcs12, "device")
        let daemon = try Daemon(configuration, logger: .silent())
        defer { daemon.stop() }
        #expect(try visit(daemon) == first.fingerprint)
        // PKCS #12 under a name in .jks, and the key under the store's password.
        let second = try make("server.jks", .pkcs12, "serveralias")
        #expect(daemon.reload(configuration))
        #expect(try visit(daemon) == second.fingerprint)
        let good = try Files.read("\(folder.path)/server.jks")
        for bad in [Array(good.dropLast(9)), Array("nonsense".utf8), []] {
            try folder.write("server.jks", bad)
            #expect(!daemon.reload(configuration))
            #expect(try visit(daemon) == second.fingerprint)
        }
        try folder.write("server.jks", good)
        try folder.write("store.pass", "another\n")
        #expect(!daemon.reload(configuration))
        #expect(try visit(daemon) == second.fingerprint)
    }

    @Test("answers to a further name with a further keystore")
    func secondIdentity() throws {
        let first = try make("server.jks", .jks, "serveralias")
        let other = try folder.authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "other"),
                names: SubjectNames(dns: ["other.example"]),
                purpose: .server,
                days: 30
            )
        )
        var store = Keystore()
        let content = KeystoreEntry.Content.key(.open(other.key), chain: [other.certificate])
        try store.add(KeystoreEntry(alias: "other", created: nil, content: content))
        try folder.write("other.p12", store.written(as: .pkcs12, password: Self.secret))
        var configuration = configuration
        var identity = ListenerIdentity()
        identity.keystore = "\(folder.path)/other.p12"
        identity.keystorePasswordFile = "\(folder.path)/store.pass"
        configuration.listeners[0].identities = [identity]
        let daemon = try Daemon(configuration, logger: .silent())
        defer { daemon.stop() }
        let port = DaemonTests.port(daemon)
        #expect(try seen(port, "other.example") == other.certificate.fingerprint.description)
        #expect(try seen(port, "localhost") == first.fingerprint.description)
        // Names of the settings stand for those in the certificate.
        configuration.listeners[0].identities[0].names = ["given.example"]
        #expect(daemon.reload(configuration))
        #expect(try seen(port, "given.example") == other.certificate.fingerprint.description)
        #expect(try seen(port, "other.example") == first.fingerprint.description)
    }

    /// The SHA-256 of the certificate that openssl is shown when it asks for a name.
    private func seen(_ port: Int, _ name: String) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        let ask =
            "openssl s_client -connect 127.0.0.1:\(port) -servername \(name) </dev/null 2>/dev/null"
        process.arguments = ["-c", "\(ask) | openssl x509 -outform der | sha256sum"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(String(decoding: bytes, as: UTF8.self).prefix(64))
    }

    @Test("whose file changes is read again without being told")
    func watched() throws {
        try make("server.jks", .jks, "serveralias")
        try make("device.p12", .pkcs12, "device")
        var configuration = configuration
        configuration.reload.watchesFiles = true
        let daemon = try Daemon(configuration, logger: .silent())
        defer { daemon.stop() }
        let second = try make("server.jks", .jks, "serveralias")
        let end = ContinuousClock.now + .seconds(20)
        while try visit(daemon) != second.fingerprint, ContinuousClock.now < end {
            Foundation.Thread.sleep(forTimeInterval: 0.2)
        }
        #expect(try visit(daemon) == second.fingerprint)
    }

    @Test("that is bad keeps the daemon from starting, and the file is named")
    func refused() throws {
        try folder.write("server.jks", "nonsense")
        let error = #expect(throws: DaemonError.self) {
            try Daemon(configuration, logger: .silent())
        }
        let problem = try #require(error?.problems.first)
        #expect(problem.file == "\(folder.path)/server.jks")
        #expect(problem.text.contains("neither a JKS nor a PKCS #12 keystore"))
    }
}
