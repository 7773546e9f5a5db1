// SPDX-License-Identifier: Apache-2.0
// An exchange of enhanced authentication, packet by packet (MQTT 5.0 §4.12). What the messages mean
// is not told here: the first is answered with "go", the second with "done".

import SealBroker
import SealTesting
import Testing

import SealBytes
@testable import Stage

@Suite("Exchanges of enhanced authentication") struct ExchangeTests {
    private let method = Property.method("SCRAM-SHA-256")

    private func auth(_ code: UInt8, _ text: String?, method: String = "SCRAM-SHA-256") -> [UInt8] {
        let message = text.map { Property.authentication(Array($0.utf8)) } ?? []
        return Wire.packet(0xF0, [code] + Wire.block(.v5, Property.method(method) + message))
    }

    private func connect(_ clientID: String, _ text: String?, _ more: [UInt8] = []) -> [UInt8] {
        let message = text.map { Property.authentication(Array($0.utf8)) } ?? []
        return Wire.connect(.v5, clientID, Wire.Connect(properties: method + message + more))
    }

    private func contains(_ packet: [UInt8], _ part: [UInt8]) -> Bool {
        show(packet).contains(show(part))
    }

    /// A client that has proved itself; the CONNACK is taken off.
    private func proved(_ story: Story, _ clientID: String = "c") -> Player {
        let client = story.open(.v5)
        client.send(connect(clientID, "first"))
        client.expect(auth(0x18, "go"))
        client.send(auth(0x18, "last"))
        let answer = client.nextPacket()
        #expect(answer.first == 0x20 && answer.dropFirst(3).first == 0, "\(show(answer))")
        #expect(contains(answer, method))
        #expect(contains(answer, Property.authentication(Array("done".utf8))))
        return client
    }

    @Test(
        "AUTH goes back and forth, then CONNACK names the method and brings the last message",
        .v5("4.12.0-2", "4.12.0-3", "4.12.0-5"),
        arguments: Stage.inMemory
    )
    func flow(stage: Stage) {
        let town = Town()
        let story = town.story(stage)
        for clientID in ["pub", "sub", "c"] {
            town.said = []
            let client = proved(story, clientID)
            #expect(town.said == [Array("first".utf8), Array("last".utf8)])
            client.subscribe("a")
            client.send(Wire.publish(.v5, "a", "1"))
            client.expect(Wire.publish(.v5, "a", "1"))
        }
    }

    @Test("a CONNECT without a first message is asked for it")
    func withoutMessage() {
        let story = Town().story(.onePartition)
        let client = story.open(.v5)
        client.send(connect("c", nil))
        client.expect(auth(0x18, nil))
        client.send(auth(0x18, "first"))
        client.expect(auth(0x18, "go"))
        client.send(auth(0x18, "last"))
        #expect(client.nextPacket().dropFirst(3).first == 0)
    }

    @Test("a wrong proof ends in CONNACK", .v5("4.12.0-4"))
    func wrongProof() {
        let town = Town()
        town.proves = ""
        let story = town.story(.onePartition)
        let client = story.open(.v5)
        client.send(connect("c", "first"))
        client.expect(auth(0x18, "go"))
        client.send(auth(0x18, "last"))
        client.expectRefusal(0x86)
    }

    @Test("another method in the middle is refused")
    func changedMethod() {
        let story = Town().story(.onePartition)
        let client = story.open(.v5)
        client.send(connect("c", "first"))
        client.expect(auth(0x18, "go"))
        client.send(auth(0x18, "last", method: "SCRAM-SHA-1"))
        client.expectRefusal(0x8C)
    }

    @Test("before CONNACK there is nothing but AUTH and DISCONNECT", .v5("3.1.2-30"))
    func nothingElse() {
        let packets = [
            Wire.pingreq, Wire.publish(.v5, "a", "1"), connect("c", "first"), auth(0x19, "x"),
            Wire.subscribe(.v5, 1, [("a", 0)]), Wire.disconnect(),
        ]
        for packet in packets {
            let story = Town().story(.onePartition)
            let client = story.open(.v5)
            client.send(connect("c", "first"))
            client.expect(auth(0x18, "go"))
            client.send(packet)
            client.expectEnd()
            #expect(story.bench.partitions[0].counters.connections == 0)
        }
    }

    @Test("who does not go on is closed")
    func silence() {
        let story = Town().story(.onePartition)
        let client = story.open(.v5)
        client.send(connect("c", "first"))
        client.expect(auth(0x18, "go"))
        story.advance(seconds: 9)
        client.expectNothing()
        story.advance(seconds: 2)
        client.expectEnd()
    }

    @Test("a listener without passwords, or without registry, offers no method")
    func notOffered() {
        let town = Town()
        let story = town.story(.onePartition) {
            $0.access[0].registry.takesPasswords = false
        }
        for listener in 0...1 {
            let client = story.open(.v5, listener: listener)
            client.send(connect("c", "first"))
            client.expectRefusal(0x8C)
        }
    }

    @Test("a client proves itself again while messages go on", .v5("4.12.1-1"))
    func again() {
        let town = Town()
        let story = town.story(.onePartition)
        let client = proved(story)
        client.subscribe("a")
        client.send(auth(0x19, "first"))
        client.expect(auth(0x18, "go"))
        client.send(Wire.publish(.v5, "a", "1"))
        client.expect(Wire.publish(.v5, "a", "1"))
        client.send(auth(0x18, "last"))
        client.expect(auth(0x00, "done"))
        // What was withdrawn before the second login does not concern it.
        town.changeNumber = 5
        client.send(auth(0x19, nil))
        client.expect(auth(0x18, nil))
        client.send(auth(0x18, "first"))
        client.expect(auth(0x18, "go"))
        client.send(auth(0x18, "last"))
        client.expect(auth(0x00, "done"))
        #expect(!client.isClosed)
    }

    @Test("proving wrong, or to be somebody else, ends the connection", .v5("4.12.1-2"))
    func againWrong() {
        for proof: Name in ["", "1/account/2", "2/account/1", "1/device/1"] {
            let town = Town()
            let story = town.story(.onePartition)
            let client = proved(story)
            town.proves = proof
            client.send(auth(0x19, "first"))
            client.expect(auth(0x18, "go"))
            client.send(auth(0x18, "last"))
            client.expectDisconnect(0x87)
        }
    }

    @Test("an exchange on an open connection has its order, method and time")
    func againOutOfTurn() {
        let story = Town().story(.onePartition)
        let cases: [([[UInt8]], UInt8)] = [
            ([auth(0x18, "x")], 0x82), ([auth(0x19, "x", method: "PLAIN")], 0x8C),
        ]
        for (packets, code) in cases {
            let client = proved(story)
            for packet in packets { client.send(packet) }
            client.expectDisconnect(code)
        }
        let twice = proved(story)
        twice.send(auth(0x19, "first"))
        twice.expect(auth(0x18, "go"))
        twice.send(auth(0x19, "first"))
        twice.expectDisconnect(0x82)
        let slow = proved(story)
        slow.send(auth(0x19, "first"))
        slow.expect(auth(0x18, "go"))
        story.advance(seconds: 9)
        slow.expectNothing()
        story.advance(seconds: 2)
        slow.expectDisconnect(0x87)
    }

    @Test("a CONNACK or AUTH larger than the client takes is not sent", .v5("3.1.2-24"))
    func size() {
        let story = Town().story(.onePartition)
        let client = story.open(.v5)
        client.send(connect("c", "first", Property.packetMaximum(20)))
        client.expectEnd()
    }
}
