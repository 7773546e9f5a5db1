// SPDX-License-Identifier: Apache-2.0
// Findings we live with, each with its reason. An entry that no longer matches anything fails.

/// One accepted finding.
struct Exception {
    /// The file.
    var path: String
    /// A part of the advice it answers.
    var advice: String
    /// Why it stays.
    var reason: String
}

enum Exceptions {
    static let all: [Exception] = [
        Exception(
            path: "Sources/SealBytes/Memory.swift",
            advice: "may not import Glibc",
            reason: "memcmp and memcpy: no I/O, and the compiler knows them."
        )
    ]

    /// What is left of the findings, and the exceptions that matched nothing.
    static func apply(
        _ exceptions: [Exception],
        to findings: [Finding]
    ) -> (left: [Finding], unused: [Exception]) {
        func answers(_ exception: Exception, _ finding: Finding) -> Bool {
            finding.path == exception.path && finding.advice.contains(exception.advice)
        }
        return (
            findings.filter { finding in !exceptions.contains { answers($0, finding) } },
            exceptions.filter { exception in !findings.contains { answers(exception, $0) } }
        )
    }
}
