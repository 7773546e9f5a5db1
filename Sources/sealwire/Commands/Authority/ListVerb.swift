// SPDX-License-Identifier: Apache-2.0
// `sealwire ca list` and `sealwire ca status`: what the database says.

import SealBytes
import SealPKI

/// Which rows are shown, and how.
struct ListOptions: NamesAuthority {
    var authority = AuthorityPlace()
    var isJSON = false
    var state: DatabaseRow.State?
    var withinDays: Int?

    private static let json = Flag<ListOptions>.on("--json", help: "as JSON, one line for each") {
        (options) throws(UsageError) in
        options.isJSON = true
    }

    static let statusFlags = FlagTable<ListOptions>(authorityFlags(isSigning: false) + [json])

    static let listFlags = FlagTable<ListOptions>(
        authorityFlags(isSigning: false) + [
            json,
            .value("--state", is: "WORD", "only valid, revoked or expired ones (default: all)") {
                (options, value, flag) throws(UsageError) in
                switch value {
                case "valid": options.state = .valid
                case "revoked": options.state = .revoked
                case "expired": options.state = .expired
                default: throw UsageError(message: "\(flag) is valid, revoked or expired")
                }
            },
            .value("--within", is: "DAYS", "only those that expire within so many days") {
                (options, value, flag) throws(UsageError) in
                options.withinDays = try CommandWords.days(value, flag)
            },
        ]
    )
}

/// A row for people and for programs.
enum RowText {
    static func word(_ state: DatabaseRow.State) -> String {
        switch state {
        case .valid: "valid"
        case .revoked: "revoked"
        case .expired: "expired"
        }
    }

    static func json(_ row: DatabaseRow, now: Int64) -> JSONValue {
        let revocation = row.revocation
        return .pairs([
            ("serial", .string(row.serial.hexadecimal)), ("decimal", .string(row.serial.decimal)),
            ("state", .string(word(row.standing(at: now)))),
            ("expires", .string(DatabaseTime.iso(row.notAfter))),
            ("revoked", .string(orNull: revocation.map { DatabaseTime.iso($0.when) })),
            ("reason", .string(orNull: revocation?.reason?.rawValue)),
            ("subject", .string(row.subject)),
        ])
    }

    static func cells(_ row: DatabaseRow, now: Int64) -> [String] {
        var state = word(row.standing(at: now))
        if let reason = row.revocation?.reason { state += " (\(reason.rawValue))" }
        return [DatabaseTime.iso(row.notAfter), state, row.serial.hexadecimal, row.subject]
    }
}

enum ListVerb {
    static let verb = Verb(
        name: "ca list",
        summary: "all certificates, those that expire first at the top",
        usage: "[OPTIONS]",
        text: """
            Lists the certificates of the database in the order in which they expire. A certificate
            past its date is shown as expired, whether openssl ca -updatedb has noticed or not.
            """,
        defaults: ListOptions(),
        flags: ListOptions.listFlags,
        words: .none,
        examples: [
            "sealwire ca list --ca works", "sealwire ca list --ca works --state valid --within 30",
        ],
        run: { options, _ in
            let now = LocalAuthority.now
            var rows = try options.authority.open().rows()
            if let state = options.state { rows.removeAll { $0.standing(at: now) != state } }
            if let days = options.withinDays {
                rows.removeAll { $0.notAfter > now + Int64(days) * 86_400 }
            }
            rows.sort { ($0.notAfter, $0.serial) < ($1.notAfter, $1.serial) }
            if options.isJSON {
                var text = ""
                for row in rows {
                    text += RowText.json(row, now: now).line
                    text += "\n"
                    if text.utf8.count > 1 << 16 {
                        guard Terminal.write(text) else { return ToolExit.done }
                        text = ""
                    }
                }
                Terminal.write(text)
            } else {
                var table = TextTable(head: ["EXPIRES", "STATE", "SERIAL", "SUBJECT"])
                table.rows = rows.map { RowText.cells($0, now: now) }
                Terminal.write(table.rendered)
            }
            return ToolExit.done
        }
    )
}

enum StatusVerb {
    static let verb = Verb(
        name: "ca status",
        summary: "what the database says about a serial number",
        usage: "SERIAL [OPTIONS]",
        text: "Shows one certificate by its serial number in hexadecimal digits.",
        defaults: ListOptions(),
        flags: ListOptions.statusFlags,
        words: .one("SERIAL"),
        examples: ["sealwire ca status 1000 --ca works"],
        exitCodes: [
            ("0", "it is in the database, in whatever state"),
            ("1", "it is not, or the database cannot be read"),
            ("64", "a command line that cannot be obeyed"),
        ],
        run: { options, words in
            let place = try options.authority.open()
            let serial = try CommandWords.serial(words[0])
            guard let row = try place.row(serial) else {
                throw PKIError(
                    .unknownCertificate,
                    "there is no certificate \(serial.hexadecimal) in \(place.settings.database)"
                )
            }
            let now = LocalAuthority.now
            if options.isJSON {
                Terminal.write(RowText.json(row, now: now).line + "\n")
                return ToolExit.done
            }
            var lines = [
                ("serial", "\(row.serial.hexadecimal) (decimal \(row.serial.decimal))"),
                ("state", RowText.cells(row, now: now)[1]),
                ("expires", DatabaseTime.iso(row.notAfter)),
            ]
            if let revocation = row.revocation {
                lines.append(("revoked", DatabaseTime.iso(revocation.when)))
            }
            lines.append(("subject", TextTable.printable(row.subject)))
            for (name, value) in lines {
                let gap = String(repeating: " ", count: 9 - name.count)
                Terminal.write("\(name)\(gap)\(value)\n")
            }
            return ToolExit.done
        }
    )
}
