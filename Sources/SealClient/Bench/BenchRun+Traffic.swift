// SPDX-License-Identifier: Apache-2.0
// Messages: sent as the windows allow, at a rate or in bursts; counted when they arrive.

internal import SealBytes
internal import SealMQTT
internal import SealNet

extension BenchRun {
    /// A publisher that has waited so long for a delivery waits no longer.
    private static let stallNanoseconds: UInt64 = 2_000_000_000

    /// Messages flow for a time, or in so many bursts.
    func measureTraffic() -> BenchResult {
        if gather() {
            purpose = .flowing
            let present = OutgoingLoop.nanoseconds
            for index in lastDelivery.indices { lastDelivery[index] = present }
            if let bursts = settings.burstCount { flow(bursts: bursts) } else { flow() }
        }
        result.published = ledger.published
        result.delivered = ledger.delivered
        result.lost = ledger.lost
        result.duplicated = ledger.duplicated
        result.late = ledger.late
        disconnectAll()
        return result
    }

    private func flow() {
        let start = OutgoingLoop.nanoseconds
        let warm = start + Self.nanoseconds(settings.warmupSeconds)
        var schedule = settings.messagesPerSecond.map { Schedule(start: start, perSecond: $0) }
        if schedule == nil { for index in topics.indices { wake(index) } }
        flow(until: warm, &schedule)
        begin()
        flow(until: measured.upperBound, &schedule)
        finish()
        drain()
    }

    /// When messages are due, with a rate.
    private struct Schedule {
        let start: UInt64
        let perSecond: Double
        var count = 0

        var due: UInt64 { start + UInt64(Double(count) / perSecond * 1e9) }
    }

    private func flow(until deadline: UInt64, _ schedule: inout Schedule?) {
        var nextLook = OutgoingLoop.nanoseconds
        while true {
            let present = OutgoingLoop.nanoseconds
            guard present < deadline else { return }
            if present >= nextLook {
                nextLook = present + 250_000_000
                lookForStalls(present)
            }
            var wait = min(deadline, nextLook)
            if schedule != nil {
                while let due = schedule?.due, due <= present, due < deadline {
                    let publisher = (schedule?.count ?? 0) % topics.count
                    dues[publisher].append(due)
                    wake(publisher)
                    schedule?.count += 1
                }
                wait = min(wait, schedule?.due ?? wait)
            }
            pump()
            loop.turn(self, until: wait)
        }
    }

    /// Waits for what is under way.
    private func drain() {
        var lastCount = ledger.delivered
        var lastNews = OutgoingLoop.nanoseconds
        while !ledger.isComplete || dues.contains(where: { !$0.isEmpty }) {
            if settings.messagesPerSecond != nil { pump() }
            loop.turn(self, until: OutgoingLoop.nanoseconds + 100_000_000)
            let present = OutgoingLoop.nanoseconds
            if ledger.delivered != lastCount {
                lastCount = ledger.delivered
                lastNews = present
            } else if present - lastNews > 2 * Self.stallNanoseconds {
                return
            }
        }
        // What comes twice comes after the first.
        turns(until: OutgoingLoop.nanoseconds + 100_000_000)
    }

    /// In step with the server: it is halted while a burst is sent and then left alone until it
    /// sleeps, so that every run gives it the same bytes at the same moments.
    private func flow(bursts: Int) {
        guard let gauge else { return }
        begin()
        var left = bursts
        while true {
            if ledger.isComplete, publishersAreSettled {
                if left == 0 { break }
                left -= 1
                for index in topics.indices { wake(index) }
                pump()
            }
            let before = (ledger.delivered, acknowledgements)
            step(gauge)
            // Nothing moves any more although something should: it is lost.
            if before == (ledger.delivered, acknowledgements) { break }
        }
        step(gauge)
        finish()
        result.count = ledger.delivered
    }

    private func step(_ gauge: ServerGauge) {
        gauge.halt()
        loop.flush()
        gauge.resume()
        settle(gauge)
    }

    private var publishersAreSettled: Bool {
        settings.qos == 0 || topics.indices.allSatisfy { peers[publisher($0)].isSettled }
    }

    private func settle(_ gauge: ServerGauge) {
        var quiet = 0
        while quiet < 2 {
            let news = loop.turn(
                self,
                until: OutgoingLoop.nanoseconds + 1_500_000,
                sendsFirst: false
            )
            quiet = news == 0 && gauge.isAsleep ? quiet + 1 : 0
        }
    }

    private func lookForStalls(_ present: UInt64) {
        for index in topics.indices where ledger.undelivered(index) >= settings.window {
            guard present - lastDelivery[index] > Self.stallNanoseconds else { continue }
            result.stalls += 1
            lastDelivery[index] = present
            ledger.giveUp(index)
            wake(index)
        }
    }

    // MARK: Sending

    private func wake(_ publisher: Int) {
        guard !isAwake[publisher] else { return }
        isAwake[publisher] = true
        awake.append(publisher)
    }

    /// Lets every publisher send whose window may have opened.
    private func pump() {
        let batch = awake
        awake.removeAll(keepingCapacity: true)
        for index in batch {
            isAwake[index] = false
            publish(index)
        }
    }

    private func publish(_ index: Int) {
        let peer = publisher(index)
        guard peers[peer].stage == .ready else { return }
        let isRated = settings.messagesPerSecond != nil
        var stamp = OutgoingLoop.nanoseconds
        var taken = 0
        scratch.removeAll()
        while ledger.mayPublish(index) {
            if isRated {
                guard taken < dues[index].count else { break }
                stamp = dues[index][taken]
            }
            var id: UInt16?
            if settings.qos > 0 {
                guard let free = peers[peer].takeID() else { break }
                id = free
            }
            let sequence = ledger.publish(index)
            taken += 1
            write(index, sequence, stamp, id)
        }
        if isRated, taken > 0 { dues[index].removeFirst(taken) }
        if scratch.count > 0 { loop.write(peers[peer].handle, scratch) }
    }

    private func write(_ index: Int, _ sequence: UInt64, _ stamp: UInt64, _ id: UInt16?) {
        payload.patch(UInt32(truncatingIfNeeded: index), at: 4)
        payload.patch(UInt32(truncatingIfNeeded: sequence >> 32), at: 8)
        payload.patch(UInt32(truncatingIfNeeded: sequence), at: 12)
        payload.patch(UInt32(truncatingIfNeeded: stamp >> 32), at: 16)
        payload.patch(UInt32(truncatingIfNeeded: stamp), at: 20)
        payload.patch(UInt32(truncatingIfNeeded: settings.payloadBytes), at: 24)
        Self.encode(settings, topics[index], id, payload, &scratch)
    }

    private static func encode(
        _ settings: BenchSettings,
        _ topic: [UInt8],
        _ id: UInt16?,
        _ payload: borrowing ByteWriter,
        _ writer: inout ByteWriter
    ) {
        Encode.publish(
            version: settings.version,
            qos: settings.qos,
            topic: topic.span.bytes,
            packetID: id,
            properties: RawSpan(),
            payload: payload.bytes,
            into: &writer
        )
    }

    // MARK: Receiving

    func received(_ id: Handle, tag: Int, _ bytes: RawSpan) -> Int {
        var offset = 0
        scratch.removeAll()
        let present = OutgoingLoop.nanoseconds
        do throws(MQTTError) {
            while offset < bytes.byteCount {
                let rest = bytes.extracting(offset..<bytes.byteCount)
                let frame = try Framing.next(
                    rest,
                    packetBytesMax: 32 << 20,
                    version: settings.version,
                    direction: .fromServer
                )
                guard let frame, frame.totalCount <= rest.byteCount else { break }
                let body = rest.extracting(frame.headerCount..<frame.totalCount)
                try packet(frame, body, tag, present)
                offset += frame.totalCount
                guard peers[tag].handle == id else { return offset }
            }
        } catch {
            mistake("the server sent what is no MQTT: \(error.reason)")
            loop.close(id)
            failed(tag, "\(error.reason)")
            return bytes.byteCount
        }
        if scratch.count > 0 { loop.write(id, scratch) }
        return offset
    }

    /// Answers are collected in `scratch`.
    private func packet(
        _ frame: Frame,
        _ body: RawSpan,
        _ peer: Int,
        _ present: UInt64
    ) throws(MQTTError) {
        let version = settings.version
        switch frame.type {
        case .publish:
            let message = try PublishView.decode(
                body,
                flags: frame.flags,
                version: version,
                direction: .fromServer
            )
            if message.qos == 1 {
                Encode.puback(packetID: message.packetID, version: version, into: &scratch)
            } else if message.qos == 2 {
                Encode.pubrec(packetID: message.packetID, version: version, into: &scratch)
            }
            arrived(message.payload, peer, present)
        case .puback, .pubrec, .pubrel, .pubcomp:
            try step(frame.type, body, peer)
        case .connack:
            accepted(peer, try Connack.decode(body, version: version))
            scratch.removeAll()
        case .suback:
            subscribed(peer, try Suback.decode(body, version: version))
            scratch.removeAll()
        case .disconnect:
            mistake("the server sent DISCONNECT")
        default:
            mistake("the server sent \(frame.type)")
        }
    }

    private func step(_ type: PacketType, _ body: RawSpan, _ peer: Int) throws(MQTTError) {
        let packet = try Acknowledgement.decode(body, type: type, version: settings.version)
        acknowledgements += 1
        // 0x10 is "no matching subscribers", which is no refusal.
        if packet.reason.rawValue >= 0x80 { mistake("\(type) says \(packet.reason)") }
        switch type {
        case .pubrel:
            Encode.pubcomp(packetID: packet.packetID, version: settings.version, into: &scratch)
            return
        case .pubrec:
            guard peers[peer].release(packet.packetID) else { break }
            Encode.pubrel(packetID: packet.packetID, version: settings.version, into: &scratch)
            return
        default:
            let flight: BenchPeer.Flight = type == .puback ? .published : .released
            guard peers[peer].finish(packet.packetID, from: flight) else { break }
            if case .publisher(let index) = peers[peer].role { wake(index) }
            return
        }
        mistake("\(type) for a message that nobody sent")
    }

    private func arrived(_ payload: RawSpan, _ peer: Int, _ present: UInt64) {
        var cursor = ByteCursor(payload)
        guard payload.byteCount == settings.payloadBytes,
            case .subscriber(let subscriber) = peers[peer].role,
            let run = try? cursor.readUInt32(), run == runNumber,
            let number = try? cursor.readUInt32(), Int(number) < topics.count,
            let sequence = try? cursor.readUInt64(),
            let stamp = try? cursor.readUInt64()
        else { return mistake("a message that nobody sent") }
        let index = Int(number)
        let isPairs = settings.row == .pairs
        guard !isPairs || index == subscriber else { return mistake("another pair's message") }
        let isNew = ledger.deliver(index, to: isPairs ? 0 : subscriber, sequence: sequence)
        guard isNew else { return }
        lastDelivery[index] = present
        if measured.contains(present) { result.count += 1 }
        if measured.contains(stamp) { record(from: stamp, to: present) }
        wake(index)
    }

    private func record(from stamp: UInt64, to present: UInt64) {
        let time = present &- min(stamp, present)
        result.latency.record(time)
        guard settings.keepsSamples, result.samples.count < BenchResult.samplesMax else { return }
        result.samples.append(BenchSample(due: stamp, nanoseconds: time))
    }
}
