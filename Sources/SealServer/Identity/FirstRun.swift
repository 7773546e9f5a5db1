// SPDX-License-Identifier: Apache-2.0
// What a new registry begins with: the tenant that administers the others, a first tenant, and an
// operator for each. Not here: files and configuration, which `init` and `dev` write.

internal import SealAdmin
internal import SealBroker
internal import SealPKI

/// The beginnings of a registry.
struct FirstRun: Sendable {
    /// The id of the first tenant.
    var tenant: String
    /// The user name of the operators.
    var operatorName = "admin"

    /// The id of the tenant that administers the others.
    static let managementTenant = "management"

    /// Passwords that were made, to be shown once.
    struct Secrets: Sendable {
        /// `tenant/user` and password.
        var passwords: [(user: String, password: String)] = []
    }

    /// Every role of an operator of a tenant.
    static let operatorRoles: Set<Role> = Set(
        Role.allCases.filter { $0 != .device && $0 != .deviceBootstrap }
    )

    /// What an error of the beginnings says.
    static func sentence(_ error: any Error) -> String {
        switch error {
        case let error as PKIError: error.reason
        case let error as RegistryError: error.reason
        case let error as DaemonError:
            error.problems.map(\.description).joined(separator: "; ")
        default: "\(error)"
        }
    }

    /// Makes what is missing; an operator that is there keeps its password.
    func prepare(
        _ registry: any Registry,
        _ forge: any SecretForge
    ) throws(RegistryError) -> Secrets {
        // Made before, because nothing slow is done inside of a change.
        let operators = try [Self.managementTenant, tenant].map { id throws(RegistryError) in
            let password = try forge.generate()
            return (id, password, try forge.hash(generated: Array(password.utf8)))
        }
        return try registry.change(by: .daemon) { writer throws(RegistryError) in
            var secrets = Secrets()
            if try writer.directory.tenant(number: Tenant.managementNumber) == nil {
                _ = try writer.add(Tenant(id: Self.managementTenant, label: "Management"))
            }
            if try writer.directory.tenant(id: tenant) == nil {
                _ = try writer.add(Tenant(id: tenant, label: tenant))
            }
            for (id, password, secret) in operators {
                guard let home = try writer.directory.tenant(id: id),
                    try writer.directory.account(tenant: home.number, name: operatorName) == nil
                else { continue }
                var account = Account(
                    tenant: home.number,
                    name: operatorName,
                    roles: Self.operatorRoles
                )
                account.secret = secret
                _ = try writer.add(account)
                secrets.passwords.append(("\(id)/\(operatorName)", password))
            }
            return secrets
        }.result
    }
}

extension IdentityService {
    /// Makes what a first run needs, and lets the first tenant trust an authority.
    func prepare(
        _ first: FirstRun,
        trusting authority: Certificate,
        enrols: Bool
    ) throws -> FirstRun.Secrets {
        let secrets = try first.prepare(registry, forge)
        guard let tenant = try registry.tenant(id: first.tenant) else { return secrets }
        var anchor = try TrustAnchor(trusting: authority, tenant: tenant.number)
        anchor.name = "The authority of this installation"
        anchor.registersDevices = enrols
        anchor.proof.isValid = true
        let ready = anchor
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            let (home, fingerprint) = (ready.tenant, ready.fingerprint)
            let known = try writer.directory.anchor(tenant: home, fingerprint: fingerprint)
            if known == nil { _ = try writer.add(ready) }
        }
        return secrets
    }
}
