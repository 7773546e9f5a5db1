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
        case fields
        case body(left: Int)
        case end
        case failed(HTTPError)
    }

    private let limits: HTTPLimits
    private var state = State.requestLine(skippedEmptyLine: false)
    private var buffer: [UInt8] = []
    /// Everything before it is used up.
    private var position = 0
    /// No line feed stands between `position` and here.
    private var scanned = 0
    /// Bytes of the present head used up so far.
    private var headBytes = 0
    private var head: RequestHead?

    /// Makes a parser.
    public init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Bytes taken in but not yet used up: what a pipelining peer sent ahead.
    public var pendingBytes: Int { buffer.count - position }

    /// Takes in what arrived.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        if case .failed = state { return }
        if position == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            scanned = 0
            position = 0
        } else if position > 4_096 {
            buffer.removeSubrange(..<position)
            scanned -= position
            position = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next thing that is complete; nil when more bytes are needed.
    ///
    /// After an error the same error comes again: framing is lost and the connection must close.
    public mutating func next() throws(HTTPError) -> Event? {
        do {
            return try step()
        } catch {
            state = .failed(error)
            buffer = []
            position = 0
            scanned = 0
            throw error
        }
    }

    private mutating func step() throws(HTTPError) -> Event? {
        while true {
            switch state {
            case .failed(let error): throw error
            case .requestLine(let skipped):
                guard let line = try nextLine() else { return nil }
                // RFC 9112 §2.2: one empty line before a request is forgiven.
                if line.isEmpty && !skipped {
                    state = .requestLine(skippedEmptyLine: true)
                } else {
                    head = try RequestLine.parse(buffer[line], limits: limits)
                    state = .fields
                }
            case .fields:
                guard let line = try nextLine() else { return nil }
                if line.isEmpty { return .head(try finishHead()) }
                try addField(line)
            case .body(let left):
                guard pendingBytes > 0 else { return nil }
                let piece = Array(buffer[position...].prefix(left))
                position += piece.count
                scanned = position
                state = piece.count == left ? .end : .body(left: left - piece.count)
                return .body(piece)
            case .end:
                state = .requestLine(skippedEmptyLine: false)
                headBytes = 0
                return .end
            }
        }
    }

    /// The range of the next line without its line end; nil when it is not complete.
    private mutating func nextLine() throws(HTTPError) -> Range<Int>? {
        guard let end = buffer[scanned...].firstIndex(of: Grammar.lineFeed) else {
            scanned = buffer.count
            try checkSize(ofLineUntil: buffer.count, isComplete: false)
            return nil
        }
        try checkSize(ofLineUntil: end + 1, isComplete: true)
        // RFC 9112 §2.2 lets a recipient take a bare LF as a line end. We do not: two readers
        // that disagree about line ends are how requests are smuggled.
        guard end > position, buffer[end - 1] == Grammar.carriageReturn else {
            throw HTTPError(
                isInRequestLine ? .malformedRequestLine : .malformedField,
                "Lines end in CR LF; a LF stood alone."
            )
        }
        let line = position..<(end - 1)
        headBytes += end + 1 - position
        position = end + 1
        scanned = position
        return line
    }

    private var isInRequestLine: Bool {
        if case .requestLine = state { return true }
        return false
    }

    private func checkSize(ofLineUntil end: Int, isComplete: Bool) throws(HTTPError) {
        // Method, two spaces, version and line end.
        let lineOverhead = Method.nameBytesMax + 12
        if isInRequestLine, end - position > limits.targetBytesMax + lineOverhead {
            throw HTTPError(
                .targetTooLong,
                "The request target exceeds \(limits.targetBytesMax) bytes."
            )
        }
        // A head at the limit whose last line feed has not come yet is over it.
        if headBytes + (end - position) + (isComplete ? 0 : 1) > limits.headBytesMax {
            throw HTTPError(
                .headTooLarge,
                "The request head exceeds \(limits.headBytesMax) bytes."
            )
        }
        let lineBytes = end - position - (isComplete ? 2 : 1)
        if !isInRequestLine, lineBytes > limits.fieldBytesMax {
            throw HTTPError(
                .headTooLarge,
                "A header field exceeds \(limits.fieldBytesMax) bytes."
            )
        }
    }

    private mutating func addField(_ range: Range<Int>) throws(HTTPError) {
        guard var head else { return }
        if head.fields.all.count >= limits.fieldCountMax {
            throw HTTPError(
                .tooManyFields,
                "The request has more than \(limits.fieldCountMax) fields."
            )
        }
        let line = buffer[range]
        // RFC 9112 §5.2: obs-fold is refused.
        if let first = line.first, first == Grammar.space || first == Grammar.tab {
            throw HTTPError(.foldedField, "A header field is continued on a second line.")
        }
        // RFC 9112 §5.1: no white space between name and colon.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            line[..<colon].allSatisfy(Grammar.isToken)
        else {
            throw HTTPError(.malformedField, "A header field has no name followed by a colon.")
        }
        let value = Grammar.trimmed(line[(colon + 1)...])
        guard value.allSatisfy(Grammar.isFieldValue) else {
            throw HTTPError(.malformedField, "A header field holds a control character.")
        }
        head.fields.append(
            String(decoding: line[..<colon], as: UTF8.self),
            String(decoding: value, as: UTF8.self)
        )
        self.head = head
    }

    private mutating func finishHead() throws(HTTPError) -> RequestHead {
        guard var head else {
            throw HTTPError(.malformedRequestLine, "There is no request line.")
        }
        try FramingRules.apply(to: &head, limits: limits)
        self.head = nil
        switch head.body {
        case .none: state = .end
        case .length(let bytes): state = .body(left: bytes)
        }
        return head
    }
}
