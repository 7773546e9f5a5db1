// SPDX-License-Identifier: Apache-2.0
// One PUBLISH for one receiver, with the topic by the name that it knows.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// Writes one PUBLISH for one link, with alias and identifiers; false when it is too large.
    @discardableResult
    func encode(
        _ id: Handle,
        qos: UInt8,
        isDuplicate: Bool = false,
        isRetained: Bool,
        packetID: UInt16?,
        topic: RawSpan,
        properties: RawSpan,
        expirySeconds: UInt32?,
        identifiers: [UInt32],
        payload: RawSpan
    ) -> Bool {
        let own = links[id].scope?.clientForm(topic)
        if let own {
            return encodeNamed(
                id,
                qos: qos,
                isDuplicate: isDuplicate,
                isRetained: isRetained,
                packetID: packetID,
                topic: own.span.bytes,
                properties: properties,
                expirySeconds: expirySeconds,
                identifiers: identifiers,
                payload: payload
            )
        }
        return encodeNamed(
            id,
            qos: qos,
            isDuplicate: isDuplicate,
            isRetained: isRetained,
            packetID: packetID,
            topic: unmounted(topic, links[id].mountPoint),
            properties: properties,
            expirySeconds: expirySeconds,
            identifiers: identifiers,
            payload: payload
        )
    }

    /// A topic or filter of a client as the broker knows it; nil when both use the same name.
    func brokerForm(_ id: Handle, _ topic: RawSpan) -> [UInt8]? {
        guard links[id].renamesTopics else { return nil }
        if let scope = links[id].scope { return scope.brokerForm(topic) }
        return links[id].mountPoint + topic.copied()
    }

    /// The same with the topic as the client knows it.
    private func encodeNamed(
        _ id: Handle,
        qos: UInt8,
        isDuplicate: Bool,
        isRetained: Bool,
        packetID: UInt16?,
        topic: RawSpan,
        properties: RawSpan,
        expirySeconds: UInt32?,
        identifiers: [UInt32],
        payload: RawSpan
    ) -> Bool {
        func write(_ sentTopic: RawSpan, _ alias: UInt16?) -> Bool {
            writer.removeAll()
            _ = Encode.publish(
                version: links[id].version,
                qos: qos,
                isDuplicate: isDuplicate,
                isRetained: isRetained,
                topic: sentTopic,
                packetID: packetID,
                properties: properties,
                expirySeconds: expirySeconds,
                topicAlias: alias,
                subscriptionIdentifiers: identifiers,
                payload: payload,
                into: &writer
            )
            return writer.count <= links[id].packetBytesMax
        }
        var fits: Bool
        if let table = links[id].aliasesOut, mayHaveAlias(id, table, topic),
            let alias = table.alias(for: topic.copied())
        {
            if alias.isKnown {
                let short = topic.extracting(0..<0)
                fits = write(short, alias.number)
                let mayNotFit = writer.count + topic.byteCount + 4 > links[id].packetBytesMax
                if fits, mayNotFit, qos > 0, sessions[links[id].session].survives {
                    // Sent again on another connection it has its full topic. What does not fit
                    // then is not begun: a receiver of QoS 2 would keep its id for ever.
                    fits = write(topic, nil) && write(short, alias.number)
                }
            } else {
                fits = write(topic, alias.number)
                if !fits {
                    table.forget(topic.copied())
                    fits = write(topic, nil)
                }
            }
        } else {
            fits = write(topic, nil)
        }
        guard fits else {
            dropTooLarge()
            return false
        }
        if !isDuplicate { counters.addDelivered(qos: qos, payloadBytes: payload.byteCount) }
        sendWritten(id)
        return true
    }

    /// Whether a topic has an alias, or there is memory for one.
    private func mayHaveAlias(_ id: Handle, _ table: AliasTable, _ topic: RawSpan) -> Bool {
        table.isSettled(topic.copied()) || chargeAlias(id, Weight.alias + topic.byteCount)
    }

    /// A topic as a client behind a mount point knows it.
    @_lifetime(copy topic)
    private func unmounted(_ topic: RawSpan, _ prefix: [UInt8]) -> RawSpan {
        let count = prefix.count
        guard count > 0, topic.byteCount > count, topic.extracting(0..<count).equals(prefix) else {
            return topic
        }
        return topic.extracting(count..<topic.byteCount)
    }
}
