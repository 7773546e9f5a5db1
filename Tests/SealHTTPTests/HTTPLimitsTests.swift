// SPDX-License-Identifier: Apache-2.0
// Every limit at the limit and one above it.

import SealHTTP
import Testing

@Suite("HTTP limits")
struct HTTPLimitsTests {
    private func outcome(_ text: String, _ limits: HTTPLimits) -> String {
        let whole = transcript(Array(text.utf8), limits: limits).last ?? "nothing"
        let bytewise = transcript(Array(text.utf8), limits: limits, pieceBytes: 1).last ?? "nothing"
        #expect(whole == bytewise)
        return whole
    }

    @Test("a head at its limit is read, one byte more is refused")
    func headBytes() {
        let text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        var limits = HTTPLimits()
        limits.headBytesMax = text.utf8.count
        #expect(outcome(text, limits) == "end ")
        limits.headBytesMax -= 1
        #expect(outcome(text, limits) == "error http.head-too-large")
    }

    @Test("a target at its limit is read, one byte more is refused")
    func targetBytes() {
        var limits = HTTPLimits()
        limits.targetBytesMax = 10
        #expect(outcome("GET /123456789 HTTP/1.0\r\n\r\n", limits) == "end ")
        #expect(outcome("GET /123456789x HTTP/1.0\r\n\r\n", limits) == "error http.target-too-long")
    }

    @Test("a request line that never ends is refused before the head's limit")
    func endlessTarget() {
        let text = "GET /" + String(repeating: "x", count: 5_000)
        #expect(outcome(text, HTTPLimits()) == "error http.target-too-long")
    }

    @Test("a method of 24 bytes is read, one of 25 refused")
    func methodBytes() {
        let method = String(repeating: "M", count: Method.nameBytesMax)
        #expect(outcome("\(method) / HTTP/1.0\r\n\r\n", HTTPLimits()) == "end ")
        #expect(
            outcome("M\(method) / HTTP/1.0\r\n\r\n", HTTPLimits())
                == "error http.malformed-request-line"
        )
    }

    @Test("a field at its limit is read, one byte more is refused")
    func fieldBytes() {
        var limits = HTTPLimits()
        limits.fieldBytesMax = 6
        #expect(outcome("GET / HTTP/1.0\r\nX: abc\r\n\r\n", limits) == "end ")
        #expect(outcome("GET / HTTP/1.0\r\nX: abcd\r\n\r\n", limits) == "error http.head-too-large")
    }

    @Test("64 fields are read, 65 are refused")
    func fieldCount() {
        let field = "X: y\r\n"
        let most = String(repeating: field, count: HTTPLimits().fieldCountMax)
        #expect(outcome("GET / HTTP/1.0\r\n\(most)\r\n", HTTPLimits()) == "end ")
        #expect(
            outcome("GET / HTTP/1.0\r\n\(most)\(field)\r\n", HTTPLimits())
                == "error http.too-many-fields"
        )
    }

    @Test("a body at its limit is read, one byte more is refused before it comes")
    func bodyBytes() {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 3
        let head = "POST / HTTP/1.0\r\nContent-Length:"
        #expect(outcome("\(head) 3\r\n\r\nabc", limits) == "end abc")
        #expect(outcome("\(head) 4\r\n\r\n", limits) == "error http.body-too-large")
        #expect(outcome("\(head) 0\r\n\r\n", HTTPLimits()) == "end ")
        #expect(outcome("\(head) 1\r\n\r\n", HTTPLimits()) == "error http.body-too-large")
    }

    @Test("the last request of a connection at its limit closes it")
    func requestCount() throws {
        var limits = HTTPLimits()
        limits.requestsPerConnectionMax = 2
        var connection = ServerConnection(limits: limits)
        connection.receive(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        guard case .handle = connection.next() else { throw Unexpected() }
        guard case .send(_, closes: false) = connection.respond(Response(.ok)) else {
            throw Unexpected()
        }
        connection.receive(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        guard case .handle = connection.next() else { throw Unexpected() }
        guard case .send(_, closes: true) = connection.respond(Response(.ok)) else {
            throw Unexpected()
        }
    }
}

struct Unexpected: Error {}
