// SPDX-License-Identifier: Apache-2.0
// Bytes sealed with AES-256-GCM (NIST SP 800-38D): unreadable, and any change is seen.

internal import COpenSSL
internal import CSys
internal import Glibc

/// Seals and opens small secrets.
///
/// The form is one byte for the version, a random nonce of 12 bytes, the encrypted bytes and a tag
/// of 16. Nonces stay unlike each other for far more seals than a registry ever makes (2^32).
public struct SealedBox: Sendable {
    private let key: [UInt8]

    /// More bytes are not sealed or opened.
    public static let bytesMax = 1 << 20

    private static let version: UInt8 = 1
    private static let nonceCount = 12
    private static let tagCount = 16

    /// Takes a key of 32 bytes.
    public init(key: [UInt8]) throws(PKIError) {
        guard key.count == 32 else {
            throw PKIError(.badRequest, "a key of AES-256 has 32 bytes")
        }
        self.key = key
    }

    /// Seals under a vault's key.
    public init(_ vault: VaultKey) throws(PKIError) {
        try self.init(key: try vault.derived("sealed box"))
    }

    /// The bytes, sealed.
    public func seal(_ bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        guard bytes.count <= Self.bytesMax else {
            throw PKIError(.badRequest, "\(bytes.count) bytes are too many to be sealed")
        }
        let nonce = try Cryptography.randomBytes(Self.nonceCount)
        guard let out = crypt(bytes, nonce, tag: nil) else {
            OpenSSLDoor.forgetErrors()
            throw PKIError(.cryptography, "AES-256-GCM is not available")
        }
        return [Self.version] + nonce + out.bytes + out.tag
    }

    /// The bytes that were sealed.
    public func open(_ sealed: [UInt8]) throws(PKIError) -> [UInt8] {
        let head = 1 + Self.nonceCount
        guard sealed.first == Self.version, sealed.count >= head + Self.tagCount,
            sealed.count <= Self.bytesMax + head + Self.tagCount,
            let out = crypt(
                Array(sealed[head..<(sealed.count - Self.tagCount)]),
                Array(sealed[1..<head]),
                tag: Array(sealed.suffix(Self.tagCount))
            )
        else {
            OpenSSLDoor.forgetErrors()
            throw PKIError(.sealed, "the bytes were changed, or sealed under another key")
        }
        return out.bytes
    }

    /// Encrypts when no tag is given, else decrypts and checks it.
    private func crypt(
        _ bytes: [UInt8],
        _ nonce: [UInt8],
        tag: [UInt8]?
    ) -> (bytes: [UInt8], tag: [UInt8])? {
        OpenSSLDoor.open()
        guard let context = EVP_CIPHER_CTX_new() else { return nil }
        defer { EVP_CIPHER_CTX_free(context) }
        var out = [UInt8](repeating: 0, count: bytes.count + 16)
        var mark = tag ?? [UInt8](repeating: 0, count: Self.tagCount)
        var count: Int32 = 0
        var rest: Int32 = 0
        let tagCount = Int32(Self.tagCount)
        let direction: Int32 = tag == nil ? 1 : 0
        // The version is protected with the bytes.
        let header = [Self.version]
        var nothing = [UInt8](repeating: 0, count: 16)
        // SAFETY: key and nonce have the cipher's sizes (12 bytes are its default); the output has
        // room for the input, as GCM adds nothing; the mark has the count that is said.
        let done =
            unsafe EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, direction) == 1
            && EVP_CipherUpdate(context, nil, &rest, header, 1) == 1
            && EVP_CipherUpdate(context, &out, &count, bytes, Int32(bytes.count)) == 1
            && (tag == nil
                || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tagCount, &mark) == 1)
            && EVP_CipherFinal_ex(context, &nothing, &rest) == 1
            && (tag != nil
                || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tagCount, &mark) == 1)
        guard done, Int(count) == bytes.count else { return nil }
        return (Array(out.prefix(bytes.count)), mark)
    }
}
