// SPDX-License-Identifier: Apache-2.0
// The cryptography of SCRAM-SHA-256, by OpenSSL.

internal import SealBroker
internal import SealPKI

/// SHA-256, HMAC and comparing for SCRAM.
struct OpenSSLScramDigest: ScramDigest {
    func sha256(_ bytes: [UInt8]) -> [UInt8]? { try? Cryptography.sha256(bytes) }

    func hmac(key: [UInt8], _ bytes: [UInt8]) -> [UInt8]? {
        try? Cryptography.hmacSHA256(key: key, bytes)
    }

    func equals(_ left: [UInt8], _ right: [UInt8]) -> Bool { Cryptography.equals(left, right) }
}
