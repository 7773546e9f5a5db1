// SPDX-License-Identifier: Apache-2.0
// Bugs planted in the mail between partitions, so that it is seen whether the ledger finds them.
// The broker itself is never touched.

internal import SealBroker
internal import SealBytes

extension Simulation {
    /// A letter goes off; a planted bug may befall it.
    func send(_ letter: Mail, from sender: Int, to receiver: Int) {
        if case .retain(let message) = letter {
            let topic = message.topic.copied()
            if oldRetained[topic] == nil, message.header.payloadCount > 0 {
                oldRetained[topic] = message
            }
        }
        guard let sabotage = plan.sabotage, ledger.round > 0 else {
            letters[sender][receiver].append(letter)
            return
        }
        letters[sender][receiver] += befall(letter, sabotage, sender, receiver)
    }

    /// A letter's kind, for the trace.
    static func kind(_ letter: Mail) -> String {
        switch letter {
        case .interest(_, let filter, let isWanted, _, let ticket):
            "interest \(String(decoding: filter, as: UTF8.self)) \(isWanted) \(ticket)"
        case .interestKnown(let ticket, let posted): "interestKnown \(ticket) \(posted)"
        case .retainedWanted(_, _, let after, let seen, let ticket):
            "retainedWanted \(ticket) \(after) \(seen)"
        case .retainedNext(let ticket, let seen): "retainedNext \(ticket) \(seen)"
        case .retainedDropped(let ticket): "retainedDropped \(ticket)"
        case .retainedPart(let ticket, let messages, let isLast):
            "retainedPart \(ticket) \(messages.map(name)) \(isLast)"
        case .forward(let message, let retained): "forward \(name(message)) \(retained)"
        case .retain(let message): "retain \(name(message))"
        case .groupMember(let member, let event, let ticket):
            "groupMember \(member.partition) \(member.session.slot) \(event) \(ticket)"
        case .groupDeliver(let message, let member, _, _):
            "groupDeliver \(name(message)) to \(member.session.slot)"
        case .groupRefused(let message, _, _, _, _): "groupRefused \(name(message))"
        case .credit(let bytes): "credit \(bytes)"
        }
    }

    private static func name(_ message: Message) -> String {
        let payload = message.payload.copied().prefix { $0 != 0x2E }
        return String(decoding: message.topic.copied(), as: UTF8.self) + " "
            + String(decoding: payload, as: UTF8.self)
    }

    private func befall(
        _ letter: Mail,
        _ sabotage: Sabotage,
        _ sender: Int,
        _ receiver: Int
    ) -> [Mail] {
        switch (sabotage, letter) {
        case (.loseForward, .forward): return isTime() ? [] : [letter]
        case (.doubleForward, .forward): return isTime() ? [letter, letter] : [letter]
        case (.mixTenants, .forward(let message, let retained)):
            guard message.header.tenant != 0, isTime() else { return [letter] }
            var header = message.header
            header.tenant = 3 - header.tenant
            return [
                .forward(
                    Message(
                        header,
                        topic: message.topic,
                        properties: message.properties,
                        payload: message.payload
                    ),
                    retained: retained
                )
            ]
        case (.swapLetters, .forward):
            guard let last = letters[sender][receiver].last, case .forward = last else {
                return [letter]
            }
            letters[sender][receiver].removeLast()
            return [letter, last]
        case (.forgetInterest, .interest(let tenant, let filter, true, let wants, _)):
            guard isTime() else { return [letter] }
            return [
                letter,
                .interest(
                    tenant: tenant,
                    filter: filter,
                    isWanted: false,
                    wantsRetained: wants,
                    ticket: 0
                ),
            ]
        case (.staleRetained, .retainedPart(let ticket, let messages, let isLast)):
            let stale = messages.map { oldRetained[$0.topic.copied()] ?? $0 }
            return [.retainedPart(ticket: ticket, messages: stale, isLast: isLast)]
        default: return [letter]
        }
    }

    /// Whether the bug strikes now: from some letter on, now and then.
    func isTime() -> Bool {
        guard ledger.round > 0 else { return false }
        sabotageAt -= 1
        return sabotageAt <= 0 && sabotageAt % 5 == 0
    }
}
