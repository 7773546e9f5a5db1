// SPDX-License-Identifier: Apache-2.0
// The policies of tenants that were read lately, so that all clients of a tenant share one.

internal import SealBytes

/// Policies by tenant, for all threads that decide logins.
public final class PolicyShelf: Sendable {
    /// So many tenants are kept.
    public static let tenantsMax = 10_000

    private let policies = Locked<[UInt32: TenantPolicy]>([:])

    /// An empty shelf.
    public init() {}

    /// The policy of these rules, which are a tenant's.
    public func policy(of tenant: UInt32, _ rules: [PolicyRule]) -> TenantPolicy {
        guard !rules.isEmpty else { return .standard }
        return policies.withLock { policies in
            if let known = policies[tenant], known.source == rules { return known }
            if policies.count >= Self.tenantsMax { policies.removeAll() }
            let made = TenantPolicy(rules)
            policies[tenant] = made
            return made
        }
    }
}
