// SPDX-License-Identifier: Apache-2.0
// Which tenant a login is kept to, before anything of it is looked up: that of the listener, of the
// name before the user name, or of the host. Without one, registrations of several tenants may fit;
// what decides between them stands here, too.

internal import SealBytes

/// The tenant that look-ups are kept to, and what the user may be called in it.
struct LoginScope {
    /// nil: the client may be any tenant's.
    var tenant: Tenant?
    /// The user name as it was sent, then without the tenant before it.
    var names: [Name]
}

extension LoginAttempt {
    /// The scope of a login by user name, or by client id alone.
    func scope() throws(LoginRefusal) -> LoginScope {
        let text = credentials.user ?? ""
        let name = UserName(text)
        var names = [text]
        if !name.user.isEmpty, name.user != text { names.append(name.user) }
        if let id = taken.tenant {
            // A name that begins with another tenant is nobody's but this tenant's here.
            let isForeign = name.tenant != nil && name.tenant != id
            return LoginScope(tenant: try existing(id), names: isForeign ? [text] : names)
        }
        if let id = name.tenant, let tenant = try named(id) {
            return LoginScope(tenant: tenant, names: names)
        }
        guard let id = credentials.tenantHint else { return LoginScope(names: [text]) }
        return LoginScope(
            tenant: try existing(id),
            names: name.tenant == nil ? names : [text]
        )
    }

    /// The tenant that a login by certificate is kept to; nil: any that has to do with it.
    ///
    /// A user name without tenant is not looked at, as ever with a certificate.
    func scopeOfCertificate() throws(LoginRefusal) -> Tenant? {
        if let id = taken.tenant { return try existing(id) }
        if let id = UserName(credentials.user ?? "").tenant, let tenant = try named(id) {
            return tenant
        }
        return try credentials.tenantHint.map { id throws(LoginRefusal) in try existing(id) }
    }

    private func named(_ id: Name) throws(LoginRefusal) -> Tenant? {
        try ask { (registry) throws(RegistryError) in try registry.tenant(id: id) }
    }

    private func existing(_ id: Name) throws(LoginRefusal) -> Tenant {
        guard let tenant = try named(id) else { throw LoginRefusal(.tenantUnknown, id.shortened) }
        return tenant
    }

    /// The credentials that are found by this: in the scope, or of all tenants without one.
    func rows(
        _ kind: CredentialKind,
        _ lookup: Name,
        _ tenant: Tenant?
    ) throws(LoginRefusal) -> [Credential] {
        try ask { (registry) throws(RegistryError) in
            guard let tenant else { return try registry.credentials(kind: kind, lookup: lookup) }
            let own = try registry.credential(
                tenant: tenant.number,
                kind: kind,
                lookup: lookup
            )
            return own.map { [$0] } ?? []
        }
    }
}

/// How much a registration counts against those of other tenants: what was proved counts more, and
/// of two that count the same the older one stands.
struct RegistrationRank: Comparable {
    /// What was proved; higher is more.
    var proof: Int
    /// Since when it is registered, in milliseconds since 1970.
    var registeredAt: Int64
    /// Its number, for those of the same moment.
    var number: Int64

    /// The one that counts more comes first.
    static func < (left: RegistrationRank, right: RegistrationRank) -> Bool {
        if left.proof != right.proof { return left.proof > right.proof }
        return (left.registeredAt, left.number) < (right.registeredAt, right.number)
    }
}

/// A registration of one of several tenants that fit the same client.
struct Dispute: Sendable, Equatable {
    /// The tenant.
    var tenant: UInt32
    /// Its own registration: the UUID of a credential, the fingerprint of a trust anchor.
    var subject: Name
    /// The device it belongs to; nil for a trust anchor.
    var device: Int64?
    /// It is the one that counts.
    var counts: Bool
}

/// What is left to write down when a client was let in.
struct LoginNotes: Sendable {
    /// The credential that let a client in without a proof, for the first time.
    var firstUse: Int64?
    /// All registrations that fit, when several tenants have one; the first counts.
    var disputes: [Dispute] = []

    /// There is nothing to write.
    var isEmpty: Bool { firstUse == nil && disputes.isEmpty }
}
