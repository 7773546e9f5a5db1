// SPDX-License-Identifier: Apache-2.0
// Calls about the API itself: its document, and what each reason means.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The calls about the API.
enum DocumentCalls {
    static let operations: [Operation] = [document, reasons, reason]

    private static let tag = "About"

    private static let document = Operation(
        "getOpenAPI",
        .get,
        "/openapi.json",
        family: .sealwire,
        tag: tag,
        "This document.",
        .anyone,
        answers: [.json("The document, OpenAPI 3.1.", .object([.needed("openapi", .text)]))]
    ) { call throws(APIError) in
        Response(.ok, type: MediaType.json.name, body: call.document)
    }

    private static let shape = Schema.object(
        [
            .needed("reason", .text(1...128)), .needed("sentence", .text), .needed("hint", .text),
            .needed("isRefusal", .boolean),
        ],
        others: .forbidden
    ).named("Reason")

    private static let reasons = Operation(
        "listReasons",
        .get,
        "/api/v1/reasons",
        family: .sealwire,
        tag: tag,
        "Every reason a decision can have.",
        .anyone,
        answers: [.json("The reasons.", .object([.needed("reasons", .array(shape))]))]
    ) { call throws(APIError) in
        call.answer(["reasons": .array(ReasonCatalogue.entries.map(value))])
    }

    private static let reason = Operation(
        "getReason",
        .get,
        "/api/v1/reasons/{code}",
        family: .sealwire,
        tag: tag,
        "What a reason means and what to do about it.",
        .anyone,
        answers: [.json("The reason.", shape)]
    ) { call throws(APIError) in
        let entry = ReasonCatalogue.entries.first { Name($0.code.rawValue) == call.name("code") }
        guard let entry else { throw APIError.absent("this reason") }
        return call.answer(value(entry))
    }
    .taking([.path("code", .text(1...128), "The code.")], problems: [404])

    private static func value(_ entry: ReasonCatalogue.Entry) -> JSONValue {
        [
            "reason": .string(entry.code.rawValue), "sentence": .string(entry.sentence),
            "hint": .string(entry.hint), "isRefusal": .bool(entry.isRefusal),
        ]
    }
}
