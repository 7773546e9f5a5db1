// SPDX-License-Identifier: Apache-2.0
// The question what a tenant's rules say about somebody who need not be connected.

public import SealBytes

/// What the rules say.
public struct PolicyAnswer: Sendable {
    /// It is allowed.
    public var isAllowed: Bool
    /// Why.
    public var reason: Reason
    /// The position of the rule that decided; nil when none did.
    public var position: Int64?
    /// The rule that decided; nil when none did.
    public var rule: String?
}

/// A question to the rules of a tenant.
public struct PolicyTest: Sendable {
    /// Whom it is about.
    public enum Subject: Sendable {
        case device(identifier: Name)
        case account(Account)
        case anonymous
    }

    /// The tenant.
    public var tenant: Tenant
    /// Its rules.
    public var rules: [PolicyRule]
    /// Whom it is about.
    public var subject: Subject
    /// The client id; nil for the usual one: the device identifier, or the user name.
    public var clientID: Name?

    /// Makes a question.
    public init(tenant: Tenant, rules: [PolicyRule], subject: Subject, clientID: Name? = nil) {
        self.tenant = tenant
        self.rules = rules
        self.subject = subject
        self.clientID = clientID
    }

    /// Whether the subject may do that; `topic` is a filter when `act` is `.subscribe`.
    ///
    /// `v1/devices/me` stands for the device's own space, as it does for the device.
    public func answer(_ act: AccessAct, topic: String) -> PolicyAnswer {
        let principal = principal()
        var topic = topic
        if let device = principal.device, topic.utf8.starts(with: Self.me.utf8),
            topic.utf8.count == Self.me.utf8.count
                || topic.utf8.dropFirst(Self.me.utf8.count).first == UInt8(ascii: "/")
        {
            let own = String(
                decoding: DeviceTopicName.encode(device.identifier),
                as: UTF8.self
            )
            topic = "v1/devices/" + own + topic.dropping(bytes: Self.me.utf8.count)
        }
        let decision = principal.decide(act, topic: Array(topic.utf8))
        let reason = decision.reasons.first ?? Reason(.accessOwnTenant)
        let isRule = reason.code == .accessRuleAllows || reason.code == .accessRuleDenies
        return PolicyAnswer(
            isAllowed: decision.isAllowed,
            reason: reason,
            position: isRule ? Int64(reason.line) : nil,
            rule: isRule ? reason.detail : nil
        )
    }

    private static let me = "v1/devices/me"

    private func principal() -> Principal {
        let policy = TenantPolicy(rules)
        switch subject {
        case .device(let identifier):
            return Principal(
                name: "device_\(identifier)",
                clientID: clientID ?? identifier,
                method: .certificate,
                listener: "",
                tenant: tenant,
                policy: policy,
                device: PrincipalDevice(number: 0, identifier: identifier)
            )
        case .account(let account):
            return Principal(
                name: account.name,
                clientID: clientID ?? account.name,
                method: .password,
                listener: "",
                tenant: tenant,
                policy: policy,
                account: account
            )
        case .anonymous:
            return Principal(
                name: nil,
                clientID: clientID ?? "client",
                method: .anonymous,
                listener: "",
                tenant: tenant,
                policy: policy
            )
        }
    }
}
