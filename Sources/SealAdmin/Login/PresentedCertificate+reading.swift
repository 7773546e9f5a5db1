// SPDX-License-Identifier: Apache-2.0
// A certificate as a login looks at it, and as a tenant trusts it, out of its bytes.

public import SealBroker
public import SealPKI
internal import SealBytes

extension PresentedCertificate {
    /// Reads a certificate in DER.
    public init(reading der: [UInt8]) throws(PKIError) {
        try self.init(try CertificateFields(der: der), der: der)
    }

    /// Takes a certificate that was read.
    init(_ fields: CertificateFields, der: [UInt8]) throws(PKIError) {
        let names = fields.subject.commonNames
        self.init(
            der: der,
            sha256: try Cryptography.sha256(der),
            serial: Revocation.plainSerial(fields.serialHex) ?? fields.serialHex,
            subjectKey: try Cryptography.sha256(fields.subject.encoded),
            issuerKey: try Cryptography.sha256(fields.issuer.encoded),
            commonName: names.first,
            notBefore: fields.notBefore,
            notAfter: fields.notAfter
        )
    }
}
