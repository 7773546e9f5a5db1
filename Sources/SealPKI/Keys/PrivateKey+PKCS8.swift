// SPDX-License-Identifier: Apache-2.0
// Private keys as PKCS #8 in DER, which is what lies under the protection of keystores.

internal import COpenSSL
internal import CSys
internal import Glibc

extension PrivateKey {
    /// Reads unencrypted PKCS #8 in DER; bytes after the key are refused.
    init(pkcs8 der: [UInt8]) throws(PKIError) {
        OpenSSLDoor.open()
        defer { OpenSSLDoor.forgetErrors() }
        // SAFETY: OpenSSL reads at most `count` bytes; the moved pointer is only compared.
        let made = unsafe der.withUnsafeBufferPointer { raw -> OpaquePointer? in
            var position = raw.baseAddress
            guard let parts = unsafe d2i_PKCS8_PRIV_KEY_INFO(nil, &position, raw.count)
            else { return nil }
            defer { PKCS8_PRIV_KEY_INFO_free(parts) }
            guard let start = raw.baseAddress, unsafe position == start + raw.count
            else { return nil }
            return EVP_PKCS82PKEY(parts)
        }
        guard let made else {
            throw PKIError(.malformed, "the private key under the password cannot be read")
        }
        self.init(adopting: made)
    }

    /// The key as unencrypted PKCS #8 in DER.
    func pkcs8() throws(PKIError) -> [UInt8] {
        let bytes = OpenSSLDoor.written { bio in
            // SAFETY: NULL stands for "no encryption, no passphrase".
            unsafe i2d_PKCS8PrivateKey_bio(bio, pointer, nil, nil, 0, nil, nil) == 1
        }
        guard let bytes else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the private key cannot be written: \(why)")
        }
        return bytes
    }
}
