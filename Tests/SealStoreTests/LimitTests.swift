// SPDX-License-Identifier: Apache-2.0
// Every limit of the registry: at it there is room, one above it there is none, and what is
// removed makes room again, after a new start too.

import SealBroker
import SealTelemetry
import Testing

import SealBytes
@testable import SealStore

@Suite("Registry: limits")
struct LimitTests {
    typealias Lower = @Sendable (inout RegistryLimits) -> Void
    typealias Add = @Sendable (any RegistryWriter, Int) throws(RegistryError) -> Void

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var lower: Lower
        var add: Add
    }

    private static let cases: [Case] = [
        Case(testDescription: "tenants", lower: { $0.tenantsMax = 5 }) {
            (writer, number) throws(RegistryError) in
            _ = try writer.add(Tenant(id: "more-\(number)"))
        },
        Case(testDescription: "accounts", lower: { $0.accountsPerTenantMax = 3 }) {
            (writer, number) throws(RegistryError) in
            _ = try writer.add(Sample.account("a\(number)"))
        },
        Case(testDescription: "anchors of a tenant", lower: { $0.anchorsPerTenantMax = 3 }) {
            (writer, number) throws(RegistryError) in
            _ = try writer.add(Sample.anchor(number))
        },
        Case(testDescription: "anchors", lower: { $0.anchorsMax = 3 }) {
            (writer, number) throws(RegistryError) in
            _ = try writer.add(Sample.anchor(number, tenant: UInt32(1 + number % 2)))
        },
        Case(testDescription: "devices", lower: { $0.devicesMax = 3 }) {
            (writer, number) throws(RegistryError) in
            _ = try writer.add(Sample.device("d\(number)", tenant: UInt32(1 + number % 2)))
        },
        Case(testDescription: "credentials", lower: { $0.credentialsPerDeviceMax = 3 }) {
            (writer, number) throws(RegistryError) in
            let device =
                if let known = try writer.directory.device(tenant: 1, identifier: "d") {
                    known
                } else { try writer.add(Sample.device("d")) }
            _ = try writer.add(Sample.credential("l\(number)", of: device))
        },
        Case(testDescription: "options", lower: { $0.optionsPerTenantMax = 3 }) {
            (writer, number) throws(RegistryError) in
            let option = TenantOption(category: "c", key: "k\(number)", value: "v")
            try writer.setOption(tenant: 1, option)
            // Another value of the same needs no room.
            try writer.setOption(tenant: 1, option)
        },
        Case(testDescription: "revocations", lower: { $0.revocationsPerTenantMax = 3 }) {
            (writer, number) throws(RegistryError) in
            let revocation = Revocation(tenant: 1, serial: "\(number + 1)", revokedAt: 1)
            try writer.revoke(revocation, keepsOldDate: false)
            try writer.revoke(revocation, keepsOldDate: false)
        },
        Case(testDescription: "requests", lower: { $0.requestsPerTenantMax = 3 }) {
            (writer, number) throws(RegistryError) in
            try writer.set(
                RegistrationRequest(tenant: 1, identifier: "d\(number)", owner: "anna")
            )
        },
        Case(testDescription: "enrolment codes", lower: { $0.codesPerTenantMax = 3 }) {
            (writer, number) throws(RegistryError) in
            try writer.set(
                EnrolmentCode(
                    tenant: 1,
                    identifier: "d\(number)",
                    secret: StoredSecret(hash: "h"),
                    expiresAt: .max
                )
            )
        },
        Case(testDescription: "signing keys", lower: { $0.signingKeysMax = 3 }) {
            (writer, number) throws(RegistryError) in
            try writer.add(SigningKey(id: "k\(number)", sealed: [1], createdAt: 1))
        },
        Case(testDescription: "tokens", lower: { $0.withdrawnTokensPerTenantMax = 3 }) {
            (writer, number) throws(RegistryError) in
            try writer.withdrawToken(id: "x\(number)", tenant: 1, expiresAt: .max)
        },
    ]

    @Test("at the limit there is room, one above it there is none", arguments: cases)
    func limit(_ story: Case) throws {
        var limits = RegistryLimits()
        story.lower(&limits)
        let (registry, _) = try Sample.registry(limits: limits)
        for number in 0..<3 {
            try registry.alter { w throws(RegistryError) in try story.add(w, number) }
        }
        let code = registry.refusal { w throws(RegistryError) in try story.add(w, 3) }
        #expect(code == .full)
        // The same in one change.
        let (other, _) = try Sample.registry(limits: limits)
        let atOnce = other.refusal { writer throws(RegistryError) in
            for number in 0..<4 { try story.add(writer, number) }
        }
        #expect(atOnce == .full)
        try other.alter { writer throws(RegistryError) in
            for number in 0..<3 { try story.add(writer, number) }
        }
    }

    @Test("a policy has as many rules as the limit says")
    func rules() throws {
        var limits = RegistryLimits()
        limits.rulesPerTenantMax = 3
        let (registry, _) = try Sample.registry(limits: limits)
        let rules = (1...4).map { Sample.rule($0) }
        try registry.alter { w throws(RegistryError) in
            try w.setPolicy(tenant: 1, Array(rules.prefix(3)))
        }
        let code = registry.refusal { w throws(RegistryError) in
            try w.setPolicy(tenant: 1, rules)
        }
        #expect(code == .full)
        #expect(try registry.policyRules(tenant: 1).count == 3)
    }

    @Test("each refusal by a limit is counted, also in a change that goes on")
    func counted() throws {
        var limits = RegistryLimits()
        limits.devicesMax = 1
        let counters = DaemonCounters()
        let registry = try SQLiteRegistry(path: ":memory:", limits: limits, counters: counters)
        try Sample.fill(registry)
        try registry.alter { writer throws(RegistryError) in
            for number in 0..<3 { _ = try? writer.add(Sample.device("d\(number)")) }
        }
        #expect(counters.snapshot.limitHits[.registry] == 2)
    }

    @Test("a page has as many items as the limit says")
    func page() throws {
        var limits = RegistryLimits()
        limits.pageItemsMax = 2
        let (registry, _) = try Sample.registry(limits: limits)
        #expect(try registry.tenants(.all).items.count == 2)
        #expect(try !registry.tenants(.all).hasMore)
        _ = try registry.put { w throws(RegistryError) in try w.add(Tenant(id: "t3")) }
        #expect(try registry.tenants(.all).items.count == 2)
        #expect(try registry.tenants(.all).hasMore)
    }

    @Test("enrolment codes whose time is over make room")
    func oldCodes() throws {
        var limits = RegistryLimits()
        limits.codesPerTenantMax = 2
        let (registry, _) = try Sample.registry(limits: limits)
        for (number, end) in [(1, 5), (2, Int64.max), (3, 5)] as [(Int, Int64)] {
            try registry.alter { writer throws(RegistryError) in
                let secret = StoredSecret(hash: "h")
                let name = "d\(number)"
                try writer.set(
                    EnrolmentCode(tenant: 1, identifier: Name(name), secret: secret, expiresAt: end)
                )
            }
        }
        #expect(try registry.enrolmentCode(tenant: 1, identifier: "d1") == nil)
        #expect(try registry.enrolmentCode(tenant: 1, identifier: "d2") != nil)
    }

    @Test("what was counted is known after a new start, and what was removed makes room")
    func newStart() throws {
        var limits = RegistryLimits()
        limits.devicesMax = 3
        limits.tenantsMax = 3
        let folder = try Folder()
        do {
            let registry = try SQLiteRegistry(path: folder.registry, limits: limits)
            try Sample.fill(registry)
            try registry.alter { writer throws(RegistryError) in
                _ = try writer.add(Tenant(id: "t3"))
                for number in 0..<3 {
                    _ = try writer.add(Sample.device("d\(number)", tenant: UInt32(1 + number)))
                }
            }
        }
        let registry = try SQLiteRegistry(path: folder.registry, limits: limits)
        let add = { (writer: any RegistryWriter) throws(RegistryError) in
            _ = try writer.add(Sample.device("new"))
        }
        #expect(registry.refusal(add) == .full)
        #expect(
            registry.refusal { w throws(RegistryError) in _ = try w.add(Tenant(id: "t4")) } == .full
        )
        try registry.alter { w throws(RegistryError) in try w.removeTenant(number: 3) }
        #expect(registry.refusal(add) == nil)
        try registry.alter { w throws(RegistryError) in _ = try w.add(Tenant(id: "t4")) }
        try registry.alter { w throws(RegistryError) in try w.removeDevice(number: 1) }
        let other = { (writer: any RegistryWriter) throws(RegistryError) in
            _ = try writer.add(Sample.device("newer"))
        }
        #expect(registry.refusal(other) == nil)
        #expect(registry.refusal(add) == .full)
    }
}
