// SPDX-License-Identifier: Apache-2.0
// What a new registry begins with: the tenant that administers the others, a first tenant, and an
// operator for each. Not here: files and configuration, which `init` and `dev` write.

internal import SealAdmin
internal import SealBroker
internal import SealBytes
internal import SealPKI

/// The beginnings of a registry.
struct FirstRun: Sendable {
    /// The id of the first tenant.
    var tenant: Name
    /// The user name of the operators.
    var operatorName: Name = "admin"

    /// The id of the tenant that administers the others.
    static let managementTenant: Name = "management"

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
        var secrets = Secrets()
        let management = try registry.tenant(number: Tenant.managementNumber)
        if management == nil {
            _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
                try writer.add(Tenant(id: Self.managementTenant, label: "Management"))
            }
        }
        if try registry.tenant(id: tenant) == nil {
            _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
                try writer.add(Tenant(id: tenant, label: tenant.text))
            }
        }
        for id in [Self.managementTenant, tenant] {
            guard let home = try registry.tenant(id: id),
                try registry.account(tenant: home.number, name: operatorName) == nil
            else { continue }
            let password = try forge.generate()
            var account = Account(
                tenant: home.number,
                name: operatorName,
                roles: Self.operatorRoles
            )
            account.secret = try forge.hash(generated: Array(password.utf8))
            let ready = account
            _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
                try writer.add(ready)
            }
            secrets.passwords.append(("\(id)/\(operatorName)", password))
        }
        return secrets
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
        guard try registry.anchor(tenant: tenant.number, fingerprint: anchor.fingerprint) == nil
        else { return secrets }
        anchor.name = "The authority of this installation"
        anchor.registersDevices = enrols
        anchor.proof.isValid = true
        let ready = anchor
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.add(ready)
        }
        return secrets
    }
}
