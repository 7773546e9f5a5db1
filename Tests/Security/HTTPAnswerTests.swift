// SPDX-License-Identifier: Apache-2.0
// What every answer of the HTTP layer says, whoever asked for what: a reason, a date, no wrong
// scheme; and what a target may name.

import Foundation
import SealHTTP
import SealTelemetry
import Testing

@testable import SealAdmin
@testable import SealServer
@testable import Stage

@Suite("HTTP answers", .serialized) struct HTTPAnswerTests {
    private static let post = "POST /echo HTTP/1.1\r\nHost: a\r\n"

    @Test(
        "what the HTTP layer refuses has a reason and a date",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", 400, "http.bad-host"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "http.bad-host"),
            ("G\r\n\r\n", 400, "http.malformed-request-line"),
            ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400, "http.malformed-target"),
            ("\(post)Content-Length: 1001\r\n\r\n", 413, "http.body-too-large"),
            ("GET /\(String(repeating: "x", count: 5000))", 414, "http.target-too-long"),
            (
                "GET / HTTP/1.1\r\nX: \(String(repeating: "x", count: 9000))", 431,
                "http.head-too-large"
            ),
            (
                "\(post)Transfer-Encoding: gzip, chunked\r\n\r\n", 501,
                "http.unsupported-transfer-coding"
            ),
            ("GET / HTTP/3.0\r\n\r\n", 505, "http.unsupported-version"),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: gold\r\n\r\n", 417, "http.unmet-expectation"),
        ]
    )
    func reasons(bytes: String, status: Int, code: String) throws {
        let stage = try HTTPStage()
        let client = try WireClient(stage.port)
        client.send(bytes)
        let answer = client.receiveAllText()
        #expect(statuses(answer) == [status])
        #expect(answer.contains("\"reason\":\"\(code)\""), "\(answer)")
        try checkDate(answer)
    }

    @Test("a request that does not come to its end has a reason and a date too")
    func timeouts() throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.requestMilliseconds = 100 })
        let client = try WireClient(stage.port)
        client.send("GET / HT")
        let answer = client.receiveAllText()
        #expect(statuses(answer) == [408])
        #expect(answer.contains("\"reason\":\"http.request-timeout\""))
        try checkDate(answer)
    }

    /// RFC 9110 §5.6.7, IMF-fixdate, and now.
    private func checkDate(_ answer: String) throws {
        let line = try #require(
            answer.components(separatedBy: "\r\n").first { $0.hasPrefix("Date: ") },
            "\(answer)"
        )
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "UTC")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let date = try #require(format.date(from: String(line.dropFirst("Date: ".count))))
        #expect(abs(date.timeIntervalSinceNow) < 60)
    }

    @Test(
        "refusals of each family have a reason and a date, and link to no other scheme",
        arguments: [
            ("POST", "/nothing/there", 404, "api.no-such-call"),
            ("POST", "/api/nothing", 404, "api.no-such-call"),
            ("POST", "/inventory/nothing", 404, "api.no-such-call"),
            ("PATCH", "/api/v1/devices", 405, "api.method-not-allowed"),
            ("PATCH", "/inventory/managedObjects", 405, "api.method-not-allowed"),
            ("POST", "/api/v1/devices", 401, "api.credentials-missing"),
            ("POST", "/inventory/managedObjects", 401, "api.credentials-missing"),
            ("POST", "/api/device", 401, "api.credentials-missing"),
        ]
    )
    func families(method: String, path: String, status: Int, code: String) throws {
        let running = try RunningAPI()
        for bytes in [0, 100_000] {
            let client = try WireClient(try running.port)
            client.send(RunningAPI.head(method, path, bytes, more: "Connection: close\r\n"))
            let answer = client.receiveAllText()
            #expect(statuses(answer) == [status], "\(answer)")
            #expect(answer.contains("\"reason\":\"\(code)\""), "\(answer)")
            #expect(!answer.contains("https://"), "\(answer)")
            try checkDate(answer)
        }
    }

    @Test(
        "a target that names a scheme and an authority is held to them",
        arguments: [
            ("http://a/who", "a", 200), ("HTTP://A/who", "a", 200), ("http://a:80/who", "a", 200),
            ("http://a?x=1", "a", 200), ("https://a/who", "a", 421), ("http://b/who", "a", 400),
            ("http://a:81/who", "a", 400), ("http://user@a/who", "a", 400),
            ("http:///who", "a", 400), ("ftp://a/who", "a", 400),
        ]
    )
    func absoluteTargets(target: String, host: String, status: Int) throws {
        let stage = try HTTPStage()
        let client = try WireClient(stage.port)
        client.send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n")
        let answer = client.receiveAllText()
        #expect(statuses(answer) == [status], "\(answer)")
        if status == 421 { #expect(answer.contains("\"reason\":\"http.wrong-scheme\"")) }
    }

    @Test("the authority of the target counts for the tenant, not a Host that is not there")
    func authorityNamesTheTenant() throws {
        var parser = RequestParser()
        parser.append(Array("GET http://acme.example/x HTTP/1.0\r\n\r\n".utf8))
        guard case .head(let head)? = try parser.next() else {
            Issue.record("no head")
            return
        }
        let exchange = HTTPExchange(head: head, scheme: "http")
        #expect(AdminRequest(exchange).hostName == "acme.example")
        #expect(head.path == "/x" && head.scheme == "http")
    }
}
