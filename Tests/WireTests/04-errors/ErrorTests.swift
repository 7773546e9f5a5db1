// SPDX-License-Identifier: Apache-2.0
// Errors that belong to no single packet: one client's fault must stay its own.

import Testing

@testable import Stage

@Suite("Errors") struct ErrorTests {
    @Test(
        "A client that breaks the protocol harms nobody else",
        .v5("4.13.1-1"),
        .v311("4.8.0-1"),
        arguments: Stage.allCases
    )
    func others(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub")
        subscriber.subscribe("a", 1)
        let publisher = story.join("pub")
        for bad in ["00 00", "30 02 0005", "F0 00", "36 00", "82 00", "10 00", "E0 01 FF"] {
            let client = story.join("other")
            client.send(bad)
            client.expectClosed()
        }
        publisher.send(Wire.publish(.v5, "a", "x", qos: 1, id: 1))
        publisher.expect("40 02 0001")
        subscriber.expect(Wire.publish(.v5, "a", "x", qos: 1, id: 1))
    }

    @Test("TLS that fails before CONNECT leaves a line in the log, a peer that hangs up does not")
    func brokenTLS() {
        let story = Story()
        story.open().cut()
        #expect(story.bench.events.isEmpty)
        let client = story.bench.open(listener: 0)
        client.send([0x10])
        client.cut(because: "tls.protocol")
        guard case .protocolError(_, let code, _) = story.bench.events.first else {
            Issue.record("no line for the log")
            return
        }
        #expect(code == "tls.protocol")
    }

    @Test(
        "What came before a malformed packet is done, what follows is not",
        arguments: Version.allCases
    )
    func beforeAndAfter(version: Version) {
        let story = Story()
        let watcher = story.join("sub", version)
        watcher.subscribe("a")
        let client = story.join("pub", version)
        client.send(
            Wire.publish(version, "a", "before"),
            [0x00, 0x00],
            Wire.publish(version, "a", "after")
        )
        watcher.expect(Wire.publish(version, "a", "before"))
    }

    @Test("Every kind of packet may come byte by byte", arguments: Version.allCases)
    func byteByByte(version: Version) {
        let story = Story()
        let client = story.join("sub", version)
        let packets = [
            Wire.subscribe(version, 1, [("a", 2), ("b", 0)]),
            Wire.publish(version, "b", "x"),
            Wire.publish(version, "c", "x", qos: 2, id: 3),
            Wire.pubrel(3),
            Wire.unsubscribe(version, 2, ["a"]),
            Wire.pingreq,
        ]
        for byte in packets.flatMap(\.self) { client.send([byte]) }
        client.expect(
            Wire.suback(version, 1, [2, 0]),
            Wire.publish(version, "b", "x"),
            Wire.pubrec(3),
            Wire.pubcomp(3),
            Wire.unsuback(version, 2, [0]),
            Wire.pingresp
        )
    }

    @Test("A thousand packets may come at once", arguments: Stage.allCases)
    func atOnce(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", .v311)
        subscriber.subscribe("a")
        let publisher = story.join("pub", .v311)
        let message = Wire.publish(.v311, "a", "x")
        publisher.send((0..<1000).flatMap { _ in message })
        subscriber.expect((0..<1000).flatMap { _ in message })
    }

    @Test("Remaining lengths of one to four bytes are understood", arguments: Version.allCases)
    func lengths(version: Version) {
        let story = Story { $0.limits.packetBytesMax = 3 << 20 }
        let client = story.join("sub", version)
        client.subscribe("a")
        for count in [100, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
            let empty = Wire.publish(version, "a", "").count - 2
            let payload = [UInt8](repeating: 0x61, count: count - empty)
            client.send(Wire.publish(version, "a", bytes: payload))
            let found = client.take()
            #expect(found == Wire.publish(version, "a", bytes: payload), "\(count) bytes")
        }
    }

    @Test(
        "A remaining length of five bytes ends the connection",
        .v5("1.5.5-1"),
        arguments: Version.allCases
    )
    func fiveBytes(version: Version) {
        let client = Story().join("sub", version)
        client.send("30 80 80 80 80 01")
        client.expectEnd()
    }

    @Test("So it does in a packet that only a server sends", arguments: [Version.v311, .v5])
    func fiveBytesOfServer(version: Version) {
        for first in ["20", "90", "B0", "D0"] {
            let client = Story().join("pub", version)
            client.send(first)
            client.expectNothing()
            client.send("80 80 80 80 01")
            client.expectEnd()
        }
    }

    @Test(
        "A packet that only a server sends ends the connection, CONNACK whatever its flags",
        arguments: ["20 02 00 00", "21 02 00 00", "2F 00", "90 03 0001 00", "B0 02 0001", "D0 00"]
    ) func packetsOfServer(packet: String) {
        for version in [Version.v311, .v5] {
            let client = Story().join("pub", version)
            client.send(packet)
            client.expectDisconnect(0x82)
        }
    }
}
