// SPDX-License-Identifier: Apache-2.0
// What a client shows at the login, of every protocol alike, and whom the login makes of it.
// Not here: the judgement (`Login`, `RegistryLogin`).

public import SealBytes

/// The fields of a client certificate the login looks at.
public struct CertificateSummary: Sendable, Equatable {
    /// The first common name of the subject.
    public var commonName: Name?
    /// The subject as RFC 2253 writes it; empty when the certificate has none.
    public var distinguishedName: Name
    /// The DNS names among the subject alternative names.
    public var dnsNames: [Name]
    /// The URIs among them.
    public var uris: [Name]
    /// The mail addresses among them.
    public var emails: [Name]
    /// The addresses among them, in digits.
    public var ipAddresses: [Name]
    /// SHA-256 of the certificate, lower-case hexadecimal without colons.
    public var fingerprint: Name
    /// It chains to an authority the listener trusts, and is neither expired nor revoked.
    public var isTrusted: Bool

    /// Sums a certificate up.
    public init(
        commonName: Name? = nil,
        distinguishedName: Name = "",
        dnsNames: [Name] = [],
        uris: [Name] = [],
        emails: [Name] = [],
        ipAddresses: [Name] = [],
        fingerprint: Name,
        isTrusted: Bool
    ) {
        self.commonName = commonName
        self.distinguishedName = distinguishedName
        self.dnsNames = dnsNames
        self.uris = uris
        self.emails = emails
        self.ipAddresses = ipAddresses
        self.fingerprint = fingerprint
        self.isTrusted = isTrusted
    }
}

/// Everything a client shows.
public struct Credentials: Sendable {
    /// The client's certificate, if it sent one.
    public var certificate: CertificateSummary?
    /// All certificates it sent, its own first; for listeners that ask the registry.
    public var chain: [PresentedCertificate]
    /// The user name, if there is one.
    public var user: Name?
    /// The password, if there is one; a token may stand in its place.
    public var password: [UInt8]?
    /// The id of the tenant that the protocol names apart from the user: the host of a request,
    /// or the virtual host; nil without one.
    public var tenantHint: Name?
    /// `mqtt`, `http`, later others.
    public var protocolName: String
    /// The connection is encrypted.
    public var isSecure: Bool
    /// The listener's name.
    public var listener: String
    /// The client id; the assigned one when the client left it to us.
    public var clientID: Name
    /// The client left its id to us.
    public var isClientIDAssigned: Bool
    /// The address of the other side, without port.
    public var peerAddress: String

    /// Puts together what a client shows.
    public init(
        certificate: CertificateSummary? = nil,
        chain: [PresentedCertificate] = [],
        user: Name? = nil,
        password: [UInt8]? = nil,
        tenantHint: Name? = nil,
        protocolName: String = "mqtt",
        isSecure: Bool = false,
        listener: String = "",
        clientID: Name = "",
        isClientIDAssigned: Bool = false,
        peerAddress: String = ""
    ) {
        self.certificate = certificate
        self.chain = chain
        self.user = user
        self.password = password
        self.tenantHint = tenantHint
        self.protocolName = protocolName
        self.isSecure = isSecure
        self.listener = listener
        self.clientID = clientID
        self.isClientIDAssigned = isClientIDAssigned
        self.peerAddress = peerAddress
    }
}
