// SPDX-License-Identifier: Apache-2.0
// What the registry takes back: connections that stand on it end, sessions of what is gone for good
// go with it, and logins that were under way meanwhile are checked once more.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// Ends every connection that relies on what was withdrawn; how many those were.
    ///
    /// `policies` are the new rules of the tenants whose rules are among the changes.
    public func withdraw(
        _ batch: [IdentityChange],
        policies: [UInt32: TenantPolicy] = [:]
    ) -> Int {
        for change in batch {
            if change.isWithdrawal {
                changes.append(RecentChanges.Entry(change: change))
            } else if case .policy(let tenant) = change.subject, let policy = policies[tenant] {
                changes.append(RecentChanges.Entry(change: change, policy: policy))
            }
        }
        if !policies.isEmpty { refresh(policies) }
        let withdrawn = WithdrawnSet(batch)
        guard !withdrawn.isEmpty else { return 0 }
        let removed = WithdrawnSet(batch.filter(\.isRemoval))
        for change in batch where change.isRemoval {
            if case .tenant(let number) = change.subject { removedTenants.insert(number) }
        }
        var ended = 0
        for id in links.handles
        where links[id].phase == .open && withdrawn.tenants.contains(links[id].tenant) {
            guard let reliance = principals[links[id].principal]?.reliance,
                let change = withdrawn.change(against: reliance)
            else { continue }
            let isGone = removed.change(against: reliance) != nil
            end(id, change, isGone: isGone)
            ended += 1
        }
        counters.connectionsWithdrawn &+= UInt64(ended)
        if !removed.isEmpty { removeSessions(removed) }
        return ended
    }

    /// Ends one connection; its session too when what it stood on is gone for good.
    private func end(_ id: Handle, _ change: IdentityChange, isGone: Bool) {
        let session = links[id].session
        if isGone, sessions.contains(session) {
            giveBackSessionPlace(session)
            sessions[session].expirySeconds = 0
            if removedTenants.contains(links[id].tenant) { sessions[session].will = nil }
        }
        let reason = Self.reason(for: change)
        report(.accessWithdrawn(notice(id), [reason]))
        disconnect(id, Self.code(for: change), reason.code.sentence)
    }

    /// The sessions of what is gone for good, connected or not.
    private func removeSessions(_ removed: WithdrawnSet) {
        for session in sessions.handles
        where removed.tenants.contains(sessions[session].key.tenant) {
            guard let reliance = principals[sessions[session].principal]?.reliance,
                removed.change(against: reliance) != nil
            else { continue }
            if removedTenants.contains(reliance.tenant) {
                // Nobody is left to be told.
                sessions[session].will = nil
            } else {
                publishWill(session)
            }
            endSession(session)
        }
        for tenant in removed.tenants where removedTenants.contains(tenant) {
            guard let space = spaces[tenant] else { continue }
            counters.retainedMessages -= Int64(space.retained.count)
            ledger.credit(tenant: tenant, .retained, space.retained.bytes)
            space.retained.dismantle()
            space.retained = RetainedStore()
            tidy(tenant)
        }
    }

    /// MQTT 5.0 §3.14.2.1: a certificate that counts no more leaves its client not authorized; the
    /// rest is an act of the operator.
    private static func code(for change: IdentityChange) -> MQTTReason {
        switch change.subject {
        case .anchor, .revocation: .notAuthorized
        default: .administrativeAction
        }
    }

    static func reason(for change: IdentityChange) -> Reason {
        switch change.subject {
        case .tenant: Reason(.withdrawnTenant)
        case .account: Reason(.withdrawnAccount)
        case .anchor: Reason(.withdrawnAnchor)
        case .device: Reason(.withdrawnDevice)
        case .credential: Reason(.withdrawnCredential)
        case .revocation(_, let serial, _): Reason(.withdrawnCertificate, detail: serial.text)
        case .token, .policy, .option: Reason(.withdrawnToken)
        }
    }

    // MARK: Rules

    /// New rules of tenants: they hold for everybody who is connected, and for all sessions.
    private func refresh(_ policies: [UInt32: TenantPolicy]) {
        for number in principals.keys {
            guard let tenant = principals[number]?.tenant, let policy = policies[tenant] else {
                continue
            }
            principals[number]?.policy = .tenant(policy)
        }
        for tenant in policies.keys { routes.invalidateAll(of: tenant) }
        for id in links.handles where policies[links[id].tenant] != nil {
            guard let principal = principals[links[id].principal] else { continue }
            links[id].isUnrestricted = principal.needsNoQuestions
        }
    }

    // MARK: Logins under way

    /// Checks a login against the changes it may have missed, and gives it the rules of now; why it
    /// is refused, if it is.
    func missedChanges(_ principal: inout Principal) -> Reason? {
        guard principal.tenant != 0 else { return nil }
        let reliance = principal.reliance
        guard reliance.changeNumber >= changes.forgottenThrough else {
            return Reason(.registryChanged)
        }
        for entry in changes.since(reliance.changeNumber) {
            if reliance.isWithdrawn(by: entry.change) { return Self.reason(for: entry.change) }
            if let policy = entry.policy, entry.change.tenant == principal.tenant {
                principal.policy = .tenant(policy)
            }
        }
        return nil
    }

    // MARK: The end of a login by itself

    /// A login that stands on a certificate or a token ends with it.
    func watchLoginEnd(_ id: Handle) {
        guard links.contains(id), links[id].phase == .open, unixMilliseconds > 0,
            let end = principals[links[id].principal]?.reliance.endsAt
        else { return }
        let left = min(max(end, 0), 1 << 40) * 1000 - unixMilliseconds
        guard left > 0 else {
            let reason = Reason(.withdrawnByTime)
            report(.accessWithdrawn(notice(id), [reason]))
            counters.connectionsWithdrawn &+= 1
            return disconnect(id, .notAuthorized, reason.code.sentence)
        }
        // The clock of the world may be set meanwhile: it is looked at once a day at least.
        arm(id, .loginEnd, at: now + UInt64(min(left, Self.dayMilliseconds)))
    }

    private static var dayMilliseconds: Int64 { 86_400_000 }
}
