// SPDX-License-Identifier: Apache-2.0
// The rules about topics of a tenant, and questions to them.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about the policy.
enum PolicyCalls {
    static let operations: [Operation] = [get, put, test]

    private static let tag = "Policy"

    /// The most rules of a tenant.
    static let rulesMax = 1000

    private static let rule = Schema.object(
        [
            .needed("effect", .choice(PolicyRule.Effect.allCases.map(\.rawValue))),
            .needed("act", .choice(PolicyRule.Act.allCases.map(\.rawValue))),
            .needed("filter", .text(1...65_535)),
            .optional("subject", .text(1...1024, TextRules.printable)),
        ],
        others: .forbidden
    ).named("PolicyRule").example([
        "effect": "deny", "act": "publish", "filter": "plant/+/command", "subject": "devices",
    ])

    private static let policy = Schema.object(
        [.needed("rules", .array(rule, 0...rulesMax))],
        others: .forbidden
    ).named("Policy")

    private static let get = Operation(
        "getPolicy",
        .get,
        "/api/v1/policy",
        family: .sealwire,
        tag: tag,
        "The rules in their order; the first that applies decides.",
        .roles([.tenantAdmin, .tenantManagementAdmin, .tenantManagementRead]),
        answers: [.json("The rules.", policy)]
    ) { call throws(APIError) in
        call.answer(document(try rules(call, try OwnShapes.tenant(call))))
    }
    .taking([OwnShapes.tenant], problems: [404])

    private static let put = Operation(
        "setPolicy",
        .put,
        "/api/v1/policy",
        family: .sealwire,
        tag: tag,
        "Replaces all rules; they count for those who are connected, too.",
        .roles([.tenantAdmin, .tenantManagementAdmin]),
        answers: [Answer.json("The rules.", policy).ending]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let rules = try read(call.json, tenant)
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.setPolicy(tenant: tenant.number, rules)
        }
        return call.answer(document(rules)).ending(made.effect)
    }
    .taking([OwnShapes.tenant], bodies: [.json(policy)], problems: [404])

    private static let test = Operation(
        "testPolicy",
        .post,
        "/api/v1/policy/test",
        family: .sealwire,
        tag: tag,
        "Whether somebody may publish to or subscribe a topic, and by which rule.",
        .roles([.tenantAdmin, .tenantManagementAdmin, .tenantManagementRead]),
        answers: [
            .json(
                "The answer.",
                .object(
                    [
                        .needed("allowed", .boolean), .needed("rule", .text.orNull),
                        .needed("position", .integer(0...Int64.max).orNull),
                        .needed("reasons", OwnShapes.reasons),
                    ],
                    others: .forbidden
                ).named("PolicyAnswer")
            )
        ]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let rules =
            call.json["rules"] == nil
            ? try rules(call, tenant) : try read(call.json, tenant)
        let question = PolicyTest(
            tenant: tenant,
            rules: rules,
            subject: try subject(call, tenant),
            clientID: call.json["clientId"]?.name
        )
        let act: AccessAct =
            switch call.json["act"]?.text {
            case "publish": .publish
            case "subscribe": .subscribe
            default: .deliver
            }
        let answer = question.answer(act, topic: call.json["topic"]?.text ?? "")
        return call.answer([
            "allowed": .bool(answer.isAllowed),
            "rule": .string(orNull: answer.rule),
            "position": answer.position.map { .integer($0) } ?? .null,
            "reasons": OwnShapes.document([answer.reason]),
        ])
    }
    .taking(
        [OwnShapes.tenant],
        bodies: [
            .json(
                .object(
                    [
                        .needed("act", .choice(["publish", "subscribe", "deliver"])),
                        .needed("topic", .text(1...65_535)),
                        .optional("device", .text(1...Device.identifierBytesMax)),
                        .optional("user", .text(1...256)),
                        .optional("clientId", .text(1...65_535)),
                        .optional("rules", .array(rule, 0...rulesMax)),
                    ],
                    others: .forbidden
                ).named("PolicyQuestion").example([
                    "act": "publish", "topic": "plant/1/command", "device": "sensor-1",
                ])
            )
        ],
        problems: [404],
        note: "Who asks is a device or a user of the tenant. With `rules` those are asked instead "
            + "of the ones in force. `deliver` asks about receiving one message."
    )

    // MARK: Work

    private static func rules(_ call: Call, _ tenant: Tenant) throws(APIError) -> [PolicyRule] {
        try asking { () throws(RegistryError) in
            try call.context.registry.policyRules(tenant: tenant.number)
        }
    }

    private static func read(
        _ sent: JSONValue,
        _ tenant: Tenant
    ) throws(APIError) -> [PolicyRule] {
        var rules: [PolicyRule] = []
        for (index, element) in (sent["rules"]?.elements ?? []).enumerated() {
            guard
                let effect = element["effect"]?.name.flatMap(PolicyRule.Effect.init(word:)),
                let act = element["act"]?.name.flatMap(PolicyRule.Act.init(word:))
            else { throw APIError(.unprocessableContent, .apiBodyInvalid, "/rules/\(index)") }
            let rule = PolicyRule(
                tenant: tenant.number,
                position: Int64(index + 1),
                effect: effect,
                act: act,
                filter: element["filter"]?.name ?? .empty,
                subject: element["subject"]?.name ?? "*"
            )
            if let fault = rule.fault {
                throw APIError(.unprocessableContent, .apiBodyInvalid, "/rules/\(index): \(fault)")
            }
            rules.append(rule)
        }
        return rules
    }

    private static func subject(
        _ call: Call,
        _ tenant: Tenant
    ) throws(APIError) -> PolicyTest.Subject {
        // A device that is not there yet is asked about as it would be.
        if let identifier = call.json["device"]?.name { return .device(identifier: identifier) }
        guard let user = call.json["user"]?.name else { return .anonymous }
        let registry = call.context.registry
        let account = try asking { () throws(RegistryError) in
            try registry.account(tenant: tenant.number, name: user)
        }
        guard let account else { throw APIError.absent("this account") }
        return .account(account)
    }

    private static func document(_ rules: [PolicyRule]) -> JSONValue {
        [
            "rules": .array(
                rules.map { rule in
                    [
                        "effect": .string(rule.effect.rawValue), "act": .string(rule.act.rawValue),
                        "filter": .string(rule.filter), "subject": .string(rule.subject),
                    ]
                }
            )
        ]
    }
}
