// SPDX-License-Identifier: Apache-2.0
// What a change is: all or nothing, numbered, told to the observer, and over at its end.

import SealBroker
import Testing

@testable import SealStore

@Suite("Registry: changes")
struct ChangeTests {
    private static let stop = RegistryError(.invalid, "stop")

    @Test("of a change that throws nothing remains, and nobody is told")
    func rollback() throws {
        let (registry, changes) = try Sample.registry()
        let number = registry.changeNumber
        let rows = try registry.audit(tenant: nil, .all).total
        let code = registry.refusal { writer throws(RegistryError) in
            let device = try writer.add(Sample.device("d"))
            _ = try writer.add(Sample.credential("l", of: device))
            _ = try writer.add(Sample.anchor(1))
            try writer.removeTenant(number: 2)
            throw Self.stop
        }
        #expect(code == .invalid)
        #expect(try registry.device(tenant: 1, identifier: "d") == nil)
        #expect(try registry.credential(kind: .password, lookup: "l") == nil)
        #expect(try registry.anchors(sha256: Sample.digest(1)).isEmpty)
        #expect(try registry.tenant(id: "t1") != nil)
        #expect(registry.changeNumber == number)
        #expect(changes.all().isEmpty)
        #expect(try registry.audit(tenant: nil, .all).total == rows)
    }

    @Test("inside of a change its own state is seen, outside of it the one before")
    func isolation() throws {
        let folder = try Folder()
        let registry = try SQLiteRegistry(path: folder.registry)
        try Sample.fill(registry)
        try registry.alter { writer throws(RegistryError) in
            let device = try writer.add(Sample.device("d"))
            let inside = try writer.directory.device(tenant: 1, identifier: "d")
            #expect(inside == device)
            #expect(try registry.device(tenant: 1, identifier: "d") == nil)
        }
        #expect(try registry.device(tenant: 1, identifier: "d") != nil)
    }

    @Test("in memory, too, a change may ask the registry, and what it saw is not kept")
    func memoryIsolation() throws {
        let (registry, _) = try Sample.registry()
        let code = registry.refusal { writer throws(RegistryError) in
            try writer.setOption(tenant: 1, category: "c", key: "k", value: "v")
            #expect(try registry.option(tenant: 1, category: "c", key: "k") == "v")
            throw Self.stop
        }
        #expect(code == .invalid)
        #expect(try registry.option(tenant: 1, category: "c", key: "k") == nil)
    }

    @Test("a part that throws is undone alone, its limits, anchors and changes too")
    func part() throws {
        var limits = RegistryLimits()
        limits.anchorsPerTenantMax = 1
        let (registry, changes) = try Sample.registry(limits: limits)
        try registry.alter { writer throws(RegistryError) in
            _ = try writer.add(Sample.device("a"))
            do throws(RegistryError) {
                try writer.separately { () throws(RegistryError) in
                    _ = try writer.add(Sample.device("b"))
                    _ = try writer.add(Sample.anchor(1))
                    throw Self.stop
                }
            } catch {
                #expect(error == Self.stop)
            }
            _ = try writer.separately { () throws(RegistryError) in
                try writer.add(Sample.anchor(2))
            }
        }
        #expect(try registry.devices(tenant: 1, DeviceQuery(), .all).items.map(\.name) == ["a"])
        #expect(try registry.anchors(sha256: Sample.digest(1)).isEmpty)
        #expect(try registry.anchors(sha256: Sample.digest(2)).count == 1)
        #expect(changes.all().count == 2)
        let acts = try registry.audit(tenant: 1, .all).items.map(\.act)
        #expect(acts == ["trust.added", "device.added", "tenant.added"])
    }

    @Test("a refused addition leaves the rest of the change as it was")
    func refusedAddition() throws {
        let (registry, _) = try Sample.registry()
        try registry.alter { writer throws(RegistryError) in
            _ = try writer.add(Sample.device("a"))
            do throws(RegistryError) {
                _ = try writer.add(Sample.device("a"))
                Issue.record("added twice")
            } catch {
                #expect(error.code == .duplicate)
            }
            _ = try writer.add(Sample.device("b"))
        }
        #expect(try registry.devices(tenant: 1, DeviceQuery(), .all).total == 2)
    }

    @Test("a bulk has one record, and tells of what it takes away alone")
    func bulk() throws {
        let (registry, changes) = try Sample.registry()
        let old = try registry.put { w throws(RegistryError) in try w.add(Sample.device("old")) }
        _ = changes.all()
        try registry.alter { writer throws(RegistryError) in
            try writer.inBulk { () throws(RegistryError) in
                for number in 0..<100 { _ = try writer.add(Sample.device("d\(number)")) }
                try writer.removeDevice(number: old.number)
                return AuditRecord(
                    tenant: 1,
                    author: Author(name: ""),
                    act: "devices.imported",
                    subject: "100 devices"
                )
            }
        }
        #expect(changes.all().map(\.subject) == [.device(old.number)])
        let acts = try registry.audit(tenant: 1, PageRequest(limit: 2)).items.map(\.act)
        #expect(acts == ["devices.imported", "device.added"])
        #expect(try registry.devices(tenant: 1, DeviceQuery(), .all).total == 100)
    }

    @Test("of a bulk that throws nothing remains, even if the change goes on")
    func brokenBulk() throws {
        let (registry, _) = try Sample.registry()
        try registry.alter { writer throws(RegistryError) in
            do throws(RegistryError) {
                try writer.inBulk { () throws(RegistryError) in
                    _ = try writer.add(Sample.device("a"))
                    throw Self.stop
                }
            } catch {}
            _ = try writer.add(Sample.device("b"))
        }
        #expect(try registry.devices(tenant: 1, DeviceQuery(), .all).items.map(\.name) == ["b"])
        #expect(try registry.audit(tenant: 1, .all).items.first?.subject == "b")
    }

    @Test("changes are numbered in order, and counted even when nobody is told")
    func numbers() throws {
        let (registry, changes) = try Sample.registry()
        let before = registry.changeNumber
        try registry.alter { writer throws(RegistryError) in
            _ = try writer.add(Sample.device("a"))
            _ = try writer.add(Sample.device("b"))
        }
        #expect(changes.all().map(\.number) == [before + 1, before + 2])
        #expect(registry.changeNumber == before + 2)
        try registry.alter { w throws(RegistryError) in
            try w.add(SigningKey(id: "a", sealed: [1], createdAt: 1))
        }
        #expect(changes.all().isEmpty)
        #expect(registry.changeNumber == before + 3)
        try registry.alter { _ throws(RegistryError) in }
        #expect(registry.changeNumber == before + 3)
    }

    @Test("the effect is what the observer says, when the change is already to be seen")
    func effect() throws {
        let (registry, _) = try Sample.registry()
        let device = try registry.put { w throws(RegistryError) in try w.add(Sample.device("d")) }
        registry.observe { [weak registry] changes in
            #expect(registry?.changeNumber == changes.last?.number)
            #expect((try? registry?.device(number: device.number)) == .some(nil))
            var effect = ChangeEffect()
            effect.endedConnections = 7
            return effect
        }
        let (_, effect) = try registry.change(by: .daemon) { w throws(RegistryError) in
            try w.removeDevice(number: device.number)
        }
        #expect(effect.endedConnections == 7)
    }

    @Test("a change inside of a change, and a writer after its end, are refused")
    func misuse() throws {
        let (registry, _) = try Sample.registry()
        var kept: (any RegistryWriter)?
        try registry.alter { writer throws(RegistryError) in
            kept = writer
            #expect(registry.refusal { _ throws(RegistryError) in } == .conflict)
        }
        let writer = try #require(kept)
        #expect(throws: RegistryError.self) { try writer.removeDevice(number: 1) }
        #expect(throws: RegistryError.self) { try writer.directory.device(number: 1) }
        _ = try registry.put { w throws(RegistryError) in try w.add(Sample.device("d")) }
    }

    @Test("when the disk is full the change is refused, even if its body goes on, and others work")
    func fullDisk() throws {
        let (registry, changes) = try Sample.registry()
        try registry.read { (connection: Connection) throws(RegistryError) in
            let pages = try connection.word("PRAGMA page_count")
            _ = try connection.word("PRAGMA max_page_count = \((Int(pages) ?? 0) + 4)")
        }
        let number = registry.changeNumber
        var failure: RegistryError?
        let code = registry.refusal { writer throws(RegistryError) in
            for number in 0..<1_000 {
                do throws(RegistryError) {
                    _ = try writer.add(Sample.device("d\(number)"))
                } catch {
                    failure = failure ?? error
                }
            }
        }
        #expect(code == .storage)
        #expect(failure?.reason.contains("is full") == true)
        #expect(registry.changeNumber == number)
        #expect(changes.all().isEmpty)
        #expect(try registry.devices(tenant: 1, DeviceQuery(), .all).total == 0)
        _ = try registry.put { w throws(RegistryError) in try w.add(Sample.device("d")) }
        #expect(try registry.devices(tenant: 1, DeviceQuery(), .all).total == 1)
    }

    // MARK: What withdraws

    private func told(
        _ registry: SQLiteRegistry,
        _ changes: Changes,
        _ body: (any RegistryWriter) throws(RegistryError) -> Void
    ) throws -> [String] {
        _ = changes.all()
        try registry.alter(body)
        return changes.all().map { change in
            let kind = change.isRemoval ? "removal" : change.isWithdrawal ? "withdrawal" : "change"
            return "\(change.subject) \(kind)"
        }
    }

    @Test("disabling a tenant withdraws, renaming and enabling it do not")
    func tenantChanges() throws {
        let (registry, changes) = try Sample.registry()
        var tenant = try #require(try registry.tenant(number: 2))
        func replace() throws -> [String] {
            let now = tenant
            return try told(registry, changes) { w throws(RegistryError) in try w.replace(now) }
        }
        tenant.label = "x"
        #expect(try replace() == ["tenant(2) change"])
        tenant.isEnabled = false
        #expect(try replace() == ["tenant(2) withdrawal"])
        tenant.label = "y"
        #expect(try replace() == ["tenant(2) change"])
        tenant.isEnabled = true
        #expect(try replace() == ["tenant(2) change"])
    }

    @Test("another password, a role less or disabling withdraw an account, a role more does not")
    func accountChanges() throws {
        let (registry, changes) = try Sample.registry()
        var account = try registry.put { w throws(RegistryError) in
            try w.add(Sample.account("anna"))
        }
        let subject = "account(\(account.number))"
        func replace() throws -> [String] {
            let now = account
            return try told(registry, changes) { w throws(RegistryError) in try w.replace(now) }
        }
        account.email = "new@example.org"
        account.roles.insert(.auditRead)
        #expect(try replace() == ["\(subject) change"])
        account.secret = StoredSecret(hash: "new")
        #expect(try replace() == ["\(subject) withdrawal"])
        account.roles.remove(.tenantAdmin)
        #expect(try replace() == ["\(subject) withdrawal"])
        account.isEnabled = false
        #expect(try replace() == ["\(subject) withdrawal"])
        let number = account.number
        let removal = try told(registry, changes) { w throws(RegistryError) in
            try w.removeAccount(number: number)
        }
        #expect(removal == ["\(subject) removal"])
    }

    @Test("disabling or removing an anchor withdraws, adding or enabling it does not")
    func anchorChanges() throws {
        let (registry, changes) = try Sample.registry()
        #expect(
            try told(registry, changes) { w throws(RegistryError) in
                _ = try w.add(Sample.anchor(1))
            } == ["anchor(1) change"]
        )
        var anchor = try #require(try registry.anchor(number: 1))
        anchor.isEnabled = false
        let off = try told(registry, changes) { [anchor] w throws(RegistryError) in
            try w.replace(anchor)
        }
        #expect(off == ["anchor(1) withdrawal"])
        anchor.isEnabled = true
        anchor.registersDevices = true
        let on = try told(registry, changes) { [anchor] w throws(RegistryError) in
            try w.replace(anchor)
        }
        #expect(on == ["anchor(1) change"])
        let gone = try told(registry, changes) { w throws(RegistryError) in
            try w.removeAnchor(number: 1)
        }
        #expect(gone == ["anchor(1) removal"])
    }

    @Test("a device is withdrawn by being disabled or removed, its credentials by any change")
    func deviceChanges() throws {
        let (registry, changes) = try Sample.registry()
        let added = try told(registry, changes) { writer throws(RegistryError) in
            let device = try writer.add(Sample.device("d"))
            _ = try writer.add(Sample.credential("l", of: device))
        }
        #expect(added == ["device(1) change", "credential(1) change"])
        var device = try #require(try registry.device(number: 1))
        func replace() throws -> [String] {
            let now = device
            return try told(registry, changes) { w throws(RegistryError) in try w.replace(now) }
        }
        device.name = "name"
        #expect(try replace() == ["device(1) change"])
        device.takesCertificates = false
        #expect(try replace() == ["device(1) withdrawal"])
        device.takesCertificates = true
        #expect(try replace() == ["device(1) change"])
        device.isEnabled = false
        #expect(try replace() == ["device(1) withdrawal"])
        let credential = try #require(try registry.credential(kind: .password, lookup: "l"))
        let replaced = try told(registry, changes) { w throws(RegistryError) in
            _ = try w.replace(credential)
        }
        #expect(replaced == ["credential(1) withdrawal"])
        let removed = try told(registry, changes) { w throws(RegistryError) in
            try w.removeDevice(number: 1)
        }
        #expect(removed == ["device(1) removal", "credential(1) removal"])
    }

    @Test("revocations and withdrawn tokens withdraw, options and policies do not")
    func otherChanges() throws {
        let (registry, changes) = try Sample.registry()
        try registry.alter { writer throws(RegistryError) in
            try writer.revoke(Revocation(tenant: 1, serial: "1", revokedAt: 1), keepsOldDate: true)
            try writer.withdrawToken(id: "x", tenant: 1, expiresAt: .max)
            try writer.setOption(tenant: 1, category: "c", key: "k", value: "v")
            try writer.setPolicy(tenant: 1, [])
        }
        let told = changes.all()
        #expect(
            told.map(\.subject) == [
                .revocation(tenant: 1, serial: "1", issuer: .every), .token(id: "x"),
                .option(tenant: 1), .policy(tenant: 1),
            ]
        )
        #expect(told.map(\.isWithdrawal) == [true, true, false, false])
        #expect(told.allSatisfy { $0.tenant == 1 && !$0.isRemoval })
    }
}
