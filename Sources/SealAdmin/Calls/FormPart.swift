// SPDX-License-Identifier: Apache-2.0
// Forms with files (RFC 7578): the parts of a body of multipart/form-data.

internal import SealBytes
internal import SealHTTP

/// One part of a form.
public struct FormPart: Sendable, Equatable {
    /// The name of the field.
    public var name: String
    /// The name of the file; empty when it is none.
    public var fileName: String
    /// The contents.
    public var body: [UInt8]
}

/// Takes forms apart.
struct MultipartForm {
    /// Why a body is no form, as a sentence without full stop.
    struct Fault: Error, Equatable {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }

    /// At most so many parts are read.
    static let partsMax = 64
    /// The most bytes of the fields of one part.
    static let headBytesMax = 8192

    let parts: [FormPart]

    /// Takes a body apart; the type names the line between parts.
    init(_ body: [UInt8], type: String) throws(Fault) {
        guard let boundary = Self.parameter("boundary", of: type), !boundary.isEmpty,
            boundary.utf8.count <= 70
        else { throw Fault("Content-Type names no boundary") }
        // RFC 2046 §5.1.1: the first line may have no line end before it.
        let line = Array("\r\n--\(boundary)".utf8)
        let bytes = [0x0D, 0x0A] + body
        guard var position = Self.place(of: line, in: bytes, from: 0) else {
            throw Fault("the boundary does not occur in the body")
        }
        position += line.count
        var parts: [FormPart] = []
        while !bytes[position...].starts(with: Array("--".utf8)) {
            guard let start = Self.lineEnd(bytes, position) else {
                throw Fault("a boundary is not a whole line")
            }
            guard let end = Self.place(of: line, in: bytes, from: start - 2) else {
                throw Fault("the last boundary is missing")
            }
            guard parts.count < Self.partsMax else {
                throw Fault("more than \(Self.partsMax) parts")
            }
            parts.append(try Self.part(bytes[start..<max(start, end)]))
            position = end + line.count
        }
        self.parts = parts
    }

    /// The place behind the line end that follows, with blanks before it.
    private static func lineEnd(_ bytes: [UInt8], _ start: Int) -> Int? {
        var position = start
        while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x09 {
            position += 1
        }
        guard bytes[position...].starts(with: [0x0D, 0x0A]) else { return nil }
        return position + 2
    }

    private static func part(_ bytes: ArraySlice<UInt8>) throws(Fault) -> FormPart {
        let blank: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        let all = Array(bytes)
        guard let end = place(of: blank, in: all, from: 0), end <= headBytesMax else {
            throw Fault("a part has no fields, or too many")
        }
        var name: String?
        var fileName = ""
        let lines = all[..<end].split(separator: 0x0A)
        for line in lines {
            guard let text = String(validating: line.filter { $0 != 0x0D }, as: UTF8.self) else {
                throw Fault("a field of a part is not UTF-8")
            }
            guard text.lowercased().hasPrefix("content-disposition:") else { continue }
            name = parameter("name", of: text)
            fileName = parameter("filename", of: text) ?? ""
        }
        guard let name else { throw Fault("a part has no name") }
        return FormPart(name: name, fileName: fileName, body: Array(all[(end + 4)...]))
    }

    /// A parameter of a field's value, quotes taken away.
    private static func parameter(_ wanted: String, of value: String) -> String? {
        var rest = Array(value.utf8)[...]
        while let semicolon = rest.firstIndex(of: UInt8(ascii: ";")) {
            rest = rest[(semicolon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            guard let equals = rest.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let name = String(decoding: rest[..<equals], as: UTF8.self).lowercased()
            rest = rest[(equals + 1)...]
            var text: [UInt8] = []
            if rest.first == UInt8(ascii: "\"") {
                rest = rest.dropFirst()
                while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                    if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
                        text.append(next)
                    } else {
                        text.append(byte)
                    }
                }
            } else {
                text = Array(rest.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 })
                rest = rest.dropFirst(text.count)
            }
            if name == wanted { return String(validating: text, as: UTF8.self) }
        }
        return nil
    }

    private static func place(of mark: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard let first = mark.first, start >= 0, bytes.count - start >= mark.count else {
            return nil
        }
        var position = start
        while position <= bytes.count - mark.count {
            guard let next = bytes[position...].firstIndex(of: first),
                next <= bytes.count - mark.count
            else { return nil }
            if bytes[next..<(next + mark.count)].elementsEqual(mark) { return next }
            position = next + 1
        }
        return nil
    }
}
