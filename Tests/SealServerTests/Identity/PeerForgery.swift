// SPDX-License-Identifier: Apache-2.0
// Certificates that our own authority does not issue, made with openssl.

import Foundation
import SealPKI
import Testing

/// Issues odd certificates below an authority.
final class PeerForgery {
    private let folder: String

    convenience init(_ authority: CertificateAuthority) throws {
        try self.init(authority.certificate, authority.key)
    }

    private init(_ certificate: Certificate, _ key: PrivateKey) throws {
        folder = NSTemporaryDirectory() + "seal-forgery-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try write(certificate.pem, "ca.pem")
        try write(try key.pem(), "ca.key")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    private func made(
        key: String = "ec -pkeyopt ec_paramgen_curve:P-256",
        digest: String = "sha256",
        extensions: String = "subjectKeyIdentifier=hash"
    ) throws -> Certificate {
        try write(Array("authorityKeyIdentifier=keyid\n\(extensions)\n".utf8), "ext")
        let script = """
            openssl req -new -newkey \(key) -nodes -keyout k -out r -subj /CN=odd 2>/dev/null
            openssl x509 -req -in r -CA ca.pem -CAkey ca.key -set_serial 77 -\(digest) \
                -days 6000 -extfile ext -out c 2>/dev/null
            """
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/perl")
        let unblock = "use POSIX; sigprocmask(SIG_SETMASK, POSIX::SigSet->new()); exec @ARGV"
        process.arguments = ["-e", unblock, "/bin/sh", "-c", script]
        process.currentDirectoryURL = URL(filePath: folder)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let bytes = try Data(contentsOf: URL(filePath: "\(folder)/c"))
        return try Certificate(pem: [UInt8](bytes))
    }

    /// Without any usage, as many devices have them.
    func plain() throws -> Certificate { try made() }
    func weakKey() throws -> Certificate { try made(key: "rsa:1024") }
    func sha1() throws -> Certificate { try made(digest: "sha1") }
    func critical() throws -> Certificate { try made(extensions: "1.2.3.4=critical,ASN1:NULL") }

    /// A certificate that a device signed as if it were an authority.
    static func issue(by device: Identity, _ name: String) throws -> Certificate {
        try PeerForgery(device.certificate, device.key).plain()
    }
}
