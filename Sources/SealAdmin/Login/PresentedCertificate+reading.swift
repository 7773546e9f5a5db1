// SPDX-License-Identifier: Apache-2.0
// A certificate as a login looks at it, and as a tenant trusts it, out of its bytes.

public import SealBroker
internal import SealBytes
public import SealPKI

extension PresentedCertificate {
    /// Reads a certificate in DER.
    public init(reading der: [UInt8]) throws(PKIError) {
        self.init(taking: try Certificate(der: der))
    }

    /// Takes a certificate apart as far as a login looks at it; its digest may be known already.
    public init(taking certificate: Certificate, _ fingerprint: Fingerprint? = nil) {
        let name = (try? certificate.commonNames())?.first
        self.init(
            der: certificate.der,
            sha256: (fingerprint ?? certificate.fingerprint).bytes,
            serial: SealBroker.Revocation.plainSerial(certificate.serial)
                ?? Name(certificate.serial),
            subjectKey: Self.key(certificate.subjectDER),
            issuerKey: Self.key(certificate.issuerDER),
            // Whether it can name a device is the login's matter, and its reason.
            commonName: name.map { Name($0) },
            notBefore: certificate.notBefore,
            notAfter: certificate.notAfter
        )
    }

    /// SHA-256 of a name in DER; empty, which matches nobody, when it cannot be made.
    public static func key(_ name: [UInt8]) -> [UInt8] { (try? Cryptography.sha256(name)) ?? [] }
}

extension TrustAnchor {
    /// An enabled anchor that registers nobody.
    public init(trusting certificate: Certificate, tenant: UInt32) throws(PKIError) {
        let der = certificate.der
        self.init(
            tenant: tenant,
            fingerprint: Name(Hex.encode(try DigestKind.sha1.digest(of: der))),
            sha256: certificate.fingerprint.bytes,
            subjectKey: PresentedCertificate.key(certificate.subjectDER),
            der: der,
            notBefore: certificate.notBefore,
            notAfter: certificate.notAfter
        )
    }
}
