// SPDX-License-Identifier: Apache-2.0
// What the fuzzer was given and what it found, replayed with every `make test`.

import Foundation
import Testing

@Suite("HTTP fuzz corpus")
struct FuzzCorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fuzz/Corpus/HTTPRequest").standardizedFileURL

    @Test("every input reads the same in one piece and byte by byte")
    func replay() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(names.count >= 6)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: name)))
            #expect(transcript(bytes) == transcript(bytes, pieceBytes: 1), "\(name)")
        }
    }

    @Test("the smuggling attempt is refused, the plain request is not")
    func outcomes() throws {
        func last(_ name: String) throws -> String? {
            transcript([UInt8](try Data(contentsOf: Self.folder.appending(path: name)))).last
        }
        #expect(try last("plain") == "end ")
        #expect(try last("smuggling") == "error http.conflicting-length")
        #expect(try last("folded") == "error http.folded-field")
        #expect(try last("tls-hello") == nil)
    }
}
