// SPDX-License-Identifier: Apache-2.0
// Who may publish, subscribe and read what in a tenant: its rules in order, and what holds without
// them. Made once for a tenant and shared by all its clients. Not here: the reading of the rules
// (`TenantRule`).

/// The rules of one tenant.
///
/// A topic is judged by the first rule that applies. Without one everything is allowed but `$SYS`,
/// other topics that begin with `$`, and the space of other devices.
public final class TenantPolicy: Sendable {
    /// The rules in order.
    let rules: [TenantRule]
    /// What it was made of.
    let source: [PolicyRule]

    /// The policy of a tenant that has no rules.
    public static let standard = TenantPolicy([])

    /// Reads rules, in the order of their positions.
    ///
    /// A rule that cannot be read allows nothing; one that should deny then denies everything.
    public init(_ rules: [PolicyRule]) {
        source = rules
        let inOrder = rules.enumerated().sorted { left, right in
            (left.element.position, left.offset) < (right.element.position, right.offset)
        }
        self.rules = inOrder.compactMap { TenantRule($0.element) }
    }

    private static let ownTenant = Decision.allowed([Reason(.accessOwnTenant)])
    private static let otherDevice = Decision.refused([Reason(.accessOtherDevice)])
    private static let reserved = Decision.refused([Reason(.accessReserved)])
    private static let sysReadOnly = Decision.refused([Reason(.sysReadOnly)])
    private static let sysForbidden = Decision.refused([Reason(.sysForbidden)])
    private static let messagingForbidden = Decision.refused([Reason(.messagingForbidden)])

    /// Answers one question; `topic` is the filter when `act` is `.subscribe`.
    ///
    /// A subscription is refused only when no topic of its filter may be read. Otherwise it is
    /// allowed, and each delivery is asked about on its own.
    func decide(_ act: AccessAct, topic: [UInt8], for client: borrowing Principal) -> Decision {
        let start = act == .subscribe ? Self.startBehindShare(topic) : 0
        let space = TopicSpace(topic, from: start)
        let standing = standing(act, topic, space, client)
        if client.isBootstrapping { return standing }
        // Publishing there would let a client speak for the broker.
        if space == .system, act == .publish { return Self.sysReadOnly }
        for rule in rules where rule.concerns(act, client) {
            if act == .subscribe {
                guard rule.appliesToFilter(topic, from: start, client) else { continue }
            } else {
                guard rule.matches(topic, client.topicNames) else { continue }
            }
            if rule.effect == .deny { return .refused([rule.reason]) }
            // A rule for everything does not open what belongs to one device.
            guard standing.isAllowed || rule.reaches(space) else { continue }
            return .allowed([rule.reason])
        }
        return standing
    }

    /// What holds without rules.
    private func standing(
        _ act: AccessAct,
        _ topic: [UInt8],
        _ space: TopicSpace,
        _ client: borrowing Principal
    ) -> Decision {
        switch space {
        case .open: return client.isBootstrapping ? Self.messagingForbidden : Self.ownTenant
        case .system: return Self.sysForbidden
        case .reserved: return Self.reserved
        case .bootstrap(let name):
            guard client.isBootstrapping else { return Self.reserved }
            let isOwn = topic[name].elementsEqual(client.topicNames.clientID)
            return isOwn ? Self.ownTenant : Self.otherDevice
        case .device(let isReserved, let name):
            if client.isBootstrapping { return Self.messagingForbidden }
            guard client.device != nil else {
                // Accounts are the applications of the tenant: they talk with its devices.
                if client.account != nil, !isReserved { return Self.ownTenant }
                return isReserved ? Self.reserved : Self.otherDevice
            }
            if topic[name].elementsEqual(client.topicNames.device) { return Self.ownTenant }
            // A wildcard in place of the name covers the own space, too.
            let isWide = act == .subscribe && isWildcard(topic[name])
            return isWide ? Self.ownTenant : Self.otherDevice
        }
    }

    private func isWildcard(_ level: ArraySlice<UInt8>) -> Bool {
        level.elementsEqual(TopicRule.plus) || level.elementsEqual(TopicRule.hash)
    }

    /// Where the filter begins behind `$share/<group>/`. MQTT 5.0 §4.8.2
    private static func startBehindShare(_ filter: [UInt8]) -> Int {
        guard filter.starts(with: "$share/".utf8) else { return 0 }
        var index = 7
        while index < filter.count, filter[index] != UInt8(ascii: "/") { index += 1 }
        return index < filter.count ? index + 1 : 0
    }
}
