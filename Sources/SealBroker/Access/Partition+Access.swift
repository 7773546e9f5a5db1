// SPDX-License-Identifier: Apache-2.0
// Questions to the policy. The answers are kept with the route, so each is asked once for a
// topic and a client.

internal import SealBytes
internal import SealMQTT

/// MQTT's reason codes, apart from our own.
typealias MQTTReason = SealMQTT.ReasonCode

extension Partition {
    /// Whether a session may get messages of a topic.
    func mayRead(_ session: Handle, _ topic: [UInt8]) -> Bool {
        guard let principal = principals[sessions[session].principal] else { return false }
        if principal.needsNoQuestions, !TopicSpace.isReserved(topic) { return true }
        return principal.decide(.deliver, topic: topic).isAllowed
    }

    /// Whether a session's client may do everything, so that no rule has to be asked.
    func isUnrestricted(_ session: Handle) -> Bool {
        principals[sessions[session].principal]?.needsNoQuestions ?? false
    }

    /// Whether a link may publish to a topic; tells the operator when not.
    func decidePublish(_ id: Handle, _ topic: [UInt8]) -> Bool {
        guard let principal = principals[links[id].principal] else { return false }
        let decision = principal.decide(.publish, topic: topic)
        if !decision.isAllowed {
            report(
                .accessRefused(notice(id), act: "publish", topic: topic, decision.reasons)
            )
        }
        return decision.isAllowed
    }

    /// How a listener judges who connects.
    func rules(of listener: Int) -> AccessRules {
        access.indices.contains(listener) ? access[listener] : AccessRules()
    }

    /// New rules of access: every client is judged again, and goes if it may no longer be in.
    public func replaceAccess(_ rules: [AccessRules]) {
        let old = access
        access = rules
        accessGeneration &+= 1
        routes.invalidateAll()
        for id in links.handles where links.contains(id) && links[id].phase == .open {
            let listener = links[id].listener
            // Whoever was let in by the new rules elsewhere is not judged by the old ones.
            guard links[id].accessGeneration != accessGeneration,
                let principal = principals[links[id].principal], old.indices.contains(listener)
            else { continue }
            links[id].accessGeneration = accessGeneration
            judge(
                id,
                Login.renew(principal, old: old[listener], new: self.rules(of: listener))
            )
        }
        for session in sessions.handles where !links.contains(sessions[session].link) {
            // It is judged when it comes back; until then the new rules hold for its messages.
            let number = sessions[session].principal
            guard let name = principals[number]?.listener,
                let listener = setup.listeners.firstIndex(where: { $0.name == name })
            else { continue }
            let rules = self.rules(of: listener)
            guard rules.source == .files, principals[number]?.tenantPolicy == nil else { continue }
            principals[number]?.policy = .file(rules.policy)
        }
    }

    private func judge(_ id: Handle, _ step: LoginStep) {
        switch step {
        case .accepted(let principal):
            principals[links[id].principal] = principal
            links[id].isUnrestricted = principal.needsNoQuestions
        case .refused(let reasons):
            report(.sessionRefused(notice(id), reasons))
            let sentence = reasons.first?.code.sentence ?? "the rules of access changed"
            disconnect(id, Self.disconnectCode(for: reasons), sentence)
        case .needsPasswordCheck, .needsRegistry: break
        }
    }

    /// Withdrawn credentials are an act of the operator; otherwise the listener's rules changed.
    private static func disconnectCode(for reasons: [Reason]) -> MQTTReason {
        switch reasons.first?.code {
        case .unknownUser, .badPassword, .certificateUntrusted, .certificateRevoked:
            .administrativeAction
        default: .notAuthorized
        }
    }

    /// Takes one of the tenant's places for a link.
    func takePlace(_ id: Handle, _ tenant: UInt32) -> Bool {
        let most = limits.connectionsPerTenantMax
        if let places = setup.places {
            guard places.take(tenant: tenant, atMost: most) else { return false }
        } else {
            guard (connectionCounts[tenant] ?? 0) < most else { return false }
            connectionCounts[tenant, default: 0] += 1
        }
        links[id].hasPlace = true
        links[id].tenant = tenant
        return true
    }

    /// Gives a link's place back, once.
    func giveBackPlace(_ id: Handle) {
        guard links[id].hasPlace else { return }
        links[id].hasPlace = false
        let tenant = links[id].tenant
        if let places = setup.places { return places.giveBack(tenant: tenant) }
        let count = (connectionCounts[tenant] ?? 1) - 1
        connectionCounts[tenant] = count > 0 ? count : nil
    }
}
