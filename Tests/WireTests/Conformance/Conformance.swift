// SPDX-License-Identifier: Apache-2.0
// Which test shows which normative statement: read from the sources of this target, written as
// Documentation/conformance.md.

import Foundation

@testable import Stage

/// A normative statement of one standard.
struct Statement {
    var identifier: String
    var duty: Character
    var subject: String
    /// Why no test shows it; nil when one must.
    var excuse: String?

    init?(line: Substring) {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count == 3, let duty = words[1].first, words[1].count == 1 else { return nil }
        identifier = String(words[0])
        self.duty = duty
        let parts = words[2].components(separatedBy: " -- ")
        subject = parts[0]
        excuse = parts.count > 1 ? parts[1] : nil
    }
}

/// A test and the statements it names.
struct Shown {
    /// Folder and file, without the ending.
    var place: String
    var title: String
    var version5: [String]
    var version311: [String]
}

enum Conformance {
    static let version5 = StatementsOfMQTT5.text.split(separator: "\n").compactMap(
        Statement.init(line:)
    )
    static let version311 = StatementsOfMQTT311.text.split(separator: "\n").compactMap(
        Statement.init(line:)
    )

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every test of this target, in the order of its files.
    static func tests() throws -> [Shown] {
        var tests: [Shown] = []
        let paths = try FileManager.default.subpathsOfDirectory(
            atPath: folder.path(percentEncoded: false)
        )
        for path in paths.sorted() where path.hasSuffix("Tests.swift") {
            let text = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            for piece in text.components(separatedBy: "@Test").dropFirst() {
                guard let end = piece.range(of: "func ") else { continue }
                let head = String(piece[..<end.lowerBound])
                guard let title = literals(head).first else { continue }
                tests.append(
                    Shown(
                        place: String(path.dropLast(6)),
                        title: title,
                        version5: identifiers(head, "v5"),
                        version311: identifiers(head, "v311")
                    )
                )
            }
        }
        return tests
    }

    /// The arguments of `.v5(...)` or `.v311(...)`.
    private static func identifiers(_ text: String, _ name: String) -> [String] {
        var found: [String] = []
        for piece in text.components(separatedBy: ".\(name)(").dropFirst() {
            found += literals(String(piece.prefix { $0 != ")" }))
        }
        return found
    }

    /// The string literals of a piece of Swift, as far as tests use them.
    private static func literals(_ text: String) -> [String] {
        var found: [String] = []
        var current: String?
        var isEscaped = false
        for character in text {
            if isEscaped {
                current?.append(character)
                isEscaped = false
            } else if character == "\\", current != nil {
                isEscaped = true
            } else if character == "\"" {
                if let done = current { found.append(done) }
                current = current == nil ? "" : nil
            } else {
                current?.append(character)
            }
        }
        return found
    }

    // MARK: The page

    static func page() throws -> String {
        let tests = try tests()
        var page = """
            # Conformance

            Which test shows which normative statement of the standards; made by `make docs` from
            the tests in `Tests/WireTests`, which compare what the broker sends byte by byte, with
            one partition and with two; with `SEALWIRE_WIRE_STAGE=tls` over TLS, too, with a daemon
            of one shard and of two. What a statement is about is said here in our own words;
            the numbers are those of the standards' lists of statements. A test that is named here
            shows the statement at work in the broker; duties of clients are shown by what the
            broker does when a client neglects them.

            """
        page += section(
            "MQTT 5.0",
            version5,
            tests.map { ($0.place, $0.title, $0.version5) }
        )
        page += section(
            "MQTT 3.1.1",
            version311,
            tests.map { ($0.place, $0.title, $0.version311) }
        )
        page += Choices.section
        page += """

            ## Tests

            MQTT 3.1 has no numbered statements; most tests run in all three versions.

            | folder | tests |
            | --- | --- |

            """
        let folders = Dictionary(grouping: tests) { $0.place.prefix { $0 != "/" } }
        for (folder, members) in folders.sorted(by: { $0.key < $1.key }) {
            page += "| \(folder) | \(members.count) |\n"
        }
        return page
    }

    private static func section(
        _ title: String,
        _ statements: [Statement],
        _ tests: [(place: String, title: String, identifiers: [String])]
    ) -> String {
        var rows = ""
        var open = ""
        var shownCount = 0
        for statement in statements {
            let shown = tests.filter { $0.identifiers.contains(statement.identifier) }
            let name = "[MQTT-\(statement.identifier)]"
            if shown.isEmpty {
                let reason = statement.excuse ?? "not shown yet"
                open += "| \(name) | \(statement.subject) | \(reason) |\n"
            } else {
                shownCount += 1
                let list = shown.map { "\($0.title) (\($0.place))" }.joined(separator: "<br>")
                rows += "| \(name) | \(statement.subject) | \(list) |\n"
            }
        }
        return """

            ## \(title)

            \(shownCount) of \(statements.count) statements are shown.

            | statement | about | shown by |
            | --- | --- | --- |
            \(rows)
            Not shown:

            | statement | about | why not |
            | --- | --- | --- |
            \(open)
            """
    }
}
