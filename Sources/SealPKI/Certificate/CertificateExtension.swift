// SPDX-License-Identifier: Apache-2.0
// The extensions of certificates and of revocation lists as values. Reading them is
// ExtensionReader's, printing them ExtensionText's.

/// What a key may be used for (RFC 5280 §4.2.1.3).
public struct KeyUsage: OptionSet, Sendable, Hashable {
    /// The bits; bit 0 of the standard is the lowest.
    public let rawValue: UInt16

    /// Takes the bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Signing handshakes and data.
    public static let digitalSignature = KeyUsage(rawValue: 1)
    /// Signing what cannot be denied later.
    public static let contentCommitment = KeyUsage(rawValue: 2)
    /// Encrypting keys.
    public static let keyEncipherment = KeyUsage(rawValue: 4)
    /// Encrypting data.
    public static let dataEncipherment = KeyUsage(rawValue: 8)
    /// Agreeing on keys.
    public static let keyAgreement = KeyUsage(rawValue: 16)
    /// Signing certificates.
    public static let keyCertSign = KeyUsage(rawValue: 32)
    /// Signing revocation lists.
    public static let cRLSign = KeyUsage(rawValue: 64)
    /// Agreeing on keys, to encrypt only.
    public static let encipherOnly = KeyUsage(rawValue: 128)
    /// Agreeing on keys, to decrypt only.
    public static let decipherOnly = KeyUsage(rawValue: 256)

    private static let words = [
        "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment",
        "keyAgreement", "keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
    ]

    /// The names of the bits that are set.
    public var names: [String] {
        Self.words.enumerated().filter { rawValue >> UInt16($0.offset) & 1 == 1 }.map(\.element)
    }
}

/// Where a revocation list is to be had (RFC 5280 §4.2.1.13).
public struct DistributionPoint: Sendable {
    /// The full names of the place.
    public var names: [GeneralName] = []
    /// A name below the issuer's, as an encoded relative name.
    var relative: DERValue?
    /// The reasons that the list covers; nil is all of them.
    public var reasons: UInt16?
    /// Who signs the list when it is not the certificate's issuer.
    public var listIssuer: [GeneralName] = []
}

/// A policy of a certificate (RFC 5280 §4.2.1.4).
public struct CertificatePolicy: Sendable {
    /// The policy.
    public let id: OID
    /// Kinds and texts of its qualifiers.
    public let qualifiers: [(kind: OID, text: String)]
}

/// Names that certificates below may and may not carry (RFC 5280 §4.2.1.10).
public struct NameConstraints: Sendable {
    /// Every name of a kind that is listed must lie below one of these.
    public var permitted: [GeneralName] = []
    /// No name may lie below one of these.
    public var excluded: [GeneralName] = []
}

/// What part of the world a revocation list covers (RFC 5280 §5.2.5).
public struct ListScope: Sendable {
    /// The full names of the place it is from.
    public var names: [GeneralName] = []
    /// A name below the issuer's, as an encoded relative name.
    var relative: DERValue?
    /// Only certificates that are no authorities'.
    public var isUsersOnly = false
    /// Only certificates of authorities.
    public var isAuthoritiesOnly = false
    /// Only these reasons.
    public var reasons: UInt16?
    /// Entries may be of other issuers.
    public var isIndirect = false
    /// Only attribute certificates.
    public var isAttributesOnly = false
}

/// What an extension says.
public enum ExtensionContent: Sendable {
    /// Whether the subject is an authority, and how many more may follow below.
    case basicConstraints(isAuthority: Bool, pathLength: Int?)
    /// What the key may be used for.
    case keyUsage(KeyUsage)
    /// Purposes the certificate is for.
    case purposes([OID])
    /// Names of the subject (or of the issuer), beside the distinguished name.
    case names([GeneralName])
    /// Which key of the issuer signed.
    case authorityKey(id: [UInt8]?, issuer: [GeneralName], serial: [UInt8]?)
    /// A name for the key.
    case subjectKey([UInt8])
    /// Where revocation lists are.
    case distributionPoints([DistributionPoint])
    /// Where to learn more: kinds and places.
    case access([(method: OID, place: GeneralName)])
    /// Policies.
    case policies([CertificatePolicy])
    /// Policies of the issuer and the subject's equivalents.
    case policyMappings([(issuer: OID, subject: OID)])
    /// After how many certificates a policy is needed, and mapping is over.
    case policyConstraints(requireExplicit: Int?, inhibitMapping: Int?)
    /// After how many certificates anyPolicy is no match any more.
    case inhibitAnyPolicy(Int)
    /// Names allowed below.
    case nameConstraints(NameConstraints)
    /// Netscape's kinds of certificate, the highest bit first.
    case netscapeType(UInt8)
    /// A comment.
    case comment(String)
    /// Demands of TLS.
    case tlsFeatures([Int])
    /// A list's number, or the base of a delta list.
    case number([UInt8])
    /// The scope of a list.
    case scope(ListScope)
    /// Why an entry is in a list.
    case reason(UInt8)
    /// Since when a certificate was not to be trusted, in Unix seconds.
    case moment(Int64)
    /// The responder's certificate needs no revocation check.
    case nothing
    /// An extension the house does not know.
    case unknown
    /// An extension whose value is not what it must be, in words.
    case malformed(String)
}

/// One extension.
public struct CertificateExtension: Sendable {
    /// Which it is.
    public let id: OID
    /// Whether who does not know it must refuse.
    public let isCritical: Bool
    /// The encoded value.
    public let value: [UInt8]
    /// What it says.
    public let content: ExtensionContent
    /// Whether it says FALSE where DER leaves the default out (X.690 §11.5); some authorities do.
    public let writesDefault: Bool

    /// The extension in words for the part of a refusal that names it.
    var name: String { id.shown }
}
