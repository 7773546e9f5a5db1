// SPDX-License-Identifier: Apache-2.0
// Collections as Cumulocity writes them: a page, where the next and the previous one are, and
// statistics.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The page a call asks for.
struct Paging {
    /// Items of a page when nothing is said.
    static let sizeDefault: Int64 = 5
    /// Larger pages are trimmed to this.
    static let sizeMax: Int64 = 2000

    /// What every collection takes.
    static let parameters: [Parameter] = [
        .query(
            "pageSize",
            .integer(1...2_147_483_647).fallback(.integer(sizeDefault)),
            "Items of a page; more than \(sizeMax) are trimmed to \(sizeMax)."
        ),
        .query(
            "currentPage",
            .integer(1...2_147_483_647).fallback(1),
            "The page, counted from 1."
        ),
        .query("withTotalPages", .boolean, "Adds the number of pages to the statistics."),
        .query("withTotalElements", .boolean, "Adds the number of items to the statistics."),
    ]

    /// What a collection looks like.
    static func schema(_ items: String, _ item: Schema, _ name: String) -> Schema {
        .object([
            .needed("self", .uri), .optional("next", .uri), .optional("prev", .uri),
            .needed(
                "statistics",
                Schema.object([
                    .needed("currentPage", .integer(1...Int64.max)),
                    .needed("pageSize", .integer(1...sizeMax)),
                    .optional("totalPages", .integer(0...Int64.max)),
                    .optional("totalElements", .integer(0...Int64.max)),
                ]).named("PageStatistics")
            ),
            .needed(items, .array(item, 0...Int(sizeMax))),
        ]).named(name)
    }

    let size: Int64
    let page: Int64
    private let wantsPages: Bool
    private let wantsElements: Bool

    init(_ call: Call) {
        size = min(call.integer("pageSize") ?? Self.sizeDefault, Self.sizeMax)
        page = call.integer("currentPage") ?? 1
        wantsPages = call.flag("withTotalPages")
        wantsElements = call.flag("withTotalElements")
    }

    /// The part of the list to ask the registry for.
    var request: PageRequest {
        PageRequest(
            offset: Int((page - 1) * size),
            limit: Int(size),
            wantsTotal: wantsPages || wantsElements
        )
    }

    /// The collection.
    func collection<Item>(
        _ call: Call,
        _ name: String,
        _ found: Page<Item>,
        _ value: (Item) throws(APIError) -> JSONValue
    ) throws(APIError) -> JSONValue {
        var items: [JSONValue] = []
        for item in found.items { items.append(try value(item)) }
        var statistics: JSONObject = [
            "currentPage": .integer(page), "pageSize": .integer(size),
        ]
        if let total = found.total.map(Int64.init) {
            if wantsPages { statistics["totalPages"] = .integer((total + size - 1) / size) }
            if wantsElements { statistics["totalElements"] = .integer(total) }
        }
        var members: JSONObject = ["self": .string(link(call, page))]
        if found.hasMore { members["next"] = .string(link(call, page + 1)) }
        if page > 1 { members["prev"] = .string(link(call, page - 1)) }
        members["statistics"] = .object(statistics)
        members[name] = .array(items)
        return .object(members)
    }

    /// The address of a page with everything else that was asked for.
    private func link(_ call: Call, _ page: Int64) -> String {
        let query = call.request.query.flatMap { try? FormFields(query: $0) }
        let kept = (query?.all ?? []).filter { pair in
            pair.name != "pageSize" && pair.name != "currentPage"
        }
        let pairs = kept.map {
            PercentCoding.encoded($0.name) + "=" + PercentCoding.encoded($0.value)
        }
        let all = pairs + ["pageSize=\(size)", "currentPage=\(page)"]
        return call.link(call.request.path + "?" + all.joined(separator: "&"))
    }
}
