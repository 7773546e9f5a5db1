// SPDX-License-Identifier: Apache-2.0
// What the fuzzer was given and what it found, replayed with every `make test`.

import Foundation
import SealBroker
import Testing

@Suite("The fuzz corpus of access files") struct AccessFilesCorpusTests {
    @Test("every input ends in a table and in a policy or faults")
    func replay() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fuzz/Corpus/AccessFiles").standardizedFileURL
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 4)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            let table = PasswordTable(parsing: bytes, file: name)
            #expect(table.count == (name == "passwords" ? 2 : name.hasPrefix("acl") ? 0 : 1))
            let (policy, faults) = Policy.parse(bytes, file: name)
            #expect((policy == nil) == !faults.isEmpty)
            #expect((policy != nil) == name.hasPrefix("acl"))
        }
    }
}
