// SPDX-License-Identifier: Apache-2.0
// Strangers and tenants that hold what others need: connections, memory for bodies, threads, time.
// Each at its limit and one above, over raw sockets.

import Foundation
import SealTelemetry
import Testing

@testable import SealAdmin
@testable import SealServer
@testable import Stage

@Suite("HTTP bounds", .serialized) struct HTTPBoundTests {
    private static let judged = "POST /judged HTTP/1.1\r\nHost: a\r\n"

    @Test("strangers that announce large bodies are refused by their heads, and block no write")
    func bodiesOfStrangers() throws {
        let running = try RunningAPI()
        var strangers: [WireClient] = []
        let large = 64 << 20
        for index in 0..<8 {
            let client = try WireClient(try running.port)
            let who = index % 2 == 0 ? "" : running.authorization("wrong")
            client.send(
                RunningAPI.head("POST", "/devicecontrol/bulkNewDeviceRequests", large, more: who)
            )
            strangers.append(client)
        }
        let begin = Date()
        let made = try running.ask("POST", "/api/v1/devices", "{\"identifier\":\"d1\"}")
        #expect(statuses(made) == [201], "\(made)")
        #expect(Date().timeIntervalSince(begin) < 5)
        for client in strangers {
            let answer = client.receiveAllText()
            #expect(statuses(answer) == [401] && answer.contains("\"reason\":\"api.credentials-"))
        }
    }

    @Test("who waits for leave hears 401 and 413 before the body, and 100 only when it may come")
    func expectations() throws {
        let running = try RunningAPI()
        let wait = "Expect: 100-continue\r\nContent-Type: application/json\r\n"
        func ask(_ bytes: Int, _ who: String) throws -> WireClient {
            let client = try WireClient(try running.port)
            client.send(RunningAPI.head("POST", "/api/v1/devices", bytes, more: who + wait))
            return client
        }
        #expect(statuses(try ask(20, "").receiveAllText()) == [401])
        #expect(statuses(try ask(20, running.authorization("no")).receiveAllText()) == [401])
        #expect(statuses(try ask(2 << 20, running.authorization()).receiveAllText()) == [413])
        let good = try ask(19, running.authorization())
        #expect(good.receiveText(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        good.send("{\"identifier\":\"d2\"}")
        #expect(good.receiveText(until: "}").hasPrefix("HTTP/1.1 201"))
    }

    @Test("what strangers may send to calls for everybody is small")
    func openCalls() throws {
        let running = try RunningAPI()
        func login(_ bytes: Int) throws -> String {
            let client = try WireClient(try running.port)
            client.send(
                RunningAPI.head("POST", "/api/auth/login", bytes, more: "Connection: close\r\n")
            )
            client.send(String(repeating: " ", count: min(bytes, 32_768)))
            return client.receiveAllText()
        }
        #expect(statuses(try login(32_768)) == [415])
        #expect(statuses(try login(32_769)) == [413])
    }

    @Test("only what arrived counts, and what one address sends ends at its share")
    func arrivedBytes() throws {
        let stage = try HTTPStage(
            HTTPStage.settings {
                $0.request.bodyBytesMax = 100_000
                $0.bodyBytesTotalMax = 100_000
                $0.bodyBytesPerSourceMax = 10_000
            }
        )
        let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n"
        let silent = try (0..<5).map { _ in try WireClient(stage.port) }
        for client in silent { client.send(head) }
        let body = String(repeating: "x", count: 9_000)
        let within = try WireClient(stage.port)
        within.send(Ask.post("/echo", body, more: "Connection: close\r\n"))
        #expect(statuses(within.receiveAllText()) == [200])
        let above = try WireClient(stage.port)
        above.send(head + String(repeating: "y", count: 10_001))
        let answer = above.receiveAllText()
        #expect(statuses(answer) == [503] && answer.contains("\"reason\":\"http.busy\""))
        #expect(answer.contains("\r\nRetry-After: ") && stage.hits(.httpBodyBytesTotal) == 1)
        let after = try WireClient(stage.port)
        after.send(Ask.post("/echo", body, more: "Connection: close\r\n"))
        #expect(statuses(after.receiveAllText()) == [200], "the memory is given back")
    }

    @Test("memory counts for its purse and its source, at the limit and one above")
    func purse() {
        var settings = HTTPServerSettings()
        settings.bodyBytesTotalMax = 100
        settings.bodyBytesPerSourceMax = 60
        settings.bulkBytesTotalMax = 50
        var memory = HTTPMemory(settings)
        func source(_ low: UInt64) -> HTTPHolding {
            HTTPHolding(source: .init(high: 1 << 32 | low, low: 0, port: 0))
        }
        var (one, two, file) = (source(1), source(2), source(1))
        file.isBulk = true
        #expect(memory.set(&one, bytes: 60))
        #expect(!memory.set(&one, bytes: 61))
        #expect(memory.set(&one, bytes: 60))
        #expect(memory.set(&two, bytes: 40) && !memory.set(&two, bytes: 41))
        #expect(memory.set(&file, bytes: 50) && !memory.set(&file, bytes: 51))
        for holding in [one, two, file] { memory.giveBack(holding) }
        #expect(memory.bytes == 0 && memory.bulkBytes == 0 && memory.sourceCount == 0)
    }

    @Test("idle connections make room for newcomers: the oldest first, the known ones last")
    func displacedIdlers() throws {
        let stage = try HTTPStage(
            HTTPStage.settings {
                $0.connectionsMax = 6
                $0.connectionsPerSourceMax = 6
            }
        )
        let known = try WireClient(stage.port)
        known.send(Ask.get("/known"))
        #expect(known.receiveText(until: "known").hasPrefix("HTTP/1.1 200"))
        let idle = try (0..<5).map { _ in
            let client = try WireClient(stage.port)
            client.send(Ask.post("/echo", "in"))
            #expect(client.receiveText(until: "in").hasPrefix("HTTP/1.1 200"))
            Foundation.Thread.sleep(forTimeInterval: 0.01)
            return client
        }
        for _ in 0..<3 {
            let newcomer = try WireClient(stage.port)
            newcomer.send(Ask.post("/echo", "new", more: "Connection: close\r\n"))
            #expect(statuses(newcomer.receiveAllText()) == [200])
        }
        #expect(idle[0].receive() == [], "the oldest went")
        known.send(Ask.get("/known"))
        #expect(known.receiveText(until: "known").hasPrefix("HTTP/1.1 200"))
        #expect(stage.hits(.httpConnections) >= 1)
    }

    @Test("heads that trickle on all connections do not shut the API")
    func tricklingHeads() throws {
        let stage = try HTTPStage(HTTPStage.settings { $0.connectionsMax = 8 })
        let slow = try (0..<8).map { _ in try WireClient(stage.port) }
        for client in slow { client.send("GET / HTTP/1.1\r\nX: ") }
        for _ in 0..<4 {
            let newcomer = try WireClient(stage.port)
            newcomer.send(Ask.post("/echo", "new", more: "Connection: close\r\n"))
            #expect(statuses(newcomer.receiveAllText()) == [200])
        }
    }

    @Test("a body in dribbled chunks ends at the time a request may take in all")
    func dribble() throws {
        let stage = try HTTPStage(
            HTTPStage.settings {
                $0.requestMilliseconds = 300
                $0.requestTotalMilliseconds = 600
                $0.bodyBytesPerSecondMin = 1
            }
        )
        let client = try WireClient(stage.port)
        let begin = Date()
        client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<30 {
            client.send("1;pad=xxxxxxxxxxxxxxx\r\na\r\n")
            Foundation.Thread.sleep(forTimeInterval: 0.05)
        }
        let answer = client.receiveAllText()
        #expect(statuses(answer) == [408] && answer.contains("http.request-timeout"))
        #expect(Date().timeIntervalSince(begin) < 5)
    }

    @Test("slow work of many keeps neither quick calls nor other tenants' slow ones waiting")
    func lanes() throws {
        let stage = try HTTPStage(
            HTTPStage.settings {
                $0.threads = 2
                $0.slowThreads = 2
            }
        )
        let greedy = try (0..<6).map { _ in try WireClient(stage.port) }
        for client in greedy { client.send(Ask.get("/slow?greedy")) }
        #expect(stage.gate.waitFor(1))
        let quick = try WireClient(stage.port)
        quick.send(Ask.post("/echo", "quick"))
        #expect(quick.receiveText(until: "quick").hasPrefix("HTTP/1.1 200"))
        let other = try WireClient(stage.port)
        other.send(Ask.get("/slow?other"))
        #expect(stage.gate.waitFor(2), "one thread is free for another tenant")
        stage.gate.open()
        for client in greedy + [other] {
            #expect(client.receiveText(until: "waited").hasSuffix("waited"))
        }
    }

    @Test("lines take turns, the longest pays when there are too many, and none is left behind")
    func fairQueue() {
        var queue = FairQueue<Int>(waitingMax: 6, runningPerLineMax: 1)
        for job in 0..<6 { #expect(isTaken(queue.put(job, line: [1]))) }
        guard case .displaced(5) = queue.put(10, line: [2]) else {
            Issue.record("the youngest of the longest line has to go")
            return
        }
        guard case .refused = queue.put(6, line: [1]) else {
            Issue.record("the longest line gets no more")
            return
        }
        let (first, second) = (queue.take(), queue.take())
        #expect(first?.job == 0 && second?.job == 10)
        #expect(queue.take() == nil, "each line runs as many as it may")
        queue.ended(line: [2])
        #expect(queue.lineCount == 1 && queue.take() == nil)
        for job in 1..<5 {
            queue.ended(line: [1])
            #expect(queue.take()?.job == job)
        }
        queue.ended(line: [1])
        #expect(queue.lineCount == 0 && queue.waiting == 0)
    }

    private func isTaken(_ outcome: FairQueue<Int>.Outcome) -> Bool {
        if case .taken = outcome { true } else { false }
    }

    @Test("a tenant has one file under way; its next one, and its head alone, hear when to come")
    func oneFile() throws {
        let running = try RunningAPI()
        let path = "/devicecontrol/bulkNewDeviceRequests"
        let more = running.authorization() + "Content-Type: text/csv\r\n"
        let first = try WireClient(try running.port)
        first.send(RunningAPI.head("POST", path, 1 << 20, more: more))
        // A later request of the same thread of connections: the first head was read before it.
        Foundation.Thread.sleep(forTimeInterval: 0.5)
        let second = try WireClient(try running.port)
        second.send(RunningAPI.head("POST", path, 1 << 20, more: more))
        let answer = second.receiveAllText()
        #expect(statuses(answer) == [429] && answer.contains("\"reason\":\"api.bulk-running\""))
        #expect(answer.contains("\r\nRetry-After: "))
        #expect(statuses(try running.ask("GET", "/api/v1/devices")) == [200])
        first.reset()
        _ = consume first
        var last = ""
        for _ in 0..<50 where statuses(last) != [201] {
            let third = try WireClient(try running.port)
            let file = "ID\tPATH\nd1\ta\n"
            third.send(
                RunningAPI.head(
                    "POST",
                    path,
                    file.utf8.count,
                    more: more + "Connection: close\r\n"
                ) + file
            )
            last = third.receiveAllText()
            Foundation.Thread.sleep(forTimeInterval: 0.05)
        }
        #expect(statuses(last) == [201], "the place is given back: \(last)")
    }

    @Test("every name among the slow calls is one of the table")
    func weighed() {
        let names = Set(OperationTable.all.map(\.id))
        for name in Operation.weighedNames { #expect(names.contains(name), "\(name)") }
    }

    @Test("who connects when another has just left is not refused at the limit", arguments: [1, 2])
    func placesOfThoseWhoLeft(shards: Int) throws {
        var configuration = Configuration()
        var listener = ListenerSettings()
        listener.name = "plain"
        listener.bind = ["127.0.0.1"]
        listener.port = 0
        listener.isTLS = false
        listener.allowsAnonymous = true
        configuration.listeners = [listener]
        configuration.metrics.isEnabled = false
        configuration.shards.count = shards
        configuration.limits.connections = 1
        let logger = Logger(level: .error, format: .logfmt, clock: { SystemClock.now }) { _ in }
        let daemon = try Daemon(configuration, logger: logger)
        defer { daemon.stop() }
        let port = Int(try #require(daemon.ports.first).port)
        for round in 0..<60 {
            let client = try WireClient(port)
            #expect(client.connectMQTT("c\(round)") == 0, "round \(round)")
        }
        let inside = try WireClient(port)
        #expect(inside.connectMQTT("in") == 0)
        #expect(try WireClient(port).receive() == [], "one above the limit is turned away")
    }
}
