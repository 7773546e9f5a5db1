// SPDX-License-Identifier: Apache-2.0
// The return codes of a CONNACK before MQTT 5.0, and how reason codes map to them.

/// What a CONNACK of MQTT 3.1 and 3.1.1 says (MQTT 3.1.1 §3.2.2.3).
public enum ConnectReturnCode: UInt8, Sendable, CaseIterable {
    /// The connection is accepted.
    case accepted = 0
    /// The protocol level is not supported.
    case unacceptableProtocolVersion = 1
    /// The client identifier is not allowed.
    case identifierRejected = 2
    /// The server does not take the connection now.
    case serverUnavailable = 3
    /// The user name or password is wrong.
    case badUserNameOrPassword = 4
    /// The client may not connect.
    case notAuthorized = 5

    /// The return code nearest to a reason code.
    ///
    /// `nil` when there is none: then the connection is closed without a CONNACK
    /// (MQTT 3.1.1 §3.2.2.3).
    public init?(_ reason: ReasonCode) {
        switch reason {
        case .success: self = .accepted
        case .unsupportedProtocolVersion: self = .unacceptableProtocolVersion
        case .clientIdentifierNotValid: self = .identifierRejected
        case .serverUnavailable, .serverBusy, .serverShuttingDown, .quotaExceeded,
            .useAnotherServer, .serverMoved, .connectionRateExceeded:
            self = .serverUnavailable
        case .badUserNameOrPassword: self = .badUserNameOrPassword
        case .notAuthorized, .banned, .badAuthenticationMethod: self = .notAuthorized
        default: return nil
        }
    }

    /// The reason code that says the same.
    public var reasonCode: ReasonCode {
        switch self {
        case .accepted: .success
        case .unacceptableProtocolVersion: .unsupportedProtocolVersion
        case .identifierRejected: .clientIdentifierNotValid
        case .serverUnavailable: .serverUnavailable
        case .badUserNameOrPassword: .badUserNameOrPassword
        case .notAuthorized: .notAuthorized
        }
    }
}
