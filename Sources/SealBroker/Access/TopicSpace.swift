// SPDX-License-Identifier: Apache-2.0
// Whose a topic is by its first levels. Read on the way of messages, so nothing is allocated.

/// The parts of a tenant's topics.
enum TopicSpace: Equatable {
    /// Everybody's.
    case open
    /// `$SYS`.
    case system
    /// A device's own: `v1/devices/<name>` or `$device/<name>`, and which level its name is.
    case device(isReserved: Bool, name: Range<Int>)
    /// `$bootstrap/<client id>`: where a new device fetches its credentials.
    case bootstrap(name: Range<Int>)
    /// Whatever else begins with `$`.
    case reserved

    /// Rules and ownership must be asked about this topic or filter, whoever is concerned.
    static func isReserved(_ topic: [UInt8]) -> Bool {
        topic.first == UInt8(ascii: "$") || begins(topic, from: 0, things)
    }

    /// The space of a topic or filter that begins at `start`.
    init(_ topic: [UInt8], from start: Int = 0) {
        guard start < topic.count else {
            self = .open
            return
        }
        if topic[start] == UInt8(ascii: "$") {
            if Self.begins(topic, from: start, Self.devices) {
                let name = Self.level(topic, from: start + Self.devices.count)
                self = .device(isReserved: true, name: name)
            } else if Self.begins(topic, from: start, Self.bootstraps) {
                self = .bootstrap(name: Self.level(topic, from: start + Self.bootstraps.count))
            } else {
                let first = Self.level(topic, from: start)
                self = topic[first].elementsEqual(Self.sys) ? .system : .reserved
            }
        } else if Self.begins(topic, from: start, Self.things) {
            let name = Self.level(topic, from: start + Self.things.count)
            self = .device(isReserved: false, name: name)
        } else {
            self = .open
        }
    }

    private static let things = Array("v1/devices/".utf8)
    private static let devices = Array("$device/".utf8)
    private static let bootstraps = Array("$bootstrap/".utf8)
    private static let sys = Array("$SYS".utf8)

    private static func begins(_ topic: [UInt8], from start: Int, _ prefix: [UInt8]) -> Bool {
        guard topic.count - start >= prefix.count else { return false }
        for index in prefix.indices where topic[start + index] != prefix[index] { return false }
        return true
    }

    private static func level(_ topic: [UInt8], from start: Int) -> Range<Int> {
        var end = start
        while end < topic.count, topic[end] != UInt8(ascii: "/") { end += 1 }
        return start..<end
    }
}
