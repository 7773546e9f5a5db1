// SPDX-License-Identifier: Apache-2.0
// Who may publish, subscribe and read what: an ACL file in mosquitto's format, asked one question
// at a time. Not here: the reading of the file (`Policy+parsing.swift`) and $SYS (`Principal`).

public import SealBytes

/// The rules of an ACL file.
public struct Policy: Sendable {
    /// The file it was read from; empty for the policy that allows everything.
    public let file: String
    /// No question needs to be asked: the answer is always yes.
    public let allowsEverything: Bool

    /// Lines before the first `user`: for clients without a name.
    var anonymousRules: [TopicRule] = []
    /// Lines below `user`, by the bytes of the name: a String would take names for equal that
    /// differ in their bytes. MQTT 5.0 §1.5.4
    var userRules: [Name: [TopicRule]] = [:]
    /// `pattern` lines, for everybody.
    var patterns: [TopicRule] = []

    /// The policy of a listener without ACL file.
    public static let everything = Policy(file: "", allowsEverything: true)

    init(file: String, allowsEverything: Bool) {
        self.file = file
        self.allowsEverything = allowsEverything
    }

    /// A `user` line names this user.
    public func names(_ user: Name) -> Bool { userRules[user] != nil }

    /// Answers one question.
    ///
    /// A subscription is refused only when a `deny` line covers all of its filter. Otherwise it is
    /// allowed, as mosquitto 2 does, and each delivery is asked about on its own: a filter can be
    /// wider than what may be read. `deny` lines come first, in topic and pattern lines alike.
    /// `topic` is the filter when `act` is `.subscribe`, with or without `$share/<group>/`.
    public func decide(
        _ act: AccessAct,
        topic: [UInt8],
        user: Name?,
        clientID: Name
    ) -> Decision {
        if allowsEverything { return .allowed([Reason(.accessUnrestricted)]) }
        let levels = Self.plainLevels(act, topic)
        let own = user.map { userRules[$0] ?? [] } ?? anonymousRules
        var grant: TopicRule?
        var unfit: TopicRule?
        func applies(_ rule: TopicRule, _ levelsOfRule: [TopicRule.Level]) -> Bool {
            act == .subscribe && rule.verb == .deny
                ? TopicRule.covers(levelsOfRule, levels)
                : TopicRule.matches(levelsOfRule, levels)
        }
        for rule in own where rule.verb == .deny || (grant == nil && rule.verb.grants(act)) {
            guard applies(rule, TopicRule.levels(Array(rule.filter.utf8))) else { continue }
            if rule.verb == .deny { return refused(.accessDenied, rule) }
            grant = rule
        }
        for rule in patterns where rule.verb == .deny || (grant == nil && rule.verb.grants(act)) {
            switch Self.filled(rule, user: user, clientID: clientID) {
            case .nameless: continue
            case .unfit:
                // A denial that cannot be worded must not become a permission.
                if rule.verb == .deny { return refused(.accessUnsafeName, rule) }
                unfit = rule
            case .filter(let filter):
                guard applies(rule, filter) else { continue }
                if rule.verb == .deny { return refused(.accessDenied, rule) }
                grant = rule
            }
        }
        if act == .subscribe { return .allowed([Reason(.accessNotDenied)]) }
        if let grant { return .allowed([reason(.accessRule, grant)]) }
        if let unfit { return refused(.accessUnsafeName, unfit) }
        return .refused([Reason(.accessNoRule, file: file)])
    }

    private func reason(_ code: ReasonCode, _ rule: TopicRule) -> Reason {
        Reason(code, detail: rule.text, file: file, line: rule.line)
    }

    private func refused(_ code: ReasonCode, _ rule: TopicRule) -> Decision {
        .refused([reason(code, rule)])
    }

    /// The levels without `$share/<group>/`. MQTT 5.0 §4.8.2
    static func plainLevels(_ act: AccessAct, _ topic: [UInt8]) -> [TopicRule.Level] {
        let levels = TopicRule.levels(topic)
        guard act == .subscribe, levels.count > 2, levels[0] == TopicRule.Level("$share".utf8)
        else { return levels }
        return Array(levels.dropFirst(2))
    }

    // MARK: Patterns

    private enum Filled {
        case filter([TopicRule.Level])
        /// The pattern needs a user name and there is none.
        case nameless
        /// The name would change the meaning of the filter.
        case unfit
    }

    private static func filled(_ rule: TopicRule, user: Name?, clientID: Name) -> Filled {
        var levels = TopicRule.levels(Array(rule.filter.utf8))
        for index in levels.indices {
            let name: Name
            switch levels[index] {
            case TopicRule.user:
                guard let user else { return .nameless }
                name = user
            case TopicRule.client: name = clientID
            default: continue
            }
            guard isSafe(name) else { return .unfit }
            levels[index] = TopicRule.Level(name.utf8)
        }
        return .filter(levels)
    }

    /// Wildcards and separators in a name would widen the filter.
    private static func isSafe(_ name: Name) -> Bool {
        !name.isEmpty
            && !name.utf8.contains { byte in
                byte == UInt8(ascii: "+") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "/")
            }
    }
}
