// SPDX-License-Identifier: Apache-2.0
// What a client that is not let in is answered, for every reason and both families of versions.

internal import SealMQTT
internal import SealTelemetry

/// The kinds of answer to a login that failed.
public enum RefusalAnswer: Sendable, Equatable, CaseIterable {
    /// User name or password are wrong: CONNACK 4, 0x86.
    case badUserNameOrPassword
    /// The client id is not allowed: CONNACK 2, 0x85.
    case clientID
    /// A certificate is wanted and none came: CONNACK 5, 0x87.
    case certificateMissing
    /// Anything wrong with a certificate: CONNACK 5, 0x87.
    case certificate
    /// Known, or nobody, but not let in: CONNACK 5, 0x87.
    case notAuthorized
    /// Not now: CONNACK 3, 0x88.
    case unavailable
    /// Too often: CONNACK 3, 0x9F.
    case tooOften

    /// The answer to a login with these reasons; the first decides.
    public init(_ reasons: [Reason]) {
        self = reasons.first.map { RefusalAnswer($0.code) } ?? .notAuthorized
    }

    /// The answer for one reason.
    public init(_ code: ReasonCode) {
        switch code {
        case .unknownUser, .badPassword, .passwordMissing, .passwordNotSet, .accessTokenUnknown,
            .tenantUnknown, .tenantMissing, .tokenMalformed, .tokenKeyUnknown, .tokenSignature,
            .tokenExpired, .tokenNotYetValid, .tokenWithdrawn, .tokenUse, .tokenSubjectGone,
            .tokenUserMismatch, .scramNonce, .certificateOfOtherTenant:
            self = .badUserNameOrPassword
        case .clientIDMismatch, .clientIDWithoutUser, .clientIDOfDevice: self = .clientID
        case .certificateNeeded: self = .certificateMissing
        case .loginsWaiting, .registryFailed, .registrationFailed, .registryChanged:
            self = .unavailable
        case .tooManyGuesses: self = .tooOften
        default: self = Self.isAboutCertificate(code) ? .certificate : .notAuthorized
        }
    }

    // A client id that does not name the certificate's device is a problem of the certificate: the
    // platform whose rule that is answers 5, not 2.
    private static func isAboutCertificate(_ code: ReasonCode) -> Bool {
        code == .clientIDNotDevice || ReasonCatalogue.chain(code) != nil
            || ReasonCatalogue.certificate(code) != nil
            || [.commonNameMissing, .commonNameColon, .commonNameUnusable].contains(code)
    }

    /// The code of MQTT 5.0 §3.2.2.2; earlier versions get the nearest one.
    var connackCode: MQTTReason {
        switch self {
        case .badUserNameOrPassword: .badUserNameOrPassword
        case .clientID: .clientIdentifierNotValid
        case .certificateMissing, .certificate, .notAuthorized: .notAuthorized
        case .unavailable: .serverUnavailable
        case .tooOften: .connectionRateExceeded
        }
    }

    /// The byte of CONNACK in MQTT 5.0.
    public var reasonByte: UInt8 { connackCode.rawValue }
    /// The byte of CONNACK before MQTT 5.0 (MQTT 3.1.1 §3.2.2.3).
    public var returnByte: UInt8 {
        (ConnectReturnCode(connackCode) ?? .notAuthorized).rawValue
    }

    /// How the metrics count it.
    var outcome: ConnectOutcome {
        switch self {
        case .badUserNameOrPassword: .badUserNameOrPassword
        case .clientID: .clientIDNotValid
        case .certificateMissing: .certificateRequired
        case .certificate: .certificateNotValid
        case .notAuthorized: .notAuthorized
        case .unavailable: .serverUnavailable
        case .tooOften: .serverBusy
        }
    }
}
