// SPDX-License-Identifier: Apache-2.0
// The HTTP server on loopback: answers and their order, limits at the limit and one above, times,
// draining, what it logs, and many clients at once.

import Foundation
import SealHTTP
import SealPKI
import SealTelemetry
import Testing

@testable import SealNet
@testable import SealServer
@testable import Stage

@Suite("HTTP server")
struct HTTPServerTests {
    @Test("a connection serves one request after another, with a date and without guessing")
    func keepAlive() throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.hstsSeconds = 77 })
        let client = try WireClient(stage.port)
        for text in ["one", "two"] {
            client.send(Ask.post("/echo", text))
            let answer = client.receiveText(until: text)
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains("\r\nDate: ") && answer.contains(" GMT\r\n"))
            #expect(answer.contains("\r\nX-Content-Type-Options: nosniff\r\n"))
            #expect(!answer.contains("Strict-Transport-Security"), "not without TLS")
        }
        client.send(Ask.get("/nothing", more: "Connection: close\r\n"))
        let last = client.receiveAllText()
        #expect(last.hasPrefix("HTTP/1.1 204 No Content\r\n") && !last.contains("Content-Length"))
    }

    @Test("requests sent ahead are answered in order by however many threads", arguments: [0, 4])
    func pipelining(threads: Int) throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.threads = threads })
        let client = try WireClient(stage.port)
        let texts = (1...40).map { "body-\($0);" }
        client.send(texts.map { Ask.post("/echo", $0) }.joined())
        client.send(Ask.post("/echo", "last", more: "Connection: close\r\n"))
        let answer = client.receiveAllText()
        #expect(statuses(answer) == Array(repeating: 200, count: 41))
        let places = (texts + ["last"]).compactMap { answer.range(of: "\r\n\r\n" + $0)?.lowerBound }
        #expect(places.count == 41 && places == places.sorted())
    }

    @Test("a body in chunks is read, and one whose sender waits for leave")
    func bodies() throws {
        let stage = try HTTPStage()
        let client = try WireClient(stage.port)
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\n"
        client.send(head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
        #expect(client.receiveText(until: "\r\n\r\nabcde").hasSuffix("abcde"))
        client.send(head + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(client.receiveText(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("hello")
        #expect(client.receiveText(until: "hello").hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test("a body at a route's limit is taken, one byte more is refused before it comes")
    func routeLimit() throws {
        let stage = try HTTPStage()
        let most = String(repeating: "x", count: 10)
        let taken = try WireClient(stage.port)
        taken.send(Ask.post("/small", most))
        #expect(taken.receiveText(until: most).hasPrefix("HTTP/1.1 200"))
        for framing in ["Content-Length: 11", "Transfer-Encoding: chunked"] {
            let client = try WireClient(stage.port)
            let more = framing.hasPrefix("T") ? "b\r\n" : ""
            client.send("POST /small HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n" + more)
            let answer = client.receiveAllText()
            #expect(
                statuses(answer) == [413] && answer.contains("\"code\":\"http.body-too-large\"")
            )
        }
        #expect(stage.hits(.httpBodyBytes) == 2)
    }

    @Test("a body that the site does not want is refused before it comes, and the end follows")
    func refusedBody() throws {
        let stage = try HTTPStage()
        let client = try WireClient(stage.port)
        client.send(
            "POST /nobody HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        )
        #expect(statuses(client.receiveAllText()) == [401])
        #expect(stage.answered.change { $0 } == 0)
    }

    @Test("what the bodies under way may have together is kept")
    func bodiesTogether() throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.bodyBytesTotalMax = 1500 })
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
        let first = try WireClient(stage.port)
        first.send(head + String(repeating: "y", count: 900))
        // The answer to a later request says that the head before it was read.
        let second = try WireClient(stage.port)
        second.send(Ask.post("/echo", "x"))
        #expect(second.receiveText(until: "\r\n\r\nx").hasPrefix("HTTP/1.1 200"))
        second.send(head + String(repeating: "x", count: 601))
        let answer = second.receiveAllText()
        #expect(statuses(answer) == [503] && answer.contains("\r\nRetry-After: 1\r\n"))
        #expect(stage.hits(.httpBodyBytesTotal) == 1)
        first.send(String(repeating: "y", count: 100))
        #expect(first.receiveText(until: "yyyy").hasPrefix("HTTP/1.1 200"))
        let third = try WireClient(stage.port)
        third.send(head + String(repeating: "z", count: 1000))
        #expect(
            third.receiveText(until: "zzzz").hasPrefix("HTTP/1.1 200"),
            "the room is given back"
        )
    }

    @Test("as many requests wait for a thread as may, one more hears when to come again")
    func waiting() throws {
        let stage = try HTTPStage(
            HTTPStage.settings {
                $0.threads = 1
                $0.waitingMax = 1
            }
        )
        let clients = try (0..<2).map { _ in try WireClient(stage.port) }
        clients[0].send(Ask.get("/wait"))
        #expect(stage.gate.waitFor(1))
        clients[1].send(Ask.get("/wait"))
        Foundation.Thread.sleep(forTimeInterval: 0.3)
        let third = try WireClient(stage.port)
        third.send(Ask.get("/wait", more: "Connection: close\r\n"))
        let late = third.receiveAllText()
        #expect(statuses(late) == [503] && late.contains("Retry-After: 1"))
        #expect(stage.hits(.httpWaiting) >= 1)
        stage.gate.open()
        for client in clients { #expect(client.receiveText(until: "waited").hasSuffix("waited")) }
    }

    @Test("connections in all and from one address end at their limits")
    func connections() throws {
        for (total, perSource, limit) in [
            (3, 100, LimitName.httpConnections), (100, 3, .httpConnectionsPerSource),
        ] {
            let stage = try HTTPStage(
                HTTPStage.settings {
                    $0.connectionsMax = total
                    $0.connectionsPerSourceMax = perSource
                }
            )
            // Those whose requests are being answered make room for nobody.
            let inside = try (0..<3).map { _ in try WireClient(stage.port) }
            for client in inside { client.send(Ask.get("/wait")) }
            #expect(stage.gate.waitFor(2))
            Foundation.Thread.sleep(forTimeInterval: 0.3)
            #expect(try WireClient(stage.port).receive() == [])
            #expect(stage.hits(limit) == 1)
            stage.gate.open()
            for client in inside {
                #expect(client.receiveText(until: "waited").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test("a client that asks and does not take its answers is not answered without end")
    func backPressure() throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.outBytesMax = 100_000 })
        let client = try WireClient(stage.port)
        let count = 60
        client.send(String(repeating: Ask.get("/large"), count: count - 1))
        client.send(Ask.get("/large", more: "Connection: close\r\n"))
        Foundation.Thread.sleep(forTimeInterval: 0.5)
        // Kernel buffers hold some megabytes; the rest must wait.
        #expect(stage.answered.change { $0 } < count)
        let bytes = client.receiveAll()
        #expect(bytes.count > count * HTTPStage.largeBytes)
        #expect(stage.answered.change { $0 } == count)
    }

    @Test("a client that takes nothing of its answer is given up")
    func stalled() throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.idleMilliseconds = 200 })
        let client = try WireClient(stage.port)
        client.send(String(repeating: Ask.get("/large"), count: 20))
        Foundation.Thread.sleep(forTimeInterval: 1.5)
        #expect(client.receiveAll().count < 20 * HTTPStage.largeBytes)
    }

    @Test("draining answers what is under way, closes what is idle and then ends")
    func draining() throws {
        let stage = try HTTPStage()
        let idle = try WireClient(stage.port)
        idle.send(Ask.post("/echo", "in"))
        #expect(idle.receiveText(until: "in").hasPrefix("HTTP/1.1 200"))
        let busy = try WireClient(stage.port)
        busy.send(Ask.get("/wait"))
        #expect(stage.gate.waitFor(1))
        stage.service.drain()
        #expect(idle.receiveAll().isEmpty)
        #expect(!stage.service.wait(milliseconds: 50))
        stage.gate.open()
        let answer = busy.receiveAllText()
        #expect(answer.hasSuffix("waited") && answer.contains("\r\nConnection: close\r\n"))
        #expect(stage.service.wait(milliseconds: 5000))
    }

    @Test("the log has methods, routes and statuses, and nothing that a request carries")
    func log() throws {
        let stage = try HTTPStage()
        let client = try WireClient(stage.port)
        let secret = "Authorization: Bearer s3cret\r\n"
        client.send(Ask.post("/echo/t0ken?code=s3cret", "s3cret", more: secret))
        #expect(client.receiveText(until: "s3cret").hasPrefix("HTTP/1.1 200"))
        client.send("s3cret\r\n")
        #expect(statuses(client.receiveAllText()) == [400])
        let log = stage.log.joined()
        #expect(log.contains("http.request") && log.contains("method=POST"))
        #expect(log.contains("route=/{what}") && log.contains("status=200"))
        #expect(log.contains("http.refused") && log.contains("reason=http.malformed-request-line"))
        #expect(!log.contains("s3cret") && !log.contains("t0ken") && !log.contains("echo"))
        let counters = stage.counters.snapshot
        #expect(counters.httpRequests[.success] == 1 && counters.httpRequests[.clientError] == 1)
        #expect(counters.httpRequestSeconds.count == 1)
    }

    @Test("200 clients at once are all answered, again and again")
    func parallelClients() async throws {
        let stage = try HTTPStage()
        let port = stage.port
        let clients = try (0..<200).map { _ in try WireClient(port) }
        for round in 0..<5 {
            for (index, client) in clients.enumerated() {
                client.send(Ask.post("/echo", "r\(round)c\(index);"))
            }
            for (index, client) in clients.enumerated() {
                let answer = client.receiveText(until: "r\(round)c\(index);")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            }
        }
        #expect(stage.counters.snapshot.httpRequests[.success] == 1000)
    }
}

@Suite("HTTP server and TLS")
struct HTTPServerTLSTests {
    private func context(
        _ folder: TestFolder,
        _ mode: ClientCertificateMode
    ) throws -> TLSContext {
        var settings = TLSSettings(
            identities: [
                .files(
                    IdentityFiles(
                        chainFile: "\(folder.path)/server.crt",
                        keyFile: "\(folder.path)/server.key"
                    )
                )
            ]
        )
        settings.clientCertificates = mode
        if mode != .off { settings.trustFiles = ["\(folder.path)/ca.crt"] }
        return try TLSContext.load(settings)
    }

    private func ask(
        _ stage: HTTPStage,
        _ folder: TestFolder,
        certificate: String?
    ) throws -> String {
        var settings = TLSClientSettings()
        settings.trustFiles = ["\(folder.path)/ca.crt"]
        if let certificate {
            settings.identity = .files(
                IdentityFiles(
                    chainFile: "\(folder.path)/\(certificate).crt",
                    keyFile: "\(folder.path)/\(certificate).key"
                )
            )
        }
        let client = try ProbeConnection(
            host: "127.0.0.1",
            port: UInt16(stage.port),
            tls: try TLSClientContext.load(settings),
            seconds: 10
        )
        try client.send(Array(Ask.get("/who", more: "Connection: close\r\n").utf8))
        var text = ""
        while let more = try? client.receive() { text += String(decoding: more, as: UTF8.self) }
        return text
    }

    @Test("the handler sees the certificate that a client showed, whoever issued it")
    func clientCertificates() throws {
        let folder = try TestFolder()
        let other = try TestFolder()
        try folder.issue("server")
        let device = try folder.issue("device", .device)
        let stranger = try other.issue("stranger", .device)
        for name in ["crt", "key"] {
            let bytes = try Files.read("\(other.path)/stranger.\(name)", bytesMax: 65_536)
            try folder.write("stranger.\(name)", bytes)
        }
        let stage = try HTTPStage(
            HTTPStage.settings { $0.hstsSeconds = 77 },
            tls: try context(folder, .ask)
        )
        let none = try ask(stage, folder, certificate: nil)
        #expect(none.hasSuffix("https stage - 127.0.0.1 []"))
        #expect(none.contains("\r\nStrict-Transport-Security: max-age=77\r\n"))
        let own = try ask(stage, folder, certificate: "device")
        #expect(own.contains("[\(device.der.count)"))
        let foreign = try ask(stage, folder, certificate: "stranger")
        #expect(foreign.contains("[\(stranger.der.count)"))
        let silent = try HTTPStage(tls: try context(folder, .off))
        #expect(try ask(silent, folder, certificate: "device").hasSuffix("[]"))
        #expect(stage.counters.snapshot.handshakesTLS13[.full] == 3)
    }
}
