// SPDX-License-Identifier: Apache-2.0
// One connection of a server as a state machine: bytes and responses in, actions out. It owns no
// socket and no timer; whoever owns them closes a connection that stays silent.

/// The server's side of one connection.
///
/// Pipelined requests are handed out one at a time, so answers leave in order.
public struct ServerConnection: Sendable {
    /// A request with its whole body.
    public struct Request: Sendable {
        /// The head.
        public var head: RequestHead
        /// The body, within the limit.
        public var body: [UInt8]
    }

    /// What is to be done.
    public enum Action: Sendable {
        /// A body follows this head: say with `decide` whether it is taken.
        case decide(RequestHead)
        /// Answer this with `respond`; nothing else comes until then.
        case handle(Request)
        /// Send these bytes, then close if it says so.
        case send([UInt8], closes: Bool)
        /// Send this answer to a request that was not understood, then close.
        case refuse(HTTPError, [UInt8])
    }

    private enum Stage {
        case reading
        case deciding(RequestHead)
        case answering(RequestHead)
        case closing
    }

    private let limits: HTTPLimits
    private var parser: RequestParser
    private var request: Request?
    private var stage = Stage.reading
    private var requestCount = 0
    /// Fields that every answer gets, such as Date; who owns the connection keeps them true.
    public var commonFields: Fields = [:]

    /// Makes the machine of a fresh connection; `scheme` is its scheme, nil when any will do.
    public init(limits: HTTPLimits = HTTPLimits(), scheme: String? = nil) {
        self.limits = limits
        parser = RequestParser(limits: limits, scheme: scheme)
    }

    /// The most of a body that is given room before it came.
    static let bodyBytesReserved = 16_384

    /// Bytes that arrived and are kept here: the body so far, and what was not read yet.
    public var heldBytes: Int { parser.pendingBytes + (request?.body.count ?? 0) }

    /// Whether no request is under way, so that a drain may close at once.
    public var isIdle: Bool {
        if case .reading = stage { return !parser.isInRequest }
        return false
    }

    /// Whether a request was begun and is not complete: its sender is to be quick.
    public var isReading: Bool {
        if case .reading = stage { return parser.isInRequest }
        return false
    }

    /// Whether the machine takes bytes now; who owns it should not read before.
    public var wantsBytes: Bool {
        if case .reading = stage { return true }
        return false
    }

    /// Takes in what arrived.
    public mutating func receive(_ bytes: some Collection<UInt8>) {
        if case .closing = stage { return }
        parser.append(bytes)
    }

    /// The next thing to do; nil when there is nothing until more arrives.
    public mutating func next() -> Action? {
        guard case .reading = stage else { return nil }
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    request = Request(head: head, body: [])
                    guard head.body != .none else { continue }
                    stage = .deciding(head)
                    return .decide(head)
                case .body(let piece): request?.body.append(contentsOf: piece)
                case .end:
                    guard let complete = request else { continue }
                    stage = .answering(complete.head)
                    // Whoever answers has the body; a second copy is of no use.
                    request = nil
                    return .handle(complete)
                }
            }
            return nil
        } catch {
            return refuse(error)
        }
    }

    private mutating func refuse(_ error: HTTPError) -> Action {
        stage = .closing
        request = nil
        let problem = Response.problem(
            error.status,
            code: error.code.rawValue,
            reason: error.reason
        )
        return .refuse(error, bytes(of: problem, to: .get, minorVersion: 1, keepsAlive: false))
    }

    private func bytes(
        of response: Response,
        to method: Method,
        minorVersion: Int,
        keepsAlive: Bool
    ) -> [UInt8] {
        var response = response
        for field in commonFields.all where response.fields[field.name] == nil {
            response.fields.append(field.name, field.value)
        }
        return response.bytes(to: method, minorVersion: minorVersion, keepsAlive: keepsAlive)
    }

    /// Says what becomes of the body whose head was handed out last.
    ///
    /// Nil when there is nothing to send; a body that is refused ends the connection, because it
    /// may be on its way already.
    public mutating func decide(_ rule: BodyRule) -> Action? {
        guard case .deciding(let head) = stage else { return nil }
        switch rule {
        case .refuse(let response):
            stage = .closing
            request = nil
            return .send(
                bytes(
                    of: response,
                    to: head.method,
                    minorVersion: head.minorVersion,
                    keepsAlive: false
                ),
                closes: true
            )
        case .judge: return nil
        case .take(let bytesMax):
            do {
                try parser.limitBody(to: bytesMax)
            } catch {
                return refuse(error)
            }
            stage = .reading
            if case .length(let bytes) = head.body {
                // What is only announced costs its sender nothing, so it gets no memory.
                request?.body.reserveCapacity(min(bytes, Self.bodyBytesReserved))
            }
            return head.expectsContinue
                ? .send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), closes: false) : nil
        }
    }

    /// Gives up a request that takes too long to come: the answer that says so, and the end.
    public mutating func giveUp() -> Action? {
        guard isReading else { return nil }
        return giveUp(
            .problem(
                .requestTimeout,
                code: ServerRefusal.requestTimeout.rawValue,
                reason: "The request took too long to arrive."
            )
        )
    }

    /// Ends a request that is being read, or whose body waits for a decision, with this answer.
    public mutating func giveUp(_ response: Response) -> Action? {
        switch stage {
        case .reading, .deciding: break
        case .answering, .closing: return nil
        }
        stage = .closing
        request = nil
        return .send(
            bytes(of: response, to: .get, minorVersion: 1, keepsAlive: false),
            closes: true
        )
    }

    /// Answers the request handed out last; nil when there is none.
    public mutating func respond(_ response: Response, mayKeepAlive: Bool = true) -> Action? {
        guard case .answering(let head) = stage else { return nil }
        requestCount += 1
        let keepsAlive =
            mayKeepAlive && head.wantsKeepAlive && requestCount < limits.requestsPerConnectionMax
        stage = keepsAlive ? .reading : .closing
        let bytes = bytes(
            of: response,
            to: head.method,
            minorVersion: head.minorVersion,
            keepsAlive: keepsAlive
        )
        return .send(bytes, closes: !keepsAlive)
    }
}
