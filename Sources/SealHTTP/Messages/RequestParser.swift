// SPDX-License-Identifier: Apache-2.0
// Bytes in, requests out: a strict reader of HTTP/1.1 messages (RFC 9112). What is asked for is
// not judged here. Each line is checked as soon as it is complete, so nonsense is refused early.

/// Reads requests from bytes that arrive in pieces of any size.
public struct RequestParser: Sendable {
    /// Something complete was read.
    public enum Event: Sendable {
        /// A head; its body, if it has one, follows.
        case head(RequestHead)
        /// A piece of the body.
        case body([UInt8])
        /// The request is complete.
        case end
    }

    private enum State {
        case requestLine(skippedEmptyLine: Bool)
        case fields(RequestHead)
        case body(BodyReader)
        case failed(HTTPError)
    }

    private let limits: HTTPLimits
    private let scheme: String?
    private var state = State.requestLine(skippedEmptyLine: false)
    private var reader = LineReader()
    private var lines: HeadReader

    /// Makes a parser; `scheme` is the one of the connection, nil when any will do.
    public init(limits: HTTPLimits = HTTPLimits(), scheme: String? = nil) {
        self.limits = limits
        self.scheme = scheme
        lines = HeadReader(limits: limits)
    }

    /// Bytes taken in but not yet used up: what a pipelining peer sent ahead.
    public var pendingBytes: Int { reader.pendingBytes }

    /// Whether part of a request was read, or waits to be.
    public var isInRequest: Bool {
        if case .requestLine(false) = state { return pendingBytes > 0 }
        return true
    }

    /// Takes in what arrived.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        if case .failed = state { return }
        reader.append(bytes)
    }

    /// Takes at most so many bytes of the body whose head was read last.
    public mutating func limitBody(to bytesMax: Int) throws(HTTPError) {
        guard case .body(var body) = state else { return }
        do {
            try body.limit(to: bytesMax)
            state = .body(body)
        } catch {
            throw fail(error)
        }
    }

    /// The next thing that is complete; nil when more bytes are needed.
    ///
    /// After an error the same error comes again: framing is lost and the connection must close.
    public mutating func next() throws(HTTPError) -> Event? {
        do {
            return try step()
        } catch {
            throw fail(error)
        }
    }

    private mutating func fail(_ error: HTTPError) -> HTTPError {
        state = .failed(error)
        reader.removeAll()
        return error
    }

    private mutating func step() throws(HTTPError) -> Event? {
        while true {
            switch state {
            case .failed(let error): throw error
            case .requestLine(let skipped):
                guard let line = try requestLine() else { return nil }
                // RFC 9112 §2.2: one empty line before a request is forgiven.
                state =
                    line.isEmpty && !skipped
                    ? .requestLine(skippedEmptyLine: true)
                    : .fields(try RequestLine.parse(line, limits: limits))
            case .fields(var head):
                guard try lines.readFields(&reader) else { return nil }
                head.fields = lines.fields
                try FramingRules.apply(to: &head, limits: limits, scheme: scheme)
                state = .body(BodyReader(head.body, limits: limits))
                return .head(head)
            case .body(var body):
                let progress = try body.next(&reader)
                state = .body(body)
                switch progress {
                case .needsMore: return nil
                case .piece(let piece): return .body(piece)
                case .end:
                    state = .requestLine(skippedEmptyLine: false)
                    lines = HeadReader(limits: limits)
                    return .end
                }
            }
        }
    }

    private mutating func requestLine() throws(HTTPError) -> ArraySlice<UInt8>? {
        try lines.firstLine(
            &reader,
            // Method, two spaces, version and line end.
            bytesMax: limits.targetBytesMax + Method.nameBytesMax + 12,
            tooLong: HTTPError(
                .targetTooLong,
                "The request target exceeds \(limits.targetBytesMax) bytes."
            ),
            malformed: .malformedRequestLine
        )
    }
}
