// SPDX-License-Identifier: Apache-2.0
// Requests that no honest client sends, over raw sockets: each is refused once and the connection
// ends, so that nothing behind it is ever taken for a request.

import Foundation
import SealTelemetry
import Testing

@testable import SealServer
@testable import Stage

@Suite("HTTP attacks")
struct HTTPAttackTests {
    /// What would be smuggled behind a request.
    private static let prize = "GET /prize HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let post = "POST /echo HTTP/1.1\r\nHost: a\r\n"
    private static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

    @Test(
        "what could be read in two ways is refused, and what is behind it is not answered",
        arguments: [
            ("\(Self.post)Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX", 400),
            ("\(Self.post)Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nX", 400),
            ("\(Self.post)Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
            ("\(Self.post)Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
            ("\(Self.post)Content-Length: 1,1\r\n\r\na", 400),
            ("\(Self.post)Content-Length: +1\r\n\r\na", 400),
            ("\(Self.post)Content-Length: -1\r\n\r\n", 400),
            ("\(Self.post)Content-Length: 1 \r\n2\r\n\r\n", 400),
            ("\(Self.post)Content-Length : 1\r\n\r\na", 400),
            ("\(Self.post)Content-Length\t: 1\r\n\r\na", 400),
            ("\(Self.post)Content-Length: 0x1\r\n\r\na", 400),
            ("\(Self.post)Content-Length: 18446744073709551617\r\n\r\na", 413),
            (
                "\(Self.post)Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
                400
            ),
            ("\(Self.post)Transfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n", 501),
            ("\(Self.post)Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
            ("\(Self.post)Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
            ("\(Self.post) Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("\(Self.post)Transfer-Encoding:\u{b}chunked\r\n\r\n0\r\n\r\n", 400),
            ("\(Self.post)X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("\(Self.chunked)1;x\n\r\na\r\n0\r\n\r\n", 400),
            ("\(Self.chunked)1\r\nab\r\n0\r\n\r\n", 400),
            ("\(Self.chunked)0x1\r\na\r\n0\r\n\r\n", 400),
            ("\(Self.chunked)1 \r\na\r\n0\r\n\r\n", 400),
            ("\(Self.chunked)-1\r\n", 400), ("\(Self.chunked)fffffffff\r\n", 400),
            ("\(Self.chunked)1\r\na\n0\r\n\r\n", 400), ("\(Self.chunked)\r\n", 400),
            ("\(Self.chunked)0\r\nContent-Length: 5\r\n\r\n", 400),
            ("\(Self.chunked)FFFFFFF\r\n", 413),
        ]
    )
    func smuggling(bytes: String, status: Int) throws {
        let stage = try HTTPStage()
        let client = try WireClient(stage.port)
        client.send(bytes + Self.prize)
        let answer = client.receiveAllText()
        #expect(statuses(answer) == [status], "\(answer.prefix(200))")
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(stage.answered.change { $0 } == 0)
    }

    @Test(
        "heads that are none are refused",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX\u{0}: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX y: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
            ("GET / HTTP/1.1\nHost: a\n\n", 400), ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            ("GET /\u{0} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET /%0 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("GET //\\ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("\u{16}\u{3}\u{1}\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nExpect: gold\r\n\r\n", 417),
        ]
    )
    func heads(bytes: String, status: Int) throws {
        let stage = try HTTPStage()
        let client = try WireClient(stage.port)
        client.send(bytes + Self.prize)
        #expect(statuses(client.receiveAllText()) == [status])
        #expect(stage.answered.change { $0 } == 0)
    }

    @Test("heads without end are refused at their limits")
    func endless() throws {
        let stage = try HTTPStage()
        let long = String(repeating: "x", count: 100_000)
        let many = String(repeating: "X: y\r\n", count: 65)
        for (bytes, status) in [
            ("GET /\(long)", 414), ("GET / HTTP/1.1\r\nX: \(long)", 431),
            ("GET / HTTP/1.1\r\n\(long)", 431), ("GET / HTTP/1.1\r\n\(many)", 431),
            ("\(Self.chunked)1;\(long)", 400), ("\(Self.chunked)0\r\nX: \(long)", 431),
        ] {
            let client = try WireClient(stage.port)
            client.send(bytes)
            #expect(statuses(client.receiveAllText()) == [status])
        }
        #expect(stage.hits(.httpHeadBytes) == 5)
    }

    @Test("a request that trickles in is given up, whatever part of it trickles")
    func slow() throws {
        let stage = try HTTPStage(
            HTTPStage.settings {
                $0.requestMilliseconds = 200
                $0.bodyBytesPerSecondMin = 1000
            }
        )
        for start in ["G", "GET / HTTP/1.1\r\nX: ", Self.post + "Content-Length: 900\r\n\r\n"] {
            let client = try WireClient(stage.port)
            client.send(start)
            for _ in 0..<20 {
                client.send("a")
                Foundation.Thread.sleep(forTimeInterval: 0.02)
            }
            #expect(statuses(client.receiveAllText()) == [408])
        }
        #expect(stage.hits(.httpRequestSeconds) == 3)
    }

    @Test("who asks nothing is sent away without a word, who asks now and then is not")
    func idle() throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.idleMilliseconds = 300 })
        let silent = try WireClient(stage.port)
        let steady = try WireClient(stage.port)
        for _ in 0..<4 {
            Foundation.Thread.sleep(forTimeInterval: 0.15)
            steady.send(Ask.post("/echo", "here"))
            #expect(steady.receiveText(until: "here").hasPrefix("HTTP/1.1 200"))
        }
        #expect(silent.receiveAll().isEmpty)
        #expect(steady.receiveAll().isEmpty)
        #expect(stage.hits(.httpRequestSeconds) == 0)
    }

    @Test("a client that leaves before its answer costs nothing that stays")
    func leaving() throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.bodyBytesTotalMax = 1000 })
        for _ in 0..<20 {
            let client = try WireClient(stage.port)
            client.send(Self.post + "Content-Length: 1000\r\n\r\nhalf")
            client.reset()
        }
        let body = String(repeating: "x", count: 1000)
        var answer = ""
        for _ in 0..<50 where statuses(answer) != [200] {
            let client = try WireClient(stage.port)
            client.send(Ask.post("/echo", body, more: "Connection: close\r\n"))
            answer = client.receiveAllText()
        }
        #expect(statuses(answer) == [200])
    }
}
