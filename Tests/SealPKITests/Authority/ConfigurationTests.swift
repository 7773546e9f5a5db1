// SPDX-License-Identifier: Apache-2.0
// Configuration files in OpenSSL's form.

import Testing

@testable import SealPKI

@Suite("A configuration file")
struct ConfigurationTests {
    private func read(_ text: String) throws -> OpenSSLConfiguration {
        try OpenSSLConfiguration(
            parsing: Array(text.utf8),
            environment: { $0 == "PLACE" ? "/env" : nil }
        )
    }

    @Test("of the guide is read as its readers mean it")
    func guide() throws {
        let read = try read(SeedConfiguration.text("/home/user/ca Certificate"))
        #expect(read.value("ca", "default_ca") == "CA_default")
        #expect(read.value("CA_default", "dir") == "/home/user/ca Certificate")
        #expect(
            read.value("CA_default", "crlnumber") == "/home/user/ca Certificate/crl/crlnumber"
        )
        #expect(
            read.value("v3_ca", "basicConstraints") == "critical, CA:true, pathlen:10"
        )
        let policy = try #require(read.entries("signing_policy"))
        #expect(policy.map(\.name).first == "countryName")
        #expect(
            policy.map(\.value) == Array(repeating: "optional", count: 4) + [
                "supplied", "optional",
            ]
        )
        let settings = try AuthoritySettings(read, file: "/etc/x.cnf")
        #expect(settings.database == "/home/user/ca Certificate/database.txt")
        #expect(settings.defaultCRLSeconds == Int64(2_592_000))
        #expect(settings.defaultDays == 375)
        #expect(!settings.isSubjectPreserved)
        #expect(settings.requestedExtensions == .none)
    }

    @Test(
        "takes quotes, escapes, continued lines, variables and sections as openssl does",
        arguments: [
            ("v = a b  # c", "a b"), ("v = \"a # b\" # c", "a # b"), ("v = 'it''s'", "its"),
            ("v = a\\#b", "a#b"), ("v = a\\nb\\tc", "a\nb\tc"), ("v = a\\\nb", "ab"),
            ("v = a\\\\\nw = b", "a\\"), ("x = 1\nv = $x$x", "11"), ("x = 1\nv = ${x}2", "12"),
            ("x = 1\nv = $(x)2", "12"), ("[ s ]\ny = 2\n[ t ]\nv = $s::y", "2"),
            ("v = $ENV::PLACE/x", "/env/x"), ("v = a\nv = b", "b"), ("x = 1\n[ t ]\nv = $x", "1"),
            ("v = \\$x", "$x"), ("v=", ""), ("[ t ]\nt::v = 5", "5"), ("v = `a$b`", "a$b"),
            ("[ two words ]\nv = 1", "1"), ("\u{FEFF}v = 1", "1"), ("v = 1\r\n", "1"),
            ("# c\\\nw = 2\nv = 1", "1"), ("v = ü", "ü"),
        ]
    )
    func syntax(_ text: String, _ value: String) throws {
        let read = try read(text)
        let found = read.sectionNames.compactMap { name in
            read.entries(name)?.last { $0.name == "v" }?.value
        }
        #expect(found == [value])
    }

    @Test(
        "that is wrong says where and what",
        arguments: [
            ("a = 1\nb 2", "line 2: there is no \"=\""), ("[ x", "line 1: the section's name"),
            ("v = $gone", "line 1: the variable $gone has no value"),
            ("v = ${x", "line 1: the variable $x has no closing brace"),
            ("x = 1\nv = $s::x2", "line 2: the variable $s::x2"),
            (".include other.cnf", "line 1: .include is not supported"),
            ("\n.pragma = x", "line 2: .pragma is not supported"),
            ("v = $v", "line 1: the variable $v has no value"),
            ("a\0b = 1", "line 1: it holds a NUL"),
        ]
    )
    func faults(_ text: String, _ part: String) {
        do {
            _ = try read(text)
            Issue.record("\(text) was read")
        } catch let error as PKIError {
            #expect(error.code == .configuration)
            #expect(error.reason.hasPrefix(part), "\(error.reason)")
        } catch { Issue.record("\(error)") }
    }

    @Test("keeps its bounds: at each it is read, one above it is refused")
    func bounds() throws {
        let limit = OpenSSLConfiguration.valueBytesMax
        let half = String(repeating: "a", count: limit / 2)
        #expect(try read("h = \(half)\nv = $h$h").value("x", "v")?.utf8.count == limit)
        #expect(throws: PKIError(.configuration, "")) { try read("h = \(half)\nv = $h${h}b") }

        let entries = (0..<OpenSSLConfiguration.entriesMax).map { "e\($0 % 7) = 1\n" }.joined()
        _ = try read(entries)
        #expect(throws: PKIError(.configuration, "")) { try read(entries + "x = 1") }

        let whole = String(repeating: "#", count: OpenSSLConfiguration.bytesMax)
        _ = try read(whole)
        #expect(throws: PKIError(.configuration, "")) { try read(whole + "#") }

        // Doubling: 17 lines that would grow to 128 KiB each, and many of 64 KiB.
        var text = "v0 = ab\n"
        for number in 1...15 { text += "v\(number) = $v\(number - 1)$v\(number - 1)\n" }
        _ = try read(text)
        #expect(throws: PKIError(.configuration, "")) { try read(text + "w = $v15$v15") }
        let many = (0..<64).map { "w\($0) = $v15\n" }.joined()
        #expect(throws: PKIError(.configuration, "")) { try read(text + many) }
    }

    @Test("cut short or with a flipped bit is refused or read, never a trap")
    func hostile() {
        let whole = Array(SeedConfiguration.text("/a${x}'b'\\\n").utf8)
        for count in stride(from: 0, to: whole.count, by: 3) {
            _ = try? OpenSSLConfiguration(parsing: Array(whole[..<count]))
        }
        for bit in stride(from: 0, to: whole.count * 8, by: 5) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << (bit % 8)
            guard let read = try? OpenSSLConfiguration(parsing: bytes) else { continue }
            _ = try? AuthoritySettings(read, file: "x.cnf")
        }
    }

    @Test(
        "that asks for what we do not do, or says nonsense, is refused by name",
        arguments: [
            ("default_startdate = 1", "default_startdate"), ("engine = x", "engine"),
            ("default_days = x", "default_days"), ("copy_extensions = some", "copy_extensions"),
            ("preserve = maybe", "preserve"), ("policy = gone", "policy"),
            ("database =", "database"), ("serial =", "serial"),
        ]
    )
    func settings(_ line: String, _ word: String) throws {
        let text = SeedConfiguration.text("/x").replacing(
            "[ req ]",
            with: "\(line)\n[ req ]"
        )
        do {
            _ = try AuthoritySettings(try read(text), file: "f.cnf")
            Issue.record("\(line) was taken")
        } catch let error as PKIError {
            #expect(error.code == .configuration)
            #expect(error.reason.contains(word), "\(error.reason)")
        }
    }

    @Test("escaped for OpenSSL means the same again")
    func plainText() throws {
        let text = "[ a ]\nv = \"q ' ` # $ \\\\ \"  \nw = \\ti  \\n \n[ b c ]\nx = 1"
        let once = try read(text)
        let again = try OpenSSLConfiguration(parsing: once.plainText)
        #expect(again.sectionNames == once.sectionNames)
        for name in once.sectionNames { #expect(again.entries(name) == once.entries(name)) }
        _ = try ConfigurationOwner(once)
    }
}
