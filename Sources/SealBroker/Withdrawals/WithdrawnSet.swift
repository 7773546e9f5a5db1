// SPDX-License-Identifier: Apache-2.0
// Many withdrawals at once, so that each client is compared with all of them in a few look-ups. The
// answer is `Reliance.isWithdrawn(by:)`'s for the changes that are younger than the login: what it
// was decided with, cannot be taken back by what was known then.

internal import SealBytes

/// What a batch of changes takes away.
struct WithdrawnSet {
    private struct Numbered: Hashable {
        var tenant: UInt32
        var number: Int64
    }

    private struct Serial: Hashable {
        var tenant: UInt32
        var serial: Name
    }

    private struct Token: Hashable {
        var tenant: UInt32
        var id: Name
    }

    /// The tenants in which anything was withdrawn.
    private(set) var tenants: Set<UInt32> = []
    private var wholeTenants: [UInt32: IdentityChange] = [:]
    private var accounts: [Numbered: IdentityChange] = [:]
    private var anchors: [Numbered: IdentityChange] = [:]
    private var devices: [Numbered: IdentityChange] = [:]
    private var credentials: [Numbered: IdentityChange] = [:]
    private var tokens: [Token: IdentityChange] = [:]
    private var serials: [Serial: [IdentityChange]] = [:]

    var isEmpty: Bool { tenants.isEmpty }

    init(_ changes: [IdentityChange]) {
        for change in changes where change.isWithdrawal { insert(change) }
    }

    private mutating func insert(_ change: IdentityChange) {
        let tenant = change.tenant
        switch change.subject {
        case .tenant(let number):
            guard number == tenant else { return }
            Self.keep(change, &wholeTenants[tenant])
        case .account(let number):
            Self.keep(change, &accounts[Numbered(tenant: tenant, number: number)])
        case .anchor(let number):
            Self.keep(change, &anchors[Numbered(tenant: tenant, number: number)])
        case .device(let number):
            Self.keep(change, &devices[Numbered(tenant: tenant, number: number)])
        case .credential(let number):
            Self.keep(change, &credentials[Numbered(tenant: tenant, number: number)])
        case .token(let id): Self.keep(change, &tokens[Token(tenant: tenant, id: id)])
        case .revocation(let owner, let serial, _):
            guard owner == tenant else { return }
            serials[Serial(tenant: tenant, serial: serial), default: []].append(change)
        case .policy, .option: return
        }
        tenants.insert(tenant)
    }

    /// Of several changes of one thing the youngest says it all.
    private static func keep(_ change: IdentityChange, _ place: inout IdentityChange?) {
        if let known = place, known.number > change.number { return }
        place = change
    }

    /// The change that takes away what somebody relies on.
    func change(against reliance: Reliance) -> IdentityChange? {
        let tenant = reliance.tenant
        guard tenants.contains(tenant) else { return nil }
        func younger(_ change: IdentityChange?) -> IdentityChange? {
            change.flatMap { $0.number > reliance.changeNumber ? $0 : nil }
        }
        if let whole = younger(wholeTenants[tenant]) { return whole }
        func find(_ number: Int64?, _ table: [Numbered: IdentityChange]) -> IdentityChange? {
            guard let number, !table.isEmpty else { return nil }
            return younger(table[Numbered(tenant: tenant, number: number)])
        }
        if let change = find(reliance.device, devices) ?? find(reliance.account, accounts)
            ?? find(reliance.credential, credentials) ?? find(reliance.pinned, credentials)
            ?? find(reliance.anchor, anchors)
        {
            return change
        }
        if let id = reliance.token, let change = younger(tokens[Token(tenant: tenant, id: id)]) {
            return change
        }
        guard !serials.isEmpty else { return nil }
        for mark in reliance.certificates {
            let named = serials[Serial(tenant: tenant, serial: mark.serial)] ?? []
            if let change = named.first(where: {
                $0.number > reliance.changeNumber && reliance.isWithdrawn(by: $0)
            }) {
                return change
            }
        }
        return nil
    }
}
