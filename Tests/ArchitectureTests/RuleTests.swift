// SPDX-License-Identifier: Apache-2.0
// Each rule is shown a sample that breaks it and one that does not: a rule that cannot fail
// guards nothing.

import Testing

@Suite("Rules")
struct RuleTests {
    private let licence = "// SPDX-License-Identifier: Apache-2.0\n// A sample.\n"

    private func file(_ path: String, _ text: String) -> SourceFile {
        SourceFile(path: path, text: licence + text)
    }

    private func lines(_ findings: [Finding]) -> [Int] { findings.map(\.line).sorted() }

    @Test(
        "an import that points up or outside is found in every way of writing it",
        arguments: [
            "import SealBroker", "public import SealNet", "@testable import SealPKI",
            "internal import Glibc", "import Foundation", "import struct Foundation.Date",
            "@preconcurrency public import Dispatch", "import SealTesting",
        ]
    )
    func layering(line: String) {
        let findings = LayeringRule.check(file("Sources/SealMQTT/A.swift", line + "\n"))
        #expect(lines(findings) == [3])
    }

    @Test("imports of the plan, and the word in comments and strings, are left alone")
    func allowedImports() {
        let text = "public import SealBytes\n// import Foundation\nlet a = \"import Foundation\"\n"
        #expect(LayeringRule.check(file("Sources/SealMQTT/A.swift", text)).isEmpty)
        let door = "internal import Glibc\nimport COpenSSL\n"
        #expect(LayeringRule.check(file("Sources/SealNet/A.swift", door)).isEmpty)
        #expect(lines(LayeringRule.check(file("Sources/SealShed/A.swift", ""))) == [1])
    }

    @Test("a look-up over all tenants is found outside of the places that decide between them")
    func scope() {
        let text =
            "let a = try registry.credentials(kind: .basic, lookup: x)\n"
            + "let b = try registry.anchors(sha256: y, tenant: nil)\n"
            + "let c = try registry.anchors(sha256: y, tenant: own)\n"
        #expect(lines(ScopeRule.check(file("Sources/SealAdmin/A.swift", text))) == [3, 4])
        let home = "Sources/SealBroker/Identity/RegistryLogin+scope.swift"
        #expect(ScopeRule.check(file(home, text)).isEmpty)
        #expect(ScopeRule.check(file("Sources/SealStore/A.swift", text)).isEmpty)
        #expect(ScopeRule.places.keys.allSatisfy(Project.exists))
    }

    @Test(
        "a String that stands for a name is found where identity is decided, and nowhere else",
        arguments: [
            "var places: [String: Int] = [:]", "let seen: Set<String> = []",
            "var known: RecentEntries<String, UInt32?>", "let isOwn = name.hasPrefix(\"device_\")",
            "let host = host.lowercased()", "let parts = text.split(separator: \"/\")",
            "var identifier: String", "func find(tenantID: String?) -> Int", "if a.text == b {}",
            "guard left != right.name.text else { return }",
            "var dnsNames: [String], user: [String]",
        ]
    )
    func names(line: String) {
        for path in ["Sources/SealBroker/Identity/A.swift", "Sources/SealAdmin/Login/A.swift"] {
            #expect(lines(NameRule.check(file(path, line))) == [3])
        }
        #expect(NameRule.check(file("Sources/SealTelemetry/A.swift", line)).isEmpty)
    }

    @Test("names that are names, and words in comments and strings, are left alone")
    func goodNames() {
        let text =
            "var identifier: Name\nvar places: [Name: Int] = [:]\n"
            + "let a = \"[String: Int] name.hasPrefix(x)\"  // lowercased()\n"
            + "let b = name.starts(with: other) && c.text != nil\nvar label: String\n"
        #expect(NameRule.check(file("Sources/SealBroker/Access/A.swift", text)).isEmpty)
        for kept in NameRule.exceptions {
            let isThere = Project.file(kept.path)?.lines.contains { $0.contains(kept.part) }
            #expect(isThere == true, "\(kept.path) has no line with \(kept.part) any more")
        }
    }

    @Test("a line of 100 columns passes, one of 101 is found")
    func columns() {
        let line = "//" + String(repeating: "x", count: 98)
        #expect(TidyRules.size(file("Sources/SealMQTT/A.swift", line)).isEmpty)
        #expect(lines(TidyRules.size(file("Sources/SealMQTT/A.swift", line + "x"))) == [3])
    }

    @Test("a file of 500 lines passes, one of 501 is found; tests have 800")
    func fileLines() {
        let text = String(repeating: "\n", count: 498)
        #expect(TidyRules.size(file("Sources/SealMQTT/A.swift", text)).isEmpty)
        #expect(!TidyRules.size(file("Sources/SealMQTT/A.swift", text + "\n")).isEmpty)
        #expect(TidyRules.size(file("Tests/T/A.swift", text + "\n")).isEmpty)
        let long = text + String(repeating: "\n", count: 301)
        #expect(!TidyRules.size(file("Tests/T/A.swift", long)).isEmpty)
    }

    @Test(
        "a function of 70 lines passes, one of 71 is found",
        arguments: [
            "func a() {", "    @inlinable public static func a<T>(_ x: [T]) throws -> T {",
            "    init?(x: Int) {", "    private(set) var a: Int {", "    deinit {",
            "    func a(\n        _ b: () -> Void = { }\n    ) -> Int {",
        ]
    )
    func functionLines(head: String) {
        let headLines = head.split(separator: "\n").count
        func sample(_ count: Int) -> SourceFile {
            let body = String(repeating: "        x(\"}\") // }\n", count: count - headLines - 1)
            return file("Sources/SealMQTT/A.swift", "\(head)\n\(body)    }\n")
        }
        #expect(TidyRules.size(sample(70)).isEmpty)
        #expect(lines(TidyRules.size(sample(71))) == [3])
    }

    @Test("a requirement of a protocol is not a long function")
    func requirements() {
        let text = "protocol P {\n    func a()\n    func b()\n}\n"
        #expect(Declarations.all(in: file("Sources/SealMQTT/A.swift", text)).isEmpty)
    }

    @Test("names that say nothing are found, names that only contain them are not")
    func names() {
        let bad = "struct SessionManager {}\nenum Utils {}\nfinal class BaseLoop {}\n"
        #expect(lines(TidyRules.names(file("Sources/SealMQTT/A.swift", bad))) == [3, 4, 5])
        let good = "struct Base64 {}\nenum Database {}\n// struct Helper\nstruct Coreless {}\n"
        #expect(TidyRules.names(file("Sources/SealMQTT/A.swift", good)).isEmpty)
        #expect(lines(TidyRules.names(file("Sources/SealMQTT/Common/A.swift", ""))) == [1])
        #expect(lines(TidyRules.names(file("Sources/SealMQTT/TopicHelper.swift", ""))) == [1])
    }

    @Test("printing outside executables, traps, tabs and left-over marks are found")
    func words() {
        let path = "Sources/SealMQTT/A.swift"
        #expect(lines(TidyRules.words(file(path, "    print(1)\n"))) == [3])
        #expect(
            lines(TidyRules.words(file(path, "let a = try! b()\nlet c = d as! E\n"))) == [3, 4]
        )
        #expect(lines(TidyRules.words(file(path, "// TO" + "DO later\n"))) == [3])
        #expect(lines(TidyRules.words(file(path, "\tlet a = 1\n"))) == [3])
        let good = "let footprint(1)\nwriter.print(1)\n// print(1)\nlet s = \"try! print(\"\n"
        #expect(TidyRules.words(file(path, good)).isEmpty)
        #expect(TidyRules.words(file("Sources/sealwire/A.swift", "print(1)\n")).isEmpty)
    }

    @Test("a file without licence or without a word about itself is found")
    func licenceLine() {
        let bare = SourceFile(path: "Sources/SealMQTT/A.swift", text: "let a = 1\n")
        #expect(lines(TidyRules.licence(bare)) == [1])
        let silent = SourceFile(
            path: "Sources/SealMQTT/A.swift",
            text: "// SPDX-License-Identifier: Apache-2.0\n\nlet a = 1\nlet b = 2\n"
        )
        #expect(lines(TidyRules.licence(silent)) == [2])
        let script = SourceFile(path: "Scripts/x", text: "#!/bin/sh\necho\n")
        #expect(lines(TidyRules.licence(script)) == [1])
    }

    @Test(
        "unsafe code outside its rooms is found",
        arguments: [
            "final class A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1",
            "func a(_ p: UnsafeRawPointer) {}", "let b = unsafeBitCast(a, to: Int.self)",
            "a.withUnsafeBytes { _ in }", "let p: OpaquePointer",
        ]
    )
    func unsafeElsewhere(line: String) {
        #expect(lines(SafetyRules.check(file("Sources/SealBroker/A.swift", line + "\n"))) == [3])
        #expect(SafetyRules.check(file("Sources/SealBroker/A.swift", "// \(line)\n")).isEmpty)
        let word = "if let unsafe { return .unsafe }\n"
        #expect(SafetyRules.check(file("Sources/SealBroker/A.swift", word)).isEmpty)
    }

    @Test("unsafe code needs its SAFETY line above or inside the function")
    func safetyLine() {
        let path = "Sources/SealNet/A.swift"
        let bare = "func a() {\n    b.withUnsafeBytes { _ in }\n}\n"
        #expect(lines(SafetyRules.check(file(path, bare))) == [4])
        #expect(SafetyRules.check(file(path, "// SAFETY: only read.\n" + bare)).isEmpty)
        let inside = "func a() {\n    // SAFETY: only read.\n    b.withUnsafeBytes { _ in }\n}\n"
        #expect(SafetyRules.check(file(path, inside)).isEmpty)
        #expect(lines(SafetyRules.check(file(path, inside + bare))) == [8])
        let promise = "final class A: @unchecked Sendable {}\n"
        #expect(lines(SafetyRules.check(file(path, promise))) == [3])
        #expect(SafetyRules.check(file(path, "// SAFETY: locked.\n" + promise)).isEmpty)
        #expect(
            SafetyRules.check(file(path, "struct A {\n    var p: UnsafeRawPointer\n}\n")).isEmpty
        )
    }

    @Test("a lock of another kind is found")
    func locks() {
        let line = "let a = Mutex(0)\n"
        #expect(lines(SafetyRules.check(file("Sources/SealTelemetry/A.swift", line))) == [3])
        #expect(SafetyRules.check(file("Sources/SealBytes/Locked.swift", line)).isEmpty)
        #expect(SafetyRules.check(file("Sources/SealNet/A.swift", "let a = Locked(0)\n")).isEmpty)
    }

    @Test(
        "clocks and dice in a pure room are found",
        arguments: [
            "let a = ContinuousClock.now", "let a = Int.random(in: 0..<9)",
            "let a = list.randomElement()", "let a = Date()", "clock_gettime(0, &a)",
        ]
    )
    func purity(line: String) {
        #expect(lines(SafetyRules.check(file("Sources/SealBroker/A.swift", line + "\n"))) == [3])
        #expect(SafetyRules.check(file("Sources/SealServer/A.swift", line + "\n")).isEmpty)
        let seeded = "let a = Int.random(in: 0..<9, using: &dice)\n"
        #expect(SafetyRules.check(file("Sources/SealBroker/A.swift", seeded)).isEmpty)
    }

    @Test("documents with no title, two titles or dead links are found")
    func documents() {
        func check(_ text: String) -> [Int] {
            let page = SourceFile(path: "Documentation/a.md", text: text)
            return lines(DocumentRules.check(page, exists: { $0 == "README.md" }))
        }
        #expect(check("# One\n```\n# not a title\n```\n[home](../README.md#top)\n").isEmpty)
        #expect(check("## None\n") == [1])
        #expect(check("# One\n\n# Two\n") == [3])
        #expect(check("# One\n[away](b.md) [web](https://example.org/)\n") == [2])
        #expect(check("<!-- generated: by hand -->\n# One\n") == [1])
        #expect(check("<!-- generated: make docs, from Sources/None.swift -->\n# One\n") == [1])
        #expect(check("<!-- generated: make docs, from README.md -->\n# One\n").isEmpty)
    }

    @Test("a generated page that no test compares is found")
    func comparison() {
        let page = SourceFile(
            path: "Documentation/a.md",
            text: "<!-- generated: make docs, from x -->\n# One\n"
        )
        let test = file("Tests/T/A.swift", "func referencePage() { read(\"a.md\") }\n")
        let other = file("Tests/T/A.swift", "func referencePage() { read(\"b.md\") }\n")
        #expect(DocumentRules.comparison(of: [page], tests: [test]).isEmpty)
        #expect(lines(DocumentRules.comparison(of: [page], tests: [other])) == [1])
    }

    @Test("an exception hides its finding only, and is reported when it hides none")
    func exceptions() {
        let finding = Finding(path: "a", line: 1, advice: "a tab; use 4 spaces")
        let exception = Exception(path: "a", advice: "tab", reason: "A sample.")
        #expect(Exceptions.apply([exception], to: [finding]).left.isEmpty)
        let other = Finding(path: "b", line: 1, advice: "a tab; use 4 spaces")
        let result = Exceptions.apply([exception], to: [other])
        #expect(result.left.count == 1 && result.unused.count == 1)
    }

    @Test("comments and strings of every kind are blanked, lines kept")
    func blanking() {
        let text = """
            a /* b /* c */ d */ e // f
            g "h \\" i \\(j("k")) l" m
            n #"o " \\# p"# q
            r \"""
              s { " t
              \""" u
            """
        let code = SourceFile(path: "A.swift", text: text).code.map {
            $0.filter { $0 != " " && $0 != "\"" }
        }
        #expect(code == ["ae", "gm", "nq", "r", "", "u"])
    }
}
