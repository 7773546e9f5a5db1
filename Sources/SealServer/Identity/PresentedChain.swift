// SPDX-License-Identifier: Apache-2.0
// What a client sent in the handshake, as plain values for the login. Nothing is remembered: taking
// a certificate apart is cheaper than keeping those of all who are connected.

internal import SealBroker
internal import SealNet
internal import SealPKI

/// The certificates of a handshake.
enum PresentedChain {
    /// The client's own certificate first, then what it sent beside it, in its order.
    static func of(_ peer: PeerCertificate) -> [PresentedCertificate] {
        [PresentedCertificate(peer.certificate, peer.fingerprint)]
            + peer.sentAuthorities.map { PresentedCertificate($0) }
    }
}

extension PresentedCertificate {
    /// Takes a certificate apart as far as a login looks at it.
    init(_ certificate: Certificate, _ fingerprint: Fingerprint? = nil) {
        let name = (try? certificate.commonNames())?.first
        self.init(
            der: certificate.der,
            sha256: (fingerprint ?? certificate.fingerprint).bytes,
            serial: Revocation.plainSerial(certificate.serial) ?? certificate.serial,
            subjectKey: IssuerKey.of(certificate.subjectDER),
            issuerKey: IssuerKey.of(certificate.issuerDER),
            commonName: name.flatMap { Self.isUsable($0) ? $0 : nil },
            notBefore: certificate.notBefore,
            notAfter: certificate.notAfter
        )
    }

    // Control bytes in a name fool readers of logs, and MQTT 5.0 §1.5.4 forbids them in user names.
    private static func isUsable(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 1024
            && name.unicodeScalars.allSatisfy { scalar in
                scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            }
    }
}

/// Names of issuers and subjects as they are looked up.
enum IssuerKey {
    /// SHA-256 of a name in DER; empty, which matches nobody, when it cannot be made.
    static func of(_ name: [UInt8]) -> [UInt8] { (try? Cryptography.sha256(name)) ?? [] }
}
