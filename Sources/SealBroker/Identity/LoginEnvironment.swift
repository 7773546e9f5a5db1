// SPDX-License-Identifier: Apache-2.0
// What a login needs of the world, as protocols: certificates and tokens are judged, secrets sealed
// and compared by whoever knows the cryptography.

public import SealBytes

/// One certificate of those a client sent, as far as a login looks at it.
public struct PresentedCertificate: Sendable, Equatable {
    /// The certificate.
    public var der: [UInt8]
    /// SHA-256 of it.
    public var sha256: [UInt8]
    /// The serial number as in `Revocation`.
    public var serial: Name
    /// SHA-256 of the subject's name in DER.
    public var subjectKey: [UInt8]
    /// SHA-256 of the issuer's name in DER.
    public var issuerKey: [UInt8]
    /// The first common name as it stands there; nil without one, or when it is no text.
    public var commonName: Name?
    /// The begin of its validity, in seconds since 1970.
    public var notBefore: Int64
    /// The end of its validity, in seconds since 1970.
    public var notAfter: Int64

    /// Makes the value.
    public init(
        der: [UInt8],
        sha256: [UInt8],
        serial: Name,
        subjectKey: [UInt8],
        issuerKey: [UInt8],
        commonName: Name?,
        notBefore: Int64,
        notAfter: Int64
    ) {
        self.der = der
        self.sha256 = sha256
        self.serial = serial
        self.subjectKey = subjectKey
        self.issuerKey = issuerKey
        self.commonName = commonName
        self.notBefore = notBefore
        self.notAfter = notAfter
    }
}

/// The question whether a chain leads to an anchor.
public struct ChainQuestion: Sendable {
    /// What the client sent, its own certificate first.
    public var chain: [PresentedCertificate]
    /// The trusted certificate it must lead to.
    public var anchor: TrustAnchor
    /// The most certificates from the leaf to the anchor, both counted.
    public var lengthMax: Int
    /// The moment, in seconds since 1970.
    public var now: Int64

    /// Makes the value.
    public init(chain: [PresentedCertificate], anchor: TrustAnchor, lengthMax: Int, now: Int64) {
        self.chain = chain
        self.anchor = anchor
        self.lengthMax = lengthMax
        self.now = now
    }
}

/// The answer about a chain.
public enum ChainAnswer: Sendable {
    /// It does; the certificates from the leaf to the anchor, and until when that holds.
    case good(path: [CertificateMark], until: Int64)
    /// It does not, and why.
    case refused([Reason])
}

/// Judges chains of certificates.
public protocol ChainJudge: Sendable {
    /// Judges one. A chain that was found good may be remembered within its time, because a
    /// certificate does not change; status and revocation are the login's matter.
    func judge(_ question: ChainQuestion) -> ChainAnswer
    /// ThingsBoard's id of a certificate: SHA3-256 of its base64 text, 64 lower-case digits.
    func pinnedID(der: [UInt8]) -> Name
    /// The key an access token is found by: a keyed digest, lower-case hexadecimal digits.
    func tokenLookup(_ token: Name) -> Name
    /// SHA3-256 of a text, 64 lower-case digits; finds `MQTT_BASIC` credentials.
    func sha3(_ text: Name) -> Name
}

/// What a token says.
public struct TokenClaims: Sendable, Equatable {
    /// The token's own name.
    public var tokenID: Name
    /// The tenant's id.
    public var tenantID: Name
    /// The user: an account, or `device_<identifier>`.
    public var subject: Name
    /// When it was given, in seconds since 1970.
    public var issuedAt: Int64
    /// When it ends, in seconds since 1970.
    public var expiresAt: Int64
    /// What it is for: `device`, `session`, `refresh`.
    public var use: Name

    /// Makes the value.
    public init(
        tokenID: Name,
        tenantID: Name,
        subject: Name,
        issuedAt: Int64,
        expiresAt: Int64,
        use: Name
    ) {
        self.tokenID = tokenID
        self.tenantID = tenantID
        self.subject = subject
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.use = use
    }
}

/// Makes and judges tokens.
public protocol TokenOffice: Sendable {
    /// Signs a token; an empty id is filled in.
    func issue(_ claims: TokenClaims) throws(RegistryError) -> String
    /// The token of a device: as long as half of its life has not passed the one it has, then a new
    /// one.
    ///
    /// The life is in seconds.
    func deviceToken(
        tenantID: Name,
        subject: Name,
        lifeSeconds: Int64,
        now: Int64
    ) throws(RegistryError) -> String
    /// The claims of a token with a good signature within its time, or why not.
    func judge(_ token: String, now: Int64) -> Result<TokenClaims, TokenRefusal>
    /// The public keys as a JSON Web Key Set (RFC 7517).
    func keySet() throws(RegistryError) -> String
}

/// Why a token is not taken.
public struct TokenRefusal: Error, Sendable, Equatable {
    /// The reason.
    public var reason: Reason

    /// Makes the value.
    public init(_ reason: Reason) { self.reason = reason }
}

/// Keeps secrets that must be read again, under a key outside of the registry.
public protocol Vault: Sendable {
    /// Encrypts and protects against change.
    func seal(_ bytes: [UInt8]) throws(RegistryError) -> [UInt8]
    /// The bytes that were sealed; nil when they were changed or sealed under another key.
    func open(_ sealed: [UInt8]) -> [UInt8]?
}

/// Makes what is stored of new secrets; slow for chosen ones.
public protocol SecretForge: Sendable {
    /// Of a password somebody chose: scrypt, and the keys of SCRAM.
    func hash(chosen password: [UInt8]) throws(RegistryError) -> StoredSecret
    /// The same for what several tenants may register under one name: with one salt for the name,
    /// so that a password is compared with all of them in the time of one, which then does not
    /// tell how many there are.
    func hash(
        chosen password: [UInt8],
        sharing name: Name
    ) throws(RegistryError) -> StoredSecret
    /// Of a generated secret of at least 128 bits: a salted digest.
    func hash(generated secret: [UInt8]) throws(RegistryError) -> StoredSecret
    /// A new secret of 160 bits as text for people and programs.
    func generate() throws(RegistryError) -> String
}

extension SecretForge {
    /// With a salt of its own.
    public func hash(
        chosen password: [UInt8],
        sharing name: Name
    ) throws(RegistryError) -> StoredSecret {
        try hash(chosen: password)
    }
}

/// Everything a login needs of the world.
public struct LoginEnvironment: Sendable {
    /// The registry.
    public var registry: any Registry
    /// The chains.
    public var chains: any ChainJudge
    /// The tokens.
    public var tokens: any TokenOffice
    /// In seconds since 1970.
    public var clock: @Sendable () -> Int64
    /// The policies that were read lately; shared by all copies.
    public let policies = PolicyShelf()
    /// The disputes between tenants that were written down; shared by all copies.
    public let disputes = DisputeShelf()

    /// Makes the value.
    public init(
        registry: any Registry,
        chains: any ChainJudge,
        tokens: any TokenOffice,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.registry = registry
        self.chains = chains
        self.tokens = tokens
        self.clock = clock
    }
}
