// SPDX-License-Identifier: Apache-2.0
// Certificates a tenant trusts, and those that are revoked, as plain values.

/// A certificate whose descendants a tenant lets in.
public struct TrustAnchor: Sendable, Equatable {
    /// Its number in the registry.
    public var number: Int64
    /// The tenant that trusts it.
    ///
    /// The same certificate may be trusted by several.
    public var tenant: UInt32
    /// SHA-1 of the DER, 40 lower-case digits: its name in the API.
    public var fingerprint: String
    /// SHA-256 of the DER, 32 bytes: what is compared.
    public var sha256: [UInt8]
    /// SHA-256 of the subject's DER, 32 bytes: finds it as somebody's issuer.
    public var subjectKey: [UInt8]
    /// The certificate.
    public var der: [UInt8]
    /// The label.
    public var name: String
    /// Devices below a disabled anchor are refused.
    public var isEnabled: Bool
    /// Unknown devices below it are registered when they first connect.
    public var registersDevices: Bool
    /// It is the tenant's own authority, whose key is here.
    public var isTenantAuthority: Bool
    /// The begin of its validity, in seconds since 1970.
    public var notBefore: Int64
    /// The end of its validity, in seconds since 1970.
    public var notAfter: Int64
    /// Whether the tenant proved that it holds the key.
    public var proof: Proof
    /// When it was added, in milliseconds since 1970.
    public var createdAt: Int64

    /// How far the proof of possession got.
    public struct Proof: Sendable, Equatable {
        /// It was proved, or confirmed by the management tenant.
        public var isValid = false
        /// The text to sign; empty when none was asked for.
        public var code = ""
        /// Until when the code counts, in milliseconds since 1970.
        public var usableUntil: Int64 = 0

        /// Nothing proved yet.
        public init() {}
    }

    /// Makes an enabled anchor that registers nobody.
    public init(
        tenant: UInt32,
        fingerprint: String,
        sha256: [UInt8],
        subjectKey: [UInt8],
        der: [UInt8],
        notBefore: Int64,
        notAfter: Int64
    ) {
        number = 0
        self.tenant = tenant
        self.fingerprint = fingerprint
        self.sha256 = sha256
        self.subjectKey = subjectKey
        self.der = der
        name = ""
        isEnabled = true
        registersDevices = false
        isTenantAuthority = false
        self.notBefore = notBefore
        self.notAfter = notAfter
        proof = Proof()
        createdAt = 0
    }
}

/// Whose serial number a revocation names.
///
/// Authorities are told apart by their names, as revocation lists do it (RFC 5280 §5.1.2.3): two
/// keys under one name are one authority.
public struct RevokedIssuer: Sendable, Hashable {
    /// SHA-256 of the authority's name in DER; empty means every authority of the tenant.
    public var key: [UInt8]
    /// Whether certificates of the authorities below it are meant as well.
    public var reachesBelow: Bool

    /// Every authority of the tenant: what entries of the first version mean.
    public static let every = RevokedIssuer(key: [])

    /// Makes the value.
    public init(key: [UInt8], reachesBelow: Bool = false) {
        self.key = key
        self.reachesBelow = reachesBelow && !key.isEmpty
    }

    /// Reads what `stored` wrote.
    public init(stored: [UInt8]) {
        let reachesBelow = stored.count == 33 && stored.last == 1
        self.init(key: reachesBelow ? Array(stored.dropLast()) : stored, reachesBelow: reachesBelow)
    }

    /// The key, with one byte more when it reaches below.
    public var stored: [UInt8] { reachesBelow ? key + [1] : key }

    /// Whether a certificate is meant that was issued by the first of these authorities, each of
    /// which stands below the next.
    public func covers(_ issuers: some Collection<[UInt8]>) -> Bool {
        key.isEmpty || (reachesBelow ? issuers.contains(key) : issuers.first == key)
    }
}

/// A certificate a tenant takes no more.
public struct Revocation: Sendable, Equatable {
    /// The tenant.
    public var tenant: UInt32
    /// The serial number: upper-case hexadecimal digits without leading zeros.
    public var serial: String
    /// Whose serial number it is.
    public var issuer: RevokedIssuer
    /// Since when, in milliseconds since 1970.
    public var revokedAt: Int64
    /// A word of RFC 5280 §5.3.1, such as `keyCompromise`.
    public var reason: String

    /// The reason when nobody gave one.
    public static let unspecified = "unspecified"
    /// The one reason that can be taken back.
    public static let hold = "certificateHold"

    /// Makes the value.
    public init(
        tenant: UInt32,
        serial: String,
        issuer: RevokedIssuer = .every,
        revokedAt: Int64,
        reason: String = Revocation.unspecified
    ) {
        self.tenant = tenant
        self.serial = serial
        self.issuer = issuer
        self.revokedAt = revokedAt
        self.reason = reason
    }

    /// A serial number in the form that is stored; nil when it is none.
    public static func plainSerial(_ text: String) -> String? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        let isHexadecimal = digits.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte & 0xDF)
        }
        guard !digits.isEmpty, digits.count <= 64, isHexadecimal else { return nil }
        let text = String(decoding: digits, as: UTF8.self).uppercased()
        let plain = text.drop { $0 == "0" }
        return plain.isEmpty ? "0" : String(plain)
    }
}
