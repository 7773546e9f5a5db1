// SPDX-License-Identifier: Apache-2.0
// The body behind a head: a number of bytes, or chunks (RFC 9112 §7.1) read strictly, since two
// readers that disagree about a chunk are how requests are smuggled.

/// Reads one body.
struct BodyReader: Sendable {
    private enum State {
        case bytes(left: Int)
        case chunkLine
        case chunk(left: Int)
        case chunkEnd
        case trailers
        case untilClose
        case done
    }

    private let limits: HTTPLimits
    private var state: State
    /// The most bytes that the body may have.
    private var bytesMax: Int
    private var byteCount = 0
    private var extensionBytes = 0
    private var trailerBytes = 0
    private var trailerCount = 0

    /// The longest size of a chunk in hexadecimal digits: 4 GiB less one.
    private static let sizeDigitsMax = 8

    init(_ framing: RequestHead.BodyFraming, limits: HTTPLimits) {
        self.limits = limits
        bytesMax = limits.bodyBytesMax
        switch framing {
        case .none: state = .done
        case .length(let bytes): state = .bytes(left: bytes)
        case .chunked: state = .chunkLine
        }
    }

    /// A body that ends with its connection, as only responses have.
    init(untilCloseWithin limits: HTTPLimits) {
        self.limits = limits
        bytesMax = limits.bodyBytesMax
        state = .untilClose
    }

    /// Whether it ends with its connection.
    var endsWithConnection: Bool {
        if case .untilClose = state { return true }
        return false
    }

    /// Takes at most so many bytes.
    mutating func limit(to most: Int) throws(HTTPError) {
        bytesMax = min(bytesMax, most)
        if case .bytes(let left) = state, left > bytesMax {
            throw FramingRules.bodyTooLarge(bytesMax)
        }
    }

    /// What became of reading.
    enum Progress {
        case piece([UInt8])
        case end
        case needsMore
    }

    mutating func next(_ reader: inout LineReader) throws(HTTPError) -> Progress {
        while true {
            switch state {
            case .done: return .end
            case .bytes(let left):
                guard reader.pendingBytes > 0 else { return .needsMore }
                let piece = reader.take(left)
                state = piece.count == left ? .done : .bytes(left: left - piece.count)
                return .piece(piece)
            case .untilClose:
                guard reader.pendingBytes > 0 else { return .needsMore }
                let piece = reader.take(.max)
                byteCount += piece.count
                guard byteCount <= bytesMax else { throw FramingRules.bodyTooLarge(bytesMax) }
                return .piece(piece)
            case .chunkLine:
                guard let line = try reader.line(chunkRule) else { return .needsMore }
                let size = try chunkSize(line)
                state = size == 0 ? .trailers : .chunk(left: size)
            case .chunk(let left):
                guard reader.pendingBytes > 0 else { return .needsMore }
                let piece = reader.take(left)
                state = piece.count == left ? .chunkEnd : .chunk(left: left - piece.count)
                return .piece(piece)
            case .chunkEnd:
                guard reader.pendingBytes >= 2 else { return .needsMore }
                guard reader.take(2) == [Grammar.carriageReturn, Grammar.lineFeed] else {
                    throw HTTPError(.malformedChunk, "A chunk is longer than its line said.")
                }
                state = .chunkLine
            case .trailers:
                guard let line = try reader.line(trailerRule) else { return .needsMore }
                trailerBytes += line.count + 2
                if line.isEmpty {
                    state = .done
                } else {
                    try checkTrailer(line)
                }
            }
        }
    }

    private var chunkRule: LineReader.Rule {
        LineReader.Rule(
            bytesMax: limits.chunkLineBytesMax,
            tooLong: HTTPError(
                .malformedChunk,
                "A chunk's line exceeds \(limits.chunkLineBytesMax) bytes."
            ),
            bareLineFeed: HTTPError(.malformedChunk, "Lines end in CR LF; a LF stood alone.")
        )
    }

    private var trailerRule: LineReader.Rule {
        LineReader.Rule(
            bytesMax: limits.trailerBytesMax - trailerBytes,
            tooLong: HTTPError(
                .trailersTooLarge,
                "The fields behind the body exceed \(limits.trailerBytesMax) bytes."
            ),
            bareLineFeed: HTTPError(.malformedField, "Lines end in CR LF; a LF stood alone.")
        )
    }

    /// RFC 9112 §7.1, §7.1.1: digits, and extensions that are read over.
    private mutating func chunkSize(_ line: ArraySlice<UInt8>) throws(HTTPError) -> Int {
        let digits = line.prefix { Grammar.hexValue($0) != nil }
        guard !digits.isEmpty, digits.count <= Self.sizeDigitsMax else {
            throw HTTPError(.malformedChunk, "A chunk's size is not 1 to 8 hexadecimal digits.")
        }
        let rest = line.dropFirst(digits.count)
        if let first = rest.first {
            guard first == UInt8(ascii: ";"), rest.allSatisfy(Grammar.isFieldValue) else {
                throw HTTPError(
                    .malformedChunk,
                    "A chunk's size is followed by something else than an extension."
                )
            }
            extensionBytes += rest.count
            guard extensionBytes <= limits.chunkExtensionBytesMax else {
                throw HTTPError(
                    .malformedChunk,
                    "The chunks' extensions exceed \(limits.chunkExtensionBytesMax) bytes."
                )
            }
        }
        let size = digits.reduce(0) { $0 << 4 | Int(Grammar.hexValue($1) ?? 0) }
        byteCount += size
        guard byteCount <= bytesMax else { throw FramingRules.bodyTooLarge(bytesMax) }
        return size
    }

    /// RFC 9110 §6.5.1: what changes framing or routing must not stand behind a body.
    ///
    /// All other fields there are read over; nothing here knows one that it needs.
    private mutating func checkTrailer(_ line: ArraySlice<UInt8>) throws(HTTPError) {
        let (name, _) = try FieldLine.parse(line)
        trailerCount += 1
        guard trailerCount <= limits.fieldCountMax else {
            throw HTTPError(
                .trailersTooLarge,
                "More than \(limits.fieldCountMax) fields stand behind the body."
            )
        }
        let forbidden = ["Content-Length", "Transfer-Encoding", "Host", "Authorization", "Trailer"]
        if forbidden.contains(where: { Fields.isSame($0, name) }) {
            throw HTTPError(.malformedField, "A field stands behind the body that must not.")
        }
    }
}
