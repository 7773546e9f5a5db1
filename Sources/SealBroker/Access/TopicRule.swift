// SPDX-License-Identifier: Apache-2.0
// Comparing a topic, or a whole filter, with the filter of a rule, level by level. Asked rarely:
// the answers are kept by the caller, so clearness goes before speed.

/// What a client wants to do.
public enum AccessAct: Sendable, Equatable {
    /// Send a message to a topic.
    case publish
    /// Ask for the messages of a filter.
    case subscribe
    /// Receive a message of a topic.
    case deliver
}

/// The verb of a line.
public enum AccessVerb: String, Sendable {
    case read, write, readwrite, deny

    /// The line says yes to the act.
    func grants(_ act: AccessAct) -> Bool {
        switch (self, act) {
        case (.deny, _): false
        case (.readwrite, _): true
        case (.write, .publish): true
        case (.read, .subscribe), (.read, .deliver): true
        default: false
        }
    }
}

/// One line of an ACL file.
public struct TopicRule: Sendable, Equatable {
    /// The verb.
    public let verb: AccessVerb
    /// The filter as written.
    public let filter: String
    /// The line as written.
    public let text: String
    /// The line, counted from 1.
    public let line: Int

    typealias Level = ArraySlice<UInt8>

    /// The levels of a topic or filter.
    static func levels(_ topic: [UInt8]) -> [Level] {
        topic.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    }

    static let plus: Level = [UInt8(ascii: "+")]
    static let hash: Level = [UInt8(ascii: "#")]
    static let user: Level = Level("%u".utf8)
    static let client: Level = Level("%c".utf8)

    /// A rule without `$` in front says nothing about topics with it. MQTT 5.0 §4.7.2
    private static func isDollar(_ levels: [Level]) -> Bool {
        levels.first?.first == UInt8(ascii: "$")
    }

    /// The filter matches the topic. MQTT 5.0 §4.7.1
    static func matches(_ filter: [Level], _ topic: [Level]) -> Bool {
        guard isDollar(filter) == isDollar(topic) else { return false }
        for (index, level) in filter.enumerated() {
            // "a/#" matches "a" too.
            if level == hash { return true }
            guard index < topic.count else { return false }
            guard level == plus || level == topic[index] else { return false }
        }
        return filter.count == topic.count
    }

    /// Every topic the other filter matches is matched by this one.
    static func covers(_ filter: [Level], _ other: [Level]) -> Bool {
        guard isDollar(filter) == isDollar(other) else { return false }
        for (index, level) in filter.enumerated() {
            if level == hash { return true }
            guard index < other.count, other[index] != hash else { return false }
            guard level == plus || level == other[index] else { return false }
        }
        return filter.count == other.count
    }

    /// There can be a topic that both filters match.
    static func overlaps(_ filter: [Level], _ other: [Level]) -> Bool {
        guard isDollar(filter) == isDollar(other) else { return false }
        for (index, level) in filter.enumerated() {
            if level == hash { return true }
            guard index < other.count else { return false }
            if other[index] == hash { return true }
            guard level == plus || other[index] == plus || level == other[index] else {
                return false
            }
        }
        // "a" and "a/#" have "a" in common.
        return filter.count == other.count
            || (other.count == filter.count + 1 && other.last == hash)
    }
}
