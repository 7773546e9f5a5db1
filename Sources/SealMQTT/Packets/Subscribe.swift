// SPDX-License-Identifier: Apache-2.0
// SUBSCRIBE: MQTT 5.0 §3.8, MQTT 3.1.1 §3.8.

internal import SealBytes

/// One filter of a SUBSCRIBE with its options.
public struct SubscriptionRequest: Equatable, Sendable {
    /// The topic filter: UTF-8, its syntax not yet checked (`TopicFilter(parsing:)`), because a
    /// server answers for each filter.
    public var filter: [UInt8]
    /// The highest QoS the client wants.
    public var qos: UInt8
    /// Whether the client's own messages are left out.
    public var noLocal: Bool
    /// Whether messages keep the retain flag they were published with.
    public var retainAsPublished: Bool
    /// When retained messages are sent: 0 always, 1 for a new subscription, 2 never.
    public var retainHandling: UInt8

    /// Makes a request.
    public init(
        filter: [UInt8],
        qos: UInt8,
        noLocal: Bool = false,
        retainAsPublished: Bool = false,
        retainHandling: UInt8 = 0
    ) {
        self.filter = filter
        self.qos = qos
        self.noLocal = noLocal
        self.retainAsPublished = retainAsPublished
        self.retainHandling = retainHandling
    }

    /// The options as MQTT 5.0 §3.8.3.1 writes them.
    var options: UInt8 {
        qos | (noLocal ? 4 : 0) | (retainAsPublished ? 8 : 0) | retainHandling &<< 4
    }

    @_lifetime(reader: copy reader)
    static func decode(
        _ reader: inout PacketReader,
        _ version: ProtocolVersion
    ) throws(MQTTError) -> SubscriptionRequest {
        let filter = try reader.readText().copied()
        var options = try reader.readUInt8()
        switch version {
        // MQTT 3.1 §3.8: the upper six bits are not used, so they are not looked at.
        case .v31: options &= 3
        // MQTT 3.1.1 [MQTT-3-8.3-4].
        case .v311:
            guard options & 0xFC == 0 else { throw reservedOptions() }
        // [MQTT-3.8.3-5].
        case .v5:
            guard options & 0xC0 == 0 else { throw reservedOptions() }
        }
        guard options & 3 != 3 else {
            throw .breach(
                "SUBSCRIBE asks for QoS 3.",
                "MQTT 5.0 §3.8.3.1, MQTT 3.1.1 §3.8.3"
            )
        }
        guard options & 0x30 != 0x30 else {
            throw .breach("SUBSCRIBE has retain handling 3.", "MQTT 5.0 §3.8.3.1")
        }
        let request = SubscriptionRequest(
            filter: filter,
            qos: options & 3,
            noLocal: options & 4 != 0,
            retainAsPublished: options & 8 != 0,
            retainHandling: options &>> 4
        )
        // [MQTT-3.8.3-4].
        if request.noLocal, filter.starts(with: Array("$share/".utf8)) {
            throw .breach(
                "A shared subscription has the No Local option.",
                "MQTT 5.0 §3.8.3.1"
            )
        }
        return request
    }

    private static func reservedOptions() -> MQTTError {
        .malformed(
            "The reserved bits of a subscription's options are set.",
            "MQTT 5.0 §3.8.3.1, MQTT 3.1.1 §3.8.3"
        )
    }
}

/// A SUBSCRIBE packet.
public struct Subscribe: Equatable, Sendable {
    /// The packet identifier.
    public var packetID: UInt16
    /// The filters, at least one.
    public var filters: [SubscriptionRequest]
    /// The number that the client gives these subscriptions.
    public var subscriptionIdentifier: UInt32?
    /// The user properties as they came, one after another.
    public var userProperties: [UInt8] = []

    /// Makes a packet.
    public init(
        packetID: UInt16,
        filters: [SubscriptionRequest],
        subscriptionIdentifier: UInt32? = nil
    ) {
        self.packetID = packetID
        self.filters = filters
        self.subscriptionIdentifier = subscriptionIdentifier
    }

    /// Reads the bytes after the fixed header.
    public static func decode(
        _ body: RawSpan,
        version: ProtocolVersion
    ) throws(MQTTError) -> Subscribe {
        var reader = PacketReader(body)
        var packet = Subscribe(packetID: try reader.readRequestID(), filters: [])
        if version == .v5 {
            var walk = PropertyWalk(try reader.readProperties(), .subscribe)
            while try walk.next() {
                if walk.id == .subscriptionIdentifier {
                    packet.subscriptionIdentifier = walk.number
                } else {
                    packet.userProperties += walk.encoded.copied()
                }
            }
        }
        while !reader.isAtEnd {
            packet.filters.append(try SubscriptionRequest.decode(&reader, version))
        }
        // [MQTT-3.8.3-2], MQTT 3.1.1 [MQTT-3.8.3-3].
        guard !packet.filters.isEmpty else {
            throw .breach(
                "SUBSCRIBE has no topic filter.",
                "MQTT 5.0 §3.8.3, MQTT 3.1.1 §3.8.3"
            )
        }
        return packet
    }
}
