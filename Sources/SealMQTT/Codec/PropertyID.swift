// SPDX-License-Identifier: Apache-2.0
// The properties of MQTT 5.0 §2.2.2.2: numbers, types, and which packet may carry which.

/// The identifier of a property.
public enum PropertyID: UInt8, Sendable, CaseIterable {
    /// Whether the payload is text.
    case payloadFormatIndicator = 0x01
    /// How long the message is worth delivering.
    case messageExpiryInterval = 0x02
    /// What the payload is.
    case contentType = 0x03
    /// Where an answer goes.
    case responseTopic = 0x08
    /// What an answer repeats.
    case correlationData = 0x09
    /// The number a subscription was given by its client.
    case subscriptionIdentifier = 0x0B
    /// How long the session outlives the connection.
    case sessionExpiryInterval = 0x11
    /// The client identifier that the server chose.
    case assignedClientIdentifier = 0x12
    /// The keep-alive that the server wants.
    case serverKeepAlive = 0x13
    /// The name of the extended authentication.
    case authenticationMethod = 0x15
    /// The bytes of the extended authentication.
    case authenticationData = 0x16
    /// Whether the client wants reason strings and user properties.
    case requestProblemInformation = 0x17
    /// How long the will waits.
    case willDelayInterval = 0x18
    /// Whether the client wants response information.
    case requestResponseInformation = 0x19
    /// Where a client may receive answers.
    case responseInformation = 0x1A
    /// Another server to use.
    case serverReference = 0x1C
    /// A sentence for people.
    case reasonString = 0x1F
    /// How many messages may be in flight.
    case receiveMaximum = 0x21
    /// The highest topic alias.
    case topicAliasMaximum = 0x22
    /// A number instead of a topic name.
    case topicAlias = 0x23
    /// The highest QoS of the server.
    case maximumQoS = 0x24
    /// Whether the server retains messages.
    case retainAvailable = 0x25
    /// A name and a value of the application.
    case userProperty = 0x26
    /// The largest packet that is taken.
    case maximumPacketSize = 0x27
    /// Whether wildcards may be used.
    case wildcardSubscriptionAvailable = 0x28
    /// Whether subscription identifiers may be used.
    case subscriptionIdentifiersAvailable = 0x29
    /// Whether shared subscriptions may be used.
    case sharedSubscriptionAvailable = 0x2A

    /// The type of a property's value.
    enum Kind {
        case boolean, twoBytes, fourBytes, variable, text, binary, pair
    }

    var kind: Kind {
        switch self {
        case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation,
            .maximumQoS, .retainAvailable, .wildcardSubscriptionAvailable,
            .subscriptionIdentifiersAvailable, .sharedSubscriptionAvailable:
            .boolean
        case .serverKeepAlive, .receiveMaximum, .topicAliasMaximum, .topicAlias: .twoBytes
        case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval,
            .maximumPacketSize:
            .fourBytes
        case .subscriptionIdentifier: .variable
        case .contentType, .responseTopic, .assignedClientIdentifier, .authenticationMethod,
            .responseInformation, .serverReference, .reasonString:
            .text
        case .correlationData, .authenticationData: .binary
        case .userProperty: .pair
        }
    }
}

/// A set of property identifiers.
struct PropertySet: Sendable {
    let bits: UInt64
    /// What it is when the packet carries another property.
    let strayCode: MQTTError.Code
    let strayReason: ReasonCode

    init(
        _ members: PropertyID...,
        strayCode: MQTTError.Code = .protocolError,
        strayReason: ReasonCode = .protocolError
    ) {
        bits = members.reduce(0) { $0 | 1 &<< UInt64($1.rawValue) }
        self.strayCode = strayCode
        self.strayReason = strayReason
    }

    static let connect = PropertySet(
        .sessionExpiryInterval,
        .authenticationMethod,
        .authenticationData,
        .requestProblemInformation,
        .requestResponseInformation,
        .receiveMaximum,
        .topicAliasMaximum,
        .userProperty,
        .maximumPacketSize
    )
    static let will = PropertySet(
        .payloadFormatIndicator,
        .messageExpiryInterval,
        .contentType,
        .responseTopic,
        .correlationData,
        .willDelayInterval,
        .userProperty
    )
    static let connack = PropertySet(
        .sessionExpiryInterval,
        .assignedClientIdentifier,
        .serverKeepAlive,
        .authenticationMethod,
        .authenticationData,
        .responseInformation,
        .serverReference,
        .reasonString,
        .receiveMaximum,
        .topicAliasMaximum,
        .maximumQoS,
        .retainAvailable,
        .userProperty,
        .maximumPacketSize,
        .wildcardSubscriptionAvailable,
        .subscriptionIdentifiersAvailable,
        .sharedSubscriptionAvailable
    )
    static let publishFromClient = PropertySet(
        .payloadFormatIndicator,
        .messageExpiryInterval,
        .contentType,
        .responseTopic,
        .correlationData,
        .topicAlias,
        .userProperty
    )
    static let publishFromServer = PropertySet(
        .payloadFormatIndicator,
        .messageExpiryInterval,
        .contentType,
        .responseTopic,
        .correlationData,
        .subscriptionIdentifier,
        .topicAlias,
        .userProperty
    )
    static let subscribe = PropertySet(
        .subscriptionIdentifier,
        .userProperty,
        strayCode: .malformedPacket,
        strayReason: .malformedPacket
    )
    static let unsubscribe = PropertySet(
        .userProperty,
        strayCode: .malformedPacket,
        strayReason: .malformedPacket
    )
    /// PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK.
    static let acknowledgement = PropertySet(.reasonString, .userProperty)
    /// With the server reference, which `Disconnect` refuses itself.
    static let disconnectFromClient = PropertySet(
        .sessionExpiryInterval,
        .serverReference,
        .reasonString,
        .userProperty
    )
    static let disconnectFromServer = PropertySet(
        .serverReference,
        .reasonString,
        .userProperty
    )
    static let auth = PropertySet(
        .authenticationMethod,
        .authenticationData,
        .reasonString,
        .userProperty
    )
}
