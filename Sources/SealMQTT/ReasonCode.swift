// SPDX-License-Identifier: Apache-2.0
// The reason codes of MQTT 5.0 §2.4 and which packet may carry which.

/// Why something was done or refused, as MQTT 5.0 numbers it.
public enum ReasonCode: UInt8, Sendable, CaseIterable {
    /// Success, normal disconnection, or granted with QoS 0.
    case success = 0x00
    /// A subscription was granted with QoS 1.
    case grantedQoS1 = 0x01
    /// A subscription was granted with QoS 2.
    case grantedQoS2 = 0x02
    /// The client disconnects and wants its will published.
    case disconnectWithWillMessage = 0x04
    /// The message was taken, but nobody subscribes to its topic.
    case noMatchingSubscribers = 0x10
    /// There was no such subscription.
    case noSubscriptionExisted = 0x11
    /// The authentication goes on.
    case continueAuthentication = 0x18
    /// The client authenticates anew.
    case reauthenticate = 0x19
    /// Refused, and no other code says why.
    case unspecifiedError = 0x80
    /// The packet's bytes do not follow the standard.
    case malformedPacket = 0x81
    /// The packet is well-formed, but not allowed here.
    case protocolError = 0x82
    /// Valid, but this server does not do it.
    case implementationSpecificError = 0x83
    /// The protocol's name or level is not supported.
    case unsupportedProtocolVersion = 0x84
    /// The client identifier is not allowed.
    case clientIdentifierNotValid = 0x85
    /// The user name or password is wrong.
    case badUserNameOrPassword = 0x86
    /// The client may not do this.
    case notAuthorized = 0x87
    /// The server is not available.
    case serverUnavailable = 0x88
    /// The server is busy.
    case serverBusy = 0x89
    /// The client is banned.
    case banned = 0x8A
    /// The server shuts down.
    case serverShuttingDown = 0x8B
    /// The authentication method is not supported or not the one in use.
    case badAuthenticationMethod = 0x8C
    /// Nothing was heard for one and a half times the keep-alive.
    case keepAliveTimeout = 0x8D
    /// Another connection uses the same client identifier.
    case sessionTakenOver = 0x8E
    /// The topic filter is not accepted.
    case topicFilterInvalid = 0x8F
    /// The topic name is not accepted.
    case topicNameInvalid = 0x90
    /// The packet identifier is in use.
    case packetIdentifierInUse = 0x91
    /// The packet identifier is not known.
    case packetIdentifierNotFound = 0x92
    /// More messages are in flight than the receiver allowed.
    case receiveMaximumExceeded = 0x93
    /// The topic alias is 0, too large or not known.
    case topicAliasInvalid = 0x94
    /// The packet is larger than the receiver allowed.
    case packetTooLarge = 0x95
    /// Messages come too fast.
    case messageRateTooHigh = 0x96
    /// A limit set by the administrator is reached.
    case quotaExceeded = 0x97
    /// An administrator ended the connection.
    case administrativeAction = 0x98
    /// The payload is not what its format indicator says.
    case payloadFormatInvalid = 0x99
    /// The server does not retain messages.
    case retainNotSupported = 0x9A
    /// The server does not support this QoS.
    case qosNotSupported = 0x9B
    /// The client should use another server for now.
    case useAnotherServer = 0x9C
    /// The client should use another server from now on.
    case serverMoved = 0x9D
    /// The server does not support shared subscriptions.
    case sharedSubscriptionsNotSupported = 0x9E
    /// Connections come too fast.
    case connectionRateExceeded = 0x9F
    /// The connection lasted as long as it may.
    case maximumConnectTime = 0xA0
    /// The server does not support subscription identifiers.
    case subscriptionIdentifiersNotSupported = 0xA1
    /// The server does not support wildcards in subscriptions.
    case wildcardSubscriptionsNotSupported = 0xA2

    /// Whether the code says that something was refused (MQTT 5.0 §2.4).
    @inlinable public var isFailure: Bool { rawValue >= 0x80 }

    /// Whether a packet of the type from that side may carry the code.
    public func isAllowed(in type: PacketType, _ direction: Direction) -> Bool {
        switch type {
        case .connack: Self.inConnack.contains(rawValue)
        case .puback, .pubrec: Self.inPuback.contains(rawValue)
        case .pubrel, .pubcomp: self == .success || self == .packetIdentifierNotFound
        case .suback: Self.inSuback.contains(rawValue)
        case .unsuback: Self.inUnsuback.contains(rawValue)
        case .disconnect:
            Self.inDisconnect.contains(rawValue)
                || (direction == .fromClient
                    ? Self.inClientDisconnect : Self.inServerDisconnect).contains(rawValue)
        case .auth:
            self == .continueAuthentication
                || self == (direction == .fromClient ? .reauthenticate : .success)
        default: false
        }
    }

    // MQTT 5.0 §3.2.2.2.
    private static let inConnack = ByteSet([
        0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95,
        0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
    ])
    // MQTT 5.0 §3.4.2.1, §3.5.2.1.
    private static let inPuback = ByteSet([
        0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99,
    ])
    // MQTT 5.0 §3.9.3.
    private static let inSuback = ByteSet([
        0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2,
    ])
    // MQTT 5.0 §3.11.3.
    private static let inUnsuback = ByteSet([0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91])
    // MQTT 5.0 §3.14.2.1: what both may send, then the client's and the server's own.
    private static let inDisconnect = ByteSet([
        0x00, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    ])
    private static let inClientDisconnect = ByteSet([0x04])
    private static let inServerDisconnect = ByteSet([
        0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
    ])
}

/// A set of bytes, for looking codes up.
struct ByteSet: Sendable {
    private var low: (UInt64, UInt64) = (0, 0)
    private var high: (UInt64, UInt64) = (0, 0)

    init(_ members: [UInt8]) {
        for member in members {
            let bit = UInt64(1) &<< UInt64(member & 63)
            switch member &>> 6 {
            case 0: low.0 |= bit
            case 1: low.1 |= bit
            case 2: high.0 |= bit
            default: high.1 |= bit
            }
        }
    }

    func contains(_ member: UInt8) -> Bool {
        let word =
            switch member &>> 6 {
            case 0: low.0
            case 1: low.1
            case 2: high.0
            default: high.1
            }
        return word & (UInt64(1) &<< UInt64(member & 63)) != 0
    }
}
