// SPDX-License-Identifier: Apache-2.0
// CONNECT refused: the answer, the reason, the end.

internal import SealBytes
internal import SealMQTT
internal import SealTelemetry

/// Why a CONNECT is refused, in every wording.
struct ConnectRefusal {
    var code: MQTTReason
    var outcome: ConnectOutcome
    var reasons: [Reason]

    init(
        _ code: MQTTReason,
        _ outcome: ConnectOutcome,
        _ reason: ReasonCode,
        detail: String = ""
    ) {
        self.code = code
        self.outcome = outcome
        reasons = [Reason(reason, detail: detail)]
    }

    /// A login was refused.
    init(_ reasons: [Reason]) {
        let answer = RefusalAnswer(reasons)
        code = answer.connackCode
        outcome = answer.outcome
        self.reasons = reasons
    }

    /// [MQTT-3.2.2-8]: 0x8B is no code of CONNACK.
    static let shuttingDown = ConnectRefusal(
        .serverUnavailable,
        .serverUnavailable,
        .serverShuttingDown
    )
}

extension Partition {
    /// CONNECT itself is malformed: where the version is known, the answer says what is wrong.
    func refuseConnect(_ id: Handle, _ body: RawSpan, _ error: MQTTError) {
        let version = Connect.version(of: body)
        links[id].version = version ?? .v5
        report(
            .protocolError(
                notice(id),
                code: error.code.rawValue,
                reason: "\(error.reason) (\(error.clause))"
            )
        )
        var mayAnswer = version != nil
        switch error.code {
        case .unsupportedProtocolVersion:
            // [MQTT-3.1.2-2]: the answer is in the form that the client is likely to read.
            counters.connects.add(.unsupportedVersion)
            links[id].version = Connect.isNewer(body) ? .v5 : .v311
            writer.removeAll()
            Encode.connack(
                sessionPresent: false,
                code: .unsupportedProtocolVersion,
                version: links[id].version,
                into: &writer
            )
            sendWritten(id)
            mayAnswer = false
        case .packetTooLarge: counters.connects.add(.packetTooLarge)
        case .clientIdentifierInvalid: counters.connects.add(.clientIDNotValid)
        default: counters.connects.add(.malformedPacket)
        }
        let isSilent = version != .v5 && error.code != .clientIdentifierInvalid
        if mayAnswer, !isSilent { sendRefusal(id, error.reasonCode, "\(error.reason)") }
        dismiss(id)
    }

    /// Answers with a refusal and closes.
    func refuse(_ id: Handle, _ refusal: ConnectRefusal) {
        counters.connects.add(refusal.outcome)
        report(.sessionRefused(notice(id), refusal.reasons))
        sendRefusal(id, refusal.code, refusal.reasons.first?.code.publicSentence)
        dismiss(id)
    }

    private func sendRefusal(_ id: Handle, _ code: MQTTReason, _ sentence: String?) {
        let version = links[id].version
        if version != .v5, ConnectReturnCode(code) == nil { return }
        let asked = links[id].arrival?.connect?.properties
        var properties = ConnackProperties()
        if grant(of: links[id].listener).reasonStrings.go(to: asked?.requestProblemInformation) {
            properties.reasonString = sentence
        }
        for _ in 0..<2 {
            writer.removeAll()
            Encode.connack(
                sessionPresent: false,
                code: code,
                version: version,
                properties: properties,
                into: &writer
            )
            let isTooLarge = asked?.maximumPacketSize.map { writer.count > $0 } ?? false
            if !isTooLarge { return sendWritten(id) }
            // [MQTT-3.2.2-19]: the sentence is left out where it does not fit.
            properties.reasonString = nil
        }
    }
}
