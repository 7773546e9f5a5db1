// SPDX-License-Identifier: Apache-2.0
// What administration asks about sessions: who is here, and out with this one.

public import SealBytes
internal import SealMQTT

extension Partition {
    /// The sessions of a tenant, in no order; `peer` knows the addresses of connections by the
    /// host's name for them.
    public func sessionRecords(
        tenant: UInt32,
        peer: (UInt64) -> String? = { _ in nil }
    ) -> [SessionRecord] {
        var records: [SessionRecord] = []
        for session in sessions.handles where sessions[session].key.tenant == tenant {
            let row = sessions[session]
            var record = SessionRecord(
                tenant: tenant,
                clientID: Name(decoding: row.key.identifier)
            )
            if let principal = principals[row.principal] {
                record.user = principal.name ?? ""
                record.device = principal.device?.identifier ?? ""
                record.method = principal.method.rawValue
                record.listener = principal.listener
            }
            record.subscriptions = row.subscriptions.count
            record.queuedMessages = row.queue.count
            record.protocolName = Self.name(row.version)
            var since = row.leftAt
            if links.contains(row.link) {
                record.isConnected = true
                since = links[row.link].openedAt
                record.peer = peer(links[row.link].transport) ?? links[row.link].peerAddress
            }
            // Never before 1970, whatever the host's clocks say.
            record.since = max(0, unixMilliseconds - Int64(clamping: now - min(since, now)))
            records.append(record)
        }
        return records
    }

    private static func name(_ version: ProtocolVersion) -> String {
        switch version {
        case .v31: "mqtt-3.1"
        case .v311: "mqtt-3.1.1"
        case .v5: "mqtt-5"
        }
    }

    /// Ends a client's connection, and its session if so said; how many connections those were.
    public func kick(tenant: UInt32, clientID: Name, forgets: Bool) -> Int {
        let key = ClientKey(tenant: tenant, identifier: Array(clientID.utf8))
        guard let session = sessionsByKey[key] else { return 0 }
        let id = sessions[session].link
        let isConnected = links.contains(id) && links[id].phase == .open
        if forgets {
            giveBackSessionPlace(session)
            sessions[session].expirySeconds = 0
        }
        if isConnected {
            let reason = Reason(.kicked)
            report(.accessWithdrawn(notice(id), [reason]))
            disconnect(id, .administrativeAction, reason.code.sentence)
        } else if forgets {
            // MQTT 5.0 §3.1.3.2.2: a session's end is the latest time for its will.
            publishWill(session)
            endSession(session)
        }
        return isConnected ? 1 : 0
    }
}
