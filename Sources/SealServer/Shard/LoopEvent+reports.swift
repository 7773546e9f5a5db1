// SPDX-License-Identifier: Apache-2.0
// What is counted and logged of the things that happen to a loop outside of its open connections,
// the same for every protocol.

internal import SealBroker
internal import SealNet
internal import SealTelemetry

extension LoopEvent {
    /// Counts it.
    func count(in counters: inout ShardCounters) {
        switch self {
        case .turnedAway(let refusal, _, _): counters.limitHits.add(LimitName(refusal))
        case .handshakeRefused(let refusal, _, _):
            counters.addHandshake(HandshakeOutcome(refusal), version: .none)
        case .handshakeTimedOut:
            counters.addHandshake(.timeout, version: .none)
            counters.limitHits.add(.handshakeSeconds)
        case .handshakeWithdrawn:
            counters.addHandshake(.limit, version: .none)
            counters.limitHits.add(.handshakesWaiting)
        case .acceptFailed: break
        }
    }

    /// Writes it to the log.
    func log(to logger: Logger, listenerNames: [String]) {
        switch self {
        case .turnedAway(let refusal, let peer, let listener):
            logger.warning(
                "connection.turned-away",
                [
                    "listener": .text(listenerNames[listener]),
                    "peer": .text(peer.description), "limit": .text(refusal.rawValue),
                ]
            )
        case .handshakeRefused(let refusal, let peer, let listener):
            var fields: LogFields = [
                "listener": .text(listenerNames[listener]),
                "peer": .text(peer.description), "reason": .text(refusal.code.rawValue),
                "detail": .text(refusal.sentence),
            ]
            // The word that a login would have been refused with for the same chain.
            if let verdict = ReasonCode(refusal) {
                fields.append("verdict", .text(verdict.rawValue))
            }
            logger.warning("handshake.refused", fields)
        case .handshakeTimedOut(let peer, let listener):
            logger.warning(
                "handshake.timed-out",
                [
                    "listener": .text(listenerNames[listener]),
                    "peer": .text(peer.description),
                    "reason": .text(TLSRefusal.Code.timeout.rawValue),
                ]
            )
        case .handshakeWithdrawn(let peer, let listener):
            logger.warning(
                "handshake.withdrawn",
                [
                    "listener": .text(listenerNames[listener]),
                    "peer": .text(peer.description), "limit": "handshakes-waiting",
                    "reason": .text(TLSRefusal.Code.withdrawn.rawValue),
                ]
            )
        case .acceptFailed(let error):
            logger.error("connection.accept-failed", ["detail": .text(error.description)])
        }
    }
}

extension LimitName {
    init(_ refusal: AdmissionRefusal) {
        self =
            switch refusal {
            case .connections: .connections
            case .connectionsPerSource: .connectionsPerSource
            case .connectionsPerListener: .connectionsPerListener
            case .handshakesWaiting: .handshakesWaiting
            case .handshakesPerSource: .handshakesPerSource
            }
    }
}

extension HandshakeOutcome {
    /// The metric's word for a refusal; the log has the exact code.
    init(_ refusal: TLSRefusal) {
        self =
            switch refusal.code {
            case .unknownAuthority: .unknownAuthority
            case .certificateExpired: .certificateExpired
            case .certificateNotYetValid: .certificateNotYetValid
            case .certificateRevoked: .certificateRevoked
            case .crlExpired, .crlMissing, .crlInvalid: .revocationListMissing
            case .noCertificate: .noClientCertificate
            case .purpose, .wrongName, .badSignature, .chain, .badCertificate, .notJudged:
                .certificateNotValid
            case .weak: .weakSignature
            case .notTLS: .notTLS
            case .version: .noSharedVersion
            case .noCommonCipher, .alpn: .noSharedCipher
            case .peerAlert: .peerRefused
            case .tooLarge, .withdrawn: .limit
            case .timeout: .timeout
            case .badRecord, .broken, .protocolViolation: .protocolError
            }
    }
}
