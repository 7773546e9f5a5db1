// SPDX-License-Identifier: Apache-2.0
// What a change sees of the registry: the state so far, straight from its own connection.

internal import SealBroker

extension RegistryTransaction {
    func tenant(number: UInt32) throws(RegistryError) -> Tenant? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.tenant(number: number)
        }
    }

    func tenant(id: String) throws(RegistryError) -> Tenant? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.tenant(id: id)
        }
    }

    func tenant(domain: String) throws(RegistryError) -> Tenant? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.tenant(domain: domain)
        }
    }

    func anchors(
        sha256: [UInt8],
        tenant: UInt32?
    ) throws(RegistryError) -> [TrustAnchor] {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.anchors(AnchorQueries.bySHA256, sha256, tenant)
        }
    }

    func anchors(
        subjectKey: [UInt8],
        tenant: UInt32?
    ) throws(RegistryError) -> [TrustAnchor] {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.anchors(AnchorQueries.bySubject, subjectKey, tenant)
        }
    }

    func anchor(number: Int64) throws(RegistryError) -> TrustAnchor? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.anchor(number: number)
        }
    }

    func device(number: Int64) throws(RegistryError) -> Device? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.device(number: number)
        }
    }

    func device(tenant: UInt32, identifier: String) throws(RegistryError) -> Device? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.device(tenant: tenant, identifier: identifier)
        }
    }

    func credential(
        tenant: UInt32,
        kind: CredentialKind,
        lookup: String
    ) throws(RegistryError) -> Credential? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.credential(tenant: tenant, kind: kind, lookup: lookup)
        }
    }

    func credentials(
        kind: CredentialKind,
        lookup: String
    ) throws(RegistryError) -> [Credential] {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.credentials(kind: kind, lookup: lookup)
        }
    }

    func credentials(device: Int64) throws(RegistryError) -> [Credential] {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.credentials(device: device)
        }
    }

    func account(tenant: UInt32, name: String) throws(RegistryError) -> Account? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.account(tenant: tenant, name: name)
        }
    }

    func account(number: Int64) throws(RegistryError) -> Account? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.account(number: number)
        }
    }

    func revocation(
        tenant: UInt32,
        serial: String,
        issuers: [[UInt8]]
    ) throws(RegistryError) -> Revocation? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.revocations(tenant: tenant, serial: serial).holding(for: issuers)
        }
    }

    func option(tenant: UInt32, category: String, key: String) throws(RegistryError) -> String? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.option(tenant: tenant, category: category, key: key)
        }
    }

    func policyRules(tenant: UInt32) throws(RegistryError) -> [PolicyRule] {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.policyRules(tenant: tenant)
        }
    }

    func isWithdrawn(tenant: UInt32, tokenID: String) throws(RegistryError) -> Bool {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.isWithdrawn(tenant: tenant, tokenID: tokenID)
        }
    }

    func isOpen(tenant: UInt32, family: String) throws(RegistryError) -> Bool {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.isOpen(tenant: tenant, family: family)
        }
    }

    // MARK: What logins do not look up

    func anchor(tenant: UInt32, fingerprint: String) throws(RegistryError) -> TrustAnchor? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.anchor(tenant: tenant, fingerprint: fingerprint)
        }
    }

    func credential(number: Int64) throws(RegistryError) -> Credential? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.credential(number: number)
        }
    }

    func devices(tenant: UInt32, name: String, limit: Int) throws(RegistryError) -> [Device] {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.devices(tenant: tenant, name: name, limit: limit)
        }
    }

    func optionRecord(
        tenant: UInt32,
        category: String,
        key: String
    ) throws(RegistryError) -> TenantOption? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.optionRecord(tenant: tenant, category: category, key: key)
        }
    }

    func request(
        tenant: UInt32,
        identifier: String
    ) throws(RegistryError) -> RegistrationRequest? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.request(tenant: tenant, identifier: identifier)
        }
    }

    func enrolmentCode(tenant: UInt32, identifier: String) throws(RegistryError) -> EnrolmentCode? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.enrolmentCode(tenant: tenant, identifier: identifier)
        }
    }

    func authority(tenant: UInt32) throws(RegistryError) -> TenantAuthority? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.authority(tenant: tenant)
        }
    }
}
