// SPDX-License-Identifier: Apache-2.0
// Tenants, accounts, devices and credentials in memory: what is written is read, and what may not
// be written is refused.

import SealBroker
import Testing

import SealBytes
@testable import SealStore

@Suite("Registry: tenants, accounts, devices")
struct RegistryTests {
    @Test("a tenant that was added is found by number, id and domain")
    func tenant() throws {
        let (registry, _) = try Sample.registry()
        let tenant = try #require(try registry.tenant(number: 2))
        #expect(tenant.id == "t1")
        #expect(tenant.label == "One")
        #expect(tenant.createdAt > 0)
        #expect(try registry.tenant(id: "t1") == tenant)
        #expect(try registry.tenant(domain: "one.example") == tenant)
        #expect(try registry.tenant(number: 3) == nil)
        #expect(try registry.tenant(id: "t2") == nil)
        #expect(try registry.tenant(domain: "") == nil)
        #expect(try registry.tenant(domain: "two.example") == nil)
        let page = try registry.tenants(.all)
        #expect(page.items.map(\.id) == ["management", "t1"])
        #expect(page.total == 2)
        #expect(!page.hasMore)
    }

    @Test("a changed tenant is found under its new domain only")
    func changedTenant() throws {
        let (registry, _) = try Sample.registry()
        var tenant = try #require(try registry.tenant(domain: "one.example"))
        #expect(try registry.tenant(domain: "new.example") == nil)
        tenant.domain = "new.example"
        tenant.label = "Uno"
        try registry.alter { writer throws(RegistryError) in try writer.replace(tenant) }
        #expect(try registry.tenant(domain: "one.example") == nil)
        #expect(try registry.tenant(domain: "new.example") == tenant)
        #expect(try registry.tenant(id: "t1") == tenant)
        tenant.id = "t2"
        #expect(registry.refusal { w throws(RegistryError) in try w.replace(tenant) } == .invalid)
        tenant.number = 9
        #expect(registry.refusal { w throws(RegistryError) in try w.replace(tenant) } == .notFound)
    }

    @Test(
        "a tenant id is [a-z0-9][a-z0-9._-]{0,63}",
        arguments: [
            ("a", true), ("9.x_y-z", true), (String(repeating: "a", count: 64), true),
            ("", false), ("A", false), ("-a", false), (".a", false), ("a/b", false),
            ("a:b", false), ("a b", false), ("\u{E4}", false),
            (String(repeating: "a", count: 65), false),
        ]
    )
    func tenantID(_ id: String, isGood: Bool) throws {
        let (registry, _) = try Sample.registry()
        let code = registry.refusal { writer throws(RegistryError) in
            _ = try writer.add(Tenant(id: Name(id)))
        }
        #expect(code == (isGood ? nil : .invalid))
    }

    @Test("ids and domains belong to one tenant, and numbers are never given twice")
    func tenantsAreUnique() throws {
        let (registry, _) = try Sample.registry()
        for twin in [Tenant(id: "t1"), Tenant(id: "t2", domain: "one.example")] {
            let code = registry.refusal { writer throws(RegistryError) in
                _ = try writer.add(twin)
            }
            #expect(code == .duplicate)
        }
        let third = try registry.put { w throws(RegistryError) in try w.add(Tenant(id: "t3")) }
        #expect(third.number == 3)
        try registry.alter { w throws(RegistryError) in try w.removeTenant(number: 3) }
        let fourth = try registry.put { w throws(RegistryError) in try w.add(Tenant(id: "t3")) }
        #expect(fourth.number == 4)
        #expect(
            registry.refusal { writer throws(RegistryError) in
                _ = try writer.add(Tenant(number: 7, id: "t7"))
            } == .invalid
        )
    }

    @Test("a removed tenant takes everything in it along, but what was recorded of it")
    func removedTenant() throws {
        let (registry, changes) = try Sample.registry()
        let device = try registry.put { writer throws(RegistryError) in
            _ = try writer.add(Sample.anchor(1, tenant: 2))
            _ = try writer.add(Sample.account("anna", tenant: 2))
            let device = try writer.add(Sample.device("d", tenant: 2))
            _ = try writer.add(Sample.credential("2/device_d", of: device))
            try writer.setOption(tenant: 2, TenantOption(category: "c", key: "k", value: "v"))
            try writer.setPolicy(tenant: 2, [Sample.rule(1, tenant: 2)])
            try writer.withdrawToken(id: "x", tenant: 2, expiresAt: .max)
            try writer.revoke(Revocation(tenant: 2, serial: "1F", revokedAt: 1), keepsOldDate: true)
            return device
        }
        _ = changes.all()
        // All of it is in memory now.
        #expect(try registry.anchors(sha256: Sample.digest(1)).count == 1)
        #expect(try registry.device(number: device.number) != nil)
        #expect(try registry.device(tenant: 2, identifier: "d") != nil)
        #expect(try registry.credential(kind: .password, lookup: "2/device_d") != nil)
        #expect(try registry.account(tenant: 2, name: "anna") != nil)
        #expect(try registry.option(tenant: 2, category: "c", key: "k") == "v")
        #expect(try registry.policyRules(tenant: 2).count == 1)
        #expect(try registry.isWithdrawn(tokenID: "x"))
        #expect(try registry.revocation(tenant: 2, serial: "1F", issuerKey: []) != nil)
        try registry.alter { w throws(RegistryError) in try w.removeTenant(number: 2) }
        #expect(try registry.tenant(number: 2) == nil)
        #expect(try registry.tenant(id: "t1") == nil)
        #expect(try registry.tenant(domain: "one.example") == nil)
        #expect(try registry.anchors(sha256: Sample.digest(1)).isEmpty)
        #expect(try registry.device(number: device.number) == nil)
        #expect(try registry.device(uuid: device.uuid) == nil)
        #expect(try registry.device(tenant: 2, identifier: "d") == nil)
        #expect(try registry.credential(kind: .password, lookup: "2/device_d") == nil)
        #expect(try registry.account(tenant: 2, name: "anna") == nil)
        #expect(try registry.option(tenant: 2, category: "c", key: "k") == nil)
        #expect(try registry.policyRules(tenant: 2).isEmpty)
        #expect(try !registry.isWithdrawn(tokenID: "x"))
        #expect(try registry.revocation(tenant: 2, serial: "1F", issuerKey: []) == nil)
        let told = changes.all()
        #expect(told.map(\.subject) == [.tenant(2)])
        #expect(told.first?.isWithdrawal == true)
        #expect(told.first?.isRemoval == true)
        #expect(try registry.audit(tenant: 2, .all).items.first?.act == "tenant.removed")
        #expect(
            registry.refusal { w throws(RegistryError) in try w.removeTenant(number: 1) }
                == .invalid
        )
    }

    @Test("an account is found by number and by name, whole")
    func account() throws {
        let (registry, _) = try Sample.registry()
        var account = try registry.put { writer throws(RegistryError) in
            try writer.add(Sample.account("anna"))
        }
        #expect(account.passwordSetAt > 0)
        #expect(try registry.account(number: account.number) == account)
        #expect(try registry.account(tenant: 1, name: "anna") == account)
        #expect(try registry.account(tenant: 2, name: "anna") == nil)
        account.name = "anne"
        account.roles = [.auditRead]
        account.mustChangePassword = true
        try registry.alter { writer throws(RegistryError) in try writer.replace(account) }
        #expect(try registry.account(tenant: 1, name: "anna") == nil)
        #expect(try registry.account(tenant: 1, name: "anne") == account)
        #expect(try registry.accounts(tenant: 1, .all).items == [account])
        try registry.alter { w throws(RegistryError) in
            try w.removeAccount(number: account.number)
        }
        #expect(try registry.account(number: account.number) == nil)
        #expect(try registry.account(tenant: 1, name: "anne") == nil)
    }

    @Test(
        "user names that could be read as something else are refused",
        arguments: ["", "a/b", "a:b", "a b", "device_x", "a\n", String(repeating: "a", count: 257)]
    )
    func accountNames(_ name: String) throws {
        let (registry, _) = try Sample.registry()
        let code = registry.refusal { writer throws(RegistryError) in
            _ = try writer.add(Sample.account(Name(name)))
        }
        #expect(code == .invalid)
    }

    @Test("a device is found by number, UUID and identifier, whole")
    func device() throws {
        let (registry, _) = try Sample.registry()
        var sample = Sample.device("dev \u{1F41D}")
        sample.label = "label"
        sample.properties = #"{"a":1}"#
        sample.origin = .bulk
        var device = try registry.put { [sample] w throws(RegistryError) in try w.add(sample) }
        #expect(device.uuid.utf8.count == 36)
        #expect(device.createdAt > 0)
        #expect(try registry.device(number: device.number) == device)
        #expect(try registry.device(uuid: device.uuid) == device)
        #expect(try registry.device(tenant: 1, identifier: "dev \u{1F41D}") == device)
        #expect(try registry.device(tenant: 2, identifier: "dev \u{1F41D}") == nil)
        #expect(try registry.device(uuid: Name(device.uuid.text.uppercased())) == nil)
        #expect(try registry.device(uuid: "") == nil)
        device.identifier = "other"
        device.isEnabled = false
        try registry.alter { writer throws(RegistryError) in try writer.replace(device) }
        #expect(try registry.device(tenant: 1, identifier: "dev \u{1F41D}") == nil)
        let found = try #require(try registry.device(tenant: 1, identifier: "other"))
        #expect(!found.isEnabled)
        #expect(found.changedAt >= device.changedAt)
        try registry.alter { w throws(RegistryError) in
            try w.removeDevice(number: device.number)
        }
        #expect(try registry.device(tenant: 1, identifier: "other") == nil)
        #expect(try registry.device(number: device.number) == nil)
    }

    @Test(
        "device identifiers hold no colon and no control characters, and have 1 to 1024 bytes",
        arguments: [
            ("x", true), (String(repeating: "x", count: 1_024), true), ("a/b+c#", true),
            ("", false), ("a:b", false), ("a\u{0}", false), ("a\u{7F}", false),
            ("a\u{85}", false), (String(repeating: "x", count: 1_025), false),
        ]
    )
    func identifiers(_ identifier: String, isGood: Bool) throws {
        let (registry, _) = try Sample.registry()
        let code = registry.refusal { writer throws(RegistryError) in
            _ = try writer.add(Sample.device(Name(identifier)))
        }
        #expect(code == (isGood ? nil : .invalid))
    }

    @Test("devices are listed by type, name and text, page by page")
    func deviceList() throws {
        let (registry, _) = try Sample.registry()
        try registry.alter { writer throws(RegistryError) in
            for number in 0..<10 {
                var device = Sample.device("dev-\(number)", tenant: number == 9 ? 2 : 1)
                device.type = number % 2 == 0 ? "even" : "odd"
                device.name = "Pump \(number / 4)"
                _ = try writer.add(device)
            }
        }
        func names(_ fill: (inout DeviceQuery) -> Void) throws -> [String] {
            var query = DeviceQuery()
            fill(&query)
            let page = try registry.devices(tenant: 1, query, .all)
            #expect(page.total == page.items.count)
            return page.items.map(\.identifier.text)
        }
        #expect(try names { _ in }.count == 9)
        #expect(try names { $0.type = "odd" } == ["dev-1", "dev-3", "dev-5", "dev-7"])
        #expect(try names { $0.name = "Pump 1" } == ["dev-4", "dev-5", "dev-6", "dev-7"])
        #expect(try names { $0.text = "PUMP 2" } == ["dev-8"])
        #expect(try names { $0.text = "ev-3" } == ["dev-3"])
        let mixed = try names { query in
            query.type = "odd"
            query.name = "Pump 1"
            query.text = "v-7"
        }
        #expect(mixed == ["dev-7"])
        #expect(try names { $0.text = "%" }.isEmpty)
        let page = try registry.devices(
            tenant: 1,
            DeviceQuery(),
            PageRequest(offset: 7, limit: 1, wantsTotal: true)
        )
        #expect(page.items.map(\.identifier) == ["dev-7"])
        #expect(page.hasMore)
        #expect(page.total == 9)
        let last = try registry.devices(tenant: 1, DeviceQuery(), PageRequest(offset: 8, limit: 1))
        #expect(!last.hasMore)
        #expect(last.total == nil)
        let odd = try registry.devices(tenant: 1, DeviceQuery(), PageRequest(offset: -1, limit: -1))
        #expect(odd.items.isEmpty)
        #expect(odd.hasMore)
    }

    @Test("a credential is found by what it shows; its version counts")
    func credential() throws {
        let (registry, _) = try Sample.registry()
        let (device, credential) = try registry.put { writer throws(RegistryError) in
            let device = try writer.add(Sample.device("d"))
            return (device, try writer.add(Sample.credential("1/device_d", of: device)))
        }
        #expect(try registry.credential(kind: .password, lookup: "1/device_d") == credential)
        #expect(try registry.credential(kind: .basic, lookup: "1/device_d") == nil)
        #expect(try registry.credential(uuid: credential.uuid) == credential)
        #expect(try registry.credentials(device: device.number) == [credential])
        #expect(try registry.credential(kind: .accessToken, lookup: "t") == nil)
        var newer = credential
        newer.kind = .accessToken
        newer.lookup = "t"
        newer.secret = nil
        newer.value = []
        let replaced = try registry.put { [newer] w throws(RegistryError) in try w.replace(newer) }
        #expect(replaced.version == 2)
        #expect(try registry.credential(kind: .accessToken, lookup: "t") == replaced)
        #expect(try registry.credential(kind: .password, lookup: "1/device_d") == nil)
        let again = registry.refusal { [newer] writer throws(RegistryError) in
            _ = try writer.replace(newer)
        }
        #expect(again == .conflict)
        try registry.alter { w throws(RegistryError) in
            try w.removeCredential(number: credential.number)
        }
        #expect(try registry.credential(kind: .accessToken, lookup: "t") == nil)
        #expect(try registry.credentials(device: device.number).isEmpty)
    }

    @Test("what is there already, belongs to nothing or elsewhere is refused by its own code")
    func refusals() throws {
        let (registry, _) = try Sample.registry()
        let device = try registry.put { writer throws(RegistryError) in
            _ = try writer.add(Sample.account("anna"))
            let device = try writer.add(Sample.device("d"))
            _ = try writer.add(Sample.credential("l", of: device))
            return device
        }
        func expect(
            _ code: RegistryError.Code,
            _ body: (any RegistryWriter) throws(RegistryError) -> Void
        ) {
            let given = registry.refusal(body)
            #expect(given == code)
        }
        expect(.duplicate) { w throws(RegistryError) in _ = try w.add(Sample.account("anna")) }
        expect(.duplicate) { w throws(RegistryError) in _ = try w.add(Sample.device("d")) }
        var twin = Sample.device("e")
        twin.uuid = device.uuid
        expect(.duplicate) { w throws(RegistryError) in _ = try w.add(twin) }
        twin.uuid = "no"
        expect(.invalid) { w throws(RegistryError) in _ = try w.add(twin) }
        let stranger = Sample.device("d", tenant: 9)
        expect(.notFound) { w throws(RegistryError) in _ = try w.add(stranger) }
        let nobody = Sample.account("a", tenant: 9)
        expect(.notFound) { w throws(RegistryError) in _ = try w.add(nobody) }
        let same = Sample.credential("l", of: device)
        expect(.duplicate) { w throws(RegistryError) in _ = try w.add(same) }
        var lost = Sample.credential("m", of: device)
        lost.device = 99
        expect(.notFound) { w throws(RegistryError) in _ = try w.add(lost) }
        lost.device = device.number
        lost.tenant = 2
        expect(.invalid) { w throws(RegistryError) in _ = try w.add(lost) }
        expect(.notFound) { w throws(RegistryError) in try w.removeDevice(number: 99) }
        expect(.notFound) { w throws(RegistryError) in try w.removeAccount(number: 99) }
        expect(.notFound) { w throws(RegistryError) in try w.removeCredential(number: 9) }
    }
}
