// SPDX-License-Identifier: Apache-2.0
// A small site on an HTTP server of its own, on loopback, for the tests beside this file.

import SealHTTP
import SealTelemetry
import Synchronization

@testable import SealNet
@testable import SealServer

/// What tests hold closed until they have seen enough.
final class Gate: Sendable {
    private let state = MonitoredState((isOpen: false, waiting: 0))

    /// Waits until the gate is opened.
    func pass() {
        state.change { $0.waiting += 1 }
        state.wait { $0.isOpen ? () : nil }
    }

    /// Waits until so many stand before the gate; false when they do not come.
    func waitFor(_ count: Int) -> Bool {
        state.wait(milliseconds: 10_000) { $0.waiting >= count ? () : nil } != nil
    }

    func open() { state.change { $0.isOpen = true } }
}

/// A server with a site that echoes, waits and is large.
final class HTTPStage: Sendable {
    let service: HTTPService
    let port: Int
    let counters = DaemonCounters()
    let gate = Gate()
    /// How many requests were answered by the site.
    let answered = MonitoredState(0)
    private let lines: MonitoredState<[String]>
    private let handshakes = HandshakePool(threads: 1)

    static let largeBytes = 1 << 20

    init(
        _ settings: HTTPServerSettings = HTTPStage.settings(),
        tls: TLSContext? = nil
    ) throws {
        let socket = try ListeningSocket.open(host: "127.0.0.1", port: 0)
        port = Int(socket.address.port)
        let lines = MonitoredState<[String]>([])
        self.lines = lines
        let logger = Logger(
            level: .info,
            format: .logfmt,
            limit: LogRateLimit(linesMax: 1_000_000),
            clock: { Timestamp(microseconds: 0) },
            sink: { line in lines.change { $0.append(String(decoding: line, as: UTF8.self)) } }
        )
        let listener = LoopListener(
            socket: socket,
            number: 7,
            tls: tls.map { TLSSource($0) }
        )
        service = HTTPService(
            named: "stage",
            settings,
            ports: [HTTPPort(listener: listener, name: "stage")],
            site: Self.site(gate, answered),
            handshakes: handshakes,
            counters: counters,
            logger: logger
        )
    }

    deinit {
        gate.open()
        service.stop()
        handshakes.stop()
    }

    /// Bodies of at most 1000 bytes, and times short enough to wait for.
    static func settings(
        _ change: (inout HTTPServerSettings) -> Void = { _ in }
    ) -> HTTPServerSettings {
        var settings = HTTPServerSettings()
        settings.request.bodyBytesMax = 1000
        change(&settings)
        return settings
    }

    /// The log so far.
    var log: [String] { lines.change { $0 } }

    /// How often a limit was hit.
    func hits(_ limit: LimitName) -> UInt64 { counters.snapshot.limitHits[limit] }

    private static func site(_ gate: Gate, _ answered: MonitoredState<Int>) -> HTTPSite {
        var site = HTTPSite(
            bodyRule: { head in
                switch head.path {
                case "/judged": .judge
                case "/nobody": .refuse(.problem(.unauthorized, code: "who", reason: "Who?"))
                case "/small": .take(bytesMax: 10)
                default: .take(bytesMax: .max)
                }
            },
            answer: { exchange in
                defer { answered.change { $0 += 1 } }
                var response = answer(exchange, gate)
                response.route = "/{what}"
                return response
            }
        )
        let reply = site.answer
        site.answer = { exchange, lane in
            // Slow work is done on its own lane.
            if exchange.head.path == "/slow", lane == .quick {
                return .move(.slow, key: Array((exchange.head.query ?? "").utf8), permit: nil)
            }
            return reply(exchange, lane)
        }
        site.judge = { exchange, _ in
            exchange.head.fields["Authorization"] == nil
                ? .refuse(.problem(.unauthorized, code: "who", reason: "Who?"))
                : .take(bytesMax: .max, isBulk: exchange.head.query == "bulk", permit: nil)
        }
        return site
    }

    private static func answer(_ exchange: HTTPExchange, _ gate: Gate) -> Response {
        switch exchange.head.path {
        case "/wait", "/slow":
            gate.pass()
            return Response(.ok, type: "text/plain", body: Array("waited".utf8))
        case "/large":
            return Response(
                .ok,
                type: "text/plain",
                body: [UInt8](repeating: 0x78, count: largeBytes)
            )
        case "/nothing": return Response(.noContent)
        case "/known":
            var response = Response(.ok, type: "text/plain", body: Array("known".utf8))
            response.knowsCaller = true
            return response
        case "/who":
            let text =
                "\(exchange.scheme) \(exchange.listener) \(exchange.serverName ?? "-") "
                + "\(exchange.peerAddress) \(exchange.chain.map(\.count))"
            return Response(.ok, type: "text/plain", body: Array(text.utf8))
        default: return Response(.ok, type: "text/plain", body: exchange.body)
        }
    }
}

/// Requests as text.
enum Ask {
    static func get(_ path: String, more: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(more)\r\n"
    }

    static func post(_ path: String, _ body: String, more: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n"
            + "\(more)\r\n\(body)"
    }
}

extension WireClient {
    /// Receives until the text holds so many status lines and ends as expected, or no more comes.
    func receiveText(until end: String) -> String {
        var text = ""
        while !text.hasSuffix(end), let more = receive(), !more.isEmpty {
            text += String(decoding: more, as: UTF8.self)
        }
        return text
    }

    /// Everything until the other side closes, as text.
    func receiveAllText() -> String { String(decoding: receiveAll(), as: UTF8.self) }
}

/// The status codes of answers that stand one after another.
func statuses(_ text: String) -> [Int] {
    text.split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
}
