// SPDX-License-Identifier: Apache-2.0
// The verdict about a chain as lines for people and as JSON for programs.

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
            JSONValue.object([
                ("depth", .number(Int64(depth))),
                ("subject", .text(link.fields.subject.description)),
                ("issuer", .text(link.fields.issuer.description)),
                ("serialNumber", .text(link.fields.serialHex)),
                ("notBefore", .text(Moment.text(link.fields.notBefore))),
                ("notAfter", .text(Moment.text(link.fields.notAfter))),
                ("sha256", .text(link.certificate.fingerprint.description)),
                ("trusted", .bool(link.isTrusted)),
                ("valid", .bool(verdict.failures(at: depth).isEmpty)),
                ("failures", .array(verdict.failures(at: depth).map(json))),
                ("notes", .array(verdict.notes.filter { $0.depth == depth }.map(json))),
            ])
        }
        return .object([
            ("valid", .bool(verdict.isValid)),
            ("purpose", .text(settings.purpose.rawValue)),
            ("time", .text(Moment.text(settings.time))),
            ("strict", .bool(settings.isStrict)),
            ("complete", .bool(verdict.isComplete)),
            ("chain", .array(chain)),
            ("failures", .array(verdict.failures.map(json))),
            ("signatureChecks", .number(Int64(verdict.signatureCheckCount))),
            ("pathsTried", .number(Int64(verdict.pathCount))),
        ])
    }

    private static func json(_ failure: VerificationFailure) -> JSONValue {
        .object([
            ("depth", .number(Int64(failure.depth))),
            ("rule", .text(failure.rule.rawValue)),
            ("subject", .text(failure.subject)),
            ("reason", .text(failure.sentence)),
        ])
    }
}
