// SPDX-License-Identifier: Apache-2.0
// Where functions begin and end, found by their braces. Enough for rules of size and safety.

/// A function, initialiser, subscript or computed property with its body.
struct Declaration {
    /// The lines from its first to its closing brace, counted from 0.
    var lines: ClosedRange<Int>
}

enum Declarations {
    nonisolated(unsafe) private static let head =
        #/
        ^\s*
        (?: (?: @\w+ (?:\([^)]*\))?
        | (?:public|package|internal|private|fileprivate|static|class|final|override|mutating
        |nonmutating|borrowing|consuming|nonisolated|convenience|required|isolated|lazy|indirect
        |unowned|weak) (?:\([a-z]+\))? ) \s+ )*
        (?: func\b | init[?\(<] | deinit\b | subscript\b | (?:var|let)\b.*\{[^\}]*$ )
        /#
    nonisolated(unsafe) private static let nextDeclaration =
        #/
        ^\s*
        (?: @ | (?:public|package|internal|private|static|mutating|func|var|let|case
        |associatedtype)\b | init[?\(<] )
        /#

    /// One of them is in every declaration: a quick look before the slow one.
    private static let words = ["func", "init", "subscript", "var ", "let "]

    /// All declarations with bodies; nested ones too.
    static func all(in file: SourceFile) -> [Declaration] {
        file.code.indices.compactMap { index in
            let line = file.code[index]
            guard words.contains(where: line.contains), line.contains(head) else { return nil }
            return end(of: index, in: file.code).map { Declaration(lines: index...$0) }
        }
    }

    /// The line of the brace that closes the body, or nil when there is no body.
    private static func end(of start: Int, in code: [String]) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            if index > start, braces == 0, parentheses == 0, code[index].contains(nextDeclaration) {
                return nil
            }
            for byte in code[index].utf8 {
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"): parentheses -= 1
                case UInt8(ascii: "{"): braces += 1
                case UInt8(ascii: "}"):
                    if braces == 0 { return nil }
                    braces -= 1
                    if braces == 0, parentheses == 0 { return index }
                default: break
                }
            }
        }
        return nil
    }
}
