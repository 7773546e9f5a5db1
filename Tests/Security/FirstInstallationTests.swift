// SPDX-License-Identifier: Apache-2.0
// What a first installation opens to the network: nothing that nobody asked for.

import Foundation
import Testing

@testable import SealServer

@Suite("The addresses of a first installation") struct FirstInstallationTests {
    private func addresses(_ more: [String]) throws -> [[String]] {
        let folder = FileManager.default.temporaryDirectory.path + "/init-\(UUID().uuidString)"
        let code = try InitCommand.run(["--dir", folder, "--tenant", "main"] + more)
        #expect(code == 0)
        let file = "\(folder)/sealwire.conf"
        let bytes = Array(try Data(contentsOf: URL(filePath: file)))
        let loaded = try Configuration.load(bytes, file: file, environment: [:])
        return loaded.configuration.listeners.map(\.bind)
    }

    @Test("without a word it is this machine only")
    func silent() throws {
        #expect(try addresses([]) == [["localhost"], ["localhost"]])
    }

    @Test("all addresses, when they are asked for")
    func all() throws {
        #expect(try addresses(["--bind", "*"]) == [["*"], ["*"]])
    }

    @Test("some addresses")
    func some() throws {
        let wanted = ["192.0.2.7", "::1"]
        #expect(try addresses(["--bind", "192.0.2.7,::1"]) == [wanted, wanted])
    }

    @Test(
        "what is no address is refused before anything is made",
        arguments: ["", "here", "1.2.3"]
    )
    func wrong(text: String) {
        let folder = FileManager.default.temporaryDirectory.path + "/init-\(UUID().uuidString)"
        #expect(throws: UsageError.self) {
            try InitCommand.run(["--dir", folder, "--tenant", "main", "--bind", text])
        }
        #expect(!FileManager.default.fileExists(atPath: folder))
    }
}
