// SPDX-License-Identifier: Apache-2.0
// What the fuzzer was given and what it found, replayed with every `make test`.

import Foundation
import SealBytes
import Testing

@Suite("JSON fuzz corpus")
struct JSONCorpusTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../Fuzz/Corpus/JSONText").standardizedFileURL

    @Test("every input is refused, or comes back the same when it is written and read again")
    func replay() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
        #expect(names.count >= 9)
        var readCount = 0
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: Self.folder.appending(path: name)))
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            readCount += 1
            let again = try JSONValue(parsing: value.bytes)
            #expect(again == value && again.line == value.line, "\(name)")
        }
        #expect(readCount >= 3)
    }
}
