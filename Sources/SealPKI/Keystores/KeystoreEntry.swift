// SPDX-License-Identifier: Apache-2.0
// One entry of a keystore: a private key with its chain, or a certificate that is trusted.

/// A private key in a keystore: still under its password, or opened.
public enum KeystoreKey: Sendable {
    /// Under a password.
    case sealed(SealedKey)
    /// Opened, or new.
    case open(PrivateKey)

    /// The key; the passwords are tried in order.
    public func opened(
        _ passwords: [[UInt8]],
        limits: KeystoreLimits = .standard
    ) throws(PKIError) -> PrivateKey {
        switch self {
        case .open(let key): return key
        case .sealed(let sealed):
            var failure = PKIError(
                .passphraseMissing,
                "the private key is under a password, and none is given"
            )
            for password in passwords {
                do throws(PKIError) {
                    var budget = IterationBudget(limits)
                    return try sealed.opened(KeystorePassword(password), &budget)
                } catch {
                    guard error.code == .passphraseWrong else { throw error }
                    failure = error
                }
            }
            throw failure
        }
    }

    /// The key under another password, the way that JKS has it.
    public func sealedForJKS(
        _ password: [UInt8],
        opening passwords: [[UInt8]],
        limits: KeystoreLimits = .standard
    ) throws(PKIError) -> KeystoreKey {
        let key = try opened(passwords, limits: limits)
        return .sealed(try SealedKey.jks(key, KeystorePassword(password)))
    }
}

/// An entry of a keystore.
public struct KeystoreEntry: Sendable {
    /// What the entry holds.
    public enum Content: Sendable {
        /// A private key with its certificates, the key's own first.
        case key(KeystoreKey, chain: [Certificate])
        /// A certificate that is trusted.
        case trusted(Certificate)
    }

    /// Its name.
    public var alias: String
    /// When it was made, in Unix milliseconds, if the file says so.
    public var created: Int64?
    /// What it holds.
    public var content: Content
    /// Whether Java sees it: a certificate in PKCS #12 needs a mark for that.
    public var isSeenByJava = true

    /// Makes an entry.
    public init(alias: String, created: Int64?, content: Content) {
        self.alias = alias
        self.created = created
        self.content = content
    }

    /// Keytool's word for what the entry is.
    public var kind: String {
        switch content {
        case .key: "PrivateKeyEntry"
        case .trusted: "trustedCertEntry"
        }
    }

    /// The chain of a key, or the one certificate.
    public var certificates: [Certificate] {
        switch content {
        case .key(_, let chain): chain
        case .trusted(let certificate): [certificate]
        }
    }

    /// Whether it holds a private key.
    public var isKey: Bool {
        if case .key = content { true } else { false }
    }
}
