// SPDX-License-Identifier: Apache-2.0
// Anchors, revocations, options, rules, requests, codes, keys, tokens and the audit in memory.

import SealBroker
import Testing

import SealBytes
@testable import SealStore

@Suite("Registry: trust and records")
struct TrustTests {
    @Test("an anchor is found by its digests in all tenants, and by fingerprint in its own")
    func anchors() throws {
        let (registry, _) = try Sample.registry()
        let (one, two) = try registry.put { writer throws(RegistryError) in
            (
                try writer.add(Sample.anchor(1, tenant: 1, subject: 7)),
                try writer.add(Sample.anchor(1, tenant: 2, subject: 7))
            )
        }
        #expect(try registry.anchors(sha256: Sample.digest(1)) == [one, two])
        #expect(try registry.anchors(subjectKey: Sample.digest(1_000_007)) == [one, two])
        #expect(try registry.anchors(sha256: Sample.digest(2)).isEmpty)
        #expect(try registry.anchors(sha256: []).isEmpty)
        #expect(try registry.anchors(sha256: [UInt8](repeating: 0, count: 33)).isEmpty)
        #expect(try registry.anchor(number: one.number) == one)
        #expect(try registry.anchor(tenant: 2, fingerprint: two.fingerprint) == two)
        #expect(try registry.anchors(tenant: 2, .all).items == [two])
        var changed = one
        changed.name = "renamed"
        changed.registersDevices = true
        changed.isTenantAuthority = true
        changed.proof.code = "code"
        changed.proof.usableUntil = 5
        changed.proof.isValid = true
        try registry.alter { [changed] w throws(RegistryError) in try w.replace(changed) }
        #expect(try registry.anchors(sha256: Sample.digest(1)) == [changed, two])
        try registry.alter { w throws(RegistryError) in try w.removeAnchor(number: one.number) }
        #expect(try registry.anchors(sha256: Sample.digest(1)) == [two])
        #expect(try registry.anchors(subjectKey: Sample.digest(1_000_007)) == [two])
    }

    @Test("an anchor is trusted once in a tenant and stays the same certificate")
    func anchorRefusals() throws {
        let (registry, _) = try Sample.registry()
        let anchor = try registry.put { w throws(RegistryError) in try w.add(Sample.anchor(1)) }
        let twin = registry.refusal { w throws(RegistryError) in _ = try w.add(Sample.anchor(1)) }
        #expect(twin == .duplicate)
        var other = anchor
        other.der = [1]
        let code = registry.refusal { [other] w throws(RegistryError) in try w.replace(other) }
        #expect(code == .invalid)
        for change in [
            { $0.sha256 = [] }, { $0.subjectKey = [1] }, { $0.der = [] },
            { $0.fingerprint = "AB" }, { $0.name = "a\u{1}" },
        ] as [(inout TrustAnchor) -> Void] {
            var bad = Sample.anchor(2)
            change(&bad)
            let code = registry.refusal { [bad] w throws(RegistryError) in _ = try w.add(bad) }
            #expect(code == .invalid)
        }
    }

    @Test("an anchor with its authority is removed together")
    func authority() throws {
        let (registry, _) = try Sample.registry()
        let anchor = try registry.put { w throws(RegistryError) in try w.add(Sample.anchor(1)) }
        let authority = TenantAuthority(tenant: 1, anchor: anchor.number, sealed: [1, 2])
        try registry.alter { w throws(RegistryError) in try w.set(authority) }
        #expect(try registry.authority(tenant: 1) == authority)
        let wrong = TenantAuthority(tenant: 2, anchor: anchor.number, sealed: [1])
        #expect(registry.refusal { w throws(RegistryError) in try w.set(wrong) } == .invalid)
        try registry.alter { w throws(RegistryError) in
            try w.removeAnchor(number: anchor.number)
        }
        #expect(try registry.authority(tenant: 1) == nil)
    }

    @Test("a revocation holds for its issuer or for all, keeps its date or takes the given one")
    func revocations() throws {
        let (registry, changes) = try Sample.registry()
        let (issuer, other) = (Sample.digest(1), Sample.digest(2))
        let own = Revocation(tenant: 1, serial: "1F", issuerKey: issuer, revokedAt: 5)
        #expect(try registry.revocation(tenant: 1, serial: "1F", issuerKey: issuer) == nil)
        try registry.alter { w throws(RegistryError) in try w.revoke(own, keepsOldDate: true) }
        #expect(try registry.revocation(tenant: 1, serial: "1F", issuerKey: issuer) == own)
        #expect(try registry.revocation(tenant: 1, serial: "1F", issuerKey: other) == nil)
        #expect(try registry.revocation(tenant: 2, serial: "1F", issuerKey: issuer) == nil)
        let everyone = Revocation(tenant: 1, serial: "1F", revokedAt: 6, reason: "keyCompromise")
        try registry.alter { w throws(RegistryError) in
            try w.revoke(everyone, keepsOldDate: true)
        }
        #expect(try registry.revocation(tenant: 1, serial: "1F", issuerKey: other) == everyone)
        #expect(try registry.revocation(tenant: 1, serial: "1F", issuerKey: issuer) == own)
        _ = changes.all()
        var later = everyone
        later.revokedAt = 9
        try registry.alter { [later] w throws(RegistryError) in
            try w.revoke(later, keepsOldDate: true)
        }
        #expect(try registry.revocation(tenant: 1, serial: "1F", issuerKey: other) == everyone)
        #expect(changes.all().isEmpty)
        try registry.alter { [later] w throws(RegistryError) in
            try w.revoke(later, keepsOldDate: false)
        }
        #expect(try registry.revocation(tenant: 1, serial: "1F", issuerKey: other) == later)
        #expect(try registry.revocations(tenant: 1, .all).items == [later, own])
        for serial in ["", "0A", "ab", "X", String(repeating: "1", count: 65)] {
            let bad = Revocation(tenant: 1, serial: Name(serial), revokedAt: 1)
            let code = registry.refusal { w throws(RegistryError) in
                try w.revoke(bad, keepsOldDate: true)
            }
            #expect(code == .invalid)
        }
    }

    @Test("options are set, changed, listed and removed")
    func options() throws {
        let (registry, _) = try Sample.registry()
        #expect(try registry.option(tenant: 1, category: "a", key: "k") == nil)
        try registry.alter { writer throws(RegistryError) in
            try writer.setOption(tenant: 1, TenantOption(category: "b", key: "k", value: "1"))
            try writer.setOption(tenant: 1, TenantOption(category: "a", key: "k", value: "2"))
            try writer.setOption(
                tenant: 1,
                TenantOption(category: "a", key: "k", value: "3", isEditable: false)
            )
        }
        #expect(try registry.option(tenant: 1, category: "a", key: "k") == "3")
        let record = try registry.optionRecord(tenant: 1, category: "a", key: "k")
        #expect(record?.isEditable == false)
        let all = try registry.options(tenant: 1, category: nil, .all)
        #expect(all.items.map(\.category) == ["a", "b"])
        #expect(try registry.options(tenant: 1, category: "b", .all).items.map(\.value) == ["1"])
        try registry.alter { writer throws(RegistryError) in
            try writer.removeOption(tenant: 1, category: "a", key: "k")
        }
        #expect(try registry.option(tenant: 1, category: "a", key: "k") == nil)
        let code = registry.refusal { writer throws(RegistryError) in
            try writer.removeOption(tenant: 1, category: "a", key: "k")
        }
        #expect(code == .notFound)
        // The record says which option, never its value.
        #expect(try registry.audit(tenant: 1, .all).items.allSatisfy { !$0.detail.contains("3") })
    }

    @Test("a policy is replaced whole and read in order of positions")
    func policy() throws {
        let (registry, _) = try Sample.registry()
        #expect(try registry.policyRules(tenant: 1).isEmpty)
        try registry.alter { writer throws(RegistryError) in
            try writer.setPolicy(tenant: 1, [Sample.rule(3), Sample.rule(1), Sample.rule(2)])
        }
        #expect(try registry.policyRules(tenant: 1).map(\.position) == [1, 2, 3])
        try registry.alter { writer throws(RegistryError) in
            try writer.setPolicy(tenant: 1, [Sample.rule(9)])
        }
        let rules = try registry.policyRules(tenant: 1)
        #expect(rules.map(\.position) == [9])
        #expect(rules.first?.filter == "a/%d/#")
        let code = registry.refusal { writer throws(RegistryError) in
            try writer.setPolicy(tenant: 1, [Sample.rule(1, tenant: 2)])
        }
        #expect(code == .invalid)
    }

    @Test("requests and enrolment codes are kept by identifier")
    func registration() throws {
        let (registry, _) = try Sample.registry()
        var request = RegistrationRequest(tenant: 1, identifier: "d", owner: "anna")
        request.group = "group"
        try registry.alter { [request] w throws(RegistryError) in try w.set(request) }
        let stored = try #require(try registry.request(tenant: 1, identifier: "d"))
        #expect(stored.createdAt > 0)
        request = stored
        request.status = .accepted
        try registry.alter { [request] w throws(RegistryError) in try w.set(request) }
        #expect(try registry.requests(tenant: 1, .all).items == [request])
        try registry.alter { w throws(RegistryError) in
            try w.removeRequest(tenant: 1, identifier: "d")
        }
        #expect(try registry.request(tenant: 1, identifier: "d") == nil)
        let code = EnrolmentCode(
            tenant: 1,
            identifier: "d",
            secret: StoredSecret(hash: "h"),
            expiresAt: 5
        )
        try registry.alter { w throws(RegistryError) in try w.set(code) }
        #expect(try registry.enrolmentCode(tenant: 1, identifier: "d") == code)
        try registry.alter { w throws(RegistryError) in
            try w.removeEnrolmentCode(tenant: 1, identifier: "d")
        }
        #expect(try registry.enrolmentCode(tenant: 1, identifier: "d") == nil)
        let again = registry.refusal { w throws(RegistryError) in
            try w.removeEnrolmentCode(tenant: 1, identifier: "d")
        }
        #expect(again == .notFound)
    }

    @Test("the newest signing key that is not retired comes first")
    func signingKeys() throws {
        let (registry, _) = try Sample.registry()
        try registry.alter { writer throws(RegistryError) in
            try writer.add(SigningKey(id: "a", sealed: [1], createdAt: 1))
            try writer.add(SigningKey(id: "b", sealed: [2], createdAt: 2))
            try writer.add(SigningKey(id: "c", sealed: [3], createdAt: 3, retiredAt: 4))
        }
        #expect(try registry.signingKeys().map(\.id) == ["b", "a", "c"])
        try registry.alter { writer throws(RegistryError) in
            try writer.replace(SigningKey(id: "b", sealed: [2], createdAt: 2, retiredAt: 9))
            try writer.removeSigningKey(id: "c")
        }
        #expect(try registry.signingKeys().map(\.id) == ["a", "b"])
        let code = registry.refusal { writer throws(RegistryError) in
            try writer.add(SigningKey(id: "a", sealed: [1], createdAt: 1))
        }
        #expect(code == .duplicate)
    }

    @Test("a withdrawn token is known until its time is over")
    func tokens() throws {
        let clock = Clock(now: 1_000_000)
        let registry = try SQLiteRegistry(
            path: ":memory:",
            limits: RegistryLimits(),
            steps: Schema.steps,
            clock: clock.read
        )
        try Sample.fill(registry)
        #expect(try !registry.isWithdrawn(tokenID: "x"))
        try registry.alter { w throws(RegistryError) in
            try w.withdrawToken(id: "x", tenant: 1, expiresAt: 1_100)
        }
        #expect(try registry.isWithdrawn(tokenID: "x"))
        #expect(try !registry.isWithdrawn(tokenID: "y"))
        clock.set(1_161_000)
        try registry.alter { w throws(RegistryError) in
            try w.withdrawToken(id: "y", tenant: 1, expiresAt: 9_999)
        }
        let left = try registry.read { (connection: Connection) throws(RegistryError) in
            try connection.word("SELECT group_concat(id) FROM withdrawn_tokens")
        }
        #expect(left == "y")
    }

    @Test("every change is recorded with its author, the youngest first; the oldest go")
    func audit() throws {
        var limits = RegistryLimits()
        limits.auditRecordsMax = 3
        let (registry, _) = try Sample.registry(limits: limits)
        try registry.alter { writer throws(RegistryError) in
            let device = try writer.add(Sample.device("d"))
            try writer.removeDevice(number: device.number)
            try writer.audit(
                AuditRecord(tenant: 2, author: Author(name: ""), act: "own", subject: "s")
            )
        }
        let all = try registry.audit(tenant: nil, .all).items
        #expect(all.map(\.act) == ["own", "device.removed", "device.added"])
        #expect(all.allSatisfy { $0.author.name == "t1/anna" && $0.author.source == "192.0.2.7" })
        #expect(all.allSatisfy { $0.author.tenant == 2 && $0.time > 0 })
        #expect(all.map(\.number) == [5, 4, 3])
        #expect(
            try registry.audit(tenant: 1, .all).items.map(\.act) == [
                "device.removed", "device.added",
            ]
        )
        let page = try registry.audit(tenant: 1, PageRequest(offset: 1, limit: 1, wantsTotal: true))
        #expect(page.items.map(\.act) == ["device.added"])
        #expect(page.total == 2)
    }

    @Test("of all tenants the proved ones are found first, and none leaves others no room")
    func orderOfTenants() throws {
        let (registry, _) = try Sample.registry()
        try registry.alter { writer throws(RegistryError) in
            _ = try writer.add(Tenant(id: "t2"))
            for number in 1...30 {
                _ = try writer.add(Sample.anchor(number, tenant: 2, subject: 5))
            }
            _ = try writer.add(Sample.anchor(99, tenant: 3, subject: 5))
            var late = try writer.add(Sample.anchor(98, tenant: 1, subject: 5))
            late.proof.isValid = true
            try writer.replace(late)
        }
        let found = try registry.anchors(subjectKey: Sample.digest(1_000_005), tenant: nil)
        #expect(found.first?.tenant == 1)
        #expect(found.count { $0.tenant == 2 } == RegistryBounds.anchorsPerTenantMax)
        #expect(found.count { $0.tenant == 3 } == 1)
        let own = try registry.anchors(subjectKey: Sample.digest(1_000_005), tenant: 2)
        #expect(own.count == 30)
    }

    @Test("of more tenants than are looked at, each finds its own credential")
    func candidates() throws {
        let (registry, _) = try Sample.registry()
        try registry.alter { writer throws(RegistryError) in
            for number in 2...11 {
                let tenant = try writer.add(Tenant(id: "t\(number)")).number
                let device = try writer.add(Sample.device("d", tenant: tenant))
                var credential = Sample.credential("same", of: device)
                credential.kind = .basic
                _ = try writer.add(credential)
            }
        }
        let all = try registry.credentials(kind: .basic, lookup: "same")
        #expect(all.map(\.tenant) == Array(3...10))
        #expect(try registry.credential(tenant: 12, kind: .basic, lookup: "same")?.tenant == 12)
        #expect(try registry.credential(tenant: 1, kind: .basic, lookup: "same") == nil)
        try registry.alter { writer throws(RegistryError) in
            let last = try writer.directory.credential(tenant: 10, kind: .basic, lookup: "same")
            try writer.removeCredential(number: last?.number ?? 0)
        }
        #expect(
            try registry.credentials(kind: .basic, lookup: "same").map(\.tenant)
                == Array(3...9) + [11]
        )
    }
}
