// SPDX-License-Identifier: Apache-2.0
// Names as they stand in topics: one level, whatever the name holds.

public import SealBytes

/// The form of a device identifier, user name or client id as one level of a topic.
///
/// Characters that mean something in topics, and those that mean something here, are
/// percent-encoded with upper-case digits (RFC 3986 §2.1): `/ + # % $`, control characters and
/// what is no character at all. So no name can stand for anything but itself.
public enum DeviceTopicName {
    /// The level for a name.
    public static func encode(_ name: Name) -> [UInt8] {
        var level: [UInt8] = []
        level.reserveCapacity(name.utf8.count)
        for scalar in name.text.unicodeScalars {
            if isPlain(scalar) {
                level.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            } else {
                for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter {
                    level.append(UInt8(ascii: "%"))
                    level.append(digit(byte &>> 4))
                    level.append(digit(byte & 0x0F))
                }
            }
        }
        return level
    }

    /// The name a level stands for.
    ///
    /// `nil` when no name is encoded so: every name has exactly one level.
    public static func decode(_ level: some Sequence<UInt8>) -> Name? {
        let level = Array(level)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(level.count)
        var index = 0
        while index < level.count {
            guard level[index] == UInt8(ascii: "%") else {
                bytes.append(level[index])
                index += 1
                continue
            }
            guard index + 2 < level.count, let high = value(level[index + 1]),
                let low = value(level[index + 2])
            else { return nil }
            bytes.append(high &<< 4 | low)
            index += 3
        }
        guard let name = Name(bytes: bytes), encode(name) == level else {
            return nil
        }
        return name
    }

    /// Whether a character may stand in a level as it is (MQTT 5.0 §1.5.4, §4.7).
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "/", "+", "#", "%", "$": false
        default:
            scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
                && scalar.value & 0xFFFE != 0xFFFE && !(0xFDD0...0xFDEF).contains(scalar.value)
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 &+ value : 0x37 &+ value
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x41...0x46: digit &- 0x37
        default: nil
        }
    }
}

/// The names of a client as they stand in topics.
struct TopicNames: Sendable, Equatable {
    var clientID: [UInt8] = []
    /// Empty without a user.
    var user: [UInt8] = []
    /// Empty when it is no device.
    var device: [UInt8] = []

    /// Of nobody.
    init() {}

    init(clientID: Name, user: Name?, device: Name?) {
        self.clientID = DeviceTopicName.encode(clientID)
        self.user = user.map { DeviceTopicName.encode($0) } ?? []
        self.device = device.map { DeviceTopicName.encode($0) } ?? []
    }
}
