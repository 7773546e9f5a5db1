// SPDX-License-Identifier: Apache-2.0
// The errors that tests expect, by code.

import SealBytes
import SealMQTT
import Testing

extension MQTTError {
    static let malformed = expected(.malformedPacket)
    static let breach = expected(.protocolError)
    static let length = expected(.lengthUnreadable)
    static let goodbye = expected(.disconnectNotAllowed)
    static let tooLarge = expected(.packetTooLarge)
    static let unexpected = expected(.packetUnexpected)
    static let topicName = expected(.topicNameInvalid)
    static let topicFilter = expected(.topicFilterInvalid)
    static let topicAlias = expected(.topicAliasInvalid)
    static let version = expected(.unsupportedProtocolVersion)
    static let name = expected(.protocolNameInvalid)
    static let clientID = expected(.clientIdentifierInvalid)

    private static func expected(_ code: Code) -> MQTTError {
        MQTTError(code, .unspecifiedError, "An expected error.", clause: "")
    }
}

/// The bytes of a line of hexadecimal digits; blanks and line ends are left out.
func bytes(_ hex: String) throws -> [UInt8] {
    try #require(Hex.decode(hex.filter { !$0.isWhitespace }))
}
