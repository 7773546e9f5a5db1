// SPDX-License-Identifier: Apache-2.0
// Writing packets. What is written keeps to the standard if its arguments do; sizes are the
// caller's to limit.

public import SealBytes

/// Writers of packets, each appending one packet.
public enum Encode {
    /// PUBLISH; gives back where in the packet its identifier is, 0 when it has none.
    ///
    /// `properties` is a block that goes out unchanged; the other properties have arguments of
    /// their own. All of them are left out before MQTT 5.0. QoS 0 has neither identifier nor DUP.
    @discardableResult
    public static func publish(
        version: ProtocolVersion,
        qos: UInt8,
        isDuplicate: Bool = false,
        isRetained: Bool = false,
        topic: RawSpan,
        packetID: UInt16? = nil,
        properties: RawSpan,
        expirySeconds: UInt32? = nil,
        topicAlias: UInt16? = nil,
        subscriptionIdentifiers: [UInt32] = [],
        payload: RawSpan,
        into writer: inout ByteWriter
    ) -> Int {
        var propertyCount = 0
        if version == .v5 {
            propertyCount = properties.byteCount
            if expirySeconds != nil { propertyCount &+= 5 }
            if topicAlias != nil { propertyCount &+= 3 }
            for identifier in subscriptionIdentifiers {
                propertyCount &+= 1 &+ variableByteCount(Int(identifier))
            }
        }
        let hasID = qos != 0
        var bodyCount = 2 &+ topic.byteCount &+ payload.byteCount &+ (hasID ? 2 : 0)
        if version == .v5 { bodyCount &+= variableByteCount(propertyCount) &+ propertyCount }

        let start = writer.count
        // [MQTT-3.3.1-2].
        let flags = (isDuplicate && hasID ? 8 : 0) | qos &<< 1 | (isRetained ? 1 : 0)
        writer.put(PacketType.publish.rawValue &<< 4 | flags)
        writer.put(variable: bodyCount)
        writer.put(UInt16(truncatingIfNeeded: topic.byteCount))
        writer.put(topic)
        let offset = hasID ? writer.count &- start : 0
        if hasID { writer.put(packetID ?? 0) }
        if version == .v5 {
            writer.put(variable: propertyCount)
            writer.put(properties)
            if let expirySeconds { writer.put(.messageExpiryInterval, fourBytes: expirySeconds) }
            if let topicAlias { writer.put(.topicAlias, twoBytes: topicAlias) }
            for identifier in subscriptionIdentifiers {
                writer.put(.subscriptionIdentifier, variable: identifier)
            }
        }
        writer.put(payload)
        return offset
    }

    /// PUBACK.
    public static func puback(
        packetID: UInt16,
        reason: ReasonCode = .success,
        version: ProtocolVersion,
        reasonString: String? = nil,
        into writer: inout ByteWriter
    ) {
        acknowledgement(
            .puback,
            packetID: packetID,
            reason: reason,
            version: version,
            reasonString: reasonString,
            into: &writer
        )
    }

    /// PUBREC.
    public static func pubrec(
        packetID: UInt16,
        reason: ReasonCode = .success,
        version: ProtocolVersion,
        reasonString: String? = nil,
        into writer: inout ByteWriter
    ) {
        acknowledgement(
            .pubrec,
            packetID: packetID,
            reason: reason,
            version: version,
            reasonString: reasonString,
            into: &writer
        )
    }

    /// PUBREL.
    public static func pubrel(
        packetID: UInt16,
        reason: ReasonCode = .success,
        version: ProtocolVersion,
        reasonString: String? = nil,
        into writer: inout ByteWriter
    ) {
        acknowledgement(
            .pubrel,
            packetID: packetID,
            reason: reason,
            version: version,
            reasonString: reasonString,
            into: &writer
        )
    }

    /// PUBCOMP.
    public static func pubcomp(
        packetID: UInt16,
        reason: ReasonCode = .success,
        version: ProtocolVersion,
        reasonString: String? = nil,
        into writer: inout ByteWriter
    ) {
        acknowledgement(
            .pubcomp,
            packetID: packetID,
            reason: reason,
            version: version,
            reasonString: reasonString,
            into: &writer
        )
    }

    /// PINGREQ.
    public static func pingreq(into writer: inout ByteWriter) { writer.put(UInt16(0xC000)) }

    /// PINGRESP.
    public static func pingresp(into writer: inout ByteWriter) { writer.put(UInt16(0xD000)) }

    /// DISCONNECT, which before MQTT 5.0 says no more than that.
    public static func disconnect(
        reason: ReasonCode = .success,
        version: ProtocolVersion = .v5,
        sessionExpirySeconds: UInt32? = nil,
        reasonString: String? = nil,
        serverReference: String? = nil,
        userProperties: [UInt8] = [],
        into writer: inout ByteWriter
    ) {
        let hasProperties =
            sessionExpirySeconds != nil || reasonString != nil || serverReference != nil
            || !userProperties.isEmpty
        guard version == .v5, reason != .success || hasProperties else {
            writer.put(UInt16(0xE000))
            return
        }
        guard hasProperties else {
            writer.put(UInt16(0xE001))
            writer.put(reason.rawValue)
            return
        }
        var properties = ByteWriter()
        if let sessionExpirySeconds {
            properties.put(.sessionExpiryInterval, fourBytes: sessionExpirySeconds)
        }
        if let reasonString { properties.put(.reasonString, text: reasonString) }
        if let serverReference { properties.put(.serverReference, text: serverReference) }
        properties.put(userProperties)
        var body = ByteWriter()
        body.put(reason.rawValue)
        body.put(propertyBlock: properties)
        writer.put(.disconnect, body: body)
    }

    /// AUTH.
    public static func auth(_ packet: Auth, into writer: inout ByteWriter) {
        var properties = ByteWriter()
        if let method = packet.method { properties.put(.authenticationMethod, bytes: method) }
        if let bytes = packet.bytes { properties.put(.authenticationData, bytes: bytes) }
        if let reasonString = packet.reasonString {
            properties.put(.reasonString, text: reasonString)
        }
        properties.put(packet.userProperties)
        var body = ByteWriter()
        // MQTT 5.0 §3.15.2.1.
        if packet.reason != .success || properties.count > 0 {
            body.put(packet.reason.rawValue)
            body.put(propertyBlock: properties)
        }
        writer.put(.auth, body: body)
    }

    /// PUBACK, PUBREC, PUBREL or PUBCOMP, whose type is given.
    public static func acknowledgement(
        _ type: PacketType,
        packetID: UInt16,
        reason: ReasonCode = .success,
        version: ProtocolVersion,
        reasonString: String? = nil,
        into writer: inout ByteWriter
    ) {
        let first = type.rawValue &<< 4 | (type == .pubrel ? 2 : 0)
        guard version == .v5, reason != .success || reasonString != nil else {
            writer.put(first)
            writer.put(UInt8(2))
            writer.put(packetID)
            return
        }
        guard let reasonString else {
            writer.put(first)
            writer.put(UInt8(3))
            writer.put(packetID)
            writer.put(reason.rawValue)
            return
        }
        var properties = ByteWriter()
        properties.put(.reasonString, text: reasonString)
        var body = ByteWriter()
        body.put(packetID)
        body.put(reason.rawValue)
        body.put(propertyBlock: properties)
        writer.put(type, flags: first & 0x0F, body: body)
    }
}
