// SPDX-License-Identifier: Apache-2.0
// What waits to be sent is bounded for all connections together: receivers that take nothing, and
// there may be thousands of them, do not hold the memory of the machine.

internal import SealBytes
internal import SealMQTT
internal import SealTelemetry

extension Partition {
    // BOUND: the connections of this partition, once for an eighth of all room.
    /// Closes connections that hold most of what waits to be sent, until an eighth of the room is
    /// free.
    ///
    /// First those of the tenant that holds most, there the stalled ones, and there those that hold
    /// most. Nothing is said to them: it would stand behind what they do not take.
    func shedOutput() {
        let most = limits.outBytesTotalMax / max(setup.count, 1)
        guard out.heldBytes > most else { return }
        var holders: [(id: Handle, tenant: UInt32, isStalled: Bool, bytes: Int)] = []
        var byTenant: [UInt32: Int] = [:]
        for id in links.handles {
            let bytes = out.count(Int(id.slot))
            guard bytes > 0, links[id].phase != .closing else { continue }
            let tenant = links[id].tenant
            holders.append((id, tenant, links[id].isStalled, bytes))
            byTenant[tenant, default: 0] += bytes
        }
        holders.sort { left, right in
            let sums = (byTenant[left.tenant] ?? 0, byTenant[right.tenant] ?? 0)
            if sums.0 != sums.1 { return sums.0 > sums.1 }
            if left.isStalled != right.isStalled { return left.isStalled }
            return left.bytes > right.bytes
        }
        for holder in holders {
            guard out.heldBytes > most - most / 8 else { return }
            counters.limitHits.add(.outputBytes)
            report(.limitHit(notice(holder.id), limit: "output-bytes"))
            out.release(Int(holder.id.slot))
            disconnect(holder.id, .quotaExceeded, nil)
        }
    }
}
