// SPDX-License-Identifier: Apache-2.0
// Rows as the values of the domain. The columns come in the order of `Columns`.

internal import SealBroker
internal import SealBytes

/// The columns that each value is read from.
enum Columns {
    static let tenant = "number, id, label, domain, is_enabled, created_at"
    static let account = """
        number, tenant, name, roles, is_enabled, hash, scram, email, first_name, last_name, \
        must_change_password, created_at, password_set_at
        """
    static let anchor = """
        number, tenant, fingerprint, sha256, subject_key, der, name, is_enabled, \
        registers_devices, is_tenant_authority, not_before, not_after, is_proved, proof_code, \
        proof_until, created_at
        """
    static let device = """
        number, uuid, tenant, identifier, name, type, label, is_enabled, takes_certificates, \
        origin, properties, created_at, changed_at
        """
    static let credential = """
        number, uuid, tenant, device, kind, lookup, value, hash, scram, version, created_at, \
        registered_at, first_used_at, is_proved, proof_code, proof_until
        """
    static let revocation = "tenant, serial, issuer_key, revoked_at, reason"
    static let option = "category, key, value, is_editable"
    static let rule = "number, tenant, position, effect, act, filter, subject"
    static let request = """
        tenant, identifier, status, type, device_group, owner, security_token_hash, created_at
        """
    static let code = "tenant, identifier, hash, scram, expires_at"
    static let audit = """
        number, time, tenant, author, author_tenant, source, act, subject, detail
        """
    static let signingKey = "id, sealed, created_at, retired_at"
    static let authority = "tenant, anchor, sealed"
}

extension Row {
    mutating func tenantRecord() throws(RegistryError) -> Tenant {
        let number = try tenant()
        return Tenant(
            number: number,
            id: name(),
            label: text(),
            domain: name(),
            isEnabled: flag(),
            createdAt: integer()
        )
    }

    mutating func account() throws(RegistryError) -> Account {
        let number = integer()
        var account = Account(tenant: try tenant(), name: name())
        account.number = number
        // A role that this program does not know gives nothing.
        account.roles = Set(
            text().split(atByte: " ", omitsEmpty: true).compactMap { Role(word: Name($0)) }
        )
        account.isEnabled = flag()
        account.secret = secret()
        account.email = text()
        account.firstName = text()
        account.lastName = text()
        account.mustChangePassword = flag()
        account.createdAt = integer()
        account.passwordSetAt = integer()
        return account
    }

    mutating func anchor() throws(RegistryError) -> TrustAnchor {
        let number = integer()
        let owner = try tenant()
        let (fingerprint, sha256, subjectKey, der) = (name(), bytes(), bytes(), bytes())
        let (name, isEnabled, registers, isAuthority) = (text(), flag(), flag(), flag())
        var anchor = TrustAnchor(
            tenant: owner,
            fingerprint: fingerprint,
            sha256: sha256,
            subjectKey: subjectKey,
            der: der,
            notBefore: integer(),
            notAfter: integer()
        )
        anchor.number = number
        anchor.name = name
        anchor.isEnabled = isEnabled
        anchor.registersDevices = registers
        anchor.isTenantAuthority = isAuthority
        anchor.proof.isValid = flag()
        anchor.proof.code = text()
        anchor.proof.usableUntil = integer()
        anchor.createdAt = integer()
        return anchor
    }

    mutating func device() throws(RegistryError) -> Device {
        let (number, uuid) = (integer(), UUIDText.text(bytes()))
        var device = Device(tenant: try tenant(), identifier: name(), origin: .api)
        device.number = number
        device.uuid = uuid
        device.name = name()
        device.type = text()
        device.label = text()
        device.isEnabled = flag()
        device.takesCertificates = flag()
        device.origin = try word(Device.Origin.self)
        device.properties = text()
        device.createdAt = integer()
        device.changedAt = integer()
        return device
    }

    mutating func credential() throws(RegistryError) -> Credential {
        let (number, uuid) = (integer(), UUIDText.text(bytes()))
        let (owner, device) = (try tenant(), integer())
        guard let kind = CredentialKind(stored: integer()) else {
            throw Self.damaged("kind of credential")
        }
        var credential = Credential(
            tenant: owner,
            device: device,
            kind: kind,
            lookup: name(),
            value: bytes(),
            secret: secret()
        )
        credential.number = number
        credential.uuid = uuid
        credential.version = integer()
        credential.createdAt = integer()
        credential.registeredAt = integer()
        credential.firstUsedAt = integer()
        credential.proof.isValid = flag()
        credential.proof.code = text()
        credential.proof.usableUntil = integer()
        return credential
    }

    mutating func revocation() throws(RegistryError) -> Revocation {
        Revocation(
            tenant: try tenant(),
            serial: name(),
            issuerKey: bytes(),
            revokedAt: integer(),
            reason: text()
        )
    }

    mutating func option() -> TenantOption {
        TenantOption(category: name(), key: name(), value: text(), isEditable: flag())
    }

    mutating func rule() throws(RegistryError) -> PolicyRule {
        let number = integer()
        var rule = PolicyRule(
            tenant: try tenant(),
            position: integer(),
            effect: try word(PolicyRule.Effect.self),
            act: try word(PolicyRule.Act.self),
            filter: name(),
            subject: name()
        )
        rule.number = number
        return rule
    }

    mutating func request() throws(RegistryError) -> RegistrationRequest {
        var request = RegistrationRequest(tenant: try tenant(), identifier: name(), owner: "")
        request.status = try word(RegistrationRequest.Status.self)
        request.type = text()
        request.group = text()
        request.owner = name()
        request.securityTokenHash = text()
        request.createdAt = integer()
        return request
    }

    mutating func code() throws(RegistryError) -> EnrolmentCode {
        EnrolmentCode(
            tenant: try tenant(),
            identifier: name(),
            secret: StoredSecret(hash: text(), scram: optionalText()),
            expiresAt: integer()
        )
    }

    mutating func audit() throws(RegistryError) -> AuditRecord {
        let (number, time) = (integer(), integer())
        let concerned = try tenant()
        let (author, home, source) = (name(), try tenant(), text())
        return AuditRecord(
            number: number,
            time: time,
            tenant: concerned,
            author: Author(name: author, tenant: home, source: source),
            act: text(),
            subject: text(),
            detail: text()
        )
    }

    mutating func signingKey() -> SigningKey {
        SigningKey(id: name(), sealed: bytes(), createdAt: integer(), retiredAt: integer())
    }

    mutating func authority() throws(RegistryError) -> TenantAuthority {
        TenantAuthority(tenant: try tenant(), anchor: integer(), sealed: bytes())
    }

    private mutating func secret() -> StoredSecret? {
        let (hash, scram) = (optionalText(), optionalText())
        return hash.map { StoredSecret(hash: $0, scram: scram) }
    }
}

extension CredentialKind {
    /// The number it is stored as; never changed.
    var stored: Int64 {
        switch self {
        case .accessToken: 1
        case .certificate: 2
        case .basic: 3
        case .password: 4
        }
    }

    init?(stored: Int64) {
        guard let kind = Self.allCases.first(where: { $0.stored == stored }) else { return nil }
        self = kind
    }
}
