// SPDX-License-Identifier: Apache-2.0
// The rules of size, names and words. What is not checked here or by the linter is an opinion.

enum TidyRules {
    static let columnsMax = 100
    static let functionLinesMax = 70
    static let fileLinesMax = 500
    static let testFileLinesMax = 800

    static func check(_ file: SourceFile) -> [Finding] {
        size(file) + names(file) + words(file) + licence(file)
    }

    static func size(_ file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        for (index, line) in file.lines.enumerated()
        where line.utf8.count > columnsMax && line.count > columnsMax {
            findings.append(
                Finding(
                    path: file.path,
                    line: index + 1,
                    advice: "\(line.count) columns; break the line at \(columnsMax)"
                )
            )
        }
        let most = file.path.hasPrefix("Tests/") ? testFileLinesMax : fileLinesMax
        if file.lineCount > most {
            findings.append(
                Finding(
                    path: file.path,
                    line: most + 1,
                    advice: "\(file.lineCount) lines; split the file by nouns at \(most)"
                )
            )
        }
        for declaration in Declarations.all(in: file) {
            let count = declaration.lines.count
            guard count > functionLinesMax else { continue }
            findings.append(
                Finding(
                    path: file.path,
                    line: declaration.lines.lowerBound + 1,
                    advice: "a function of \(count) lines; \(functionLinesMax) fit on a screen"
                )
            )
        }
        return findings
    }

    private static let bannedWords: Set<String> = [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Utility", "Impl", "Base", "Data", "Info",
        "Core", "Common",
    ]

    static func names(_ file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        let stem = file.path.split(separator: "/").dropFirst().flatMap {
            words(of: $0.split(separator: ".").first ?? "")
        }
        if let word = stem.first(where: bannedWords.contains) {
            findings.append(
                Finding(
                    path: file.path,
                    line: 1,
                    advice: "\"\(word)\" in a path says nothing; name what it holds"
                )
            )
        }
        let declared = /\b(?:struct|class|enum|protocol|actor|typealias|associatedtype) +(\w+)/
        let kinds = ["struct ", "class ", "enum ", "protocol ", "actor ", "type"]
        for (index, line) in file.code.enumerated() where kinds.contains(where: line.contains) {
            for match in line.matches(of: declared) {
                guard let word = words(of: match.1).first(where: bannedWords.contains) else {
                    continue
                }
                findings.append(
                    Finding(
                        path: file.path,
                        line: index + 1,
                        advice: "\"\(word)\" in \(match.1) says nothing; name what it is"
                    )
                )
            }
        }
        return findings
    }

    /// The words of a name in camel case.
    private static func words(of name: Substring) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || character == "-" || words.isEmpty { words.append("") }
            if character != "-" { words[words.count - 1].append(character) }
        }
        return words
    }

    static func words(_ file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        // Written in two parts, so that this file passes its own rule.
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "HA" + "CK:"]
        for (index, line) in file.lines.enumerated() {
            if marks.contains(where: line.contains) {
                findings.append(
                    Finding(
                        path: file.path,
                        line: index + 1,
                        advice: "do it now, or say in CHANGELOG.md what is not there yet"
                    )
                )
            }
            if line.contains("\t"), !file.path.hasSuffix("Makefile") {
                findings.append(
                    Finding(path: file.path, line: index + 1, advice: "a tab; use 4 spaces")
                )
            }
        }
        guard file.path.hasPrefix("Sources/"), file.path.hasSuffix(".swift") else {
            return findings
        }
        if !file.path.hasPrefix("Sources/sealwire") {
            findings += file.findings(
                /(?:^|[^\w.])(?:print|debugPrint|dump)\(/,
                in: ["print(", "dump(", "debugPrint("],
                "only executables print; hand a value or a log event up"
            )
        }
        findings += file.findings(
            /\btry!|\bas!\s/,
            in: ["try!", "as!"],
            "a trap; throw or guard instead"
        )
        return findings
    }

    /// The licence line first, then what is in the room.
    static func licence(_ file: SourceFile) -> [Finding] {
        let position = file.lines.prefix(2).firstIndex {
            $0.contains("SPDX-License-Identifier: Apache-2.0")
        }
        guard let position else {
            return [
                Finding(
                    path: file.path,
                    line: 1,
                    advice: "begin with \"// SPDX-License-Identifier: Apache-2.0\""
                )
            ]
        }
        guard file.path.hasSuffix(".swift"), file.path != "Package.swift" else { return [] }
        let next = position + 1 < file.lines.count ? file.lines[position + 1] : ""
        if next.hasPrefix("// ") || file.lineCount <= 3 { return [] }
        return [
            Finding(
                path: file.path,
                line: position + 2,
                advice: "say in a // line or two what is in this file and what is not"
            )
        ]
    }
}
