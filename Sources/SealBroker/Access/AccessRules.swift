// SPDX-License-Identifier: Apache-2.0
// How one listener judges who connects. Made by the configuration; used by `Login`.

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
    func name(in certificate: CertificateSummary) -> String? {
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
    case users(Set<String>)

    func includes(_ user: String?) -> Bool {
        switch self {
        case .nobody: false
        case .everybody: true
        case .users(let names):
            names.contains { name in user.map { $0.utf8.elementsEqual(name.utf8) } ?? false }
        }
    }
}

/// The rules of access of one listener.
public struct AccessRules: Sendable {
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

    /// The rules of a listener nobody can log in to.
    public init() {}
}
