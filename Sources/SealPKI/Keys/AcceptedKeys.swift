// SPDX-License-Identifier: Apache-2.0
// The one list of public keys that the house takes: what it signs a certificate for is what a
// handshake and a login accept, and nothing else. The list is that of the TLS library's contexts
// (SealNet), at security level 2.

internal import COpenSSL

/// The keys that are certified and that can log in.
public enum AcceptedKeys {
    /// RSA keys with fewer bits are refused.
    public static let rsaBitsMin = 2048
    /// RSA keys with more bits are refused: OpenSSL computes nothing with them.
    public static let rsaBitsMax = 16_384
    /// OpenSSL refuses longer exponents with larger keys, and they only cost time.
    public static let exponentBitsMax = 64

    /// The kinds in words, for refusals.
    public static let text =
        "RSA with \(rsaBitsMin) to \(rsaBitsMax) bits, EC on P-256, P-384 or P-521, and Ed25519"

    private static let curves: Set<String> = [
        "1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35",
    ]
    private static let ed25519 = "1.3.101.112"

    /// Why a key is not taken, as a sentence; nil when it is.
    public static func refusal(of key: PublicKeyFields) -> PKIError? {
        switch key.kind {
        case .rsa(let modulus, let exponent):
            return rsa(key, modulus, exponent)
        case .ellipticCurve(let curve):
            return curves.contains(curve.description) ? nil : foreign(key.shown)
        case .edwards(let id):
            return id.description == ed25519 ? nil : foreign(key.shown)
        case .explicitCurve, .dsa, .other:
            return foreign(key.shown)
        }
    }

    private static func rsa(
        _ key: PublicKeyFields,
        _ modulus: [UInt8],
        _ exponent: [UInt8]
    ) -> PKIError? {
        // RFC 4055 §1.2: a key that is bound to one kind of signature.
        guard key.algorithm.id == .rsa else { return foreign("RSA-PSS \(key.bits)") }
        guard key.bits >= rsaBitsMin, key.bits <= rsaBitsMax else {
            return PKIError(.weakKey, "the RSA key has \(key.bits) bits; \(kinds)")
        }
        let digits = exponent.drop { $0 == 0 }
        let bits = digits.first.map { digits.count * 8 - $0.leadingZeroBitCount } ?? 0
        guard let last = digits.last, last & 1 == 1, bits > 1, bits <= exponentBitsMax,
            modulus.last.map({ $0 & 1 == 1 }) == true
        else {
            return PKIError(
                .weakKey,
                "the RSA key is not sound: its modulus and exponent must be odd, and the exponent "
                    + "between 3 and \(exponentBitsMax) bits"
            )
        }
        return nil
    }

    private static var kinds: String { "accepted are \(text)" }

    private static func foreign(_ what: String) -> PKIError {
        PKIError(.unsupportedKey, "keys of the kind \(what) are not accepted; \(kinds)")
    }

    /// Refuses a key that is not taken.
    public static func check(_ key: PrivateKey) throws(PKIError) { try check(key.pointer) }

    /// Refuses a key that is not taken.
    static func check(_ key: OpaquePointer) throws(PKIError) {
        let der = OpenSSLDoor.written { i2d_PUBKEY_bio($0, key) == 1 }
        OpenSSLDoor.forgetErrors()
        guard let der else { throw foreign(KeyDescription(key).algorithm) }
        var reader = DERReader(der)
        if let error = refusal(of: try PublicKeyFields(reading: &reader)) { throw error }
    }
}

extension CertificateRequest {
    /// Refuses a request whose signature is not by its own key, or with a digest that can be
    /// forged, or whose key is not accepted.
    public func check() throws(PKIError) {
        guard isSignatureValid else {
            throw PKIError(
                .requestSignature,
                "the request is not signed with the key whose public half it holds"
            )
        }
        let fields = try CertificateRequestFields(der: der)
        if let error = AcceptedKeys.refusal(of: fields.publicKey) { throw error }
        if let digest = fields.signatureAlgorithm.weakDigest {
            throw PKIError(
                .weakDigest,
                "the request is signed with \(digest), which can be forged; use SHA-256"
            )
        }
    }
}
