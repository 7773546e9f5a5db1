// SPDX-License-Identifier: Apache-2.0
// The properties of PUBLISH: MQTT 5.0 §3.3.2.3. What is for the server is read, the rest goes on
// to the subscribers as it came.

public import SealBytes

/// What the properties of a PUBLISH say that its receiver has to know to route it.
public struct PublishProperties: Equatable, Sendable {
    /// The topic alias; 0 is none.
    public var topicAlias: UInt16 = 0
    /// How many seconds the message is worth delivering.
    public var messageExpirySeconds: UInt32?
    /// What the payload format indicator says: 0 bytes, 1 UTF-8 text.
    public var payloadFormat: UInt8?
    /// Whether the sender waits for an answer.
    public var hasResponseTopic = false
    /// Whether there are subscription identifiers (only from a server).
    public var hasSubscriptionIdentifiers = false
    /// Whether the bytes can go to a subscriber as they are.
    public var forwardsUnchanged = true

    /// What an empty block says.
    @inlinable public init() {}

    /// Reads and checks a block of properties, without its length.
    public static func decode(
        _ propertyBytes: RawSpan,
        direction: Direction = .fromClient
    ) throws(MQTTError) -> PublishProperties {
        var properties = PublishProperties()
        // [MQTT-3.3.4-6]: a client sends no subscription identifier.
        var walk = PropertyWalk(
            propertyBytes,
            direction == .fromClient ? .publishFromClient : .publishFromServer,
            repeatsSubscriptionIdentifier: true
        )
        while try walk.next() {
            switch walk.id {
            case .topicAlias: properties.topicAlias = UInt16(truncatingIfNeeded: walk.number)
            case .messageExpiryInterval: properties.messageExpirySeconds = walk.number
            case .payloadFormatIndicator:
                properties.payloadFormat = UInt8(truncatingIfNeeded: walk.number)
            case .responseTopic: properties.hasResponseTopic = true
            case .subscriptionIdentifier: properties.hasSubscriptionIdentifiers = true
            default: break
            }
            if isForReceiverOnly(walk.id) { properties.forwardsUnchanged = false }
        }
        return properties
    }

    /// Copies what goes on to a subscriber unchanged (MQTT 5.0 [MQTT-3.3.2-4], [MQTT-3.3.2-15],
    /// [MQTT-3.3.2-16], [MQTT-3.3.2-17], [MQTT-3.3.2-20]): all but alias, expiry and subscription
    /// identifiers, in the order they came.
    public static func writeForwarded(_ propertyBytes: RawSpan, into writer: inout ByteWriter) {
        var walk = PropertyWalk(
            propertyBytes,
            .publishFromServer,
            repeatsSubscriptionIdentifier: true
        )
        // The block was checked when it came in, so the walk does not fail.
        while (try? walk.next()) == true {
            if !isForReceiverOnly(walk.id) { writer.put(walk.encoded) }
        }
    }

    static func isForReceiverOnly(_ id: PropertyID) -> Bool {
        id == .topicAlias || id == .messageExpiryInterval || id == .subscriptionIdentifier
    }
}

/// The properties of a PUBLISH in full, as an application reads them.
public struct PublishDetails: Equatable, Sendable {
    /// What the payload format indicator says: 0 bytes, 1 UTF-8 text.
    public var payloadFormat: UInt8?
    /// How many seconds the message is still worth.
    public var messageExpirySeconds: UInt32?
    /// The topic alias; 0 is none.
    public var topicAlias: UInt16 = 0
    /// What the payload is.
    public var contentType: String?
    /// Where an answer goes.
    public var responseTopic: [UInt8]?
    /// What an answer repeats.
    public var correlationData: [UInt8]?
    /// The identifiers of the subscriptions that match.
    public var subscriptionIdentifiers: [UInt32] = []
    /// The names and values of the application, in order.
    public var userProperties: [UserProperty] = []

    /// No properties.
    public init() {}

    /// Reads and checks a block of properties, without its length.
    public init(_ propertyBytes: RawSpan, direction: Direction) throws(MQTTError) {
        var walk = PropertyWalk(
            propertyBytes,
            direction == .fromClient ? .publishFromClient : .publishFromServer,
            repeatsSubscriptionIdentifier: true
        )
        while try walk.next() {
            switch walk.id {
            case .payloadFormatIndicator: payloadFormat = UInt8(truncatingIfNeeded: walk.number)
            case .messageExpiryInterval: messageExpirySeconds = walk.number
            case .topicAlias: topicAlias = UInt16(truncatingIfNeeded: walk.number)
            case .contentType: contentType = walk.value.text
            case .responseTopic: responseTopic = walk.value.copied()
            case .correlationData: correlationData = walk.value.copied()
            case .subscriptionIdentifier: subscriptionIdentifiers.append(walk.number)
            case .userProperty:
                userProperties.append(contentsOf: UserProperty.all(in: walk.encoded))
            default: break
            }
        }
    }

    /// Writes all but alias, expiry and subscription identifiers, which `Encode.publish` takes
    /// as arguments of their own.
    public func write(into writer: inout ByteWriter) {
        if let payloadFormat { writer.put(.payloadFormatIndicator, byte: payloadFormat) }
        if let contentType { writer.put(.contentType, text: contentType) }
        if let responseTopic { writer.put(.responseTopic, bytes: responseTopic) }
        if let correlationData { writer.put(.correlationData, bytes: correlationData) }
        for property in userProperties { property.write(into: &writer) }
    }
}
