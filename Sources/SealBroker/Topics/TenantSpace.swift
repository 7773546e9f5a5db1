// SPDX-License-Identifier: Apache-2.0
// What a partition keeps for one tenant, and when it keeps nothing any more. Nothing in one space
// knows of another: that is how nothing crosses tenants.

/// A tenant's share of a partition.
final class TenantSpace {
    /// Who wants what.
    var tree = TopicTree()
    /// What is retained.
    var retained = RetainedStore()
    /// Sessions that live here.
    var sessions = 0

    /// Nobody would miss it.
    var isEmpty: Bool { sessions == 0 && retained.count == 0 && tree.isEmpty }

    deinit { retained.dismantle() }
}

extension Partition {
    /// The space of a tenant, made when it is missing.
    ///
    /// A client is let in only when there is room for its tenant (`hasRoom`). A letter of another
    /// partition is always taken: a client was let in there.
    func space(of tenant: UInt32) -> TenantSpace {
        if let known = spaces[tenant] { return known }
        let made = TenantSpace()
        spaces[tenant] = made
        return made
    }

    /// Whether a client of this tenant may come in, as far as the number of tenants goes.
    func hasRoom(for tenant: UInt32) -> Bool {
        spaces[tenant] != nil || spaces.count < limits.tenantsMax
    }

    /// Lets go of a tenant's space when nothing is in it; that of listeners without registry stays.
    func tidy(_ tenant: UInt32) {
        guard tenant != 0, let space = spaces[tenant], space.isEmpty else { return }
        spaces[tenant] = nil
    }
}
