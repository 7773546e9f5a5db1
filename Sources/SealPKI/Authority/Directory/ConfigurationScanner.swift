// SPDX-License-Identifier: Apache-2.0
// The characters of a configuration line: comments, names, quotes, escapes and variables, as
// OpenSSL's own reader takes them. Nothing is looked up here.

/// The lines of a file, with continued ones joined.
struct ConfigurationLines {
    private let bytes: [UInt8]
    private var position = 0
    private var number = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // A byte order mark is no name.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The next line and the number of its first part; nil after the last.
    mutating func next() throws(PKIError) -> (bytes: ArraySlice<UInt8>, number: Int)? {
        guard position < bytes.count else { return nil }
        let first = number + 1
        var joined: [UInt8] = []
        while position < bytes.count {
            let end = bytes[position...].firstIndex(of: 0x0A) ?? bytes.count
            var part = bytes[position..<end]
            number += 1
            position = end + 1
            while part.last == 0x0D { part.removeLast() }
            if part.contains(0) {
                throw PKIError(.configuration, "line \(number): it holds a NUL byte")
            }
            let before = part.count > 1 ? part[part.endIndex - 2] : 0
            let isContinued = part.last == UInt8(ascii: "\\") && before != UInt8(ascii: "\\")
            if joined.isEmpty, !isContinued { return (part, first) }
            joined.append(contentsOf: isContinued ? part.dropLast() : part)
            if !isContinued { break }
        }
        return (joined[...], first)
    }
}

/// A position in one line.
struct ConfigurationScanner {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The byte at the position.
    var next: UInt8? { rest.first }

    mutating func advance() { rest = rest.dropFirst() }

    static func isQuote(_ byte: UInt8) -> Bool { byte == 0x22 || byte == 0x27 || byte == 0x60 }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
    }

    private static func isVariable(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }

    private static let marks = Array("!.%&*+,/;?@^~|-".utf8)

    private static func isName(_ byte: UInt8) -> Bool { isVariable(byte) || marks.contains(byte) }

    mutating func skipBlanks() { rest = rest.drop(while: Self.isBlank) }

    /// Cuts the line where a comment begins: at a `#` outside of quotes.
    mutating func dropComment() {
        var index = rest.startIndex
        while index < rest.endIndex {
            let byte = rest[index]
            if byte == UInt8(ascii: "#") {
                rest = rest[..<index]
                return
            }
            index += 1
            if byte == UInt8(ascii: "\\") {
                index += 1
            } else if Self.isQuote(byte) {
                while index < rest.endIndex, rest[index] != byte {
                    index += rest[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                index += 1
            }
        }
    }

    /// The position behind the name that begins at `start`.
    private func endOfName(_ start: Int) -> Int {
        var index = start
        while index < rest.endIndex {
            if rest[index] == UInt8(ascii: "\\") {
                index += 2
            } else if Self.isName(rest[index]) {
                index += 1
            } else {
                break
            }
        }
        return min(index, rest.endIndex)
    }

    private func endOfBlanks(_ start: Int) -> Int {
        rest[start...].firstIndex { !Self.isBlank($0) } ?? rest.endIndex
    }

    /// The raw name between the brackets.
    mutating func sectionName() throws(PKIError) -> ArraySlice<UInt8> {
        advance()
        skipBlanks()
        var word = rest.startIndex
        while true {
            let end = endOfName(word)
            let after = endOfBlanks(end)
            if after < rest.endIndex, rest[after] == UInt8(ascii: "]") {
                return rest[..<end]
            }
            guard after < rest.endIndex, after > word else {
                throw PKIError(.configuration, "the section's name has no closing bracket")
            }
            word = after
        }
    }

    /// The name of an entry, with the section it says before `::`.
    mutating func entryName() throws(PKIError) -> (section: String?, name: String) {
        var end = endOfName(rest.startIndex)
        var section: String?
        if rest[end...].starts(with: [0x3A, 0x3A]) {
            section = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 2)...]
            end = endOfName(rest.startIndex)
        }
        let name = String(decoding: rest[..<end], as: UTF8.self)
        let sign = endOfBlanks(end)
        let isDirective = section == nil && name.hasPrefix(".include")
        guard isDirective || (sign < rest.endIndex && rest[sign] == UInt8(ascii: "=")) else {
            throw PKIError(.configuration, "there is no \"=\" behind \"\(name)\"")
        }
        rest = isDirective ? rest[end...] : rest[(sign + 1)...]
        return (section, name)
    }

    /// What is left, without blanks around it.
    mutating func value() throws(PKIError) -> ArraySlice<UInt8> {
        skipBlanks()
        while let last = rest.last, Self.isBlank(last) { rest = rest.dropLast() }
        return rest
    }

    /// Takes a quoted part without its quotes.
    mutating func takeQuoted(into out: inout [UInt8]) {
        let quote = rest.first
        advance()
        while let byte = next, byte != quote {
            if byte == UInt8(ascii: "\\") {
                advance()
                guard next != nil else { return }
            }
            if let one = next { out.append(one) }
            advance()
        }
        advance()
    }

    /// Takes a backslash and what it escapes.
    mutating func takeEscaped(into out: inout [UInt8]) {
        advance()
        guard let byte = next else { return }
        advance()
        switch byte {
        case UInt8(ascii: "r"): out.append(0x0D)
        case UInt8(ascii: "n"): out.append(0x0A)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "t"): out.append(0x09)
        default: out.append(byte)
        }
    }

    /// Takes `$name`, `$section::name`, and both in braces or parentheses.
    mutating func variable() throws(PKIError) -> (section: String?, name: String) {
        advance()
        var closing: UInt8?
        if next == UInt8(ascii: "{") { closing = UInt8(ascii: "}") }
        if next == UInt8(ascii: "(") { closing = UInt8(ascii: ")") }
        if closing != nil { advance() }
        var name = word()
        var section: String?
        if rest.starts(with: [0x3A, 0x3A]) {
            rest = rest.dropFirst(2)
            section = name
            name = word()
        }
        if let closing {
            guard next == closing else {
                throw PKIError(.configuration, "the variable $\(name) has no closing brace")
            }
            advance()
        }
        return (section, name)
    }

    private mutating func word() -> String {
        let word = rest.prefix(while: Self.isVariable)
        rest = rest[word.endIndex...]
        return String(decoding: word, as: UTF8.self)
    }
}
