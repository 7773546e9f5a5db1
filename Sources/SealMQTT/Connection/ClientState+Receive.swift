// SPDX-License-Identifier: Apache-2.0
// What a client does with the packets of a server.

public import SealBytes

extension ClientState {
    /// Reads the packets that are complete; answers go to the writer, what happened to `events`.
    ///
    /// Gives back how many bytes were used up. After an error the connection is to be closed, in
    /// MQTT 5.0 with a DISCONNECT that carries the error's reason code. At most `eventsMax` events
    /// are taken, so that a reader that is slow can be waited for.
    public mutating func receive(
        _ bytes: RawSpan,
        eventsMax: Int = .max,
        into writer: inout ByteWriter,
        events: inout [ClientEvent]
    ) throws(MQTTError) -> Int {
        var offset = 0
        while events.count < eventsMax {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            let next = try Framing.next(
                rest,
                packetBytesMax: limits.packetBytesMax,
                version: version,
                direction: .fromServer
            )
            guard let frame = next, frame.totalCount <= rest.byteCount else { break }
            let body = rest.extracting(frame.headerCount..<frame.totalCount)
            offset += frame.totalCount
            if let event = try handle(frame, body, into: &writer) { events.append(event) }
            if phase == .closed { break }
        }
        return offset
    }

    private mutating func handle(
        _ frame: Frame,
        _ body: RawSpan,
        into writer: inout ByteWriter
    ) throws(MQTTError) -> ClientEvent? {
        // [MQTT-3.2.0-1]: nothing comes before CONNACK, but AUTH.
        guard (frame.type == .connack) == (phase == .connecting) else {
            throw .breach(
                phase == .connecting
                    ? "The server sent another packet before CONNACK."
                    : "The server sent a second CONNACK.",
                "MQTT 5.0 §3.2"
            )
        }
        switch frame.type {
        case .connack: return try connected(Connack.decode(body, version: version), &writer)
        case .publish: return try published(body, frame.flags, &writer)
        case .puback, .pubrec, .pubcomp:
            let packet = try Acknowledgement.decode(body, type: frame.type, version: version)
            switch frame.type {
            case .pubrec: return pubrec(packet, &writer)
            default: return finished(packet, frame.type, &writer)
            }
        case .pubrel:
            let packet = try Acknowledgement.decode(body, type: .pubrel, version: version)
            let wasKnown = received.remove(packet.packetID) != nil
            Encode.pubcomp(
                packetID: packet.packetID,
                reason: wasKnown ? .success : .packetIdentifierNotFound,
                version: version,
                into: &writer
            )
            return nil
        case .suback, .unsuback:
            let packet = try Suback.decode(body, type: frame.type, version: version)
            guard let token = requests.removeValue(forKey: packet.packetID) else { return nil }
            return .answered(token: token, packet)
        case .pingresp: return .pong
        case .disconnect:
            let packet = try Disconnect.decode(body, version: version, direction: .fromServer)
            phase = .closed
            return .disconnected(packet)
        default:
            // MQTT 5.0 §4.12: without a method in CONNECT there is no AUTH.
            throw .breach("The server sent AUTH, but none was asked for.", "MQTT 5.0 §4.12")
        }
    }

    private mutating func connected(
        _ packet: Connack,
        _ writer: inout ByteWriter
    ) throws(MQTTError) -> ClientEvent {
        connack = packet
        guard packet.reason == .success else {
            phase = .closed
            return .refused(packet)
        }
        // [MQTT-3.2.2-4] and MQTT 3.1.1 [MQTT-3.2.2-1].
        guard !packet.sessionPresent || !connect.cleanStart else {
            throw .breach(
                "The server kept a session that was to be forgotten.",
                "MQTT 5.0 §3.2.2.1.1"
            )
        }
        phase = .connected
        if let id = packet.properties.assignedClientID { connect.clientID = id }
        // MQTT 3.1 has no word for it; what was kept is what was asked for.
        let isPresent = version == .v31 ? !connect.cleanStart : packet.sessionPresent
        resume(isPresent: isPresent, &writer)
        return .connected(packet)
    }

    /// Takes up what was under way ([MQTT-4.4.0-1]), in its order.
    private mutating func resume(isPresent: Bool, _ writer: inout ByteWriter) {
        let ids = sending.sorted { $0.value.sequence < $1.value.sequence }.map(\.key)
        underWay = 0
        unsent = []
        if !isPresent { received.removeAll() }
        for id in ids {
            guard var entry = sending[id] else { continue }
            if entry.step == .released, isPresent {
                underWay += 1
                Encode.pubrel(packetID: id, version: version, into: &writer)
                continue
            }
            // A server that forgot the session forgot the message too, unless it had passed it on;
            // sending it again is at worst a duplicate of another session.
            entry.step = .unsent
            sending[id] = entry
            unsent.append(id)
        }
        pump(into: &writer)
    }

    private mutating func published(
        _ body: RawSpan,
        _ flags: UInt8,
        _ writer: inout ByteWriter
    ) throws(MQTTError) -> ClientEvent? {
        let view = try PublishView.decode(
            body,
            flags: flags,
            version: version,
            direction: .fromServer
        )
        // [MQTT-3.3.2-10]: none were allowed by us.
        guard view.properties.topicAlias == 0 else {
            throw MQTTError(
                .topicAliasInvalid,
                .topicAliasInvalid,
                "The server uses a topic alias, but none were allowed.",
                clause: "MQTT 5.0 §3.3.2.3.4"
            )
        }
        try TopicName.check(view.topic)
        var message = IncomingMessage(
            topic: view.topic.copied(),
            payload: view.payload.copied(),
            qos: view.qos,
            isRetained: view.isRetained,
            isDuplicate: view.isDuplicate,
            packetID: view.packetID,
            details: PublishDetails()
        )
        if version == .v5 {
            message.details = try PublishDetails(view.propertyBytes, direction: .fromServer)
        }
        switch view.qos {
        case 1:
            try checkWindow()
            lastReceipt += 1
            receipts.append(Receipt(packetID: view.packetID, serial: lastReceipt))
            message.receipt = ClientReceipt(serial: lastReceipt)
        case 2:
            let isNew = !received.contains(view.packetID)
            if isNew { try checkWindow() }
            received.insert(view.packetID)
            Encode.pubrec(packetID: view.packetID, version: version, into: &writer)
            // MQTT 5.0 §4.3.3: delivered once, however often it comes.
            if !isNew { return nil }
        default: break
        }
        return .message(message)
    }

    private func checkWindow() throws(MQTTError) {
        guard version == .v5,
            receipts.count + received.count >= Int(connect.properties.receiveMaximum)
        else { return }
        // [MQTT-3.3.4-9].
        throw MQTTError(
            .receiveMaximumExceeded,
            .receiveMaximumExceeded,
            "The server has more messages under way than were allowed.",
            clause: "MQTT 5.0 §3.3.4"
        )
    }

    private mutating func pubrec(
        _ packet: Acknowledgement,
        _ writer: inout ByteWriter
    ) -> ClientEvent? {
        guard var entry = sending[packet.packetID], entry.message.qos == 2 else {
            // MQTT 5.0 §4.3.3: the identifier is not known, and the server shall forget it too.
            Encode.pubrel(
                packetID: packet.packetID,
                reason: .packetIdentifierNotFound,
                version: version,
                into: &writer
            )
            return nil
        }
        if packet.reason.isFailure { return done(packet, entry, &writer) }
        if entry.step == .published {
            entry.step = .released
            // The server has the message now; its content is needed only if it forgets all.
            sending[packet.packetID] = entry
        }
        Encode.pubrel(packetID: packet.packetID, version: version, into: &writer)
        return nil
    }

    /// PUBACK or PUBCOMP.
    private mutating func finished(
        _ packet: Acknowledgement,
        _ type: PacketType,
        _ writer: inout ByteWriter
    ) -> ClientEvent? {
        guard let entry = sending[packet.packetID] else { return nil }
        let isExpected =
            type == .puback
            ? entry.message.qos == 1 && entry.step == .published
            : entry.message.qos == 2 && entry.step == .released
        return isExpected ? done(packet, entry, &writer) : nil
    }

    private mutating func done(
        _ packet: Acknowledgement,
        _ entry: Sending,
        _ writer: inout ByteWriter
    ) -> ClientEvent {
        sending[packet.packetID] = nil
        if entry.step != .unsent { underWay -= 1 }
        pump(into: &writer)
        return .published(token: entry.token, packet)
    }
}
