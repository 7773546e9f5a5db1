// SPDX-License-Identifier: Apache-2.0
// Whether one key made one signature: the only question of a verification that OpenSSL answers.

internal import COpenSSL
internal import CSys

enum SignatureCheck {
    /// Whether the issuer's key signed the certificate.
    static func isSigned(_ certificate: Certificate, by issuer: Certificate) -> Bool {
        defer { OpenSSLDoor.forgetErrors() }
        guard let key = X509_get0_pubkey(issuer.pointer) else { return false }
        return X509_verify(certificate.pointer, key) == 1
    }

    /// Whether the issuer's key signed the list.
    static func isSigned(_ list: RevocationList, by issuer: Certificate) -> Bool {
        defer { OpenSSLDoor.forgetErrors() }
        guard let key = X509_get0_pubkey(issuer.pointer) else { return false }
        return X509_CRL_verify(list.pointer, key) == 1
    }

    /// Whether OpenSSL can use the public key at all.
    static func hasUsableKey(_ certificate: Certificate) -> Bool {
        defer { OpenSSLDoor.forgetErrors() }
        return X509_get0_pubkey(certificate.pointer) != nil
    }
}
