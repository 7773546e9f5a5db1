// SPDX-License-Identifier: Apache-2.0
// What waits of the connections' input is counted as the memory it takes, and bounded for all of
// them together: half a packet costs its peer nothing and us its bytes.

internal import SealBytes

extension Loop {
    /// Sets a connection's timer, in place of the one before.
    func arm(_ id: Handle, _ kind: LoopTimer, at deadline: UInt64) {
        timers.cancel(connections[id].timer)
        connections[id].timer =
            timers.insert(deadline, kind: kind.rawValue, subject: id.word)
    }

    /// Counts what waits of a connection's input, and makes room when it is too much for all.
    func weigh(_ id: Handle) {
        let unread = connections[id].unread.isEmpty ? 0 : connections[id].unread.capacity
        let cipher =
            connections[id].cipherWaiting.isEmpty ? 0 : connections[id].cipherWaiting.capacity
        let bytes = unread + cipher
        let counted = connections[id].countedBytes
        guard bytes != counted else { return }
        if counted == 0 { connections[id].waitsSince = now }
        connections[id].countedBytes = bytes
        counters.inputBytes += bytes - counted
        if counters.inputBytes > setup.inputBytesMax { shedInput() }
    }

    /// A connection whose input waits.
    private struct Holder {
        var id: Handle
        var payer: UInt32
        var source: PeerAddress
        var weight: UInt64
    }

    /// Ends connections whose input waits until an eighth of the room is free.
    ///
    /// First those of the payer that holds most, there of the address that holds most, and there
    /// what is largest and waits longest: a packet that arrives at its ordinary pace is
    /// hardly ever among them.
    private func shedInput() {
        var holders: [Holder] = []
        var byPayer: [UInt32: Int] = [:]
        var bySource: [PeerAddress: Int] = [:]
        for id in connections.handles where connections[id].countedBytes > 0 {
            let bytes = connections[id].countedBytes
            let payer = connections[id].stage == .open ? handler.payer(tag: connections[id].tag) : 0
            let source = connections[id].peer.source
            let age = connections[id].isHeld ? 0 : now - min(connections[id].waitsSince, now)
            holders.append(
                Holder(
                    id: id,
                    payer: payer,
                    source: source,
                    weight: UInt64(clamping: bytes) &* (age &+ 1)
                )
            )
            byPayer[payer, default: 0] += bytes
            bySource[source, default: 0] += bytes
        }
        holders.sort { left, right in
            let payers = (byPayer[left.payer] ?? 0, byPayer[right.payer] ?? 0)
            if payers.0 != payers.1 { return payers.0 > payers.1 }
            let sources = (bySource[left.source] ?? 0, bySource[right.source] ?? 0)
            if sources.0 != sources.1 { return sources.0 > sources.1 }
            return left.weight > right.weight
        }
        let enough = setup.inputBytesMax - setup.inputBytesMax / 8
        for holder in holders {
            guard counters.inputBytes > enough else { return }
            shed(holder.id)
        }
    }

    private func shed(_ id: Handle) {
        guard connections.contains(id) else { return }
        if connections[id].stage == .open {
            handler.overflowed(id, tag: connections[id].tag)
        } else {
            end(id, .tls(.withdrawn))
        }
        guard connections.contains(id) else { return }
        connections[id].unread = []
        connections[id].cipherWaiting = []
        counters.inputBytes -= connections[id].countedBytes
        connections[id].countedBytes = 0
    }
}
