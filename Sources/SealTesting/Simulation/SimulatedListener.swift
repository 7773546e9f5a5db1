// SPDX-License-Identifier: Apache-2.0
// The listeners of the simulated world: a plain one, one whose clients live below a mount point,
// one with passwords and an ACL, and two that ask the registry: for two tenants that use the same
// topics, client ids and groups.

internal import SealBroker
internal import SealBytes

/// By which listener a client comes in.
enum SimulatedListener: Int, CaseIterable {
    case plain
    case mounted
    case guarded
    case tenantOne
    case tenantTwo

    /// What stands before the topics of its clients in the ledger's world; of a tenant the broker
    /// itself knows no such thing.
    var mount: String {
        switch self {
        case .plain, .guarded: ""
        case .mounted: "m/"
        case .tenantOne: "$T1/"
        case .tenantTwo: "$T2/"
        }
    }
    /// The tenant of its clients.
    var tenant: UInt32 {
        switch self {
        case .plain, .mounted, .guarded: 0
        case .tenantOne: 1
        case .tenantTwo: 2
        }
    }
    var name: String { "\(self)" }
    /// Its clients show who they are.
    var asksWho: Bool { self == .guarded || tenant != 0 }

    /// The user of the guarded listener, and the right password.
    static let user = "worker"
    static let password: [UInt8] = Array("right".utf8)
    /// What that user, and the clients of tenants, may neither read nor write; a topic or filter of
    /// the world.
    func forbids(_ topic: String) -> Bool {
        asksWho && topic.dropFirst(mount.count).hasPrefix("f/")
    }

    /// Whether its clients can publish to a topic of the world at all.
    func reaches(_ topic: String) -> Bool {
        tenant == 0 ? !topic.hasPrefix("$T") : topic.hasPrefix(mount)
    }

    /// The rules of both tenants.
    static let policy = TenantPolicy([
        PolicyRule(tenant: 1, position: 1, effect: .deny, act: .both, filter: "f/#"),
        PolicyRule(tenant: 1, position: 2, effect: .allow, act: .both, filter: "$d/#"),
    ])

    /// What a registry would say to a client of a tenant, whose user name is its number.
    static func judge(_ credentials: Credentials, changeNumber: UInt64) -> LoginStep {
        let parts = (credentials.user ?? "").text.split(atByte: "/")
        guard parts.count == 2, let number = UInt32(parts[0]), let person = Int64(parts[1]) else {
            return .refused([Reason(.unknownUser)])
        }
        var tenant = Tenant(id: "t\(number)")
        tenant.number = number
        var account: Account?
        var device: PrincipalDevice?
        if person % 2 == 0 {
            device = PrincipalDevice(number: person, identifier: credentials.clientID)
        } else {
            account = Account(tenant: number, name: "\(person)", roles: [.messaging])
            account?.number = person
        }
        var principal = Principal(
            name: credentials.user,
            clientID: credentials.clientID,
            method: .password,
            listener: credentials.listener,
            tenant: tenant,
            policy: policy,
            device: device,
            account: account
        )
        principal.reliance.changeNumber = changeNumber
        principal.reliance.tenant = number
        principal.reliance.credential = person
        return .accepted(principal)
    }

    static var grants: [ListenerGrant] {
        allCases.map { listener in
            var grant = ListenerGrant()
            grant.name = listener.name
            grant.mountPoint = Array(listener.mount.utf8)
            return grant
        }
    }

    static func rules() throws(SimulationFault) -> [AccessRules] {
        var open = AccessRules()
        open.allowsAnonymous = true
        var guarded = AccessRules()
        // Nobody computes this hash here: the world knows the password.
        let hash = "$7$101$c2FsdHNhbHRzYWx0$" + String(repeating: "A", count: 86) + "=="
        let table = PasswordTable(parsing: Array("\(user):\(hash)\n".utf8), file: "passwords")
        guarded.passwords = table
        let acl = "user \(user)\ntopic readwrite #\ntopic readwrite $d/#\ntopic deny f/#\n"
        let (policy, faults) = Policy.parse(Array(acl.utf8), file: "acl")
        guard let policy, table.faults.isEmpty else {
            throw SimulationFault(reason: "the guarded listener: \(table.faults) \(faults)")
        }
        guarded.policy = policy
        var registry = AccessRules()
        registry.source = .registry
        return [open, open, guarded, registry, registry]
    }
}
