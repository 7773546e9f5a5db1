// SPDX-License-Identifier: Apache-2.0
// The client against a daemon: publishing, subscribing, sessions.

import Foundation
import SealClient
import SealMQTT
import Testing

@Suite("Messaging")
struct MessagingTests {
    let server: TestServer

    init() throws { server = try TestServer() }

    @Test(
        "a message arrives over TLS with its QoS, in each version",
        arguments: ProtocolVersion.allCases,
        [0, 1, 2] as [UInt8]
    )
    func arrival(version: ProtocolVersion, qos: UInt8) async throws {
        let client = try await server.client {
            $0.version = version
            $0.clientID = "a"
        }
        let subscription = try await client.subscribe(to: "t/+", qos: 2)
        #expect(subscription.codes == [.grantedQoS2])
        let outcome = try await client.publish("hello", to: "t/1", qos: qos)
        #expect(outcome.reason == .success)
        let message = try await first(of: subscription)
        #expect(message.topic == "t/1")
        #expect(message.text == "hello")
        #expect(message.qos == qos)
        await client.disconnect()
    }

    @Test("a client certificate is the login")
    func mutual() async throws {
        let client = try await server.client("mtls")
        let subscription = try await client.subscribe(to: "m", qos: 1)
        try await client.publish("x", to: "m", qos: 1)
        #expect(try await first(of: subscription).text == "x")
        await client.disconnect()
    }

    @Test("the properties of MQTT 5.0 arrive")
    func properties() async throws {
        let client = try await server.client()
        let subscription = try await client.subscribe(to: "p")
        var message = OutgoingMessage(topic: Array("p".utf8), payload: [1, 2])
        message.details.contentType = "a/b"
        message.details.payloadFormat = 0
        message.details.messageExpirySeconds = 60
        message.details.correlationData = [7]
        message.details.userProperties = [UserProperty(name: "k", value: "v")]
        try await client.publish(message)
        let got = try await first(of: subscription)
        #expect(got.payload == [1, 2])
        #expect(got.properties.contentType == "a/b")
        #expect(got.properties.messageExpirySeconds.map { $0 <= 60 } == true)
        #expect(got.properties.correlationData == [7])
        #expect(got.properties.userProperties == [UserProperty(name: "k", value: "v")])
        await client.disconnect()
    }

    @Test("a request gets its answer, and not another one")
    func request() async throws {
        let service = try await server.client()
        let questions = try await service.subscribe(to: "ask", qos: 1)
        let answering = Task {
            for try await question in questions {
                for correlation in [[9], question.properties.correlationData ?? []] {
                    var answer = OutgoingMessage(
                        topic: question.properties.responseTopic ?? [],
                        payload: correlation + question.payload,
                        qos: 1
                    )
                    answer.details.correlationData = correlation
                    try await service.publish(answer)
                }
                return
            }
        }
        let client = try await server.client()
        let answer = try await client.request(
            OutgoingMessage(topic: Array("ask".utf8), payload: [5], qos: 1),
            responseTopic: "answers/me",
            correlation: [1, 2]
        )
        #expect(answer.payload == [1, 2, 5])
        try await answering.value
        await client.disconnect()
        await service.disconnect()
    }

    @Test("messages go to the subscription that they match")
    func sorting() async throws {
        let client = try await server.client()
        let first = try await client.subscribe(to: "s/1")
        let second = try await client.subscribe(to: "s/2")
        try await client.publish("two", to: "s/2")
        try await client.publish("one", to: "s/1")
        #expect(try await self.first(of: first).text == "one")
        #expect(try await self.first(of: second).text == "two")
        await client.disconnect()
    }

    @Test("a reader that is far behind loses nothing, and holds the server back")
    func backPressure() async throws {
        let reader = try await server.client { $0.bufferedMessagesMax = 10 }
        let subscription = try await reader.subscribe(to: "b", qos: 1)
        let writer = try await server.client()
        for number in 0..<500 { try await writer.publish("\(number)", to: "b", qos: 1) }
        var texts: [String] = []
        for try await message in subscription {
            texts.append(message.text)
            if texts.count == 500 { break }
        }
        #expect(texts == (0..<500).map(String.init))
        await reader.disconnect()
        await writer.disconnect()
    }

    @Test("a kept session brings what came in between, before anything is subscribed")
    func session() async throws {
        func settings(_ settings: inout MQTTClientSettings) {
            settings.clientID = "kept"
            settings.cleanStart = false
            settings.connectProperties.sessionExpirySeconds = 60
            settings.keepsUnclaimed = true
        }
        let before = try await server.client("tls", settings)
        let request = SubscriptionRequest(filter: Array("k".utf8), qos: 1)
        _ = try await before.subscribeUnclaimed(to: [request])
        await before.disconnect()
        let writer = try await server.client()
        try await writer.publish("kept", to: "k", qos: 1)
        await writer.disconnect()
        let after = try MQTTClient(server.settings("tls", settings))
        let connack = try await after.connect()
        #expect(connack.sessionPresent)
        for try await message in after.messages {
            #expect(message.text == "kept")
            break
        }
        await after.disconnect()
    }

    @Test("the will is published when the client asks for it at its end")
    func will() async throws {
        let watcher = try await server.client()
        let wills = try await watcher.subscribe(to: "w")
        let client = try await server.client {
            $0.will = Will(topic: Array("w".utf8), payload: Array("gone".utf8))
        }
        await client.disconnect(reason: .disconnectWithWillMessage)
        #expect(try await first(of: wills).text == "gone")
        await watcher.disconnect()
    }

    @Test("after unsubscribing nothing comes any more")
    func unsubscribing() async throws {
        let client = try await server.client()
        let ended = try await client.subscribe(to: "u/1")
        let other = try await client.subscribe(to: "u/2")
        #expect(try await client.unsubscribe(from: ["u/1"]).codes == [.success])
        try await client.publish("no", to: "u/1")
        try await client.publish("yes", to: "u/2")
        #expect(try await first(of: other).text == "yes")
        await client.disconnect()
        for try await message in ended { Issue.record("came: \(message.text)") }
    }

    @Test("disconnecting ends the sequences, and publishing fails after it")
    func ending() async throws {
        let client = try await server.client()
        let subscription = try await client.subscribe(to: "e")
        let reading = Task {
            for try await _ in subscription { Issue.record("nothing was published") }
        }
        await client.disconnect()
        try await reading.value
        await #expect(throws: MQTTClientError(.notConnected, "")) {
            try await client.publish("x", to: "e", qos: 1)
        }
    }

    @Test("a reader whose task is cancelled ends")
    func cancelling() async throws {
        let client = try await server.client()
        let subscription = try await client.subscribe(to: "c")
        let reading = Task { for try await _ in subscription {} }
        reading.cancel()
        try await reading.value
        await client.disconnect()
    }

    @Test("a client pushed out by another one says so and does not come back")
    func takeover() async throws {
        let first = try await server.client { $0.clientID = "same" }
        let subscription = try await first.subscribe(to: "x")
        let second = try await server.client { $0.clientID = "same" }
        let error = await #expect(throws: MQTTClientError.self) {
            for try await _ in subscription {}
        }
        #expect(error?.code == .serverDisconnected)
        #expect(error?.reasonCode == .sessionTakenOver)
        try await second.publish("x", to: "y", qos: 1)
        await second.disconnect()
    }

    private func first(of subscription: MQTTSubscription) async throws -> MQTTMessage {
        for try await message in subscription { return message }
        throw MQTTClientError(.connectionLost, "the subscription ended")
    }
}
