// SPDX-License-Identifier: Apache-2.0
// Every sample there and back, then broken in every way that one byte can be.

import SealBytes
import SealMQTT
import Testing

@Suite("Packets")
struct PacketTests {
    @Test("a packet that is read and written again has the same bytes", arguments: Sample.all)
    func roundTrip(_ sample: Sample) throws {
        let packet = try bytes(sample.hex)
        let again = try reencoded(packet, sample.version, sample.direction)
        #expect(again.map { Hex.encode($0) } == Hex.encode(packet))
    }

    @Test("the samples have each type, before MQTT 5.0 and in it")
    func coverage() throws {
        var types: [Bool: Set<UInt8>] = [:]
        for sample in Sample.all {
            let first = try #require(try bytes(sample.hex).first)
            types[sample.version == .v5, default: []].insert(first >> 4)
        }
        #expect(types[false] == Set(1...14))
        #expect(types[true] == Set(1...15))
    }

    @Test("a packet cut short in its stream waits for more", arguments: Sample.all)
    func stream(_ sample: Sample) throws {
        let packet = try bytes(sample.hex)
        for count in 0..<packet.count {
            #expect(
                try reencoded(Array(packet[..<count]), sample.version, sample.direction) == nil
            )
        }
    }

    @Test(
        "a packet whose body is cut short is refused or read, never a trap",
        arguments: Sample.all
    )
    func truncation(_ sample: Sample) throws {
        let packet = try bytes(sample.hex)
        for count in 2..<packet.count {
            var cut = Array(packet[..<count])
            cut[1] = UInt8(count - 2)
            // What is still read must come out as a packet that is read, too.
            guard let again = try? reencoded(cut, sample.version, sample.direction) else {
                continue
            }
            #expect(throws: Never.self) {
                try reencoded(again, sample.version, sample.direction)
            }
        }
    }

    @Test("a packet with any bit flipped is refused or read, never a trap", arguments: Sample.all)
    func flips(_ sample: Sample) throws {
        let packet = try bytes(sample.hex)
        for index in packet.indices {
            for bit in 0..<8 {
                var flipped = packet
                flipped[index] ^= UInt8(1) << UInt8(bit)
                for version in ProtocolVersion.allCases {
                    for direction in Direction.allCases {
                        guard let again = try? reencoded(flipped, version, direction) else {
                            continue
                        }
                        #expect(throws: Never.self, "\(Hex.encode(flipped))") {
                            try reencoded(again, version, direction)
                        }
                    }
                }
            }
        }
    }

    @Test("a length that reaches beyond the body is refused", arguments: Sample.all)
    func overlong(_ sample: Sample) throws {
        let packet = try bytes(sample.hex)
        for index in 2..<max(packet.count - 1, 2) {
            var broken = packet
            broken[index] = 0xFF
            broken[index + 1] = 0xFF
            _ = try? reencoded(broken, sample.version, sample.direction)
        }
    }

    @Test(
        "bytes after the last field are refused",
        arguments: Sample.all.filter { sample in
            // A payload or a list of filters or codes takes all that comes.
            !["30", "31", "32", "34", "3d", "82", "90", "a2", "b0"]
                .contains(String(sample.hex.prefix(2)))
        }
    )
    func trailing(_ sample: Sample) throws {
        var packet = try bytes(sample.hex)
        packet.append(0x00)
        packet[1] += 1
        // In MQTT 5.0 a short acknowledgement or DISCONNECT goes on with a reason or a length.
        let mayGoOn =
            sample.version == .v5
            && ["4", "5", "6", "7", "e"].contains(String(sample.hex.prefix(1))) && packet.count < 7
        if !mayGoOn {
            #expect(throws: MQTTError.malformed) {
                try reencoded(packet, sample.version, sample.direction)
            }
        }
    }

    @Test("a client identifier has up to 65,535 bytes in every version")
    func longClientID() throws {
        for version in ProtocolVersion.allCases {
            let id = [UInt8](repeating: 0x61, count: 65_535)
            var writer = ByteWriter()
            Encode.connect(Connect(version: version, clientID: id), into: &writer)
            let frame = try #require(try Framing.next(writer.bytes, packetBytesMax: 1 << 20))
            let packet = try Connect.decode(
                writer.bytes.extracting(frame.headerCount..<frame.totalCount),
                frame: frame
            )
            #expect(packet.clientID == id)
        }
    }

    @Test("a reason string longer than 65,535 bytes loses its end, whole characters only")
    func longReason() throws {
        var writer = ByteWriter()
        Encode.disconnect(
            reason: .serverBusy,
            reasonString: String(repeating: "é", count: 40_000),
            into: &writer
        )
        let frame = try #require(
            try Framing.next(
                writer.bytes,
                packetBytesMax: 1 << 20,
                version: .v5,
                direction: .fromServer
            )
        )
        let packet = try Disconnect.decode(
            writer.bytes.extracting(frame.headerCount..<frame.totalCount),
            version: .v5,
            direction: .fromServer
        )
        #expect(packet.reasonString?.utf8.count == 65_534)
    }
}
