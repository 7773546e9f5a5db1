// SPDX-License-Identifier: Apache-2.0
// What a listener or a client wants of TLS, as plain values. Files are named here and read by
// TLSContext and TLSClientContext.

public import SealPKI

/// The versions of TLS that are spoken.
public enum TLSVersion: String, Sendable, Comparable, CaseIterable {
    /// RFC 5246.
    case tls12 = "1.2"
    /// RFC 8446.
    case tls13 = "1.3"

    /// The number in the protocol.
    var number: Int32 { self == .tls12 ? 0x0303 : 0x0304 }

    /// Whether the first is the older one.
    public static func < (left: TLSVersion, right: TLSVersion) -> Bool {
        left.number < right.number
    }
}

/// What a listener does about client certificates.
public enum ClientCertificateMode: String, Sendable, CaseIterable {
    /// None is asked for.
    case off
    /// One is asked for, and any is let through with the verdict about it; the login decides.
    case ask
    /// One is asked for; if it comes it must chain to the listener's authorities.
    case verify
    /// One must come and must chain to the listener's authorities.
    case require
}

/// The PEM files of one certificate with its key.
public typealias TLSIdentityFiles = SealPKI.IdentityFiles

/// What one listener wants of TLS.
public struct TLSSettings: Sendable, Equatable {
    /// The certificates; the first is the default, others are picked by the name asked for.
    public var identities: [IdentitySource]
    /// The server names that each of them is for, in their order.
    ///
    /// An empty list, or none, stands for the names in the certificate.
    public var serverNames: [[String]] = []
    /// What is done about client certificates.
    public var clientCertificates: ClientCertificateMode = .off
    /// Whether TLS judges client certificates.
    ///
    /// If not, any certificate is let through whose key the client proves to hold, with everything
    /// that was sent beside it: the login decides. Trusted certificates and lists are not used.
    public var judgesClients = true
    /// PEM files of the authorities that client certificates must chain to.
    public var trustFiles: [String] = []
    /// Folders whose PEM files are read like `trustFiles`.
    public var trustFolders: [String] = []
    /// Keystores whose trusted certificates count like those of `trustFiles`.
    public var truststores: [TruststoreSource] = []
    /// Revocation lists; naming one makes the list of every leaf's issuer mandatory.
    public var crlFiles: [String] = []
    /// The oldest version spoken.
    public var minimumVersion: TLSVersion = .tls12
    /// The newest version spoken.
    public var maximumVersion: TLSVersion = .tls13
    /// Cipher suites of TLS 1.2 in OpenSSL's words; nil is the house's list.
    public var ciphers: String?
    /// Cipher suites of TLS 1.3 in OpenSSL's words; nil is the house's list.
    public var ciphersuites: String?
    /// The application protocols offered, best first; empty ignores what clients ask for.
    public var alpn: [String] = []
    /// Whether the validity period of client certificates counts (that of authorities always does).
    public var checksClientDates = true
    /// Whether all keys on this listener are elliptic curves, which saves a little time.
    public var isEllipticOnly = false
    /// Whether the self-signed root is sent along with the chain, and authorities that the chain
    /// lacks are taken from the trusted certificates.
    public var sendsRoot = false
    /// Whether a certificate that has expired may be loaded.
    public var acceptsExpiredIdentities = false

    /// Makes settings with the defaults.
    public init(identities: [IdentitySource]) { self.identities = identities }
}

/// What a client wants of TLS.
public struct TLSClientSettings: Sendable, Equatable {
    /// PEM files of trusted certificates: authorities, or a server's own certificate.
    public var trustFiles: [String] = []
    /// Folders whose PEM files are read like `trustFiles`.
    public var trustFolders: [String] = []
    /// Keystores whose trusted certificates count like those of `trustFiles`.
    public var truststores: [TruststoreSource] = []
    /// Whether the system's authorities are trusted too.
    public var usesSystemRoots = false
    /// The client's own certificate.
    public var identity: IdentitySource?
    /// Whether the server's certificate must carry the name or address that was connected to.
    public var checksName = true
    /// Whether the server's certificate must chain to a trusted one.
    public var checksChain = true
    /// The oldest version spoken.
    public var minimumVersion: TLSVersion = .tls12
    /// The newest version spoken.
    public var maximumVersion: TLSVersion = .tls13
    /// Cipher suites of TLS 1.2 in OpenSSL's words.
    public var ciphers: String?
    /// Cipher suites of TLS 1.3 in OpenSSL's words.
    public var ciphersuites: String?
    /// The application protocols offered, best first.
    public var alpn: [String] = []
    /// Whether only EC, RSA and Ed25519 keys are understood, which makes handshakes cheaper.
    public var isSlim = false

    /// Makes settings with the defaults.
    public init() {}
}
