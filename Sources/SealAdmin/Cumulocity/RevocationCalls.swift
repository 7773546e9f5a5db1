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

    private static let schema = Schema.object([
        .needed("crls", .array(RevocationEntry.schema, 0...rowsMax))
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
            let issuers = try RevocationIssuers(call, try call.tenant())
            return call.answer([
                "crls": .array(revocations.map { value($0, issuers) })
            ])
        }
        return Response(.ok, type: listType.name, body: try signed(revocations, call))
    }
    .taking(
        problems: [404],
        note: "The list in DER is signed by the tenant's own authority and holds what it issued; "
            + "404 without one. With Accept: application/json all entries are shown as PUT takes "
            + "them, each with its issuer; `*` is every authority of the tenant."
    )

    private static func value(
        _ one: SealBroker.Revocation,
        _ issuers: RevocationIssuers
    ) -> JSONValue {
        var members: JSONObject = [
            "serialNumberInHex": .string(one.serial),
            "revocationDate": .string(ISOTime.text(milliseconds: one.revokedAt)),
            "issuer": .string(issuers.text(one.issuer)),
            "reason": .string(one.reason),
        ]
        if one.issuer.reachesBelow { members["includesBelow"] = true }
        return .object(members)
    }

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
        let entries: [RevocationEntry]
        let keepsOldDate: Bool
        switch call.payload {
        case .form:
            entries = try RevocationEntry.read(
                file: call.part("file")?.body ?? [],
                tenant,
                call,
                rowsMax: rowsMax
            )
            keepsOldDate = false
        default:
            entries = try RevocationEntry.read(call.json, tenant, call)
            keepsOldDate = true
        }
        let effect = try call.change { writer throws(RegistryError) in
            for one in entries { try apply(one, writer, keepsOldDate: keepsOldDate) }
        }
        return call.done().ending(effect)
    }
    .taking(
        bodies: [
            .json(schema, bytesMax: 2 << 20),
            .form([.needed("file", .text(1...(2 << 20)))], bytesMax: 2 << 20),
        ],
        problems: [404, 409],
        note: "Without an issuer the one authority that the number can be of is meant, with those "
            + "below it: see Documentation/pki.md. Only an entry whose reason is certificateHold "
            + "is taken back, by one with the reason removeFromCRL. Without a date an entry counts "
            + "from now on. A date in the future becomes now in JSON; a row of a file with one is "
            + "skipped. An entry that is there keeps its date in JSON and takes that of the last "
            + "row in a file, whose columns ISSUER and REASON may be left out."
    )
    .refusingBodies(with: .badRequest)

    private static func apply(
        _ entry: RevocationEntry,
        _ writer: any RegistryWriter,
        keepsOldDate: Bool
    ) throws(RegistryError) {
        let one = entry.revocation
        switch entry.act {
        case .revoke: try writer.revoke(one, keepsOldDate: keepsOldDate)
        case .narrow: try writer.narrow(one)
        case .release:
            try writer.release(tenant: one.tenant, serial: one.serial, issuer: one.issuer)
        }
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
                listing: entries(revocations, of: anchor),
                seconds: listSeconds,
                now: call.now
            ).der
        } catch { throw APIError(.internalServerError, .apiUnexpected) }
    }

    /// What the authority itself issued, each number once and since its first day.
    private static func entries(
        _ revocations: [SealBroker.Revocation],
        of anchor: TrustAnchor
    ) -> [RevokedSerial] {
        var first: [String: Int64] = [:]
        for one in revocations where one.issuer.covers([anchor.subjectKey]) {
            first[one.serial] = min(first[one.serial] ?? .max, one.revokedAt / 1000)
        }
        return first.sorted { $0.key < $1.key }.map { RevokedSerial($0.key, at: $0.value) }
    }
}
