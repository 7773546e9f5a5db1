// SPDX-License-Identifier: Apache-2.0
// Why a handshake or a record was refused, as data: a stable code and a sentence. The table from
// OpenSSL's numbers to codes is in TLSRefusal+OpenSSL.

public import SealPKI

/// A handshake or a record that was refused, by us or by the other side.
public struct TLSRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The stable name of the reason.
    public enum Code: String, Sendable, CaseIterable {
        /// No trusted authority issued the certificate.
        case unknownAuthority = "tls.unknown-ca"
        /// A certificate has expired.
        case certificateExpired = "tls.certificate-expired"
        /// A certificate is not valid yet.
        case certificateNotYetValid = "tls.certificate-not-yet-valid"
        /// A certificate was revoked.
        case certificateRevoked = "tls.certificate-revoked"
        /// The revocation list is overdue.
        case crlExpired = "tls.crl-expired"
        /// The issuer's revocation list is not loaded.
        case crlMissing = "tls.crl-missing"
        /// The issuer's revocation list cannot be used.
        case crlInvalid = "tls.crl-invalid"
        /// The peer sent no certificate.
        case noCertificate = "tls.no-certificate"
        /// The certificate is not for this use.
        case purpose = "tls.purpose"
        /// The certificate does not carry the wanted name.
        case wrongName = "tls.wrong-name"
        /// A signature does not verify.
        case badSignature = "tls.bad-signature"
        /// A key is too small or a digest too weak.
        case weak = "tls.weak"
        /// The chain breaks a rule: an issuer that is no authority, or a chain too long.
        case chain = "tls.chain"
        /// The certificate was not judged, because the login does that.
        case notJudged = "tls.not-judged"
        /// The certificate was refused for another reason, or cannot be read.
        case badCertificate = "tls.bad-certificate"
        /// The bytes are not TLS.
        case notTLS = "tls.not-tls"
        /// No common version.
        case version = "tls.version"
        /// No common cipher suite, group or signature algorithm.
        case noCommonCipher = "tls.no-common-cipher"
        /// No common application protocol.
        case alpn = "tls.alpn"
        /// The other side sent an alert.
        case peerAlert = "tls.peer-alert"
        /// A record does not decrypt or is longer than allowed.
        case badRecord = "tls.bad-record"
        /// The certificates of the other side are larger than what is read.
        case tooLarge = "tls.too-large"
        /// The handshake was not finished in time.
        case timeout = "tls.timeout"
        /// The handshake lost its place to another one.
        case withdrawn = "tls.withdrawn"
        /// The connection was used after it had failed.
        case broken = "tls.broken"
        /// The rules of TLS were broken in another way.
        case protocolViolation = "tls.protocol"
    }

    /// The stable name of the reason; equality looks at it alone.
    public let code: Code
    /// A sentence: which certificate at which depth, and what to do.
    public let sentence: String
    /// The rule that the chain of a client breaks; nil when another thing went wrong.
    public let fault: ChainFault?

    /// Makes a refusal.
    public init(_ code: Code, _ sentence: String, _ fault: ChainFault? = nil) {
        self.code = code
        self.sentence = sentence
        self.fault = fault
    }

    /// What stands in the place of a verdict where the login judges.
    static let notJudged = TLSRefusal(.notJudged, "the certificate is left to the login")

    /// The code and the sentence.
    public var description: String { "\(code.rawValue): \(sentence)" }

    /// Whether both have the same code.
    public static func == (left: TLSRefusal, right: TLSRefusal) -> Bool { left.code == right.code }
}
