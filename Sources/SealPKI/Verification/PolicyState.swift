// SPDX-License-Identifier: Apache-2.0
// The policies that a path agrees on (RFC 5280 §6.1), with one node for each policy and level as
// RFC 9618 wants it, so that the work does not grow with the number of mappings.

struct PolicyState {
    /// A policy of the level that was reached.
    private struct Node {
        /// What certificates below may call it.
        var expected: Set<OID>
        /// What it is called by those who were trusted first.
        var origins: Set<OID>
    }

    private var level: [OID: Node] = [
        .anyPolicy: Node(expected: [.anyPolicy], origins: [.anyPolicy])
    ]
    private var explicit: Int
    private var mapping: Int
    private var any: Int
    private let wanted: Set<OID>

    /// Begins at the trusted certificate, above so many others.
    init(_ settings: VerificationSettings, certificateCount: Int) {
        let never = certificateCount + 1
        explicit = settings.requiresPolicy ? 0 : never
        mapping = settings.inhibitsMapping ? 0 : never
        any = settings.inhibitsAnyPolicy ? 0 : never
        wanted = settings.policies.contains(.anyPolicy) ? [] : settings.policies
    }

    /// Goes on to the next certificate below; gives back why the path fails.
    mutating func take(_ fields: CertificateFields, isLeaf: Bool) -> String? {
        descend(fields, isLeaf: isLeaf)
        // §6.1.3 (f)
        if explicit == 0, level.isEmpty {
            return "an explicit policy is required, and none is valid up to here"
        }
        if isLeaf {
            // §6.1.5 (a) and (b)
            if explicit > 0 { explicit -= 1 }
            if case .policyConstraints(0, _) = fields.find(.policyConstraints)?.content {
                explicit = 0
            }
            return nil
        }
        map(fields)
        // §6.1.4 (h) to (j)
        if !fields.isSelfIssued {
            explicit = max(explicit - 1, 0)
            mapping = max(mapping - 1, 0)
            any = max(any - 1, 0)
        }
        if case .policyConstraints(let limit, let limitMapping) =
            fields.find(.policyConstraints)?.content
        {
            if let limit { explicit = min(explicit, limit) }
            if let limitMapping { mapping = min(mapping, limitMapping) }
        }
        if case .inhibitAnyPolicy(let limit) = fields.find(.inhibitAnyPolicy)?.content {
            any = min(any, limit)
        }
        return nil
    }

    // RFC 5280 §6.1.5 (g)
    func finish() -> String? {
        guard explicit == 0 else { return nil }
        if level.isEmpty { return "an explicit policy is required, and none is valid" }
        if wanted.isEmpty { return nil }
        let found = level.values.reduce(into: Set<OID>()) { $0.formUnion($1.origins) }
        if found.contains(.anyPolicy) || !found.isDisjoint(with: wanted) { return nil }
        return "none of the wanted policies is valid for the chain"
    }

    // RFC 5280 §6.1.3 (d) and (e)
    private mutating func descend(_ fields: CertificateFields, isLeaf: Bool) {
        guard case .policies(let policies) = fields.find(.certificatePolicies)?.content else {
            level = [:]
            return
        }
        guard !level.isEmpty else { return }
        var next: [OID: Node] = [:]
        var parents: [OID: [OID]] = [:]
        for (name, node) in level {
            for expected in node.expected { parents[expected, default: []].append(name) }
        }
        func origins(_ policy: OID, below names: [OID]) -> Set<OID> {
            names.reduce(into: Set<OID>()) { all, name in
                // Below anyPolicy a policy stands for itself.
                if name == .anyPolicy {
                    all.insert(policy)
                } else {
                    all.formUnion(level[name]?.origins ?? [])
                }
            }
        }
        for policy in policies where policy.id != .anyPolicy {
            if let names = parents[policy.id] {
                next[policy.id] = Node(
                    expected: [policy.id],
                    origins: origins(policy.id, below: names)
                )
            } else if level[.anyPolicy] != nil {
                next[policy.id] = Node(expected: [policy.id], origins: [policy.id])
            }
        }
        let mayBeAny = any > 0 || !isLeaf && fields.isSelfIssued
        if mayBeAny, policies.contains(where: { $0.id == .anyPolicy }) {
            for (expected, names) in parents where next[expected] == nil {
                next[expected] = Node(
                    expected: [expected],
                    origins: origins(expected, below: names)
                )
            }
        }
        level = next
    }

    // RFC 5280 §6.1.4 (b)
    private mutating func map(_ fields: CertificateFields) {
        guard case .policyMappings(let pairs) = fields.find(.policyMappings)?.content else {
            return
        }
        var subjects: [OID: Set<OID>] = [:]
        for pair in pairs { subjects[pair.issuer, default: []].insert(pair.subject) }
        for (issuer, names) in subjects {
            if mapping == 0 {
                level[issuer] = nil
            } else if level[issuer] != nil {
                level[issuer]?.expected = names
            } else if level[.anyPolicy] != nil {
                level[issuer] = Node(expected: names, origins: [issuer])
            }
        }
    }
}
