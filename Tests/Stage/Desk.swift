// SPDX-License-Identifier: Apache-2.0
// The administration without a port: a true registry in memory, and small stand-ins for what the
// server fits in. A request goes in, a response comes out.

import Foundation
import SealBroker
import SealBytes
import SealHTTP
import SealPKI
import SealStore
import Testing

@testable import SealAdmin

/// An administration to ask, with two tenants.
final class Desk: @unchecked Sendable {
    /// The moment of every call, in seconds since 1970.
    static let now: Int64 = 1_800_000_000

    let registry: SQLiteRegistry
    let sessions = NotedSessions()
    let tokens = PlainTokens()
    let management: Tenant
    let tenant: Tenant
    private(set) var api: AdminAPI

    init(settings: AdminSettings = AdminSettings()) throws {
        let registry = try SQLiteRegistry(path: ":memory:")
        self.registry = registry
        (management, tenant) = try registry.change(by: .daemon) { writer throws(RegistryError) in
            (
                try writer.add(Tenant(id: "management", label: "Management")),
                try writer.add(
                    Tenant(id: "t12345", label: "Acme", domain: "acme.example.com")
                )
            )
        }.result
        registry.observe { changes in
            var effect = ChangeEffect()
            effect.endedConnections = changes.count { $0.isWithdrawal }
            return effect
        }
        let environment = LoginEnvironment(
            registry: registry,
            chains: PlainChains(),
            tokens: tokens,
            clock: { Desk.now }
        )
        let login = PlainLogin(registry: registry, tokens: tokens)
        api = AdminAPI(
            AdminContext(
                environment: environment,
                vault: PlainVault(),
                forge: PlainForge(),
                sessions: sessions,
                settings: settings,
                login: { login.judge($0) }
            )
        )
        try add("management", "root", Set(Role.allCases).subtracting([.device, .deviceBootstrap]))
        try add("t12345", "admin", [.tenantAdmin])
        try add("t12345", "reader", [.tenantManagementRead, .inventoryRead, .optionRead])
        try add("t12345", "boot", [.deviceBootstrap])
    }

    /// Adds an account whose password is `secret`.
    func add(_ tenant: Name, _ name: Name, _ roles: Set<Role>) throws {
        guard let number = try registry.tenant(id: tenant)?.number else { return }
        var account = Account(tenant: number, name: name, roles: roles)
        account.secret = StoredSecret(hash: "secret")
        let wanted = account
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.add(wanted)
        }
    }

    /// Asks.
    func ask(
        _ method: SealHTTP.Method,
        _ target: String,
        _ json: String? = nil,
        as user: String? = "t12345/admin",
        type: String = "application/json",
        fields: [(String, String)] = [("Accept", "*/*")],
        chain: [PresentedCertificate] = [],
        host: String = "iot.example.com"
    ) -> Reply {
        ask(
            method,
            target,
            body: json.map { Array($0.utf8) } ?? [],
            as: user,
            type: json == nil ? nil : type,
            fields: fields,
            chain: chain,
            host: host
        )
    }

    /// Asks with a body of bytes.
    func ask(
        _ method: SealHTTP.Method,
        _ target: String,
        body: [UInt8],
        as user: String? = "t12345/admin",
        type: String?,
        fields: [(String, String)] = [("Accept", "*/*")],
        chain: [PresentedCertificate] = [],
        host: String = "iot.example.com"
    ) -> Reply {
        var all: Fields = ["Host": host]
        for (name, value) in fields { all.append(name, value) }
        if let user {
            let text = Base64.encode(Array("\(user):secret".utf8))
            all.append("Authorization", "Basic \(text)")
        }
        if let type { all.append("Content-Type", type) }
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        let request = AdminRequest(
            method,
            parts[0],
            query: parts.count > 1 ? parts[1] : nil,
            fields: all,
            body: body,
            chain: chain,
            peerAddress: "192.0.2.7"
        )
        return Reply(api.handle(request))
    }
}

/// What came back.
struct Reply {
    let response: Response

    init(_ response: Response) { self.response = response }

    var status: Int { response.status.code }
    var type: String? { response.fields["Content-Type"] }
    var text: String { String(decoding: response.body, as: UTF8.self) }
    /// The body as JSON; null when it is none.
    var json: JSONValue { (try? JSONValue(parsing: response.body)) ?? .null }
    /// The reason of a refusal.
    var reason: String? { json["reason"]?.text }
    /// How many connections were ended.
    var ended: String? { response.fields[Call.endedField] }
}

/// Remembers what was noted.
final class NotedSessions: SessionControl, @unchecked Sendable {
    private let noted = Locked<[DecisionRecord]>([])

    var all: [DecisionRecord] { noted.withLock { $0 } }

    func sessions(tenant: UInt32, _ page: PageRequest) -> Page<SessionRecord> {
        Page(items: [], hasMore: false, total: 0)
    }
    func kick(tenant: UInt32, clientID: Name, forgets: Bool) -> Int { 0 }
    func decisions(tenant: UInt32, about: Name, limit: Int) -> [DecisionRecord] {
        all.filter { $0.tenant == tenant && $0.user == about }
    }
    func note(_ decision: DecisionRecord) { noted.withLock { $0.append(decision) } }
}
