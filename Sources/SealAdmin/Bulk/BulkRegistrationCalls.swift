// SPDX-License-Identifier: Apache-2.0
// The bulk registration as Cumulocity's clients call it.

internal import SealBroker
internal import SealBytes
internal import SealHTTP

/// The call that takes a file of devices.
enum BulkRegistrationCalls {
    static let operations: [Operation] = [register]

    private static let type = MediaType.cumulocity("bulknewdevicerequest")
    private static let status = Schema.choice(["CREATED", "FAILED", "CREDENTIAL_UPDATED"])
    private static let count = Schema.integer(0...Int64.max)

    private static let shape = Schema.object(
        [
            .needed("numberOfAll", count), .needed("numberOfCreated", count),
            .needed("numberOfFailed", count), .needed("numberOfSuccessful", count),
            .needed(
                "credentialUpdatedList",
                .array(
                    .object(
                        [
                            .needed("bulkNewDeviceStatus", status),
                            .needed("deviceId", .text(1...Device.identifierBytesMax)),
                        ],
                        others: .forbidden
                    ),
                    0...1_000_000
                )
            ),
            .needed(
                "failedCreationList",
                .array(
                    .object(
                        [
                            .needed("bulkNewDeviceStatus", status),
                            .optional("deviceId", .text),
                            .needed("failureReason", .text), .needed("line", .text),
                        ],
                        others: .forbidden
                    ),
                    0...1_000_000
                )
            ),
        ],
        others: .forbidden
    ).named("BulkNewDeviceRequest")

    private static let register = Operation(
        "postBulkNewDeviceRequests",
        .post,
        "/devicecontrol/bulkNewDeviceRequests",
        family: .cumulocity,
        tag: "Registration",
        "Registers the devices of a file of separated values.",
        .roles([.deviceControlAdmin]),
        answers: [Answer.json(.created, "What came of each row.", shape, type).ending]
    ) { call throws(APIError) in
        let file = call.part("file")?.body ?? call.bytes
        let tenant = try call.tenant()
        let work = BulkImport(
            registry: call.context.registry,
            secrets: call.context.forge,
            crew: call.context.crew,
            isEnding: call.context.isEnding
        )
        let author = try call.author()
        let report: BulkReport
        do throws(BulkImport.Failure) {
            report = try work.run(file, tenant: tenant, author: author)
        } catch {
            switch error {
            case .refused(let refusal):
                throw APIError(.unprocessableContent, .apiBulkFile, refusal.reason)
            case .registry(let error): throw APIError(error)
            case .brokenOff: throw APIError.ending
            }
        }
        return call.answer(document(report), .created)
            .adding([Call.endedField: String(report.endedConnections)])
    }
    .taking(
        bodies: [
            .form(
                [.needed("file", .text.noted("The file, UTF-8 or ANSI."))],
                bytesMax: bodyBytesMax
            ),
            BodyShape([.csv, .text], .bytes, bytesMax: bodyBytesMax),
        ],
        note: "The first line names the columns: ID, CREDENTIALS, AUTH_TYPE, TENANT, TYPE, NAME, "
            + "ICCID, IDTYPE, PATH, SHELL, external-<type>; any other is a property. All rows are "
            + "one change: either the file counts or it does not, and a bad row leaves nothing "
            + "behind.",
        answersUnasked: true
    )

    /// The largest file that is taken.
    static let bodyBytesMax = 64 << 20

    static func document(_ report: BulkReport) -> JSONValue {
        [
            "numberOfAll": .integer(Int64(report.all)),
            "numberOfCreated": .integer(Int64(report.created)),
            "numberOfFailed": .integer(Int64(report.failed)),
            "numberOfSuccessful": .integer(Int64(report.successful)),
            "credentialUpdatedList": .array(
                report.updated.map { device in
                    [
                        "bulkNewDeviceStatus": "CREDENTIAL_UPDATED",
                        "deviceId": .string(device),
                    ]
                }
            ),
            "failedCreationList": .array(
                report.failures.map { failure in
                    var members: JSONObject = ["bulkNewDeviceStatus": "FAILED"]
                    if let device = failure.device { members["deviceId"] = .string(device) }
                    members["failureReason"] = .string(failure.reason)
                    members["line"] = .string(failure.row)
                    return .object(members)
                }
            ),
        ]
    }
}
