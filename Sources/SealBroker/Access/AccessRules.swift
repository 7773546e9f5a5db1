// SPDX-License-Identifier: Apache-2.0
// How one listener judges who connects. Made by the configuration; used by `Login` and
// `RegistryLogin`.

public import SealBytes

/// Which part of the client's certificate becomes the user name.
public enum CertificateIdentity: String, Sendable, CaseIterable {
    case none
    case commonName = "cn"
    case distinguishedName = "dn"
    case sanDNS = "san-dns"
    case sanURI = "san-uri"
    case sanEmail = "san-email"
    case sanIP = "san-ip"
    case fingerprint

    /// The field in the certificate; the first when there are several.
    func name(in certificate: CertificateSummary) -> Name? {
        switch self {
        case .none: nil
        case .commonName: certificate.commonName
        case .distinguishedName: certificate.distinguishedName
        case .sanDNS: certificate.dnsNames.first
        case .sanURI: certificate.uris.first
        case .sanEmail: certificate.emails.first
        case .sanIP: certificate.ipAddresses.first
        case .fingerprint: certificate.fingerprint
        }
    }
}

/// How the client id and the user name are tied.
public enum ClientIDBinding: String, Sendable, CaseIterable {
    /// Any client id.
    case off
    /// The client id must be the user name.
    case equalsIdentity = "equals-identity"
    /// The client id is replaced by the user name.
    case fromIdentity = "from-identity"
}

/// Who may read `$SYS/#` on a listener.
public enum SysReaders: Sendable, Equatable {
    case nobody
    case everybody
    case users(Set<Name>)

    func includes(_ user: Name?) -> Bool {
        switch self {
        case .nobody: false
        case .everybody: true
        case .users(let names): user.map(names.contains) ?? false
        }
    }
}

/// What a listener judges by.
public enum LoginSource: String, Sendable, CaseIterable {
    /// Password and ACL files.
    case files
    /// The registry of tenants, devices and accounts.
    case registry
}

/// Which credential counts when a client shows both.
public enum CredentialPrecedence: String, Sendable, CaseIterable {
    /// The certificate; user name and password are not looked at.
    case certificate
    /// User name and password; the certificate counts when neither is sent.
    case password
}

/// What a listener that asks the registry wants of certificates, whatever else a client shows.
public enum CertificateDemand: String, Sendable, CaseIterable {
    /// None is needed, and one that does not count is as if it were not sent.
    case nothing
    /// One that is sent must be good.
    case goodIfShown
    /// A good one is needed.
    case good
}

/// What a listener that asks the registry takes.
public struct RegistryLoginRules: Sendable, Equatable {
    /// The id of the one tenant it is for; nil: of all.
    public var tenant: Name?
    /// Which credential counts when both are shown.
    public var precedence = CredentialPrecedence.certificate
    /// What certificates must be where another credential counts.
    public var demand = CertificateDemand.nothing
    /// The most certificates from the client's to the trusted one, both counted.
    public var chainLengthMax = 2
    /// Certificates that stand in a device's credentials, whoever issued them.
    public var takesPinnedCertificates = true
    /// Certificates of authorities that a tenant trusts.
    public var takesTrustedCertificates = true
    /// Access tokens as user name.
    public var takesAccessTokens = true
    /// Accounts, device users and `MQTT_BASIC`.
    public var takesPasswords = true
    /// JSON Web Tokens in place of the password.
    public var takesWebTokens = true
    /// Accounts need the right to use the messaging protocols.
    ///
    /// An API asks for roles of its own.
    public var needsMessagingRole = true
    /// Nothing is changed: a device that would be registered is let in without being stored, with
    /// the number 0.
    public var isRehearsal = false
    /// Certificates that revocation lists of the listener name.
    public var revoked: Set<CertificateMark> = []
    /// When the lists of the listener are overdue, in seconds since 1970, by the SHA-256 of their
    /// issuer's name; certificates of an issuer whose list is overdue are refused.
    public var listsDue: [[UInt8]: Int64] = [:]

    /// Takes everything.
    public init() {}
}

/// The rules of access of one listener.
public struct AccessRules: Sendable {
    /// What it judges by.
    public var source = LoginSource.files
    /// Clients without credentials may connect.
    public var allowsAnonymous = false
    /// Users and their hashes; nil without a password file.
    public var passwords: PasswordTable?
    /// What of the certificate becomes the user name.
    public var identity = CertificateIdentity.none
    /// How the client id is tied to the user name.
    public var clientIDRule = ClientIDBinding.off
    /// What each may do.
    public var policy = Policy.everything
    /// Who may read `$SYS/#`.
    public var sysReaders = SysReaders.everybody
    /// What is taken when the registry is asked.
    public var registry = RegistryLoginRules()

    /// The rules of a listener nobody can log in to.
    public init() {}
}
