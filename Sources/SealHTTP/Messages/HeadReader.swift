// SPDX-License-Identifier: Apache-2.0
// The head of a message line by line, within its limits: what requests and responses share.

/// Reads the lines of one head.
struct HeadReader: Sendable {
    private let limits: HTTPLimits
    /// Bytes of this head used up so far.
    private var bytes = 0
    /// The fields so far.
    private(set) var fields: Fields = [:]

    init(limits: HTTPLimits) { self.limits = limits }

    /// The first line; `bytesMax` is its own limit.
    mutating func firstLine(
        _ reader: inout LineReader,
        bytesMax: Int,
        tooLong: HTTPError,
        malformed code: HTTPError.Code
    ) throws(HTTPError) -> ArraySlice<UInt8>? {
        try line(&reader, bytesMax: bytesMax, tooLong: tooLong, malformed: code)
    }

    /// Reads fields; true when the empty line at their end was read.
    mutating func readFields(_ reader: inout LineReader) throws(HTTPError) -> Bool {
        let tooLong = HTTPError(
            .headTooLarge,
            "A header field exceeds \(limits.fieldBytesMax) bytes."
        )
        while true {
            let line = try line(
                &reader,
                bytesMax: limits.fieldBytesMax + 2,
                tooLong: tooLong,
                malformed: .malformedField
            )
            guard let line else { return false }
            if line.isEmpty { return true }
            guard fields.all.count < limits.fieldCountMax else {
                throw HTTPError(
                    .tooManyFields,
                    "The head has more than \(limits.fieldCountMax) fields."
                )
            }
            let (name, value) = try FieldLine.parse(line)
            fields.append(name, value)
        }
    }

    private mutating func line(
        _ reader: inout LineReader,
        bytesMax: Int,
        tooLong: HTTPError,
        malformed code: HTTPError.Code
    ) throws(HTTPError) -> ArraySlice<UInt8>? {
        var rule = LineReader.Rule(
            bytesMax: bytesMax,
            tooLong: tooLong,
            bareLineFeed: HTTPError(code, "Lines end in CR LF; a LF stood alone.")
        )
        let left = limits.headBytesMax - bytes
        if left < bytesMax {
            rule.bytesMax = left
            rule.tooLong = HTTPError(
                .headTooLarge,
                "The head exceeds \(limits.headBytesMax) bytes."
            )
        }
        let line = try reader.line(rule)
        if let line { bytes += line.count + 2 }
        return line
    }
}
