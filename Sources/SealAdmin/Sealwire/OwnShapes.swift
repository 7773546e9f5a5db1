// SPDX-License-Identifier: Apache-2.0
// What the calls of our own API share: which tenant is meant, parts of lists, moments.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// Parameters and shapes that several of our own calls have.
enum OwnShapes {
    /// The tenant that is meant.
    static let tenant = Parameter.query(
        "tenant",
        .text(1...64, TextRules.tenant),
        "Another tenant than the caller's; for callers of the management tenant."
    )

    /// Which part of a list is wanted.
    static let paging: [Parameter] = [
        .query("offset", .integer(0...100_000_000).fallback(0), "How many are passed over."),
        .query("limit", .integer(1...2000).fallback(100), "How many are wanted at most."),
    ]

    /// The tenant a call is about: the one in the query, else the caller's.
    static func tenant(_ call: Call) throws(APIError) -> Tenant {
        let own = try call.tenant()
        guard let id = call.givenName("tenant"), id != own.id else { return own }
        guard own.isManagement else { throw APIError(.forbidden, .apiForeignTenant, id.text) }
        let registry = call.context.registry
        let found = try asking { () throws(RegistryError) in try registry.tenant(id: id) }
        guard let found else { throw APIError(.notFound, .apiUnknownTenant, id.text) }
        return found
    }

    /// Who is written down for a change in a tenant.
    static func author(_ call: Call, _ tenant: Tenant) throws(APIError) -> Author {
        var author = try call.author()
        author.tenant = tenant.number
        return author
    }

    /// The part of a list that is wanted.
    static func page(_ call: Call) -> PageRequest {
        PageRequest(
            offset: Int(call.integer("offset") ?? 0),
            limit: Int(call.integer("limit") ?? 100),
            wantsTotal: true
        )
    }

    /// The shape of a part of a list.
    static func list(_ name: String, _ element: Schema) -> Schema {
        .object(
            [
                .needed(name, .array(element)), .needed("hasMore", .boolean),
                .optional("total", .integer(0...Int64.max)),
            ],
            others: .forbidden
        )
    }

    /// A part of a list.
    static func document<Item>(
        _ name: String,
        _ page: Page<Item>,
        _ item: (Item) -> JSONValue
    ) -> JSONValue {
        var members: JSONObject = [
            name: .array(page.items.map(item)), "hasMore": .bool(page.hasMore),
        ]
        if let total = page.total { members["total"] = .integer(Int64(total)) }
        return .object(members)
    }

    /// A moment; null for never.
    static func moment(_ milliseconds: Int64) -> JSONValue {
        milliseconds == 0 ? .null : .string(ISOTime.text(milliseconds: milliseconds))
    }

    /// Reasons with their words.
    static let reasons = Schema.array(
        .object(
            [
                .needed("reason", .text(1...128)), .needed("sentence", .text),
                .needed("hint", .text), .needed("detail", .text),
            ],
            others: .forbidden
        ).named("ReasonGiven")
    )

    /// Reasons with their words.
    static func document(_ reasons: [Reason]) -> JSONValue {
        .array(
            reasons.map { reason in
                [
                    "reason": .string(reason.code.rawValue),
                    "sentence": .string(reason.text),
                    "hint": .string(reason.code.hint),
                    "detail": .string(reason.detail),
                ]
            }
        )
    }

    /// Does a change in the name of the caller.
    static func change<Value: Sendable>(
        _ call: Call,
        _ tenant: Tenant,
        _ body: (any RegistryWriter) throws(RegistryError) -> Value
    ) throws(APIError) -> (result: Value, effect: ChangeEffect) {
        let author = try author(call, tenant)
        do {
            return try call.context.registry.change(by: author, body)
        } catch {
            throw APIError(error)
        }
    }
}
