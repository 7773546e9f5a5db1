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
        if principal.isUnrestricted, principal.readsSys { return true }
        return principal.decide(.deliver, topic: topic).isAllowed
    }

    /// Whether a session's client may do everything, so that no rule has to be asked.
    func isUnrestricted(_ session: Handle) -> Bool {
        principals[sessions[session].principal].map { $0.isUnrestricted && $0.readsSys } ?? false
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

    /// New rules of access: answers given so far are forgotten.
    public func replaceAccess(_ rules: [AccessRules]) {
        access = rules
        routes.invalidateAll()
    }
}
