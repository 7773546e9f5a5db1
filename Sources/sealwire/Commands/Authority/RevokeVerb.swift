// SPDX-License-Identifier: Apache-2.0
// `sealwire ca revoke` and `sealwire ca crl`.

import SealPKI

/// What is revoked, and why.
struct RevokeOptions: NamesAuthority {
    var authority = AuthorityPlace()
    var name: String?
    var certificate: String?
    var reason: RevocationReason?
    var invalidSince: Int64?

    static let flags = FlagTable<RevokeOptions>(
        authorityFlags(isSigning: false) + [
            .value("--name", is: "NAME", "the valid certificate of this common name") {
                (options, value, _) throws(UsageError) in
                options.name = value
            },
            .value("--certificate", is: "FILE", "the certificate in this file") {
                (options, value, _) throws(UsageError) in
                options.certificate = value
            },
            .value("--reason", is: "WORD", "why (default: none is given)") {
                (options, value, flag) throws(UsageError) in
                guard let reason = RevocationReason(name: value) else {
                    let all = RevocationReason.allCases.map(\.rawValue).joined(separator: ", ")
                    throw UsageError(message: "\(flag) is one of \(all)")
                }
                options.reason = reason
            },
            .value("--compromised-since", is: "TIME", "as 20260131235959Z; with a compromise") {
                (options, value, flag) throws(UsageError) in
                guard value.utf8.count == 15, let since = DatabaseTime.seconds(value.utf8) else {
                    throw UsageError(message: "\(flag) is a time as 20260131235959Z")
                }
                options.invalidSince = since
            },
        ]
    )

    func serial(_ words: [String], _ place: LocalAuthority) throws -> SerialNumber {
        guard words.count + (name == nil ? 0 : 1) + (certificate == nil ? 0 : 1) == 1 else {
            throw UsageError(message: "give one of SERIAL, --name NAME and --certificate FILE")
        }
        if let word = words.first { return try CommandWords.serial(word) }
        if let name {
            let found = try place.rows(named: name).filter { $0.state == .valid }
            guard let row = found.first else {
                throw PKIError(.unknownCertificate, "no valid certificate is for \"\(name)\"")
            }
            guard found.count == 1 else {
                let all = found.map(\.serial.hexadecimal).joined(separator: ", ")
                throw PKIError(
                    .unknownCertificate,
                    "\(found.count) valid certificates are for \"\(name)\": \(all)",
                    hint: "name one by its serial number"
                )
            }
            return row.serial
        }
        let given = try Certificate(pem: Files.read(certificate ?? "", bytesMax: 1 << 20))
        guard given.isIssued(by: place.certificate),
            let serial = SerialNumber(hexadecimal: given.serial)
        else {
            throw PKIError(.unknownCertificate, "the certificate is not by this authority")
        }
        return serial
    }
}

enum RevokeVerb {
    static let verb = Verb(
        name: "ca revoke",
        summary: "revoke a certificate, put it on hold, or take a hold back",
        usage: "SERIAL | --name NAME | --certificate FILE [OPTIONS]",
        text: """
            Marks a certificate as revoked in the database; the next sealwire ca crl tells the
            world. With the reason certificateHold it can be taken back with the reason
            removeFromCRL. No passphrase is needed.
            """,
        defaults: RevokeOptions(),
        flags: RevokeOptions.flags,
        words: WordRule(name: "SERIAL", count: 0...1),
        sections: [
            (
                "REASONS",
                RevocationReason.allCases.map { "  \($0.rawValue)\n" }.joined()
            )
        ],
        examples: [
            "sealwire ca revoke 1000 --ca works --reason keyCompromise",
            "sealwire ca revoke --name device-1 --ca works",
        ],
        run: { options, words in
            let isCompromise = options.reason == .keyCompromise || options.reason == .caCompromise
            guard options.invalidSince == nil || isCompromise else {
                throw UsageError(
                    message: "--compromised-since goes with keyCompromise and CACompromise"
                )
            }
            let place = try options.authority.open()
            let row = try place.revoke(
                options.serial(words, place),
                Revocation(
                    when: LocalAuthority.now,
                    reason: options.reason,
                    invalidSince: options.invalidSince
                ),
                certificate: options.certificate.map {
                    try Certificate(pem: Files.read($0, bytesMax: 1 << 20))
                }
            )
            let word = row.state == .revoked ? "revoked" : "valid again"
            Terminal.write("\(row.serial.hexadecimal) \(word): \(row.subject)\n")
            return ToolExit.done
        }
    )
}

/// Where a revocation list goes, and when the next one is due.
struct RevocationListOptions: NamesAuthority {
    var authority = AuthorityPlace()
    var output: String?
    var seconds: Int64?

    static let flags = FlagTable<RevocationListOptions>(
        authorityFlags(isSigning: true) + [
            .value("-o", "--out", is: "FILE", "the list (default: the configuration's crl)") {
                (options, value, _) throws(UsageError) in
                options.output = value
            },
            .value("--days", is: "N", "the next is due in N days (default: default_crl_days, 30)") {
                (options, value, flag) throws(UsageError) in
                options.seconds = Int64(try CommandWords.days(value, flag)) * 86_400
            },
            .value("--hours", is: "N", "the next is due in N hours") {
                (options, value, flag) throws(UsageError) in
                guard let hours = Int64(value), (1...876_600).contains(hours) else {
                    throw UsageError(message: "\(flag) is a number of hours from 1 to 876600")
                }
                options.seconds = hours * 3600
            },
        ]
    )
}

enum RevocationListVerb {
    static let verb = Verb(
        name: "ca crl",
        summary: "sign the list of revoked certificates",
        usage: "[OPTIONS]",
        text: """
            Signs a list (version 2, with its number and each certificate's reason) of all that is
            revoked, and writes it in PEM. Make a new one before the next is due: verifiers that
            check lists refuse everything when theirs is too old.
            """,
        defaults: RevocationListOptions(),
        flags: RevocationListOptions.flags,
        words: .none,
        examples: [
            "sealwire ca crl --ca works", "sealwire ca crl --ca works --days 7 -o works.crl",
        ],
        run: { options, _ in
            let place = try options.authority.open()
            guard let path = options.output ?? place.settings.crl else {
                throw UsageError(message: "the configuration names no crl; give --out FILE")
            }
            let made = try place.writeRevocationList(
                key: options.authority.key(of: place),
                seconds: options.seconds ?? place.settings.defaultCRLSeconds ?? 30 * 86_400,
                to: path
            )
            let number = made.number.map { ", number \($0.hexadecimal)" } ?? ", without a number"
            Terminal.write("\(path): \(made.list.count) revoked\(number)\n")
            return ToolExit.done
        }
    )
}
