// SPDX-License-Identifier: Apache-2.0
// Which authority an entry about a revoked certificate means, and how it is shown.

internal import SealBroker
internal import SealBytes
internal import SealPKI

/// The authorities of a tenant that a revocation can name.
struct RevocationIssuers {
    /// An authority as a tenant knows it.
    private struct Known {
        var key: [UInt8]
        var subject: String
        var fingerprint: String
        var sha256: [UInt8]
        var isOwn: Bool
    }

    /// What stands for every authority of the tenant.
    static let everyWord = "*"
    /// A longer issuer is not read.
    static let bytesMax = 65_536

    private let known: [Known]

    /// Reads the tenant's trusted certificates.
    init(_ call: Call, _ tenant: Tenant) throws(APIError) {
        let registry = call.context.registry
        let anchors = try asking { () throws(RegistryError) -> [TrustAnchor] in
            var all: [TrustAnchor] = []
            while true {
                let page = try registry.anchors(
                    tenant: tenant.number,
                    PageRequest(offset: all.count, limit: 2000)
                )
                all += page.items
                if !page.hasMore || page.items.isEmpty { return all }
            }
        }
        known = anchors.map { anchor in
            let subject = (try? CertificateFields(der: anchor.der)).map {
                TrustedCertificate.spaced($0.subject)
            }
            return Known(
                key: anchor.subjectKey,
                subject: subject ?? anchor.fingerprint,
                fingerprint: anchor.fingerprint,
                sha256: anchor.sha256,
                isOwn: anchor.isTenantAuthority
            )
        }
    }

    /// The authority that a text names: the subject or fingerprint of a trusted certificate, the
    /// SHA-256 of a name in DER, a certificate in PEM, or `*`.
    func issuer(_ text: String, reachesBelow: Bool) throws(APIError) -> RevokedIssuer {
        if text == Self.everyWord { return .every }
        func made(_ key: [UInt8]) -> RevokedIssuer {
            RevokedIssuer(key: key, reachesBelow: reachesBelow)
        }
        if text.contains("-----BEGIN") { return made(try Self.certificate(text).subjectKey) }
        let digits = String(text.lowercased().filter { $0 != ":" })
        if let bytes = Hex.decode(digits), bytes.count == 20 || bytes.count == 32 {
            let found = known.first { $0.fingerprint == digits || $0.sha256 == bytes }
            if let found { return made(found.key) }
            if bytes.count == 32 { return made(bytes) }
        }
        let keys = Set(known.filter { Array($0.subject.utf8) == Array(text.utf8) }.map(\.key))
        guard keys.count <= 1 else { throw APIError(.badRequest, .trustIssuerAmbiguous, choices) }
        guard let key = keys.first else {
            throw APIError(.badRequest, .trustIssuerUnknown, choices)
        }
        return made(key)
    }

    /// The authority of a serial number that stands alone.
    ///
    /// It is the only one, with those below it. Beside others the tenant's own authority is meant
    /// where the number is one that it gives: random, of 127 bits. A tenant that trusts nobody
    /// means everybody.
    func usual(_ serial: String) throws(APIError) -> RevokedIssuer {
        let own = known.first(where: \.isOwn)
        if let own, CertificateAuthority.mayHaveGiven(serial) {
            return RevokedIssuer(key: own.key, reachesBelow: true)
        }
        let others = Set(known.filter { $0.key != own?.key }.map(\.key))
        guard others.count <= 1 else {
            throw APIError(.badRequest, .trustIssuerAmbiguous, "\(serial): \(choices)")
        }
        guard let key = others.first ?? own?.key else { return .every }
        return RevokedIssuer(key: key, reachesBelow: true)
    }

    /// The subjects that can be named.
    private var choices: String {
        let all = Set(known.map { "\"\($0.subject)\" (\($0.fingerprint))" }).sorted()
        guard !all.isEmpty else { return "no certificate is trusted" }
        let shown = all.prefix(10).joined(separator: ", ")
        return all.count > 10
            ? "choices are \(shown) and \(all.count - 10) more"
            : "choices are \(shown)"
    }

    /// How an authority is shown: its subject where the tenant trusts it and the subject says
    /// enough, else the digest of its name.
    func text(_ issuer: RevokedIssuer) -> String {
        if issuer.key.isEmpty { return Self.everyWord }
        guard let found = known.first(where: { $0.key == issuer.key }),
            known.allSatisfy({ $0.subject != found.subject || $0.key == found.key })
        else { return Hex.encode(issuer.key) }
        return found.subject
    }

    /// A certificate in PEM.
    static func certificate(_ text: String) throws(APIError) -> PresentedCertificate {
        do {
            let all = try CertificateText.read(Array(text.utf8))
            guard all.count == 1, let der = all.first else {
                throw APIError(.badRequest, .trustRevocationInvalid, "one certificate is wanted")
            }
            return try PresentedCertificate(reading: der)
        } catch let error as APIError {
            throw error
        } catch {
            throw APIError(.badRequest, .trustRevocationInvalid, "the certificate cannot be read")
        }
    }
}
