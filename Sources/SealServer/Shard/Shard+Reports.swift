// SPDX-License-Identifier: Apache-2.0
// What happens in a shard, as log events.

internal import SealBroker
internal import SealBytes
internal import SealNet
internal import SealTelemetry

extension Shard {
    func report(_ event: BrokerEvent) {
        let logger = context.logger
        note(event)
        switch event {
        case .sessionOpened(let notice):
            logger.info("session.opened", fields(notice))
        case .sessionClosed(let notice, let reason):
            logger.info("session.closed", fields(notice, ["reason": .text(reason)]))
        case .sessionRefused(let notice, let reasons):
            logger.warning("session.refused", fields(notice, self.reasons(reasons)))
        case .protocolError(let notice, let code, let reason):
            logger.warning(
                "session.protocol-error",
                fields(notice, ["reason": .text(code), "detail": .text(reason)])
            )
        case .accessRefused(let notice, let act, let topic, let reasons):
            var more = self.reasons(reasons)
            more.append("act", .text(act))
            more.append("topic", .text(String(decoding: topic, as: UTF8.self)))
            logger.warning("access.refused", fields(notice, more))
        case .accessWithdrawn(let notice, let reasons):
            logger.warning("access.withdrawn", fields(notice, self.reasons(reasons)))
        case .limitHit(let notice, let limit):
            logger.warning("limit.hit", fields(notice, ["limit": .text(limit)]))
        }
    }

    /// Remembers decisions about access for whoever asks for them.
    private func note(_ event: BrokerEvent) {
        switch event {
        case .sessionOpened(let notice):
            guard let method = notice.method else { return }
            note("login", notice, isAllowed: true, [Reason(method.reason)])
        case .sessionRefused(let notice, let reasons):
            note("login", notice, isAllowed: false, reasons)
        case .accessRefused(let notice, let act, let topic, let reasons):
            let subject = String(decoding: topic, as: UTF8.self)
            note(act, notice, isAllowed: false, reasons, subject: subject)
        case .accessWithdrawn(let notice, let reasons):
            note("withdrawn", notice, isAllowed: false, reasons)
        case .sessionClosed, .protocolError, .limitHit: break
        }
    }

    private func note(
        _ act: String,
        _ notice: SessionNotice,
        isAllowed: Bool,
        _ reasons: [Reason],
        subject: String = ""
    ) {
        guard let remember = context.doors.note else { return }
        var record = DecisionRecord(
            time: partition.unixMilliseconds,
            act: act,
            isAllowed: isAllowed,
            reasons: reasons
        )
        record.tenant = notice.tenant != 0 ? notice.tenant : reasons.first?.tenant ?? 0
        record.protocolName = "mqtt"
        record.listener = context.listenerNames[notice.listener]
        record.peer = peers[Handle(word: notice.transport).slot]?.description ?? ""
        record.clientID = Name(decoding: notice.clientID)
        record.user = Name(decoding: notice.user)
        record.device = notice.device
        record.subject = Name(subject)
        remember(record)
    }

    private func reasons(_ reasons: [Reason]) -> LogFields {
        guard let first = reasons.first else { return [:] }
        return [
            "reason": .text(first.code.rawValue), "detail": .text(first.text),
            "hint": .text(first.code.hint),
        ]
    }

    private func fields(_ notice: SessionNotice, _ more: LogFields = [:]) -> LogFields {
        var fields: LogFields = [
            "listener": .text(context.listenerNames[notice.listener]),
            "client": .text(String(decoding: notice.clientID, as: UTF8.self)),
        ]
        if !notice.user.isEmpty {
            fields.append("user", .text(String(decoding: notice.user, as: UTF8.self)))
        }
        if notice.tenant != 0 { fields.append("tenant", .number(Int(notice.tenant))) }
        if !notice.device.isEmpty { fields.append("device", .text(notice.device.text)) }
        if let peer = peers[Handle(word: notice.transport).slot] {
            fields.append("peer", .text(peer.description))
        }
        for (key, value) in more.pairs { fields.append(key, value) }
        return fields
    }

    /// Something happened that concerns no open connection.
    func happened(_ event: LoopEvent) {
        event.count(in: &partition.counters)
        event.log(to: context.logger, listenerNames: context.listenerNames)
    }
}
