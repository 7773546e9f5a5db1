// SPDX-License-Identifier: Apache-2.0
// Packets as bytes, written field by field so that wrong ones can be written too. Nothing here
// calls the code under test.

import Testing

/// Bytes written as hex; spaces and line breaks are for the reader.
func hex(_ text: String) -> [UInt8] {
    let digits = text.filter { !$0.isWhitespace }.compactMap(\.hexDigitValue)
    precondition(digits.count % 2 == 0, "hex with half a byte: \(text)")
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

/// The three versions of the protocol.
enum Version: UInt8, CaseIterable, CustomTestStringConvertible {
    case v31 = 3
    case v311 = 4
    case v5 = 5

    var testDescription: String {
        switch self {
        case .v31: "3.1"
        case .v311: "3.1.1"
        case .v5: "5.0"
        }
    }
}

/// Fields and packets.
enum Wire {
    /// A text or binary field with its length before it.
    static func text(_ text: String) -> [UInt8] { field(Array(text.utf8)) }

    static func field(_ bytes: [UInt8]) -> [UInt8] { two(bytes.count) + bytes }

    static func two(_ value: Int) -> [UInt8] {
        [UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
    }

    static func four(_ value: Int) -> [UInt8] { two(value >> 16) + two(value) }

    /// A variable byte integer.
    static func variable(_ value: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = value
        repeat {
            let low = UInt8(rest & 0x7F)
            rest >>= 7
            bytes.append(rest > 0 ? low | 0x80 : low)
        } while rest > 0
        return bytes
    }

    /// A packet: first byte, length, body.
    static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
        [first] + variable(body.count) + body
    }

    /// A block of properties with its length; nothing before MQTT 5.0.
    static func block(_ version: Version, _ properties: [UInt8]) -> [UInt8] {
        version == .v5 ? variable(properties.count) + properties : []
    }

    // MARK: Packets of a client

    /// What a CONNECT says besides the version.
    struct Connect {
        var clean = true
        var keepAlive = 0
        var properties: [UInt8] = []
        var will: Will?
        var user: String?
        var password: String?
        /// In place of the flags that follow from the rest.
        var flags: UInt8?
    }

    struct Will {
        var topic: String
        var payload: String
        var qos: UInt8 = 0
        var retain = false
        var properties: [UInt8] = []
    }

    static func connect(
        _ version: Version,
        _ clientID: String,
        _ options: Connect = Connect()
    ) -> [UInt8] {
        var flags: UInt8 = options.clean ? 2 : 0
        if let will = options.will {
            flags |= 4 | will.qos << 3 | (will.retain ? 0x20 : 0)
        }
        if options.user != nil { flags |= 0x80 }
        if options.password != nil { flags |= 0x40 }
        var body = text(version == .v31 ? "MQIsdp" : "MQTT")
        body += [version.rawValue, options.flags ?? flags] + two(options.keepAlive)
        body += block(version, options.properties) + text(clientID)
        if let will = options.will {
            body += block(version, will.properties) + text(will.topic) + text(will.payload)
        }
        if let user = options.user { body += text(user) }
        if let password = options.password { body += text(password) }
        return packet(0x10, body)
    }

    static func publish(
        _ version: Version,
        _ topic: String,
        _ payload: String,
        qos: UInt8 = 0,
        id: Int = 0,
        dup: Bool = false,
        retain: Bool = false,
        _ properties: [UInt8] = []
    ) -> [UInt8] {
        publish(
            version,
            topic,
            bytes: Array(payload.utf8),
            qos: qos,
            id: id,
            dup: dup,
            retain: retain,
            properties
        )
    }

    static func publish(
        _ version: Version,
        _ topic: String,
        bytes: [UInt8],
        qos: UInt8 = 0,
        id: Int = 0,
        dup: Bool = false,
        retain: Bool = false,
        _ properties: [UInt8] = []
    ) -> [UInt8] {
        packet(
            0x30 | qos << 1 | (dup ? 8 : 0) | (retain ? 1 : 0),
            text(topic) + (qos > 0 ? two(id) : []) + block(version, properties) + bytes
        )
    }

    /// SUBSCRIBE with filters and their option bytes.
    static func subscribe(
        _ version: Version,
        _ id: Int,
        _ filters: [(String, UInt8)],
        _ properties: [UInt8] = []
    ) -> [UInt8] {
        packet(
            0x82,
            two(id) + block(version, properties) + filters.flatMap { text($0.0) + [$0.1] }
        )
    }

    static func unsubscribe(_ version: Version, _ id: Int, _ filters: [String]) -> [UInt8] {
        packet(0xA2, two(id) + block(version, []) + filters.flatMap(text))
    }

    static func puback(_ id: Int, _ rest: [UInt8] = []) -> [UInt8] {
        packet(0x40, two(id) + rest)
    }

    static func pubrec(_ id: Int, _ rest: [UInt8] = []) -> [UInt8] {
        packet(0x50, two(id) + rest)
    }

    static func pubrel(_ id: Int, _ rest: [UInt8] = []) -> [UInt8] {
        packet(0x62, two(id) + rest)
    }

    static func pubcomp(_ id: Int, _ rest: [UInt8] = []) -> [UInt8] {
        packet(0x70, two(id) + rest)
    }

    static let pingreq = hex("C0 00")
    static let pingresp = hex("D0 00")

    /// DISCONNECT; with a reason only in MQTT 5.0.
    static func disconnect(_ reason: UInt8? = nil, _ properties: [UInt8]? = nil) -> [UInt8] {
        guard let reason else { return hex("E0 00") }
        return packet(0xE0, [reason] + (properties.map { block(.v5, $0) } ?? []))
    }

    // MARK: Packets of a server

    static func suback(_ version: Version, _ id: Int, _ codes: [UInt8]) -> [UInt8] {
        packet(0x90, two(id) + block(version, []) + codes)
    }

    static func unsuback(_ version: Version, _ id: Int, _ codes: [UInt8]) -> [UInt8] {
        packet(0xB0, two(id) + block(version, []) + (version == .v5 ? codes : []))
    }
}

/// Properties, each as it stands in a packet.
enum Property {
    static func payloadFormat(_ value: UInt8) -> [UInt8] { [0x01, value] }
    static func messageExpiry(_ seconds: Int) -> [UInt8] { [0x02] + Wire.four(seconds) }
    static func contentType(_ text: String) -> [UInt8] { [0x03] + Wire.text(text) }
    static func responseTopic(_ text: String) -> [UInt8] { [0x08] + Wire.text(text) }
    static func correlation(_ bytes: [UInt8]) -> [UInt8] { [0x09] + Wire.field(bytes) }
    static func subscription(_ number: Int) -> [UInt8] { [0x0B] + Wire.variable(number) }
    static func sessionExpiry(_ seconds: Int) -> [UInt8] { [0x11] + Wire.four(seconds) }
    static func assignedID(_ text: String) -> [UInt8] { [0x12] + Wire.text(text) }
    static func serverKeepAlive(_ seconds: Int) -> [UInt8] { [0x13] + Wire.two(seconds) }
    static func method(_ text: String) -> [UInt8] { [0x15] + Wire.text(text) }
    static func authentication(_ bytes: [UInt8]) -> [UInt8] { [0x16] + Wire.field(bytes) }
    static func problems(_ value: UInt8) -> [UInt8] { [0x17, value] }
    static func willDelay(_ seconds: Int) -> [UInt8] { [0x18] + Wire.four(seconds) }
    static func responseInformation(_ value: UInt8) -> [UInt8] { [0x19, value] }
    static func reason(_ text: String) -> [UInt8] { [0x1F] + Wire.text(text) }
    static func receiveMaximum(_ value: Int) -> [UInt8] { [0x21] + Wire.two(value) }
    static func aliasMaximum(_ value: Int) -> [UInt8] { [0x22] + Wire.two(value) }
    static func alias(_ value: Int) -> [UInt8] { [0x23] + Wire.two(value) }
    static func user(_ name: String, _ value: String) -> [UInt8] {
        [0x26] + Wire.text(name) + Wire.text(value)
    }
    static func packetMaximum(_ value: Int) -> [UInt8] { [0x27] + Wire.four(value) }
}
