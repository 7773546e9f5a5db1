// SPDX-License-Identifier: Apache-2.0
// Bytes in, responses out: the client's half of HTTP/1.1 (RFC 9112 §4, §6), as strict as the
// server's.

/// The head of one response.
public struct ResponseHead: Sendable {
    /// The status.
    public var status: Status
    /// The y of HTTP/1.y.
    public var minorVersion: Int
    /// All fields.
    public var fields: Fields
    /// Whether the server keeps the connection open.
    public var keepsAlive: Bool
}

/// Reads responses from bytes that arrive in pieces of any size.
public struct ResponseParser: Sendable {
    /// Something complete was read.
    public enum Event: Sendable {
        /// A head; its body, if it has one, follows.
        case head(ResponseHead)
        /// A piece of the body.
        case body([UInt8])
        /// The response is complete.
        case end
    }

    private enum State {
        case statusLine
        case fields(Status, minorVersion: Int)
        case body(BodyReader)
        case failed(HTTPError)
    }

    /// Interim answers before the final one.
    private static let interimMax = 8

    private let limits: HTTPLimits
    private let method: Method
    private var state = State.statusLine
    private var reader = LineReader()
    private var lines: HeadReader
    private var interimCount = 0

    /// Makes a parser for the answers to requests of this method.
    public init(to method: Method, limits: HTTPLimits) {
        self.method = method
        self.limits = limits
        lines = HeadReader(limits: limits)
    }

    /// Takes in what arrived.
    public mutating func append(_ bytes: some Collection<UInt8>) { reader.append(bytes) }

    /// The next thing that is complete; nil when more bytes are needed.
    public mutating func next() throws(HTTPError) -> Event? {
        do {
            return try step()
        } catch {
            state = .failed(error)
            reader.removeAll()
            throw error
        }
    }

    /// Says that the connection has ended; the end of a response that ends with it, else nil when
    /// nothing was begun.
    public mutating func connectionEnded() throws(HTTPError) -> Event? {
        switch state {
        case .failed(let error): throw error
        case .statusLine where reader.pendingBytes == 0: return nil
        case .body(let body) where body.endsWithConnection:
            state = .statusLine
            return .end
        case .statusLine, .fields, .body:
            throw HTTPError(
                .malformedStatusLine,
                "The connection ended in the middle of an answer."
            )
        }
    }

    private mutating func step() throws(HTTPError) -> Event? {
        while true {
            switch state {
            case .failed(let error): throw error
            case .statusLine:
                guard let line = try statusLine() else { return nil }
                let (status, minorVersion) = try Self.parse(line)
                state = .fields(status, minorVersion: minorVersion)
            case .fields(let status, let minorVersion):
                guard try lines.readFields(&reader) else { return nil }
                let fields = lines.fields
                lines = HeadReader(limits: limits)
                if status.code / 100 == 1 {
                    try countInterim(status)
                    continue
                }
                let body = try body(status, minorVersion, fields)
                state = .body(body)
                return .head(
                    ResponseHead(
                        status: status,
                        minorVersion: minorVersion,
                        fields: fields,
                        keepsAlive: !body.endsWithConnection
                            && Self.keepsAlive(minorVersion, fields)
                    )
                )
            case .body(var body):
                let progress = try body.next(&reader)
                state = .body(body)
                switch progress {
                case .needsMore: return nil
                case .piece(let piece): return .body(piece)
                case .end:
                    state = .statusLine
                    return .end
                }
            }
        }
    }

    private mutating func countInterim(_ status: Status) throws(HTTPError) {
        interimCount += 1
        // RFC 9110 §15.2.2: 101 comes only to those who asked for it, and nothing here does.
        guard status.code != 101, interimCount <= Self.interimMax else {
            throw HTTPError(.malformedStatusLine, "The server sends interim answers without end.")
        }
        state = .statusLine
    }

    private static func keepsAlive(_ minorVersion: Int, _ fields: Fields) -> Bool {
        if fields.listContains("Connection", token: "close") { return false }
        return minorVersion >= 1 || fields.listContains("Connection", token: "keep-alive")
    }

    private mutating func statusLine() throws(HTTPError) -> ArraySlice<UInt8>? {
        try lines.firstLine(
            &reader,
            bytesMax: limits.fieldBytesMax,
            tooLong: HTTPError(.malformedStatusLine, "The status line does not end."),
            malformed: .malformedStatusLine
        )
    }

    /// RFC 9112 §4: version, three digits, and words that may be missing.
    private static func parse(
        _ line: ArraySlice<UInt8>
    ) throws(HTTPError) -> (Status, minorVersion: Int) {
        let bytes = Array(line)
        guard bytes.count >= 12, bytes.starts(with: "HTTP/1.".utf8), Grammar.isDigit(bytes[7]),
            bytes[8] == Grammar.space, bytes[9...11].allSatisfy(Grammar.isDigit),
            bytes[9] != UInt8(ascii: "0"), bytes.count == 12 || bytes[12] == Grammar.space,
            bytes.allSatisfy(Grammar.isFieldValue)
        else {
            throw HTTPError(
                .malformedStatusLine,
                "The answer does not begin with HTTP/1 and a status."
            )
        }
        let code = bytes[9...11].reduce(0) { $0 * 10 + Int($1 - 0x30) }
        let phrase = String(decoding: bytes.dropFirst(13), as: UTF8.self)
        return (Status(code, phrase), Int(bytes[7] - 0x30))
    }

    /// RFC 9112 §6.3, for responses.
    private func body(
        _ status: Status,
        _ minorVersion: Int,
        _ fields: Fields
    ) throws(HTTPError) -> BodyReader {
        if method == .head || status.hasNoBody { return BodyReader(.none, limits: limits) }
        let codings = fields.values(of: "Transfer-Encoding")
        let lengths = fields.values(of: "Content-Length")
        if !codings.isEmpty {
            guard lengths.isEmpty, minorVersion >= 1 else {
                throw HTTPError(
                    .conflictingLength,
                    "Transfer-Encoding contradicts the rest of the head."
                )
            }
            try FramingRules.checkCodings(codings)
            return BodyReader(.chunked, limits: limits)
        }
        if lengths.isEmpty { return BodyReader(untilCloseWithin: limits) }
        let length = try FramingRules.length(lengths)
        guard length <= limits.bodyBytesMax else {
            throw FramingRules.bodyTooLarge(limits.bodyBytesMax)
        }
        return BodyReader(length == 0 ? .none : .length(length), limits: limits)
    }
}
