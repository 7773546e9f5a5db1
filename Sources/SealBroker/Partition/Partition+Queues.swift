// SPDX-License-Identifier: Apache-2.0
// Messages that wait: for a window to open, for a slow receiver, for a client to come back.

public import SealBytes
internal import SealMQTT

extension Partition {
    /// How long a receiver that takes nothing may hold up those who send to it.
    static var stallMilliseconds: UInt64 { 500 }

    /// Sends a kept message to a connected session that has room.
    func send(_ item: QueuedMessage, to session: Handle, _ id: Handle) {
        let message = item.message
        let expiry = remaining(until: message.header.expiresAt)
        var packetID: UInt16?
        if item.qos > 0 {
            var flight = Flight(
                state: item.qos == 1 ? .awaitsPuback : .awaitsPubrec,
                isRetained: item.isRetained
            )
            if sessions[session].survives || item.group != .none {
                flight.message = message
                flight.identifiers = item.identifiers
                flight.group = item.group
                flight.groupHome = item.groupHome
            }
            packetID = sessions[session].window.push(flight)
            settleFlights(session)
        }
        let wasSent = encode(
            id,
            qos: item.qos,
            isRetained: item.isRetained,
            packetID: packetID,
            topic: message.topic,
            properties: message.properties,
            expirySeconds: expiry,
            identifiers: item.identifiers ?? [],
            payload: message.payload
        )
        // Too large for this client: for it the message counts as done (MQTT 5.0 §3.1.2.11.4).
        if !wasSent, let packetID {
            sessions[session].window.finish(packetID)
            settleFlights(session)
        }
    }

    /// Puts a message into a session's queue, or drops it when the queue is full.
    func enqueue(_ item: QueuedMessage, _ session: Handle, from source: Handle) {
        // Two numbers, not the queue: a second reference to it would have the append copy it.
        let count = sessions[session].queue.count
        let bytes = sessions[session].queue.bytes
        let link = sessions[session].link
        if count >= limits.queuedMessagesMax
            || bytes + item.message.byteCount > limits.queuedBytesMax
        {
            counters.messagesDropped.add(.queueFull)
            counters.limitHits.add(
                count >= limits.queuedMessagesMax ? .queuedMessages : .queuedBytes
            )
            return
        }
        guard chargeQueued(session, item) else {
            counters.messagesDropped.add(.queueFull)
            return
        }
        counters.queuedMessages += 1
        counters.queueBytes += Int64(item.message.byteCount)
        sessions[session].queue.append(item)
        // Until it is sent, none of QoS 0 takes the short way past it.
        if links.contains(link) { links[link].takesSharedPackets = false }
        // Well before the queue is full, those who fill it are slowed down.
        if links.contains(link), count * 2 >= limits.queuedMessagesMax {
            _ = waitFor(link, source)
        }
    }

    func takeQueued(_ session: Handle) -> QueuedMessage? {
        guard let item = sessions[session].queue.popFirst() else { return nil }
        counters.queuedMessages -= 1
        counters.queueBytes -= Int64(item.message.byteCount)
        creditQueued(session, item)
        return item
    }

    /// Sends from a session's queue as far as window and out-buffer allow.
    func pump(_ session: Handle) {
        guard sessions.contains(session) else { return }
        let id = sessions[session].link
        guard links.contains(id), links[id].phase == .open else { return }
        while out.count(Int(id.slot)) < limits.outBytesMax,
            let next = sessions[session].queue.first
        {
            if next.qos > 0, !sessions[session].window.hasRoom { break }
            guard let item = takeQueued(session) else { break }
            // MQTT 5.0 §3.3.2.3.3: what has expired is not sent any more.
            if item.message.header.expiresAt <= now {
                counters.messagesDropped.add(.expired)
                if item.qos > 0 { sessions[session].window.skip() }
                continue
            }
            send(item, to: session, id)
        }
        links[id].takesSharedPackets =
            sessions[session].queue.isEmpty && links[id].sharesPackets
        if sessions[session].queue.count * 4 < limits.queuedMessagesMax { letGo(id) }
        if sessions[session].retained != nil { sendRetained(session) }
    }

    /// Makes `source` wait until `id` has caught up; false when nobody waits for `id` any more
    /// and the message should be dropped.
    func waitFor(_ id: Handle, _ source: Handle) -> Bool {
        if links[id].isStalled { return false }
        // What is already read goes in, up to twice the bound; then it is dropped.
        if out.count(Int(id.slot)) >= limits.outBytesMax * 2 { return false }
        if !links[id].isWatchedForStall {
            links[id].isWatchedForStall = true
            links[id].bytesSentMark = links[id].bytesSent
            arm(id, .stall, at: now + Self.stallMilliseconds)
        }
        guard links.contains(source), source != id, links[source].phase == .open else {
            return true
        }
        if links[id].holds.insert(source).inserted { links[source].heldBy += 1 }
        return true
    }

    /// Lets those go on who waited for a link.
    func letGo(_ id: Handle) {
        guard links.contains(id), !links[id].holds.isEmpty else { return }
        let held = links[id].holds
        links[id].holds = []
        for source in held { release(source) }
    }

    /// One reason less for a link to wait.
    func release(_ source: Handle) {
        guard links.contains(source) else { return }
        links[source].heldBy -= 1
        if links[source].heldBy == 0 {
            actions.append(.resume(transport: links[source].transport))
        }
    }

    /// The host sent bytes of a link; `waiting` are left in its out-buffer.
    public func sent(_ id: Handle, _ bytes: Int) {
        guard links.contains(id) else { return }
        links[id].bytesSent &+= UInt64(bytes)
        guard links[id].isWatchedForStall || links[id].isStalled || !links[id].holds.isEmpty
        else {
            let session = links[id].session
            guard sessions.contains(session) else { return }
            if !sessions[session].queue.isEmpty {
                pump(session)
            } else if sessions[session].retained != nil {
                sendRetained(session)
            }
            return
        }
        if out.count(Int(id.slot)) < limits.outBytesMax / 2 {
            links[id].isStalled = false
            letGo(id)
            pump(links[id].session)
        }
    }

    /// Looks whether a receiver that was slow some time ago has moved since.
    func checkStall(_ id: Handle) {
        guard links.contains(id) else { return }
        links[id].isWatchedForStall = false
        guard out.count(Int(id.slot)) >= limits.outBytesMax / 2 else { return letGo(id) }
        if links[id].bytesSent == links[id].bytesSentMark {
            links[id].isStalled = true
            counters.limitHits.add(.outBufferBytes)
            report(.limitHit(notice(id), limit: "out-buffer-bytes"))
            letGo(id)
        } else {
            links[id].isWatchedForStall = true
            links[id].bytesSentMark = links[id].bytesSent
            // Those who have gone meanwhile are not waited with.
            let here = links[id].holds.filter { links.contains($0) }
            links[id].holds = here
            arm(id, .stall, at: now + Self.stallMilliseconds)
        }
    }

    /// The seconds a message has left; nil when it has no end (MQTT 5.0 §3.3.2.3.3).
    @inline(__always)
    func remaining(_ publication: Publication) -> UInt32? {
        publication.expiresAt == .max ? nil : remaining(until: publication.expiresAt)
    }

    func remaining(until deadline: UInt64) -> UInt32? {
        guard deadline != .max else { return nil }
        guard deadline > now else { return 0 }
        return UInt32(clamping: (deadline - now + 999) / 1000)
    }
}
