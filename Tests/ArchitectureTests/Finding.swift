// SPDX-License-Identifier: Apache-2.0
// What a rule says about a line.

/// One broken rule: where, and what to do about it.
struct Finding: CustomStringConvertible, Comparable {
    var path: String
    var line: Int
    var advice: String

    var description: String { "\(path):\(line): \(advice)" }

    static func < (left: Self, right: Self) -> Bool {
        (left.path, left.line) < (right.path, right.line)
    }
}

/// All findings as one readable message.
func listing(_ findings: [Finding]) -> String {
    "\n" + findings.sorted().map(\.description).joined(separator: "\n")
}
