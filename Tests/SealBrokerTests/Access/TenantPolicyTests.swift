// SPDX-License-Identifier: Apache-2.0
// The rules of tenants: what holds without them, what they change, and what they never open.

import Testing

@testable import SealBroker
import SealBytes

@Suite("The rules of tenants") struct TenantPolicyTests {
    private static let tenant = Tenant(number: 7, id: "t7")

    private func device(
        _ identifier: Name,
        _ rules: [PolicyRule] = [],
        clientID: Name? = nil
    ) -> Principal {
        Principal(
            name: "device_\(identifier)",
            clientID: clientID ?? identifier,
            method: .certificate,
            listener: "l",
            tenant: Self.tenant,
            policy: TenantPolicy(rules),
            device: PrincipalDevice(number: 1, identifier: identifier)
        )
    }

    private func account(
        _ name: Name,
        _ rules: [PolicyRule] = [],
        roles: Set<Role> = [.messaging]
    ) -> Principal {
        var account = Account(tenant: 7, name: name, roles: roles)
        account.number = 9
        return Principal(
            name: name,
            clientID: "c-\(name)",
            method: .password,
            listener: "l",
            tenant: Self.tenant,
            policy: TenantPolicy(rules),
            account: account
        )
    }

    private func nobody(_ rules: [PolicyRule] = []) -> Principal {
        Principal(
            name: nil,
            clientID: "c",
            method: .anonymous,
            listener: "l",
            tenant: Self.tenant,
            policy: TenantPolicy(rules)
        )
    }

    private func rule(
        _ position: Int64,
        _ effect: PolicyRule.Effect,
        _ act: PolicyRule.Act,
        _ filter: Name,
        _ subject: Name = "*"
    ) -> PolicyRule {
        PolicyRule(
            tenant: 7,
            position: position,
            effect: effect,
            act: act,
            filter: filter,
            subject: subject
        )
    }

    private func code(_ who: Principal, _ act: AccessAct, _ topic: String) -> ReasonCode? {
        who.decide(act, topic: Array(topic.utf8)).reasons.first?.code
    }

    private func may(_ who: Principal, _ act: AccessAct, _ topic: String) -> Bool {
        who.decide(act, topic: Array(topic.utf8)).isAllowed
    }

    // MARK: Without rules

    @Test("without rules everything of the tenant is allowed but what is the broker's or another's")
    func standing() {
        let one = device("one")
        for act in [AccessAct.publish, .subscribe, .deliver] {
            #expect(code(one, act, "a/b") == .accessOwnTenant)
            #expect(code(one, act, "v1/devices/one/telemetry") == .accessOwnTenant)
            #expect(code(one, act, "$device/one/s/ds") == .accessOwnTenant)
            #expect(code(one, act, "v1/devices/two/telemetry") == .accessOtherDevice)
            #expect(code(one, act, "v1/devices/one2/telemetry") == .accessOtherDevice)
            #expect(code(one, act, "v1/devices/on/telemetry") == .accessOtherDevice)
            #expect(code(one, act, "v1/devices/") == .accessOtherDevice)
            #expect(code(one, act, "$device/two/s/ds") == .accessOtherDevice)
            #expect(code(one, act, "$other/x") == .accessReserved)
            #expect(code(one, act, "$device") == .accessReserved)
            #expect(code(one, act, "$bootstrap/one/s/dcr") == .accessReserved)
        }
        #expect(code(one, .publish, "$SYS/x") == .sysReadOnly)
        #expect(code(one, .deliver, "$SYS/x") == .sysForbidden)
        #expect(code(one, .subscribe, "$SYS/#") == .sysForbidden)
        #expect(code(one, .publish, "$SYSTEM/x") == .accessReserved)
        #expect(code(one, .publish, "v1/devices") == .accessOwnTenant)
        #expect(code(one, .publish, "v1/devicesx/two") == .accessOwnTenant)
    }

    @Test("a filter that is wider than what may be read is allowed, and its deliveries are asked")
    func wide() {
        let one = device("one")
        for filter in ["#", "+/devices/two/telemetry", "v1/#", "v1/devices/#", "v1/devices/+/a"] {
            #expect(may(one, .subscribe, filter))
        }
        #expect(may(one, .subscribe, "$device/+/s/ds"))
        #expect(!may(one, .subscribe, "$device/two/#"))
        #expect(!may(one, .subscribe, "v1/devices/two/#"))
        #expect(!may(one, .deliver, "v1/devices/two/telemetry"))
        #expect(!may(nobody(), .subscribe, "v1/devices/+/a"))
        #expect(!may(account("ann"), .subscribe, "$device/+/s/us"))
    }

    @Test("a shared filter is judged by what stands behind the group")
    func shared() {
        let one = device("one")
        #expect(may(one, .subscribe, "$share/g/a/b"))
        #expect(may(one, .subscribe, "$share/g/v1/devices/one/x"))
        #expect(!may(one, .subscribe, "$share/g/v1/devices/two/x"))
        #expect(!may(one, .subscribe, "$share/g/$SYS/#"))
        // There is nothing behind it: an ordinary topic of the broker's.
        #expect(!may(one, .subscribe, "$share/g"))
        #expect(!may(one, .publish, "$share/g/a"))
    }

    @Test("accounts talk with all devices, but Cumulocity's topics need a rule")
    func accounts() {
        let ann = account("ann")
        #expect(code(ann, .publish, "v1/devices/one/rpc/request/1") == .accessOwnTenant)
        #expect(code(ann, .deliver, "v1/devices/one/telemetry") == .accessOwnTenant)
        #expect(code(ann, .deliver, "$device/one/s/us") == .accessReserved)
        let allowed = account("ann", [rule(1, .allow, .subscribe, "$device/+/s/us", "user:ann")])
        #expect(code(allowed, .deliver, "$device/one/s/us") == .accessRuleAllows)
        #expect(code(allowed, .subscribe, "$device/+/s/us") == .accessRuleAllows)
        #expect(code(allowed, .publish, "$device/one/s/ds") == .accessReserved)
        #expect(code(allowed, .deliver, "$device/one/s/ds") == .accessReserved)
        #expect(code(nobody(), .publish, "v1/devices/one/x") == .accessOtherDevice)
    }

    @Test("an account that only bootstraps devices gets its own corner and nothing else")
    func bootstrap() {
        let everything = [rule(1, .allow, .both, "#"), rule(2, .allow, .both, "$bootstrap/#")]
        for rules in [[], everything] {
            let boot = account("boot", rules, roles: [.deviceBootstrap])
            #expect(may(boot, .subscribe, "$bootstrap/c-boot/s/dcr"))
            #expect(may(boot, .publish, "$bootstrap/c-boot/s/ucr"))
            #expect(code(boot, .deliver, "$bootstrap/other/s/dcr") == .accessOtherDevice)
            #expect(code(boot, .subscribe, "$bootstrap/+/s/dcr") == .accessOtherDevice)
            #expect(code(boot, .publish, "a") == .messagingForbidden)
            #expect(code(boot, .subscribe, "#") == .messagingForbidden)
            #expect(code(boot, .publish, "v1/devices/one/x") == .messagingForbidden)
            #expect(!boot.needsNoQuestions)
        }
    }

    // MARK: Rules

    @Test("the first rule that applies decides, by position and not by place in the list")
    func order() {
        let rules = [
            rule(20, .deny, .both, "a/#"), rule(10, .allow, .both, "a/b"),
            rule(30, .allow, .both, "a/c"),
        ]
        let one = device("one", rules)
        #expect(code(one, .publish, "a/b") == .accessRuleAllows)
        #expect(code(one, .publish, "a/c") == .accessRuleDenies)
        #expect(code(one, .publish, "a") == .accessRuleDenies)
        #expect(code(one, .publish, "b") == .accessOwnTenant)
        let reason = one.decide(.publish, topic: Array("a/c".utf8)).reasons.first
        #expect(reason?.line == 20)
        #expect(reason?.detail == "deny both a/# *")
        #expect(reason?.text.contains("policy:20") == true)
    }

    @Test("a denied filter is refused only where nothing of it is left")
    func denials() {
        let one = device(
            "one",
            [rule(1, .allow, .subscribe, "a/+/x"), rule(2, .deny, .both, "a/#")]
        )
        #expect(may(one, .subscribe, "a/b/x"))
        #expect(may(one, .subscribe, "a/#"))
        #expect(may(one, .subscribe, "+/b/x"))
        #expect(may(one, .subscribe, "#"))
        #expect(!may(one, .subscribe, "a/b/y"))
        #expect(!may(one, .subscribe, "a/b"))
        #expect(may(one, .deliver, "a/b/x"))
        #expect(!may(one, .deliver, "a/b/y"))
        #expect(!may(one, .publish, "a/b/x"))
    }

    @Test(
        "a rule is about those it names",
        arguments: [
            ("*", true, true, true), ("devices", true, false, false),
            ("accounts", false, true, false), ("role:ROLE_MESSAGING", false, true, false),
            ("role:ROLE_AUDIT_READ", false, false, false), ("user:ann", false, true, false),
            ("user:device_one", true, false, false), ("device:one", true, false, false),
            ("device:two", false, false, false),
        ]
    )
    func subjects(_ subject: Name, _ ofDevice: Bool, _ ofAccount: Bool, _ ofNobody: Bool) {
        let rules = [rule(1, .deny, .publish, "x", subject)]
        #expect(may(device("one", rules), .publish, "x") == !ofDevice)
        #expect(may(account("ann", rules), .publish, "x") == !ofAccount)
        #expect(may(nobody(rules), .publish, "x") == !ofNobody)
    }

    @Test("names in patterns fill one level and nothing more")
    func patterns() {
        let rules = [
            rule(1, .allow, .both, "home/%d/#"), rule(2, .allow, .both, "by/%u-x/%c"),
            rule(3, .deny, .both, "#"),
        ]
        let plain = device("one", rules, clientID: "cid")
        #expect(may(plain, .publish, "home/one/a"))
        #expect(!may(plain, .publish, "home/two/a"))
        #expect(may(plain, .publish, "by/device_one-x/cid"))
        #expect(!may(plain, .publish, "by/device_one-y/cid"))
        #expect(!may(plain, .publish, "by/device_one-x/cid2"))
        for name: Name in ["+", "#", "a/b", "$SYS", "%d", "two/../one", "\u{0}"] {
            let sly = device(name, rules, clientID: name)
            #expect(!may(sly, .publish, "home/two/a"))
            #expect(!may(sly, .deliver, "home/a/b/c"))
            let own = "home/" + String(decoding: DeviceTopicName.encode(name), as: UTF8.self)
            #expect(may(sly, .publish, own + "/a"))
        }
        // Who has no device identifier is not meant by a pattern with one.
        #expect(!may(account("ann", rules), .publish, "home//a"))
    }

    @Test("a wildcard does not open another device's space, a rule that names it does")
    func spaces() {
        let wide = [rule(1, .allow, .both, "#"), rule(2, .allow, .both, "+/devices/+/x")]
        #expect(!may(device("one", wide), .publish, "v1/devices/two/x"))
        #expect(!may(device("one", wide), .deliver, "$device/two/s/us"))
        #expect(!may(device("one", wide), .subscribe, "v1/devices/two/x"))
        let sly = [rule(1, .allow, .both, "%c/devices/two/x")]
        #expect(!may(device("one", sly, clientID: "v1"), .publish, "v1/devices/two/x"))
        let named = [
            rule(1, .allow, .publish, "v1/devices/+/x", "device:one"),
            rule(2, .allow, .subscribe, "$device/two/#", "device:one"),
        ]
        #expect(may(device("one", named), .publish, "v1/devices/two/x"))
        #expect(!may(device("one", named), .publish, "v1/devices/two/y"))
        #expect(may(device("one", named), .deliver, "$device/two/s/us"))
        #expect(!may(device("three", named), .publish, "v1/devices/two/x"))
        let closed = [rule(1, .deny, .both, "#")]
        #expect(!may(device("one", closed), .publish, "v1/devices/one/x"))
        // A denial of everything does not reach topics with $, as with every filter.
        #expect(may(device("one", closed), .publish, "$device/one/s/us"))
    }

    @Test("nobody publishes to $SYS, whatever the rules say")
    func sys() {
        let rules = [rule(1, .allow, .both, "$SYS/#")]
        #expect(code(account("ann", rules), .publish, "$SYS/x") == .sysReadOnly)
        #expect(code(account("ann", rules), .deliver, "$SYS/x") == .accessRuleAllows)
        #expect(code(account("ann", rules), .subscribe, "$SYS/#") == .accessRuleAllows)
    }

    @Test("a rule that cannot be read allows nothing, and a denial then denies everything")
    func damaged() {
        for filter: Name in ["", "a/#/b", "a+", "b#", "a\u{0}"] {
            #expect(rule(1, .allow, .both, filter).fault != nil)
            #expect(may(device("one", [rule(1, .deny, .both, filter)]), .publish, "q") == false)
            #expect(
                !may(
                    device(
                        "one",
                        [rule(1, .allow, .both, filter), rule(2, .deny, .both, "#")]
                    ),
                    .publish,
                    "a"
                )
            )
        }
        for subject: Name in ["", "role:", "role:ROLE_X", "people", "user", "group:x"] {
            #expect(rule(1, .allow, .both, "a", subject).fault != nil)
            let rules = [rule(1, .deny, .both, "a", subject)]
            #expect(!may(device("one", rules), .publish, "q"))
        }
        #expect(rule(1, .allow, .both, "a/%d/+/#", "role:ROLE_MESSAGING").fault == nil)
    }

    @Test("one policy serves all clients of a tenant, until its rules change")
    func shelf() {
        let shelf = PolicyShelf()
        let rules = [rule(1, .deny, .both, "a")]
        let first = shelf.policy(of: 1, rules)
        #expect(shelf.policy(of: 1, rules) === first)
        #expect(shelf.policy(of: 2, rules) !== first)
        #expect(shelf.policy(of: 1, [rule(1, .deny, .both, "b")]) !== first)
        #expect(shelf.policy(of: 1, []) === TenantPolicy.standard)
    }

    @Test("only topics of the broker or of devices are asked about when there are no rules")
    func fast() {
        #expect(device("one").needsNoQuestions)
        #expect(account("ann").needsNoQuestions)
        #expect(!device("one", [rule(1, .deny, .both, "a")]).needsNoQuestions)
        for (topic, isReserved) in [
            ("a", false), ("v1/devices", false), ("v1/devices/x", true), ("$SYS", true),
            ("$device/a/b", true), ("v1/device/x", false), ("", false),
        ] {
            #expect(TopicSpace.isReserved(Array(topic.utf8)) == isReserved)
        }
    }

    // MARK: Questions without a connection

    @Test("a question without a connection says which rule decided")
    func test() {
        let rules = [rule(5, .deny, .publish, "secret/#", "devices")]
        let test = PolicyTest(
            tenant: Self.tenant,
            rules: rules,
            subject: .device(identifier: "a/b")
        )
        let denied = test.answer(.publish, topic: "secret/x")
        #expect(!denied.isAllowed)
        #expect(denied.position == 5)
        #expect(denied.rule == "deny publish secret/# devices")
        let own = test.answer(.publish, topic: "v1/devices/me/telemetry")
        #expect(own.isAllowed)
        #expect(own.position == nil)
        #expect(own.reason.code == .accessOwnTenant)
        #expect(test.answer(.subscribe, topic: "v1/devices/a%2Fb/x").isAllowed)
        #expect(!test.answer(.subscribe, topic: "v1/devices/a/x").isAllowed)
        #expect(test.answer(.publish, topic: "v1/devices/mean").reason.code == .accessOtherDevice)
        let ann = PolicyTest(
            tenant: Self.tenant,
            rules: rules,
            subject: .account(Account(tenant: 7, name: "ann", roles: [.tenantAdmin]))
        )
        #expect(ann.answer(.publish, topic: "secret/x").isAllowed)
        let nobody = PolicyTest(tenant: Self.tenant, rules: rules, subject: .anonymous)
        #expect(nobody.answer(.publish, topic: "secret/x").isAllowed)
    }
}
