// SPDX-License-Identifier: Apache-2.0
// Stories of commands, read from text files: what is typed, what comes out, and the exit code.

import Foundation
import Testing

/// One command of a story with what is expected of it.
struct StoryStep: Sendable {
    var words: String
    /// Whether mosquitto's tool does the same.
    var isShared: Bool
    var input = ""
    var output = ""
    var errorParts: [String] = []
    var isSilent = false
    var exitCode: Int32 = 0
}

/// Some commands that belong together.
struct Story: Sendable, CustomTestStringConvertible {
    var title: String
    var steps: [StoryStep] = []

    var testDescription: String { title }

    /// All stories of a file in `Scripts`.
    ///
    /// `= title`, `$ command` for both tools, `% command` for ours alone; before a command
    /// `< line of input`, after it `> line of output`, `>- output without newline`,
    /// `! part of an error`, `?!` no error text, `? exit code`. `<*3 line` and `>*3 line` are
    /// three numbered lines.
    static func all(in name: String) -> [Story] {
        let path = "\(Paths.root)/Tests/CommandTests/Scripts/\(name).txt"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        var stories: [Story] = []
        var input = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let rest = String(line.dropFirst(line.dropFirst().first == " " ? 2 : 1))
            var step: StoryStep {
                get {
                    stories[stories.count - 1].steps.last ?? StoryStep(words: "", isShared: false)
                }
                set {
                    let last = stories[stories.count - 1].steps.count - 1
                    stories[stories.count - 1].steps[last] = newValue
                }
            }
            switch line.first {
            case "=": stories.append(Story(title: rest))
            case "$", "%":
                stories[stories.count - 1].steps.append(
                    StoryStep(words: rest, isShared: line.first == "$", input: input)
                )
                input = ""
            case "<": input += lines(rest)
            case ">" where rest.hasPrefix("-"): step.output += rest.dropFirst(2)
            case ">": step.output += lines(rest)
            case "!": step.errorParts.append(rest)
            case "?" where rest.hasPrefix("!"): step.isSilent = true
            case "?": step.exitCode = Int32(rest) ?? -1
            default: break
            }
        }
        return stories
    }

    private static func lines(_ text: String) -> String {
        guard text.hasPrefix("*"), let blank = text.firstIndex(of: " "),
            let count = Int(text[text.index(after: text.startIndex)..<blank])
        else { return text + "\n" }
        let rest = text[text.index(after: blank)...]
        return (1...count).map { "\(rest) \($0)\n" }.joined()
    }
}

/// Where things are.
enum Paths {
    static let root = String(#filePath.dropLast("/Tests/CommandTests/Story.swift".count))

    /// The program under test, beside the tests' own.
    static let program: String = {
        let tests = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
        let beside = (tests as NSString).deletingLastPathComponent + "/sealwire"
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return root + "/.build/debug/sealwire"
    }()

    static let hasMosquitto = ["pub", "sub", "rr"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/mosquitto_\($0)")
    }
}
