// SPDX-License-Identifier: Apache-2.0
// The server's side of a connection: bytes in, bytes out. And the router and the writer it uses.

import Testing

@testable import SealHTTP

@Suite("Server connection")
struct ServerConnectionTests {
    private func text(_ action: ServerConnection.Action?) throws -> (String, Bool) {
        switch action {
        case .send(let bytes, let closes): return (String(decoding: bytes, as: UTF8.self), closes)
        case .refuse(_, let bytes): return (String(decoding: bytes, as: UTF8.self), true)
        case .decide, .handle, nil: throw Unexpected()
        }
    }

    private func path(_ action: ServerConnection.Action?) throws -> String {
        guard case .handle(let request) = action else { throw Unexpected() }
        return request.head.path
    }

    private func isNothing(_ action: ServerConnection.Action?) -> Bool {
        if case nil = action { return true }
        return false
    }

    private let answer = Response(.ok, type: "text/plain", body: Array("hi\n".utf8))
    private let extras = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"

    @Test("GET is answered with length and body, byte for byte")
    func get() throws {
        var connection = ServerConnection()
        connection.receive(Array("GET /a HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        #expect(try path(connection.next()) == "/a")
        let (sent, closes) = try text(connection.respond(answer))
        #expect(
            sent == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
                + extras + "\r\nhi\n"
        )
        #expect(!closes && connection.isIdle)
    }

    @Test("HEAD is answered with the same head and no body")
    func head() throws {
        var connection = ServerConnection()
        connection.receive(Array("HEAD /a HTTP/1.0\r\n\r\n".utf8))
        _ = connection.next()
        let (sent, closes) = try text(connection.respond(answer))
        #expect(
            sent == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
                + extras + "Connection: close\r\n\r\n"
        )
        #expect(closes)
    }

    @Test("requests sent ahead wait for the answer before")
    func pipelining() throws {
        var connection = ServerConnection()
        let one = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n"
        connection.receive(Array((one + "GET /2 HTTP/1.1\r\nHost: x\r\n\r\nBAD\r\n").utf8))
        #expect(try path(connection.next()) == "/1")
        #expect(isNothing(connection.next()))
        #expect(!connection.isIdle)
        _ = connection.respond(answer)
        #expect(try path(connection.next()) == "/2")
        _ = connection.respond(answer)
        let (sent, closes) = try text(connection.next())
        #expect(closes && sent.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(sent.contains("\"code\":\"http.malformed-request-line\""))
        #expect(isNothing(connection.next()))
        connection.receive(Array(one.utf8))
        #expect(isNothing(connection.next()), "a closing connection takes nothing more")
    }

    @Test("an answer without a question is not sent")
    func strayAnswer() {
        var connection = ServerConnection()
        #expect(isNothing(connection.respond(answer)))
    }

    @Test("a drain closes after the present answer")
    func drain() throws {
        var connection = ServerConnection()
        connection.receive(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
        _ = connection.next()
        let (sent, closes) = try text(connection.respond(answer, mayKeepAlive: false))
        #expect(closes && sent.contains("Connection: close\r\n"))
    }

    @Test("a peer that waits for 100 Continue gets it, and its body is read")
    func expectation() throws {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 5
        var connection = ServerConnection(limits: limits)
        let head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"
        connection.receive(Array(head.utf8))
        guard case .decide(let asked) = connection.next() else { throw Unexpected() }
        #expect(asked.expectsContinue && asked.body == .length(5))
        #expect(isNothing(connection.next()), "nothing goes on before the decision")
        let (sent, closes) = try text(connection.decide(.take(bytesMax: 5)))
        #expect(sent == "HTTP/1.1 100 Continue\r\n\r\n" && !closes)
        connection.receive(Array("he".utf8))
        #expect(isNothing(connection.next()))
        connection.receive(Array("llo".utf8))
        guard case .handle(let request) = connection.next() else { throw Unexpected() }
        #expect(request.body == Array("hello".utf8))
    }

    @Test("a body that a route takes less of, or does not want, is refused and the end follows")
    func decisions() throws {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 100
        let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
        for (rule, status) in [
            (BodyRule.take(bytesMax: 4), "413"), (.refuse(Response(.unauthorized)), "401"),
        ] {
            var connection = ServerConnection(limits: limits)
            connection.receive(Array((head + "hello").utf8))
            guard case .decide = connection.next() else { throw Unexpected() }
            let (sent, closes) = try text(connection.decide(rule))
            #expect(closes && sent.hasPrefix("HTTP/1.1 \(status) "))
            #expect(isNothing(connection.next()) && isNothing(connection.decide(rule)))
        }
    }

    @Test("a request that is being read can be given up, nothing else can")
    func givingUp() throws {
        var connection = ServerConnection()
        #expect(connection.isIdle && isNothing(connection.giveUp()))
        connection.receive(Array("GET / HTTP/1.1\r\n".utf8))
        #expect(isNothing(connection.next()) && connection.isReading && !connection.isIdle)
        let (sent, closes) = try text(connection.giveUp())
        #expect(closes && sent.hasPrefix("HTTP/1.1 408 "))
        #expect(isNothing(connection.giveUp()) && !connection.wantsBytes)
    }

    @Test("an answer without a body has no length")
    func noContent() {
        let bytes = Response(.noContent, body: [1]).bytes(
            to: .delete,
            minorVersion: 1,
            keepsAlive: true
        )
        let sent = String(decoding: bytes, as: UTF8.self)
        #expect(sent.hasPrefix("HTTP/1.1 204 No Content\r\n") && sent.hasSuffix("\r\n\r\n"))
        #expect(!sent.contains("Content-Length"))
    }

    @Test("no field of an answer can begin another line")
    func responseSplitting() {
        let response = Response(.ok, fields: ["X-A\r\nB": "1\r\nSet-Cookie: x\u{0}"])
        let sent = String(
            decoding: response.bytes(to: .get, minorVersion: 1, keepsAlive: true),
            as: UTF8.self
        )
        #expect(sent.hasPrefix("HTTP/1.1 200 OK\r\nX-A--B: 1  Set-Cookie: x \r\n"))
    }

    @Test("a problem's sentence stays JSON")
    func problem() {
        let response = Response.problem(.notFound, code: "no_such_path", reason: "a \"b\"\\\n")
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == "{\"title\":\"Not Found\",\"status\":404,"
                + "\"reason\":\"no_such_path\",\"code\":\"no_such_path\","
                + "\"detail\":\"a \\\"b\\\"\\\\\\n\"}\n"
        )
    }

    @Test(
        "each kind of refusal has its status",
        arguments: [
            ("GET /\r\n", 400), ("GET / HTTP/3.0\r\n", 505),
            ("GET /\(String(repeating: "x", count: 5_000)) HTTP/1.1\r\n", 414),
            ("GET / HTTP/1.0\r\nX: \(String(repeating: "x", count: 9_000))", 431),
            ("GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\n", 413),
            ("GET / HTTP/1.0\r\nExpect: x\r\n\r\n", 417),
            ("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ]
    )
    func statuses(sent: String, code: Int) throws {
        var connection = ServerConnection()
        connection.receive(Array(sent.utf8))
        let (answer, closes) = try text(connection.next())
        #expect(closes && answer.hasPrefix("HTTP/1.1 \(code) "))
    }
}

@Suite("Router")
struct RouterTests {
    private func describe(_ method: Method, _ path: String) -> String {
        var router = Router<String>()
        router.add(.get, "/metrics", "metrics")
        router.add(.get, "/devices/{id}", "device")
        router.add("POST", "/devices/{id}", "change")
        router.add(.get, "/devices/all", "all")
        let head = RequestHead(
            method: method,
            path: path,
            query: nil,
            minorVersion: 1,
            fields: [:]
        )
        switch router.match(head) {
        case .found(let handler, let parameters):
            return ([handler] + parameters.map { "\($0)=\($1)" }).joined(separator: " ")
        case .methodNotAllowed(let allowed): return allowed.joined(separator: ",")
        case .notFound: return "not found"
        }
    }

    @Test("paths lead to their handlers, fixed segments before named ones")
    func paths() {
        #expect(describe(.get, "/metrics") == "metrics")
        #expect(describe(.head, "/metrics") == "metrics")
        #expect(describe(.get, "/devices/a%20b") == "device id=a b")
        #expect(describe("POST", "/devices/7") == "change id=7")
        #expect(describe(.get, "/devices/all") == "all")
    }

    @Test("a wrong method is told from a wrong path")
    func refusals() {
        #expect(describe("PUT", "/metrics") == "GET,HEAD")
        #expect(describe("PUT", "/devices/7") == "GET,HEAD,POST")
        for path in ["/", "/metrics/", "//metrics", "/Metrics", "/devices/", "*"] {
            #expect(describe(.get, path) == "not found", "\(path)")
        }
    }

    @Test("escapes cannot smuggle a slash, a dot segment, a control or broken UTF-8")
    func escapes() {
        for path in ["a%2Fb", "%2e%2E", "..", ".", "%00", "%0a", "%ff", "%7F"] {
            #expect(describe(.get, "/devices/" + path) == "not found", "\(path)")
        }
    }
}
