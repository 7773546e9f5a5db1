// SPDX-License-Identifier: Apache-2.0
// What a client shows at the login, of every protocol alike, and whom the login makes of it.
// Not here: the judgement (`Login`).

/// The fields of a client certificate the login looks at.
public struct CertificateSummary: Sendable, Equatable {
    /// The first common name of the subject.
    public var commonName: String?
    /// The subject as RFC 2253 writes it; empty when the certificate has none.
    public var distinguishedName: String
    /// The DNS names among the subject alternative names.
    public var dnsNames: [String]
    /// The URIs among them.
    public var uris: [String]
    /// The mail addresses among them.
    public var emails: [String]
    /// The addresses among them, in digits.
    public var ipAddresses: [String]
    /// SHA-256 of the certificate, lower-case hexadecimal without colons.
    public var fingerprint: String
    /// It chains to an authority the listener trusts, and is neither expired nor revoked.
    public var isTrusted: Bool

    /// Sums a certificate up.
    public init(
        commonName: String? = nil,
        distinguishedName: String = "",
        dnsNames: [String] = [],
        uris: [String] = [],
        emails: [String] = [],
        ipAddresses: [String] = [],
        fingerprint: String,
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
    /// The user name, if there is one.
    public var user: String?
    /// The password, if there is one.
    public var password: [UInt8]?
    /// The listener's name.
    public var listener: String
    /// The client id; the assigned one when the client left it to us.
    public var clientID: String
    /// The address of the other side.
    public var peerAddress: String

    /// Puts together what a client shows.
    public init(
        certificate: CertificateSummary? = nil,
        user: String? = nil,
        password: [UInt8]? = nil,
        listener: String = "",
        clientID: String = "",
        peerAddress: String = ""
    ) {
        self.certificate = certificate
        self.user = user
        self.password = password
        self.listener = listener
        self.clientID = clientID
        self.peerAddress = peerAddress
    }
}
