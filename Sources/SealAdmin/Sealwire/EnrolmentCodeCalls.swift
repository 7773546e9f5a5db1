// SPDX-License-Identifier: Apache-2.0
// Codes by which a device fetches its first certificate, once. Not here: the fetching (EST).

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about enrolment codes.
enum EnrolmentCodeCalls {
    static let operations: [Operation] = [add, get, remove]

    private static let tag = "Enrolment"

    /// How long a code counts when nothing is said, in seconds.
    static let plainSeconds: Int64 = 86_400
    /// The longest a code may count, in seconds.
    static let secondsMax: Int64 = 30 * 86_400

    private static let parts: [Schema.Property] = [
        .needed("identifier", .text(1...Device.identifierBytesMax)),
        .needed("expiresAt", .moment.orNull),
    ]

    private static let add = Operation(
        "addEnrolmentCode",
        .post,
        "/api/v1/enrolment-codes",
        family: .sealwire,
        tag: tag,
        "Makes a code for a device and shows it once; an older one counts no more.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [
            Answer.json(
                .created,
                "The code.",
                .object(
                    parts + [.needed("code", .text(1...256)), .needed("user", .text(1...1100))],
                    others: .forbidden
                ).named("NewEnrolmentCode")
            ).located
        ]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let identifier = call.json["identifier"]?.name ?? .empty
        let seconds = call.json["validSeconds"]?.int64 ?? plainSeconds
        let forge = call.context.forge
        let made = try asking { () throws(RegistryError) -> (String, StoredSecret) in
            let text = try forge.generate()
            return (text, try forge.hash(generated: Array(text.utf8)))
        }
        let code = EnrolmentCode(
            tenant: tenant.number,
            identifier: identifier,
            secret: made.1,
            expiresAt: (call.now &+ seconds) &* 1000
        )
        _ = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.set(code)
        }
        return call.created(
            [
                "identifier": .string(identifier),
                "expiresAt": OwnShapes.moment(code.expiresAt),
                "code": .string(made.0),
                "user": .string("\(tenant.id)/\(identifier)"),
            ],
            at: "/api/v1/enrolment-codes/\(Call.escaped(identifier))"
        )
    }
    .taking(
        [OwnShapes.tenant],
        bodies: [
            .json(
                .object(
                    [
                        .needed(
                            "identifier",
                            .text(1...Device.identifierBytesMax, DeviceCalls.identifier)
                        ),
                        .optional("validSeconds", .integer(60...secondsMax)),
                    ],
                    others: .forbidden
                ).named("EnrolmentCodeRequest").example(["identifier": "sensor-1"])
            )
        ],
        problems: [404]
    )

    private static let get = Operation(
        "getEnrolmentCode",
        .get,
        "/api/v1/enrolment-codes/{identifier}",
        family: .sealwire,
        tag: tag,
        "Until when the code of a device counts; the code itself is not shown again.",
        .roles(ThingsBoardShapes.readRoles),
        answers: [
            .json(
                "The code's end.",
                .object(parts, others: .forbidden).named("EnrolmentCode")
            )
        ]
    ) { call throws(APIError) in
        let code = try named(call, try OwnShapes.tenant(call))
        return call.answer([
            "identifier": .string(code.identifier),
            "expiresAt": OwnShapes.moment(code.expiresAt),
        ])
    }
    .taking([DeviceCalls.path, OwnShapes.tenant], problems: [404])

    private static let remove = Operation(
        "removeEnrolmentCode",
        .delete,
        "/api/v1/enrolment-codes/{identifier}",
        family: .sealwire,
        tag: tag,
        "Takes a code back.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [.empty("It counts no more.")]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let code = try named(call, tenant)
        _ = try OwnShapes.change(call, tenant) { writer throws(RegistryError) in
            try writer.removeEnrolmentCode(tenant: tenant.number, identifier: code.identifier)
        }
        return call.done()
    }
    .taking([DeviceCalls.path, OwnShapes.tenant], problems: [404])

    private static func named(_ call: Call, _ tenant: Tenant) throws(APIError) -> EnrolmentCode {
        let identifier = call.name("identifier")
        let found = try asking { () throws(RegistryError) in
            try call.context.registry.enrolmentCode(
                tenant: tenant.number,
                identifier: identifier
            )
        }
        guard let found else { throw APIError.absent("a code of this device") }
        return found
    }
}
