// SPDX-License-Identifier: Apache-2.0
// What a reason or a hint names must exist: settings, flags and commands. Somebody who follows a
// hint to a setting that there is not has lost an hour.

import Foundation
import Testing

@testable import SealBroker
@testable import SealServer

@Suite("What hints name") struct HintTests {
    /// Words with a hyphen that are no settings.
    private static let plainWords: Set<String> = [
        "certificate-authority", "verification-code", "ca-certificates", "ssh-keygen",
        "import-trust",
    ]

    private static let settings: Set<String> = {
        var names: Set<String> = []
        func add<Section>(_ rows: [Setting<Section>]) { names.formUnion(rows.map(\.name)) }
        add(ListenerSettings.settings)
        add(ListenerIdentity.settings)
        add(Limits.settings)
        add(RegistrySettings.settings)
        add(APISettings.settings)
        add(ShardSettings.settings)
        add(LogSettings.settings)
        add(MetricsSettings.settings)
        add(DrainSettings.settings)
        add(ReloadSettings.settings)
        add(SysSettings.settings)
        return names
    }()

    private struct Hint {
        var place: String
        var text: String
    }

    private let sources: String
    private let hints: [Hint]

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources")
        var sources = ""
        var hints: [Hint] = []
        let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)
        while let file = files?.nextObject() as? URL {
            guard file.pathExtension == "swift" else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            sources += text
            for found in text.matches(of: /hint: *((?:"(?:[^"\\\n]|\\.)*"[ \n+]*)+)/) {
                hints.append(Hint(place: file.lastPathComponent, text: String(found.1)))
            }
        }
        for entry in ReasonCatalogue.entries {
            let text = "\(entry.sentence); \(entry.hint)"
            hints.append(Hint(place: entry.code.rawValue, text: text))
        }
        self.sources = sources
        self.hints = hints
    }

    @Test("there are hints enough to look at")
    func found() { #expect(hints.count > 250 && Self.settings.count > 80) }

    @Test("every setting that a hint names exists")
    func settings() {
        for hint in hints {
            for found in hint.text.matches(of: /(^|[^-a-z.\/])([a-z]+(?:-[a-z0-9]+)+)/) {
                let word = String(found.2)
                guard !Self.plainWords.contains(word) else { continue }
                #expect(Self.settings.contains(word), "\(hint.place): \(word)")
            }
        }
    }

    @Test("every flag that a hint names exists")
    func flags() {
        for hint in hints {
            for found in hint.text.matches(of: /--([a-z][-a-z0-9]*)/) {
                let flag = String(found.1)
                let exists =
                    sources.contains("\"--\(flag)\"") || sources.contains("\"\(flag)\"")
                #expect(exists, "\(hint.place): --\(flag)")
            }
        }
    }

    @Test("every command that a hint names exists")
    func commands() {
        let nouns: Set<String> = [
            "ca", "cert", "keystore", "keygen", "device", "tenant", "trust", "policy", "session",
            "ctx", "config",
        ]
        for hint in hints {
            for found in hint.text.matches(of: /\bsealwired? ([a-z]+)(?: ([a-z][-a-z]*))?/) {
                let noun = String(found.1)
                let isCommand = sources.contains("\"\(noun)\"")
                #expect(isCommand, "\(hint.place): \(found.0)")
                guard nouns.contains(noun), let verb = found.2 else { continue }
                let isVerb =
                    sources.contains("\"\(verb)\"") || sources.contains("\"\(noun) \(verb)\"")
                #expect(isVerb, "\(hint.place): \(found.0)")
            }
        }
    }
}
