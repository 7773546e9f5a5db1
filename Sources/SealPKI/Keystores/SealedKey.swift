// SPDX-License-Identifier: Apache-2.0
// A private key under a password (EncryptedPrivateKeyInfo, RFC 5958 §3), in every protection that
// keystores use: Sun's own of JKS, PBES2, and the older ones of PKCS #12.

internal import SealBytes

/// A private key that needs its password.
public struct SealedKey: Sendable, Equatable {
    /// The encoded EncryptedPrivateKeyInfo.
    public let der: [UInt8]

    /// Takes encoded bytes; what is in them is seen when the key is opened.
    init(der: [UInt8]) { self.der = der }

    /// The protection and what is under it.
    private func parts() throws(PKIError) -> (PasswordScheme, [UInt8]) {
        do throws(BERError) {
            var whole = BERReader(der)
            var inner = try whole.sequence("a protected key")
            try whole.end("a protected key")
            let algorithm = try inner.readWhole()
            let bytes = try inner.octets("the bytes of a protected key")
            return (try PasswordScheme(algorithm), bytes)
        } catch {
            throw PKIError(
                .keystoreBroken,
                "the keystore is damaged: a private key cannot be read (\(error.what))"
            )
        }
    }

    /// Whether it is protected the way that JKS has it.
    var isForJKS: Bool {
        guard let (scheme, _) = try? parts(), case .jks = scheme else { return false }
        return true
    }

    /// Opens the key.
    func opened(
        _ password: KeystorePassword,
        _ budget: inout IterationBudget
    ) throws(PKIError) -> PrivateKey {
        let (scheme, bytes) = try parts()
        var damage: PKIError?
        let plain = try scheme.decrypt(bytes, password, &budget) { plain in
            do throws(PKIError) {
                _ = try PrivateKey(pkcs8: plain)
                return true
            } catch {
                damage = error
                return false
            }
        }
        if let plain { return try PrivateKey(pkcs8: plain) }
        // Sun's protection has a digest: what passed it was not opened by a wrong password.
        if case .jks = scheme, let damage { throw damage }
        throw PKIError(.passphraseWrong, "the private key does not open with this password")
    }

    /// Seals a key the way that JKS has it.
    static func jks(_ key: PrivateKey, _ password: KeystorePassword) throws(PKIError) -> SealedKey {
        let sealed = try JKSProtector.seal(key.pkcs8(), password)
        let algorithm = DERWriter.sequence(ObjectNumbers.jksProtector.der, DERWriter.null)
        return SealedKey(der: DERWriter.sequence(algorithm, DERWriter.octets(sealed)))
    }

    /// Seals a key the way that PKCS #12 has it.
    static func pkcs12(
        _ key: PrivateKey,
        _ password: KeystorePassword,
        _ strength: PKCS12Strength
    ) throws(PKIError) -> SealedKey {
        let (scheme, algorithm) = try PasswordScheme.make(strength)
        let bytes = try scheme.encrypt(key.pkcs8(), password)
        return SealedKey(der: DERWriter.sequence(algorithm, DERWriter.octets(bytes)))
    }
}

/// Sun's protection of a key: a stream of SHA-1 laid over it, and a digest of it.
enum JKSProtector {
    private static let saltBytes = 20
    private static let digestBytes = 20

    static func seal(_ plain: [UInt8], _ password: KeystorePassword) throws(PKIError) -> [UInt8] {
        let salt = try Cryptography.randomBytes(saltBytes)
        let covered = try cover(plain, password, salt)
        return salt + covered + (try StoreDigest.sha1.of(password.wide + plain))
    }

    /// The key; nil when the digest is another one.
    static func open(_ sealed: [UInt8], _ password: KeystorePassword) throws(PKIError) -> [UInt8]? {
        guard sealed.count > saltBytes + digestBytes else {
            throw PKIError(
                .keystoreBroken,
                "the keystore is damaged: a protected key has only \(sealed.count) bytes"
            )
        }
        let salt = Array(sealed.prefix(saltBytes))
        let covered = Array(sealed.dropFirst(saltBytes).dropLast(digestBytes))
        let plain = try cover(covered, password, salt)
        let digest = try StoreDigest.sha1.of(password.wide + plain)
        return Cryptography.equals(digest, Array(sealed.suffix(digestBytes))) ? plain : nil
    }

    private static func cover(
        _ bytes: [UInt8],
        _ password: KeystorePassword,
        _ salt: [UInt8]
    ) throws(PKIError) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var block = salt
        while out.count < bytes.count {
            block = try StoreDigest.sha1.of(password.wide + block)
            for (byte, mask) in zip(bytes[out.count...], block) { out.append(byte ^ mask) }
        }
        return out
    }
}
