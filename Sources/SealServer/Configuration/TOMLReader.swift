// SPDX-License-Identifier: Apache-2.0
// Lines and headings of the TOML subset: tables, arrays of tables, bare and quoted keys. A fault
// skips its line, so that several are reported at once. Values are in `TOMLReader+values.swift`.

struct TOMLReader {
    let file: String
    let bytes: [UInt8]
    var offset = 0
    var line = 1
    var lineStart = 0
    private var marked = (offset: 0, column: 1)
    private(set) var errors: [ConfigurationError] = []

    private var sections: [TOMLSection] = []
    private var keysSeen: Set<String> = []
    /// Headings seen, with the kind; a `[[x]]` forgets all `x.y` before it.
    private var headings: [String: Bool] = [:]

    static let errorsMax = 20
    static let nestingMax = 4

    init(bytes: [UInt8], file: String) {
        self.bytes = bytes
        self.file = file
    }

    // MARK: Bytes

    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func peek(_ ahead: Int) -> UInt8? {
        offset + ahead < bytes.count ? bytes[offset + ahead] : nil
    }

    /// The place of the next byte; columns count characters, not bytes.
    var position: TOMLPosition {
        let known = marked.offset >= lineStart && marked.offset <= offset
        let start = known ? marked.offset : min(lineStart, offset)
        let characters = bytes[start..<offset].count { $0 & 0xC0 != 0x80 }
        return TOMLPosition(line: line, column: (known ? marked.column : 1) + characters)
    }

    /// The place of the next byte, remembered, so that a long line is not counted again and again.
    mutating func mark() -> TOMLPosition {
        let place = position
        marked = (offset, place.column)
        return place
    }

    mutating func advance() {
        guard offset < bytes.count else { return }
        let byte = bytes[offset]
        offset += 1
        if byte == 0x0A {
            line += 1
            lineStart = offset
        }
    }

    mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x09 { offset += 1 }
    }

    var isAtLineEnd: Bool {
        guard let byte = current else { return true }
        return byte == 0x0A || (byte == 0x0D && peek(1) == 0x0A)
    }

    func fault(
        _ code: ConfigurationCode,
        at place: TOMLPosition? = nil,
        _ message: String,
        hint: String = ""
    ) -> ConfigurationError {
        let place = place ?? position
        return ConfigurationError(
            code,
            file: file,
            line: place.line,
            column: place.column,
            message: message,
            hint: hint
        )
    }

    // MARK: The file

    mutating func read() -> TOMLDocument {
        guard bytes.count <= TOMLDocument.bytesMax else {
            errors = [fault(.tooLarge, "the file has more than \(TOMLDocument.bytesMax) bytes")]
            return TOMLDocument(sections: [])
        }
        if let place = firstInvalidUTF8() {
            errors = [fault(.notUTF8, at: place, "this is not UTF-8")]
            return TOMLDocument(sections: [])
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            offset = 3
            lineStart = 3
            marked = (3, 1)
        }
        sections = [TOMLSection(path: [], isElement: false, position: position)]
        while offset < bytes.count, errors.count < Self.errorsMax {
            do throws(ConfigurationError) {
                try readLine()
            } catch {
                errors.append(error)
                while let byte = current, byte != 0x0A { offset += 1 }
            }
            advance()
        }
        return TOMLDocument(sections: sections)
    }

    private func firstInvalidUTF8() -> TOMLPosition? {
        var decoder = Unicode.UTF8()
        var iterator = bytes.makeIterator()
        var place = TOMLPosition(line: 1, column: 1)
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue("\n"): place = TOMLPosition(line: place.line + 1, column: 1)
            case .scalarValue: place.column += 1
            case .emptyInput: return nil
            case .error: return place
            }
        }
    }

    private mutating func readLine() throws(ConfigurationError) {
        skipBlanks()
        if isAtLineEnd { return try finishLine() }
        switch current {
        case UInt8(ascii: "#"): break
        case UInt8(ascii: "["): try readHeading()
        default: try readPair()
        }
        try finishLine()
    }

    /// Only blanks and a comment may follow; stops before the line feed.
    private mutating func finishLine() throws(ConfigurationError) {
        skipBlanks()
        if current == UInt8(ascii: "#") { try skipComment() }
        if current == 0x0D, peek(1) == 0x0A { offset += 1 }
        guard isAtLineEnd else {
            throw fault(.syntax, "nothing may follow here but a # comment")
        }
    }

    mutating func skipComment() throws(ConfigurationError) {
        while let byte = current, !isAtLineEnd {
            guard byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else {
                throw fault(.syntax, "a control character is not allowed in a comment")
            }
            offset += 1
        }
    }

    // MARK: Headings and pairs

    private mutating func readHeading() throws(ConfigurationError) {
        let place = mark()
        offset += 1
        let isElement = current == UInt8(ascii: "[")
        if isElement { offset += 1 }
        var path: [String] = []
        while true {
            skipBlanks()
            path.append(try readKey())
            skipBlanks()
            guard current == UInt8(ascii: ".") else { break }
            offset += 1
        }
        let closing = isElement ? 2 : 1
        for _ in 0..<closing {
            guard current == UInt8(ascii: "]") else {
                throw fault(.syntax, "the heading is not closed with \(isElement ? "]]" : "]")")
            }
            offset += 1
        }
        try open(TOMLSection(path: path, isElement: isElement, position: place))
    }

    private mutating func open(_ section: TOMLSection) throws(ConfigurationError) {
        // Keys may hold dots when quoted, so the parts are joined by a byte no key can have.
        let name = section.path.joined(separator: "\u{0}")
        // Opened even when refused: the keys below are then not blamed on the table before it.
        keysSeen = []
        sections.append(section)
        if let before = headings[name], !(before && section.isElement) {
            throw fault(
                .duplicateTable,
                at: section.position,
                before == section.isElement
                    ? "the table \(section.name) was opened before"
                    : "\(section.name) is written both as [\(section.name)] "
                        + "and as [[\(section.name)]]"
            )
        }
        headings[name] = section.isElement
        if section.isElement {
            headings = headings.filter { !$0.key.hasPrefix(name + "\u{0}") }
        }
    }

    private mutating func readPair() throws(ConfigurationError) {
        let place = mark()
        let key = try readKey()
        skipBlanks()
        if current == UInt8(ascii: ".") {
            throw fault(
                .outsideSubset,
                at: place,
                "a key with dots is not read",
                hint: "write [\(key)] on a line of its own and the rest below it"
            )
        }
        guard current == UInt8(ascii: "=") else {
            throw fault(.syntax, "an = is missing after \(key)")
        }
        offset += 1
        skipBlanks()
        let value = try readValue(nesting: 0)
        guard keysSeen.insert(key).inserted else {
            throw fault(.duplicateKey, at: place, "\(key) is set twice in this table")
        }
        guard !sections.isEmpty else { return }
        sections[sections.count - 1].pairs.append(
            TOMLPair(key: key, position: place, value: value)
        )
    }

    private mutating func readKey() throws(ConfigurationError) -> String {
        if let byte = current, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
            return try readString()
        }
        let start = offset
        while let byte = current, Self.isBare(byte) { offset += 1 }
        guard offset > start else { throw fault(.syntax, "a key is missing here") }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    static func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
