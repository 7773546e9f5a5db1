// SPDX-License-Identifier: Apache-2.0
// Logins and rules of access as a client meets them: codes, and nothing lost on the way in.

import SealBroker
import SealTesting
import Testing

@testable import Stage

@Suite("Logins and access") struct AccessTests {
    private static func guarded(_ stage: Stage) -> Story {
        Story(stage) { setup in
            let hash =
                "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzYWx0$"
                + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            setup.access[0].allowsAnonymous = false
            setup.access[0].passwords = PasswordTable(
                parsing: Array("alice:\(hash)\nbob:\(hash)\n".utf8),
                file: "passwords"
            )
            setup.checksPassword = { $0.password == Array("right".utf8) }
        }
    }

    private static func ruled(_ stage: Stage, _ rules: String) -> Story {
        Story(stage) { setup in
            let parsed = Policy.parse(Array(rules.utf8), file: "acl")
            #expect(parsed.faults.isEmpty)
            if let policy = parsed.policy { setup.access[0].policy = policy }
        }
    }

    @Test(
        "A right password is let in, and what follows CONNECT waits for the login",
        .v5("3.1.4-2"),
        arguments: Version.allCases,
        Stage.inMemory
    )
    func rightPassword(version: Version, stage: Stage) {
        let client = Self.guarded(stage).open(version)
        client.send(
            Wire.connect(version, "sub", Wire.Connect(user: "alice", password: "right")),
            Wire.pingreq
        )
        let connack = client.nextPacket()
        #expect(connack.prefix(1) == [0x20] && connack[3] == 0)
        client.expect(Wire.pingresp)
    }

    @Test(
        "A login that is decided during a shutdown is refused with a code that CONNACK has",
        .v5("3.2.2-8"),
        arguments: Stage.inMemory
    )
    func lateLogin(stage: Stage) {
        let story = Self.guarded(stage)
        story.bench.settlesItself = false
        let client = story.open(.v5)
        let options = Wire.Connect(user: "alice", password: "right")
        client.send(Wire.connect(.v5, "sub", options))
        for index in story.bench.partitions.indices {
            story.bench.turn(index)
            story.bench.partitions[index].drain()
        }
        story.bench.settle()
        client.expectRefusal(0x88)
    }

    @Test(
        "A wrong password, an unknown user and no user are refused",
        .v5("3.1.4-2"),
        arguments: Stage.inMemory
    )
    func wrongPassword(stage: Stage) {
        let story = Self.guarded(stage)
        for (user, password) in [("alice", "wrong"), ("nobody", "right"), ("alice", nil)]
            as [(String, String?)]
        {
            let options = Wire.Connect(user: user, password: password)
            let new = story.open(.v5)
            new.send(Wire.connect(.v5, "sub", options), Wire.publish(.v5, "a", "x"))
            new.expectRefusal(0x86)
            let old = story.open(.v311)
            old.send(Wire.connect(.v311, "sub", options))
            old.expectEnd(hex("20 02 00 04"))
        }
    }

    @Test(
        "A login that is refused leaves the session of that client id alone",
        arguments: Stage.inMemory
    )
    func noTakeOver(stage: Stage) {
        let story = Self.guarded(stage)
        let first = story.open(.v311)
        let right = Wire.Connect(user: "alice", password: "right")
        first.send(Wire.connect(.v311, "sub", right))
        first.expect("20 02 00 00")
        let second = story.open(.v311)
        let wrong = Wire.Connect(user: "alice", password: "wrong")
        second.send(Wire.connect(.v311, "sub", wrong))
        second.expectEnd(hex("20 02 00 04"))
        first.send(Wire.pingreq)
        first.expect(Wire.pingresp)
    }

    @Test(
        "A client that is gone before its login is decided leaves nothing behind",
        arguments: Stage.inMemory
    )
    func goneEarly(stage: Stage) {
        let story = Self.guarded(stage)
        story.bench.settlesItself = false
        let client = story.open(.v311)
        client.send(
            Wire.connect(.v311, "sub", Wire.Connect(user: "alice", password: "right"))
        )
        story.bench.turn(0)
        client.cut()
        story.bench.settlesItself = true
        story.bench.settle()
        #expect(client.isClosed)
        #expect(story.bench.partitions.allSatisfy { $0.counters.connections == 0 })
    }

    @Test(
        "A PUBLISH that is not allowed is answered and not delivered",
        .v311("3.3.5-2"),
        arguments: Stage.inMemory
    )
    func publishRefused(stage: Stage) {
        let story = Self.ruled(stage, "topic readwrite open/#\ntopic read closed/#\n")
        let watcher = story.join("sub")
        watcher.subscribe("#", 2)
        let client = story.join("pub")
        client.send(
            Wire.publish(.v5, "closed/a", "0"),
            Wire.publish(.v5, "closed/a", "1", qos: 1, id: 1, retain: true),
            Wire.publish(.v5, "closed/a", "2", qos: 2, id: 2)
        )
        client.expect("40 03 0001 87 50 03 0002 87")
        client.send(Wire.publish(.v5, "open/a", "3"))
        watcher.expect(Wire.publish(.v5, "open/a", "3"))
        watcher.subscribe("closed/#")
        watcher.expectNothing()
        let old = story.join("other", .v311)
        old.send(
            Wire.publish(.v311, "closed/a", "1", qos: 1, id: 1),
            Wire.publish(.v311, "closed/a", "2", qos: 2, id: 2),
            Wire.pubrel(2)
        )
        old.expect("40 02 0001 50 02 0002 70 02 0002")
        watcher.expectNothing()
    }

    @Test(
        "Only the filter that is denied is refused",
        .v5("3.8.4-6", "3.9.3-2"),
        arguments: Version.allCases
    )
    func subscribeRefused(version: Version) {
        let story = Self.ruled(.onePartition, "topic readwrite #\ntopic deny secret/#\n")
        let client = story.join("sub", version)
        client.send(
            Wire.subscribe(version, 1, [("a", 1), ("secret/#", 2), ("secret/b", 0), ("#", 2)])
        )
        let refusal: UInt8 = version == .v5 ? 0x87 : 0x80
        client.expect(Wire.suback(version, 1, [1, refusal, refusal, 2]))
    }

    @Test(
        "A filter wider than what may be read brings only what may be read",
        arguments: Stage.inMemory
    )
    func readRefused(stage: Stage) {
        let story = Self.ruled(stage, "topic readwrite open/#\ntopic write closed/#\n")
        let publisher = story.join("pub")
        publisher.send(
            Wire.publish(.v5, "open/r", "1", retain: true),
            Wire.publish(.v5, "closed/r", "2", retain: true)
        )
        let client = story.join("sub")
        client.subscribe("#")
        client.expect(Wire.publish(.v5, "open/r", "1", retain: true))
        publisher.send(Wire.publish(.v5, "closed/a", "3"), Wire.publish(.v5, "open/a", "4"))
        client.expect(Wire.publish(.v5, "open/a", "4"))
    }

    @Test("A will that may not be published is not", arguments: Stage.inMemory)
    func willRefused(stage: Stage) {
        let story = Self.ruled(stage, "topic read #\n")
        let watcher = story.join("sub")
        watcher.subscribe("#")
        story.join("pub", will: Wire.Will(topic: "w", payload: "x", retain: true)).cut()
        watcher.expectNothing()
    }

    @Test("Client ids have a limit", arguments: Version.allCases) func clientIDLimit(
        version: Version
    ) {
        let story = Story { $0.limits.clientIDBytesMax = 10 }
        _ = story.join("0123456789", version)
        let client = story.open(version)
        client.send(Wire.connect(version, "0123456789a"))
        if version == .v5 {
            client.expectRefusal(0x85)
        } else {
            client.expectEnd(hex("20 02 00 02"))
        }
    }
}
