// SPDX-License-Identifier: Apache-2.0
// Names that look alike and differ in their bytes: each finds what has exactly its bytes, whoever
// was asked for before.

import Testing

@testable import SealBroker
@testable import SealStore

@Suite("Names") struct NameTests {
    /// Pairs that Swift's strings take for equal.
    static let pairs = [
        ("Kiln-9", "\u{212A}iln-9"), ("caf\u{E9}", "cafe\u{301}"),
        ("\u{1E69}", "s\u{323}\u{307}"), ("\u{AC00}", "\u{1100}\u{1161}"),
        ("10\u{3A9}", "10\u{2126}"),
    ]

    private func registry() throws -> SQLiteRegistry {
        let registry = try SQLiteRegistry(path: ":memory:")
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.add(Tenant(id: "management"))
        }
        return registry
    }

    private func change<Result: Sendable>(
        _ registry: SQLiteRegistry,
        _ body: (any RegistryWriter) throws(RegistryError) -> Result
    ) throws -> Result {
        try registry.change(by: .daemon) { writer throws(RegistryError) in try body(writer) }.result
    }

    @Test("a device is not found by a name that only looks like its own", arguments: pairs)
    func devices(name: String, lookalike: String) throws {
        #expect(name == lookalike, "the pair shows nothing")
        let registry = try registry()
        let tenant = try change(registry) { writer throws(RegistryError) in
            try writer.add(Tenant(id: "t1")).number
        }
        // The miss comes first, then what is there, then the miss again.
        #expect(try registry.device(tenant: tenant, identifier: lookalike) == nil)
        _ = try change(registry) { writer throws(RegistryError) in
            try writer.add(Device(tenant: tenant, identifier: name, origin: .api))
        }
        for _ in 0..<2 {
            #expect(try registry.device(tenant: tenant, identifier: name) != nil)
            #expect(try registry.device(tenant: tenant, identifier: lookalike) == nil)
        }
        _ = try change(registry) { writer throws(RegistryError) in
            try writer.add(Device(tenant: tenant, identifier: lookalike, origin: .api))
        }
        let first = try registry.device(tenant: tenant, identifier: name)
        let second = try registry.device(tenant: tenant, identifier: lookalike)
        #expect(first?.number != second?.number)
    }

    @Test("an account is not found by a name that only looks like its own", arguments: pairs)
    func accounts(name: String, lookalike: String) throws {
        let registry = try registry()
        let tenant = try change(registry) { writer throws(RegistryError) in
            let tenant = try writer.add(Tenant(id: "t1")).number
            _ = try writer.add(Account(tenant: tenant, name: name))
            return tenant
        }
        #expect(try registry.account(tenant: tenant, name: name) != nil)
        #expect(try registry.account(tenant: tenant, name: lookalike) == nil)
        #expect(try registry.account(tenant: tenant, name: name) != nil)
    }

    @Test("a host name that nobody has is not remembered")
    func hosts() throws {
        let registry = try registry()
        #expect(try registry.tenant(domain: "kiln.example") == nil)
        _ = try change(registry) { writer throws(RegistryError) in
            try writer.add(Tenant(id: "t1", domain: "kiln.example"))
        }
        #expect(try registry.tenant(domain: "kiln.example")?.id == "t1")
        #expect(try registry.tenant(domain: "\u{212A}iln.example") == nil)
    }

    @Test("an option is not found by a key that only looks like its own")
    func options() throws {
        let registry = try registry()
        let tenant = try change(registry) { writer throws(RegistryError) in
            let tenant = try writer.add(Tenant(id: "t1")).number
            try writer.setOption(tenant: tenant, category: "c", key: "K", value: "1")
            return tenant
        }
        #expect(try registry.option(tenant: tenant, category: "c", key: "K") == "1")
        #expect(try registry.option(tenant: tenant, category: "c", key: "\u{212A}") == nil)
    }
}
