// SPDX-License-Identifier: Apache-2.0
// Digests by name, for fingerprints that people compare.

internal import COpenSSL

/// A digest that fingerprints are shown in.
public enum DigestKind: String, Sendable, CaseIterable {
    /// SHA-1, which can be forged: for comparing with old listings.
    case sha1 = "SHA-1"
    /// SHA-256.
    case sha256 = "SHA-256"
    /// SHA3-256.
    case sha3 = "SHA3-256"

    /// The digest of some bytes.
    public func digest(of bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        OpenSSLDoor.open()
        let algorithm: OpaquePointer? =
            switch self {
            case .sha1: EVP_sha1()
            case .sha256: EVP_sha256()
            case .sha3: EVP_sha3_256()
            }
        var digest = [UInt8](repeating: 0, count: 64)
        var count: UInt32 = 0
        // SAFETY: none of these writes more than 64 bytes.
        guard unsafe EVP_Digest(bytes, bytes.count, &digest, &count, algorithm, nil) == 1 else {
            throw PKIError(.cryptography, "\(rawValue) is not available")
        }
        return Array(digest.prefix(Int(count)))
    }
}
