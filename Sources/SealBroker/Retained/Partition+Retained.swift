// SPDX-License-Identifier: Apache-2.0
// Retained messages live at the home of their topic. How a new subscriber gets them is in
// Partition+RetainedQueue and Partition+RetainedHome.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// Keeps a publication at its topic's home; says when it is refused.
    func retain(
        _ publication: inout Publication,
        _ route: Route,
        topic: RawSpan,
        properties: RawSpan,
        payload: RawSpan
    ) -> MQTTReason {
        let home = home(publication.tenant, route.topic)
        let message = keep(
            &publication,
            topic: topic,
            properties: properties,
            payload: payload
        )
        noteLive(message)
        retainsPosted[home] += 1
        publication.retainedNumber = retainsPosted[home]
        guard home == setup.index else {
            post(.retain(message), message, to: home, from: publication.source)
            return .success
        }
        return store(message, from: setup.index)
    }

    /// Whether messages are retained at all.
    var retainsMessages: Bool { limits.retainedMessagesMax > 0 }

    /// Keeps a message of which this partition is the home.
    func store(_ message: Message, from sender: Int) -> MQTTReason {
        retainsHandled[sender] += 1
        let tenant = message.header.tenant
        // It was on its way when the tenant was removed.
        if removedTenants.contains(tenant) { return .success }
        let levels = TopicTree.levels(of: message.topic)
        // [MQTT-3.3.1-6]: an empty payload removes.
        if message.header.payloadCount == 0 {
            let before = spaces[tenant]?.retained.bytes ?? 0
            if spaces[tenant]?.retained.remove(levels) == true {
                counters.retainedMessages -= 1
                let after = spaces[tenant]?.retained.bytes ?? 0
                ledger.credit(tenant: tenant, .retained, before - after)
                tidy(tenant)
            }
            return .success
        }
        let space = space(of: tenant)
        let old = space.retained.message(of: levels)
        if old == nil, space.retained.count >= limits.retainedMessagesMax {
            counters.limitHits.add(.retainedMessages)
            tidy(tenant)
            return .quotaExceeded
        }
        let more = Weight.retained(message) - (old.map(Weight.retained) ?? 0)
        let bytes = space.retained.bytes + more
        if bytes > limits.retainedBytesMax {
            counters.limitHits.add(.retainedBytes)
            tidy(tenant)
            return .quotaExceeded
        }
        if more > 0 {
            if let refusal = ledger.charge(tenant: tenant, .retained, more) {
                note(refusal)
                tidy(tenant)
                return .quotaExceeded
            }
        } else {
            ledger.credit(tenant: tenant, .retained, -more)
        }
        if old == nil { counters.retainedMessages += 1 }
        space.retained.set(
            message,
            from: RetainedOrigin(partition: sender, position: retainsHandled[sender])
        )
        return .success
    }
}
