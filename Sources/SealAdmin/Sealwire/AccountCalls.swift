// SPDX-License-Identifier: Apache-2.0
// The accounts of a tenant: operators and services, and what they may do.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about accounts.
enum AccountCalls {
    static let operations: [Operation] = [roles, list, add, get, update, remove]

    static let tag = "Accounts"
    static let readRoles: Set<Role> = [.userAdmin, .userRead]
    static let writeRoles: Set<Role> = [.userAdmin]

    /// A user name.
    static let name = Schema.TextRule(
        "^(?!device_)[^\\u0000-\\u0020\\u007f-\\u009f:/]{1,256}$",
        "at most 256 bytes of printable characters without blank, : and /, not beginning with "
            + "device_"
    ) { text in
        // What begins so is the user of a device.
        (1...256).contains(text.utf8.count) && !text.begins(with: "device_")
            && text.unicodeScalars.allSatisfy { scalar in
                TextRules.isPrintable(scalar) && !" :/".unicodeScalars.contains(scalar)
            }
    }

    static let path = Parameter.path("name", .text(1...256, name), "The user name.")

    static let shape = Schema.object(
        [
            .needed("name", .text(1...256)), .needed("roles", .array(role)),
            .needed("enabled", .boolean), .needed("email", .text),
            .needed("firstName", .text), .needed("lastName", .text),
            .needed("hasPassword", .boolean), .needed("mustChangePassword", .boolean),
            .needed("createdAt", .moment.orNull), .needed("passwordSetAt", .moment.orNull),
            .optional("password", .text.noted("The password that was made, shown once.")),
        ],
        others: .forbidden
    ).named("Account")

    private static let role = Schema.choice(Role.allCases.map(\.rawValue)).named("Role")

    private static let parts: [Schema.Property] = [
        .optional("roles", .array(role, 0...Role.allCases.count)),
        .optional("enabled", .boolean),
        .optional("email", .text(0...256, TextRules.printable)),
        .optional("firstName", .text(0...256, TextRules.printable)),
        .optional("lastName", .text(0...256, TextRules.printable)),
        .optional("password", .text(8...1024)),
        .optional("mustChangePassword", .boolean),
    ]

    private static let roles = Operation(
        "listRoles",
        .get,
        "/api/v1/roles",
        family: .sealwire,
        tag: tag,
        "All roles an account can have.",
        .signedIn,
        answers: [
            .json("The roles.", .object([.needed("roles", .array(role))], others: .forbidden))
        ]
    ) { call throws(APIError) in
        call.answer(["roles": .array(Role.allCases.map { .string($0.rawValue) })])
    }

    private static let list = Operation(
        "listAccounts",
        .get,
        "/api/v1/accounts",
        family: .sealwire,
        tag: tag,
        "The accounts of the tenant.",
        .roles(readRoles),
        answers: [.json("The accounts.", OwnShapes.list("accounts", shape))]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let page = OwnShapes.page(call)
        let found = try asking { () throws(RegistryError) in
            try call.context.registry.accounts(tenant: tenant.number, page)
        }
        return call.answer(OwnShapes.document("accounts", found) { document($0) })
    }
    .taking([OwnShapes.tenant] + OwnShapes.paging, problems: [404])

    private static let add = Operation(
        "addAccount",
        .post,
        "/api/v1/accounts",
        family: .sealwire,
        tag: tag,
        "Makes an account; without a password one is made and shown once.",
        .roles(writeRoles),
        answers: [Answer.json(.created, "The account.", shape).located]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        var account = Account(tenant: tenant.number, name: call.json["name"]?.name ?? .empty)
        try take(call.json, into: &account, call)
        var made: String?
        if account.secret == nil {
            let forge = call.context.forge
            let secret = try asking { () throws(RegistryError) -> (String, StoredSecret) in
                let text = try forge.generate()
                return (text, try forge.hash(generated: Array(text.utf8)))
            }
            made = secret.0
            account.secret = secret.1
            account.passwordSetAt = call.now &* 1000
        }
        let wanted = account
        let stored = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.add(wanted)
        }
        return call.created(
            document(stored.result, password: made),
            at: "/api/v1/accounts/\(Call.escaped(account.name))"
        )
    }
    .taking(
        [OwnShapes.tenant],
        bodies: [
            .json(
                .object([.needed("name", .text(1...256, name))] + parts, others: .forbidden)
                    .named("NewAccount")
                    .example(["name": "anna", "roles": ["ROLE_DEVICE_CONTROL_READ"]])
            )
        ],
        problems: [404, 409]
    )

    private static let get = Operation(
        "getAccount",
        .get,
        "/api/v1/accounts/{name}",
        family: .sealwire,
        tag: tag,
        "An account.",
        .roles(readRoles),
        answers: [.json("The account.", shape)]
    ) { call throws(APIError) in
        call.answer(document(try named(call, try OwnShapes.tenant(call))))
    }
    .taking([path, OwnShapes.tenant], problems: [404])

    private static let update = Operation(
        "updateAccount",
        .put,
        "/api/v1/accounts/{name}",
        family: .sealwire,
        tag: tag,
        "Changes an account; what it may no longer do ends its connections.",
        .roles(writeRoles),
        answers: [Answer.json("The account.", shape).ending]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        var account = try named(call, tenant)
        try checkReach(account.roles, call)
        let isVital = ["roles", "enabled", "password", "mustChangePassword"].contains { name in
            call.json[name] != nil
        }
        if isVital { try checkNotSelf(account, call) }
        try take(call.json, into: &account, call)
        let changed = account
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.replace(changed)
        }
        return call.answer(document(changed)).ending(made.effect)
    }
    .taking(
        [path, OwnShapes.tenant],
        bodies: [
            .json(
                .object(parts, others: .forbidden).named("AccountUpdate")
                    .example(["enabled": false])
            )
        ],
        problems: [404, 409]
    )

    private static let remove = Operation(
        "removeAccount",
        .delete,
        "/api/v1/accounts/{name}",
        family: .sealwire,
        tag: tag,
        "Removes an account and ends its connections.",
        .roles(writeRoles),
        answers: [Answer.empty("It is gone.").ending]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let account = try named(call, tenant)
        try checkReach(account.roles, call)
        try checkNotSelf(account, call)
        let made = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.removeAccount(number: account.number)
        }
        return call.done().ending(made.effect)
    }
    .taking([path, OwnShapes.tenant], problems: [404, 409])

    // MARK: Work

    static func named(_ call: Call, _ tenant: Tenant) throws(APIError) -> Account {
        let name = call.name("name")
        let found = try asking { () throws(RegistryError) in
            try call.context.registry.account(tenant: tenant.number, name: name)
        }
        guard let found else { throw APIError.absent("this account") }
        return found
    }

    /// Nobody gives or takes what he has not himself.
    static func checkReach(_ roles: Set<Role>, _ call: Call) throws(APIError) {
        let caller = try call.caller()
        let missing = roles.filter { !caller.holds([$0]) }.map(\.rawValue).sorted()
        guard missing.isEmpty else {
            throw APIError(.forbidden, .apiRoleMissing, missing.joined(separator: ", "))
        }
    }

    /// Nobody locks himself out, and whoever stole a token does not get at the password with it:
    /// that takes the old one.
    static func checkNotSelf(_ account: Account, _ call: Call) throws(APIError) {
        guard try call.caller().account?.number != account.number else {
            throw APIError(
                .conflict,
                .apiConflict,
                "an account does not do this to itself; PUT /user/currentUser/password sets a "
                    + "new password"
            )
        }
    }

    private static func take(
        _ sent: JSONValue,
        into account: inout Account,
        _ call: Call
    ) throws(APIError) {
        if let elements = sent["roles"]?.elements {
            account.roles = Set(elements.compactMap { $0.name.flatMap(Role.init(word:)) })
            try checkReach(account.roles, call)
        }
        if let flag = sent["enabled"]?.flag { account.isEnabled = flag }
        if let text = sent["email"]?.text { account.email = text }
        if let text = sent["firstName"]?.text { account.firstName = text }
        if let text = sent["lastName"]?.text { account.lastName = text }
        if let flag = sent["mustChangePassword"]?.flag { account.mustChangePassword = flag }
        if let password = sent["password"]?.text {
            let forge = call.context.forge
            account.secret = try asking { () throws(RegistryError) in
                try forge.hash(chosen: Array(password.utf8))
            }
            account.passwordSetAt = call.now &* 1000
        }
    }

    static func document(_ account: Account, password: String? = nil) -> JSONValue {
        var members: JSONObject = [
            "name": .string(account.name),
            "roles": .array(account.roles.map(\.rawValue).sorted().map { .string($0) }),
            "enabled": .bool(account.isEnabled),
            "email": .string(account.email),
            "firstName": .string(account.firstName),
            "lastName": .string(account.lastName),
            "hasPassword": .bool(account.secret != nil),
            "mustChangePassword": .bool(account.mustChangePassword),
            "createdAt": OwnShapes.moment(account.createdAt),
            "passwordSetAt": OwnShapes.moment(account.passwordSetAt),
        ]
        if let password { members["password"] = .string(password) }
        return .object(members)
    }
}
