// SPDX-License-Identifier: Apache-2.0
// What the fuzzer of databases and configurations was given, replayed with every `make test`.

import Foundation
import SealPKI
import Testing

@Suite("Fuzz corpus of an authority's files")
struct AuthorityCorpusTests {
    private static let folder = URL(filePath: fuzzCorpus("AuthorityFiles"))

    private func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: Self.folder.appending(path: name)))
    }

    @Test("rows are written as they are read, and nothing traps")
    func replay() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(names.count >= 8)
        for name in names {
            let input = try bytes(name)
            if let row = try? DatabaseRow(parsing: input) {
                #expect(try DatabaseRow(parsing: row.line.dropLast()) == row, "\(name)")
            }
            _ = try? DatabaseCheck.rowCount(input)
            guard let read = try? OpenSSLConfiguration(parsing: input) else { continue }
            _ = try? AuthoritySettings(read, file: name)
        }
    }

    @Test("each says what it was made to say")
    func outcomes() throws {
        for name in ["row-revoked", "row-escaped-tab", "row-compromised-since"] {
            _ = try DatabaseRow(parsing: bytes(name))
        }
        #expect(try DatabaseCheck.rowCount(bytes("database-cut")) == 3)
        #expect(try DatabaseCheck.rowCount(bytes("database-not-utf8")) == 1)
        let read = try OpenSSLConfiguration(parsing: bytes("configuration"))
        #expect(read.value("CA_default", "certificate") == "/a b/c.pem")
        #expect(read.value("q", "v") == "\n\t\\$x")
        let grown = try OpenSSLConfiguration(parsing: bytes("configuration-growing"))
        #expect(grown.value("default", "f")?.utf8.count == 10_240)
        #expect(throws: PKIError(.configuration, "")) {
            try OpenSSLConfiguration(parsing: bytes("configuration-refused"))
        }
    }
}
