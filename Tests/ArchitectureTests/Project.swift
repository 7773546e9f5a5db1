// SPDX-License-Identifier: Apache-2.0
// The files of the project, found from the place of this one.

import Foundation

/// The project's own files, read once.
enum Project {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .standardizedFileURL

    /// Swift files of the package.
    static let swiftFiles: [SourceFile] =
        files(in: ["Sources", "Tests", "Fuzz"]) { $0.hasSuffix(".swift") }
        + [file("Package.swift")].compactMap(\.self)

    /// Swift files that are shipped.
    static let sources = swiftFiles.filter { $0.path.hasPrefix("Sources/") }

    /// Markdown documents.
    static let documents: [SourceFile] =
        files(in: ["Documentation", "Fuzz", "Tests"]) { $0.hasSuffix(".md") }
        + ((try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? [])
        .filter { $0.hasSuffix(".md") }.sorted().compactMap(file)

    /// Scripts, C files, and whatever else carries a licence line.
    static let scripts: [SourceFile] =
        files(in: ["Scripts", ".ci", "Tests/Seeds"]) { !$0.hasPrefix(".") && !$0.hasSuffix(".md") }
        + files(in: ["Sources/CSys"]) { $0.hasSuffix(".c") || $0.hasSuffix(".h") }
        + [file("Makefile")].compactMap(\.self)

    /// Writes a generated page, where `make docs` asks for it.
    static func write(_ page: String, to path: String) throws {
        guard ProcessInfo.processInfo.environment["SEALWIRE_WRITE_DOCS"] == "1" else { return }
        try page.write(to: root.appending(path: path), atomically: true, encoding: .utf8)
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    static func file(_ path: String) -> SourceFile? {
        guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8)
        else { return nil }
        return SourceFile(path: path, text: text)
    }

    private static func files(
        in folders: [String],
        where isWanted: (String) -> Bool
    ) -> [SourceFile] {
        var found: [SourceFile] = []
        for folder in folders {
            let start = root.appending(path: folder)
            guard let walk = FileManager.default.enumerator(atPath: start.path) else { continue }
            for case let path as String in walk {
                let full = folder + "/" + path
                let isSkipped = ["Fuzz/build/", "Fuzz/Corpus/", "Tests/Vectors/"]
                    .contains(where: full.hasPrefix)
                if !isSkipped, isWanted((path as NSString).lastPathComponent),
                    let file = file(full)
                {
                    found.append(file)
                }
            }
        }
        return found.sorted { $0.path < $1.path }
    }
}
