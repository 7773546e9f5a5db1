// SPDX-License-Identifier: Apache-2.0
// Those who are connected: lists and ends of sessions, and the decisions about them.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Calls about sessions, decisions and the record of changes.
enum SessionCalls {
    static let operations: [Operation] = [list, kick, decisions, audit]

    private static let tag = "Sessions"

    private static let session = Schema.object(
        [
            .needed("clientId", .text), .needed("user", .text), .needed("device", .text),
            .needed("protocol", .text), .needed("listener", .text), .needed("peer", .text),
            .needed("connected", .boolean), .needed("method", .text),
            .needed("since", .moment.orNull), .needed("subscriptions", .integer(0...Int64.max)),
            .needed("queuedMessages", .integer(0...Int64.max)),
        ],
        others: .forbidden
    ).named("Session")

    private static let list = Operation(
        "listSessions",
        .get,
        "/api/v1/sessions",
        family: .sealwire,
        tag: tag,
        "The sessions of the tenant, ordered by client id.",
        .roles([.deviceControlAdmin, .deviceControlRead]),
        answers: [.json("The sessions.", OwnShapes.list("sessions", session))]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let page = call.context.sessions.sessions(tenant: tenant.number, OwnShapes.page(call))
        return call.answer(
            OwnShapes.document("sessions", page) { record in
                [
                    "clientId": .string(record.clientID), "user": .string(record.user),
                    "device": .string(record.device), "protocol": .string(record.protocolName),
                    "listener": .string(record.listener), "peer": .string(record.peer),
                    "connected": .bool(record.isConnected), "method": .string(record.method),
                    "since": OwnShapes.moment(record.since),
                    "subscriptions": .integer(Int64(record.subscriptions)),
                    "queuedMessages": .integer(Int64(record.queuedMessages)),
                ]
            }
        )
    }
    .taking([OwnShapes.tenant] + OwnShapes.paging, problems: [404])

    private static let kick = Operation(
        "kickSession",
        .delete,
        "/api/v1/sessions/{clientId}",
        family: .sealwire,
        tag: tag,
        "Ends the connection of a client.",
        .roles([.deviceControlAdmin]),
        answers: [
            Answer.json(
                "What was ended.",
                .object(
                    [.needed("endedConnections", .integer(0...Int64.max))],
                    others: .forbidden
                ).named("Kicked")
            ).ending
        ]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let count = call.context.sessions.kick(
            tenant: tenant.number,
            clientID: call.name("clientId"),
            forgets: call.flag("forget")
        )
        return call.answer(["endedConnections": .integer(Int64(count))])
            .adding([Call.endedField: String(count)])
    }
    .taking(
        [
            .path("clientId", .text(1...65_535, TextRules.printable), "The client id."),
            .query("forget", .boolean.fallback(false), "Its stored session is forgotten, too."),
            OwnShapes.tenant,
        ],
        problems: [404]
    )

    private static let decision = Schema.object(
        [
            .needed("time", .moment.orNull), .needed("protocol", .text),
            .needed("listener", .text), .needed("peer", .text), .needed("clientId", .text),
            .needed("user", .text), .needed("device", .text), .needed("act", .text),
            .needed("subject", .text), .needed("allowed", .boolean),
            .needed("reasons", OwnShapes.reasons),
            .needed("count", .integer(1...Int64.max).noted("How often it was so in a row.")),
        ],
        others: .forbidden
    ).named("Decision")

    private static let decisions = Operation(
        "listDecisions",
        .get,
        "/api/v1/decisions",
        family: .sealwire,
        tag: tag,
        "The last decisions about a device, client id or user, the youngest first.",
        .roles([.deviceControlAdmin, .deviceControlRead, .auditRead]),
        answers: [
            .json(
                "The decisions.",
                .object([.needed("decisions", .array(decision))], others: .forbidden)
            )
        ]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let found = call.context.sessions.decisions(
            tenant: tenant.number,
            about: call.name("about"),
            limit: Int(call.integer("limit") ?? 20)
        )
        return call.answer(["decisions": .array(found.map(document))])
    }
    .taking(
        [
            .query(
                "about",
                .text(1...1024, TextRules.printable),
                "The device identifier, client id or user.",
                isNeeded: true
            ),
            .query("limit", .integer(1...1000).fallback(20), "How many are wanted at most."),
            OwnShapes.tenant,
        ],
        problems: [404]
    )

    private static func document(_ record: DecisionRecord) -> JSONValue {
        [
            "time": OwnShapes.moment(record.time), "protocol": .string(record.protocolName),
            "listener": .string(record.listener), "peer": .string(record.peer),
            "clientId": .string(record.clientID), "user": .string(record.user),
            "device": .string(record.device), "act": .string(record.act),
            "subject": .string(record.subject), "allowed": .bool(record.isAllowed),
            "reasons": OwnShapes.document(record.reasons),
            "count": .integer(Int64(record.count)),
        ]
    }

    private static let change = Schema.object(
        [
            .needed("number", .integer(0...Int64.max)), .needed("time", .moment.orNull),
            .needed("author", .text), .needed("source", .text), .needed("act", .text),
            .needed("subject", .text), .needed("detail", .text),
        ],
        others: .forbidden
    ).named("AuditRecord")

    private static let audit = Operation(
        "listAudit",
        .get,
        "/api/v1/audit",
        family: .sealwire,
        tag: tag,
        "The changes that were made in the tenant, the youngest first.",
        .roles([.auditRead]),
        answers: [.json("The changes.", OwnShapes.list("records", change))]
    ) { call throws(APIError) in
        let tenant = try OwnShapes.tenant(call)
        let page = OwnShapes.page(call)
        let found = try asking { () throws(RegistryError) in
            try call.context.registry.audit(tenant: tenant.number, page)
        }
        return call.answer(
            OwnShapes.document("records", found) { record in
                [
                    "number": .integer(record.number), "time": OwnShapes.moment(record.time),
                    "author": .string(record.author.name),
                    "source": .string(record.author.source), "act": .string(record.act),
                    "subject": .string(record.subject), "detail": .string(record.detail),
                ]
            }
        )
    }
    .taking([OwnShapes.tenant] + OwnShapes.paging, problems: [404])
}
