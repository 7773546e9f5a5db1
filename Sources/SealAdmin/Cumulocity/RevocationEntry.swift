// SPDX-License-Identifier: Apache-2.0
// One entry about a revoked certificate, as JSON or as a row of a file, and what is to be done.

internal import SealBroker
internal import SealBytes
internal import SealHTTP
internal import SealPKI

/// An entry with its act.
struct RevocationEntry {
    /// What is done with it.
    enum Act {
        case revoke, release, narrow
    }

    var act: Act
    var revocation: SealBroker.Revocation

    private static let serial = Schema.text(
        1...96,
        Schema.TextRule("^[0-9A-Fa-f:]*[0-9A-Fa-f][0-9A-Fa-f:]*$", "hexadecimal digits") {
            SealBroker.Revocation.plainSerial($0) != nil
        }
    )
    static let reasons = RevocationReason.allCases.map(\.rawValue)
    static let schema = Schema.object([
        .optional("serialNumberInHex", serial.example("1000")),
        .optional("revocationDate", Schema.moment.orNull.example("2023-01-11T16:12:36.288Z")),
        .optional(
            "issuer",
            .text(1...RevocationIssuers.bytesMax).noted(
                "Whose serial number it is: the subject or fingerprint of a trusted certificate, "
                    + "SHA-256 of the issuer's name in DER, or its certificate in PEM; `*` is "
                    + "every authority of the tenant."
            )
        ),
        .optional(
            "includesBelow",
            Schema.boolean.noted("Certificates of authorities below the issuer are meant, too.")
        ),
        .optional(
            "certificate",
            .text(1...RevocationIssuers.bytesMax).noted(
                "The certificate in PEM, in place of serial number and issuer."
            )
        ),
        .optional("reason", .choice(reasons)),
        .optional(
            "narrow",
            Schema.boolean.noted(
                "The entry of this serial number that means every authority means this one alone."
            )
        ),
    ])

    /// The entries of JSON.
    static func read(
        _ body: JSONValue,
        _ tenant: Tenant,
        _ call: Call
    ) throws(APIError) -> [RevocationEntry] {
        let issuers = try RevocationIssuers(call, tenant)
        var all: [RevocationEntry] = []
        for entry in body["crls"]?.elements ?? [] {
            let now = call.now * 1000
            let date = entry["revocationDate"]?.text.flatMap(ISOTime.milliseconds) ?? now
            let (serial, issuer) = try subject(entry, issuers)
            var made = RevocationEntry(
                tenant,
                serial,
                issuer,
                at: min(date, now),
                reason: entry["reason"]?.text ?? ""
            )
            if entry["narrow"]?.flag == true {
                guard made.act == .revoke, !issuer.key.isEmpty else {
                    throw invalid("narrow goes with an issuer")
                }
                made.act = .narrow
            }
            all.append(made)
        }
        return all
    }

    private init(
        _ tenant: Tenant,
        _ serial: String,
        _ issuer: RevokedIssuer,
        at moment: Int64,
        reason: String
    ) {
        act = reason == RevocationReason.removeFromCRL.rawValue ? .release : .revoke
        revocation = SealBroker.Revocation(
            tenant: tenant.number,
            serial: serial,
            issuer: issuer,
            revokedAt: moment,
            reason: reason.isEmpty ? SealBroker.Revocation.unspecified : reason
        )
    }

    private static func subject(
        _ entry: JSONValue,
        _ issuers: RevocationIssuers
    ) throws(APIError) -> (String, RevokedIssuer) {
        let given = entry["serialNumberInHex"]?.text.flatMap(SealBroker.Revocation.plainSerial)
        let reachesBelow = entry["includesBelow"]?.flag ?? false
        let named = try entry["issuer"]?.text.flatMapTyped { text throws(APIError) in
            try issuers.issuer(text, reachesBelow: reachesBelow)
        }
        if let pem = entry["certificate"]?.text {
            let one = try RevocationIssuers.certificate(pem)
            guard given == nil || given == one.serial,
                named == nil || named?.key == one.issuerKey
            else { throw invalid("the certificate has another serial number or issuer") }
            return (one.serial, RevokedIssuer(key: one.issuerKey))
        }
        guard let serial = given else { throw invalid("a serial number or certificate is missing") }
        if let named { return (serial, named) }
        return (serial, try issuers.usual(serial))
    }

    // MARK: Files

    private static let columns = ["SERIAL NO.", "REVOCATION DATE", "ISSUER", "REASON"]

    /// The rows of a file; those with a date in the future are left out.
    static func read(
        file bytes: [UInt8],
        _ tenant: Tenant,
        _ call: Call,
        rowsMax: Int
    ) throws(APIError) -> [RevocationEntry] {
        let issuers = try RevocationIssuers(call, tenant)
        var limits = CSVLimits()
        limits.rowsMax = rowsMax
        var reader = CSVReader(bytes, limits: limits)
        guard let header = reader.next(), isHeader(header.fields) else {
            throw invalid(
                "the first line must be SERIAL NO.,REVOCATION DATE,ISSUER,REASON, of "
                    + "which the last ones may be left out"
            )
        }
        var all: [RevocationEntry] = []
        let now = call.now * 1000
        while let row = reader.next() {
            if row.fields.allSatisfy(\.isEmpty) { continue }
            guard all.count < rowsMax else { throw invalid("more than \(rowsMax) rows") }
            guard row.fault == nil, let text = row.fields.first,
                let serial = SealBroker.Revocation.plainSerial(text),
                row.fields.count <= max(2, header.fields.count)
            else { throw invalid("line \(row.line): no serial number") }
            func field(_ place: Int) -> String {
                place < row.fields.count ? row.fields[place] : ""
            }
            guard field(1).isEmpty || ISOTime.milliseconds(field(1)) != nil else {
                throw invalid("line \(row.line): the date")
            }
            guard field(3).isEmpty || reasons.contains(field(3)) else {
                throw invalid("line \(row.line): the reason")
            }
            let moment = ISOTime.milliseconds(field(1)) ?? now
            if moment > now { continue }
            let issuer =
                try field(2).isEmpty
                ? issuers.usual(serial) : issuers.issuer(field(2), reachesBelow: false)
            all.append(RevocationEntry(tenant, serial, issuer, at: moment, reason: field(3)))
        }
        return all
    }

    private static func isHeader(_ fields: [String]) -> Bool {
        let names = fields.map { $0.uppercased() }
        return !names.isEmpty && names.count <= columns.count
            && names == Array(columns.prefix(names.count))
    }

    private static func invalid(_ detail: String) -> APIError {
        APIError(.badRequest, .trustRevocationInvalid, detail)
    }
}
