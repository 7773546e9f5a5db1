// SPDX-License-Identifier: Apache-2.0
// What the fuzzer of names, rules and SCRAM messages once found, and the inputs it begins with.

import Foundation
import Testing

@testable import SealBroker
import SealBytes

@Suite("The corpus of login texts") struct LoginTextsCorpusTests {
    @Test("no input of the corpus traps or opens another device's space")
    func corpus() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fuzz/Corpus/LoginTexts").standardizedFileURL
        let files = try FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: nil
        )
        #expect(files.count >= 8)
        for file in files {
            let input = Array(try Data(contentsOf: file))
            let text = String(decoding: input, as: UTF8.self)
            let level = DeviceTopicName.encode(Name(text))
            #expect(DeviceTopicName.decode(level)?.utf8.elementsEqual(text.utf8) == true)
            _ = UserName(Name(text))
            var server = ScramServer()
            _ = try? server.first(input)
            let rule = PolicyRule(
                tenant: 1,
                position: 1,
                effect: .allow,
                act: .both,
                filter: Name(text)
            )
            let test = PolicyTest(
                tenant: Tenant(number: 1, id: "t"),
                rules: [rule],
                subject: .device(identifier: "own")
            )
            let answer = test.answer(.publish, topic: "v1/devices/other/x")
            #expect(!answer.isAllowed || text.utf8.starts(with: "v1/devices/".utf8))
            _ = test.answer(.subscribe, topic: text)
        }
    }
}
