// SPDX-License-Identifier: Apache-2.0
// Coming back: when, with what, and what is sent again.

import Foundation
import SealClient
import SealMQTT
import Testing

@Suite("Reconnecting")
struct ReconnectTests {
    private func settings(_ server: ScriptedServer) -> MQTTClientSettings {
        var settings = MQTTClientSettings(host: "127.0.0.1", port: server.port, tls: nil)
        settings.version = .v311
        settings.clientID = "a"
        settings.cleanStart = false
        settings.reconnect = ReconnectPolicy(firstDelayMilliseconds: 10, delayMillisecondsMax: 50)
        return settings
    }

    @Test("a message under way is sent again with DUP, and its publisher never knows")
    func resend() async throws {
        let server = try ScriptedServer([
            .accept, .read(1), .send("20020000"), .read(1), .hangUp,
            .accept, .read(1), .send("20020100"), .read(1), .send("40020001"), .read(1),
        ])
        let client = try MQTTClient(settings(server))
        try await client.connect()
        try await client.publish("x", to: "t", qos: 1)
        await client.disconnect()
        let connect = "100d00044d5154540400003c000161"
        #expect(
            server.read() == [
                connect, "3206000174000178", connect, "3a06000174000178", "e000",
            ]
        )
    }

    @Test("a server without the session is asked for all subscriptions again")
    func subscribeAgain() async throws {
        let server = try ScriptedServer([
            .accept, .read(1), .send("20020000"), .read(1), .send("9003000100"), .hangUp,
            .accept, .read(1), .send("20020000"), .read(1), .send("9003000200 3003000174"),
            .read(1),
        ])
        let client = try MQTTClient(settings(server))
        try await client.connect()
        let subscription = try await client.subscribe(to: "t")
        for try await message in subscription {
            #expect(message.topic == "t")
            break
        }
        await client.disconnect()
        let packets = server.read()
        #expect(packets.count == 5)
        #expect(
            packets.filter { $0.hasPrefix("8206") } == ["8206000100017400", "8206000200017400"]
        )
    }

    @Test("a server that does not answer a ping is left")
    func silence() async throws {
        let server = try ScriptedServer([
            .accept, .read(1), .send("20020000"), .read(1), .rest,
            .accept, .read(1), .send("20020100"), .read(1),
        ])
        var told = settings(server)
        told.keepAliveSeconds = 1
        let (changes, feed) = AsyncStream.makeStream(of: ConnectionChange.self)
        told.onChange = { feed.yield($0) }
        let client = try MQTTClient(told)
        try await client.connect()
        var lost: MQTTClientError?
        var connects = 0
        for await change in changes {
            switch change {
            case .connected: connects += 1
            case .lost(let error, let pause):
                lost = error
                #expect(pause != nil)
            }
            if connects == 2 { break }
        }
        #expect(lost?.code == .timeout)
        await client.disconnect()
        #expect(server.read().contains("c000"))
    }

    @Test("without a policy a lost connection is the end")
    func noPolicy() async throws {
        let server = try ScriptedServer([
            .accept, .read(1), .send("20020000"), .read(1), .hangUp,
        ])
        var told = settings(server)
        told.reconnect = nil
        let client = try MQTTClient(told)
        try await client.connect()
        let error = await #expect(throws: MQTTClientError.self) {
            try await client.publish("x", to: "t", qos: 1)
        }
        #expect(error?.code == .connectionLost)
    }

    @Test("a server that breaks the protocol is told why and left")
    func breach() async throws {
        // MQTT 5.0: the topic alias was not allowed.
        let server = try ScriptedServer([
            .accept, .read(1), .send("2003000000 3007000174 03230001"), .read(2),
        ])
        var told = settings(server)
        told.version = .v5
        told.reconnect = nil
        let client = try MQTTClient(told)
        try await client.connect()
        #expect(server.read().dropFirst() == ["e00194", "end"])
        let error = await #expect(throws: MQTTClientError.self) {
            for try await _ in client.messages {}
        }
        #expect(error?.code == .protocolError)
    }

    @Test("pauses double up to the longest, half of each diced")
    func pauses() {
        let policy = ReconnectPolicy(firstDelayMilliseconds: 100, delayMillisecondsMax: 1_000)
        #expect(
            (1...6).map { policy.delayMilliseconds(attempt: $0, dice: 0) } == [
                50, 100, 200, 400, 500, 500,
            ]
        )
        #expect(policy.delayMilliseconds(attempt: 1, dice: 0.999) == 99)
        #expect(policy.delayMilliseconds(attempt: 1_000_000, dice: 0.5) == 750)
    }
}
