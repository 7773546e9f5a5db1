// SPDX-License-Identifier: Apache-2.0
// What the tests of `keystore` and `keygen` share: a folder, the program, and other people's
// programs in it.

import Foundation
import SealPKI
import Testing

/// A folder that goes when the test ends, with two passwords in files.
final class StoreBench {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "seal-keystore-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        for (name, secret) in [
            ("store", "store-secret"), ("key", "key-secret"), ("new", "new-one"),
        ] {
            try write("\(name).pass", Array("\(secret)\n".utf8))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Files.write(bytes, to: path(name), mode: 0o600)
    }

    func read(_ name: String) throws -> [UInt8] { try Files.read(path(name)) }

    /// Runs a line of the shell in the folder, where `sealwire` is ours.
    @discardableResult
    func run(_ line: String, exit: Int32 = 0) throws -> Outcome {
        let place = (Paths.program as NSString).deletingLastPathComponent
        let outcome = try Shell.run(
            "/bin/bash",
            ["-c", "cd '\(folder)' && PATH='\(place)':/usr/bin:/bin && \(line)"]
        )
        #expect(outcome.exitCode == exit, "\(line)\n\(outcome.output)\(outcome.errors)")
        return outcome
    }

    /// The permissions of a file.
    func mode(_ name: String) throws -> Int {
        let about = try FileManager.default.attributesOfItem(atPath: path(name))
        return (about[.posixPermissions] as? NSNumber)?.intValue ?? 0
    }
}
