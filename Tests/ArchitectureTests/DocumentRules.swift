// SPDX-License-Identifier: Apache-2.0
// Documents: one title each, links that lead somewhere, and generated pages that say how they
// are made.

import Foundation

enum DocumentRules {
    static func check(_ file: SourceFile, exists: (String) -> Bool) -> [Finding] {
        title(file) + links(file, exists: exists) + generation(file, exists: exists)
    }

    static func title(_ file: SourceFile) -> [Finding] {
        let titles = prose(file).filter { $0.line.hasPrefix("# ") }
        guard titles.count != 1 else { return [] }
        return [
            Finding(
                path: file.path,
                line: titles.dropFirst().first?.number ?? 1,
                advice: "\(titles.count) titles; a document has exactly one \"# \" line"
            )
        ]
    }

    static func links(_ file: SourceFile, exists: (String) -> Bool) -> [Finding] {
        var findings: [Finding] = []
        for (line, number) in prose(file) {
            for match in line.matches(of: /\]\(([^)\s]+)\)/) {
                let target = String(match.1.prefix { $0 != "#" })
                if target.isEmpty || target.contains("://") || target.hasPrefix("mailto:") {
                    continue
                }
                let path = resolved(target, from: file.path)
                if !exists(path) {
                    findings.append(
                        Finding(
                            path: file.path,
                            line: number,
                            advice: "the link to \(target) leads nowhere"
                        )
                    )
                }
            }
        }
        return findings
    }

    /// A relative link as a path from the root of the project.
    private static func resolved(_ target: String, from page: String) -> String {
        var parts = page.split(separator: "/").dropLast()
        for part in target.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// A generated page names the command and the file it is made from:
    /// `<!-- generated: make docs, from Sources/... -->`.
    static func generation(_ file: SourceFile, exists: (String) -> Bool) -> [Finding] {
        guard let first = file.lines.first, first.hasPrefix("<!-- generated:") else { return [] }
        guard let match = first.wholeMatch(of: /<!-- generated: make docs, from (\S+) -->/) else {
            return [
                Finding(
                    path: file.path,
                    line: 1,
                    advice: "write \"<!-- generated: make docs, from <source file> -->\""
                )
            ]
        }
        if exists(String(match.1)) { return [] }
        return [
            Finding(
                path: file.path,
                line: 1,
                advice: "it says it is made from \(match.1), which does not exist"
            )
        ]
    }

    /// Every generated page has a test named `referencePage` that compares it with its source.
    static func comparison(
        of documents: [SourceFile],
        tests: [SourceFile]
    ) -> [Finding] {
        documents.compactMap { page in
            guard page.lines.first?.hasPrefix("<!-- generated:") == true else { return nil }
            let name = (page.path as NSString).lastPathComponent
            let isCompared = tests.contains { test in
                test.code.contains { $0.contains("func referencePage") }
                    && test.lines.contains { $0.contains(name) }
            }
            if isCompared { return nil }
            return Finding(
                path: page.path,
                line: 1,
                advice: "no test `referencePage` compares \(name) with its source"
            )
        }
    }

    /// The lines outside fenced blocks.
    private static func prose(_ file: SourceFile) -> [(line: String, number: Int)] {
        var isFenced = false
        var lines: [(line: String, number: Int)] = []
        for (index, line) in file.lines.enumerated() {
            if line.hasPrefix("```") {
                isFenced.toggle()
            } else if !isFenced {
                lines.append((line, index + 1))
            }
        }
        return lines
    }
}
