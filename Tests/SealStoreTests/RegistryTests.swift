// SPDX-License-Identifier: Apache-2.0
// The registry in memory: what is written is read.

import SealBroker
import Testing

@testable import SealStore

@Suite("Registry")
struct RegistryTests {
    @Test("a tenant that was added is found by number, id and domain")
    func tenant() throws {
        let registry = try SQLiteRegistry(path: ":memory:")
        let (added, _) = try registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.add(Tenant(id: "t1", domain: "one.example"))
        }
        #expect(added.number == 1)
        #expect(try registry.tenant(number: 1) == added)
        #expect(try registry.tenant(id: "t1") == added)
        #expect(try registry.tenant(domain: "one.example") == added)
    }
}
