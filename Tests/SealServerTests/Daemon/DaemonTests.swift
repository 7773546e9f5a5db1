// SPDX-License-Identifier: Apache-2.0
// A daemon in this process: limits, reloads, health and metrics, spoken to over loopback.

import Foundation
import SealHTTP
import SealNet
import SealPKI
import SealTelemetry
import Synchronization
import Testing

@testable import SealServer
@testable import Stage

@Suite("The daemon", .serialized)
struct DaemonTests {
    /// Lines of a log.
    final class Lines: Sendable {
        let all = Mutex<[String]>([])

        var logger: Logger {
            Logger(level: .info, format: .logfmt, clock: { Timestamp(microseconds: 0) }) { line in
                self.all.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
            }
        }

        func contains(_ words: String...) -> Bool {
            all.withLock { lines in
                lines.contains { line in words.allSatisfy { line.contains($0) } }
            }
        }
    }

    /// A configuration with one plain listener on a free port, and metrics on another.
    static func configuration(
        shards: Int = 1,
        _ change: (inout Configuration) -> Void = { _ in }
    ) -> Configuration {
        var configuration = Configuration()
        var listener = ListenerSettings()
        listener.name = "plain"
        listener.bind = ["127.0.0.1"]
        listener.port = 0
        listener.isTLS = false
        listener.allowsAnonymous = true
        configuration.listeners = [listener]
        configuration.metrics.port = 0
        configuration.shards.count = shards
        configuration.drain.seconds = 5
        change(&configuration)
        return configuration
    }

    static func port(_ daemon: Daemon, _ index: Int = 0) -> Int { Int(daemon.ports[index].port) }

    static func metricsPort(_ daemon: Daemon) throws -> Int {
        Int(try #require(daemon.metricsPorts.first).port)
    }

    /// The value of a metric's sample.
    static func metric(_ daemon: Daemon, _ sample: String) throws -> String? {
        let text = try WireClient.get(metricsPort(daemon), "/metrics")
        let line = text.split(separator: "\n").first { $0.hasPrefix("\(sample) ") }
        return line.map { String($0.dropFirst(sample.count + 1)) }
    }

    // MARK: Limits

    @Test(
        "a listener takes max-connections, not one more, whichever shards they came to",
        arguments: [1, 2]
    )
    func connectionsOfAListener(shards: Int) throws {
        let daemon = try Daemon(
            Self.configuration(shards: shards) { $0.listeners[0].connectionsMax = 3 },
            logger: .silent()
        )
        defer { daemon.stop() }
        let inside = try (1...3).map { _ in try WireClient(Self.port(daemon)) }
        for (number, client) in inside.enumerated() {
            #expect(client.connectMQTT("c\(number)") == 0)
        }
        #expect(try WireClient(Self.port(daemon)).receive() == [])
        #expect(
            try Self.metric(daemon, #"sealwire_limit_hits_total{limit="max_connections"}"#) == "1"
        )
        #expect(inside.allSatisfy { $0.isAlive() })
    }

    @Test("the limits of all connections and of a source turn away the next one")
    func connectionsInTotal() throws {
        for (label, change) in [
            ("connections", { (limits: inout Limits) in limits.connections = 2 }),
            ("connections_per_source", { $0.connectionsPerSource = 2 }),
        ] {
            let daemon = try Daemon(
                Self.configuration { change(&$0.limits) },
                logger: .silent()
            )
            defer { daemon.stop() }
            let inside = try (1...2).map { _ in try WireClient(Self.port(daemon)) }
            #expect(inside[0].connectMQTT("a") == 0)
            #expect(inside[1].connectMQTT("b") == 0)
            #expect(try WireClient(Self.port(daemon)).receive() == [])
            let sample = #"sealwire_limit_hits_total{limit="\#(label)"}"#
            #expect(try Self.metric(daemon, sample) == "1")
        }
    }

    @Test(
        "a tenant takes its connections in all shards together, and a place is given back",
        arguments: [1, 2]
    )
    func connectionsOfATenant(shards: Int) throws {
        let daemon = try Daemon(
            Self.configuration(shards: shards) { $0.limits.connectionsPerTenant = 4 },
            logger: .silent()
        )
        defer { daemon.stop() }
        var inside: [WireClient] = []
        for number in 1...4 {
            let client = try WireClient(Self.port(daemon))
            #expect(client.connectMQTT("client-\(number)") == 0)
            inside.append(client)
        }
        // MQTT 5.0 §3.2.2.2: 0x97 is "Quota exceeded".
        #expect(try WireClient(Self.port(daemon)).connectMQTT("client-5") == 0x97)
        let sample = #"sealwire_limit_hits_total{limit="connections_per_tenant"}"#
        #expect(try Self.metric(daemon, sample) == "1")
        inside[0].send([0xE0, 0])
        #expect(inside[0].receiveAll().isEmpty)
        let next = try WireClient(Self.port(daemon))
        #expect(next.connectMQTT("client-6") == 0)
    }

    @Test("all shards together store as many sessions as sessions says", arguments: [1, 2])
    func storedSessions(shards: Int) throws {
        let daemon = try Daemon(
            Self.configuration(shards: shards) { $0.limits.sessions = 4 },
            logger: .silent()
        )
        defer { daemon.stop() }
        for number in 1...4 {
            let client = try WireClient(Self.port(daemon))
            #expect(client.connectMQTT("client-\(number)", expirySeconds: 100) == 0)
            client.send([0xE0, 0])
            #expect(client.receiveAll().isEmpty)
        }
        let more = try WireClient(Self.port(daemon))
        #expect(more.connectMQTT("client-5", expirySeconds: 100) == 0x97)
        let sample = #"sealwire_limit_hits_total{limit="sessions"}"#
        #expect(try Self.metric(daemon, sample) == "1")
        let passing = try WireClient(Self.port(daemon))
        #expect(passing.connectMQTT("client-6") == 0)
        let known = try WireClient(Self.port(daemon))
        #expect(known.connectMQTT("client-1", expirySeconds: 100) == 0)
    }

    @Test("a client id may have client-id-bytes, not one more")
    func clientIDBytes() throws {
        let daemon = try Daemon(
            Self.configuration { $0.limits.clientIDBytes = 20 },
            logger: .silent()
        )
        defer { daemon.stop() }
        let longest = try WireClient(Self.port(daemon))
        #expect(longest.connectMQTT(String(repeating: "c", count: 20)) == 0)
        let tooLong = try WireClient(Self.port(daemon))
        // MQTT 5.0 §3.2.2.2: 0x85 is "Client Identifier not valid".
        #expect(tooLong.connectMQTT(String(repeating: "c", count: 21)) == 0x85)
        let sample = #"sealwire_limit_hits_total{limit="client_id_bytes"}"#
        #expect(try Self.metric(daemon, sample) == "1")
    }

    // MARK: Reload

    @Test(
        "a user who was removed, or whose password changed, is disconnected; others stay",
        arguments: [1, 2]
    )
    func accessWithdrawn(shards: Int) throws {
        let folder = try TestFolder()
        let ann = try TestFolder.password("ann", "one")
        let bob = try TestFolder.password("bob", "two")
        let eve = try TestFolder.password("eve", "three")
        try folder.write("passwords", ann + bob + eve)
        let configuration = Self.configuration(shards: shards) {
            $0.listeners[0].allowsAnonymous = false
            $0.listeners[0].passwordFile = "\(folder.path)/passwords"
            $0.reload.watchesFiles = false
        }
        let daemon = try Daemon(configuration, logger: .silent())
        defer { daemon.stop() }
        var clients: [String: WireClient] = [:]
        for (user, password) in [("ann", "one"), ("bob", "two"), ("eve", "three")] {
            let client = try WireClient(Self.port(daemon))
            #expect(client.connectMQTT("of-\(user)", user: user, password: password) == 0)
            clients[user] = client
        }
        try folder.write("passwords", ann + TestFolder.password("bob", "new"))
        #expect(daemon.reload(configuration))
        // MQTT 5.0 §3.14.2.1: 0x98 is "Administrative action".
        #expect(clients["bob"]?.disconnectCode() == 0x98)
        #expect(clients["eve"]?.disconnectCode() == 0x98)
        #expect(clients["ann"]?.isAlive() == true)
        let again = try WireClient(Self.port(daemon))
        #expect(again.connectMQTT("again", user: "bob", password: "two") == 0x86)
        let anew = try WireClient(Self.port(daemon))
        #expect(anew.connectMQTT("anew", user: "bob", password: "new") == 0)
    }

    @Test("clients without credentials go when they are no longer taken")
    func anonymousWithdrawn() throws {
        let folder = try TestFolder()
        try folder.write("passwords", TestFolder.password("ann", "one"))
        var configuration = Self.configuration {
            $0.listeners[0].passwordFile = "\(folder.path)/passwords"
        }
        let daemon = try Daemon(configuration, logger: .silent())
        defer { daemon.stop() }
        let nobody = try WireClient(Self.port(daemon))
        #expect(nobody.connectMQTT("nobody") == 0)
        let ann = try WireClient(Self.port(daemon))
        #expect(ann.connectMQTT("ann", user: "ann", password: "one") == 0)
        configuration.listeners[0].allowsAnonymous = false
        #expect(daemon.reload(configuration))
        // MQTT 5.0 §3.14.2.1: 0x87 is "Not authorized".
        #expect(nobody.disconnectCode() == 0x87)
        #expect(ann.isAlive())
    }

    @Test("a reload is all or nothing: with a bad file nothing of it is taken")
    func reloadRefused() throws {
        let folder = try TestFolder()
        try folder.write("acl", "topic read #\n")
        let lines = Lines()
        var configuration = Self.configuration {
            $0.listeners[0].aclFile = "\(folder.path)/acl"
            $0.reload.watchesFiles = false
        }
        let daemon = try Daemon(configuration, logger: lines.logger)
        defer { daemon.stop() }
        try folder.write("acl", "topic sometimes #\n")
        configuration.listeners[0].connectionsMax = 1
        #expect(!daemon.reload(configuration))
        #expect(lines.contains("config.refused", "acl:1:1"))
        let inside = try (1...2).map { _ in try WireClient(Self.port(daemon)) }
        #expect(inside[0].connectMQTT("a") == 0)
        #expect(inside[1].connectMQTT("b") == 0)
        #expect(
            try Self.metric(daemon, #"sealwire_config_reloads_total{result="refused"}"#) == "1"
        )
    }

    @Test("what needs a restart is named and not applied, the rest is")
    func restartNeeded() throws {
        let lines = Lines()
        var configuration = Self.configuration()
        let daemon = try Daemon(configuration, logger: lines.logger)
        defer { daemon.stop() }
        configuration.listeners[0].port = 1
        configuration.listeners[0].connectionsMax = 1
        configuration.log.level = .warning
        #expect(daemon.reload(configuration))
        #expect(lines.contains("config.needs-restart", "listener.plain.port"))
        #expect(daemon.configuration.listeners[0].port == 0)
        #expect(daemon.logger.level == .warning)
        let inside = try WireClient(Self.port(daemon))
        #expect(inside.connectMQTT("a") == 0)
        #expect(try WireClient(Self.port(daemon)).receive() == [])
    }

    // MARK: Metrics and health

    @Test("metrics answer GET and HEAD only, on their own port")
    func metricsMethods() throws {
        let daemon = try Daemon(Self.configuration(shards: 2), logger: .silent())
        defer { daemon.stop() }
        let port = try Self.metricsPort(daemon)
        let get = try WireClient.get(port, "/metrics")
        #expect(get.hasPrefix("HTTP/1.1 200 OK"))
        #expect(get.contains("sealwire_build_info{version=\"\(Version.text)\"} 1"))
        #expect(get.contains(#"sealwire_shard_loop_delay_seconds{shard="1"}"#))
        let rest = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let head = try WireClient.http(port, "HEAD /metrics \(rest)")
        #expect(head.hasPrefix("HTTP/1.1 200 OK"))
        #expect(!head.contains("sealwire_build_info"))
        let post = try WireClient.http(port, "POST /metrics \(rest)")
        #expect(post.hasPrefix("HTTP/1.1 405"))
        #expect(post.contains("Allow: GET, HEAD"))
        #expect(try WireClient.get(port, "/else").hasPrefix("HTTP/1.1 404"))
        let long = String(repeating: "x", count: 20_000)
        let flood = try WireClient.http(port, "GET / HTTP/1.1\r\nHost: x\r\nX: \(long)\r\n\r\n")
        #expect(flood.hasPrefix("HTTP/1.1 431"))
        let sample = #"sealwire_limit_hits_total{limit="http_head_bytes"}"#
        #expect(try Self.metric(daemon, sample) == "1")
    }

    @Test("64 connections to the metrics, not one more")
    func metricsConnections() throws {
        let daemon = try Daemon(Self.configuration(), logger: .silent())
        defer { daemon.stop() }
        let port = try Self.metricsPort(daemon)
        let inside = try (1...HTTPServerSettings.metrics.connectionsMax).map { _ in
            try WireClient(port)
        }
        // One more takes the place of the one that has been silent longest.
        #expect(try WireClient.get(port, "/metrics").hasPrefix("HTTP/1.1 200"))
        #expect(inside[0].receive() == [])
        inside[1].send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        let text = String(decoding: inside[1].receive(3000), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 200"))
    }

    @Test("health names each certificate and turns to a warning before it expires")
    func certificateHealth() throws {
        let folder = try TestFolder()
        try folder.issue("server", days: 5)
        let daemon = try Daemon(
            Self.configuration { configuration in
                configuration.listeners[0].isTLS = true
                configuration.listeners[0].certificate = "\(folder.path)/server.crt"
                configuration.listeners[0].key = "\(folder.path)/server.key"
            },
            logger: .silent()
        )
        defer { daemon.stop() }
        let port = try Self.metricsPort(daemon)
        let all = try WireClient.get(port, "/health")
        #expect(all.hasPrefix("HTTP/1.1 200"))
        #expect(all.contains(#""name":"certificate.plain","status":"warn""#))
        #expect(all.contains("health.certificate-expiring"))
        let live = try WireClient.get(port, "/health/live")
        #expect(live.contains(#""name":"shards","status":"pass""#))
        #expect(!live.contains("certificate"))
        let expiry = try #require(
            try Self.metric(daemon, #"sealwire_certificate_expiry_seconds{listener="plain"}"#)
        )
        #expect(try (4 * 86_400...5 * 86_400).contains(#require(Int(expiry))))
    }

    @Test("a shard that does not answer is found out, and is not waited for again")
    func silentShard() {
        let census = ShardCensus([.init(), .init()])
        let first = census.take(milliseconds: 20)
        #expect(first.allSatisfy { $0.isSilent })
        let before = ContinuousClock.now
        #expect(census.take(milliseconds: 60_000).allSatisfy { $0.isSilent })
        #expect(ContinuousClock.now - before < .seconds(30))
    }

    @Test("questions asked at the same time are all answered with what is true now")
    func concurrentCensus() async throws {
        let daemon = try Daemon(Self.configuration(shards: 2), logger: .silent())
        defer { daemon.stop() }
        let client = try WireClient(Self.port(daemon))
        #expect(client.connectMQTT("a") == 0)
        let census = daemon.census
        let sums = await withTaskGroup(of: Int64.self) { group in
            for _ in 0..<16 {
                group.addTask { census.take().map(\.counters.connections).reduce(0, +) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(sums == Array(repeating: 1, count: 16))
    }

    @Test("draining says 0x8B, closes what is open and ends", arguments: [1, 2])
    func draining(shards: Int) throws {
        let daemon = try Daemon(Self.configuration(shards: shards), logger: .silent())
        let client = try WireClient(Self.port(daemon))
        #expect(client.connectMQTT("a") == 0)
        Foundation.Thread.detachNewThread { daemon.drain() }
        // MQTT 5.0 §3.14.2.1: 0x8B is "Server shutting down".
        #expect(client.disconnectCode() == 0x8B)
        #expect(client.receiveAll().isEmpty)
    }
}
