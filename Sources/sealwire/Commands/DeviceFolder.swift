// SPDX-License-Identifier: Apache-2.0
// Many device certificates in one folder, for measurements: NAME.crt with NAME.key.

internal import Glibc
internal import SealPKI

/// A folder with devices' certificates and keys.
struct DeviceFolder {
    let path: String

    /// The names of the devices in it, in order.
    func names() throws -> [String] {
        let files = try Files.names(in: path).filter { $0.hasSuffix(".crt") }.sorted()
        guard !files.isEmpty else {
            throw BenchUsageError(reason: "\(path) holds no NAME.crt with NAME.key")
        }
        return files.map { String($0.dropLast(4)) }
    }

    /// Where certificate and key of a device are.
    func identity(_ name: String) -> IdentitySource {
        .files(IdentityFiles(chainFile: "\(path)/\(name).crt", keyFile: "\(path)/\(name).key"))
    }

    /// Makes those of the first `count` devices that are not there yet.
    func fill(
        count: Int,
        prefix: String,
        issuerCertificate: String,
        issuerKey: String
    ) throws {
        if mkdir(path, 0o700) != 0, access(path, W_OK) != 0 {
            throw BenchUsageError(reason: "\(path) cannot be made or written to")
        }
        let authority = try CertificateAuthority(
            certificate: Certificate(pem: Files.read(issuerCertificate)),
            key: PrivateKey(pem: Files.read(issuerKey))
        )
        let present = Set(try Files.names(in: path))
        for number in 1...max(count, 1) {
            let name = "\(prefix)\(number)"
            if present.contains("\(name).crt") { continue }
            let identity = try authority.issue(
                CertificateOrder(
                    subject: DistinguishedName(commonName: name),
                    purpose: .device,
                    days: 30
                )
            )
            try Files.write(identity.key.pem(), to: "\(path)/\(name).key", mode: 0o600)
            try Files.write(identity.certificate.pem, to: "\(path)/\(name).crt")
        }
    }
}
