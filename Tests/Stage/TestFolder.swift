// SPDX-License-Identifier: Apache-2.0
// A folder of its own for each test, with an authority and whatever it is asked to issue.

import Foundation
import SealPKI

/// A folder that goes away with the test.
final class TestFolder {
    let path: String
    let authority: CertificateAuthority

    init() throws {
        path = NSTemporaryDirectory() + "sealwire-test-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
        authority = try .makeRoot(subject: DistinguishedName(commonName: "Test CA"))
        try write("ca.crt", authority.certificate.pem)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Files.write(bytes, to: "\(path)/\(name)", mode: 0o600)
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    /// Issues NAME.crt and NAME.key.
    @discardableResult
    func issue(
        _ name: String,
        _ purpose: CertificatePurpose = .server,
        days: Int = 30
    ) throws -> Certificate {
        let identity = try authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: name),
                names: purpose == .server
                    ? SubjectNames(dns: ["localhost"], addresses: ["127.0.0.1"])
                    : SubjectNames(),
                purpose: purpose,
                days: days
            )
        )
        try write("\(name).key", identity.key.pem())
        try write("\(name).crt", identity.certificate.pem)
        return identity.certificate
    }

    /// A password file's line.
    static func password(_ user: String, _ password: String) throws -> String {
        "\(user):\(try Passwords.makePBKDF2(Array(password.utf8), iterations: 1000))\n"
    }
}
