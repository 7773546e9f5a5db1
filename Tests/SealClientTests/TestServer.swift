// SPDX-License-Identifier: Apache-2.0
// A daemon in this process, on free ports of loopback, with certificates made for it.

import Foundation
import SealClient
import SealPKI
import SealServer
import SealTelemetry

/// A daemon and what its clients need.
final class TestServer: Sendable {
    let folder: String
    let daemon: Daemon

    /// Starts a daemon with the listeners `plain`, `tls`, `mtls` and `closed`, the last of which
    /// lets nobody in.
    init(plainPort: Int = 0, _ change: (inout Configuration) -> Void = { _ in }) throws {
        let folder = NSTemporaryDirectory() + "seal-client-\(UUID().uuidString)"
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        try Self.makeCertificates(folder)
        var configuration = Configuration()
        configuration.metrics.isEnabled = false
        configuration.reload.watchesFiles = false
        configuration.shards.count = 1
        configuration.drain.seconds = 1
        configuration.listeners = ["plain", "tls", "mtls", "closed"].map { (name: String) in
            var listener = ListenerSettings()
            listener.name = name
            listener.bind = ["127.0.0.1"]
            listener.port = name == "plain" ? plainPort : 0
            listener.isTLS = name != "plain"
            listener.allowsAnonymous = name != "closed" && name != "mtls"
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
        change(&configuration)
        daemon = try Daemon(configuration, logger: .silent())
    }

    deinit {
        daemon.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func makeCertificates(_ folder: String) throws {
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
    }

    func port(_ name: String) throws -> UInt16 {
        guard let found = daemon.ports.first(where: { $0.name == name }) else {
            throw CocoaError(.fileNoSuchFile)
        }
        return found.port
    }

    /// What a client of a listener is told.
    func settings(
        _ listener: String = "tls",
        _ change: (inout MQTTClientSettings) -> Void = { _ in }
    ) throws -> MQTTClientSettings {
        var settings = MQTTClientSettings(host: "localhost", port: try port(listener), tls: nil)
        if listener != "plain" {
            var tls = TLSClientSettings()
            tls.trustFiles = [folder + "/ca.crt"]
            if listener == "mtls" {
                tls.identity = .files(
                    TLSIdentityFiles(
                        chainFile: folder + "/device.crt",
                        keyFile: folder + "/device.key"
                    )
                )
            }
            settings.tls = tls
        }
        settings.connectSecondsMax = 10
        change(&settings)
        return settings
    }

    func client(
        _ listener: String = "tls",
        _ change: (inout MQTTClientSettings) -> Void = { _ in }
    ) async throws -> MQTTClient {
        let client = try MQTTClient(settings(listener, change))
        try await client.connect()
        return client
    }
}
