// SPDX-License-Identifier: Apache-2.0
// Where packets begin and end.

import SealBytes
import SealMQTT
import Testing

@Suite("Framing")
struct FramingTests {
    private func next(
        _ hex: String,
        max: Int = 1000,
        _ version: ProtocolVersion = .v311,
        _ direction: Direction = .fromClient
    ) throws -> Frame? {
        let bytes = try #require(Hex.decode(hex))
        return try Framing.next(
            bytes.span.bytes,
            packetBytesMax: max,
            version: version,
            direction: direction
        )
    }

    @Test("an incomplete fixed header asks for more bytes")
    func incomplete() throws {
        #expect(try next("") == nil)
        #expect(try next("30") == nil)
        #expect(try next("3080") == nil)
        #expect(try next("308080") == nil)
    }

    @Test("a complete header is read although the body is not there yet")
    func header() throws {
        #expect(
            try next("3205") == Frame(type: .publish, flags: 2, headerCount: 2, bodyCount: 5)
        )
        #expect(
            try next("30c801") == Frame(type: .publish, flags: 0, headerCount: 3, bodyCount: 200)
        )
        let largest = try next("30ffffff7f", max: .max)
        #expect(largest?.bodyCount == Framing.bodyBytesMax)
        #expect(largest?.totalCount == Framing.bodyBytesMax + 5)
    }

    @Test("the type 0 is refused with the first byte [MQTT 5.0 §2.1.2]")
    func typeZero() {
        #expect(throws: MQTTError.breach) { try next("00") }
        #expect(throws: MQTTError.breach) { try next("0f", max: 1000, .v5) }
    }

    @Test(
        "flags other than the type's are refused with the first byte [MQTT-2.1.3-1] [MQTT-2.2.2-1]",
        arguments: PacketType.allCases,
        [ProtocolVersion.v311, .v5]
    )
    func flags(_ type: PacketType, _ version: ProtocolVersion) throws {
        let isOfServer = [PacketType.connack, .suback, .unsuback, .pingresp].contains(type)
        let right: UInt8 = [PacketType.pubrel, .subscribe, .unsubscribe].contains(type) ? 2 : 0
        if type == .auth, version != .v5 { return }
        for flags in UInt8(0)...15 {
            let bytes = [type.rawValue << 4 | flags]
            let read = {
                try Framing.next(
                    bytes.span.bytes,
                    packetBytesMax: 100,
                    version: version,
                    direction: isOfServer ? .fromServer : .fromClient
                )
            }
            // MQTT 3.1 does not look at the flags of CONNECT, whose version is not known yet.
            if flags == right || type == .publish || type == .connect {
                #expect(try read() == nil)
            } else {
                #expect(throws: MQTTError.malformed) { try read() }
            }
        }
    }

    @Test("MQTT 3.1 sends PUBREL, SUBSCRIBE and UNSUBSCRIBE again with DUP [MQTT 3.1 §2.1]")
    func duplicatesOf31() throws {
        #expect(try next("6a02", max: 100, .v31)?.type == .pubrel)
        #expect(try next("8a02", max: 100, .v31)?.type == .subscribe)
        #expect(try next("aa02", max: 100, .v31)?.type == .unsubscribe)
        #expect(throws: MQTTError.malformed) { try next("8802", max: 100, .v31) }
    }

    @Test("a length of more than four bytes is refused with its fourth [MQTT 5.0 §1.5.5]")
    func lengthOfFiveBytes() throws {
        #expect(try next("30808080") == nil)
        #expect(throws: MQTTError.length) { try next("3080808080") }
        #expect(throws: MQTTError.length) { try next("30ffffffff01") }
    }

    @Test("a length that is not the shortest is refused in MQTT 5.0 only [MQTT-1.5.5-1]")
    func lengthNotShortest() throws {
        #expect(try next("308500")?.hasShortestLength == false)
        #expect(try next("3085808000", max: 1000, .v31)?.bodyCount == 5)
        #expect(try next("3005")?.hasShortestLength == true)
        #expect(try next("308001")?.hasShortestLength == true)
        #expect(try next("30808001", max: 1 << 20)?.hasShortestLength == true)
        #expect(try next("30ff8000")?.hasShortestLength == false)
        #expect(throws: MQTTError.malformed) { try next("308500", max: 1000, .v5) }
        #expect(throws: MQTTError.malformed) { try next("30808000", max: 1000, .v5) }
        #expect(try next("308001", max: 1000, .v5)?.bodyCount == 128)
    }

    @Test("a packet of the largest size passes, one byte more is refused by its header")
    func size() throws {
        #expect(try next("3062", max: 100)?.totalCount == 100)
        #expect(throws: MQTTError.tooLarge) { try next("3063", max: 100) }
        let error = #expect(throws: MQTTError.self) { try next("3063", max: 100) }
        #expect(error?.reasonCode == .packetTooLarge)
    }

    @Test("a side's own packets are refused from the other side [MQTT 5.0 §2.1.2]")
    func direction() throws {
        for first in ["20", "90", "b0", "d0"] {
            #expect(try next(first, max: 100, .v5) == nil)
            #expect(throws: MQTTError.unexpected) { try next(first + "00", max: 100, .v5) }
            #expect(throws: MQTTError.length) { try next(first + "80808080", max: 100, .v5) }
            #expect(try next(first + "00", max: 100, .v5, .fromServer) != nil)
        }
        for first in ["10", "82", "a2", "c0"] {
            #expect(throws: MQTTError.unexpected) {
                try next(first + "00", max: 9, .v5, .fromServer)
            }
            #expect(try next(first + "00", max: 100, .v5) != nil)
        }
        #expect(throws: MQTTError.unexpected) { try next("f000") }
        #expect(throws: MQTTError.unexpected) { try next("f000", max: 9, .v311, .fromServer) }
        #expect(throws: MQTTError.unexpected) { try next("e000", max: 9, .v311, .fromServer) }
        #expect(try next("f000", max: 100, .v5)?.type == .auth)
        #expect(try next("e000", max: 100, .v5, .fromServer)?.type == .disconnect)
    }

    @Test("a CONNACK from a client is refused for what it is, whatever its flags")
    func strayConnack() throws {
        for first in ["20", "21", "22", "2f"] {
            #expect(throws: MQTTError.unexpected) { try next(first + "00", max: 100, .v5) }
        }
        for first in ["91", "b2", "d4"] {
            #expect(throws: MQTTError.malformed) { try next(first + "00", max: 100, .v5) }
        }
        #expect(throws: MQTTError.malformed) { try next("2100", max: 100, .v5, .fromServer) }
    }

    @Test("PINGREQ and PINGRESP have no body [MQTT 5.0 §3.12, §3.13]")
    func ping() throws {
        #expect(try next("c000")?.type == .pingreq)
        #expect(try next("d000", max: 100, .v5, .fromServer)?.type == .pingresp)
        #expect(throws: MQTTError.malformed) { try next("c00100") }
        #expect(throws: MQTTError.malformed) { try next("d001", max: 100, .v5, .fromServer) }
    }
}
