// SPDX-License-Identifier: Apache-2.0
// What can go wrong with keys, certificates and files: one struct, a stable code, a sentence.

/// A key, certificate, list or file could not be used, and why.
public struct PKIError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stable name of the reason.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes hold no PEM block of the wanted kind.
        case noPEM = "pki.no-pem"
        /// The bytes are not what they claim to be.
        case malformed = "pki.malformed"
        /// The private key is encrypted and no passphrase was given.
        case passphraseMissing = "pki.passphrase-missing"
        /// The private key does not open with the passphrase given.
        case passphraseWrong = "pki.passphrase-wrong"
        /// The key's kind or size is not supported.
        case unsupportedKey = "pki.unsupported-key"
        /// The private key does not belong to the certificate.
        case keyMismatch = "pki.key-mismatch"
        /// A name holds a NUL byte, which programs in C would read as its end.
        case embeddedNUL = "pki.embedded-nul"
        /// An asked-for name, address or duration cannot be put in a certificate.
        case badRequest = "pki.bad-request"
        /// The issuer may not sign certificates.
        case notAuthority = "pki.not-an-authority"
        /// A file could not be read or written.
        case file = "pki.file"
        /// The file is no keystore of a kind that is read.
        case keystoreFormat = "pki.keystore-format"
        /// The keystore does not open with the password, or was changed after it was written.
        case keystorePassword = "pki.keystore-password"
        /// The keystore is damaged: its bytes do not follow its format.
        case keystoreBroken = "pki.keystore-broken"
        /// The keystore is larger or dearer than the limits allow.
        case keystoreLimit = "pki.keystore-limit"
        /// The keystore has no such entry, has it already, or cannot hold it.
        case keystoreEntry = "pki.keystore-entry"
        /// The certificates of a chain do not follow one another.
        case chainBroken = "pki.chain-broken"
        /// A certificate has expired or is not valid yet.
        case notInDate = "pki.not-in-date"
        /// A configuration file cannot be read, or asks for what we do not do.
        case configuration = "pki.configuration"
        /// An authority's database is damaged, or was changed by somebody else at the same time.
        case database = "pki.database"
        /// A file with serial numbers is missing, damaged, or names a number that is taken.
        case serialNumber = "pki.serial-number"
        /// Another process holds the authority's lock.
        case locked = "pki.locked"
        /// A file is there already and is not overwritten.
        case fileExists = "pki.file-exists"
        /// The subject has no common name.
        case commonNameMissing = "pki.common-name-missing"
        /// The common name holds a colon, or cannot be the name of a device for another reason.
        case commonNameRefused = "pki.common-name-refused"
        /// There is a valid certificate for this subject, and subjects are unique.
        case subjectTaken = "pki.subject-taken"
        /// A field that the policy asks for is missing.
        case policyMissing = "pki.policy-missing"
        /// A field differs from the authority's, and the policy says that they match.
        case policyMismatch = "pki.policy-mismatch"
        /// No authority may stand below this one, or not so many.
        case pathLength = "pki.path-length"
        /// The issuer's certificate is not valid yet, or not any more.
        case issuerDate = "pki.issuer-date"
        /// The issuer's key may not be used for this (keyUsage).
        case issuerUsage = "pki.issuer-usage"
        /// The key is too short to be safe.
        case weakKey = "pki.weak-key"
        /// The digest is not safe any more.
        case weakDigest = "pki.weak-digest"
        /// The signature of a request is not by its own key.
        case requestSignature = "pki.request-signature"
        /// The request asks to become an authority, and nobody granted that.
        case requestAuthority = "pki.request-authority"
        /// An extension is unknown or says something impossible.
        case badExtension = "pki.bad-extension"
        /// There is no such certificate in the database.
        case unknownCertificate = "pki.unknown-certificate"
        /// The certificate is revoked already, or not on hold, so that this cannot be done.
        case revocationState = "pki.revocation-state"
        /// The sealed bytes were changed, or sealed under another key.
        case sealed = "pki.sealed"
        /// The file of a key that seals others can be read by more than its owner, or is damaged.
        case vaultKey = "pki.vault-key"
        /// OpenSSL refused for another reason.
        case cryptography = "pki.cryptography"
    }

    /// The stable name of the reason; equality looks at it alone.
    public let code: Code
    /// A sentence for the person who has to act.
    public let reason: String
    /// What to do about it, when that is not said by the reason.
    public let hint: String?

    /// Makes an error.
    public init(_ code: Code, _ reason: String, hint: String? = nil) {
        self.code = code
        self.reason = reason
        self.hint = hint
    }

    /// The code and the sentence.
    public var description: String { "\(code.rawValue): \(reason)" }

    /// Whether both have the same code.
    public static func == (left: PKIError, right: PKIError) -> Bool { left.code == right.code }
}
