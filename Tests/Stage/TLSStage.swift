// SPDX-License-Identifier: Apache-2.0
// The other stage: a daemon in this process, and clients that speak TLS with it over loopback.

import Foundation
import Glibc
import SealNet
import SealPKI
import SealTelemetry
import Testing

@testable import SealServer

/// A daemon on a free port of loopback.
final class TLSStage {
    private let daemon: Daemon

    init(shards: Int) {
        var configuration = Configuration()
        var listener = ListenerSettings()
        listener.name = "mqtts"
        listener.bind = ["127.0.0.1"]
        listener.port = 0
        listener.certificate = TLSHouse.shared.certificate
        listener.key = TLSHouse.shared.key
        listener.allowsAnonymous = true
        listener.topicAliasMaximum = 32
        configuration.listeners = [listener]
        configuration.metrics.port = 0
        configuration.shards.count = shards
        configuration.limits.topicAliases = 32

        configuration.limits.sessionExpirySecondsMax = Int(UInt32.max)
        do {
            daemon = try Daemon(configuration, logger: .silent())
        } catch {
            preconditionFailure("the daemon does not start: \(error)")
        }
    }

    deinit { daemon.stop() }

    func open() -> TLSLine {
        guard let line = TLSLine(daemon.ports[0].port, TLSHouse.shared.context) else {
            preconditionFailure("no connection to the daemon")
        }
        return line
    }
}

/// An authority and a certificate for all stages of this process.
private final class TLSHouse: Sendable {
    static let shared = TLSHouse()

    let certificate: String
    let key: String
    let context: TLSClientContext

    private init() {
        let folder = NSTemporaryDirectory() + "sealwire-wire-" + UUID().uuidString
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true
            )
            let authority = try CertificateAuthority.makeRoot(
                subject: DistinguishedName(commonName: "Wire CA")
            )
            let identity = try authority.issue(
                CertificateOrder(
                    subject: DistinguishedName(commonName: "localhost"),
                    names: SubjectNames(dns: ["localhost"], addresses: ["127.0.0.1"]),
                    purpose: .server,
                    days: 30
                )
            )
            certificate = "\(folder)/server.crt"
            key = "\(folder)/server.key"
            let root = "\(folder)/ca.crt"
            try Files.write(identity.certificate.pem, to: certificate, mode: 0o600)
            try Files.write(identity.key.pem(), to: key, mode: 0o600)
            try Files.write(authority.certificate.pem, to: root, mode: 0o600)
            var settings = TLSClientSettings()
            settings.trustFiles = [root]
            context = try TLSClientContext.load(settings)
        } catch {
            preconditionFailure("no certificate for the stage: \(error)")
        }
    }
}

/// A client's connection over TLS; it blocks, and waits a moment before it says "nothing came".
final class TLSLine: Line {
    private let descriptor: Int32
    private let stream: TLSStream
    private let buffers: TLSBuffers
    private var received: [UInt8] = []
    private(set) var isClosed = false

    init?(_ port: UInt16, _ context: TLSClientContext) {
        guard let stream = context.makeStream(host: "localhost"), let buffers = TLSBuffers() else {
            return nil
        }
        self.stream = stream
        self.buffers = buffers
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let outcome = withUnsafePointer(to: &address) { place in
            place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard outcome == 0, handshake() else { return nil }
    }

    deinit { if !isClosed { close(descriptor) } }

    private func handshake() -> Bool {
        var input: [UInt8] = []
        while true {
            let step = input.withUnsafeBytes { stream.handshake($0, using: buffers) }
            flush()
            switch step {
            case .done: return true
            case .refused: return false
            case .needsInput:
                guard let more = receive(milliseconds: 5000), !more.isEmpty else { return false }
                input = more
            }
        }
    }

    private func flush() {
        var bytes = Array(buffers.output)
        buffers.clearOutput()
        while !bytes.isEmpty {
            let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return }
            bytes.removeFirst(count)
        }
    }

    /// Ciphertext; empty at the end, nil when nothing comes in time.
    private func receive(milliseconds: Int32) -> [UInt8]? {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? Array(bytes[..<count]) : []
    }

    /// Takes in what comes within the time; false when nothing came.
    private func pull(milliseconds: Int32) -> Bool {
        guard !isClosed, let input = receive(milliseconds: milliseconds) else { return false }
        var rest = input
        var target = [UInt8](repeating: 0, count: 65_536)
        while true {
            let result = rest.withUnsafeBytes { source in
                target.withUnsafeMutableBytes { stream.read(source, into: $0, using: buffers) }
            }
            received += target[..<result.count]
            rest = []
            switch result.state {
            case .moreToRead: continue
            case .drained:
                if input.isEmpty { end() }
            case .closed, .failed: end()
            }
            flush()
            return true
        }
    }

    private func end() {
        guard !isClosed else { return }
        isClosed = true
        close(descriptor)
    }

    // MARK: Line

    func send(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        _ = bytes.withUnsafeBytes { stream.write($0, using: buffers) }
        flush()
        // Another client's next act must not overtake this one on its way through the shards.
        usleep(4000)
    }

    func take(atLeast count: Int) -> [UInt8] {
        while received.count < count, pull(milliseconds: 1000) {}
        while pull(milliseconds: 15) {}
        defer { received = [] }
        return received
    }

    func waitForEnd() { while pull(milliseconds: 1000) {} }

    func cut() {
        end()
        usleep(30_000)
    }
}
