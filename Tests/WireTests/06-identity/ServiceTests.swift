// SPDX-License-Identifier: Apache-2.0
// What a device asks the broker for by messages, and what it alone is told.

import SealBroker
import SealTesting
import Testing

@testable import Stage

@Suite("Services for devices") struct ServiceTests {
    private func listening(_ story: Story, _ version: Version = .v5, qos: UInt8 = 0) -> Player {
        let device = story.enter("d1", as: "1/device/1", version)
        device.subscribe("s/dat", qos)
        device.subscribe("s/e", qos)
        return device
    }

    @Test("an empty message to s/uat brings a token", arguments: Stage.inMemory, Version.allCases)
    func token(stage: Stage, version: Version) {
        let town = Town()
        town.answer = .token("abc.def.ghi")
        let rule = PolicyRule(
            tenant: 1,
            position: 1,
            effect: .allow,
            act: .both,
            filter: "$device/#",
            subject: "*"
        )
        town.policies[1] = TenantPolicy([rule])
        let story = town.story(stage)
        let spy = story.enter("spy", as: "1/account/1", version)
        spy.subscribe("$device/+/s/dat")
        let device = listening(story, version, qos: 1)
        device.send(Wire.publish(version, "s/uat", ""), Wire.pingreq)
        device.expect(
            Wire.publish(version, "s/dat", "71,abc.def.ghi", qos: 1, id: 1),
            Wire.pingresp
        )
        #expect(town.asked == [.token])
        spy.expectNothing()
    }

    @Test("nobody is told who does not listen")
    func deaf() {
        let town = Town()
        town.answer = .token("t")
        let story = town.story(.onePartition)
        let device = story.enter("d1", as: "1/device/1")
        device.send(Wire.publish(.v5, "s/uat", ""), Wire.pingreq)
        device.expect(Wire.pingresp)
    }

    @Test("what is not a token's request is answered on s/e")
    func refused() {
        let town = Town()
        let story = town.story(.onePartition)
        let device = listening(story)
        device.send(Wire.publish(.v5, "s/uat", "x"))
        device.expect(Wire.publish(.v5, "s/e", "45,71,The payload must be empty"))
        town.method = .password
        let other = listening(story)
        other.send(Wire.publish(.v5, "s/uat", ""))
        other.expect(Wire.publish(.v5, "s/e", "41,71,Tokens are for logins by certificate"))
        #expect(town.asked.isEmpty)
    }

    @Test("a repeated message of QoS 2 is served once")
    func repeated() {
        let town = Town()
        town.answer = .token("t")
        let story = town.story(.onePartition)
        let device = listening(story)
        device.send(
            Wire.publish(.v5, "s/uat", "", qos: 2, id: 7),
            Wire.publish(.v5, "s/uat", "", qos: 2, id: 7, dup: true)
        )
        #expect(town.asked == [.token])
        device.expect(
            Wire.pubrec(7),
            Wire.publish(.v5, "s/dat", "71,t"),
            Wire.pubrec(7)
        )
    }

    @Test("template 100 makes a device, and says when there is one", arguments: Stage.inMemory)
    func createDevice(stage: Stage) {
        let town = Town()
        town.answer = .deviceExists
        let story = town.story(stage)
        let device = listening(story)
        device.send(Wire.publish(.v5, "s/us", "100,\"My, \\\"pump\\\"\",c8y_Pump\n211,25"))
        device.expect(Wire.publish(.v5, "s/e", "41,100,Device already existing"))
        #expect(town.asked == [.createDevice(name: "My, \"pump\"", type: "c8y_Pump")])
        town.answer = .silence
        device.send(Wire.publish(.v5, "s/us", "100,,"))
        device.expectNothing()
        #expect(town.asked.last == .createDevice(name: "", type: ""))
    }

    @Test("lines that cannot be read are answered, the others go on")
    func malformed() {
        let town = Town()
        let story = town.story(.onePartition)
        let device = listening(story)
        device.send(Wire.publish(.v5, "s/us", "200,\"a\nxyz,1"))
        device.expect(Wire.publish(.v5, "s/e", "42,200,A quote is never closed"))
        device.send(Wire.publish(.v5, "s/us", "xyz,1\n100,a,b,c"))
        device.expect(
            Wire.publish(.v5, "s/e", "43,xyz,Invalid message identifier"),
            Wire.publish(.v5, "s/e", "45,100,Too many fields")
        )
        #expect(town.asked.isEmpty)
    }

    @Test("a starter account gets the credentials of the device its client id names")
    func bootstrap() {
        let town = Town()
        town.answer = .credentials(tenant: "t1", user: "device_n1", password: "p,w")
        let story = town.story(.onePartition)
        let starter = story.enter("n1", as: "1/starter/1")
        let other = story.enter("n2", as: "1/starter/1")
        starter.subscribe("s/dcr")
        other.subscribe("s/dcr")
        starter.send(Wire.publish(.v5, "s/ucr", "", qos: 1, id: 1))
        starter.expect(
            Wire.puback(1, [0x10]),
            Wire.publish(.v5, "s/dcr", "70,t1,device_n1,\"p,w\"")
        )
        other.expectNothing()
        for topic in ["a", "v1/devices/n1/x", "$device/n1/s/ds", "$bootstrap/n2/s/dcr"] {
            starter.send(Wire.subscribe(.v5, 1, [(topic, 0)]))
            starter.expect(Wire.suback(.v5, 1, [0x87]))
        }
    }
}
