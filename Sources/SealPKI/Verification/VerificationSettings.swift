// SPDX-License-Identifier: Apache-2.0
// What is asked of a chain, and how much work may be spent on it.

/// What a certificate is wanted for.
public enum VerificationPurpose: String, Sendable, CaseIterable {
    /// A client of TLS: a device.
    case client
    /// A server of TLS.
    case server
    /// Anything: purposes and the leaf's key usage are not looked at.
    case any
}

/// Which certificates need a revocation list.
public enum RevocationMode: String, Sendable, CaseIterable {
    /// None; lists are not looked at.
    case off
    /// Where a list of the issuer is given it must be good and must not name the certificate.
    case present
    /// As `present`, and the leaf's issuer must have a list.
    case leaf
    /// Every issuer of the chain must have a list.
    case chain
}

/// How much work may be spent on one verification.
public struct VerificationLimits: Sendable {
    /// The most certificates of one path, leaf and trusted one included.
    public var depthMax = 24
    /// The most certificates that are taken as possible intermediates.
    public var intermediatesMax = 2000
    /// The most signatures that are checked.
    public var signatureChecksMax = 400
    /// The most signatures of revocation lists, and of keys that only sign lists, that are checked.
    public var listSignatureChecksMax = 2000
    /// The most steps of the search.
    public var stepsMax = 20_000
    /// The most complete paths that are looked at.
    public var pathsMax = 200
    /// The most comparisons of names with name constraints.
    public var nameComparisonsMax = 1 << 18

    /// The defaults.
    public init() {}

    /// For what a peer sends in a handshake: few certificates are usual, and who sends many to be
    /// searched through gets little work.
    public static let ofPeer: VerificationLimits = {
        var limits = VerificationLimits()
        limits.signatureChecksMax = 64
        limits.stepsMax = 1000
        limits.pathsMax = 16
        limits.nameComparisonsMax = 1 << 14
        return limits
    }()
}

/// What is asked of a chain.
public struct VerificationSettings: Sendable {
    /// What the certificate is wanted for.
    public var purpose = VerificationPurpose.client
    /// The moment of the check, in Unix seconds.
    public var time: Int64
    /// Whether the leaf's own validity counts; that of authorities always does.
    public var checksLeafDates = true
    /// The host name or address that the leaf must name.
    public var host: String?
    /// Whether any trusted certificate ends a chain, not only one that signed itself.
    public var allowsPartialChain = false
    /// Whether the trusted certificate must be among those that were sent.
    public var requiresAnchorInChain = false
    /// The most certificates of the chain, leaf and trusted one included.
    public var chainLengthMax: Int?
    /// Which certificates need a revocation list.
    public var revocation = RevocationMode.off
    /// Whether everything is refused that RFC 5280 forbids authorities to write, also what readers
    /// can pass over.
    public var isStrict = false
    /// The fewest bits of RSA and DSA keys.
    public var modulusBitsMin = 2048
    /// Whether signatures with MD5 and SHA-1 are taken.
    public var allowsWeakDigests = false
    /// The policies of which one is wanted; empty is any.
    public var policies: Set<OID> = []
    /// Whether the chain must agree on a policy.
    public var requiresPolicy = false
    /// Whether policies may not be mapped onto each other.
    public var inhibitsMapping = false
    /// Whether anyPolicy matches nothing.
    public var inhibitsAnyPolicy = false
    /// How much work may be spent.
    public var limits = VerificationLimits()

    /// Asks for a client's certificate at a moment.
    public init(time: Int64) { self.time = time }
}
