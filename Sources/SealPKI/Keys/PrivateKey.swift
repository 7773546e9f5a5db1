// SPDX-License-Identifier: Apache-2.0
// Private keys: making, reading and writing them. What they sign lives in Authority.

internal import COpenSSL
internal import CSys
internal import Glibc
internal import SealBytes

/// The kinds of key the house makes and reads.
public enum KeyKind: String, Sendable, CaseIterable {
    /// Elliptic curve P-256.
    case p256 = "ec-p256"
    /// Elliptic curve P-384.
    case p384 = "ec-p384"
    /// RSA with 2048 bits.
    case rsa2048 = "rsa-2048"
    /// RSA with 3072 bits.
    case rsa3072 = "rsa-3072"
    /// RSA with 4096 bits.
    case rsa4096 = "rsa-4096"
    /// Ed25519.
    case ed25519 = "ed25519"
}

/// What a public key is, whoever made it.
public struct KeyDescription: Equatable, Sendable, CustomStringConvertible {
    /// The algorithm in OpenSSL's word: `EC`, `RSA`, `ED25519` ...
    public let algorithm: String
    /// The size in bits.
    public let bits: Int

    /// The algorithm and the size.
    public var description: String { "\(algorithm) \(bits)" }

    init(_ key: OpaquePointer) {
        // SAFETY: the name is a constant that lives as long as the key's provider.
        let name = unsafe EVP_PKEY_get0_type_name(key)
        algorithm = unsafe name.map { unsafe String(cString: $0) } ?? "unknown"
        bits = Int(EVP_PKEY_get_bits(key))
    }
}

/// A private key.
public struct PrivateKey: Sendable {
    let owner: KeyOwner

    /// What the key is.
    public var description: KeyDescription { KeyDescription(owner.pointer) }

    init(adopting pointer: OpaquePointer) { owner = KeyOwner(adopting: pointer) }

    /// OpenSSL's key, valid while this value lives.
    package var pointer: OpaquePointer { owner.pointer }

    /// Makes a new key.
    public static func generate(_ kind: KeyKind = .p256) throws(PKIError) -> PrivateKey {
        OpenSSLDoor.open()
        let made: OpaquePointer? =
            switch kind {
            case .p256: seal_make_ec("P-256")
            case .p384: seal_make_ec("P-384")
            case .rsa2048: seal_make_rsa(2048)
            case .rsa3072: seal_make_rsa(3072)
            case .rsa4096: seal_make_rsa(4096)
            case .ed25519: seal_make_ed25519()
            }
        guard let made else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "a \(kind.rawValue) key could not be made: \(why)")
        }
        return PrivateKey(adopting: made)
    }

    /// Reads the first private key of PEM text: PKCS #8 (also encrypted), PKCS #1 or SEC 1.
    public init(pem: [UInt8], passphrase: [UInt8]? = nil) throws(PKIError) {
        OpenSSLDoor.open()
        let request = PassphraseRequest(passphrase)
        // SAFETY: the request outlives the call that uses the pointer to it.
        let argument = unsafe Unmanaged.passUnretained(request).toOpaque()
        let read: OpaquePointer?? = OpenSSLDoor.withReader(pem) { bio in
            unsafe PEM_read_bio_PrivateKey(bio, nil, answerPassphrase, argument)
        }
        withExtendedLifetime(request) {}
        if let key = read ?? nil {
            OpenSSLDoor.forgetErrors()
            self.init(adopting: key)
            return
        }
        let unread = OpenSSLDoor.unreadableEncryption()
        let why = OpenSSLDoor.takeErrors() ?? "no reason given"
        if request.wasAsked, passphrase == nil {
            throw PKIError(
                .passphraseMissing,
                "the private key is encrypted; give its passphrase"
            )
        }
        if request.wasAsked, let unread {
            throw PKIError(
                .unsupportedKey,
                "the private key is encrypted in a way that is not read (\(unread))",
                hint: "openssl pkcs8 -topk8 -in FILE rewrites it, with -provider legacy if need be"
            )
        }
        if request.wasAsked {
            throw PKIError(.passphraseWrong, "the private key does not open with this passphrase")
        }
        if !contains(pem, "PRIVATE KEY-----") {
            throw PKIError(.noPEM, "there is no PEM block of a private key")
        }
        throw PKIError(.malformed, "the private key cannot be read: \(why)")
    }

    /// The key as unencrypted PKCS #8 in PEM.
    public func pem() throws(PKIError) -> [UInt8] {
        let text = OpenSSLDoor.written { bio in
            // SAFETY: NULL stands for "no encryption, no passphrase".
            unsafe PEM_write_bio_PKCS8PrivateKey(bio, pointer, nil, nil, 0, nil, nil) == 1
        }
        guard let text else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the private key cannot be written: \(why)")
        }
        return text
    }

    /// The key as PKCS #8 in PEM, encrypted with AES-256 under the passphrase.
    public func pem(passphrase: [UInt8]) throws(PKIError) -> [UInt8] {
        guard passphrase.count >= 4, passphrase.count <= 1024 else {
            throw PKIError(.badRequest, "a passphrase has 4 to 1024 bytes")
        }
        let text = OpenSSLDoor.written { bio in
            // SAFETY: the passphrase is only read during the call, `count` bytes of it.
            unsafe passphrase.withUnsafeBytes { raw in
                unsafe PEM_write_bio_PKCS8PrivateKey(
                    bio,
                    pointer,
                    EVP_aes_256_cbc(),
                    raw.bindMemory(to: CChar.self).baseAddress,
                    Int32(raw.count),
                    nil,
                    nil
                ) == 1
            }
        }
        guard let text else {
            let why = OpenSSLDoor.takeErrors() ?? "no reason given"
            throw PKIError(.cryptography, "the private key cannot be written: \(why)")
        }
        return text
    }

    /// Whether the certificate carries this key's public half.
    public func matches(_ certificate: Certificate) -> Bool {
        defer { OpenSSLDoor.forgetErrors() }
        return X509_check_private_key(certificate.pointer, pointer) == 1
    }
}

/// The passphrase that OpenSSL may ask for while it reads a key.
private final class PassphraseRequest {
    let passphrase: [UInt8]?
    var wasAsked = false

    init(_ passphrase: [UInt8]?) { self.passphrase = passphrase }
}

/// OpenSSL's passphrase callback.
// SAFETY: `argument` is the request that the caller keeps alive; at most `capacity` bytes are
// written.
private func answerPassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int32,
    _ isWriting: Int32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let buffer, let argument else { return -1 }
    let request = unsafe Unmanaged<PassphraseRequest>.fromOpaque(argument).takeUnretainedValue()
    request.wasAsked = true
    guard let passphrase = request.passphrase, passphrase.count <= Int(capacity) else { return -1 }
    for (index, byte) in passphrase.enumerated() {
        unsafe buffer[index] = CChar(bitPattern: byte)
    }
    return Int32(passphrase.count)
}

/// Whether the bytes contain the text.
func contains(_ bytes: [UInt8], _ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard let first = wanted.first, bytes.count >= wanted.count else { return false }
    for start in 0...(bytes.count - wanted.count) where bytes[start] == first {
        if bytes[start..<(start + wanted.count)].elementsEqual(wanted) { return true }
    }
    return false
}
