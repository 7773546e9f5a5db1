// SPDX-License-Identifier: Apache-2.0
// The client's side of a session, byte for byte: flows of QoS 1 and 2, windows, what is sent again
// after a connection broke.

import SealBytes
import SealMQTT
import Testing

/// A client whose server is the test.
private struct Bench: ~Copyable {
    var state: ClientState
    private var writer = ByteWriter()

    init(
        _ version: ProtocolVersion = .v311,
        cleanStart: Bool = false,
        _ change: (inout Connect, inout ClientLimits) -> Void = { _, _ in }
    ) {
        var connect = Connect(version: version, clientID: [0x61], cleanStart: cleanStart)
        var limits = ClientLimits()
        change(&connect, &limits)
        state = ClientState(connect: connect, limits: limits)
    }

    /// What was written since the last call.
    mutating func sent() -> String {
        let text = Hex.encode(writer.bytes)
        writer.removeAll()
        return text
    }

    mutating func open(_ connack: String) throws -> [ClientEvent] {
        state.open(into: &writer)
        writer.removeAll()
        return try receive(connack)
    }

    mutating func receive(_ hex: String) throws -> [ClientEvent] {
        let bytes = try #require(Hex.decode(hex.filter { $0 != " " }))
        var events: [ClientEvent] = []
        let used = try state.receive(bytes.span.bytes, into: &writer, events: &events)
        #expect(used == bytes.count || state.phase == .closed)
        return events
    }

    mutating func publish(_ text: String, qos: UInt8, token: UInt64) throws {
        try state.publish(
            OutgoingMessage(topic: [0x74], payload: Array(text.utf8), qos: qos),
            token: token,
            into: &writer
        )
    }

    mutating func subscribe(_ filter: String, token: UInt64) throws {
        try state.subscribe(
            [SubscriptionRequest(filter: Array(filter.utf8), qos: 1)],
            token: token,
            into: &writer
        )
    }

    mutating func take(_ receipt: ClientReceipt?) throws {
        state.take(try #require(receipt), into: &writer)
    }
}

private let accepted = "20020000"
private let acceptedWithSession = "20020100"

extension ClientEvent {
    fileprivate var message: IncomingMessage? {
        if case .message(let message) = self { return message }
        return nil
    }

    fileprivate var token: UInt64? {
        switch self {
        case .published(let token, _), .answered(let token, _): token
        default: nil
        }
    }
}

@Suite("Client state")
struct ClientStateTests {
    @Test("CONNECT is written first, and CONNACK opens the connection")
    func opening() throws {
        var bench = Bench()
        var writer = ByteWriter()
        bench.state.open(into: &writer)
        #expect(Hex.encode(writer.bytes) == "100d00044d5154540400003c000161")
        #expect(bench.state.phase == .connecting)
        let events = try bench.receive(accepted)
        #expect(events == [.connected(Connack(sessionPresent: false, reason: .success))])
        #expect(bench.state.phase == .connected)
    }

    @Test("a refusal closes, with the reason that the return code stands for")
    func refusal() throws {
        var bench = Bench()
        let events = try bench.open("20020005")
        #expect(events == [.refused(Connack(sessionPresent: false, reason: .notAuthorized))])
        #expect(bench.state.phase == .closed)
    }

    @Test(
        "packets out of their time are breaches",
        arguments: ["3003000174", "d000", "90030001 00"]
    )
    func beforeConnack(hex: String) throws {
        var bench = Bench()
        #expect(throws: MQTTError.self) { try bench.open(hex) }
    }

    @Test("a second CONNACK is a breach")
    func secondConnack() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        #expect(throws: MQTTError.self) { try bench.receive(accepted) }
    }

    @Test("a session from before is a breach when it was to be forgotten")
    func unwantedSession() throws {
        var bench = Bench(cleanStart: true)
        #expect(throws: MQTTError.self) { try bench.open(acceptedWithSession) }
    }

    @Test("QoS 0 goes out at once, and not without a connection")
    func qos0() throws {
        var bench = Bench()
        #expect(throws: MQTTError.self) { try bench.publish("x", qos: 0, token: 1) }
        _ = try bench.open(accepted)
        try bench.publish("x", qos: 0, token: 1)
        #expect(bench.sent() == "300400017478")
    }

    @Test("QoS 1 is done with PUBACK")
    func qos1() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        try bench.publish("x", qos: 1, token: 9)
        #expect(bench.sent() == "3206000174000178")
        #expect(bench.state.unfinishedCount == 1)
        #expect(try bench.receive("40020001").map(\.token) == [9])
        #expect(bench.state.unfinishedCount == 0)
        // A second PUBACK is for nobody.
        #expect(try bench.receive("40020001").isEmpty)
    }

    @Test("QoS 2 is done with PUBCOMP, after PUBREC and PUBREL")
    func qos2() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        try bench.publish("x", qos: 2, token: 9)
        #expect(bench.sent() == "3406000174000178")
        // PUBCOMP before PUBREC is not the end.
        #expect(try bench.receive("70020001").isEmpty)
        #expect(try bench.receive("50020001").isEmpty)
        #expect(bench.sent() == "62020001")
        // PUBREC again is answered again.
        #expect(try bench.receive("50020001").isEmpty)
        #expect(bench.sent() == "62020001")
        #expect(try bench.receive("70020001").map(\.token) == [9])
        #expect(bench.state.unfinishedCount == 0)
    }

    @Test("a PUBREC that refuses is the end of a message")
    func refusedPubrec() throws {
        var bench = Bench(.v5)
        _ = try bench.open("2003000000")
        try bench.publish("x", qos: 2, token: 9)
        _ = bench.sent()
        let events = try bench.receive("5003000187")
        #expect(
            events == [
                .published(token: 9, Acknowledgement(packetID: 1, reason: .notAuthorized))
            ]
        )
        #expect(bench.sent() == "")
    }

    @Test("a PUBREC for an unknown message is answered with its reason")
    func unknownPubrec() throws {
        var bench = Bench(.v5)
        _ = try bench.open("2003000000")
        _ = try bench.receive("50020007")
        #expect(bench.sent() == "6203000792")
    }

    @Test("the window holds messages back, and lets them go in their order")
    func window() throws {
        var bench = Bench { _, limits in limits.inflightMax = 2 }
        _ = try bench.open(accepted)
        for number in 1...4 { try bench.publish("\(number)", qos: 1, token: UInt64(number)) }
        #expect(bench.sent() == "3206000174000131" + "3206000174000232")
        #expect(try bench.receive("40020002").map(\.token) == [2])
        #expect(bench.sent() == "3206000174000333")
        #expect(try bench.receive("40020001 40020003").map(\.token) == [1, 3])
        #expect(bench.sent() == "3206000174000434")
    }

    @Test("the server's receive maximum is the window, if it is smaller")
    func receiveMaximum() throws {
        var bench = Bench(.v5)
        _ = try bench.open("2006000003210001")
        try bench.publish("1", qos: 1, token: 1)
        try bench.publish("2", qos: 1, token: 2)
        #expect(bench.sent() == "320700017400010031")
        _ = try bench.receive("40020001")
        #expect(bench.sent() == "320700017400020032")
    }

    @Test("so many messages wait and one more is refused")
    func waitingLimit() throws {
        var bench = Bench { _, limits in
            limits.inflightMax = 1
            limits.waitingMessagesMax = 2
        }
        _ = try bench.open(accepted)
        for token in 1...3 as ClosedRange<UInt64> { try bench.publish("x", qos: 1, token: token) }
        let error = #expect(throws: MQTTError.self) {
            try bench.publish("x", qos: 1, token: 4)
        }
        #expect(error?.code == .receiveMaximumExceeded)
    }

    @Test("messages given without a connection go out with the next one")
    func beforehand() throws {
        var bench = Bench()
        try bench.publish("x", qos: 1, token: 1)
        #expect(bench.sent() == "")
        _ = try bench.open(accepted)
        #expect(bench.sent() == "3206000174000178")
    }

    @Test("what was under way is sent again in its order: PUBLISH with DUP, or PUBREL")
    func resend() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        for number in 1...3 { try bench.publish("\(number)", qos: 2, token: UInt64(number)) }
        _ = try bench.receive("50020002")
        _ = bench.sent()
        #expect(bench.state.connectionLost().isEmpty)
        _ = try bench.open(acceptedWithSession)
        #expect(bench.sent() == "62020002" + "3c06000174000131" + "3c06000174000333")
        _ = try bench.receive("70020002 50020001 70020001 50020003")
        #expect(try bench.receive("70020003").map(\.token) == [3])
    }

    @Test("a server without the session gets what was under way without DUP")
    func resendToStranger() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        try bench.publish("1", qos: 1, token: 1)
        try bench.publish("2", qos: 2, token: 2)
        _ = try bench.receive("50020002")
        _ = bench.sent()
        _ = bench.state.connectionLost()
        _ = try bench.open(accepted)
        #expect(bench.sent() == "3206000174000131" + "3406000174000232")
    }

    @Test("sending again keeps to a window that became smaller")
    func resendWindow() throws {
        var bench = Bench(.v5)
        _ = try bench.open("2003000000")
        for number in 1...3 { try bench.publish("\(number)", qos: 1, token: UInt64(number)) }
        _ = bench.sent()
        _ = bench.state.connectionLost()
        _ = try bench.open("2006010003210001")
        #expect(bench.sent() == "3a0700017400010031")
        _ = try bench.receive("40020001")
        #expect(bench.sent() == "3a0700017400020032")
        _ = try bench.receive("40020002")
        #expect(bench.sent() == "3a0700017400030033")
    }

    @Test("requests without an answer are lost with their connection")
    func lostRequests() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        try bench.subscribe("a", token: 5)
        try bench.subscribe("b", token: 6)
        #expect(try bench.receive("9003000101").map(\.token) == [5])
        #expect(bench.state.connectionLost() == [6])
    }
}

@Suite("Client state, receiving")
struct ClientReceivingTests {
    @Test("QoS 1 is acknowledged when it is taken, in the order it came")
    func taking() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        let events = try bench.receive("3205000174 0007" + "3205000174 0008")
        let messages = events.compactMap(\.message)
        #expect(messages.map(\.packetID) == [7, 8])
        #expect(bench.sent() == "")
        try bench.take(messages[1].receipt)
        #expect(bench.sent() == "")
        try bench.take(messages[0].receipt)
        #expect(bench.sent() == "4002000740020008")
    }

    @Test("a receipt of an earlier connection acknowledges nothing")
    func oldReceipt() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        let old = try bench.receive("3205000174 0007").first?.message
        _ = bench.state.connectionLost()
        _ = try bench.open(acceptedWithSession)
        let new = try bench.receive("3a05000174 0007").first?.message
        try bench.take(old?.receipt)
        #expect(bench.sent() == "")
        #expect(new?.isDuplicate == true)
        try bench.take(new?.receipt)
        #expect(bench.sent() == "40020007")
    }

    @Test("QoS 2 is delivered once, however often it comes, also over two connections")
    func once() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        #expect(try bench.receive("3405000174 0007").count == 1)
        #expect(bench.sent() == "50020007")
        #expect(try bench.receive("3c05000174 0007").isEmpty)
        #expect(bench.sent() == "50020007")
        _ = bench.state.connectionLost()
        _ = try bench.open(acceptedWithSession)
        #expect(try bench.receive("3c05000174 0007").isEmpty)
        #expect(bench.sent() == "50020007")
        #expect(try bench.receive("62020007").isEmpty)
        #expect(bench.sent() == "70020007")
        // The identifier is free again.
        #expect(try bench.receive("3405000174 0007").count == 1)
    }

    @Test("a new session knows nothing of messages with QoS 2")
    func forgotten() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        _ = try bench.receive("3405000174 0007")
        _ = bench.state.connectionLost()
        _ = try bench.open(accepted)
        #expect(try bench.receive("3405000174 0007").count == 1)
    }

    @Test("PUBREL for an unknown message says so in MQTT 5.0")
    func unknownPubrel() throws {
        var bench = Bench(.v5)
        _ = try bench.open("2003000000")
        _ = try bench.receive("62020007")
        #expect(bench.sent() == "7003000792")
    }

    @Test("a server that exceeds the receive maximum is told so")
    func exceeded() throws {
        var bench = Bench(.v5) { connect, _ in connect.properties.receiveMaximum = 2 }
        _ = try bench.open("2003000000")
        _ = try bench.receive("3206000174000700" + "3406000174000800")
        let error = #expect(throws: MQTTError.self) {
            try bench.receive("3206000174000900")
        }
        #expect(error?.reasonCode == .receiveMaximumExceeded)
    }

    @Test("a topic alias that was not allowed is refused")
    func alias() throws {
        var bench = Bench(.v5)
        _ = try bench.open("2003000000")
        let error = #expect(throws: MQTTError.self) {
            try bench.receive("3007000174 03230001")
        }
        #expect(error?.code == .topicAliasInvalid)
    }

    @Test("an incomplete packet waits for its rest")
    func pieces() throws {
        var bench = Bench()
        _ = try bench.open(accepted)
        let bytes: [UInt8] = [0x30, 0x04, 0x00, 0x01, 0x74, 0x78]
        var writer = ByteWriter()
        var events: [ClientEvent] = []
        for count in 0..<bytes.count {
            let part = Array(bytes[..<count])
            let used = try bench.state.receive(part.span.bytes, into: &writer, events: &events)
            #expect(used == 0)
        }
        #expect(events.isEmpty)
        #expect(try bench.receive("300400017478").count == 1)
    }

    @Test("DISCONNECT closes and tells its reason")
    func disconnect() throws {
        var bench = Bench(.v5)
        _ = try bench.open("2003000000")
        #expect(
            try bench.receive("e0018e") == [.disconnected(Disconnect(reason: .sessionTakenOver))]
        )
        #expect(bench.state.phase == .closed)
    }

    @Test("what the server does not take is refused before it is sent")
    func serverLimits() throws {
        var bench = Bench(.v5)
        // Maximum QoS 1, no retained messages, packets of up to 20 bytes.
        _ = try bench.open("200c000009 2401 2500 2700000014")
        #expect(throws: MQTTError.self) { try bench.publish("x", qos: 2, token: 1) }
        #expect(throws: MQTTError.self) {
            try bench.publish(String(repeating: "x", count: 13), qos: 1, token: 1)
        }
        try bench.publish(String(repeating: "x", count: 12), qos: 1, token: 1)
        var writer = ByteWriter()
        let retained = OutgoingMessage(topic: [0x74], payload: [], isRetained: true)
        #expect(throws: MQTTError.self) {
            try bench.state.publish(retained, token: 2, into: &writer)
        }
    }
}

@Suite("Keep-alive")
struct KeepAliveTests {
    @Test("a ping is due after silence of ours, and the server is gone without an answer")
    func life() {
        var keepAlive = KeepAlive(seconds: 10, now: 1_000)
        #expect(keepAlive.turn(now: 10_999) == .wait(until: 11_000))
        keepAlive.sent(now: 5_000)
        #expect(keepAlive.turn(now: 14_999) == .wait(until: 15_000))
        #expect(keepAlive.turn(now: 15_000) == .ping)
        #expect(keepAlive.turn(now: 15_001) == .wait(until: 25_000))
        #expect(keepAlive.turn(now: 25_000) == .gone)
        keepAlive.received()
        #expect(keepAlive.turn(now: 25_000) == .ping)
    }

    @Test("0 seconds is no keep-alive")
    func never() {
        var keepAlive = KeepAlive(seconds: 0, now: 0)
        #expect(keepAlive.turn(now: .max - 1) == .wait(until: .max))
    }
}
