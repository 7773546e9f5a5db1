// SPDX-License-Identifier: Apache-2.0
// The closed list of reasons why a chain is refused, and one refusal as a value.

/// A rule that a certificate, a chain or a revocation list can break.
public enum VerificationRule: String, Sendable, CaseIterable {
    // One certificate.
    /// The bytes are no certificate in DER.
    case encoding
    /// The version does not allow what is there.
    case version
    /// The serial number is not positive or too long.
    case serialNumber = "serial-number"
    /// The two places that name the signature's algorithm differ.
    case algorithmMismatch = "algorithm-mismatch"
    /// The validity is not written as it must be.
    case validity
    /// The issuer is empty.
    case issuerEmpty = "issuer-empty"
    /// The subject is empty where it must not be.
    case subjectEmpty = "subject-empty"
    /// An extension is there twice.
    case duplicateExtension = "duplicate-extension"
    /// An extension's value is not what it must be.
    case malformedExtension = "malformed-extension"
    /// An extension is critical that must not be, or the other way round.
    case extensionCriticality = "extension-criticality"
    /// An extension stands where it must not.
    case extensionPlacement = "extension-placement"
    /// Keys are not named as they must be.
    case keyIdentifier = "key-identifier"
    /// A critical extension that the house does not know.
    case unknownCritical = "unknown-critical-extension"
    /// The key is too short or of a kind that is not taken.
    case weakKey = "weak-key"
    /// The signature's digest is MD5, SHA-1 or worse.
    case weakSignature = "weak-signature"
    /// The validity is over.
    case expired
    /// The validity has not begun.
    case notYetValid = "not-yet-valid"

    // The chain.
    /// The signature is not by the issuer's key.
    case signature
    /// The issuer is no authority.
    case notAuthority = "not-an-authority"
    /// More authorities follow than are allowed.
    case pathLength = "path-length"
    /// The key must not be used for this.
    case keyUsage = "key-usage"
    /// The certificate is not for this purpose.
    case purpose
    /// A name lies outside of what an authority above allows.
    case nameConstraints = "name-constraints"
    /// No policy is left that everybody above agrees to.
    case policy
    /// The issuer's certificate is not there.
    case issuerMissing = "issuer-missing"
    /// The chain ends in a certificate that is not trusted.
    case notTrusted = "not-trusted"
    /// The trusted certificate must be among those that were sent, and is not.
    case anchorNotSent = "anchor-not-in-chain"
    /// The chain is longer than allowed.
    case chainLength = "chain-length"
    /// Looking for a chain took more steps than allowed.
    case searchLimit = "search-limit"
    /// The certificate does not name the wanted host.
    case hostName = "host-name"

    // Revocation.
    /// The certificate is revoked.
    case revoked
    /// There is no revocation list of the issuer.
    case listMissing = "list-missing"
    /// The list is overdue.
    case listExpired = "list-expired"
    /// The list's time has not come.
    case listNotYetValid = "list-not-yet-valid"
    /// The list is not signed by the issuer's key.
    case listSignature = "list-signature"
    /// The issuer may not sign lists.
    case listIssuer = "list-issuer"
    /// The list holds something critical that the house does not know.
    case listExtension = "list-extension"
    /// The list does not cover the certificate.
    case listScope = "list-scope"
    /// The list is not what it must be.
    case listMalformed = "list-malformed"
}

/// One certificate broke one rule.
public struct VerificationFailure: Sendable, Equatable {
    /// The rule.
    public let rule: VerificationRule
    /// How far above the leaf the certificate stands; the leaf is 0.
    public let depth: Int
    /// The certificate's subject, safe to print.
    public let subject: String
    /// What is wrong, in words.
    public let sentence: String

    /// Makes a failure.
    public init(_ rule: VerificationRule, depth: Int, subject: String, _ sentence: String) {
        self.rule = rule
        self.depth = depth
        self.subject = subject
        self.sentence = sentence
    }
}

extension VerificationFailure: CustomStringConvertible {
    /// Depth, subject, rule and reason on a line.
    public var description: String { "\(depth) \(subject): \(sentence) (\(rule.rawValue))" }
}
