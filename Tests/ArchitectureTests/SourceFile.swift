// SPDX-License-Identifier: Apache-2.0
// A file as its lines, and as its lines without comments and string literals.

/// One text file of the project.
struct SourceFile: Sendable {
    /// The path from the root of the project.
    let path: String
    /// The lines as they are.
    let lines: [String]
    /// The lines with comments and the insides of string literals blanked.
    let code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        code = path.hasSuffix(".swift") ? Self.blanked(text) : lines
    }

    /// The module of a file in Sources, or nil.
    var room: String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    /// Lines, without the empty one after the last line feed.
    var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }

    /// A finding for each line of code in which the pattern occurs.
    ///
    /// Only lines with one of the words are looked at closely.
    func findings(
        _ pattern: Regex<Substring>,
        in words: [String],
        _ advice: String
    ) -> [Finding] {
        let pattern = pattern.wordBoundaryKind(.simple)
        return code.enumerated().compactMap { index, line in
            words.contains(where: line.contains) && line.contains(pattern)
                ? Finding(path: path, line: index + 1, advice: advice) : nil
        }
    }

    /// Blanks what is not code.
    ///
    /// It knows comments (nested ones too) and string literals, raw and of several lines.
    /// Interpolations are blanked with their string.
    private static func blanked(_ text: String) -> [String] {
        var lexer = Blanker(bytes: Array(text.utf8))
        return lexer.run().split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }
}

private struct Blanker {
    let bytes: [UInt8]
    var index = 0
    var output: [UInt8] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func run() -> String {
        while index < bytes.count {
            let byte = bytes[index]
            let mayBegin =
                byte == UInt8(ascii: "/") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "\"")
            if !mayBegin {
                output.append(byte)
                index += 1
            } else if starts("//") {
                blank { $0.bytes[$0.index] == 0x0A }
            } else if starts("/*") {
                blankComment()
            } else if bytes[index] == UInt8(ascii: "\"") || isRawString {
                blankString()
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private func starts(_ text: String) -> Bool { bytes[index...].starts(with: text.utf8) }

    private var isRawString: Bool {
        guard bytes[index] == UInt8(ascii: "#") else { return false }
        let rest = bytes[index...].drop { $0 == UInt8(ascii: "#") }
        return rest.first == UInt8(ascii: "\"")
    }

    /// Leaves out one byte, keeping line feeds.
    private mutating func skip(_ count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            if bytes[index] == 0x0A { output.append(0x0A) }
            index += 1
        }
    }

    private mutating func blank(until isEnd: (Self) -> Bool) {
        while index < bytes.count, !isEnd(self) { skip() }
    }

    private mutating func blankComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                skip(2)
            } else if starts("*/") {
                depth -= 1
                skip(2)
            } else {
                skip()
            }
        } while depth > 0 && index < bytes.count
    }

    private mutating func blankString() {
        let hashes = bytes[index...].prefix { $0 == UInt8(ascii: "#") }.count
        skip(hashes)
        let quotes = starts("\"\"\"") ? 3 : 1
        skip(quotes)
        output.append(contentsOf: "\"".utf8)
        let mark = String(repeating: "#", count: hashes)
        let end = String(repeating: "\"", count: quotes) + mark
        var depth = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "\"") && depth == 0
                && byte != 0x0A
            {
                index += 1
            } else if starts("\\\(mark)(") {
                depth += 1
                skip(2 + hashes)
            } else if starts("\\\(mark)") {
                skip(2 + hashes)
            } else if depth == 0, starts(end) {
                skip(end.utf8.count)
                break
            } else {
                // Inside an interpolation, parentheses are counted until it ends.
                if depth > 0, starts("(") { depth += 1 }
                if depth > 0, starts(")") { depth -= 1 }
                if depth == 0, quotes == 1, starts("\n") { break }
                skip()
            }
        }
        output.append(contentsOf: "\"".utf8)
    }
}
