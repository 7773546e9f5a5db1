// SPDX-License-Identifier: Apache-2.0
// Who a client is once the login is done, and the questions asked about it from then on.

/// What made a login succeed.
public enum LoginMethod: String, Sendable {
    case certificate, password, anonymous
}

/// A client that is logged in.
public struct Principal: Sendable {
    /// The user name, proved by certificate or password; nil for anonymous clients.
    public var name: String?
    /// The client id in force, after the listener's rule.
    public var clientID: String
    /// What proved the name.
    public var method: LoginMethod
    /// The listener it came in by.
    public var listener: String
    /// What it may do.
    public var policy: Policy
    /// It may read `$SYS/#`, as far as the policy lets it.
    public var readsSys: Bool

    /// Nothing needs to be asked about topics that do not begin with `$`.
    public var isUnrestricted: Bool { policy.allowsEverything }

    /// May this client do that? `topic` is the filter when `act` is `.subscribe`.
    public func decide(_ act: AccessAct, topic: [UInt8]) -> Decision {
        let levels = Policy.plainLevels(act, topic)
        if levels.first == TopicRule.Level("$SYS".utf8) {
            // Publishing there would let a client speak for the broker.
            if act == .publish { return .refused([Reason(.sysReadOnly)]) }
            if !readsSys { return .refused([Reason(.sysForbidden)]) }
        }
        return policy.decide(act, topic: topic, user: name, clientID: clientID)
    }
}
