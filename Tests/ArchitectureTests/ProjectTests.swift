// SPDX-License-Identifier: Apache-2.0
// The rules applied to the project.

import Testing

@Suite("Project")
struct ProjectTests {
    private func everything() -> [Finding] {
        Project.swiftFiles.flatMap(TidyRules.check)
            + Project.scripts.flatMap {
                TidyRules.size($0) + TidyRules.words($0) + TidyRules.licence($0)
            }
            + Project.sources.flatMap(LayeringRule.check)
            + Project.sources.flatMap(SafetyRules.check)
            + Project.sources.flatMap(ScopeRule.check)
            + Project.sources.flatMap(NameRule.check)
            + Project.documents.flatMap { DocumentRules.check($0, exists: Project.exists) }
            + DocumentRules.comparison(of: Project.documents, tests: Project.swiftFiles)
    }

    @Test("every file keeps the rules of the house")
    func rules() {
        let (left, unused) = Exceptions.apply(Exceptions.all, to: everything())
        #expect(left.isEmpty, "\(listing(left))")
        #expect(unused.isEmpty, "these exceptions answer nothing any more: \(unused)")
    }

    @Test("the files are found")
    func found() {
        #expect(Project.sources.count > 20)
        #expect(Project.documents.contains { $0.path == "README.md" })
        #expect(Project.documents.contains { $0.path == "Documentation/metrics.md" })
        #expect(Project.scripts.contains { $0.path == ".ci/run" })
        #expect(
            Set(LayeringRule.rooms.map(\.name)).isSuperset(of: Project.sources.compactMap(\.room))
        )
    }

    @Test("the plan has no circles: every import points down")
    func downwards() {
        var seen: Set<String> = []
        for room in LayeringRule.rooms {
            #expect(room.needs.isSubset(of: seen), "\(room.name) imports from above")
            seen.insert(room.name)
        }
    }

    @Test("the page of codes is the one in Documentation, and no code lacks its meaning")
    func referencePage() throws {
        let page = CodesPage.make()
        try Project.write(page, to: "Documentation/codes.md")
        let found = try #require(Project.file("Documentation/codes.md"))
        #expect(found.lines.joined(separator: "\n") == page, "run make docs")
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count > 80)
        #expect(rows.allSatisfy { !$0.hasSuffix("|  |") })
    }

    @Test("every room of the plan is in ARCHITECTURE.md")
    func plan() throws {
        let page = try #require(Project.file("ARCHITECTURE.md"))
        for room in LayeringRule.rooms {
            #expect(page.lines.contains { $0.contains("`\(room.name)`") }, "\(room.name)")
        }
    }
}
