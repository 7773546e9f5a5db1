// SPDX-License-Identifier: Apache-2.0
// What is wrong with bytes that a peer sent, and the reason code to answer with.

/// A breach of the protocol by the peer.
public struct MQTTError: Error, Sendable {
    /// The stable name of the breach; equality of errors looks at it alone.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes do not follow the standard.
        case malformedPacket
        /// The bytes are well-formed, but not allowed here.
        case protocolError
        /// The peer's side never sends this packet, or not at this time.
        case packetUnexpected
        /// The fixed header does not say where the packet ends.
        case lengthUnreadable
        /// A client's DISCONNECT says what only a server may say.
        case disconnectNotAllowed
        /// The packet is larger than allowed.
        case packetTooLarge
        /// The protocol's name is not MQTT's.
        case protocolNameInvalid
        /// The protocol's level is not supported.
        case unsupportedProtocolVersion
        /// The client identifier is missing.
        case clientIdentifierInvalid
        /// The topic name is not allowed.
        case topicNameInvalid
        /// The topic filter is not allowed.
        case topicFilterInvalid
        /// A SUBSCRIBE or UNSUBSCRIBE has more filters than are taken.
        case tooManyFilters
        /// The topic alias is 0, too large or not known.
        case topicAliasInvalid
        /// More messages are in flight than allowed.
        case receiveMaximumExceeded
        /// The QoS is higher than allowed.
        case qosNotSupported
        /// Messages are not retained.
        case retainNotSupported
        /// The payload is not what its format indicator says.
        case payloadFormatInvalid
        /// The authentication method is not supported or not the one in use.
        case badAuthenticationMethod
    }

    /// Which breach it is.
    public let code: Code
    /// The reason code that MQTT 5.0 answers with.
    public let reasonCode: ReasonCode
    /// A sentence for the person who looks after the peer.
    public let reason: StaticString
    /// The clause of the standard that was broken.
    public let clause: StaticString

    /// Makes an error.
    @inline(never)
    public init(
        _ code: Code,
        _ reasonCode: ReasonCode,
        _ reason: StaticString,
        clause: StaticString
    ) {
        self.code = code
        self.reasonCode = reasonCode
        self.reason = reason
        self.clause = clause
    }
}

extension MQTTError: Equatable {
    /// Whether both name the same breach.
    public static func == (left: MQTTError, right: MQTTError) -> Bool { left.code == right.code }
}

extension MQTTError: CustomStringConvertible {
    /// The sentence and its clause.
    public var description: String { "\(reason) (\(clause))" }
}

// The errors thrown in more than one place, out of line so that the good path stays small.
extension MQTTError {
    @inline(never)
    static func malformed(_ reason: StaticString, _ clause: StaticString) -> MQTTError {
        MQTTError(.malformedPacket, .malformedPacket, reason, clause: clause)
    }

    @inline(never)
    static func breach(_ reason: StaticString, _ clause: StaticString) -> MQTTError {
        MQTTError(.protocolError, .protocolError, reason, clause: clause)
    }

    @usableFromInline @inline(never)
    static func truncated() -> MQTTError {
        malformed("The packet ends in the middle of a field.", "MQTT 5.0 §4.13.1")
    }

    @inline(never)
    static func trailing() -> MQTTError {
        malformed("The packet has bytes after its last field.", "MQTT 5.0 §4.13.1")
    }

    @usableFromInline @inline(never)
    static func zeroPacketID() -> MQTTError {
        breach("The packet identifier is 0.", "MQTT 5.0 §2.2.1, MQTT 3.1.1 §2.3.1")
    }

    @usableFromInline @inline(never)
    static func lengthTooLong() -> MQTTError {
        malformed(
            "A variable byte integer has more than four bytes.",
            "MQTT 5.0 §1.5.5, MQTT 3.1.1 §2.2.3"
        )
    }

    @usableFromInline @inline(never)
    static func lengthNotShortest() -> MQTTError {
        malformed(
            "A variable byte integer is not written with as few bytes as possible.",
            "MQTT 5.0 §1.5.5"
        )
    }

    @usableFromInline @inline(never)
    static func tooLarge() -> MQTTError {
        MQTTError(
            .packetTooLarge,
            .packetTooLarge,
            "The packet is larger than the maximum packet size of the receiver.",
            clause: "MQTT 5.0 §3.1.2.11.4, §3.2.2.3.6"
        )
    }

    @usableFromInline @inline(never)
    static func publishQoS3() -> MQTTError {
        malformed("PUBLISH has both QoS bits set.", "MQTT 5.0 §3.3.1.2, MQTT 3.1.1 §3.3.1.2")
    }

    @usableFromInline @inline(never)
    static func publishDuplicateQoS0() -> MQTTError {
        malformed(
            "PUBLISH has DUP set with QoS 0.",
            "MQTT 5.0 §3.3.1.1, MQTT 3.1.1 §3.3.1.1"
        )
    }

    @usableFromInline @inline(never)
    static func publishWithoutTopic() -> MQTTError {
        breach(
            "PUBLISH has neither a topic name nor a topic alias.",
            "MQTT 5.0 §3.3.2.1, MQTT 3.1.1 §4.7.3"
        )
    }

    @inline(never)
    static func notUTF8() -> MQTTError {
        malformed(
            "A text is not well-formed UTF-8, or has a control character or a non-character.",
            "MQTT 5.0 §1.5.4, MQTT 3.1.1 §1.5.3"
        )
    }

    @inline(never)
    static func reasonNotAllowed() -> MQTTError {
        breach("The packet has a reason code that it may not carry.", "MQTT 5.0 §2.4")
    }
}
