// SPDX-License-Identifier: Apache-2.0
// Cumulocity's lines: one message a line, fields by comma, quotes where a field needs them. Pure.

/// One line, read.
public enum SmartRESTLine: Sendable, Equatable {
    /// Its fields; the first is the number of the template.
    case fields([String])
    /// It cannot be read; the first field as far as there is one, and why.
    case malformed(template: String, reason: String)
}

/// Reading and writing lines.
public enum SmartREST {
    /// More lines than this in one message are not read.
    public static let linesMax = 1000
    /// More fields than this in one line are too many.
    public static let fieldsMax = 1000

    /// The lines of a message, without the empty ones.
    ///
    /// A line feed inside of quotes belongs to its field. What is behind `linesMax` is one
    /// malformed line.
    public static func read(_ bytes: [UInt8]) -> [SmartRESTLine] {
        var lines: [SmartRESTLine] = []
        var reader = LineReader(bytes)
        while let line = reader.next() {
            guard lines.count < linesMax else {
                lines.append(.malformed(template: "", reason: "Too many lines in one message"))
                break
            }
            lines.append(line)
        }
        return lines
    }

    /// A line of fields, quoted where they need it.
    public static func write(_ fields: [String]) -> String {
        fields.map(quoted).joined(separator: ",")
    }

    private static func quoted(_ field: String) -> String {
        let bytes = Array(field.utf8)
        // BOUND: the bytes of one answer.
        let isPlain = bytes.allSatisfy { byte in
            ![0x2C, 0x22, 0x0D, 0x0A, 0x09, 0x5C].contains(byte)
        }
        if isPlain, bytes.first != 0x20, bytes.last != 0x20 { return field }
        var text = "\""
        for scalar in field.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}

/// Walks over the bytes once.
private struct LineReader {
    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    private var here: UInt8? { place < bytes.count ? bytes[place] : nil }

    mutating func next() -> SmartRESTLine? {
        while let byte = here, byte == 0x0A || byte == 0x0D { place += 1 }
        guard here != nil else { return nil }
        var fields: [String] = []
        while true {
            let (field, fault) = self.field()
            if let fault { return abandon(fields, field, fault) }
            fields.append(field)
            guard fields.count <= SmartREST.fieldsMax else {
                return abandon(fields, "", "Too many fields")
            }
            guard here == 0x2C else { break }
            place += 1
        }
        // Empty fields at the end may be left out, so they mean nothing.
        while fields.count > 1, fields.last == "" { fields.removeLast() }
        return .fields(fields)
    }

    /// Passes over the rest of a line that cannot be read.
    private mutating func abandon(
        _ fields: [String],
        _ field: String,
        _ reason: String
    ) -> SmartRESTLine {
        while let byte = here, byte != 0x0A { place += 1 }
        return .malformed(template: fields.first ?? field, reason: reason)
    }

    /// One field, up to the comma or the end of the line.
    private mutating func field() -> (text: String, fault: String?) {
        guard here != 0x22 else { return quotedField() }
        let start = place
        while let byte = here, byte != 0x2C, byte != 0x0A, byte != 0x0D {
            if byte == 0x22 {
                return (
                    text(bytes[start..<place]) ?? "", "A quote inside of a field without quotes"
                )
            }
            place += 1
        }
        guard let text = text(bytes[start..<place]) else { return ("", "The text is not UTF-8") }
        return (text, nil)
    }

    private mutating func quotedField() -> (text: String, fault: String?) {
        place += 1
        var content: [UInt8] = []
        while let byte = here {
            place += 1
            if byte == 0x22 {
                guard let text = text(content[...]) else { return ("", "The text is not UTF-8") }
                if let after = here, after != 0x2C, after != 0x0A, after != 0x0D {
                    return (text, "Text behind the closing quote of a field")
                }
                return (text, nil)
            }
            if byte == 0x5C, let escaped = here, escaped == 0x22 || escaped == 0x5C {
                content.append(escaped)
                place += 1
            } else {
                content.append(byte)
            }
        }
        return ("", "A quote is never closed")
    }

    private func text(_ slice: ArraySlice<UInt8>) -> String? {
        String(validating: slice, as: UTF8.self)
    }
}
