// SPDX-License-Identifier: Apache-2.0
// What a change sees of the registry: the state so far, straight from its own connection.

internal import SealBroker
internal import SealBytes

extension RegistryTransaction {
    func tenant(number: UInt32) throws(RegistryError) -> Tenant? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.tenant(number: number)
        }
    }

    func tenant(id: Name) throws(RegistryError) -> Tenant? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.tenant(id: id)
        }
    }

    func tenant(domain: Name) throws(RegistryError) -> Tenant? {
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

    func device(tenant: UInt32, identifier: Name) throws(RegistryError) -> Device? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.device(tenant: tenant, identifier: identifier)
        }
    }

    func credential(
        tenant: UInt32,
        kind: CredentialKind,
        lookup: Name
    ) throws(RegistryError) -> Credential? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.credential(tenant: tenant, kind: kind, lookup: lookup)
        }
    }

    func credentials(
        kind: CredentialKind,
        lookup: Name
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

    func account(tenant: UInt32, name: Name) throws(RegistryError) -> Account? {
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
        serial: Name,
        issuerKey: [UInt8]
    ) throws(RegistryError) -> Revocation? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.revocations(tenant: tenant, serial: serial).holding(for: issuerKey)
        }
    }

    func option(tenant: UInt32, category: Name, key: Name) throws(RegistryError) -> String? {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.option(tenant: tenant, category: category, key: key)
        }
    }

    func policyRules(tenant: UInt32) throws(RegistryError) -> [PolicyRule] {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.policyRules(tenant: tenant)
        }
    }

    func isWithdrawn(tokenID: Name) throws(RegistryError) -> Bool {
        try with { (connection: Connection) throws(RegistryError) in
            try connection.isWithdrawn(tokenID: tokenID)
        }
    }
}
