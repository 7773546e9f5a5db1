// SPDX-License-Identifier: Apache-2.0
// The answers of a connection leave in the order of its requests, also when a SUBACK waits for
// other partitions. Only then are they kept; reading goes on meanwhile, up to a bound.

internal import SealBytes
internal import SealMQTT

extension Partition {
    /// Sends a short answer in its turn.
    @inline(__always)
    func answerShort(_ id: Handle, word: UInt64, count: Int) {
        guard links[id].answers == nil else { return lineUp(id, word, count) }
        out.append(Int(id.slot), word: word, count: count)
        markDirty(id)
    }

    private func lineUp(_ id: Handle, _ word: UInt64, _ count: Int) {
        let bytes = (0..<count).map {
            UInt8(truncatingIfNeeded: word >> UInt64((count - 1 - $0) * 8))
        }
        links[id].answers?.append(bytes)
        holdWhenFull(id)
    }

    /// Sends the shared writer's packet in its turn.
    func answerWritten(_ id: Handle) {
        guard let answers = links[id].answers else { return sendWritten(id) }
        // [MQTT-3.1.2-24].
        guard writer.count <= links[id].packetBytesMax else { return }
        answers.append(writer.copied())
        holdWhenFull(id)
    }

    /// The next turn is that of a SUBACK which waits for other partitions.
    func awaitAnswer(_ id: Handle, _ ticket: UInt64) {
        if links[id].answers == nil { links[id].answers = AnswerQueue() }
        links[id].answers?.append(ticket: ticket)
        holdWhenFull(id)
    }

    private func holdWhenFull(_ id: Handle) {
        guard let answers = links[id].answers, answers.isFull, !answers.isHolding else { return }
        answers.isHolding = true
        links[id].heldBy += 1
        counters.limitHits.add(.awaitedAnswers)
    }

    /// How to go on after a packet that was answered.
    @inline(__always)
    func onward(_ id: Handle) -> Flow { links[id].heldBy > 0 ? .hold : .goOn }

    /// Everything that a SUBSCRIBE waited for is there.
    func subscribeIsKnown(_ ticket: UInt64) {
        guard let pending = pendingSubscribes[ticket] else { return }
        let id = pending.link
        guard links.contains(id), links[id].session == pending.session, links[id].answers != nil
        else {
            pendingSubscribes[ticket] = nil
            return
        }
        sendAnswers(id)
    }

    /// Sends what has its turn.
    // BOUND: `AnswerQueue.awaitedMax` and `bytesMax`.
    private func sendAnswers(_ id: Handle) {
        guard let queue = links[id].answers else { return }
        while let answer = queue.answers.first {
            switch answer {
            case .awaited(let ticket):
                if let pending = pendingSubscribes[ticket] {
                    guard pending.isKnown else { return letReadOn(id, queue) }
                    pendingSubscribes[ticket] = nil
                    answerSubscribe(pending)
                }
            case .ready(let bytes):
                out.append(Int(id.slot), bytes.span.bytes)
                markDirty(id)
            }
            queue.removeFirst()
        }
        links[id].answers = nil
        if queue.isLeaving {
            detachSession(id, endedWell: queue.endsWell, reason: "disconnect")
            return dismiss(id)
        }
        letReadOn(id, queue)
    }

    private func letReadOn(_ id: Handle, _ queue: AnswerQueue) {
        guard queue.isHolding, !queue.isFull else { return }
        queue.isHolding = false
        release(id)
    }

    /// The connection ends before the SUBACK: what is behind it has no turn any more.
    // BOUND: `AnswerQueue.awaitedMax` and `bytesMax`.
    func giveUpAnswers(_ id: Handle) {
        guard let queue = links[id].answers else { return }
        links[id].answers = nil
        for case .awaited(let ticket) in queue.answers
        where pendingSubscribes[ticket]?.isKnown == true {
            pendingSubscribes[ticket] = nil
        }
    }
}
