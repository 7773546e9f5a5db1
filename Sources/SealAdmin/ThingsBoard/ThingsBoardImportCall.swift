// SPDX-License-Identifier: Apache-2.0
// ThingsBoard's bulk import: a file of separated values inside of JSON, with what each column is.
// All rows are one change, each in a savepoint of its own.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The call that takes a file of devices and their credentials.
enum ThingsBoardImportCall {
    static let operations: [Operation] = [bulkImport]

    /// The columns that are understood.
    enum Column: String, CaseIterable, Sendable {
        case name = "NAME"
        case type = "TYPE"
        case label = "LABEL"
        case description = "DESCRIPTION"
        case accessToken = "ACCESS_TOKEN"
        case certificate = "X509"
        case clientID = "MQTT_CLIENT_ID"
        case userName = "MQTT_USER_NAME"
        case password = "MQTT_PASSWORD"
        case serverAttribute = "SERVER_ATTRIBUTE"
    }

    private static let count = Schema.integer(0...Int64.max)
    /// Errors that are listed in the answer; the others are counted.
    static let errorsListedMax = 1000

    private static let bulkImport = Operation(
        "importDevices",
        .post,
        "/api/device/bulk_import",
        family: .thingsBoard,
        tag: ThingsBoardDeviceCalls.tag,
        "Makes and changes devices by a file of separated values.",
        .roles(ThingsBoardShapes.deviceRoles),
        answers: [
            Answer.json(
                "What came of the rows.",
                .object(
                    [
                        .needed("created", count), .needed("updated", count),
                        .needed("errors", count), .needed("errorsList", .array(.text)),
                    ],
                    others: .forbidden
                ).named("ThingsBoardImportResult")
            ).ending
        ]
    ) { call throws(APIError) in
        try ThingsBoardImport(call).run()
    }
    .taking(
        bodies: [
            .json(
                .object([
                    .needed("file", .text(0...bytesMax)),
                    .needed(
                        "mapping",
                        .object([
                            .needed("columns", .array(column, 1...256)),
                            .optional("delimiter", .choice([",", ";", "\t", "|"])),
                            .optional("header", .boolean),
                            .optional("update", .boolean),
                        ])
                    ),
                ]).named("ThingsBoardImport").example([
                    "file": "NAME,TYPE,ACCESS_TOKEN\nsensor-1,sensor,aB3dE6gH9jK2mN5pQ8sT\n",
                    "mapping": [
                        "columns": [
                            ["type": "NAME"], ["type": "TYPE"], ["type": "ACCESS_TOKEN"],
                        ], "delimiter": ",", "header": true, "update": false,
                    ],
                ]),
                bytesMax: bytesMax
            )
        ]
    )

    static let bytesMax = 16 << 20

    private static let column = Schema.object([
        .needed("type", .choice(Column.allCases.map(\.rawValue))),
        .optional("key", .text(0...256, TextRules.printable).orNull),
    ])
}
