// SPDX-License-Identifier: Apache-2.0
// CONNECT: what it says, and whether the listener takes it at all. Who it is, is
// `Partition+Login`'s.

internal import SealBytes
internal import SealMQTT
internal import SealTelemetry

extension Partition {
    func connectReceived(_ id: Handle, _ frame: Frame, _ body: RawSpan) throws(MQTTError) -> Flow {
        guard let arrival = links[id].arrival else { return .stop }
        let connect: Connect
        do {
            connect = try Connect.decode(body, frame: frame)
        } catch {
            refuseConnect(id, body, error)
            return .stop
        }
        links[id].version = connect.version
        arrival.connect = connect
        if let refusal = checkGrants(id, connect) {
            refuse(id, refusal)
            return .stop
        }
        let isAssigned = connect.clientID.isEmpty
        if isAssigned { arrival.connect?.clientID = assignedClientID(id) }
        let listener = links[id].listener
        let credentials = Credentials(
            certificate: arrival.facts.certificate,
            chain: arrival.facts.chain,
            user: connect.username.map { Name(decoding: $0) },
            password: connect.password,
            isSecure: arrival.facts.isSecure,
            listener: arrival.facts.listenerName,
            clientID: Name(decoding: arrival.connect?.clientID ?? []),
            isClientIDAssigned: isAssigned,
            peerAddress: arrival.facts.peerAddress
        )
        arrival.connect?.password = nil
        let rules = rules(of: listener)
        arrival.rules = rules
        arrival.accessGeneration = accessGeneration
        arrival.isAssigned = isAssigned
        if let method = connect.properties.authenticationMethod {
            let bytes = connect.properties.authenticationData
            return beginExchange(id, method, bytes, credentials)
        }
        return decided(id, Login.begin(credentials, rules))
    }

    func grant(of listener: Int) -> ListenerGrant {
        setup.listeners.indices.contains(listener) ? setup.listeners[listener] : ListenerGrant()
    }

    /// What the listener and the daemon grant, before anybody is asked who this is.
    private func checkGrants(_ id: Handle, _ connect: Connect) -> ConnectRefusal? {
        let grant = grant(of: links[id].listener)
        if isDraining { return .shuttingDown }
        if !grant.versions.contains(connect.version.rawValue) {
            return ConnectRefusal(
                .unsupportedProtocolVersion,
                .unsupportedVersion,
                .protocolVersion
            )
        }
        if connect.clientID.count > limits.clientIDBytesMax {
            counters.limitHits.add(.clientIDBytes)
            return ConnectRefusal(.clientIdentifierNotValid, .clientIDNotValid, .clientIDTooLong)
        }
        if let user = connect.username, user.count > limits.userNameBytesMax {
            counters.limitHits.add(.userNameBytes)
            return ConnectRefusal(.badUserNameOrPassword, .badUserNameOrPassword, .userNameTooLong)
        }
        if let method = connect.properties.authenticationMethod,
            !isOffered(method, rules(of: links[id].listener))
        {
            // [MQTT-4.12.0-1].
            return ConnectRefusal(
                .badAuthenticationMethod,
                .badAuthenticationMethod,
                .authenticationMethod,
                detail: String(decoding: method, as: UTF8.self)
            )
        }
        if let will = connect.will, !fits(will.topic.span.bytes) {
            counters.limitHits.add(.topicBytes)
            return ConnectRefusal(.topicNameInvalid, .topicNameNotValid, .willTopicTooLong)
        }
        if let will = connect.will, will.qos > grant.maximumQoS {
            return ConnectRefusal(.qosNotSupported, .protocolError, .willQoS)
        }
        if let will = connect.will, will.isRetained, !retainsMessages, connect.version == .v5 {
            // [MQTT-3.2.2-13].
            return ConnectRefusal(.retainNotSupported, .protocolError, .willRetain)
        }
        return nil
    }

    /// The largest packet that is taken from a connection now.
    @inline(__always)
    func packetBytesMax(of id: Handle) -> Int {
        if links[id].phase == .open { return limits.packetBytesMax }
        return min(limits.connectPacketBytesMax, limits.packetBytesMax)
    }

    /// A packet before CONNACK that is too large; a CONNECT is answered where its version is known.
    func refuseLargeConnect(_ id: Handle, _ bytes: RawSpan, _ error: MQTTError) -> Bool {
        guard links.contains(id), error.code == .packetTooLarge, links[id].phase != .open,
            limits.connectPacketBytesMax < limits.packetBytesMax
        else { return false }
        counters.limitHits.add(.connectPacketBytes)
        report(.limitHit(notice(id), limit: "connect-packet-bytes"))
        guard links[id].phase == .awaitsConnect,
            let frame = try? Framing.next(bytes, packetBytesMax: .max), frame.type == .connect
        else { return false }
        let own = MQTTError(
            .packetTooLarge,
            .packetTooLarge,
            "CONNECT is larger than connect-packet-bytes in [limits] allows",
            clause: "MQTT 5.0 §3.2.2.2"
        )
        refuseConnect(id, bytes.extracting(frame.headerCount..<bytes.byteCount), own)
        return true
    }

    private func assignedClientID(_ id: Handle) -> [UInt8] {
        // Partition, place, generation and time, mixed with a secret: not to be guessed, and 128
        // bits wide so that no two are the same. The form is mosquitto's.
        var facts = ByteWriter(capacity: 24)
        facts.put(UInt64(setup.index))
        facts.put(id.word)
        facts.put(now)
        let first = hashBytes(facts.bytes, seed: setup.tableSeed)
        facts.put(first)
        var mixed = ByteWriter(capacity: 16)
        mixed.put(first)
        mixed.put(hashBytes(facts.bytes, seed: ~setup.tableSeed))
        var name = Array("auto-".utf8)
        for (index, digit) in Hex.encode(mixed.bytes).utf8.enumerated() {
            if [8, 12, 16, 20].contains(index) { name.append(0x2D) }
            name.append(digit)
        }
        return name
    }
}
