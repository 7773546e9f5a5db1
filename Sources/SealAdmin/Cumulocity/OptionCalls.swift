// SPDX-License-Identifier: Apache-2.0
// The calls about tenant options. What an option means is `OptionRule`'s.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The calls about tenant options.
enum OptionCalls {
    static let operations: [Operation] = [
        list, set, showCategory, setCategory, show, change, remove, setEditable,
    ]

    private static let tag = "Tenant options"
    private static let readers: Set<Role> = [.optionRead, .optionAdmin]
    private static let admins: Set<Role> = [.optionAdmin]
    private static let type = MediaType.cumulocity("option")
    private static let listType = MediaType.cumulocity("optioncollection")

    private static let word = Schema.text(1...256, TextRules.printable)
    private static let valueText = Schema.text(0...OptionRule.valueCharactersMax)
    private static let category = Parameter.path("category", word, "The group of options.")
    private static let key = Parameter.path("key", word, "The name in the group.")

    private static let option = Schema.object([
        .needed("category", word.example("oauth.internal")),
        .needed("key", word.example("device-token.lifespan.seconds")),
        .needed("value", valueText.example("3600")), .needed("self", .uri),
    ]).named("TenantOption")
    private static let flat = Schema.object([], others: .only(valueText)).named("OptionCategory")

    private static let list = Operation(
        "listOptions",
        .get,
        "/tenant/options",
        family: .cumulocity,
        tag: tag,
        "The options of the tenant.",
        .roles(readers),
        answers: [
            .json(
                "The options.",
                Paging.schema("options", option, "TenantOptions"),
                listType
            )
        ]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let paging = Paging(call)
        let registry = call.context.registry
        let found = try asking { () throws(RegistryError) in
            try registry.options(tenant: tenant.number, category: nil, paging.request)
        }
        return call.answer(
            try paging.collection(call, "options", found) { option throws(APIError) in
                value(option, call)
            }
        )
    }
    .taking(Paging.parameters)

    private static let set = Operation(
        "setOption",
        .post,
        "/tenant/options",
        family: .cumulocity,
        tag: tag,
        "Sets an option.",
        .roles(admins),
        answers: [.json("The option.", option, type)]
    ) { call throws(APIError) in
        let body = call.json
        let one = TenantOption(
            category: body["category"]?.name ?? .empty,
            key: body["key"]?.name ?? .empty,
            value: body["value"]?.text ?? ""
        )
        return try store([one], call) { call.answer(value(one, call)) }
    }
    .taking(
        bodies: [
            .json(
                .object([
                    .needed("category", word), .needed("key", word), .needed("value", valueText),
                ]),
                type
            )
        ],
        note: "It is answered with 200 also when it is new."
    )

    private static let showCategory = Operation(
        "getOptionCategory",
        .get,
        "/tenant/options/{category}",
        family: .cumulocity,
        tag: tag,
        "The options of a group, as one flat object.",
        .roles(readers),
        answers: [.json("The options.", flat, type)]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let registry = call.context.registry
        let name = call.name("category")
        let found = try asking { () throws(RegistryError) in
            try registry.options(
                tenant: tenant.number,
                category: name,
                PageRequest(limit: Int(Paging.sizeMax))
            )
        }
        return call.answer(
            .pairs(found.items.map { ($0.key.text, .string(OptionRule.shown($0))) })
        )
    }
    .taking([category])

    private static let setCategory = Operation(
        "setOptionCategory",
        .put,
        "/tenant/options/{category}",
        family: .cumulocity,
        tag: tag,
        "Sets several options of a group, all or none.",
        .roles(admins),
        answers: [.json("The options that were set.", flat, type)]
    ) { call throws(APIError) in
        let members = call.json.members?.all ?? []
        let options = members.map { member in
            TenantOption(
                category: call.name("category"),
                key: Name(member.name),
                value: member.value.text ?? ""
            )
        }
        if let long = options.first(where: { word.fault(in: .string($0.key)) != nil }) {
            let key = long.key.text.cut(toBytes: 40)
            throw APIError(.unprocessableContent, .apiBodyInvalid, "the key \(key)")
        }
        return try store(options, call) {
            call.answer(.pairs(options.map { ($0.key.text, .string(OptionRule.shown($0))) }))
        }
    }
    .taking([category], bodies: [.json(flat, type)], problems: [403])

    private static let show = Operation(
        "getOption",
        .get,
        "/tenant/options/{category}/{key}",
        family: .cumulocity,
        tag: tag,
        "An option.",
        .roles(readers),
        answers: [.json("The option.", option, type)]
    ) { call throws(APIError) in
        call.answer(value(try find(call), call))
    }
    .taking([category, key], problems: [404])

    private static let change = Operation(
        "changeOption",
        .put,
        "/tenant/options/{category}/{key}",
        family: .cumulocity,
        tag: tag,
        "Sets the value of an option.",
        .roles(admins),
        answers: [.json("The option.", option, type)]
    ) { call throws(APIError) in
        let one = TenantOption(
            category: call.name("category"),
            key: call.name("key"),
            value: call.json["value"]?.text ?? ""
        )
        return try store([one], call) { call.answer(value(one, call)) }
    }
    .taking(
        [category, key],
        bodies: [.json(.object([.needed("value", valueText)]), type)],
        problems: [404]
    )

    private static let remove = Operation(
        "deleteOption",
        .delete,
        "/tenant/options/{category}/{key}",
        family: .cumulocity,
        tag: tag,
        "Unsets an option.",
        .roles(admins),
        answers: [.empty("It is unset.")]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let one = try find(call)
        try OptionRule.checkEditable(one, call)
        _ = try call.change { writer throws(RegistryError) in
            try writer.removeOption(tenant: tenant.number, category: one.category, key: one.key)
        }
        return call.done()
    }
    .taking([category, key], problems: [404])

    private static let setEditable = Operation(
        "setOptionEditable",
        .put,
        "/tenant/options/{category}/{key}/editable",
        family: .cumulocity,
        tag: tag,
        "Says whether tenants may change an option themselves.",
        .roles(admins, reach: .management),
        answers: [.json("The option.", option, type)]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        var one = try find(call)
        one.isEditable = TrustedCertificate.truth(call.json["editable"]) ?? true
        let changed = one
        _ = try call.change { writer throws(RegistryError) in
            try writer.setOption(tenant: tenant.number, changed)
        }
        return call.answer(value(one, call))
    }
    .taking(
        [category, key],
        bodies: [.json(.object([.needed("editable", TrustedCertificate.looseBoolean)]), type)],
        problems: [404],
        note: "The option must be set in the management tenant. From then on other tenants can or "
            + "cannot set, change or unset the option of this name."
    )

    private static func find(_ call: Call) throws(APIError) -> TenantOption {
        let tenant = try call.tenant()
        let registry = call.context.registry
        let (category, key) = (call.name("category"), call.name("key"))
        let found = try asking { () throws(RegistryError) in
            try registry.optionRecord(tenant: tenant.number, category: category, key: key)
        }
        guard let found else { throw APIError.absent("option \(category)/\(key)") }
        return found
    }

    /// Checks, seals and writes options in one change.
    private static func store(
        _ options: [TenantOption],
        _ call: Call,
        answer: () -> Response
    ) throws(APIError) -> Response {
        let tenant = try call.tenant()
        var sealed: [TenantOption] = []
        for option in options {
            try OptionRule.check(option)
            try OptionRule.checkEditable(option, call)
            sealed.append(try OptionRule.sealed(option, call))
        }
        _ = try call.change { writer throws(RegistryError) in
            for option in sealed { try writer.setOption(tenant: tenant.number, option) }
        }
        return answer()
    }

    private static func value(_ option: TenantOption, _ call: Call) -> JSONValue {
        let path = "/tenant/options/\(Call.escaped(option.category))/\(Call.escaped(option.key))"
        return [
            "category": .string(option.category), "key": .string(option.key),
            "value": .string(OptionRule.shown(option)), "self": .string(call.link(path)),
        ]
    }
}
