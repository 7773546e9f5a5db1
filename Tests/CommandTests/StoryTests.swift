// SPDX-License-Identifier: Apache-2.0
// The stories in `Scripts`, told by our program and by mosquitto's.

import Foundation
import Testing

@Suite("Stories of commands")
struct StoryTests {
    static let stories = ["pub", "sub", "format", "rr", "tls", "stores", "ours"].flatMap(Story.all)
    static let shared = stories.filter { $0.steps.contains(where: \.isShared) }

    @Test("the stories are found")
    func found() {
        #expect(Self.stories.count > 90)
        #expect(Self.shared.count > 60)
    }

    @Test("sealwire does as the story tells", arguments: stories)
    func ours(story: Story) throws {
        try tell(story, isOurs: true)
    }

    @Test(
        "mosquitto's tools do as the same story tells",
        .enabled(if: Paths.hasMosquitto, "mosquitto-clients is not installed"),
        arguments: shared
    )
    func theirs(story: Story) throws {
        try tell(story, isOurs: false)
    }

    private func tell(_ story: Story, isOurs: Bool) throws {
        let broker = try Broker.shared.get()
        let words = broker.words("x" + UUID().uuidString.prefix(8))
        for step in story.steps where isOurs || step.isShared {
            var arguments = Shell.split(Shell.fill(step.words, words))
            let command = arguments.removeFirst()
            let isTool = ["pub", "sub", "rr"].contains(command)
            if isTool { arguments = ["-h", "127.0.0.1", "-p", broker.port("port")] + arguments }
            let outcome = try Shell.run(
                isOurs ? Paths.program : "/usr/bin/mosquitto_\(command)",
                isOurs ? [command] + arguments : arguments,
                input: step.input
            )
            let comment = Comment(rawValue: "\(step.words): \(outcome.errors)")
            // mosquitto's tools tell of TLS with 8 or with 1, depending on when it fails.
            let isTLSFailure = !isOurs && step.exitCode == 8 && outcome.exitCode == 1
            #expect(outcome.exitCode == step.exitCode || isTLSFailure, comment)
            #expect(
                Self.isExpected(outcome.output, Shell.fill(step.output, words)),
                """
                \(step.words) printed:
                \(outcome.output)
                """
            )
            guard isOurs else { continue }
            for part in step.errorParts { #expect(outcome.errors.contains(part), comment) }
            if step.isSilent { #expect(outcome.errors.isEmpty, comment) }
        }
    }

    /// Whether the output is the expected one; `{time}` and `{digits}` stand for what changes.
    private static func isExpected(_ output: String, _ expected: String) -> Bool {
        guard expected.contains("{time}") || expected.contains("{digits}") else {
            return output == expected
        }
        let pattern = NSRegularExpression.escapedPattern(for: expected)
            .replacingOccurrences(
                of: "\\{time\\}",
                with: #"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000"#
            )
            .replacingOccurrences(
                of: "\\{digits\\}",
                with: #"\d{4}\d{9} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000 \d{10}\.\d{9}"#
            )
        let range = output.range(of: "^\(pattern)$", options: .regularExpression)
        return range == output.startIndex..<output.endIndex
    }
}
