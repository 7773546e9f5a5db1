// SPDX-License-Identifier: Apache-2.0
// One rule of a tenant, taken apart so that it can be compared with topics quickly.

internal import SealBytes

/// A rule of a tenant, ready to be asked.
struct TenantRule: Sendable {
    /// A level of the rule's filter.
    enum Level: Sendable, Equatable {
        case plus
        case hash
        /// Text and names that make up the level together.
        case text([Piece])
    }

    /// A part of a level.
    enum Piece: Sendable, Equatable {
        case plain([UInt8])
        case client
        case user
        case device
    }

    /// Whom it is about.
    enum Subject: Sendable, Equatable {
        case everybody
        case devices
        case accounts
        case role(Role)
        case user(Name)
        case device(Name)

        init?(_ text: Name) {
            switch text {
            case "*": self = .everybody
            case "devices": self = .devices
            case "accounts": self = .accounts
            default:
                if let role = text.removing(prefix: "role:") {
                    guard let role = Role(word: role) else { return nil }
                    self = .role(role)
                } else if let name = text.removing(prefix: "user:"), !name.isEmpty {
                    self = .user(name)
                } else if let name = text.removing(prefix: "device:"), !name.isEmpty {
                    self = .device(name)
                } else {
                    return nil
                }
            }
        }
    }

    let effect: PolicyRule.Effect
    let act: PolicyRule.Act
    let subject: Subject
    let levels: [Level]
    /// It names the space of devices in so many words.
    let namesThings: Bool
    /// How it is named in decisions.
    let reason: Reason

    /// Reads a rule; nil when it cannot be read and would have allowed something.
    init?(_ rule: PolicyRule) {
        effect = rule.effect
        reason = Reason(
            rule.effect == .allow ? .accessRuleAllows : .accessRuleDenies,
            detail: rule.text,
            file: "policy",
            line: Int(rule.position)
        )
        if let subject = Subject(rule.subject), let levels = Self.read(rule.filter) {
            self.subject = subject
            self.levels = levels
            act = rule.act
        } else {
            // A denial that cannot be read must not become a permission.
            guard rule.effect == .deny else { return nil }
            subject = .everybody
            levels = [.hash]
            act = .both
        }
        namesThings =
            levels.count >= 2 && levels[0] == .text([.plain(Array("v1".utf8))])
            && levels[1] == .text([.plain(Array("devices".utf8))])
    }

    /// The levels of a filter; nil when it is none.
    static func read(_ filter: Name) -> [Level]? {
        guard !filter.isEmpty, filter.utf8.count <= 65_535, !filter.utf8.contains(0) else {
            return nil
        }
        let texts = TopicRule.levels(Array(filter.utf8))
        var levels: [Level] = []
        for (index, text) in texts.enumerated() {
            if text == TopicRule.plus {
                levels.append(.plus)
            } else if text == TopicRule.hash {
                guard index == texts.count - 1 else { return nil }
                levels.append(.hash)
            } else {
                guard !text.contains(UInt8(ascii: "+")), !text.contains(UInt8(ascii: "#")) else {
                    return nil
                }
                levels.append(.text(pieces(text)))
            }
        }
        return levels
    }

    private static func pieces(_ text: ArraySlice<UInt8>) -> [Piece] {
        var pieces: [Piece] = []
        var plain: [UInt8] = []
        var index = text.startIndex
        func name(_ mark: UInt8) -> Piece? {
            switch mark {
            case UInt8(ascii: "c"): .client
            case UInt8(ascii: "u"): .user
            case UInt8(ascii: "d"): .device
            default: nil
            }
        }
        while index < text.endIndex {
            if text[index] == UInt8(ascii: "%"), index + 1 < text.endIndex,
                let name = name(text[index + 1])
            {
                if !plain.isEmpty { pieces.append(.plain(plain)) }
                plain = []
                pieces.append(name)
                index += 2
            } else {
                plain.append(text[index])
                index += 1
            }
        }
        if !plain.isEmpty { pieces.append(.plain(plain)) }
        return pieces
    }

    // MARK: Questions

    /// It is about this act of this client.
    func concerns(_ wanted: AccessAct, _ client: borrowing Principal) -> Bool {
        switch act {
        case .both: break
        case .publish: guard wanted == .publish else { return false }
        case .subscribe: guard wanted != .publish else { return false }
        }
        switch subject {
        case .everybody: return true
        case .devices: return client.device != nil
        case .accounts: return client.account != nil
        case .role(let role): return client.roles.contains(role)
        case .user(let name):
            return client.name == name
        case .device(let name):
            return client.device?.identifier == name
        }
    }

    /// The rule meant this space, and did not only sweep it with a wildcard.
    func reaches(_ space: TopicSpace) -> Bool {
        switch space {
        case .open: true
        // Wildcards in front do not match topics that begin with $ in the first place.
        case .system, .reserved, .bootstrap, .device(isReserved: true, _): true
        case .device(isReserved: false, _): namesThings
        }
    }

    /// The rule's filter, with the client's names in it, matches the topic. MQTT 5.0 §4.7.1
    func matches(_ topic: [UInt8], _ names: TopicNames) -> Bool {
        guard let first = levels.first, isDollar == (topic.first == UInt8(ascii: "$")) else {
            return false
        }
        if first == .hash { return true }
        var start = 0
        for level in levels {
            // "a/#" matches "a" too.
            if level == .hash { return true }
            guard start <= topic.count else { return false }
            var end = start
            while end < topic.count, topic[end] != UInt8(ascii: "/") { end += 1 }
            if case .text(let pieces) = level {
                guard Self.equals(pieces, topic, start..<end, names) else { return false }
            }
            start = end + 1
        }
        return start == topic.count + 1
    }

    /// A denial that covers all of the filter, or a permission for a part of it.
    func appliesToFilter(
        _ filter: [UInt8],
        from start: Int,
        _ client: borrowing Principal
    ) -> Bool {
        guard let own = filled(client.topicNames) else { return false }
        let asked = TopicRule.levels(Array(filter[min(start, filter.count)...]))
        return effect == .deny ? TopicRule.covers(own, asked) : TopicRule.overlaps(own, asked)
    }

    private var isDollar: Bool {
        guard case .text(let pieces) = levels.first, case .plain(let text) = pieces.first else {
            return false
        }
        return text.first == UInt8(ascii: "$")
    }

    private static func equals(
        _ pieces: [Piece],
        _ topic: [UInt8],
        _ level: Range<Int>,
        _ names: TopicNames
    ) -> Bool {
        var index = level.lowerBound
        for piece in pieces {
            let text: [UInt8]
            switch piece {
            case .plain(let plain): text = plain
            case .client: text = names.clientID
            case .user: text = names.user
            case .device: text = names.device
            }
            // Without such a name the rule is not about this client.
            if text.isEmpty { return false }
            guard level.upperBound - index >= text.count else { return false }
            for byte in text {
                guard topic[index] == byte else { return false }
                index += 1
            }
        }
        return index == level.upperBound
    }

    /// The filter with the client's names; nil when it lacks one of them.
    private func filled(_ names: TopicNames) -> [TopicRule.Level]? {
        var filled: [TopicRule.Level] = []
        for level in levels {
            switch level {
            case .plus: filled.append(TopicRule.plus)
            case .hash: filled.append(TopicRule.hash)
            case .text(let pieces):
                var text: TopicRule.Level = []
                for piece in pieces {
                    switch piece {
                    case .plain(let plain): text += plain
                    case .client:
                        guard !names.clientID.isEmpty else { return nil }
                        text += names.clientID
                    case .user:
                        guard !names.user.isEmpty else { return nil }
                        text += names.user
                    case .device:
                        guard !names.device.isEmpty else { return nil }
                        text += names.device
                    }
                }
                filled.append(text)
            }
        }
        return filled
    }
}

extension PolicyRule {
    /// The rule as people write it, such as `deny subscribe secret/# devices`.
    public var text: String { "\(effect.rawValue) \(act.rawValue) \(filter) \(subject)" }

    /// What is wrong with the rule, as a sentence without full stop; nil when it can be used.
    public var fault: String? {
        if TenantRule.read(filter) == nil {
            return "the filter is not one: + stands for a whole level and # for the rest"
        }
        if TenantRule.Subject(subject) == nil {
            return "the subject is none of *, devices, accounts, role:ROLE, user:NAME, device:NAME"
        }
        return nil
    }
}
