// SPDX-License-Identifier: Apache-2.0
// Filling a format in for a message.

import SealClient
import SealMQTT

/// A message could not be printed in the format that was asked for.
struct FormatFault: Error {
    var reason: String
}

extension MessageFormat {
    /// The bytes for a message.
    func bytes(for message: MQTTMessage, at time: WallTime) throws(FormatFault) -> [UInt8] {
        var out: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .text(let bytes): out += bytes
            case .nanoseconds: out += WallTime.padded(time.nanoseconds, 9).utf8
            case .time(let code):
                out += time.text("%" + String(decoding: [code], as: UTF8.self)).utf8
            case .field(let code, let layout):
                out += try Self.field(code, layout, message, time)
            }
        }
        return out
    }

    private static func field(
        _ code: UInt8,
        _ layout: Layout,
        _ message: MQTTMessage,
        _ time: WallTime
    ) throws(FormatFault) -> [UInt8] {
        let details = message.properties
        switch UnicodeScalar(code) {
        case "p": return message.payload
        case "x": return hex(message.payload, layout, isUpper: false)
        case "X": return hex(message.payload, layout, isUpper: true)
        case "l": return number(message.payload.count, layout)
        case "m": return number(Int(message.packetID), layout)
        case "q": return number(Int(message.qos), layout)
        case "r": return number(message.isRetained ? 1 : 0, layout)
        case "t": return text(Array(message.topic.utf8), layout)
        case "j": return Array(MessageJSON.text(message, payload: .string, at: time).utf8)
        case "J":
            guard message.payload.isEmpty || JSONCheck.isValid(message.payload) else {
                throw FormatFault(
                    reason: "Message payload is not valid JSON on topic \(message.topic)"
                )
            }
            return Array(MessageJSON.text(message, payload: .json, at: time).utf8)
        case "I": return text(Array(time.text("%Y-%m-%dT%H:%M:%S%z").utf8), layout)
        case "U":
            return Array("\(time.seconds).\(WallTime.padded(time.nanoseconds, 9))".utf8)
        case "d", "f": return try real(code, layout, message)
        case "A": return details.topicAlias == 0 ? [] : number(Int(details.topicAlias), layout)
        case "C": return details.contentType.map { text(Array($0.utf8), layout) } ?? []
        case "D": return details.correlationData ?? []
        case "E": return details.messageExpirySeconds.map { number(Int($0), layout) } ?? []
        case "F": return details.payloadFormat.map { number(Int($0), layout) } ?? []
        case "P":
            return Array(
                details.userProperties.map { "\($0.name):\($0.value)" }.joined(separator: " ").utf8
            )
        case "R": return details.responseTopic.map { text($0, layout) } ?? []
        case "S":
            return Array(
                details.subscriptionIdentifiers.map(String.init).joined(separator: " ").utf8
            )
        default: return []
        }
    }

    private static func number(_ value: Int, _ layout: Layout) -> [UInt8] {
        pad(Array(String(value).utf8), layout, zero: layout.isZeroPadded && !layout.isLeft)
    }

    private static func text(_ bytes: [UInt8], _ layout: Layout) -> [UInt8] {
        pad(layout.max.map { Array(bytes.prefix($0)) } ?? bytes, layout, zero: false)
    }

    private static func pad(_ bytes: [UInt8], _ layout: Layout, zero: Bool) -> [UInt8] {
        let missing = max(0, layout.width - bytes.count)
        let fill = [UInt8](repeating: zero ? 0x30 : 0x20, count: missing)
        return layout.isLeft ? bytes + fill : fill + bytes
    }

    /// Hexadecimal digits; `max` is the size of a group.
    private static func hex(_ bytes: [UInt8], _ layout: Layout, isUpper: Bool) -> [UInt8] {
        let digits = Array((isUpper ? "0123456789ABCDEF" : "0123456789abcdef").utf8)
        var out: [UInt8] = []
        var inGroup = 0
        for byte in bytes {
            for digit in [digits[Int(byte &>> 4)], digits[Int(byte & 15)]] {
                if let group = layout.max, group > 0, inGroup == group {
                    out.append(layout.separator)
                    inGroup = 0
                }
                out.append(digit)
                inGroup += 1
            }
        }
        return pad(out, layout, zero: layout.isZeroPadded && !layout.isLeft)
    }

    private static func real(
        _ code: UInt8,
        _ layout: Layout,
        _ message: MQTTMessage
    ) throws(FormatFault) -> [UInt8] {
        let isDouble = code == UInt8(ascii: "d")
        guard message.payload.count == (isDouble ? 8 : 4) else {
            throw FormatFault(
                reason: "a payload of \(message.payload.count) bytes is no "
                    + (isDouble ? "double (8 bytes)" : "float (4 bytes)")
                    + " on topic \(message.topic)"
            )
        }
        // The sender's order of bytes is that of common processors.
        var pattern: UInt64 = 0
        for byte in message.payload.reversed() { pattern = pattern << 8 | UInt64(byte) }
        let value =
            isDouble
            ? Double(bitPattern: pattern)
            : Double(Float(bitPattern: UInt32(truncatingIfNeeded: pattern)))
        return pad(Array(RealText.fixed(value, digits: layout.max ?? 6).utf8), layout, zero: false)
    }
}
