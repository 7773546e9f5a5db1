// SPDX-License-Identifier: Apache-2.0
// The calls about revoked certificates of a tenant: the list as DER, and additions as JSON or CSV.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// The calls about revocations.
enum RevocationCalls {
    static let operations: [Operation] = [list, add]

    private static let path = "/tenant/trusted-certificates/settings/crl"
    private static let tag = "Trusted certificates"
    private static let listType = MediaType(known: "application/pkix-crl")

    /// Rows of one file, and entries of one request.
    static let rowsMax = 5000
    /// Entries of the list that is answered.
    static let listedMax = 100_000
    /// How long the list that is answered counts, in seconds.
    static let listSeconds: Int64 = 86_400

    private static let serial = Schema.text(
        1...96,
        Schema.TextRule("^[0-9A-Fa-f:]*[0-9A-Fa-f][0-9A-Fa-f:]*$", "hexadecimal digits") {
            SealBroker.Revocation.plainSerial($0) != nil
        }
    )
    private static let schema = Schema.object([
        .needed(
            "crls",
            .array(
                Schema.object([
                    .needed("serialNumberInHex", serial.example("1000")),
                    .optional(
                        "revocationDate",
                        Schema.moment.orNull.example("2023-01-11T16:12:36.288Z")
                    ),
                ]),
                0...rowsMax
            )
        )
    ]).named("RevokedCertificates")

    private static let list = Operation(
        "getRevocationList",
        .get,
        path,
        family: .cumulocity,
        tag: tag,
        "The revoked certificates of the tenant.",
        .roles(TrustedCertificate.readers),
        answers: [
            Answer(.ok, "The list.", types: [listType, .json])
        ]
    ) { call throws(APIError) in
        let revocations = try all(call)
        if call.takes(.json) {
            return call.answer([
                "crls": .array(
                    revocations.map { one in
                        [
                            "serialNumberInHex": .string(one.serial),
                            "revocationDate": .string(ISOTime.text(milliseconds: one.revokedAt)),
                        ]
                    }
                )
            ])
        }
        return Response(.ok, type: listType.name, body: try signed(revocations, call))
    }
    .taking(
        problems: [404],
        note: "The list in DER is signed by the tenant's own authority, and 404 without one. "
            + "With Accept: application/json it is JSON as PUT takes it."
    )

    private static let add = Operation(
        "addRevocations",
        .put,
        path,
        family: .cumulocity,
        tag: tag,
        "Revokes certificates by their serial numbers, and ends the connections that use them.",
        .roles(TrustedCertificate.admins),
        answers: [Answer.empty("They are revoked.").ending]
    ) { call throws(APIError) in
        let tenant = try call.tenant()
        let revocations: [SealBroker.Revocation]
        let keepsOldDate: Bool
        switch call.payload {
        case .form:
            revocations = try readFile(call.part("file")?.body ?? [], tenant, call)
            keepsOldDate = false
        default:
            revocations = try readJSON(call.json, tenant, call)
            keepsOldDate = true
        }
        let effect = try call.change { writer throws(RegistryError) in
            for one in revocations { try writer.revoke(one, keepsOldDate: keepsOldDate) }
        }
        return call.done().ending(effect)
    }
    .taking(
        bodies: [
            .json(schema, bytesMax: 2 << 20),
            .form([.needed("file", .text(1...(2 << 20)))], bytesMax: 2 << 20),
        ],
        note: "Entries are never taken back. Without a date an entry counts from now on. A date "
            + "in the future becomes now in JSON; a row of a file with one is skipped. An entry "
            + "that is there keeps its date in JSON and takes that of the last row in a file."
    )
    .refusingBodies(with: .badRequest)

    private static func readJSON(
        _ body: JSONValue,
        _ tenant: Tenant,
        _ call: Call
    ) throws(APIError) -> [SealBroker.Revocation] {
        var all: [SealBroker.Revocation] = []
        for entry in body["crls"]?.elements ?? [] {
            guard
                let serial = SealBroker.Revocation.plainSerial(
                    entry["serialNumberInHex"]?.text ?? ""
                )
            else {
                throw APIError(.badRequest, .trustRevocationInvalid)
            }
            let now = call.now * 1000
            let date = entry["revocationDate"]?.text.flatMap(ISOTime.milliseconds) ?? now
            all.append(
                SealBroker.Revocation(
                    tenant: tenant.number,
                    serial: serial,
                    revokedAt: min(date, now)
                )
            )
        }
        return all
    }

    private static func readFile(
        _ bytes: [UInt8],
        _ tenant: Tenant,
        _ call: Call
    ) throws(APIError) -> [SealBroker.Revocation] {
        var limits = CSVLimits()
        limits.rowsMax = rowsMax
        var reader = CSVReader(bytes, limits: limits)
        guard let header = reader.next(), isHeader(header.fields) else {
            throw invalid("the first line must be SERIAL NO.,REVOCATION DATE")
        }
        var all: [SealBroker.Revocation] = []
        let now = call.now * 1000
        while let row = reader.next() {
            if row.fields.allSatisfy(\.isEmpty) { continue }
            guard all.count < rowsMax else { throw invalid("more than \(rowsMax) rows") }
            guard row.fault == nil, let text = row.fields.first,
                let serial = SealBroker.Revocation.plainSerial(text), row.fields.count <= 2
            else { throw invalid("line \(row.line): no serial number") }
            let date = row.fields.count == 2 ? row.fields[1] : ""
            guard date.isEmpty || ISOTime.milliseconds(date) != nil else {
                throw invalid("line \(row.line): the date")
            }
            let moment = ISOTime.milliseconds(date) ?? now
            if moment > now { continue }
            all.append(
                SealBroker.Revocation(tenant: tenant.number, serial: serial, revokedAt: moment)
            )
        }
        return all
    }

    private static func isHeader(_ fields: [String]) -> Bool {
        let names = fields.map { Name($0).lowerASCII }
        return names == ["serial no.", "revocation date"] || names == ["serial no."]
    }

    private static func invalid(_ detail: String) -> APIError {
        APIError(.badRequest, .trustRevocationInvalid, detail)
    }

    private static func all(_ call: Call) throws(APIError) -> [SealBroker.Revocation] {
        let tenant = try call.tenant()
        let registry = call.context.registry
        return try asking { () throws(RegistryError) in
            var all: [SealBroker.Revocation] = []
            while all.count < listedMax {
                let page = try registry.revocations(
                    tenant: tenant.number,
                    PageRequest(offset: all.count, limit: 2000)
                )
                all += page.items
                if !page.hasMore || page.items.isEmpty { break }
            }
            return all
        }
    }

    private static func signed(
        _ revocations: [SealBroker.Revocation],
        _ call: Call
    ) throws(APIError) -> [UInt8] {
        let tenant = try call.tenant()
        let registry = call.context.registry
        let own = try asking { () throws(RegistryError) in
            (
                authority: try registry.authority(tenant: tenant.number),
                anchor: try registry.authority(tenant: tenant.number).flatMapTyped {
                    one throws(RegistryError) in try registry.anchor(number: one.anchor)
                }
            )
        }
        guard let authority = own.authority, let anchor = own.anchor else {
            throw APIError(.notFound, .trustAuthorityMissing)
        }
        guard let key = call.context.vault.open(authority.sealed) else {
            throw APIError(.internalServerError, .apiUnexpected)
        }
        do {
            let signer = try CertificateAuthority(
                certificate: try Certificate(der: anchor.der),
                key: try PrivateKey(pem: key)
            )
            return try signer.revocationList(
                listing: revocations.map { one in
                    RevokedSerial(one.serial.text, at: one.revokedAt / 1000)
                },
                seconds: listSeconds,
                now: call.now
            ).der
        } catch { throw APIError(.internalServerError, .apiUnexpected) }
    }
}
