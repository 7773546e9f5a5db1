// SPDX-License-Identifier: Apache-2.0
// What is known about the other side after a handshake.

public import SealPKI

/// A cipher suite by its registered number.
public struct TLSCipher: Hashable, Sendable, CustomStringConvertible {
    /// The number in the IANA registry.
    public let number: UInt16

    /// The registered name, or the number in hexadecimal digits.
    public var name: StaticString {
        switch number {
        case 0x1301: "TLS_AES_128_GCM_SHA256"
        case 0x1302: "TLS_AES_256_GCM_SHA384"
        case 0x1303: "TLS_CHACHA20_POLY1305_SHA256"
        case 0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        case 0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
        case 0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        case 0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
        case 0xCCA8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
        case 0xCCA9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        default: "other"
        }
    }

    /// The name; a suite outside the house's list is shown by number.
    public var description: String {
        let known = "\(name)"
        return known == "other" ? "0x" + String(number, radix: 16, uppercase: true) : known
    }
}

/// The certificate a peer showed.
///
/// It keeps OpenSSL's parsed certificate (some 4 KB): take out what the login needs, then drop it.
public struct PeerCertificate: Sendable {
    /// The certificate; its names are read when asked for.
    public let certificate: Certificate
    /// The SHA-256 of its DER.
    public let fingerprint: Fingerprint
    /// The further certificates that the peer sent.
    public let sentAuthorities: [Certificate]
    /// Why the certificate does not chain to the trusted ones; nil when it does.
    ///
    /// Only the mode `ask`, a listener that leaves the judgement to the login, and a client that
    /// does not check let such a certificate through.
    public let refusal: TLSRefusal?

    /// Whether TLS looked at the chain; if not, the login has to.
    public var isJudged: Bool { refusal?.code != .notJudged }

    /// Whether the certificate chains to a trusted one, is in time and is not revoked.
    public var isVerified: Bool { refusal == nil }
}

/// What is known about the other side after a handshake.
public struct TLSPeer: Sendable {
    /// The version spoken.
    public let version: TLSVersion
    /// The cipher suite.
    public let cipher: TLSCipher
    /// The host name the client asked for.
    public let sni: String?
    /// The application protocol agreed on.
    public let alpn: String?
    /// The peer's certificate.
    public let certificate: PeerCertificate?
}
