// SPDX-License-Identifier: Apache-2.0
// Writing the packets that begin a connection and change subscriptions.

public import SealBytes

extension Encode {
    /// CONNACK.
    ///
    /// Before MQTT 5.0 the reason becomes the nearest return code, "server unavailable" when none
    /// is near, and a refusal never says that a session is present ([MQTT-3.2.2-6], MQTT 3.1.1
    /// [MQTT-3.2.2-4]).
    public static func connack(
        sessionPresent: Bool,
        code: ReasonCode,
        version: ProtocolVersion,
        properties: ConnackProperties = ConnackProperties(),
        into writer: inout ByteWriter
    ) {
        let flags: UInt8 = sessionPresent && code == .success && version != .v31 ? 1 : 0
        guard version == .v5 else {
            writer.put(UInt16(0x2002))
            writer.put(flags)
            writer.put((ConnectReturnCode(code) ?? .serverUnavailable).rawValue)
            return
        }
        var block = ByteWriter()
        properties.write(into: &block)
        var body = ByteWriter()
        body.put(flags)
        body.put(code.rawValue)
        body.put(propertyBlock: block)
        writer.put(.connack, body: body)
    }

    /// SUBACK; `codes` are reason codes, before MQTT 5.0 every refusal is written as 0x80.
    public static func suback(
        packetID: UInt16,
        codes: [UInt8],
        version: ProtocolVersion,
        reasonString: String? = nil,
        into writer: inout ByteWriter
    ) {
        answer(.suback, packetID, codes, version, reasonString, into: &writer)
    }

    /// UNSUBACK; before MQTT 5.0 there are no codes in it.
    public static func unsuback(
        packetID: UInt16,
        codes: [UInt8],
        version: ProtocolVersion,
        reasonString: String? = nil,
        into writer: inout ByteWriter
    ) {
        answer(
            .unsuback,
            packetID,
            version == .v5 ? codes : [],
            version,
            reasonString,
            into: &writer
        )
    }

    private static func answer(
        _ type: PacketType,
        _ packetID: UInt16,
        _ codes: [UInt8],
        _ version: ProtocolVersion,
        _ reasonString: String?,
        into writer: inout ByteWriter
    ) {
        var properties = ByteWriter()
        if let reasonString { properties.put(.reasonString, text: reasonString) }
        writer.put(type.rawValue &<< 4)
        let propertyCount =
            version == .v5 ? variableByteCount(properties.count) &+ properties.count : 0
        writer.put(variable: 2 &+ propertyCount &+ codes.count)
        writer.put(packetID)
        if version == .v5 { writer.put(propertyBlock: properties) }
        for code in codes { writer.put(version == .v5 ? code : min(code, 0x80)) }
    }

    /// CONNECT.
    public static func connect(_ packet: Connect, into writer: inout ByteWriter) {
        var body = ByteWriter()
        body.put(shortBytes: Array((packet.version == .v31 ? "MQIsdp" : "MQTT").utf8))
        body.put(packet.version.rawValue | (packet.isBridge ? 0x80 : 0))
        var flags: UInt8 = packet.cleanStart ? 0x02 : 0
        if let will = packet.will {
            flags |= 0x04 | (will.qos & 3) &<< 3 | (will.isRetained ? 0x20 : 0)
        }
        if packet.username != nil { flags |= 0x80 }
        if packet.password != nil { flags |= 0x40 }
        body.put(flags)
        body.put(packet.keepAliveSeconds)
        if packet.version == .v5 {
            var block = ByteWriter()
            packet.properties.write(into: &block)
            body.put(propertyBlock: block)
        }
        body.put(shortBytes: packet.clientID)
        if let will = packet.will {
            if packet.version == .v5 {
                var block = ByteWriter()
                if will.delaySeconds > 0 {
                    block.put(.willDelayInterval, fourBytes: will.delaySeconds)
                }
                if let seconds = will.messageExpirySeconds {
                    block.put(.messageExpiryInterval, fourBytes: seconds)
                }
                block.put(will.properties)
                body.put(propertyBlock: block)
            }
            body.put(shortBytes: will.topic)
            body.put(shortBytes: will.payload)
        }
        if let username = packet.username { body.put(shortBytes: username) }
        if let password = packet.password { body.put(shortBytes: password) }
        writer.put(.connect, body: body)
    }

    /// SUBSCRIBE; the options of MQTT 5.0 are left out before it.
    public static func subscribe(
        _ packet: Subscribe,
        version: ProtocolVersion,
        into writer: inout ByteWriter
    ) {
        var body = ByteWriter()
        body.put(packet.packetID)
        if version == .v5 {
            var block = ByteWriter()
            if let identifier = packet.subscriptionIdentifier {
                block.put(.subscriptionIdentifier, variable: identifier)
            }
            block.put(packet.userProperties)
            body.put(propertyBlock: block)
        }
        for request in packet.filters {
            body.put(shortBytes: request.filter)
            body.put(version == .v5 ? request.options : request.qos)
        }
        writer.put(.subscribe, flags: 2, body: body)
    }

    /// UNSUBSCRIBE.
    public static func unsubscribe(
        _ packet: Unsubscribe,
        version: ProtocolVersion,
        into writer: inout ByteWriter
    ) {
        var body = ByteWriter()
        body.put(packet.packetID)
        if version == .v5 {
            var block = ByteWriter()
            block.put(packet.userProperties)
            body.put(propertyBlock: block)
        }
        for filter in packet.filters { body.put(shortBytes: filter) }
        writer.put(.unsubscribe, flags: 2, body: body)
    }
}

extension ConnectProperties {
    func write(into writer: inout ByteWriter) {
        if sessionExpirySeconds != 0 {
            writer.put(.sessionExpiryInterval, fourBytes: sessionExpirySeconds)
        }
        if receiveMaximum != 65_535 { writer.put(.receiveMaximum, twoBytes: receiveMaximum) }
        if let maximumPacketSize { writer.put(.maximumPacketSize, fourBytes: maximumPacketSize) }
        if topicAliasMaximum != 0 { writer.put(.topicAliasMaximum, twoBytes: topicAliasMaximum) }
        if requestResponseInformation { writer.put(.requestResponseInformation, byte: 1) }
        if let requestProblemInformation {
            writer.put(.requestProblemInformation, byte: requestProblemInformation ? 1 : 0)
        }
        writer.put(userProperties)
        if let authenticationMethod {
            writer.put(.authenticationMethod, bytes: authenticationMethod)
        }
        if let authenticationData { writer.put(.authenticationData, bytes: authenticationData) }
    }
}
