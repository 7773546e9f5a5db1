// SPDX-License-Identifier: Apache-2.0
// A listener's mount point: a prefix that its clients never see, and everybody else does.

import SealTesting
import Testing

@testable import Stage

@Suite("Mount points") struct MountPointTests {
    /// Listener 0 has the whole tree, listener 1 what is below "house/".
    private func story(_ stage: Stage) -> Story {
        Story(stage) { setup in
            var mounted = setup.listeners[0]
            mounted.name = "mounted"
            mounted.mountPoint = Array("house/".utf8)
            setup.listeners.append(mounted)
            setup.access.append(setup.access[0])
        }
    }

    @Test(
        "topics are put below the mount point, and taken off for its own clients",
        arguments: Stage.inMemory,
        Version.allCases
    )
    func bothWays(stage: Stage, version: Version) {
        let story = story(stage)
        let outside = story.join("sub", version)
        outside.subscribe("#")
        let inside = story.join("pub", version, listener: 1)
        inside.subscribe("+/b")
        inside.send(Wire.publish(version, "a/b", "1"))
        inside.expect(Wire.publish(version, "a/b", "1"))
        outside.expect(Wire.publish(version, "house/a/b", "1"))
        outside.send(Wire.publish(version, "house/c/b", "2"), Wire.publish(version, "c/b", "3"))
        outside.expect(Wire.publish(version, "house/c/b", "2"), Wire.publish(version, "c/b", "3"))
        inside.expect(Wire.publish(version, "c/b", "2"))
    }

    @Test("an alias, a retained message and a will stay below it", arguments: Stage.inMemory)
    func everythingElse(stage: Stage) {
        let story = story(stage)
        let outside = story.join("sub")
        outside.subscribe("house/#")
        let will = Wire.Will(topic: "gone", payload: "w")
        let inside = story.join("pub", will: will, listener: 1)
        inside.send(
            Wire.publish(.v5, "a", "1", Property.alias(1)),
            Wire.publish(.v5, "", "2", Property.alias(1)),
            Wire.publish(.v5, "kept", "3", retain: true)
        )
        outside.expect(
            Wire.publish(.v5, "house/a", "1"),
            Wire.publish(.v5, "house/a", "2"),
            Wire.publish(.v5, "house/kept", "3")
        )
        let late = story.join("late", listener: 1)
        late.subscribe("kept")
        late.expect(Wire.publish(.v5, "kept", "3", retain: true))
        inside.cut()
        outside.expect(Wire.publish(.v5, "house/gone", "w"))
    }
}
