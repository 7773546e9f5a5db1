// SPDX-License-Identifier: Apache-2.0
// The topics of a device: it calls them by short names, everybody else by names with its
// identifier.

import SealBroker
import SealTesting
import Testing

@testable import Stage

@Suite("Topics of devices") struct DeviceTopicTests {
    @Test("`me` is the device, both ways", arguments: Stage.inMemory, Version.allCases)
    func me(stage: Stage, version: Version) {
        let story = Town().story(stage)
        let account = story.enter("app", as: "1/account/1", version)
        account.subscribe("v1/devices/+/telemetry")
        let device = story.enter("d1", as: "1/device/1", version)
        device.subscribe("v1/devices/me/rpc/+", 1)
        let other = story.enter("d2", as: "1/device/2", version)
        other.subscribe("v1/devices/me/rpc/+")
        device.send(Wire.publish(version, "v1/devices/me/telemetry", "1"))
        account.expect(Wire.publish(version, "v1/devices/d1/telemetry", "1"))
        account.send(Wire.publish(version, "v1/devices/d1/rpc/7", "2", qos: 1, id: 1))
        account.expect(Wire.puback(1))
        device.expect(Wire.publish(version, "v1/devices/me/rpc/7", "2", qos: 1, id: 1))
        other.expectNothing()
        device.send(Wire.unsubscribe(version, 9, ["v1/devices/me/rpc/+"]))
        device.expect(Wire.unsuback(version, 9, [0]))
        account.send(Wire.publish(version, "v1/devices/d1/rpc/8", "3"))
        device.expectNothing()
    }

    @Test("Cumulocity's topics are the device's own", arguments: Stage.inMemory)
    func cumulocity(stage: Stage) {
        let town = Town()
        let rule = PolicyRule(
            tenant: 1,
            position: 1,
            effect: .allow,
            act: .both,
            filter: "$device/#",
            subject: "accounts"
        )
        town.policies[1] = TenantPolicy([rule])
        let story = town.story(stage)
        let account = story.enter("app", as: "1/account/1")
        account.subscribe("$device/+/s/us")
        account.subscribe("#")
        let device = story.enter("d1", as: "1/device/1")
        device.subscribe("s/ds", 0, Property.subscription(5))
        // As with $, what is reserved is asked for by name.
        device.subscribe("s/#")
        device.subscribe("+/us")
        device.send(Wire.publish(.v5, "s/us", "211,25"), Wire.publish(.v5, "t/1", "plain"))
        account.expect(
            Wire.publish(.v5, "$device/d1/s/us", "211,25"),
            Wire.publish(.v5, "t/1", "plain")
        )
        device.expectNothing()
        account.send(Wire.publish(.v5, "$device/d1/s/ds", "510,d1"))
        device.expect(Wire.publish(.v5, "s/ds", "510,d1", Property.subscription(5)))
    }

    @Test("no device reaches another's topics", arguments: Stage.inMemory)
    func others(stage: Stage) {
        let story = Town().story(stage)
        let victim = story.enter("d1", as: "1/device/1")
        victim.subscribe("v1/devices/me/#")
        victim.subscribe("s/ds")
        let thief = story.enter("d2", as: "1/device/2")
        for filter in [
            "v1/devices/d1/#", "$device/d1/#", "$device/d1/s/ds", "$share/g/v1/devices/d1/x",
        ] {
            thief.send(Wire.subscribe(.v5, 1, [(filter, 0)]))
            thief.expect(Wire.suback(.v5, 1, [0x87]))
        }
        // Wider ones are allowed, and bring nothing of others.
        thief.subscribe("v1/devices/+/x")
        thief.subscribe("#")
        for topic in ["v1/devices/d1/x", "$device/d1/s/ds"] {
            thief.send(Wire.publish(.v5, topic, "evil", qos: 1, id: 2))
            thief.expect(Wire.puback(2, [0x87]))
        }
        victim.expectNothing()
        victim.send(Wire.publish(.v5, "v1/devices/me/x", "own"))
        victim.expect(Wire.publish(.v5, "v1/devices/me/x", "own"))
        thief.expectNothing()
    }

    @Test(
        "an identifier names nothing but itself",
        arguments: ["a/b", "+", "#", "$SYS", "%2F", "me"]
    )
    func identifiers(name: String) {
        let story = Town().story(.onePartition)
        let device = story.enter(name, as: "1/device/1")
        device.subscribe("v1/devices/me/x")
        device.send(Wire.publish(.v5, "v1/devices/me/x", "1"))
        device.expect(Wire.publish(.v5, "v1/devices/me/x", "1"))
        let other = story.enter("d2", as: "1/device/2")
        other.subscribe("v1/devices/me/x")
        other.subscribe("#")
        device.send(Wire.publish(.v5, "v1/devices/me/x", "2"))
        device.expect(Wire.publish(.v5, "v1/devices/me/x", "2"))
        other.expectNothing()
    }

    @Test("aliases, retained messages and wills", arguments: Stage.inMemory)
    func everythingElse(stage: Stage) {
        let story = Town().story(stage)
        let account = story.enter("app", as: "1/account/1", .v5, Property.aliasMaximum(5))
        account.subscribe("v1/devices/+/#")
        let will = Wire.Will(topic: "v1/devices/me/gone", payload: "w")
        let device = story.enter("d1", as: "1/device/1", .v5, Property.aliasMaximum(5), will: will)
        device.send(
            Wire.publish(.v5, "v1/devices/me/a", "1", Property.alias(1)),
            Wire.publish(.v5, "", "2", Property.alias(1)),
            Wire.publish(.v5, "v1/devices/me/kept", "3", retain: true)
        )
        account.expect(
            Wire.publish(.v5, "v1/devices/d1/a", "1", Property.alias(1)),
            Wire.publish(.v5, "", "2", Property.alias(1)),
            Wire.publish(.v5, "v1/devices/d1/kept", "3", Property.alias(2))
        )
        device.subscribe("v1/devices/me/kept")
        device.expect(
            Wire.publish(.v5, "v1/devices/me/kept", "3", retain: true, Property.alias(1))
        )
        account.send(Wire.publish(.v5, "v1/devices/d1/kept", "4", retain: true))
        device.expect(Wire.publish(.v5, "", "4", Property.alias(1)))
        device.cut()
        #expect(show(account.take()).hasSuffix(show(Array("w".utf8))))
    }

    @Test("a stored session gets what waited by the names it knows")
    func stored() {
        let story = Town().story(.onePartition)
        let expiry = Property.sessionExpiry(1000)
        let device = story.enter("d1", as: "1/device/1", clean: false, expiry)
        device.subscribe("v1/devices/me/rpc/+", 1)
        device.cut()
        story.enter("app", as: "1/account/1")
            .send(Wire.publish(.v5, "v1/devices/d1/rpc/1", "x", qos: 1, id: 1))
        let back = story.enter("d1", as: "1/device/1", clean: false, expiry)
        back.expect(Wire.publish(.v5, "v1/devices/me/rpc/1", "x", qos: 1, id: 1))
    }

    @Test("without registry the same names are ordinary topics", arguments: Version.allCases)
    func ordinary(version: Version) {
        let story = Story(.onePartition)
        let client = story.join("d1", version)
        for topic in ["v1/devices/me/x", "s/us", "s/uat"] {
            client.subscribe(topic)
            client.send(Wire.publish(version, topic, "1"))
            client.expect(Wire.publish(version, topic, "1"))
        }
    }
}
