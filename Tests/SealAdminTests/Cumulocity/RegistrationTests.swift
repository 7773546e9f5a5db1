// SPDX-License-Identifier: Apache-2.0
// Devices that are registered one by one, and the inventory.

import Foundation
import SealBroker
import SealBytes
import SealHTTP
import Testing

@testable import SealAdmin
@testable import Stage

@Suite struct RegistrationTests {
    private let requests = "/devicecontrol/newDeviceRequests"
    private let credentials = "/devicecontrol/deviceCredentials"
    private let desk: Desk

    init() throws { desk = try Desk() }

    private func addDevice(_ identifier: String, certificates: Bool) throws -> Device {
        try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.add(
                Device(
                    tenant: desk.tenant.number,
                    identifier: Name(identifier),
                    origin: .contact,
                    takesCertificates: certificates
                )
            )
        }.result
    }

    @Test("a device is expected, asks, is accepted, and gets its password once")
    func story() throws {
        let made = desk.ask(.post, requests, "{\"id\":\"1234\",\"type\":\"pump\"}")
        #expect(made.status == 201)
        #expect(
            made.type
                == "application/vnd.com.nsn.cumulocity.newdevicerequest+json;charset=UTF-8;ver=0.9"
        )
        #expect(made.json["status"] == "WAITING_FOR_CONNECTION")
        #expect(made.json["owner"] == "admin")
        #expect(made.json["tenantId"] == "t12345")
        #expect(made.response.fields["Location"] == "https://iot.example.com\(requests)/1234")
        func ask(_ token: String = "") -> Reply {
            let more = token.isEmpty ? "" : ",\"securityToken\":\"\(token)\""
            return desk.ask(.post, credentials, "{\"id\":\"1234\"\(more)}", as: "t12345/boot")
        }
        func accept(_ token: String = "") -> Reply {
            let more = token.isEmpty ? "" : ",\"securityToken\":\"\(token)\""
            return desk.ask(.put, "\(requests)/1234", "{\"status\":\"ACCEPTED\"\(more)}")
        }
        #expect(accept().reason == "registration.order")
        let first = ask("s3")
        #expect(first.status == 404)
        #expect(first.json["error"] == "devicecontrol/Not Found")
        #expect(first.reason == "registration.waiting")
        #expect(desk.ask(.get, "\(requests)/1234").json["status"] == "PENDING_ACCEPTANCE")
        #expect(accept("other").reason == "registration.security-token")
        #expect(accept("s3").json["status"] == "ACCEPTED")
        #expect(ask("other").reason == "registration.security-token")
        let given = ask("s3")
        #expect(given.status == 201)
        #expect(given.json["username"] == "device_1234")
        #expect(given.json["tenantId"] == "t12345")
        #expect(given.json["password"]?.text?.isEmpty == false)
        #expect(ask("s3").status == 404)
        let device = try #require(
            try desk.registry.device(tenant: desk.tenant.number, identifier: "1234")
        )
        #expect(device.type == "pump")
        #expect(try desk.registry.credentials(device: device.number).map(\.kind) == [.password])
        #expect(desk.ask(.post, requests, "{\"id\":\"1234\"}").reason == "registration.exists")
    }

    @Test("a device with a certificate is refused with 422 and a sentence")
    func certificateDevice() throws {
        _ = try addDevice("c1", certificates: true)
        let reply = desk.ask(.post, requests, "{\"id\":\"c1\"}")
        #expect(reply.status == 422)
        #expect(reply.reason == "registration.certificate-device")
        #expect(
            reply.json["message"]?.text?.hasPrefix(
                "a device with a certificate cannot be registered one by one (c1); use"
            ) == true
        )
        let said = desk.ask(.post, requests, "{\"id\":\"c2\",\"authType\":\"CERTIFICATES\"}")
        #expect(said.reason == "registration.certificate-device")
        // It came by certificate after it was expected.
        #expect(desk.ask(.post, requests, "{\"id\":\"c3\"}").status == 201)
        _ = try addDevice("c3", certificates: true)
        let asked = desk.ask(.post, credentials, "{\"id\":\"c3\"}", as: "t12345/boot")
        #expect(asked.status == 422)
    }

    @Test(
        "names that cannot be device identifiers are refused",
        arguments: [
            "", "a:b", "a\\u0000b", "a/b", "a+b", "a#b", String(repeating: "x", count: 1025),
        ]
    )
    func badNames(_ name: String) {
        #expect(desk.ask(.post, requests, "{\"id\":\"\(name)\"}").status == 422)
    }

    @Test("requests are listed, and go with the right role only")
    func listAndRemove() {
        for index in 0..<6 { _ = desk.ask(.post, requests, "{\"id\":\"d\(index)\"}") }
        let list = desk.ask(.get, requests).json
        #expect(list["newDeviceRequests"]?.elements?.count == 5)
        #expect(list["next"] != nil)
        #expect(desk.ask(.delete, "\(requests)/d1", as: "t12345/reader").status == 403)
        #expect(desk.ask(.delete, "\(requests)/d1").status == 204)
        #expect(desk.ask(.get, "\(requests)/d1").status == 404)
        #expect(desk.ask(.delete, "\(requests)/d1").status == 404)
    }

    @Test(
        "the bootstrap user of the management tenant serves all, but not when two expect the same"
    )
    func bootstrapOfAll() throws {
        try desk.add("management", "devicebootstrap", [.deviceBootstrap])
        _ = desk.ask(.post, requests, "{\"id\":\"m1\"}")
        func ask() -> Reply {
            desk.ask(.post, credentials, "{\"id\":\"m1\"}", as: "management/devicebootstrap")
        }
        #expect(ask().reason == "registration.waiting")
        #expect(desk.ask(.get, "\(requests)/m1").json["status"] == "PENDING_ACCEPTANCE")
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            let other = try writer.add(Tenant(id: "t2"))
            try writer.set(
                RegistrationRequest(tenant: other.number, identifier: "m1", owner: "x")
            )
        }
        #expect(ask().reason == "api.unknown-object")
    }

    @Test("devices are managed objects, with filters")
    func inventory() throws {
        for index in 0..<7 { _ = try addDevice("dev\(index)", certificates: true) }
        let path = "/inventory/managedObjects"
        let first = desk.ask(.get, path)
        #expect(
            first.type
                == "application/vnd.com.nsn.cumulocity.managedobjectcollection+json;"
                + "charset=UTF-8;ver=0.9"
        )
        #expect(first.json["managedObjects"]?.elements?.count == 5)
        func names(_ query: String) -> [String] {
            (desk.ask(.get, "\(path)?pageSize=50&\(query)").json["managedObjects"]?.elements ?? [])
                .compactMap { $0["name"]?.text }
        }
        #expect(names("text=EV3") == ["dev3"])
        #expect(names("owner=device_dev4") == ["dev4"])
        #expect(names("owner=admin") == [])
        #expect(names("fragmentType=c8y_IsDevice").count == 7)
        #expect(names("query=%24filter%3D(name+eq+%27dev2%27)") == ["dev2"])
        #expect(names("q=has(c8y_IsDevice)+and+name+eq+%27*ev6*%27") == ["dev6"])
        #expect(desk.ask(.get, "\(path)?query=name+gt+%27a%27").status == 400)
        let one = try #require(first.json["managedObjects"]?.elements?.first)
        let id = one["id"]?.text ?? ""
        #expect(names("ids=\(id)") == ["dev0"])
        #expect(one["owner"] == "device_dev0")
        #expect(one["c8y_IsDevice"] == [:])
        #expect(one["sealwire_Device"]?["takesCertificates"] == true)
    }

    @Test("fragments come and go, and what the server writes is passed over")
    func fragments() throws {
        let made = desk.ask(
            .post,
            "/inventory/managedObjects",
            "{\"name\":\"gate\",\"type\":\"t\",\"x\":{\"y\":1},\"id\":\"99\",\"owner\":\"me\"}"
        )
        #expect(made.status == 201)
        #expect(made.json["owner"] == "device_gate")
        #expect(made.json["x"] == ["y": 1])
        let path = "/inventory/managedObjects/\(made.json["id"]?.text ?? "")"
        let changed = desk.ask(.put, path, "{\"x\":null,\"z\":[1],\"name\":\"Gate 1\"}")
        #expect(changed.status == 200)
        let now = desk.ask(.get, path).json
        #expect(now["x"] == nil)
        #expect(now["z"] == [1])
        #expect(now["name"] == "Gate 1")
        #expect(now["type"] == "t")
        #expect(
            desk.ask(.post, "/inventory/managedObjects", "{\"name\":\"gate\"}").status == 409
        )
    }

    @Test("a deleted device is gone with its user, so that it can come back")
    func remove() throws {
        let device = try addDevice("back", certificates: true)
        _ = try desk.registry.change(by: .daemon) { writer throws(RegistryError) in
            _ = try writer.add(
                Credential(
                    tenant: desk.tenant.number,
                    device: device.number,
                    kind: .password,
                    lookup: "\(desk.tenant.number)/device_back"
                )
            )
        }
        let path = "/inventory/managedObjects/\(device.number)"
        let reply = desk.ask(.delete, "\(path)?cascade=true&withDeviceUser=false")
        #expect(reply.status == 204)
        #expect(reply.ended != nil)
        #expect(try desk.registry.device(tenant: desk.tenant.number, identifier: "back") == nil)
        let user = try desk.registry.credential(
            kind: .password,
            lookup: "\(desk.tenant.number)/device_back"
        )
        #expect(user == nil)
        #expect(desk.ask(.delete, path).status == 404)
        #expect(desk.ask(.get, path, as: "management/root").status == 404)
        #expect(try addDevice("back", certificates: true).number != device.number)
    }

    @Test("a device sees itself only, with its token as with its certificate")
    func deviceCaller() throws {
        let authority = try TestAuthority()
        _ = desk.ask(
            .post,
            "/tenant/tenants/t12345/trusted-certificates",
            authority.upload()
        )
        let own = try addDevice("me", certificates: true)
        let other = try addDevice("you", certificates: true)
        let chain = [try authority.device("me")]
        let fetched = desk.ask(
            .post,
            "/devicecontrol/deviceAccessToken",
            as: nil,
            chain: chain
        )
        #expect(fetched.status == 200)
        #expect(fetched.json["accessToken"] == fetched.json["access_token"])
        let token = fetched.json["accessToken"]?.text ?? ""
        let fields = [("Authorization", "Bearer \(token)"), ("Accept", "*/*")]
        let path = "/inventory/managedObjects"
        let list = desk.ask(.get, path, as: nil, fields: fields).json["managedObjects"]
        #expect(list?.elements?.count == 1)
        #expect(desk.ask(.get, "\(path)/\(own.number)", as: nil, fields: fields).status == 200)
        #expect(desk.ask(.get, "\(path)/\(other.number)", as: nil, fields: fields).status == 404)
        #expect(desk.ask(.delete, "\(path)/\(own.number)", as: nil, fields: fields).status == 403)
        let user = desk.ask(.get, "/user/currentUser", as: nil, chain: chain).json
        #expect(user["userName"] == "device_me")
        #expect(user["effectiveRoles"]?.elements?.first?["name"] == "ROLE_DEVICE")
    }
}
