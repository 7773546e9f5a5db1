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
        /// Answer this with `respond`; nothing else comes until then.
        case handle(Request)
        /// Send these bytes, then close if it says so.
        case send([UInt8], closes: Bool)
    }

    private let limits: HTTPLimits
    private var parser: RequestParser
    private var request: Request?
    private var isAnswering = false
    private var isClosing = false
    private var requestCount = 0

    /// Makes the machine of a fresh connection.
    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        parser = RequestParser(limits: limits)
    }

    /// Whether the owner should stop reading: a peer sent further requests ahead of answers.
    public var wantsPause: Bool { parser.pendingBytes > limits.headBytesMax || isClosing }

    /// Whether no request is under way, so that a drain may close at once.
    public var isIdle: Bool { !isAnswering && request == nil && parser.pendingBytes == 0 }

    /// Takes in what arrived.
    public mutating func receive(_ bytes: some Collection<UInt8>) {
        guard !isClosing else { return }
        parser.append(bytes)
    }

    /// The next thing to do; nil when there is nothing until more arrives.
    public mutating func next() -> Action? {
        guard !isAnswering, !isClosing else { return nil }
        do {
            while let event = try parser.next() {
                switch event {
                case .head(let head):
                    request = Request(head: head, body: [])
                    if head.expectsContinue {
                        return .send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), closes: false)
                    }
                case .body(let piece): request?.body.append(contentsOf: piece)
                case .end:
                    guard let complete = request else { continue }
                    isAnswering = true
                    return .handle(complete)
                }
            }
            return nil
        } catch {
            isClosing = true
            let problem = Response.problem(
                error.status,
                code: error.code.rawValue,
                reason: error.reason
            )
            return .send(
                problem.bytes(to: .get, minorVersion: 1, keepsAlive: false),
                closes: true
            )
        }
    }

    /// Answers the request handed out last; nil when there is none.
    public mutating func respond(_ response: Response, mayKeepAlive: Bool = true) -> Action? {
        guard isAnswering, let head = request?.head else { return nil }
        requestCount += 1
        let keepsAlive =
            mayKeepAlive && head.wantsKeepAlive && requestCount < limits.requestsPerConnectionMax
        isAnswering = false
        isClosing = !keepsAlive
        request = nil
        let bytes = response.bytes(
            to: head.method,
            minorVersion: head.minorVersion,
            keepsAlive: keepsAlive
        )
        return .send(bytes, closes: !keepsAlive)
    }
}
