// SPDX-License-Identifier: Apache-2.0
// Stand-ins for the login and the cryptography that the server fits in: simple, and easy to see
// through in a test.

import SealBroker
import SealBytes
import SealPKI

/// Knows accounts by a table of passwords, devices by certificate and token.
struct PlainLogin: Sendable {
    let registry: any Registry
    let tokens: PlainTokens

    func judge(_ credentials: Credentials) -> LoginStep {
        do {
            if let user = credentials.user {
                return try byPassword(user, credentials)
            }
            if let token = credentials.password {
                return try byToken(String(decoding: token, as: UTF8.self))
            }
            return try byCertificate(credentials)
        } catch {
            return .refused([Reason(.registryFailed)])
        }
    }

    private func byPassword(
        _ user: Name,
        _ credentials: Credentials
    ) throws -> LoginStep {
        let parts = user.text.split(atByte: "/", maxSplits: 1).map { Name($0) }
        guard let id = parts.count == 2 ? parts[0] : credentials.tenantHint else {
            return .refused([Reason(.tenantMissing)])
        }
        guard let tenant = try registry.tenant(id: id) else {
            return .refused([Reason(.tenantUnknown)])
        }
        guard let name = parts.last,
            let account = try registry.account(tenant: tenant.number, name: name)
        else { return .refused([Reason(.unknownUser)]) }
        guard credentials.password == Array((account.secret?.hash ?? "").utf8) else {
            return .refused([Reason(.badPassword)])
        }
        return accepted(tenant, name, .password, account: account)
    }

    private func byToken(_ token: String) throws -> LoginStep {
        guard case .success(let claims) = tokens.judge(token, now: Desk.now),
            let tenant = try registry.tenant(id: claims.tenantID)
        else { return .refused([Reason(.tokenSignature)]) }
        if try registry.isWithdrawn(tokenID: claims.tokenID) {
            return .refused([Reason(.tokenWithdrawn)])
        }
        if let account = try registry.account(tenant: tenant.number, name: claims.subject) {
            return accepted(tenant, claims.subject, .jwt, account: account)
        }
        let identifier = claims.subject.removing(prefix: "device_") ?? .empty
        guard let device = try registry.device(tenant: tenant.number, identifier: identifier)
        else { return .refused([Reason(.tokenSubjectGone)]) }
        return accepted(tenant, claims.subject, .jwt, device: device)
    }

    private func byCertificate(_ credentials: Credentials) throws -> LoginStep {
        guard let leaf = credentials.chain.first, let name = leaf.commonName else {
            return .refused([Reason(.commonNameMissing)])
        }
        var anchors: [TrustAnchor] = []
        for one in credentials.chain { anchors += try registry.anchors(sha256: one.sha256) }
        anchors += try registry.anchors(subjectKey: leaf.issuerKey)
        guard let anchor = anchors.first, let tenant = try registry.tenant(number: anchor.tenant)
        else { return .refused([Reason(.anchorUnknown)]) }
        guard let device = try registry.device(tenant: tenant.number, identifier: name) else {
            return .refused([Reason(.deviceUnknown)])
        }
        return accepted(tenant, device.userName, .certificate, device: device)
    }

    private func accepted(
        _ tenant: Tenant,
        _ name: Name,
        _ method: LoginMethod,
        account: Account? = nil,
        device: Device? = nil
    ) -> LoginStep {
        .accepted(
            Principal(
                name: name,
                clientID: "",
                method: method,
                listener: "",
                tenant: tenant,
                policy: TenantPolicy([]),
                device: device.map {
                    PrincipalDevice(number: $0.number, identifier: $0.identifier)
                },
                account: account
            )
        )
    }
}

/// Tokens that are their claims.
final class PlainTokens: TokenOffice {
    func issue(_ claims: TokenClaims) throws(RegistryError) -> String {
        [
            claims.tokenID.isEmpty ? "id-\(claims.issuedAt)" : claims.tokenID.text,
            claims.tenantID.text, claims.subject.text, String(claims.issuedAt),
            String(claims.expiresAt), claims.use.text,
        ].joined(separator: "~")
    }

    func deviceToken(
        tenantID: Name,
        subject: Name,
        lifeSeconds: Int64,
        now: Int64
    ) throws(RegistryError) -> String {
        try issue(
            TokenClaims(
                tokenID: "device-\(subject)",
                tenantID: tenantID,
                subject: subject,
                issuedAt: now,
                expiresAt: now + lifeSeconds,
                use: "device"
            )
        )
    }

    func judge(_ token: String, now: Int64) -> Result<TokenClaims, TokenRefusal> {
        let parts = token.split(atByte: "~")
        guard parts.count == 6, let issued = Int64(parts[3]), let end = Int64(parts[4]) else {
            return .failure(TokenRefusal(Reason(.tokenMalformed)))
        }
        guard now < end else { return .failure(TokenRefusal(Reason(.tokenExpired))) }
        return .success(
            TokenClaims(
                tokenID: Name(parts[0]),
                tenantID: Name(parts[1]),
                subject: Name(parts[2]),
                issuedAt: issued,
                expiresAt: end,
                use: Name(parts[5])
            )
        )
    }

    func keySet() throws(RegistryError) -> String { "{\"keys\":[]}" }
}

/// Finds that a chain leads to an anchor when each certificate names the next.
struct PlainChains: ChainJudge {
    func judge(_ question: ChainQuestion) -> ChainAnswer {
        var path: [CertificateMark] = []
        for (index, one) in question.chain.enumerated() {
            path.append(CertificateMark(serial: one.serial, issuerKey: one.issuerKey))
            if one.sha256 == question.anchor.sha256 { break }
            let next = index + 1 < question.chain.count ? question.chain[index + 1] : nil
            guard (next?.subjectKey ?? question.anchor.subjectKey) == one.issuerKey else {
                return .refused([Reason(.chainBroken)])
            }
        }
        guard path.count <= question.lengthMax else { return .refused([Reason(.chainTooLong)]) }
        return .good(path: path, until: .max)
    }

    func pinnedID(der: [UInt8]) -> Name { sha3(Name(Base64.encode(der))) }
    func tokenLookup(_ token: Name) -> Name { sha3(token) }
    func sha3(_ text: Name) -> Name {
        Name(Hex.encode((try? DigestKind.sha3.digest(of: Array(text.utf8))) ?? []))
    }
}

/// Turns the bits around.
struct PlainVault: Vault {
    func seal(_ bytes: [UInt8]) throws(RegistryError) -> [UInt8] { bytes.map { ~$0 } }
    func open(_ sealed: [UInt8]) -> [UInt8]? { sealed.map { ~$0 } }
}

/// Keeps secrets as they are.
struct PlainForge: SecretForge {
    func hash(chosen password: [UInt8]) throws(RegistryError) -> StoredSecret {
        StoredSecret(hash: String(decoding: password, as: UTF8.self))
    }
    func hash(generated secret: [UInt8]) throws(RegistryError) -> StoredSecret {
        StoredSecret(hash: String(decoding: secret, as: UTF8.self))
    }
    func generate() throws(RegistryError) -> String { "generated-secret-of-160-bits" }
}

extension IdentityDirectory {
    /// The first credential of all tenants that is found by this.
    func credential(kind: CredentialKind, lookup: Name) throws(RegistryError) -> Credential? {
        try credentials(kind: kind, lookup: lookup).first
    }

    /// The anchors of all tenants with this certificate.
    func anchors(sha256: [UInt8]) throws(RegistryError) -> [TrustAnchor] {
        try anchors(sha256: sha256, tenant: nil)
    }

    /// The anchors of all tenants with this subject.
    func anchors(subjectKey: [UInt8]) throws(RegistryError) -> [TrustAnchor] {
        try anchors(subjectKey: subjectKey, tenant: nil)
    }
}
