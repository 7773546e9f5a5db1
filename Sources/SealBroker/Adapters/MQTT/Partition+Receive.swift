// SPDX-License-Identifier: Apache-2.0
// A connection's bytes, packet by packet.

public import SealBytes
internal import SealMQTT

/// What handling one packet means for those behind it.
enum Flow {
    case goOn
    /// Nothing more is read for now.
    case hold
    /// The connection goes to another partition, with what is unread.
    case move
    /// The connection is being closed.
    case stop
}

extension Partition {
    /// A connection came in; the answer is its name here.
    public func opened(transport: UInt64, listener: Int, facts: ArrivalFacts) -> Handle {
        var link = Link(
            transport: transport,
            listener: listener,
            now: now,
            receiveMaximum: limits.receiveMaximum
        )
        link.arrival = LinkArrival(facts)
        let id = links.insert(link)
        arm(id, .connect, at: now + UInt64(limits.connectSeconds) * 1000)
        return id
    }

    /// Bytes of a connection arrived.
    public func receive(_ id: Handle, _ bytes: RawSpan) -> Progress {
        guard links.contains(id), links[id].phase != .closing else {
            return Progress(used: bytes.byteCount, needs: 0, fate: .read)
        }
        if links[id].phase == .awaitsLogin { return Progress(used: 0, needs: 0, fate: .hold) }
        if links[id].heldBy > 0 { return held(id) }
        let place = links[id].workPlace
        let allowance = work.allowance(place)
        guard allowance > 0 else {
            putOffReading(id, .tenantWork)
            return held(id)
        }
        let mark = work.done
        defer { work.charge(place, since: mark) }
        links[id].lastReceived = now
        if let answers = links[id].answers, answers.isLeaving {
            // Behind DISCONNECT comes nothing.
            return Progress(used: bytes.byteCount, needs: 0, fate: .read)
        }
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            let type: PacketType
            let flow: Flow
            do {
                let most = packetBytesMax(of: id)
                let version = links[id].version
                guard
                    let frame = try Framing.next(rest, packetBytesMax: most, version: version)
                else { break }
                guard rest.byteCount >= frame.totalCount else {
                    return finish(id, offset, needs: frame.totalCount, .read)
                }
                type = frame.type
                let body = rest.extracting(frame.headerCount..<frame.totalCount)
                flow = try handle(id, frame, body)
                offset &+= frame.totalCount
                if flow == .move { return finish(id, offset, needs: 0, .move) }
            } catch {
                if !refuseLargeConnect(id, rest, error) { breach(id, error) }
                return finish(id, bytes.byteCount, needs: 0, .read)
            }
            switch flow {
            case .goOn, .move:
                guard work.done &- mark > UInt64(allowance), offset < bytes.byteCount else {
                    continue
                }
                putOffReading(id, .linkWork)
                return finish(id, offset, needs: 0, .hold)
            case .hold:
                if type != .connect, links.contains(id) { links[id].lastReceived = now }
                return finish(id, offset, needs: 0, .hold)
            case .stop: return finish(id, bytes.byteCount, needs: 0, .read)
            }
        }
        return finish(id, offset, needs: 0, .read)
    }

    /// Nothing is read of a connection that waits for something.
    private func held(_ id: Handle) -> Progress {
        Progress(used: 0, needs: 0, fate: .hold, isKnown: links[id].phase == .open)
    }

    private func finish(
        _ id: Handle,
        _ used: Int,
        needs: Int,
        _ fate: Progress.Fate
    ) -> Progress {
        counters.bytesReceived &+= UInt64(used)
        return Progress(
            used: used,
            needs: needs,
            fate: fate,
            isKnown: links.contains(id) && links[id].phase == .open
        )
    }

    private func handle(
        _ id: Handle,
        _ frame: Frame,
        _ body: RawSpan
    ) throws(MQTTError) -> Flow {
        if links[id].phase != .open { return try beforeConnack(id, frame, body) }
        switch frame.type {
        case .publish: return try publishReceived(id, frame.flags, body)
        case .puback, .pubrec, .pubrel, .pubcomp:
            let packet = try Acknowledgement.decode(
                body,
                type: frame.type,
                version: links[id].version
            )
            try acknowledgementReceived(id, frame.type, packet)
            return links.contains(id) && links[id].phase == .open ? onward(id) : .stop
        case .subscribe:
            return try subscribeReceived(id, Subscribe.decode(body, version: links[id].version))
        case .unsubscribe:
            return try unsubscribeReceived(
                id,
                Unsubscribe.decode(body, version: links[id].version)
            )
        case .pingreq:
            guard body.byteCount == 0 else {
                throw MQTTError(
                    .malformedPacket,
                    .malformedPacket,
                    "PINGREQ has bytes after its header",
                    clause: "MQTT 5.0 §3.12.1"
                )
            }
            answerShort(id, word: 0xD000, count: 2)
            return onward(id)
        case .disconnect:
            return try disconnectReceived(id, Disconnect.decode(body, version: links[id].version))
        case .auth:
            return try authReceived(id, body)
        case .connect:
            // [MQTT-3.1.0-2]: a second CONNECT is a protocol error.
            throw MQTTError(
                .packetUnexpected,
                .protocolError,
                "CONNECT was sent a second time",
                clause: "MQTT 5.0 §3.1.0-2"
            )
        case .connack, .suback, .unsuback, .pingresp:
            throw MQTTError(
                .packetUnexpected,
                .protocolError,
                "only a server sends this packet",
                clause: "MQTT 5.0 §2.1.2"
            )
        }
    }

    /// First comes CONNECT ([MQTT-3.1.0-1]), then what its authentication takes: until CONNACK an
    /// exchange has only AUTH and DISCONNECT ([MQTT-3.1.2-30]).
    private func beforeConnack(
        _ id: Handle,
        _ frame: Frame,
        _ body: RawSpan
    ) throws(MQTTError) -> Flow {
        switch (links[id].phase, frame.type) {
        case (.awaitsConnect, .connect): return try connectReceived(id, frame, body)
        case (.awaitsConnect, _):
            throw MQTTError(
                .packetUnexpected,
                .protocolError,
                "the first packet is not CONNECT",
                clause: "MQTT 5.0 §3.1.0-1"
            )
        case (_, .auth): return try authBeforeConnack(id, body)
        case (_, .disconnect):
            _ = try Disconnect.decode(body, version: links[id].version)
            counters.connects.add(.closed)
            dismiss(id)
            return .stop
        default:
            throw MQTTError(
                .packetUnexpected,
                .protocolError,
                "a packet before the authentication has ended",
                clause: "MQTT 5.0 §3.1.2-30"
            )
        }
    }

    private func disconnectReceived(_ id: Handle, _ packet: Disconnect) throws(MQTTError) -> Flow {
        let session = links[id].session
        if let seconds = packet.sessionExpirySeconds, sessions.contains(session) {
            if sessions[session].expirySeconds == 0, seconds != 0 {
                // MQTT 5.0 §3.14.2.2.2.
                throw MQTTError(
                    .protocolError,
                    .protocolError,
                    "DISCONNECT gives a session expiry where CONNECT gave none",
                    clause: "MQTT 5.0 §3.14.2.2.2"
                )
            }
            sessions[session].expirySeconds = min(seconds, limits.sessionExpirySecondsMax)
            if !sessions[session].survives { giveBackSessionPlace(session) }
        }
        // [MQTT-3.14.4-3]: only a normal disconnection takes the will back.
        let endsWell = packet.reason == .success
        if let answers = links[id].answers {
            // The connection goes on until it has its answers; the will is decided now.
            answers.isLeaving = true
            answers.endsWell = endsWell
            if endsWell, sessions.contains(session) { sessions[session].will = nil }
            return .stop
        }
        detachSession(id, endedWell: endsWell, reason: "disconnect")
        dismiss(id)
        return .stop
    }

    private func authReceived(_ id: Handle, _ body: RawSpan) throws(MQTTError) -> Flow {
        guard links[id].version == .v5 else {
            throw MQTTError(
                .packetUnexpected,
                .protocolError,
                "AUTH does not exist before MQTT 5.0",
                clause: "MQTT 3.1.1 §2.2.1"
            )
        }
        let packet = try Auth.decode(body)
        if !links[id].authMethod.isEmpty { return try authAgain(id, packet) }
        // [MQTT-4.12.0-7]: without a method in CONNECT there is no AUTH.
        throw MQTTError(
            .protocolError,
            .protocolError,
            "AUTH without an authentication method in CONNECT",
            clause: "MQTT 5.0 §4.12.1"
        )
    }

    /// The peer broke the protocol: says so where its version has words for it, and closes.
    ///
    /// Nothing is said to a client that has said goodbye, if with the wrong words, nor to one whose
    /// bytes cannot be told apart into packets.
    func breach(_ id: Handle, _ error: MQTTError) {
        guard links.contains(id) else { return }
        if error.code == .packetTooLarge { counters.limitHits.add(.packetBytes) }
        report(
            .protocolError(
                notice(id),
                code: error.code.rawValue,
                reason: "\(error.reason) (\(error.clause))"
            )
        )
        switch links[id].phase {
        case .open:
            let isSilent =
                error.code == .disconnectNotAllowed || error.code == .lengthUnreadable
            disconnect(id, error.reasonCode, isSilent ? nil : "\(error.reason)")
        default:
            counters.connects.add(
                error.code == .malformedPacket ? .malformedPacket : .protocolError
            )
            dismiss(id)
        }
    }

    /// Ends an open connection from our side, with the reason where the version carries one; no
    /// sentence, no DISCONNECT.
    func disconnect(_ id: Handle, _ reason: MQTTReason, _ sentence: String?) {
        guard links.contains(id), links[id].phase != .closing else { return }
        let isLeaving = links[id].answers?.isLeaving ?? false
        giveUpAnswers(id)
        if let sentence, links[id].version == .v5, links[id].phase == .open, !isLeaving {
            writer.removeAll()
            let text = links[id].getsReasons ? sentence : nil
            Encode.disconnect(reason: reason, reasonString: text, into: &writer)
            if writer.count > links[id].packetBytesMax {
                // [MQTT-3.14.2-3].
                writer.removeAll()
                Encode.disconnect(reason: reason, into: &writer)
            }
            sendWritten(id)
        }
        detachSession(id, endedWell: false, reason: "\(reason)")
        dismiss(id)
    }

    /// Asks the host to close a connection when everything was sent.
    func dismiss(_ id: Handle) {
        guard links.contains(id), links[id].phase != .closing else { return }
        links[id].phase = .closing
        giveUpAnswers(id)
        letGo(id)
        markDirty(id)
        actions.append(.close(transport: links[id].transport, afterSending: true))
    }

    /// A connection is gone, whoever ended it.
    public func closed(_ id: Handle, reason: String) {
        guard links.contains(id) else { return }
        if links[id].phase == .open {
            detachSession(id, endedWell: false, reason: reason)
        } else if links[id].phase != .closing {
            counters.connects.add(.closed)
            if reason.utf8.starts(with: "tls.".utf8) {
                let detail = "TLS failed before CONNECT was answered"
                report(.protocolError(notice(id), code: reason, reason: detail))
            }
        }
        giveBackPlace(id)
        giveUpAnswers(id)
        letGo(id)
        forget(id)
    }

    /// Everything was sent to a connection that could not take more before.
    public func drained(_ id: Handle) {
        guard links.contains(id) else { return }
        markDirty(id)
    }
}
