// SPDX-License-Identifier: Apache-2.0
// ACL files: what each line means, which answer each question gets, and why.

import Testing

@testable import SealBroker
import SealBytes

@Suite("The policy") struct PolicyTests {
    private func policy(_ text: String) throws -> Policy {
        let (policy, faults) = Policy.parse(Array(text.utf8), file: "acl")
        #expect(faults.isEmpty)
        return try #require(policy)
    }

    private func ask(
        _ text: String,
        _ act: AccessAct,
        _ topic: String,
        user: Name? = nil,
        client: Name = "c"
    ) throws -> ReasonCode? {
        try policy(text).decide(act, topic: Array(topic.utf8), user: user, clientID: client)
            .reasons.first?.code
    }

    static let file = """
        # comment
        topic read public/#
        topic anon/both

        user ann
        topic readwrite ann/#
        topic deny ann/secret
        topic write a topic with blanks/+
        user ann lee
        \ttopic read lee/# \r
        user ann
        topic read later/x

        pattern read clients/%c/in
        pattern write users/%u/#
        pattern deny +/forbidden
        """

    @Test(
        "questions get the answer of the file",
        arguments: [
            (nil, .deliver, "public/a", .accessRule), (nil, .deliver, "public", .accessRule),
            (nil, .publish, "public/a", .accessNoRule), (nil, .publish, "anon/both", .accessRule),
            (nil, .deliver, "anon/both", .accessRule), (nil, .deliver, "ann/a", .accessNoRule),
            ("ann", .deliver, "public/a", .accessNoRule),
            ("ann", .publish, "ann/a/b", .accessRule),
            ("ann", .publish, "ann/secret", .accessDenied),
            ("ann", .deliver, "ann/secret", .accessDenied),
            ("ann", .deliver, "ann/secret/x", .accessRule),
            ("ann", .publish, "a topic with blanks/x", .accessRule),
            ("ann", .deliver, "a topic with blanks/x", .accessNoRule),
            ("ann", .deliver, "later/x", .accessRule),
            ("ann", .deliver, "lee/1", .accessNoRule),
            ("ann lee", .deliver, "lee/1", .accessRule),
            ("ann lee", .publish, "ann/1", .accessNoRule),
            ("bob", .deliver, "clients/c/in", .accessRule),
            ("bob", .deliver, "clients/d/in", .accessNoRule),
            ("bob", .publish, "users/bob/x", .accessRule),
            ("bob", .publish, "users/ann/x", .accessNoRule),
            (nil, .publish, "users//x", .accessNoRule),
            (nil, .deliver, "clients/c/in", .accessRule),
            ("ann", .publish, "ann/forbidden", .accessDenied),
        ] as [(Name?, AccessAct, String, ReasonCode)]
    )
    func answers(
        _ user: Name?,
        _ act: AccessAct,
        _ topic: String,
        _ expected: ReasonCode
    ) throws {
        #expect(try ask(Self.file, act, topic, user: user) == expected)
    }

    @Test("a reason names the rule and its line")
    func reason() throws {
        let decision = try policy(Self.file).decide(
            .publish,
            topic: Array("ann/secret".utf8),
            user: "ann",
            clientID: ""
        )
        #expect(!decision.isAllowed)
        #expect(decision.reasons.first?.line == 7)
        #expect(
            decision.reasons.first?.text == "a rule denies it (topic deny ann/secret), acl:7"
        )
    }

    @Test("deny comes first, wherever it stands, in topic and pattern lines")
    func denyFirst() throws {
        #expect(try ask("topic readwrite #\ntopic deny a/#", .publish, "a/b") == .accessDenied)
        #expect(try ask("topic deny a/#\ntopic readwrite #", .publish, "a/b") == .accessDenied)
        let mixed = "pattern deny a/%c\nuser u\ntopic readwrite #"
        #expect(try ask(mixed, .publish, "a/c", user: "u") == .accessDenied)
        #expect(try ask(mixed, .publish, "a/d", user: "u") == .accessRule)
    }

    @Test(
        "names with wildcards or separators are never put into a pattern",
        arguments: ["+", "#", "a/b", "a+", "#a", "/"]
    )
    func unsafeNames(_ name: Name) throws {
        let text = "pattern readwrite d/%u/x\npattern readwrite e/%c/#"
        for topic in ["d/+/x", "d/any/x", "d/a/b/x", "d/\(name)/x"] {
            #expect(try ask(text, .publish, topic, user: name) == .accessUnsafeName)
        }
        #expect(try ask(text, .deliver, "e/a/b", client: name) == .accessUnsafeName)
        #expect(try ask(text, .deliver, "e/c/b", user: name) == .accessRule)
    }

    @Test("a pattern that denies does not lose its force through an unsafe name")
    func unsafeDeny() throws {
        let text = "pattern readwrite #\npattern deny secret/%u"
        #expect(try ask(text, .publish, "other", user: "a/b") == .accessUnsafeName)
        #expect(try ask(text, .publish, "other", user: "ab") == .accessRule)
        #expect(try ask(text, .publish, "secret/ab", user: "ab") == .accessDenied)
    }

    @Test("an own line outweighs a pattern that cannot be filled")
    func unsafeWithOwnLine() throws {
        let text = "pattern readwrite d/%u\nuser a/b\ntopic x"
        #expect(try ask(text, .publish, "x", user: "a/b") == .accessRule)
    }

    @Test(
        "wildcards match whole levels, and not topics with $",
        arguments: [
            ("a/+", "a/b", true), ("a/+", "a", false), ("a/+", "a/b/c", false),
            ("a/+", "a/", true), ("+", "", true), ("+/+", "/", true), ("#", "a/b", true),
            ("a/#", "a", true), ("a/#", "ab", false), ("a/+/#", "a/b", true),
            ("#", "$SYS/x", false), ("+/x", "$SYS/x", false), ("$SYS/#", "$SYS/x", true),
            ("$SYS/#", "x", false), ("a", "A", false), ("a/b", "a/b/", false),
        ] as [(String, String, Bool)]
    )
    func matching(_ filter: String, _ topic: String, _ expected: Bool) {
        let found = TopicRule.matches(
            TopicRule.levels(Array(filter.utf8)),
            TopicRule.levels(Array(topic.utf8))
        )
        #expect(found == expected)
    }

    @Test(
        "a filter covers another when it matches all its topics",
        arguments: [
            ("a/#", "a/+", true), ("a/#", "a/#", true), ("a/#", "a", true), ("a/+", "a/#", false),
            ("a/+", "a/b", true), ("a/b", "a/+", false), ("#", "#", true), ("#", "$SYS/#", false),
            ("+/+", "+/b", true), ("a/#", "#", false), ("$SYS/#", "$SYS/+/x", true),
        ] as [(String, String, Bool)]
    )
    func covering(_ filter: String, _ other: String, _ expected: Bool) {
        let found = TopicRule.covers(
            TopicRule.levels(Array(filter.utf8)),
            TopicRule.levels(Array(other.utf8))
        )
        #expect(found == expected)
    }

    @Test("a subscription is allowed unless a deny line covers it")
    func subscriptions() throws {
        let text = "topic read a/b\ntopic deny x/#"
        #expect(try ask(text, .subscribe, "#") == .accessNotDenied)
        #expect(try ask(text, .subscribe, "nothing/here") == .accessNotDenied)
        #expect(try ask(text, .subscribe, "x/+/y") == .accessDenied)
        #expect(try ask(text, .subscribe, "+/y") == .accessNotDenied)
        #expect(try ask(text, .subscribe, "$share/g/x/y") == .accessDenied)
        #expect(try ask(text, .subscribe, "$share/g/a/y") == .accessNotDenied)
    }

    @Test(
        "faulty lines are refused with their number",
        arguments: [
            ("topic", 1), ("\ntopic read", 0), ("user", 1), ("user x\ntopic raed a", 2),
            ("topic with blank", 1), ("topci read a", 1), ("topic read a/#/b", 1),
            ("topic read a+", 1), ("topic read #a", 1), ("pattern read a/x%u", 1),
            ("pattern read %cx/#", 1), ("pattern", 1), ("read a", 1), ("topic deny \u{0}", 1),
        ] as [(String, Int)]
    )
    func faults(_ text: String, _ line: Int) {
        let (policy, faults) = Policy.parse(Array(text.utf8), file: "acl")
        // "topic read" alone is the topic named "read", as mosquitto takes it.
        guard line > 0 else {
            #expect(policy?.anonymousRules.map(\.filter) == ["read"])
            return
        }
        #expect(policy == nil)
        #expect(faults.map(\.line) == [line])
        #expect(faults.first?.message.isEmpty == false)
    }

    @Test("all faulty lines are reported, and bytes that are no text")
    func allFaults() {
        #expect(Policy.parse(Array("x\ntopic a\ny".utf8), file: "f").faults.map(\.line) == [1, 3])
        let (policy, faults) = Policy.parse(Array("topic a\n".utf8) + [0xFF], file: "f")
        #expect(policy == nil)
        #expect(faults.map(\.text) == ["f:2: this is not UTF-8"])
    }

    @Test("%u and %c in a topic line stand for themselves")
    func marksInTopics() throws {
        #expect(try ask("topic read a/%u", .deliver, "a/%u") == .accessRule)
        #expect(try ask("topic read a/%u", .deliver, "a/x") == .accessNoRule)
    }

    @Test("an empty file refuses everything, no file allows everything")
    func extremes() throws {
        #expect(try ask("", .publish, "a") == .accessNoRule)
        #expect(try !policy("").allowsEverything)
        let decision = Policy.everything.decide(
            .publish,
            topic: [0x61],
            user: nil,
            clientID: ""
        )
        #expect(decision == .allowed([Reason(.accessUnrestricted)]))
    }

    @Test("names are compared by their bytes")
    func bytes() throws {
        let text = "user caf\u{E9}\ntopic a"
        #expect(try ask(text, .publish, "a", user: "caf\u{E9}") == .accessRule)
        #expect(try ask(text, .publish, "a", user: "cafe\u{301}") == .accessNoRule)
    }

    @Test("damaged files end in a policy or in faults")
    func damage() {
        let bytes = Array(Self.file.utf8)
        for index in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[index] ^= 1 << bit
                let (policy, faults) = Policy.parse(damaged, file: "f")
                #expect((policy == nil) == !faults.isEmpty)
            }
        }
    }
}
