// SPDX-License-Identifier: Apache-2.0
// The verdict about a chain as lines for people and as JSON for programs.

import SealBytes
import SealPKI

enum VerdictReport {
    /// A line for each certificate, leaf first, and below it what is wrong.
    static func text(_ verdict: ChainVerdict) -> String {
        var lines: [String] = []
        for (depth, link) in verdict.links.enumerated() {
            let failures = verdict.failures(at: depth)
            let word = failures.isEmpty ? "ok" : "REFUSED"
            let mark = link.isTrusted ? ", trusted" : ""
            lines.append("\(depth) \(link.fields.subject.shown): \(word)\(mark)")
            lines.append(
                "    issued by \(link.fields.issuer.shown), valid until "
                    + Moment.text(link.fields.notAfter)
            )
            for failure in failures {
                lines.append("    \(failure.sentence) (\(failure.rule.rawValue))")
            }
            for note in verdict.notes where note.depth == depth {
                lines.append("    note: \(note.sentence) (\(note.rule.rawValue))")
            }
        }
        if verdict.links.isEmpty {
            lines += verdict.failures.map { "\($0.sentence) (\($0.rule.rawValue))" }
        }
        lines.append(
            verdict.isValid
                ? "The chain holds."
                : "The chain does not hold: \(reasonCount(verdict.failures.count))."
        )
        return lines.map { TextTable.printable($0) + "\n" }.joined()
    }

    private static func reasonCount(_ count: Int) -> String {
        count == 1 ? "1 reason" : "\(count) reasons"
    }

    static func json(_ verdict: ChainVerdict, _ settings: VerificationSettings) -> JSONValue {
        let chain = verdict.links.enumerated().map { depth, link in
            JSONValue.pairs([
                ("depth", .integer(Int64(depth))),
                ("subject", .string(link.fields.subject.description)),
                ("issuer", .string(link.fields.issuer.description)),
                ("serialNumber", .string(link.fields.serialHex)),
                ("notBefore", .string(Moment.text(link.fields.notBefore))),
                ("notAfter", .string(Moment.text(link.fields.notAfter))),
                ("sha256", .string(link.certificate.fingerprint.description)),
                ("trusted", .bool(link.isTrusted)),
                ("valid", .bool(verdict.failures(at: depth).isEmpty)),
                ("failures", .array(verdict.failures(at: depth).map(json))),
                ("notes", .array(verdict.notes.filter { $0.depth == depth }.map(json))),
            ])
        }
        return .pairs([
            ("valid", .bool(verdict.isValid)),
            ("purpose", .string(settings.purpose.rawValue)),
            ("time", .string(Moment.text(settings.time))),
            ("strict", .bool(settings.isStrict)),
            ("complete", .bool(verdict.isComplete)),
            ("chain", .array(chain)),
            ("failures", .array(verdict.failures.map(json))),
            ("signatureChecks", .integer(Int64(verdict.signatureCheckCount))),
            ("pathsTried", .integer(Int64(verdict.pathCount))),
        ])
    }

    private static func json(_ failure: VerificationFailure) -> JSONValue {
        .pairs([
            ("depth", .integer(Int64(failure.depth))),
            ("rule", .string(failure.rule.rawValue)),
            ("subject", .string(failure.subject)),
            ("reason", .string(failure.sentence)),
        ])
    }
}
