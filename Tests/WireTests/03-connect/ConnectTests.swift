// SPDX-License-Identifier: Apache-2.0
// What happens around CONNECT: packets before and after it, client ids, versions of listeners,
// who may come in, and the time it may take.

import SealBroker
import SealTesting
import Testing

@testable import Stage

@Suite("CONNECT and what is around it") struct ConnectTests {
    @Test(
        "Any packet before CONNECT ends the connection without an answer",
        .v5("3.1.0-1", "3.14.0-1"),
        .v311("3.1.0-1"),
        arguments: [
            "20 02 00 00", "30 04 0001 61 78", "32 06 0001 61 0001 78", "40 02 0001",
            "50 02 0001", "62 02 0001", "70 02 0001", "82 06 0001 0001 61 00", "90 03 0001 00",
            "A2 05 0001 0001 61", "B0 02 0001", "C0 00", "D0 00", "E0 00", "F0 00",
            "F0 05 18 03 15 0000", "00 00",
        ]
    ) func before(packet: String) {
        let client = Story().open()
        client.send(packet)
        client.expectEnd()
    }

    @Test(
        "A second CONNECT ends the connection",
        .v5("3.1.0-2", "3.2.0-2"),
        .v311("3.1.0-2"),
        arguments: Version.allCases,
        Stage.allCases
    ) func second(version: Version, stage: Stage) {
        let client = Story(stage).join("sub", version)
        client.send(Wire.connect(version, "sub"))
        client.expectDisconnect(0x82)
    }

    @Test(
        "Packets that only a server sends end the connection",
        arguments: Version.allCases,
        ["20 02 00 00", "90 03 0001 00", "B0 02 0001", "D0 00"]
    ) func serverPackets(version: Version, packet: String) {
        let client = Story().join("sub", version)
        client.send(packet)
        client.expectDisconnect(0x82)
    }

    @Test("Packet type 0 is reserved", arguments: Version.allCases)
    func typeZero(version: Version) {
        let client = Story().join("sub", version)
        client.send("00 00")
        client.expectDisconnect(0x82)
    }

    @Test("Packets may follow CONNECT at once", .v5("3.1.4-6"), arguments: Stage.inMemory)
    func pipelined(stage: Stage) {
        let client = Story(stage).open()
        client.send(
            Wire.connect(.v311, "sub"),
            Wire.subscribe(.v311, 1, [("a", 0)]),
            Wire.pingreq,
            Wire.publish(.v311, "a", "x")
        )
        let suback = Wire.suback(.v311, 1, [0])
        let message = Wire.publish(.v311, "a", "x")
        // Where another partition is asked first, the message may come before the answers.
        if stage.partitions == 1 {
            client.expect(hex("20 02 00 00"), suback, Wire.pingresp, message)
        } else {
            client.expect(hex("20 02 00 00"), message, suback, Wire.pingresp)
        }
    }

    @Test(
        "What follows a refused CONNECT is not looked at",
        .v5("3.1.4-6", "3.2.2-7"),
        .v311("3.1.4-5", "3.2.2-4", "3.2.2-5"),
        arguments: Stage.allCases
    ) func afterRefusal(stage: Stage) {
        let story = Story(stage)
        let watcher = story.join("sub", .v311)
        watcher.subscribe("a")
        let client = story.open()
        client.send(
            Wire.connect(.v311, "", Wire.Connect(clean: false)),
            Wire.publish(.v311, "a", "x")
        )
        client.expectEnd(hex("20 02 00 02"))
        watcher.expectNothing()
    }

    @Test("CONNECT must come within the time for it", arguments: Stage.inMemory)
    func connectTime(stage: Stage) {
        let story = Story(stage) { $0.limits.connectSeconds = 10 }
        let client = story.open()
        client.send("10 0D 0004")
        story.advance(milliseconds: 9_999)
        client.expectNothing()
        story.advance(milliseconds: 1)
        client.expectEnd()
    }

    // MARK: Client identifiers

    @Test(
        "Client ids of 1 to 65,535 bytes are taken in every version",
        .v5("3.1.3-2", "3.1.3-5"),
        .v311("3.1.3-2", "3.1.3-5"),
        arguments: Version.allCases,
        [1, 23, 24, 255, 256, 65_535]
    ) func longIDs(version: Version, count: Int) {
        let story = Story {
            $0.limits.clientIDBytesMax = 65_535
            $0.limits.connectPacketBytesMax = 1 << 20
        }
        let name = String(repeating: "x", count: count - 1) + "9"
        let first = story.join(name, version)
        #expect(!first.isClosed)
        let second = story.join(name, version)
        #expect(first.isClosed)
        #expect(!second.isClosed)
    }

    @Test("The 62 letters and digits make a client id", .v5("3.1.3-5"), .v311("3.1.3-5"))
    func letters() {
        let story = Story()
        for name in ["0123456789abcdefghijklm", "nopqrstuvwxyzABCDEFGHIJ", "KLMNOPQRSTUVWXYZ"] {
            _ = story.join(name, .v311)
        }
    }

    @Test("MQTT 3.1 has no empty client id") func emptyOld() {
        for clean in [true, false] {
            let client = Story().open()
            client.send(Wire.connect(.v31, "", Wire.Connect(clean: clean)))
            client.expectEnd(hex("20 02 00 02"))
        }
    }

    @Test(
        "MQTT 3.1.1 takes an empty client id with a clean session only",
        .v311("3.1.3-6", "3.1.3-7", "3.1.3-8", "3.1.3-9")
    ) func empty() {
        let client = Story().open()
        client.send(Wire.connect(.v311, "", Wire.Connect(clean: true)))
        client.expect("20 02 00 00")
        let other = Story().open()
        other.send(Wire.connect(.v311, "", Wire.Connect(clean: false)))
        other.expectEnd(hex("20 02 00 02"))
    }

    @Test(
        "MQTT 5.0 gives a client without id one of its own, and tells it",
        .v5("3.1.3-6", "3.1.3-7", "3.2.2-16"),
        arguments: Stage.allCases,
        [true, false]
    ) func assigned(stage: Stage, clean: Bool) throws {
        let story = Story(stage)
        var names: Set<String> = []
        for _ in 0..<20 {
            let client = story.open(.v5)
            client.send(Wire.connect(.v5, "", Wire.Connect(clean: clean)))
            let answer = client.nextPacket()
            // After 22 0020 comes 12 with the id.
            #expect(Array(answer[2...4]) == [0, 0, answer[1] - 3])
            #expect(Array(answer[8...10]) == [0x12, 0, 41])
            let name = String(decoding: answer[11..<52], as: UTF8.self)
            #expect(name.wholeMatch(of: /auto-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/) != nil)
            names.insert(name)
        }
        #expect(names.count == 20)
    }

    @Test("An assigned client id can be used to come back") func assignedAgain() {
        let story = Story()
        let client = story.open(.v5)
        client.send(
            Wire.connect(.v5, "", Wire.Connect(properties: Property.sessionExpiry(100)))
        )
        let answer = client.nextPacket()
        let name = String(decoding: answer[11..<52], as: UTF8.self)
        client.cut()
        _ = story.join(name, clean: false, present: true)
    }

    // MARK: Listeners

    @Test("A listener may speak some versions only", arguments: Version.allCases)
    func versions(version: Version) {
        let story = Story { setup in setup.listeners[0].versions = [version.rawValue] }
        for other in Version.allCases {
            let client = story.open()
            client.send(Wire.connect(other, "sub"))
            if other == version {
                #expect(client.nextPacket().first == 0x20)
                #expect(!client.isClosed)
            } else if other == .v5 {
                client.expectRefusal(0x84)
            } else {
                client.expectEnd(hex("20 02 00 01"))
            }
        }
    }

    @Test("A will above the listener's QoS refuses CONNECT", .v5("3.2.2-12")) func willAbove() {
        let story = Story { $0.listeners[0].maximumQoS = 1 }
        let high = Wire.Will(topic: "w", payload: "x", qos: 2)
        let client = story.open(.v5)
        client.send(Wire.connect(.v5, "sub", Wire.Connect(will: high)))
        client.expectRefusal(0x9B)
        _ = story.join("sub", will: Wire.Will(topic: "w", payload: "x", qos: 1))
    }

    @Test("A retained will where nothing is retained refuses CONNECT", .v5("3.2.2-13"))
    func willRetained() {
        let story = Story { $0.limits.retainedMessagesMax = 0 }
        let kept = Wire.Will(topic: "w", payload: "x", retain: true)
        let client = story.open(.v5)
        client.send(Wire.connect(.v5, "sub", Wire.Connect(will: kept)))
        client.expectRefusal(0x9A)
        _ = story.join("sub", will: Wire.Will(topic: "w", payload: "x"))
        _ = story.join("old", .v311, will: kept)
    }

    @Test("The connections of a tenant have a limit", .v5("3.2.2-6", "3.2.2-8", "4.13.2-1"))
    func tenantLimit() {
        let story = Story { $0.limits.connectionsPerTenantMax = 2 }
        let first = story.join("one")
        _ = story.join("two", .v311)
        let third = story.open(.v5)
        third.send(Wire.connect(.v5, "three"))
        third.expectRefusal(0x97)
        let fourth = story.open()
        fourth.send(Wire.connect(.v311, "four"))
        fourth.expectEnd(hex("20 02 00 03"))
        first.send(Wire.disconnect())
        _ = story.join("five")
    }

    @Test("A listener without anonymous clients refuses them", .v5("3.1.4-2"))
    func anonymous() {
        let story = Story { $0.access[0].allowsAnonymous = false }
        let new = story.open()
        new.send(Wire.connect(.v5, "sub"))
        let answer = new.take()
        #expect(answer.count > 3 && [0x86, 0x87].contains(answer[3]))
        #expect(new.isClosed)
        let old = story.open()
        old.send(Wire.connect(.v311, "sub"))
        let code = old.take()
        #expect(code.count == 4 && [4, 5].contains(code[3]))
        #expect(old.isClosed)
    }

    @Test("A broker that shuts down says so and takes nobody", .v5("3.2.2-8")) func drain() {
        let story = Story()
        let new = story.join("a")
        let old = story.join("b", .v311)
        story.bench.partitions[0].drain()
        story.bench.settle()
        new.expectDisconnect(0x8B)
        old.expectDisconnect(0x8B)
        let late = story.open(.v5)
        late.send(Wire.connect(.v5, "c"))
        late.expectRefusal(0x88)
        let older = story.open()
        older.send(Wire.connect(.v311, "c"))
        older.expectEnd(hex("20 02 00 03"))
    }
}
