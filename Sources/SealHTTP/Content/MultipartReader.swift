// SPDX-License-Identifier: Apache-2.0
// The walk over the body of a form with files, from delimiter to delimiter (RFC 2046 §5.1).

/// Finds parts.
struct MultipartReader {
    private let body: [UInt8]
    private let limits: MultipartLimits
    /// CR LF, two hyphens and the boundary.
    private let delimiter: [UInt8]
    private var position = 0

    init(_ body: [UInt8], boundary: [UInt8], limits: MultipartLimits) {
        self.body = body
        self.limits = limits
        delimiter = Array("\r\n--".utf8) + boundary
    }

    private func malformed(_ reason: String) -> ContentError {
        ContentError(.malformedMultipart, reason)
    }

    mutating func parts() throws(ContentError) -> [MultipartForm.Part] {
        var parts: [MultipartForm.Part] = []
        try skipFirstDelimiter()
        while try !isLastDelimiter() {
            guard parts.count < limits.partsMax else {
                throw ContentError(
                    .tooManyParts,
                    "More than \(limits.partsMax) parts of a form are not taken."
                )
            }
            var part = try head()
            guard let end = nextDelimiter() else {
                throw malformed("The form ends in the middle of a part.")
            }
            part.range = position..<end
            position = end + delimiter.count
            parts.append(part)
        }
        return parts
    }

    /// The first delimiter may do without the CR LF before it.
    ///
    /// What RFC 2046 lets stand in front of it nobody sends.
    private mutating func skipFirstDelimiter() throws(ContentError) {
        if matches(delimiter, at: 0) {
            position = delimiter.count
        } else if matches(delimiter[2...], at: 0) {
            position = delimiter.count - 2
        } else {
            throw malformed("The form does not begin with its boundary.")
        }
    }

    /// Passes over what ends a delimiter; whether it was the last one.
    private mutating func isLastDelimiter() throws(ContentError) -> Bool {
        let isLast = matches([0x2D, 0x2D], at: position)
        if isLast { position += 2 }
        // RFC 2046 §5.1.1: transport padding.
        while position < body.count,
            body[position] == Grammar.space || body[position] == Grammar.tab
        {
            position += 1
        }
        if isLast {
            let rest = body[position...]
            guard rest.isEmpty || rest.elementsEqual([Grammar.carriageReturn, Grammar.lineFeed])
            else { throw malformed("Something follows the end of the form.") }
            return true
        }
        guard matches([Grammar.carriageReturn, Grammar.lineFeed], at: position) else {
            throw malformed("A boundary is not followed by a line end.")
        }
        position += 2
        return false
    }

    private func matches(_ bytes: some Collection<UInt8>, at start: Int) -> Bool {
        start <= body.count && body[start...].starts(with: bytes)
    }

    /// Where the next delimiter begins, at or behind the present position.
    private func nextDelimiter() -> Int? {
        var searched = position
        while let found = body[searched...].firstIndex(of: Grammar.carriageReturn) {
            if matches(delimiter, at: found) { return found }
            searched = found + 1
        }
        return nil
    }

    /// The head of a part; the range is still empty.
    private mutating func head() throws(ContentError) -> MultipartForm.Part {
        let start = position
        var fields: Fields = [:]
        while let line = try headLine(start), !line.isEmpty {
            guard fields.all.count < limits.fieldCountMax else { throw headTooLarge }
            do throws(HTTPError) {
                let (name, value) = try FieldLine.parse(line)
                fields.append(name, value)
            } catch {
                throw malformed(error.reason)
            }
        }
        try checkEncoding(fields)
        let (name, fileName) = try disposition(fields)
        var type: MediaType?
        if let text = fields["Content-Type"] {
            // Many clients say something that is no media type for a plain file; it is only a hint.
            type = MediaType(text)
        }
        return MultipartForm.Part(
            name: name,
            fileName: fileName,
            type: type,
            range: position..<position
        )
    }

    private var headTooLarge: ContentError {
        ContentError(
            .partHeadTooLarge,
            "The head of a part exceeds \(limits.headBytesMax) bytes or "
                + "\(limits.fieldCountMax) fields."
        )
    }

    private mutating func headLine(_ start: Int) throws(ContentError) -> ArraySlice<UInt8>? {
        let room = body[position...].prefix(max(0, limits.headBytesMax - (position - start)))
        guard let end = room.firstIndex(of: Grammar.lineFeed) else {
            throw room.endIndex == body.endIndex
                ? malformed("The form ends in the head of a part.") : headTooLarge
        }
        guard end > position, body[end - 1] == Grammar.carriageReturn else {
            throw malformed("Lines end in CR LF; a LF stood alone.")
        }
        let line = body[position..<(end - 1)]
        position = end + 1
        return line
    }

    /// RFC 7578 §4.7: such encodings are not to be sent, and are not undone here.
    private func checkEncoding(_ fields: Fields) throws(ContentError) {
        guard let encoding = fields["Content-Transfer-Encoding"] else { return }
        guard ["binary", "7bit", "8bit"].contains(encoding.asciiLowercased) else {
            throw ContentError(
                .unsupportedPartEncoding,
                "Content-Transfer-Encoding in a part must be binary, 8bit or 7bit."
            )
        }
    }

    /// RFC 7578 §4.2.
    private func disposition(
        _ fields: Fields
    ) throws(ContentError) -> (name: String, fileName: String?) {
        let values = fields.values(of: "Content-Disposition")
        guard values.count == 1, let text = values.first else {
            throw malformed("A part has no Content-Disposition, or two.")
        }
        var scanner = ParameterScanner(text)
        guard let kind = scanner.token(), Fields.isSame(kind, "form-data"),
            let parameters = scanner.parameters()
        else { throw malformed("A part's Content-Disposition is not form-data.") }
        func all(_ wanted: String) -> [String] {
            parameters.filter { Fields.isSame($0.name, wanted) }.map(\.value)
        }
        let names = all("name")
        let fileNames = all("filename")
        guard names.count == 1, fileNames.count <= 1, let name = names.first, !name.isEmpty,
            (names + fileNames).allSatisfy({ $0.utf8.count <= limits.nameBytesMax })
        else {
            throw malformed(
                "A part has no name, two, or one of more than \(limits.nameBytesMax) bytes."
            )
        }
        return (name, fileNames.first)
    }
}
