// SPDX-License-Identifier: Apache-2.0
// The calls about who calls: its tenant, its user, and its password.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The calls about the caller.
enum CallerCalls {
    static let operations: [Operation] = [currentTenant, currentUser, setPassword]

    private static let tag = "Caller"

    private static let currentTenant = Operation(
        "getCurrentTenant",
        .get,
        "/tenant/currentTenant",
        family: .cumulocity,
        tag: tag,
        "The tenant of the caller.",
        .signedIn,
        answers: [
            .json(
                "The tenant.",
                Schema.object([
                    .needed("name", .text), .needed("domainName", .text),
                    .needed("allowCreateTenants", .boolean),
                    .needed("customProperties", .object([])), .needed("self", .uri),
                ]).named("CurrentTenant"),
                .cumulocity("currenttenant")
            )
        ]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        return call.answer([
            "name": .string(tenant.id),
            "domainName": .string(tenant.domain),
            "allowCreateTenants": .bool(tenant.isManagement),
            "customProperties": [:],
            "self": .string(call.link("/tenant/currentTenant")),
        ])
    }

    private static let currentUser = Operation(
        "getCurrentUser",
        .get,
        "/user/currentUser",
        family: .cumulocity,
        tag: tag,
        "The user that calls.",
        .signedIn,
        answers: [
            .json(
                "The user.",
                Schema.object([
                    .needed("id", .text), .needed("userName", .text), .needed("self", .uri),
                    .needed("email", .text), .needed("firstName", .text),
                    .needed("lastName", .text), .needed("phone", .text),
                    .optional("lastPasswordChange", .moment),
                    .needed("shouldResetPassword", .boolean),
                    .needed("twoFactorAuthenticationEnabled", .boolean),
                    .needed(
                        "effectiveRoles",
                        .array(
                            .object([
                                .needed("id", .text), .needed("name", .text),
                                .needed("self", .uri),
                            ])
                        )
                    ),
                    .needed("devicePermissions", .object([])),
                ]).named("CurrentUser"),
                .cumulocity("currentuser")
            )
        ]
    ) { call throws(APIError) in
        let caller = try call.caller()
        let account = caller.account
        var members: JSONObject = [
            "id": .string(caller.user), "userName": .string(caller.user),
            "self": .string(call.link("/user/currentUser")),
            "email": .string(account?.email ?? ""),
            "firstName": .string(account?.firstName ?? ""),
            "lastName": .string(account?.lastName ?? ""), "phone": "",
        ]
        if let moment = account?.passwordSetAt, moment > 0 {
            members["lastPasswordChange"] = .string(ISOTime.text(milliseconds: moment))
        }
        members["shouldResetPassword"] = .bool(account?.mustChangePassword ?? false)
        members["twoFactorAuthenticationEnabled"] = false
        members["effectiveRoles"] = .array(
            caller.roles.map(\.rawValue).sorted().map { role in
                [
                    "id": .string(role), "name": .string(role),
                    "self": .string(call.link("/user/roles/\(role)")),
                ]
            }
        )
        members["devicePermissions"] = [:]
        return call.answer(.object(members))
    }
    .beforePasswordChange

    private static let setPassword = Operation(
        "changeCurrentUserPassword",
        .put,
        "/user/currentUser/password",
        family: .cumulocity,
        tag: tag,
        "Sets a new password for the user that calls.",
        .signedIn,
        answers: [Answer.empty(.ok, "The new password counts.").ending]
    ) { call throws(APIError) in
        let caller = try call.caller()
        guard let account = caller.account else {
            throw APIError(
                .forbidden,
                .apiRoleMissing,
                "devices do not change their passwords here"
            )
        }
        let old = call.json["currentUserPassword"]?.text ?? ""
        let new = call.json["newPassword"]?.text ?? ""
        try Authentication(context: call.context).check(old, of: caller, call)
        guard new != old else {
            throw APIError(
                .unprocessableContent,
                .apiBodyInvalid,
                "the new password is the old one"
            )
        }
        let forge = call.context.forge
        let secret = try asking { () throws(RegistryError) in
            try forge.hash(chosen: Array(new.utf8))
        }
        let effect = try call.change { writer throws(RegistryError) in
            try writer.update(account: account.number) { account in
                account.secret = secret
                account.mustChangePassword = false
                account.passwordSetAt = call.now &* 1000
            }
        }
        return Response(.ok).ending(effect)
    }
    .taking(
        bodies: [
            .json(
                .object([
                    .needed("currentUserPassword", .text(1...1024)),
                    .needed("newPassword", .text(8...1024)),
                ])
            )
        ],
        problems: [404]
    )
    .beforePasswordChange
}
