// SPDX-License-Identifier: Apache-2.0
// A process that is killed in the middle of a large change leaves a whole registry.

import Foundation
import SealBroker
import Testing

@testable import SealStore

@Suite("Registry: crash")
struct CrashTests {
    private static let rows = 100_000

    /// Where the programs of this build are: beside the tests.
    private static let program: URL = {
        let bundle = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }
        let folder = bundle?.bundleURL.deletingLastPathComponent() ?? Bundle.main.bundleURL
        return folder.appending(path: "registry-bench")
    }()

    @Test(
        "killed in the middle of 100,000 rows, what was committed is there and the rest is not",
        arguments: ["begun", "rows 10000", "rows 60000", "rows 100000"]
    )
    func killed(after line: String) throws {
        let folder = try Folder()
        let process = Process()
        process.executableURL = Self.program
        process.arguments = ["fill", folder.registry, "\(Self.rows)"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var text = ""
        while !text.contains(line + "\n") {
            let part = pipe.fileHandleForReading.availableData
            if part.isEmpty { break }
            text += String(decoding: part, as: UTF8.self)
        }
        #expect(text.contains(line + "\n"), "it said: \(text)")
        // In the very end it may be anywhere in the commit.
        if line == "rows 100000" { usleep(UInt32.random(in: 0..<200_000)) }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let registry = try SQLiteRegistry(path: folder.registry)
        let answer = try registry.read { (connection: Connection) throws(RegistryError) in
            try connection.word("PRAGMA integrity_check")
        }
        #expect(answer == "ok")
        let page = try registry.devices(
            tenant: 1,
            DeviceQuery(),
            PageRequest(limit: 1, wantsTotal: true)
        )
        let total = try #require(page.total)
        #expect(page.items.first?.identifier == "device-1000000000")
        #expect(total == 1 || (total == 1 + Self.rows && line == "rows 100000"))
        let counted = try registry.read { (connection: Connection) throws(RegistryError) in
            try connection.word("SELECT amount FROM tallies WHERE kind = 'devices'")
        }
        #expect(counted == "\(total)")
        let credentials = try registry.read { (connection: Connection) throws(RegistryError) in
            try connection.word("SELECT count(*) FROM credentials")
        }
        #expect(credentials == "\(total - 1)")
        _ = try registry.put { w throws(RegistryError) in try w.add(Sample.device("after")) }
    }
}
