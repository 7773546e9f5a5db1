// SPDX-License-Identifier: Apache-2.0
// CONNACK: MQTT 5.0 §3.2, MQTT 3.1.1 §3.2.

internal import SealBytes

/// The properties of a CONNACK (MQTT 5.0 §3.2.2.3); what is `nil` is not sent.
public struct ConnackProperties: Equatable, Sendable {
    /// How long the session outlives the connection, if not what the client asked for.
    public var sessionExpirySeconds: UInt32?
    /// How many messages with QoS 1 and 2 the server takes at once; without it 65,535.
    public var receiveMaximum: UInt16?
    /// The highest QoS of the server, 0 or 1; without it 2.
    public var maximumQoS: UInt8?
    /// Whether the server retains messages; without it, it does.
    public var retainAvailable: Bool?
    /// The largest packet that the server takes.
    public var maximumPacketSize: UInt32?
    /// The client identifier that the server chose.
    public var assignedClientID: [UInt8]?
    /// The highest topic alias that the server takes; without it 0.
    public var topicAliasMaximum: UInt16?
    /// A sentence for people.
    public var reasonString: String?
    /// Whether wildcards may be used; without it, they may.
    public var wildcardSubscriptionAvailable: Bool?
    /// Whether subscription identifiers may be used; without it, they may.
    public var subscriptionIdentifiersAvailable: Bool?
    /// Whether shared subscriptions may be used; without it, they may.
    public var sharedSubscriptionAvailable: Bool?
    /// The keep-alive that the client has to use.
    public var serverKeepAliveSeconds: UInt16?
    /// Where the client may receive answers.
    public var responseInformation: String?
    /// Another server to use.
    public var serverReference: String?
    /// The name of the extended authentication.
    public var authenticationMethod: [UInt8]?
    /// The bytes of the extended authentication.
    public var authenticationData: [UInt8]?
    /// The user properties, one after another as they are sent.
    public var userProperties: [UInt8] = []

    /// No properties.
    public init() {}

    static func decode(_ block: RawSpan) throws(MQTTError) -> ConnackProperties {
        var properties = ConnackProperties()
        var walk = PropertyWalk(block, .connack)
        while try walk.next() {
            switch walk.id {
            case .sessionExpiryInterval: properties.sessionExpirySeconds = walk.number
            case .receiveMaximum:
                properties.receiveMaximum = UInt16(truncatingIfNeeded: walk.number)
            case .maximumQoS: properties.maximumQoS = UInt8(truncatingIfNeeded: walk.number)
            case .retainAvailable: properties.retainAvailable = walk.number == 1
            case .maximumPacketSize: properties.maximumPacketSize = walk.number
            case .assignedClientIdentifier: properties.assignedClientID = walk.value.copied()
            case .topicAliasMaximum:
                properties.topicAliasMaximum = UInt16(truncatingIfNeeded: walk.number)
            case .reasonString: properties.reasonString = walk.value.text
            case .wildcardSubscriptionAvailable:
                properties.wildcardSubscriptionAvailable = walk.number == 1
            case .subscriptionIdentifiersAvailable:
                properties.subscriptionIdentifiersAvailable = walk.number == 1
            case .sharedSubscriptionAvailable:
                properties.sharedSubscriptionAvailable = walk.number == 1
            case .serverKeepAlive:
                properties.serverKeepAliveSeconds = UInt16(truncatingIfNeeded: walk.number)
            case .responseInformation: properties.responseInformation = walk.value.text
            case .serverReference: properties.serverReference = walk.value.text
            case .authenticationMethod: properties.authenticationMethod = walk.value.copied()
            case .authenticationData: properties.authenticationData = walk.value.copied()
            default: properties.userProperties += walk.encoded.copied()
            }
        }
        return properties
    }

    /// Writes them in mosquitto's order, which the standard leaves open: some clients and test
    /// suites compare a CONNACK byte by byte.
    func write(into writer: inout ByteWriter) {
        if let serverKeepAliveSeconds {
            writer.put(.serverKeepAlive, twoBytes: serverKeepAliveSeconds)
        }
        if let topicAliasMaximum { writer.put(.topicAliasMaximum, twoBytes: topicAliasMaximum) }
        if let assignedClientID { writer.put(.assignedClientIdentifier, bytes: assignedClientID) }
        if let authenticationMethod {
            writer.put(.authenticationMethod, bytes: authenticationMethod)
        }
        if let authenticationData { writer.put(.authenticationData, bytes: authenticationData) }
        if let sessionExpirySeconds {
            writer.put(.sessionExpiryInterval, fourBytes: sessionExpirySeconds)
        }
        if let retainAvailable { writer.put(.retainAvailable, byte: retainAvailable ? 1 : 0) }
        if let maximumPacketSize { writer.put(.maximumPacketSize, fourBytes: maximumPacketSize) }
        if let receiveMaximum { writer.put(.receiveMaximum, twoBytes: receiveMaximum) }
        if let maximumQoS { writer.put(.maximumQoS, byte: maximumQoS) }
        if let available = wildcardSubscriptionAvailable {
            writer.put(.wildcardSubscriptionAvailable, byte: available ? 1 : 0)
        }
        if let available = subscriptionIdentifiersAvailable {
            writer.put(.subscriptionIdentifiersAvailable, byte: available ? 1 : 0)
        }
        if let available = sharedSubscriptionAvailable {
            writer.put(.sharedSubscriptionAvailable, byte: available ? 1 : 0)
        }
        if let responseInformation { writer.put(.responseInformation, text: responseInformation) }
        if let serverReference { writer.put(.serverReference, text: serverReference) }
        if let reasonString { writer.put(.reasonString, text: reasonString) }
        writer.put(userProperties)
    }
}

/// A CONNACK packet.
public struct Connack: Equatable, Sendable {
    /// Whether the server has a session from before.
    public var sessionPresent: Bool
    /// How it went; return codes before MQTT 5.0 are given as the code that says the same.
    public var reason: ReasonCode
    /// The properties of MQTT 5.0.
    public var properties: ConnackProperties

    /// Makes a packet.
    public init(
        sessionPresent: Bool,
        reason: ReasonCode,
        properties: ConnackProperties = ConnackProperties()
    ) {
        self.sessionPresent = sessionPresent
        self.reason = reason
        self.properties = properties
    }

    /// Reads the bytes after the fixed header.
    public static func decode(
        _ body: RawSpan,
        version: ProtocolVersion
    ) throws(MQTTError) -> Connack {
        var reader = PacketReader(body)
        let flags = try reader.readUInt8()
        // [MQTT-3.2.2-1]; MQTT 3.1 §3.2: the byte is not used.
        guard version == .v31 || flags & 0xFE == 0 else {
            throw .malformed(
                "The reserved flags of CONNACK are set.",
                "MQTT 5.0 §3.2.2.1, MQTT 3.1.1 §3.2.2.1"
            )
        }
        var packet = Connack(
            sessionPresent: version != .v31 && flags & 1 != 0,
            reason: .success
        )
        if version == .v5 {
            // A server that knows no MQTT 5.0 answers as MQTT 3.1.1 §3.1.2.2 tells it to.
            if body.byteCount == 2, body.byte(1) == 1 {
                packet.reason = .unsupportedProtocolVersion
                packet.sessionPresent = false
                return packet
            }
            packet.reason = try reader.readReason(in: .connack, .fromServer)
            packet.properties = try ConnackProperties.decode(try reader.readProperties())
        } else {
            guard let code = ConnectReturnCode(rawValue: try reader.readUInt8()) else {
                throw .reasonNotAllowed()
            }
            packet.reason = code.reasonCode
        }
        try reader.requireEnd()
        // [MQTT-3.2.2-6], MQTT 3.1.1 [MQTT-3.2.2-4].
        guard !packet.sessionPresent || packet.reason == .success else {
            throw .breach(
                "CONNACK refuses the connection and says that a session is present.",
                "MQTT 5.0 §3.2.2.1.1, MQTT 3.1.1 §3.2.2.2"
            )
        }
        return packet
    }
}
