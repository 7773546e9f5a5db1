// SPDX-License-Identifier: Apache-2.0
// Retained messages live at the home of their topic. A subscriber asks every partition with its
// interest, so that it gets the snapshot and everything after it, in this order.

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
        guard home == setup.index else {
            post(
                .retain(message, forwarded: route.remote),
                message,
                to: home,
                from: publication.source
            )
            return .success
        }
        return store(message)
    }

    /// Keeps a message of which this partition is the home.
    private func store(_ message: Message) -> MQTTReason {
        let tenant = Int(message.header.tenant)
        let levels = TopicTree.levels(of: message.topic)
        // [MQTT-3.3.1-6]: an empty payload removes.
        if message.header.payloadCount == 0 {
            if retained[tenant].remove(levels) { counters.retainedMessages -= 1 }
            return .success
        }
        let old = retained[tenant].message(of: levels)
        if old == nil, retained[tenant].count >= limits.retainedMessagesMax {
            counters.limitHits.add(.retainedMessages)
            return .quotaExceeded
        }
        let bytes = retained[tenant].bytes - (old?.byteCount ?? 0) + message.byteCount
        if bytes > limits.retainedBytesMax {
            counters.limitHits.add(.retainedBytes)
            return .quotaExceeded
        }
        if old == nil { counters.retainedMessages += 1 }
        retained[tenant].set(message)
        return .success
    }

    /// A retained message from the partition it was published in.
    ///
    /// Who asked for a snapshot here
    /// before it arrived, and was not yet known there, gets it now.
    func retainedArrived(_ message: Message, forwarded: UInt64, from sender: Int) {
        _ = store(message)
        let tenant = message.header.tenant
        guard let route = try? route(message.topic, tenant: tenant) else { return }
        let missed = route.remote & ~forwarded & ~(1 &<< UInt64(sender))
        var rest = missed
        while rest != 0 {
            let index = rest.trailingZeroBitCount
            post(.forward(message), message, to: index, from: .none)
            rest &= rest &- 1
        }
        let mine: UInt64 = 1 &<< UInt64(setup.index)
        let isWanted = !route.targets.isEmpty || !route.groups.isEmpty
        if isWanted, forwarded & mine == 0 { forwardArrived(message) }
    }

    /// The retained messages of a filter that have not expired.
    func snapshot(_ filter: [UInt8], tenant: UInt32) -> [Message] {
        var found: [Message] = []
        retained[Int(tenant)].match(filter) { message in
            if message.header.expiresAt > now { found.append(message) }
        }
        return found
    }
}
