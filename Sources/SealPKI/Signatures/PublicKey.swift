// SPDX-License-Identifier: Apache-2.0
// Public keys by themselves, and signatures over bytes: SHA-256 with RSA (PKCS #1 v1.5) or ECDSA.
// Signatures of certificates are SignatureCheck's.

internal import COpenSSL
internal import CSys
internal import Glibc

/// A public key.
public struct PublicKey: Sendable {
    private let owner: KeyOwner
    /// What the key is, as its bytes say.
    public let fields: PublicKeyFields

    /// A longer signature is not looked at: it is larger than any of RSA with 16,384 bits.
    public static let signatureBytesMax = 2048

    /// Takes the key of a certificate.
    public init(of certificate: Certificate) throws(PKIError) {
        try self.init(der: try certificate.fields().publicKey.der)
    }

    /// Takes the public half of a private key.
    public init(of key: PrivateKey) throws(PKIError) {
        let der = OpenSSLDoor.written { i2d_PUBKEY_bio($0, key.pointer) == 1 }
        guard let der else {
            OpenSSLDoor.forgetErrors()
            throw PKIError(.unsupportedKey, "the public key cannot be written")
        }
        try self.init(der: der)
    }

    /// Takes the key that a request asks a certificate for.
    public init(of request: CertificateRequest) throws(PKIError) {
        try self.init(der: try CertificateRequestFields(der: request.der).publicKey.der)
    }

    /// Reads a SubjectPublicKeyInfo in DER; bytes after it are refused.
    public init(der: [UInt8]) throws(PKIError) {
        OpenSSLDoor.open()
        var reader = DERReader(der)
        fields = try PublicKeyFields(reading: &reader)
        try reader.end("the public key")
        defer { OpenSSLDoor.forgetErrors() }
        // SAFETY: OpenSSL reads at most `count` bytes; where it stopped is not used.
        let read = unsafe der.withUnsafeBufferPointer { raw -> OpaquePointer? in
            var position = raw.baseAddress
            return unsafe d2i_PUBKEY(nil, &position, raw.count)
        }
        guard let read else {
            throw PKIError(.unsupportedKey, "the public key cannot be used")
        }
        owner = KeyOwner(adopting: read)
    }

    /// The SubjectPublicKeyInfo in DER.
    public var der: [UInt8] { fields.der }

    /// Whether the private half made the signature over exactly these bytes, with SHA-256.
    ///
    /// RSA is PKCS #1 v1.5; an ECDSA signature is the sequence of two numbers in DER.
    public func verifies(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        switch fields.kind {
        case .rsa where fields.algorithm.id == .rsa: break
        case .ellipticCurve: break
        default: return false
        }
        guard !signature.isEmpty, signature.count <= Self.signatureBytesMax,
            let context = EVP_MD_CTX_new()
        else { return false }
        defer {
            EVP_MD_CTX_free(context)
            OpenSSLDoor.forgetErrors()
        }
        // SAFETY: the digest is a constant of the library; both arrays are read for their counts.
        return unsafe EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, owner.pointer) == 1
            && EVP_DigestVerify(context, signature, signature.count, bytes, bytes.count) == 1
    }
}

extension PrivateKey {
    /// The signature over exactly these bytes, with SHA-256, in the form `PublicKey` verifies.
    public func signature(of bytes: [UInt8]) throws(PKIError) -> [UInt8] {
        let kind = description.algorithm
        guard kind == "RSA" || kind == "EC" else {
            throw PKIError(.unsupportedKey, "keys of the kind \(kind) do not sign with SHA-256")
        }
        guard let context = EVP_MD_CTX_new() else {
            throw PKIError(.cryptography, "there is no memory for a signature")
        }
        defer {
            EVP_MD_CTX_free(context)
            OpenSSLDoor.forgetErrors()
        }
        var signature = [UInt8](repeating: 0, count: PublicKey.signatureBytesMax)
        var count = signature.count
        // SAFETY: at most the array's size is written; the bytes are read for their count.
        guard
            unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, pointer) == 1
                && EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1
        else {
            throw PKIError(.cryptography, "the key could not sign")
        }
        return Array(signature.prefix(count))
    }
}
