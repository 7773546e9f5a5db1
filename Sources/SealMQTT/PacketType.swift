// SPDX-License-Identifier: Apache-2.0
// The types of control packets and who may send them.

/// The type of a control packet.
public enum PacketType: UInt8, Sendable, CaseIterable {
    /// A client asks to connect.
    case connect = 1
    /// The answer to CONNECT.
    case connack = 2
    /// A message.
    case publish = 3
    /// The answer to a PUBLISH with QoS 1.
    case puback = 4
    /// The first answer to a PUBLISH with QoS 2.
    case pubrec = 5
    /// The answer to PUBREC.
    case pubrel = 6
    /// The answer to PUBREL.
    case pubcomp = 7
    /// A client asks for subscriptions.
    case subscribe = 8
    /// The answer to SUBSCRIBE.
    case suback = 9
    /// A client ends subscriptions.
    case unsubscribe = 10
    /// The answer to UNSUBSCRIBE.
    case unsuback = 11
    /// A client shows that it lives.
    case pingreq = 12
    /// The answer to PINGREQ.
    case pingresp = 13
    /// The connection ends.
    case disconnect = 14
    /// A step of an extended authentication (MQTT 5.0 only).
    case auth = 15

    /// One bit for each type that `direction` may send in `version`, the type's number its place.
    @inlinable
    static func allowed(_ direction: Direction, _ version: ProtocolVersion) -> UInt16 {
        // MQTT 3.1.1 §2.2.1 and MQTT 5.0 §2.1.2.
        switch (direction, version) {
        case (.fromClient, .v5): 0b1101_0101_1111_1010
        case (.fromClient, _): 0b0101_0101_1111_1010
        case (.fromServer, .v5): 0b1110_1010_1111_1100
        case (.fromServer, _): 0b0010_1010_1111_1100
        }
    }
}
