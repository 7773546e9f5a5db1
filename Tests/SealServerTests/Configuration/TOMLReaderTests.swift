// SPDX-License-Identifier: Apache-2.0
// The TOML subset: what is read, where each thing stands, and that no bytes can do harm.

import Testing

@testable import SealServer

@Suite("The TOML reader") struct TOMLReaderTests {
    private func parse(_ text: String) throws -> TOMLDocument {
        try TOMLDocument.parse(Array(text.utf8), file: "t")
    }

    private func value(_ text: String) throws -> TOMLKind? {
        try parse("k = \(text)").sections.first?.pairs.first?.value.kind
    }

    private func errors(_ text: String) -> [ConfigurationError] {
        do {
            _ = try TOMLDocument.parse(Array(text.utf8), file: "t")
            return []
        } catch { return error.errors }
    }

    @Test(
        "values of each kind are read",
        arguments: [
            ("\"a\"", .string("a")), ("'a\\n'", .string("a\\n")), ("\"\"", .string("")),
            ("\"\\t\\\"\\\\\\u00e9\\U0001F600\"", .string("\t\"\\é😀")), ("\"é\"", .string("é")),
            ("0", .integer(0)), ("-17", .integer(-17)), ("+5", .integer(5)),
            ("1_000", .integer(1000)), ("1.5", .float(1.5)), ("-2e3", .float(-2000)),
            ("1.0E-2", .float(0.01)), ("true", .boolean(true)), ("false", .boolean(false)),
            ("[]", .array([])),
        ] as [(String, TOMLKind)]
    )
    func kinds(_ text: String, _ expected: TOMLKind) throws {
        #expect(try value(text) == expected)
    }

    @Test("arrays may run over lines, with comments and a last comma")
    func arrays() throws {
        let document = try parse("a = [ # one\n  'x', # two\r\n\n  \"y\",\n]\nb = 1")
        let pairs = try #require(document.sections.first?.pairs)
        #expect(pairs.count == 2)
        guard case .array(let values) = pairs[0].value.kind else {
            Issue.record("no array")
            return
        }
        #expect(values.map(\.kind) == [.string("x"), .string("y")])
        #expect(values[1].position == TOMLPosition(line: 4, column: 3))
        #expect(pairs[1].position == TOMLPosition(line: 6, column: 1))
    }

    @Test("headings, comments, CR LF and a byte order mark are read")
    func headings() throws {
        let text =
            "\u{FEFF}# c\r\n[limits] # x\r\na=1\r\n[[listener]]\r\n[[ listener . identity ]]\r\n"
        let sections = try parse(text).sections
        #expect(sections.map(\.name) == ["", "limits", "listener", "listener.identity"])
        #expect(sections.map(\.isElement) == [false, false, true, true])
        #expect(sections[1].position == TOMLPosition(line: 2, column: 1))
    }

    @Test("columns count characters, not bytes")
    func columns() throws {
        let pair = try #require(try parse("\"é😀\" = 'ü' # ok").sections.first?.pairs.first)
        #expect(pair.position.column == 1)
        #expect(pair.value.position.column == 8)
        #expect(errors("'é' = nope").first?.column == 7)
    }

    @Test(
        "faults have a code and a place",
        arguments: [
            ("a = 1\na = 2", .duplicateKey, 2, 1), ("[a]\n[a]", .duplicateTable, 2, 1),
            ("[a]\n[[a]]", .duplicateTable, 2, 1), ("[[a]]\n[a]", .duplicateTable, 2, 1),
            ("a", .syntax, 1, 2), ("a =", .syntax, 1, 4), ("= 1", .syntax, 1, 1),
            ("a = 1 b", .syntax, 1, 7), ("[a", .syntax, 1, 3), ("[[a]", .syntax, 1, 5),
            ("[]", .syntax, 1, 2), ("a = \"x", .syntax, 1, 5), ("a = [1, 2", .syntax, 1, 5),
            ("a = [1 2]", .syntax, 1, 8), ("a = 007", .syntax, 1, 5), ("a = 1__0", .syntax, 1, 5),
            ("a = 30s", .syntax, 1, 5), ("a = yes", .syntax, 1, 5), ("a = \"\\q\"", .syntax, 1, 7),
            ("a = \"\\ud800\"", .syntax, 1, 7), ("a = 'x\u{1}'", .syntax, 1, 7),
            ("# \u{7F}", .syntax, 1, 3), ("a = {x = 1}", .outsideSubset, 1, 5),
            ("a.b = 1", .outsideSubset, 1, 1), ("a = \"\"\"x\"\"\"", .outsideSubset, 1, 5),
            ("a = 2024-01-01", .outsideSubset, 1, 5), ("a = [[[[[1]]]]]", .outsideSubset, 1, 9),
            ("a = 99999999999999999999", .syntax, 1, 5), ("a = 1.", .syntax, 1, 5),
            ("a = inf", .syntax, 1, 5),
        ] as [(String, ConfigurationCode, Int, Int)]
    )
    func faults(_ text: String, _ code: ConfigurationCode, _ line: Int, _ column: Int) {
        let first = errors(text).first
        #expect(first?.code == code)
        #expect(first?.line == line)
        #expect(first?.column == column)
        #expect(first?.hint.isEmpty == false)
    }

    @Test("nested arrays of tables start anew with each outer element")
    func nesting() throws {
        let text = "[[l]]\n[[l.i]]\n[l.x]\n[[l]]\n[l.x]\n[[l.i]]\n[[l.i]]\n"
        #expect(try parse(text).sections.count == 8)
        #expect(errors("[[l]]\n[l.x]\n[l.x]").first?.code == .duplicateTable)
    }

    @Test("several faults are reported at once, but not without end")
    func several() {
        #expect(errors("a\nb\nc = 1\nd").map(\.line) == [1, 2, 4])
        let many = errors(String(repeating: "a\n", count: 1000))
        #expect(many.count == TOMLReader.errorsMax)
    }

    @Test("bytes that are not UTF-8 are refused at their place")
    func utf8() throws {
        for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82]] {
            let error = #expect(throws: ConfigurationErrors.self) {
                try TOMLDocument.parse(Array("a = 1\n# é".utf8) + bytes, file: "t")
            }
            let first = try #require(error?.errors.first)
            #expect(first.code == .notUTF8)
            #expect(first.line == 2)
            #expect(first.column == 4)
        }
    }

    @Test("a file may have its largest size, and not a byte more")
    func size() throws {
        let most = TOMLDocument.bytesMax
        #expect(try TOMLDocument.parse([UInt8](repeating: 0x20, count: most)).sections.count == 1)
        let error = #expect(throws: ConfigurationErrors.self) {
            try TOMLDocument.parse([UInt8](repeating: 0x20, count: most + 1))
        }
        #expect(error?.errors.first?.code == .tooLarge)
    }

    @Test("truncated and damaged files end in a value or in faults")
    func damage() {
        let bytes = Array(
            "# é\n[limits]\na = [\"x\\u00e9\", 'y', 1_0, -2.5e3] # c\n[[l.\"i\"]]\nb = true\r\n"
                .utf8
        )
        func feed(_ bytes: [UInt8]) -> Int {
            do { return try TOMLDocument.parse(bytes).sections.count } catch {
                #expect(!error.errors.isEmpty)
                return error.errors.count
            }
        }
        for length in 0...bytes.count { #expect(feed(Array(bytes.prefix(length))) > 0) }
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                #expect(feed(damaged) > 0)
            }
        }
    }

    @Test("one line as long as the file takes no quadratic time")
    func longLine() throws {
        let text = "a = [" + String(repeating: "1,", count: 100_000) + "]"
        guard case .array(let values) = try parse(text).sections.first?.pairs.first?.value.kind
        else {
            Issue.record("no array")
            return
        }
        #expect(values.count == 100_000)
        #expect(values.last?.position.column == 5 + 200_000 - 1)
    }
}
