// SPDX-License-Identifier: Apache-2.0
// A client of REST APIs for command lines: one call after the other, each waited for. Redirects
// are not followed, for credentials must not go where a server points to.

internal import SealBytes
public import SealHTTP
public import SealNet

/// Calls a REST API; belongs to one thread.
public final class RESTClient {
    /// Where the API is.
    public let target: RESTTarget
    /// Who calls; nil calls without a name.
    public var authorization: HTTPAuthorization?
    /// How long one call may take.
    public var timeLimitSeconds: Int
    /// The largest answer.
    public static let answerBytesMax = 64 << 20
    private static let pieceBytes = 256 << 10
    private let tls: TLSClientContext?
    private let waker: Waker
    private var channel: ClientChannel?

    /// Makes a client; nothing is connected yet.
    public init(
        _ target: RESTTarget,
        tls settings: TLSClientSettings,
        authorization: HTTPAuthorization? = nil,
        timeLimitSeconds: Int = 30
    ) throws(RESTError) {
        self.target = target
        self.authorization = authorization
        self.timeLimitSeconds = timeLimitSeconds
        do {
            waker = try Waker()
            tls = target.isEncrypted ? try TLSClientContext.load(settings) : nil
        } catch {
            throw RESTError(.settings, "\(error)")
        }
    }

    deinit { channel?.close(within: 100, waker: waker) }

    /// Makes a call and waits for its answer.
    public func call(_ request: RESTRequest) throws(RESTError) -> RESTResponse {
        if authorization != nil, !target.isEncrypted, !target.isLoopback {
            throw RESTError(
                .plainText,
                "credentials are not sent to \(target) without TLS, where anybody could read them"
            )
        }
        let bytes = request.bytes(to: target, authorization: authorization)
        let end = MonotonicClock.milliseconds + UInt64(max(timeLimitSeconds, 1)) * 1000
        // A connection that was kept may have ended meanwhile. What can be asked twice is asked
        // again on a new one; a POST never uses a kept one.
        if let kept = channel, request.method != .post {
            channel = nil
            if let answer = try? exchange(bytes, request.method, on: kept, until: end) {
                return answer
            }
        }
        channel = nil
        return try exchange(bytes, request.method, on: try connect(), until: end)
    }

    private func connect() throws(RESTError) -> ClientChannel {
        let place = ChannelTarget(
            host: target.host,
            port: target.port,
            tls: tls,
            timeLimitSeconds: timeLimitSeconds
        )
        do {
            return try ClientChannel.open(place, waker: waker)
        } catch {
            throw RESTError(error)
        }
    }

    /// Sends a request in pieces and reads the answer, which may come before all was sent.
    private func exchange(
        _ request: [UInt8],
        _ method: Method,
        on channel: ClientChannel,
        until end: UInt64
    ) throws(RESTError) -> RESTResponse {
        var limits = HTTPLimits()
        limits.headBytesMax = 64 << 10
        limits.bodyBytesMax = Self.answerBytesMax
        var reading = Reading(ResponseParser(to: method, limits: limits))
        var offset = 0
        var sendingFault: ChannelError?
        while true {
            if sendingFault == nil, offset < request.count || channel.backlogCount > 0 {
                do throws(ChannelError) {
                    try send(request, &offset, channel)
                } catch {
                    // The server may have answered and closed already: its answer says why.
                    sendingFault = error
                    offset = request.count
                }
            }
            let now = MonotonicClock.milliseconds
            guard now < end else {
                throw RESTError(
                    .timeout,
                    "\(target) did not answer within \(timeLimitSeconds) seconds"
                )
            }
            let wait = Int32(clamping: min(end - now, 1000))
            let ready = channel.wait(milliseconds: wait, reads: true, waker: waker)
            guard ready.canRead else { continue }
            var isOpen = true
            do throws(ChannelError) {
                isOpen = try channel.receive(into: &reading.arrived)
            } catch {
                throw RESTError(sendingFault ?? error)
            }
            if try reading.advance(isOpen: isOpen) {
                if reading.keepsAlive, isOpen, offset == request.count, sendingFault == nil {
                    self.channel = channel
                } else {
                    channel.close(within: 100, waker: waker)
                }
                return reading.response
            }
            guard isOpen else {
                throw RESTError(.connection, "\(target) closed the connection without an answer")
            }
        }
    }

    private func send(
        _ request: [UInt8],
        _ offset: inout Int,
        _ channel: ClientChannel
    ) throws(ChannelError) {
        if channel.backlogCount < Self.pieceBytes, offset < request.count {
            let piece = Array(request[offset...].prefix(Self.pieceBytes))
            try channel.send(piece.span.bytes)
            offset += piece.count
        }
        try channel.flush()
    }

    /// What was read of an answer.
    private struct Reading {
        var parser: ResponseParser
        var arrived: [UInt8] = []
        var response = RESTResponse(status: .ok, fields: [:], body: [])
        var keepsAlive = false

        init(_ parser: ResponseParser) { self.parser = parser }

        /// Takes in what arrived; true when the answer is complete.
        mutating func advance(isOpen: Bool) throws(RESTError) -> Bool {
            parser.append(arrived)
            arrived.removeAll(keepingCapacity: true)
            do {
                while let event = try parser.next() {
                    if take(event) { return true }
                }
                if !isOpen, let event = try parser.connectionEnded() { return take(event) }
            } catch {
                throw RESTError(
                    .answer,
                    "the server's answer is not HTTP as it should be: \(error)"
                )
            }
            return false
        }

        private mutating func take(_ event: ResponseParser.Event) -> Bool {
            switch event {
            case .head(let head):
                response.status = head.status
                response.fields = head.fields
                keepsAlive = head.keepsAlive
            case .body(let piece): response.body.append(contentsOf: piece)
            case .end: return true
            }
            return false
        }
    }
}
