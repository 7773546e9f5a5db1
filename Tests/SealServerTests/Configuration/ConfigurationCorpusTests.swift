// SPDX-License-Identifier: Apache-2.0
// What the fuzzer was given and what it found, replayed with every `make test`.

import Foundation
import SealServer
import Testing

@Suite("The fuzz corpus of configurations") struct ConfigurationCorpusTests {
    @Test("every input is a configuration, or has faults with a place and a hint")
    func replay() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fuzz/Corpus/Configuration").standardizedFileURL
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 10)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            do throws(ConfigurationErrors) {
                _ = try Configuration.load(bytes, file: name)
                #expect(name.hasPrefix("listener"), "\(name) is taken")
            } catch {
                #expect(name.hasPrefix("fault"), "\(name): \(error.text)")
                #expect(!error.errors.isEmpty)
                let lineCount = bytes.count { $0 == 0x0A } + 1
                for fault in error.errors {
                    #expect((1...lineCount).contains(fault.line), "\(name): \(fault.text)")
                    #expect(!fault.message.isEmpty)
                }
            }
        }
    }
}
