// SPDX-License-Identifier: Apache-2.0
// The programs that our files are shown to, and folders for their files.

import Foundation
import Testing

/// The folder with the fuzz target's inputs.
func fuzzCorpus(_ target: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fuzz/Corpus/\(target)").standardizedFileURL.path
}

/// What a program said when it ended.
struct PeerOutcome: CustomStringConvertible {
    let code: Int32
    /// Standard output and standard error together.
    let text: String

    var description: String { "exit \(code): \(text)" }
}

/// A folder for one test; it goes away with it.
final class PeerFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "seal-peer-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(filePath: file(name)))
    }

    func write(_ text: String, _ name: String) throws { try write(Array(text.utf8), name) }

    func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: file(name))))
    }

    func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

    /// Runs a script of the shell in the folder.
    @discardableResult
    func shell(_ script: String, isFine: Bool = true) throws -> PeerOutcome {
        let process = Process()
        // The threads of a test block signals, which a shell would inherit.
        process.executableURL = URL(filePath: "/usr/bin/perl")
        let unblock = "use POSIX; sigprocmask(SIG_SETMASK, POSIX::SigSet->new()); exec @ARGV"
        process.arguments = ["-e", unblock, "/bin/sh", "-c", script]
        process.currentDirectoryURL = URL(filePath: path)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let outcome = PeerOutcome(
            code: process.terminationStatus,
            text: String(decoding: data, as: UTF8.self)
        )
        if isFine { #expect(outcome.code == 0, "\(script): \(outcome)") }
        return outcome
    }
}
