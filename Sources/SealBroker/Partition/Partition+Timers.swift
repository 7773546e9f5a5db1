// SPDX-License-Identifier: Apache-2.0
// The timers of connections and sessions, and what becomes of everything a connection has here when
// it has gone. What a timer does when it is due is `fire`'s.

public import SealBytes

extension Partition {
    /// Sets a connection's timer of a kind, in place of the one before.
    func arm(_ id: Handle, _ kind: PartitionTimer, at deadline: UInt64) {
        disarm(id, kind)
        let name = timers.insert(deadline, kind: kind.rawValue, subject: id.word)
        switch kind {
        case .connect, .keepAlive: links[id].timers.life = name
        case .stall: links[id].timers.stall = name
        case .loginEnd: links[id].timers.loginEnd = name
        case .authentication: links[id].timers.authentication = name
        case .sessionExpiry, .will: break
        }
    }

    func disarm(_ id: Handle, _ kind: PartitionTimer) {
        switch kind {
        case .connect, .keepAlive: timers.cancel(links[id].timers.life)
        case .stall: timers.cancel(links[id].timers.stall)
        case .loginEnd: timers.cancel(links[id].timers.loginEnd)
        case .authentication: timers.cancel(links[id].timers.authentication)
        case .sessionExpiry, .will: break
        }
    }

    /// Sets one of the timers of a session whose client is away.
    func armSession(_ session: Handle, _ kind: PartitionTimer, at deadline: UInt64) {
        if kind == .will {
            timers.cancel(sessions[session].willTimer)
            sessions[session].willTimer =
                timers.insert(deadline, kind: kind.rawValue, subject: session.word)
        } else {
            timers.cancel(sessions[session].expiryTimer)
            sessions[session].expiryTimer =
                timers.insert(deadline, kind: kind.rawValue, subject: session.word)
        }
    }

    /// The client is back, or the session ends: neither its end nor its will is waited for.
    func disarmSession(_ session: Handle) {
        timers.cancel(sessions[session].expiryTimer)
        timers.cancel(sessions[session].willTimer)
    }

    /// Lets go of everything that a connection has here.
    func forget(_ id: Handle) {
        for kind in [PartitionTimer.keepAlive, .stall, .loginEnd, .authentication] {
            disarm(id, kind)
        }
        if links[id].heldBy > 0 {
            for index in mailHolds.indices { mailHolds[index].remove(id) }
        }
        out.release(Int(id.slot))
        _ = links.remove(id)
    }

    /// What waits of a connection's input is too much beside that of all others.
    public func inputOverflowed(_ id: Handle) {
        guard links.contains(id), links[id].phase != .closing else { return }
        counters.limitHits.add(.inputBytes)
        report(.limitHit(notice(id), limit: "input-bytes"))
        guard links[id].phase == .open else {
            counters.connects.add(.quotaExceeded)
            return dismiss(id)
        }
        disconnect(id, .quotaExceeded, "too many bytes of unfinished packets wait")
    }

    /// The tenant of a connection; 0 while it is not known.
    public func tenant(of id: Handle) -> UInt32 { links.contains(id) ? links[id].tenant : 0 }

    /// How many timers wait.
    var timerCount: Int { timers.count }
}
