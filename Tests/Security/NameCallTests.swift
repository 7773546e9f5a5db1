// SPDX-License-Identifier: Apache-2.0
// Names that Unicode calls equal, in the REST APIs: in bodies, paths, files and what is shown.

import SealBytes
import Testing

@testable import SealAdmin
@testable import SealBroker
@testable import SealStore
@testable import Stage

@Suite("Names in the APIs") struct NameCallTests {
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func json(_ members: JSONObject) -> String { JSONValue.object(members).line }

    private func path(_ root: String, _ name: Name) -> String { root + Call.escaped(name) }

    @Test("accounts of almost one name are two in URL, answer and deletion", arguments: Twins.all)
    func accounts(_ twins: Twins) {
        let (one, two) = twins.named
        for name in [one, two] {
            let made = desk.ask(
                .post,
                "/api/v1/accounts",
                json(["name": .string(name), "roles": ["ROLE_MESSAGING"]])
            )
            #expect(made.status == 201, "\(made.text)")
        }
        for name in [one, two] {
            let shown = desk.ask(.get, path("/api/v1/accounts/", name))
            #expect(shown.status == 200 && shown.json["name"]?.name == name)
        }
        #expect(desk.ask(.delete, path("/api/v1/accounts/", one)).status < 300)
        #expect(desk.ask(.get, path("/api/v1/accounts/", one)).status == 404)
        #expect(desk.ask(.get, path("/api/v1/accounts/", two)).json["name"]?.name == two)
    }

    @Test("devices of almost one identifier are two", arguments: Twins.all)
    func devices(_ twins: Twins) {
        let (one, two) = twins.named
        func make(_ name: Name) -> Reply {
            desk.ask(.post, "/api/v1/devices", json(["identifier": .string(name)]))
        }
        #expect(make(one).status == 201)
        #expect(desk.ask(.get, path("/api/v1/devices/", two)).status == 404)
        #expect(make(two).status == 201)
        #expect(make(two).status == 409)
        for name in [one, two] {
            let shown = desk.ask(.get, path("/api/v1/devices/", name))
            #expect(shown.json["identifier"]?.name == name)
        }
        let owned = desk.ask(
            .get,
            "/inventory/managedObjects?owner=" + Call.escaped("device_\(two)")
        )
        let found = owned.json["managedObjects"]?.elements ?? []
        #expect(found.map { $0["sealwire_Device"]?["identifier"]?.name } == [two])
    }

    @Test("options of almost one key or category are two", arguments: Twins.all)
    func options(_ twins: Twins) {
        let (one, two) = twins.named
        for (category, key) in [(one, "k"), (two, "k"), ("c", one), ("c", two)] as [(Name, Name)] {
            let place = path("/tenant/options/", category) + path("/", key)
            #expect(desk.ask(.get, place).status == 404)
            let text = "\(category)|\(key)"
            #expect(desk.ask(.put, place, json(["value": .string(text)])).status == 200)
        }
        for (category, key) in [(one, "k"), (two, "k"), ("c", one), ("c", two)] as [(Name, Name)] {
            let place = path("/tenant/options/", category) + path("/", key)
            #expect(desk.ask(.get, place).json["value"]?.name == "\(category)|\(key)")
        }
        #expect(desk.ask(.get, "/tenant/options/c").json.members?.count == 2)
    }

    @Test("a file with two devices of almost one name makes two", arguments: Twins.all)
    func bulk(_ twins: Twins) throws {
        let (one, two) = twins.named
        let text = "ID,AUTH_TYPE,CREDENTIALS\n\(one),BASIC,first\n\(two),BASIC,second\n"
        let reply = desk.ask(
            .post,
            "/devicecontrol/bulkNewDeviceRequests",
            body: TestForm.body([("file", text)]),
            type: TestForm.type
        )
        #expect(reply.json["numberOfCreated"]?.int64 == 2, "\(reply.text)")
        for (name, password) in [(one, "first"), (two, "second")] {
            let tenant = desk.tenant.number
            let device = try desk.registry.device(tenant: tenant, identifier: name)
            #expect(device?.identifier == name)
            let credential = try desk.registry.credential(
                tenant: tenant,
                kind: .password,
                lookup: "\(tenant)/device_\(name)"
            )
            #expect(credential?.secret?.hash == password && credential?.device == device?.number)
        }
    }

    @Test("what differs in such a character only is a change", arguments: Twins.all)
    func changes(_ twins: Twins) throws {
        let (one, two) = twins.named
        func run(_ type: Name) -> Reply {
            let file = "ID,AUTH_TYPE,CREDENTIALS,TYPE,NAME\nd1,CERTIFICATES,,\(type),\(type)\n"
            return desk.ask(
                .post,
                "/devicecontrol/bulkNewDeviceRequests",
                body: TestForm.body([("file", file)]),
                type: TestForm.type
            )
        }
        for type in [one, two] {
            _ = run(type)
            let device = try desk.registry.device(
                tenant: desk.tenant.number,
                identifier: "d1"
            )
            #expect(device?.name == type && device.map { Name($0.type) } == type)
        }
    }

    @Test("words of the standard are those of their bytes")
    func words() {
        #expect(Role(word: "ROLE_MESSAGING") == .messaging)
        #expect(CredentialKind(word: "ACCESS_TO\u{212A}EN") == nil)
        let schema = Schema.choice(["ACCESS_TOKEN"])
        #expect(schema.fault(in: "ACCESS_TOKEN") == nil)
        #expect(schema.fault(in: "ACCESS_TO\u{212A}EN") != nil)
        let object = Schema.object([.needed("K", .text)], others: .forbidden)
        #expect(object.fault(in: ["\u{212A}": "x"]) != nil)
    }

    @Test("segments of a path are compared by bytes, with and without escapes")
    func routes() {
        #expect(PathText.segments("/a/%E2%84%AA") == ["a", "\u{212A}"])
        #expect(PathText.segments("/\u{301}a/b") == ["\u{301}a", "b"])
        #expect(PathText.segments("/a/\u{301}b") == ["a", "\u{301}b"])
        #expect(desk.ask(.get, "/tenant/options/\u{301}c").status == 200)
        #expect(desk.ask(.get, "/tenant/options\u{301}/c").status == 404)
    }
}
