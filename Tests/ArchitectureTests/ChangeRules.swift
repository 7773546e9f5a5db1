// SPDX-License-Identifier: Apache-2.0
// How rows of the registry are changed: only the fields that are meant, on the row as it is inside
// of the change. A row that was read before takes back what others changed since.

enum ChangeRules {
    /// Whole rows that came from outside of the change.
    nonisolated(unsafe) private static let wholeRow =
        #/
        \b func \s (?: replace | put | store | save | set | update ) \( _ \s \w+ : \s
        (?: Tenant | Account | TrustAnchor | Device | Credential | RegistrationRequest
        | TenantOption | SigningKey | TenantAuthority ) \)
        /#

    /// A body that throws the row it got away.
    nonisolated(unsafe) private static let assigned =
        #/
        (?: \{ \s* \$0 | ^\s* (?: row | tenant | account | anchor | device | credential
        | request | one ) ) \s = \s (?! try)
        /#

    nonisolated(unsafe) private static let update =
        /\.update\((?:tenant|account|anchor|device|credential|request):/

    /// Where the administration may begin a change: there the caller is judged again.
    private static let doors: Set<String> = [
        "Sources/SealAdmin/Calls/Call.swift", "Sources/SealAdmin/Bulk/BulkImport.swift",
        // A code is spent when the answer has gone out: the call has ended by then.
        "Sources/SealAdmin/Enrolment/EnrolmentOffice.swift",
    ]

    /// So many lines of a body are looked at.
    private static let bodyLines = 15

    static func check(_ file: SourceFile) -> [Finding] {
        var findings = file.findings(
            wholeRow,
            in: ["func "],
            "a whole row is written; let update(…) hand out the row as it is inside of the change"
        )
        if file.room == "SealAdmin", !doors.contains(file.path) {
            findings += file.findings(
                /registry\s*\.change\(/,
                in: [".change("],
                "begin changes with call.changing, which judges the caller again"
            )
        }
        return findings + assignments(file)
    }

    private static func assignments(_ file: SourceFile) -> [Finding] {
        guard file.room != nil else { return [] }
        var findings: [Finding] = []
        for (start, line) in file.code.enumerated()
        where line.contains(".update(") && line.contains(update) {
            let depth = line.prefix { $0 == " " }.count
            for index in start..<min(start + bodyLines, file.code.count) {
                let body = file.code[index]
                // The statement is over where a line begins as far left as it did.
                if index > start, !body.isEmpty, body.prefix(while: { $0 == " " }).count <= depth {
                    break
                }
                guard body.contains(" = "), body.contains(assigned) else { continue }
                findings.append(
                    Finding(
                        path: file.path,
                        line: index + 1,
                        advice: "the row that update(…) hands out is overwritten; set the fields "
                            + "that are meant"
                    )
                )
            }
        }
        return findings
    }
}
