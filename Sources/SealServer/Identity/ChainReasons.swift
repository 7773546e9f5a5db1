// SPDX-License-Identifier: Apache-2.0
// The one table from rules of chains to reasons: handshakes and logins say the same.

internal import SealBroker
internal import SealNet
internal import SealPKI

extension ReasonCode {
    /// The reason of a rule that a chain breaks.
    init(_ failure: VerificationFailure) {
        self =
            switch failure.rule {
            case .expired: .certificateExpired
            case .notYetValid: .certificateNotYetValid
            case .weakKey, .weakSignature: .certificateWeak
            case .purpose: .certificatePurpose
            case .keyUsage: failure.depth == 0 ? .certificatePurpose : .issuerNotAuthority
            case .notAuthority: .issuerNotAuthority
            case .pathLength: .pathLength
            case .chainLength: .chainTooLong
            case .nameConstraints: .nameConstraints
            case .signature, .issuerMissing, .notTrusted, .anchorNotSent, .searchLimit:
                .chainBroken
            case .revoked: .certificateRevoked
            case .listMissing, .listExpired, .listNotYetValid, .listSignature, .listIssuer,
                .listExtension, .listScope, .listMalformed:
                .revocationListOverdue
            case .encoding, .version, .serialNumber, .algorithmMismatch, .validity, .issuerEmpty,
                .subjectEmpty, .duplicateExtension, .malformedExtension, .extensionCriticality,
                .extensionPlacement, .keyIdentifier, .unknownCritical, .policy, .hostName:
                .certificateMalformed
            }
    }

    /// The reason of a fault where a listener's own files say what is trusted.
    init(_ fault: ChainFault) {
        if fault.isStrange {
            self = .anchorUnknown
        } else if fault.isAboutAnchor, fault.failure.rule == .expired {
            self = .anchorExpired
        } else if fault.isAboutAnchor, fault.failure.rule == .notYetValid {
            self = .anchorNotYetValid
        } else {
            self.init(fault.failure)
        }
    }

    /// The reason of a handshake that ended; nil when no chain was the cause.
    init?(_ refusal: TLSRefusal) {
        if let fault = refusal.fault {
            self.init(fault)
        } else if refusal.code == .noCertificate {
            self = .certificateNeeded
        } else {
            return nil
        }
    }
}
