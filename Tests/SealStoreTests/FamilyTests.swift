// SPDX-License-Identifier: Apache-2.0
// Families of tokens and epochs in the registry: what counts up, what ends, what makes room.

import SealBroker
import Testing

@testable import SealStore

@Suite("What tokens are bound to") struct FamilyTests {
    private func family(_ id: String, _ account: Account, ends: Int64 = 9_000) -> TokenFamily {
        TokenFamily(id: id, tenant: account.tenant, account: account.number, expiresAt: ends)
    }

    private func registry(
        _ clock: Clock = Clock(now: 1_000_000),
        most: Int = 3
    ) throws -> (SQLiteRegistry, Account) {
        var limits = RegistryLimits()
        limits.tokenFamiliesPerAccountMax = most
        let registry = try SQLiteRegistry(
            path: ":memory:",
            limits: limits,
            steps: Schema.steps,
            clock: clock.read
        )
        try Sample.fill(registry)
        let account = try registry.put { writer throws(RegistryError) in
            try writer.add(Sample.account("anna"))
        }
        return (registry, account)
    }

    private func count(_ registry: SQLiteRegistry) throws -> String {
        try registry.read { (connection: Connection) throws(RegistryError) in
            try connection.word("SELECT count(*) FROM token_families")
        }
    }

    @Test("a generation is used once; the second time ends the family")
    func generations() throws {
        let (registry, account) = try registry()
        let changes = Changes()
        registry.observe(changes.take)
        func advance(_ generation: Int64, of owner: Int64? = nil) throws -> Int64? {
            try registry.put { writer throws(RegistryError) in
                try writer.advance(
                    family: "f",
                    account: owner ?? account.number,
                    from: generation,
                    expiresAt: 9_999
                )
            }?.generation
        }
        try registry.alter { w throws(RegistryError) in try w.open(family("f", account)) }
        #expect(try registry.isOpen(tenant: 1, family: "f"))
        #expect(try !registry.isOpen(tenant: 2, family: "f"))
        // It is nobody else's.
        #expect(try advance(1, of: account.number + 1) == nil)
        #expect(try advance(1) == 2)
        #expect(try advance(2) == 3)
        #expect(changes.all().isEmpty)
        #expect(try advance(2) == nil)
        #expect(changes.all().map(\.subject) == [.tokenFamily(id: "f")])
        #expect(try !registry.isOpen(tenant: 1, family: "f"))
        #expect(try advance(3) == nil)
    }

    @Test("at the limit there is room; one above it ends the one that was not used for longest")
    func limit() throws {
        let (registry, account) = try registry()
        for (id, ends) in [("a", 9_001), ("b", 9_002), ("c", 9_003)] as [(String, Int64)] {
            try registry.alter { w throws(RegistryError) in
                try w.open(family(id, account, ends: ends))
            }
        }
        let renewed = try registry.put { writer throws(RegistryError) in
            try writer.advance(family: "a", account: account.number, from: 1, expiresAt: 9_009)
        }
        #expect(renewed?.generation == 2)
        #expect(try count(registry) == "3")
        try registry.alter { w throws(RegistryError) in
            try w.open(family("d", account, ends: 9_010))
        }
        #expect(try count(registry) == "3")
        #expect(try !registry.isOpen(tenant: 1, family: "b"))
        for id in ["a", "c", "d"] { #expect(try registry.isOpen(tenant: 1, family: id), "\(id)") }
    }

    @Test("families whose time is over are forgotten")
    func old() throws {
        let clock = Clock(now: 1_000_000)
        let (registry, account) = try registry(clock)
        try registry.alter { w throws(RegistryError) in
            try w.open(family("f", account, ends: 1_100))
        }
        clock.set(1_161_000)
        try registry.alter { w throws(RegistryError) in try w.open(family("g", account)) }
        #expect(try count(registry) == "1")
    }

    @Test("what ends the logins of an account counts its epoch up, once each, and its families end")
    func accountEpochs() throws {
        let (registry, account) = try registry()
        let number = account.number
        func epoch() throws -> Int64 { try registry.account(number: number)?.epoch ?? 0 }
        func step(
            _ difference: Int64,
            _ body: (any RegistryWriter) throws(RegistryError) -> Void
        ) throws {
            let before = try epoch()
            try registry.alter { w throws(RegistryError) in
                try w.open(family("f\(before)", account))
                try w.update(account: number) { $0.linkID = "link" }
            }
            try registry.alter(body)
            #expect(try epoch() == before + difference)
            #expect(try registry.account(number: number)?.linkID == (difference > 0 ? "" : "link"))
            let open = try registry.read { (connection: Connection) throws(RegistryError) in
                try connection.isOpen(tenant: 1, family: "f\(before)")
            }
            #expect(open == (difference == 0))
            if open {
                try registry.alter { w throws(RegistryError) in
                    try w.endFamily(id: "f\(before)", tenant: 1)
                }
            }
        }
        try step(0) { w throws(RegistryError) in
            try w.update(account: number) { $0.email = "x@example.org" }
        }
        try step(0) { w throws(RegistryError) in
            try w.update(account: number) { $0.roles.insert(.auditRead) }
        }
        try step(1) { w throws(RegistryError) in
            try w.update(account: number) { $0.secret = StoredSecret(hash: "new") }
        }
        try step(1) { w throws(RegistryError) in
            try w.update(account: number) { $0.roles = [] }
        }
        try step(1) { w throws(RegistryError) in
            try w.update(account: number) { $0.isEnabled = false }
        }
        try step(0) { w throws(RegistryError) in
            try w.update(account: number) { $0.isEnabled = true }
        }
        try step(1) { w throws(RegistryError) in try w.endLogins(account: number) }
    }

    @Test("what ends the logins of a device counts its epoch up, its credentials included")
    func deviceEpochs() throws {
        let (registry, _) = try registry()
        let (device, credential) = try registry.put { writer throws(RegistryError) in
            let device = try writer.add(Sample.device("d"))
            return (device, try writer.add(Sample.credential("1/device_d", of: device)))
        }
        let number = device.number
        func epoch() throws -> Int64 { try registry.device(number: number)?.epoch ?? 0 }
        #expect(try epoch() == 1)
        try registry.alter { w throws(RegistryError) in
            try w.update(device: number) { $0.label = "x" }
        }
        #expect(try epoch() == 1)
        try registry.alter { w throws(RegistryError) in
            try w.update(credential: credential.number) { $0.secret = StoredSecret(hash: "new") }
        }
        #expect(try epoch() == 2)
        try registry.alter { w throws(RegistryError) in
            try w.removeCredential(number: credential.number)
        }
        #expect(try epoch() == 3)
        try registry.alter { w throws(RegistryError) in
            try w.update(device: number) { $0.isEnabled = false }
        }
        #expect(try epoch() == 4)
        // The row that is known by heart is the new one, too.
        #expect(try registry.device(tenant: 1, identifier: "d")?.epoch == 4)
    }

    @Test("nobody sets what the registry keeps by itself")
    func kept() throws {
        let (registry, account) = try registry()
        for change in [
            { $0.epoch += 1 }, { $0.number += 1 }, { $0.tenant = 2 }, { $0.createdAt = 1 },
        ] as [(inout Account) -> Void] {
            let code = registry.refusal { w throws(RegistryError) in
                try w.update(account: account.number) { change(&$0) }
            }
            #expect(code == .invalid)
        }
        #expect(try registry.account(number: account.number) == account)
    }
}
