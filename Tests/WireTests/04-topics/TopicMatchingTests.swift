// SPDX-License-Identifier: Apache-2.0
// Which filter matches which topic (§4.7 of both standards).

import Testing

@testable import Stage

@Suite("Topic names and filters") struct TopicMatchingTests {
    private static let topics = [
        "sport/tennis/player1", "sport/tennis/player1/ranking", "sport/tennis/player1/score/wb",
        "sport", "sport/", "sport/tennis", "/finance", "finance", "/", "//", "a//b", "$data",
        "$data/x", "$other/x", "Sport", "sport/tennis/", "é/x", "e\u{301}/x", " ", "a b/c",
    ]

    private static let table: [(filter: String, matches: [String])] = [
        (
            "sport/tennis/player1/#",
            [
                "sport/tennis/player1", "sport/tennis/player1/ranking",
                "sport/tennis/player1/score/wb",
            ]
        ),
        (
            "sport/#",
            [
                "sport", "sport/", "sport/tennis", "sport/tennis/", "sport/tennis/player1",
                "sport/tennis/player1/ranking", "sport/tennis/player1/score/wb",
            ]
        ),
        ("sport/tennis/+", ["sport/tennis/player1", "sport/tennis/"]),
        ("sport/+", ["sport/", "sport/tennis"]),
        ("+", ["sport", "finance", "Sport", " "]),
        ("+/+", ["/finance", "sport/", "sport/tennis", "/", "é/x", "e\u{301}/x", "a b/c"]),
        ("/+", ["/finance", "/"]),
        ("+/", ["sport/", "/"]),
        ("/", ["/"]),
        ("//", ["//"]),
        ("+//+", ["//", "a//b"]),
        ("a//b", ["a//b"]),
        ("a/+/b", ["a//b"]),
        ("/#", ["/finance", "/", "//"]),
        (
            "+/tennis/#",
            [
                "sport/tennis", "sport/tennis/", "sport/tennis/player1",
                "sport/tennis/player1/ranking", "sport/tennis/player1/score/wb",
            ]
        ),
        ("$data/#", ["$data", "$data/x"]),
        ("$data/+", ["$data/x"]),
        ("$data", ["$data"]),
        ("Sport", ["Sport"]),
        ("é/+", ["é/x"]),
        ("e\u{301}/+", ["e\u{301}/x"]),
        (" ", [" "]),
        ("sport/tennis/player1/+/+", ["sport/tennis/player1/score/wb"]),
        ("none/#", []),
    ]

    @Test(
        "Each filter matches its topics and no others",
        .v5("4.7.1-1", "4.7.1-2", "4.7.2-1", "4.7.3-4", "3.3.2-3", "4.5.0-1"),
        .v311("4.7.1-2", "4.7.1-3", "4.7.2-1", "4.7.3-4", "4.5.0-1", "3.3.2-3"),
        arguments: 0..<table.count,
        Stage.allCases
    ) func live(row: Int, stage: Stage) {
        let (filter, matches) = Self.table[row]
        let story = Story(stage)
        let subscriber = story.join("sub", .v311)
        subscriber.subscribe(filter)
        let publisher = story.join("pub", .v311)
        for topic in Self.topics { publisher.send(Wire.publish(.v311, topic, "x")) }
        let wanted = Self.topics.filter { topic in
            matches.contains { Array($0.utf8) == Array(topic.utf8) }
        }
        subscriber.expect(wanted.flatMap { Wire.publish(.v311, $0, "x") })
    }

    @Test(
        "Retained messages are found by the same rule",
        .v5("4.7.2-1", "4.7.3-4"),
        .v311("4.7.2-1", "4.7.3-4"),
        arguments: 0..<table.count,
        Stage.allCases
    ) func retained(row: Int, stage: Stage) {
        let (filter, matches) = Self.table[row]
        let story = Story(stage)
        let publisher = story.join("pub", .v311)
        for topic in Self.topics { publisher.send(Wire.publish(.v311, topic, "x", retain: true)) }
        let subscriber = story.join("sub", .v311)
        subscriber.subscribe(filter)
        var found: Set<String> = []
        while true {
            let packet = subscriber.nextPacket()
            if packet.isEmpty { break }
            found.insert(show(packet))
        }
        let wanted = matches.map { show(Wire.publish(.v311, $0, "x", retain: true)) }
        #expect(found == Set(wanted))
    }

    @Test(
        "Matching holds for topics that are known already when a filter comes",
        arguments: Stage.allCases
    )
    func cached(stage: Stage) {
        let story = Story(stage)
        let subscriber = story.join("sub", .v311)
        let publisher = story.join("pub", .v311)
        for filter in ["a/b", "a/+", "+/b", "#", "a/#"] {
            publisher.send(Wire.publish(.v311, "a/b", "before"))
            subscriber.expectNothing()
            subscriber.subscribe(filter)
            publisher.send(Wire.publish(.v311, "a/b", "x"))
            subscriber.expect(Wire.publish(.v311, "a/b", "x"))
            subscriber.send(Wire.unsubscribe(.v311, 1, [filter]))
            subscriber.expect(Wire.unsuback(.v311, 1, []))
        }
    }
}
