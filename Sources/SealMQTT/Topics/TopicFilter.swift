// SPDX-License-Identifier: Apache-2.0
// Topic filters: their syntax, shared subscriptions, and which topics they match
// (MQTT 5.0 §4.7, §4.8.2). The tree that finds all filters of a topic is the broker's.

internal import SealBytes

/// A topic filter that keeps to the standard.
public struct TopicFilter: Hashable, Sendable {
    /// The filter; of a shared subscription the part after `$share/<name>/`.
    public let bytes: [UInt8]
    /// The share name, if the subscription is shared.
    public let shareGroup: [UInt8]?
    /// Whether it has `+` or `#`.
    public let hasWildcard: Bool

    /// The filter's levels, the parts between `/`.
    public var levels: [[UInt8]] {
        bytes.split(separator: 0x2F, omittingEmptySubsequences: false).map { Array($0) }
    }

    /// Whether the subscription is shared.
    public var isShared: Bool { shareGroup != nil }

    /// The filter as a client writes it, with the share name.
    public var subscriptionBytes: [UInt8] {
        guard let shareGroup else { return bytes }
        return Self.sharePrefix + shareGroup + [0x2F] + bytes
    }

    /// Reads a filter.
    public init(parsing text: RawSpan) throws(MQTTError) {
        try self.init(parsing: text.copied())
    }

    /// Reads a filter.
    public init(parsing text: [UInt8]) throws(MQTTError) {
        // [MQTT-4.7.3-1], [MQTT-4.7.3-3].
        guard !text.isEmpty else {
            throw Self.invalid("The topic filter is empty.", "MQTT 5.0 §4.7.3")
        }
        guard text.count <= 65_535 else {
            throw Self.invalid("The topic filter is longer than 65,535 bytes.", "MQTT 5.0 §4.7.3")
        }
        // [MQTT-1.5.4-1], [MQTT-4.7.3-2].
        guard text.span.bytes.isPlainUTF8 else { throw .notUTF8() }
        if text.starts(with: Self.sharePrefix) {
            (shareGroup, bytes) = try Self.splitShared(text)
        } else {
            shareGroup = nil
            bytes = text
        }
        hasWildcard = try Self.checkWildcards(bytes)
    }

    /// Whether the topic matches.
    public func matches(_ topic: RawSpan) -> Bool {
        Self.matches(filter: bytes.span.bytes, topic: topic)
    }

    /// Whether a filter (valid, without a share name) matches a topic.
    public static func matches(filter: RawSpan, topic: RawSpan) -> Bool {
        guard filter.byteCount > 0, topic.byteCount > 0 else { return false }
        // [MQTT-4.7.2-1]: topics that begin with $ are not for filters that begin with a wildcard.
        if topic.byte(0) == 0x24, filter.byte(0) == 0x23 || filter.byte(0) == 0x2B { return false }
        var at = 0
        var here = 0
        while at < filter.byteCount {
            switch filter.byte(at) {
            case 0x23: return true
            case 0x2B:
                while here < topic.byteCount, topic.byte(here) != 0x2F { here &+= 1 }
                at &+= 1
            case let byte:
                guard here < topic.byteCount, topic.byte(here) == byte else {
                    // MQTT 5.0 §4.7.1.2: `a/#` matches `a` too.
                    return here == topic.byteCount && byte == 0x2F
                        && at &+ 2 == filter.byteCount && filter.byte(at &+ 1) == 0x23
                }
                at &+= 1
                here &+= 1
            }
        }
        return here == topic.byteCount
    }

    private static let sharePrefix = Array("$share/".utf8)

    private static func splitShared(
        _ text: [UInt8]
    ) throws(MQTTError) -> (group: [UInt8]?, filter: [UInt8]) {
        _ = try checkWildcards(text)
        let rest = text.dropFirst(sharePrefix.count)
        guard let slash = rest.firstIndex(of: 0x2F) else {
            throw invalidShare("A shared subscription is written $share/<name>/<filter>.")
        }
        let group = rest[..<slash]
        let filter = rest[(slash + 1)...]
        // [MQTT-4.8.2-1], [MQTT-4.8.2-2].
        guard !group.isEmpty, !group.contains(0x23), !group.contains(0x2B) else {
            throw invalidShare(
                "The share name of a shared subscription is empty or has a wildcard."
            )
        }
        guard !filter.isEmpty else {
            throw invalidShare("A shared subscription has no topic filter.")
        }
        return (Array(group), Array(filter))
    }

    private static func checkWildcards(_ bytes: [UInt8]) throws(MQTTError) -> Bool {
        var found = false
        for (index, byte) in bytes.enumerated() where byte == 0x23 || byte == 0x2B {
            found = true
            let opens = index == 0 || bytes[index - 1] == 0x2F
            let ends = index + 1 == bytes.count
            // [MQTT-4.7.1-1], [MQTT-4.7.1-2]; MQTT 3.1.1 [MQTT-4.7.1-2], [MQTT-4.7.1-3].
            if byte == 0x23, !opens || !ends {
                throw invalid(
                    "The wildcard # is not the last character, alone in its level.",
                    "MQTT 5.0 §4.7.1.2"
                )
            }
            if byte == 0x2B, !opens || !(ends || bytes[index + 1] == 0x2F) {
                throw invalid("The wildcard + is not alone in its level.", "MQTT 5.0 §4.7.1.3")
            }
        }
        return found
    }

    /// No code is named for it; mosquitto, too, takes it for a protocol error.
    private static func invalidShare(_ reason: StaticString) -> MQTTError {
        MQTTError(.topicFilterInvalid, .protocolError, reason, clause: "MQTT 5.0 §4.8.2")
    }

    private static func invalid(_ reason: StaticString, _ clause: StaticString) -> MQTTError {
        // 0x8F is for filters that are written correctly (MQTT 5.0 §2.4).
        MQTTError(.topicFilterInvalid, .malformedPacket, reason, clause: clause)
    }
}
