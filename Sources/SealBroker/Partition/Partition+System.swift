// SPDX-License-Identifier: Apache-2.0
// The broker's own topics, and what the host reads and replaces while the partition runs.

internal import SealBytes
internal import SealMQTT
public import SealTelemetry

extension Partition {
    // BOUND: the topics of `$SYS` are the daemon's own.
    /// Publishes system topics as retained messages of the first tenant.
    public func publishSystem(_ topics: [(topic: String, payload: String)]) {
        for (topic, payload) in topics {
            let header = MessageHeader(
                topicCount: 0,
                propertyCount: 0,
                payloadCount: 0,
                qos: 0,
                isRetained: true
            )
            let name = Array(topic.utf8)
            let text = Array(payload.utf8)
            let none: [UInt8] = []
            let message = Message(
                header,
                topic: name.span.bytes,
                properties: none.span.bytes,
                payload: text.span.bytes
            )
            publish(message, origin: .none)
        }
    }

    /// A copy of the counters.
    public func snapshot() -> ShardCounters {
        var copy = counters
        copy.sharedSubscriptions = Int64(groups.count)
        copy.memory = ledger.use
        copy.memory[.routes] = routes.bytes
        copy.memory[.output] = out.heldBytes
        return copy
    }

    /// New bounds, for what comes from now on.
    public func replaceLimits(_ limits: BrokerLimits) {
        self.limits = limits
        work.limits = limits.work
        ledger.replaceLimits(limits)
        routes.bytesMax = limits.routeBytesMax / max(setup.count, 1)
    }

    /// What listeners grant to those who connect from now on.
    public func replaceGrants(_ grants: [ListenerGrant]) { setup.listeners = grants }
}
