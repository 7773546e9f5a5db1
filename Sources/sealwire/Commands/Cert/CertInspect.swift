// SPDX-License-Identifier: Apache-2.0
// `sealwire cert inspect`: everything that is in a file or that a server shows, as fields.

import Glibc
import SealBytes
import SealClient
import SealPKI

enum CertInspect {
    struct Options: Sendable {
        var isJSON = false
        var isTable = false
        var serverName: String?
        var password = Secret("the keystore")
    }

    static let verb = Verb<Options>(
        name: "cert inspect",
        summary: "shows what a file or a server holds, field by field",
        usage: "[OPTIONS] FILE|HOST:PORT",
        text: """
            Shows every certificate, revocation list and request of a file in PEM or DER, the
            certificates of a keystore (JKS or PKCS #12), or the chain of a server. The file - is
            standard input. Nothing is verified; see sealwire cert verify.
            """,
        defaults: Options(),
        flags: FlagTable(
            [
                .on("--json", help: "one JSON array") { $0.isJSON = true },
                .on("--table", help: "one line for each certificate") { $0.isTable = true },
                .value("--sni", is: "NAME", "the name to ask a server for") {
                    (options, value, _) throws(UsageError) in options.serverName = value
                },
            ] + Secret.flags("password", "the keystore's password", \.password)
        ),
        words: .one("FILE"),
        examples: [
            "sealwire cert inspect device.crt",
            "sealwire cert inspect --table /etc/ssl/certs/ca-certificates.crt",
            "sealwire cert inspect --json broker.example:8883",
            "sealwire cert inspect --password-file pass.txt device.p12",
        ],
        run: run
    )

    @MainActor
    private static func run(_ options: Options, _ words: [String]) async throws -> Int32 {
        let word = words[0]
        var file: CertificateFile?
        var certificates: [Certificate] = []
        if let server = CertSource.server(word), access(word, F_OK) != 0 {
            certificates = try ServerCertificates.fetch(
                host: server.host,
                port: server.port,
                serverName: options.serverName
            ).chain
        } else {
            let bytes = try CertSource.bytes(word)
            if (try? Keystore.format(of: bytes)) != nil {
                certificates = try stored(bytes, options.password, word)
            } else {
                let read = try CertSource.file(word, bytes)
                certificates = read.certificates
                file = read
            }
        }
        do {
            Terminal.write(try shown(certificates, file, options))
        } catch let error as PKIError {
            throw PKIError(error.code, "\(word): \(error.reason)", hint: error.hint)
        }
        let isEmpty = certificates.isEmpty && (file?.isEmpty ?? true)
        if isEmpty { throw PKIError(.noPEM, "\(word): nothing that is known is in it") }
        return ToolExit.done
    }

    private static func shown(
        _ certificates: [Certificate],
        _ file: CertificateFile?,
        _ options: Options
    ) throws -> String {
        let reports = try certificates.map { try CertificateReport($0) }
        if options.isTable, !options.isJSON { return table(reports) }
        if !options.isJSON { return try text(reports, file) }
        var all = reports.map(\.json)
        all += try (file?.lists ?? []).map { try listJSON($0.fields()) }
        all += try (file?.requests ?? []).map {
            try requestJSON(CertificateRequestFields(der: $0))
        }
        return JSONValue.array(all).line + "\n"
    }

    /// The certificates of a keystore, which may need a password.
    private static func stored(
        _ bytes: [UInt8],
        _ password: Secret,
        _ path: String
    ) throws -> [Certificate] {
        var secret = try password.given()
        if secret == nil, try Keystore.format(of: bytes) == .pkcs12 {
            secret = try password.read()
        }
        do throws(PKIError) {
            let store = try Keystore(reading: bytes, password: secret)
            return store.entries.flatMap(\.certificates) + store.otherCertificates
        } catch {
            throw PKIError(error.code, "\(path): \(error.reason)", hint: error.hint)
        }
    }

    private static func text(
        _ reports: [CertificateReport],
        _ file: CertificateFile?
    ) throws -> String {
        var parts: [[String]] = []
        for (index, report) in reports.enumerated() {
            let title = reports.count > 1 ? ["Certificate \(index + 1) of \(reports.count)"] : []
            parts.append(title + report.lines)
        }
        for list in file?.lists ?? [] { parts.append(lines(try list.fields())) }
        for request in file?.requests ?? [] {
            parts.append(lines(try CertificateRequestFields(der: request)))
        }
        for label in file?.keyLabels ?? [] { parts.append(["A private key (\(label))"]) }
        for label in file?.otherLabels ?? [] { parts.append(["A block of another kind: \(label)"]) }
        return parts.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    private static func table(_ reports: [CertificateReport]) -> String {
        var table = TextTable(head: ["NOT AFTER", "KEY", "CA", "SERIAL", "SUBJECT", "ISSUER"])
        for report in reports {
            let fields = report.fields
            table.rows.append([
                Moment.text(fields.notAfter), fields.publicKey.shown,
                fields.basicConstraints?.isAuthority == true ? "yes" : "no", fields.serialHex,
                fields.subject.shown, fields.issuer.shown,
            ])
        }
        return table.rendered
    }

    // MARK: - Revocation lists and requests

    private static func lines(_ list: RevocationFields) -> [String] {
        var out = [
            "Revocation list of version \(list.version)",
            "Issuer: \(list.issuer.shown)",
            "Signature algorithm: \(list.outerAlgorithm.id.shown)",
            "This update: \(Moment.text(list.thisUpdate))",
            "Next update: \(list.nextUpdate.map(Moment.text) ?? "not said")",
        ]
        for one in list.extensions {
            let mark = one.isCritical ? " (critical)" : ""
            out.append(
                "Extension \(one.id.shown)\(mark): " + one.lines.joined(separator: "; ")
            )
        }
        out.append("Revoked: \(list.entries.count)")
        out += lines(list.entries)
        for (issuer, entries) in others(list) {
            out.append("Revoked of \(issuer.shown): \(entries.count)")
            out += lines(entries)
        }
        out += list.defects.map { "Note: \($0)" }
        return out.map(TextTable.printable)
    }

    private static func lines(_ entries: [[UInt8]: RevocationEntry]) -> [String] {
        sorted(entries).map { serial, entry in
            let why = entry.reasonName.map { " (\($0))" } ?? ""
            return "    \(Hex.encode(serial).uppercased()) at \(Moment.text(entry.date))\(why)"
        }
    }

    /// The other issuers of an indirect list, in the order of their names.
    private static func others(
        _ list: RevocationFields
    ) -> [(key: CertificateName, value: [[UInt8]: RevocationEntry])] {
        list.foreignEntries.sorted { $0.key.description < $1.key.description }
    }

    private static func sorted(
        _ entries: [[UInt8]: RevocationEntry]
    ) -> [(key: [UInt8], value: RevocationEntry)] {
        entries.sorted {
            $0.key.count == $1.key.count
                ? $0.key.lexicographicallyPrecedes($1.key) : $0.key.count < $1.key.count
        }
    }

    private static func listJSON(_ list: RevocationFields) -> JSONValue {
        .pairs([
            ("kind", .string("revocation list")),
            ("issuer", .string(list.issuer.description)),
            ("thisUpdate", .string(Moment.text(list.thisUpdate))),
            ("nextUpdate", .string(orNull: list.nextUpdate.map(Moment.text))),
            ("extensions", .array(list.extensions.map(CertificateReport.json))),
            (
                "revoked",
                .array(
                    entriesJSON(list.entries, of: nil)
                        + others(list).flatMap { entriesJSON($0.value, of: $0.key) }
                )
            ),
            ("defects", .array(list.defects.map { .string($0) })),
        ])
    }

    private static func entriesJSON(
        _ entries: [[UInt8]: RevocationEntry],
        of other: CertificateName?
    ) -> [JSONValue] {
        sorted(entries).map { serial, entry in
            let issuer = other.map { [("certificateIssuer", JSONValue.string($0.description))] }
            return .pairs(
                [
                    ("serialNumber", .string(Hex.encode(serial).uppercased())),
                    ("date", .string(Moment.text(entry.date))),
                    ("reason", .string(orNull: entry.reasonName)),
                ] + (issuer ?? [])
            )
        }
    }

    private static func lines(_ request: CertificateRequestFields) -> [String] {
        var out = [
            "Certificate request",
            "Subject: \(request.subject.shown)",
            "Public key: \(request.publicKey.shown)",
            "Signature algorithm: \(request.signatureAlgorithm.id.shown)",
        ]
        for one in request.extensions {
            out.append("Asks for \(one.id.shown): " + one.lines.joined(separator: "; "))
        }
        return out.map(TextTable.printable)
    }

    private static func requestJSON(_ request: CertificateRequestFields) -> JSONValue {
        .pairs([
            ("kind", .string("certificate request")),
            ("subject", .string(request.subject.description)),
            ("publicKeyKind", .string(request.publicKey.shown)),
            ("signatureAlgorithm", .string(request.signatureAlgorithm.id.shown)),
            ("extensions", .array(request.extensions.map(CertificateReport.json))),
        ])
    }
}
