// SPDX-License-Identifier: Apache-2.0
// What the fuzzer of mosquitto.conf files was given and found, replayed with every `make test`.

import Foundation
import SealServer
import Testing

@Suite("The fuzz corpus of mosquitto.conf files") struct MosquittoCorpusTests {
    @Test("every input becomes a configuration that is taken, or a note says that it does not")
    func replay() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fuzz/Corpus/MosquittoFile").standardizedFileURL
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 5)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            let text = String(decoding: bytes, as: UTF8.self)
            for length in 0...bytes.count {
                let cut = String(decoding: bytes.prefix(length), as: UTF8.self)
                check(cut, "\(name) cut at \(length)")
            }
            for index in bytes.indices {
                var copy = bytes
                copy[index] ^= 0x20
                check(String(decoding: copy, as: UTF8.self), "\(name) changed at \(index)")
            }
            check(text, name)
        }
    }

    private func check(_ text: String, _ what: String) {
        let result = MosquittoImport.run(text: text, path: "m", readFile: { _ in nil })
        do throws(ConfigurationErrors) {
            _ = try Configuration.load(Array(result.sealwireConf.utf8), file: "f")
        } catch {
            #expect(result.decidesAccess, "\(what): \(error.text)")
        }
        #expect(result.notes.allSatisfy { !$0.message.isEmpty }, "\(what)")
    }
}
