// SPDX-License-Identifier: Apache-2.0
// What is wrong with a line of a password or ACL file. Not here: what the daemon does about it.

/// A line of an access file that cannot be used.
public struct AccessFileFault: Error, Sendable, Equatable {
    /// The file.
    public var file: String
    /// The line, counted from 1.
    public var line: Int
    /// What is wrong, as a sentence.
    public var message: String

    /// `file:line: message`.
    public var text: String { "\(file):\(line): \(message)" }
}

/// The lines of a text file with their numbers, blanks around them removed.
enum AccessFileLines {
    /// The longest file that is read.
    static let bytesMax = 64 * 1_048_576

    static func split(
        _ bytes: [UInt8],
        file: String
    ) throws(AccessFileFault) -> [(number: Int, text: Substring)] {
        guard bytes.count <= bytesMax else {
            throw AccessFileFault(
                file: file,
                line: 1,
                message: "the file has more than \(bytesMax) bytes"
            )
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let line = firstInvalidLine(bytes)
            throw AccessFileFault(file: file, line: line, message: "this is not UTF-8")
        }
        var lines: [(number: Int, text: Substring)] = []
        // By scalars: CR LF is one Character, a lone LF another.
        for (index, line) in text.unicodeScalars.split(
            separator: "\n",
            omittingEmptySubsequences: false
        ).enumerated() {
            lines.append((index + 1, trimmed(Substring(line))))
        }
        return lines
    }

    private static func firstInvalidLine(_ bytes: [UInt8]) -> Int {
        var line = 1
        for part in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if String(validating: part, as: UTF8.self) == nil { return line }
            line += 1
        }
        return line
    }

    static func trimmed(_ text: Substring) -> Substring {
        func isBlank(_ scalar: Unicode.Scalar) -> Bool {
            scalar == " " || scalar == "\t" || scalar == "\r"
        }
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isBlank($0) }),
            let last = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return text[first..<scalars.index(after: last)]
    }
}
