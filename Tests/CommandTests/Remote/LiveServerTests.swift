// SPDX-License-Identifier: Apache-2.0
// The commands against a real daemon: from the first login to a device that is let in, explained,
// and cut off.

import Foundation
import SealBytes
import Testing

@Suite("Commands and a real daemon")
struct LiveServerTests {
    @Test("an operator makes, tests, explains and cuts off what a device may do")
    func story() throws {
        let server = try LiveServer()
        func good(_ line: String, input: String = "") throws -> String {
            let done = try server.run(line, input: input)
            #expect(done.exitCode == 0, "\(line): \(done.errors)")
            return done.output
        }
        #expect(try server.login("t1/admin").exitCode == 0)
        #expect(try server.run("tenant list").exitCode == 77, "others' tenants are not ours")

        // A device that nobody knows is refused, and why can be asked.
        let pub =
            "pub -h 127.0.0.1 -p {port} --cafile {folder}/ca.crt --cert {folder}/sensor-1.crt "
            + "--key {folder}/sensor-1.key -i sensor-1 -t a -m b"
        #expect(try server.run(pub).exitCode != 0)
        let refused = try good("explain sensor-1 --json --limit 1")
        let decision = try JSONValue(parsing: Array(refused.utf8))
        #expect(decision["v"] == 1 && decision["allowed"] == false)
        #expect(decision["reasons"]?.elements?.isEmpty == false)

        #expect(try good("device add sensor-1 --type thermometer") == "device sensor-1 is made\n")
        #expect(try server.run(pub).exitCode == 0)
        #expect(try good("device list").contains("thermometer"))

        _ = try good("policy set - --yes", input: "deny publish a devices\n")
        #expect(try server.run("policy test --device sensor-1 publish a").exitCode == 1)
        #expect(try server.run("policy test --device sensor-1 publish b").exitCode == 0)

        // Who is connected is listed, and ends with its device.
        let listening = server.start(
            "sub -h 127.0.0.1 -p {port} --cafile {folder}/ca.crt --cert {folder}/sensor-1.crt "
                + "--key {folder}/sensor-1.key -i sensor-1 -t x -W 120"
        )
        var sessions = ""
        for _ in 0..<300 where !sessions.contains("\"clientId\":\"sensor-1\"") {
            Thread.sleep(forTimeInterval: 0.1)
            sessions = try good("session list --json")
        }
        #expect(sessions.contains("\"connected\":true"))
        let cut = try good("device disable sensor-1 --yes")
        #expect(cut == "device sensor-1 is disabled; 1 connection was ended\n")
        #expect(try listening.outcome().exitCode != 0)
        #expect(try server.run("session kick sensor-1 --yes").exitCode == 67)
        #expect(try good("audit --limit 1").contains("device.changed"))
    }

    @Test("the operator of the management tenant makes a tenant, and nobody else does")
    func tenants() throws {
        let server = try LiveServer()
        #expect(try server.login("management/admin").exitCode == 0)
        #expect(try server.run("tenant add t2 --label Second").exitCode == 0)
        #expect(try server.run("tenant add t2").exitCode == 1)
        #expect(try server.run("tenant list").output.contains("Second"))
        #expect(try server.run("device add d2 --tenant t2").exitCode == 0)
        #expect(try server.run("device list --tenant t2").output.contains("d2"))
        #expect(try server.run("tenant remove t2 --yes").exitCode == 0)
        #expect(try server.run("tenant show t2").exitCode == 67)
    }

    @Test("an authority is trusted and its key proved; a file of devices is imported")
    func trust() throws {
        let server = try LiveServer()
        #expect(try server.login("t1/admin").exitCode == 0)
        let listed = try server.run("trust list --json")
        let one = try JSONValue(parsing: Array(listed.output.utf8))
        let fingerprint = try #require(one["fingerprint"]?.text)
        let prove = try server.run("trust prove --key {folder}/ca.key \(fingerprint.prefix(8))")
        #expect(prove.exitCode == 0, "\(prove.errors)")
        let wrong = try server.run("trust prove --key {folder}/server.key \(fingerprint)")
        #expect(wrong.exitCode == 65 && wrong.errors.contains("code: "))
        #expect(try server.run("trust add {folder}/ca.crt").exitCode == 1, "it is there already")
        let rows = "ID;AUTH_TYPE;CREDENTIALS\na1;CERTIFICATES;\na2;BASIC;a-good-one\na3;BASIC;\n"
        let imported = try server.run("device import - --json", input: rows)
        #expect(imported.exitCode == 1)
        #expect(imported.output.contains("\"numberOfCreated\":2"))
        let pinned = try server.run(
            "device credentials a1 --certificate {folder}/sensor-2.crt --yes"
        )
        #expect(pinned.exitCode == 0, "\(pinned.errors)")
        #expect(try server.run("device credentials a1").output.contains("X509"))
    }
}
