// SPDX-License-Identifier: Apache-2.0
// Certificates a tenant trusts, and those that are revoked, as plain values.

public import SealBytes

/// A certificate whose descendants a tenant lets in.
public struct TrustAnchor: Sendable, Equatable {
    /// Its number in the registry.
    public var number: Int64
    /// The tenant that trusts it.
    ///
    /// The same certificate may be trusted by several.
    public var tenant: UInt32
    /// SHA-1 of the DER, 40 lower-case digits: its name in the API.
    public var fingerprint: Name
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
        fingerprint: Name,
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

/// A certificate a tenant takes no more.
public struct Revocation: Sendable, Equatable {
    /// The tenant.
    public var tenant: UInt32
    /// The serial number: upper-case hexadecimal digits without leading zeros.
    public var serial: Name
    /// SHA-256 of the issuer's name in DER; empty means any issuer.
    public var issuerKey: [UInt8]
    /// Since when, in milliseconds since 1970.
    public var revokedAt: Int64
    /// A word of RFC 5280 §5.3.1, such as `keyCompromise`.
    public var reason: String

    /// Makes the value.
    public init(
        tenant: UInt32,
        serial: Name,
        issuerKey: [UInt8] = [],
        revokedAt: Int64,
        reason: String = "unspecified"
    ) {
        self.tenant = tenant
        self.serial = serial
        self.issuerKey = issuerKey
        self.revokedAt = revokedAt
        self.reason = reason
    }

    /// A serial number in the form that is stored; nil when it is none.
    public static func plainSerial(_ text: String) -> Name? {
        let digits = text.utf8.filter { $0 != UInt8(ascii: ":") }
        let isHexadecimal = digits.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte & 0xDF)
        }
        guard !digits.isEmpty, digits.count <= 64, isHexadecimal else { return nil }
        let plain = digits.drop { $0 == UInt8(ascii: "0") }.map { $0 >= 0x61 ? $0 & 0xDF : $0 }
        return plain.isEmpty ? "0" : Name(decoding: plain)
    }
}
