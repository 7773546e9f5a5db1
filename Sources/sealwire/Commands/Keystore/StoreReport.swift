// SPDX-License-Identifier: Apache-2.0
// What is in a keystore, for people and for programs, in keytool's words.

import SealBytes
import SealPKI

/// A keystore in words.
struct StoreReport {
    let path: String
    let store: Keystore

    /// `Your keystore contains N entries`, and a row for each.
    var table: String {
        var table = TextTable(head: ["ALIAS", "TYPE", "CREATED", "EXPIRES", "SHA-256"])
        for entry in store.entries {
            let first = entry.certificates.first
            table.rows.append([
                entry.alias, entry.kind, Self.created(entry),
                first.map { DatabaseTime.iso($0.notAfter) } ?? "-",
                first.map { Self.colons($0.fingerprint.description) } ?? "-",
            ])
        }
        return head + (store.entries.isEmpty ? "" : "\n" + table.rendered)
    }

    /// Everything about every certificate.
    var details: String {
        var text = head
        for entry in store.entries {
            text += "\nAlias name: \(TextTable.printable(entry.alias))\n"
            text += "Creation date: \(Self.created(entry))\n"
            text += "Entry type: \(entry.kind)\n"
            if entry.isKey { text += "Certificate chain length: \(entry.certificates.count)\n" }
            if !entry.isSeenByJava { text += "Java does not see this entry: it has no mark\n" }
            for (index, certificate) in entry.certificates.enumerated() {
                if entry.isKey { text += "Certificate[\(index + 1)]:\n" }
                for (name, value) in Self.fields(certificate) where !value.isEmpty {
                    text += "  \(name): \(TextTable.printable(value))\n"
                }
            }
        }
        return text
    }

    private var head: String {
        let count = store.entries.count
        var text = "Keystore type: \(store.format?.title ?? "unknown")\n"
        text += "Your keystore contains \(count) \(count == 1 ? "entry" : "entries")\n"
        let others = store.otherCertificates.count
        if others > 0 { text += "Certificates that belong to no entry: \(others)\n" }
        return text
    }

    /// The same for programs.
    var json: JSONValue {
        .pairs([
            ("file", .string(path)),
            ("format", .string(orNull: store.format?.rawValue)),
            ("isVerified", .bool(store.isVerified)),
            ("entries", .array(store.entries.map(Self.json))),
            ("otherCertificates", .integer(Int64(store.otherCertificates.count))),
        ])
    }

    private static func json(_ entry: KeystoreEntry) -> JSONValue {
        .pairs([
            ("alias", .string(entry.alias)),
            ("type", .string(entry.kind)),
            ("created", .string(orNull: entry.created.map { DatabaseTime.iso($0 / 1000) })),
            ("isSeenByJava", .bool(entry.isSeenByJava)),
            (
                "certificates",
                .array(
                    entry.certificates.map { certificate in
                        .pairs(fields(certificate).map { (camel($0.0), .string($0.1)) })
                    }
                )
            ),
        ])
    }

    /// Names and values of one certificate.
    private static func fields(_ certificate: Certificate) -> [(String, String)] {
        let names = (try? certificate.subjectNames()) ?? SubjectNames()
        let all =
            names.dns.map { "DNS:\($0)" } + names.addresses.map { "IP:\($0)" }
            + names.uris.map { "URI:\($0)" } + names.emails.map { "email:\($0)" }
        return [
            ("Owner", (try? certificate.subject().rfc2253) ?? "(not text)"),
            ("Issuer", (try? certificate.issuer().rfc2253) ?? "(not text)"),
            ("Names", all.joined(separator: ", ")),
            ("Serial number", certificate.serial),
            ("Valid from", DatabaseTime.iso(certificate.notBefore)),
            ("Valid until", DatabaseTime.iso(certificate.notAfter)),
            ("Key", certificate.key?.description ?? "unknown"),
            ("SHA-256", colons(certificate.fingerprint.description)),
        ]
    }

    private static func camel(_ name: String) -> String {
        if name == "SHA-256" { return "sha256" }
        let words = name.split(separator: " ").map { $0.lowercased() }
        return words.prefix(1).joined()
            + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func created(_ entry: KeystoreEntry) -> String {
        entry.created.map { DatabaseTime.iso($0 / 1000) } ?? "-"
    }

    /// Upper-case digits in pairs with colons between, as keytool shows them.
    private static func colons(_ digits: String) -> String {
        let bytes = Hex.decode(digits) ?? []
        return bytes.map { Hex.encode([$0]).uppercased() }.joined(separator: ":")
    }
}
