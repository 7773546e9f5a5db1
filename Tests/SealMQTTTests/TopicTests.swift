// SPDX-License-Identifier: Apache-2.0
// Topic names, topic filters, and which matches which.

import SealBytes
import SealMQTT
import Testing

@Suite("Topics")
struct TopicTests {
    @Test(
        "a topic name is checked",
        arguments: ["a", "/", "a//b", "$SYS/x", " ", "é/東", "a/\u{A0}", "a/~ 234567"]
    )
    func goodName(_ name: String) throws {
        let text = Array(name.utf8)
        #expect(throws: Never.self) { try TopicName.check(text.span.bytes) }
    }

    @Test(
        "a topic name has characters, no wildcard [MQTT-3.3.2-2] [MQTT-4.7.0-1] [MQTT-4.7.3-1]",
        arguments: ["", "#", "+", "a/+/b", "a/#", "a+", "a#b"]
    )
    func badName(_ name: String) throws {
        let text = Array(name.utf8)
        let error = #expect(throws: MQTTError.self) { try TopicName.check(text.span.bytes) }
        #expect(error == .topicName)
        #expect(error?.reasonCode == .malformedPacket)
    }

    @Test("a topic name with U+0000 or ill-formed UTF-8 is refused [MQTT-4.7.3-2] [MQTT-1.5.4-1]")
    func badUTF8() throws {
        let bad: [[UInt8]] = [
            [0x61, 0, 0x62], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF], [0x1F], [0x61, 0x7F],
            [0xC2, 0x9F], [0xEF, 0xBF, 0xBF], [0xEF, 0xB7, 0x90], [0xF0, 0x9F, 0xBF, 0xBE],
        ]
        for text in bad {
            #expect(throws: MQTTError.malformed) { try TopicName.check(text.span.bytes) }
            #expect(throws: MQTTError.malformed) { try TopicFilter(parsing: text) }
        }
    }

    @Test("a topic name and a filter have up to 65,535 bytes [MQTT-4.7.3-3]")
    func length() throws {
        let longest = [UInt8](repeating: 0x61, count: 65_535)
        try TopicName.check(longest.span.bytes)
        _ = try TopicFilter(parsing: longest)
        let longer = longest + [0x61]
        #expect(throws: MQTTError.topicName) { try TopicName.check(longer.span.bytes) }
        #expect(throws: MQTTError.topicFilter) { try TopicFilter(parsing: longer) }
    }

    @Test(
        "a filter keeps its wildcards in levels of their own [MQTT-4.7.1-1] [MQTT-4.7.1-2]",
        arguments: [
            "#", "+", "/", "+/+", "a/#", "/#", "+/#", "a/+/b", "//", "$SYS/#", "+/", "$share",
        ]
    )
    func goodFilter(_ text: String) throws {
        let filter = try TopicFilter(parsing: Array(text.utf8))
        #expect(filter.bytes == Array(text.utf8))
        #expect(filter.shareGroup == nil)
        #expect(filter.hasWildcard == text.contains { $0 == "#" || $0 == "+" })
        #expect(filter.levels.count == text.filter { $0 == "/" }.count + 1)
    }

    @Test(
        "other wildcards and no filter are refused [MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.3-1]",
        arguments: [
            "", "a#", "#a", "#/a", "a/#/b", "a+", "+a", "a/b+/c", "a/+b", "##", "++", "a/#/",
        ]
    )
    func badFilter(_ text: String) throws {
        let error = #expect(throws: MQTTError.self) { try TopicFilter(parsing: Array(text.utf8)) }
        #expect(error == .topicFilter)
        #expect(error?.reasonCode == .malformedPacket)
    }

    @Test("a shared subscription has a name and a filter [MQTT-4.8.2-1] [MQTT-4.8.2-2]")
    func shared() throws {
        let filter = try TopicFilter(parsing: Array("$share/group one/a/+/#".utf8))
        #expect(filter.shareGroup == Array("group one".utf8))
        #expect(filter.bytes == Array("a/+/#".utf8))
        #expect(filter.levels == [[0x61], [0x2B], [0x23]])
        #expect(filter.isShared)
        #expect(filter.subscriptionBytes == Array("$share/group one/a/+/#".utf8))
        let leading = try TopicFilter(parsing: Array("$share/g//a".utf8))
        #expect(leading.bytes == Array("/a".utf8))
        for text in [
            "$share/", "$share/g", "$share/g/", "$share//a", "$share/+/a", "$share/#/a",
            "$share/g#/a", "$share/g+/a", "$share/g/a#",
        ] {
            #expect(throws: MQTTError.topicFilter, "\(text)") {
                try TopicFilter(parsing: Array(text.utf8))
            }
        }
    }

    /// Filters, topics that match, topics that do not (MQTT 5.0 §4.7.1, §4.7.2, §4.7.3).
    static let table: [(filter: String, matching: [String], other: [String])] = [
        ("#", ["a", "a/b", "/", "/a", "a//b"], ["$SYS", "$SYS/a", "$"]),
        ("+", ["a", "b c"], ["a/b", "/", "/a", "a/", "$SYS"]),
        ("/", ["/"], ["a", "//", "a/", "/a"]),
        ("+/+", ["/a", "a/b", "/", "a/"], ["a", "a/b/c", "$SYS/a", "//"]),
        ("/+", ["/a", "/"], ["a", "/a/b", "a/b"]),
        ("+/", ["a/", "/"], ["a", "a/b"]),
        ("a", ["a"], ["A", "b", "aa", "a/", "/a"]),
        ("a/b", ["a/b"], ["a", "a/bc", "a/b/", "a/b/c", "ab"]),
        ("a/#", ["a", "a/", "a/b", "a/b/c"], ["ab", "b/a", "/a", "A"]),
        ("a/+", ["a/b", "a/"], ["a", "a/b/c", "ab"]),
        ("a/+/c", ["a/b/c", "a//c"], ["a/c", "a/b/d", "a/b/c/d", "a/b"]),
        ("a/+/#", ["a/b", "a/b/c", "a/", "a//c"], ["a", "ab"]),
        ("+/b/#", ["a/b", "/b", "a/b/c"], ["b", "a/c", "$x/b"]),
        ("/#", ["/", "/a", "/a/b", "//"], ["a", "a/b"]),
        ("$SYS/#", ["$SYS", "$SYS/a", "$SYS/a/b"], ["SYS/a", "$SY", "a"]),
        ("$SYS/+", ["$SYS/a"], ["$SYS", "$SYS/a/b"]),
        ("+/a", ["x/a"], ["$SYS/a"]),
        ("a/$x", ["a/$x"], ["a/x"]),
        ("a/+", ["a/$x"], []),
        ("é/+", ["é/東"], ["e/東"]),
    ]

    @Test("a filter matches the topics of its levels [MQTT-4.7.2-1]", arguments: table.indices)
    func matching(_ index: Int) throws {
        let row = Self.table[index]
        let filter = try TopicFilter(parsing: Array(row.filter.utf8))
        for topic in row.matching {
            let bytes = Array(topic.utf8)
            let isMatch = filter.matches(bytes.span.bytes)
            #expect(isMatch, "\(row.filter) and \(topic)")
        }
        for topic in row.other {
            let bytes = Array(topic.utf8)
            let isMatch = filter.matches(bytes.span.bytes)
            #expect(!isMatch, "\(row.filter) and \(topic)")
        }
    }

    @Test("matching agrees with a walk over whole levels, for all short filters and topics")
    func exhaustive() throws {
        var names: [[UInt8]] = [[]]
        var all: [[UInt8]] = []
        for _ in 0..<5 {
            names = names.flatMap { name in Array("a/$".utf8).map { name + [$0] } }
            all += names
        }
        for text in [
            "#", "+", "a", "+/a", "a/+", "a/#", "+/#", "/+", "/#", "+/+/#", "$/#", "a/+/a",
        ] {
            let filter = try TopicFilter(parsing: Array(text.utf8))
            for topic in all {
                let isMatch = filter.matches(topic.span.bytes)
                #expect(isMatch == slowly(filter, topic))
            }
        }
    }

    private func slowly(_ filter: TopicFilter, _ topic: [UInt8]) -> Bool {
        var levels = topic.split(separator: 0x2F, omittingEmptySubsequences: false).map(Array.init)
        let wanted = filter.levels
        if topic.first == 0x24, wanted.first == [0x23] || wanted.first == [0x2B] { return false }
        for (index, level) in wanted.enumerated() {
            if level == [0x23] { return true }
            if levels.isEmpty {
                return false
            }
            let here = levels.removeFirst()
            if level != [0x2B], level != here { return false }
            if levels.isEmpty, index + 2 == wanted.count, wanted[index + 1] == [0x23] {
                return true
            }
        }
        return levels.isEmpty
    }
}
