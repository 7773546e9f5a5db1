// SPDX-License-Identifier: Apache-2.0
// The administration over the true login and the true tokens, without a port: the population of the
// logins' table, and a forge that lets something else happen while a password is hashed.

import SealBytes
import SealHTTP
import SealPKI
import Testing

@testable import SealAdmin
@testable import SealBroker
@testable import SealServer
@testable import SealStore

/// Something that happens once, at a place where a true program takes its time.
final class Interruption: Sendable {
    private let body = Locked<(@Sendable () -> Void)?>(nil)

    /// Says what happens the next time.
    func set(_ body: @escaping @Sendable () -> Void) { self.body.withLock { $0 = body } }

    /// This is the place.
    func happen() {
        let body = body.withLock { body in
            defer { body = nil }
            return body
        }
        body?()
    }
}

/// A forge that is interrupted: what happens while it hashes, happens between reading and writing.
struct InterruptedForge: SecretForge {
    let forge = QuickForge()
    let interruption = Interruption()

    /// Happens once, while the next secret is made.
    func interrupt(_ body: @escaping @Sendable () -> Void) { interruption.set(body) }

    func hash(chosen password: [UInt8]) throws(RegistryError) -> StoredSecret {
        interruption.happen()
        return try forge.hash(chosen: password)
    }

    func hash(generated secret: [UInt8]) throws(RegistryError) -> StoredSecret {
        interruption.happen()
        return try forge.hash(generated: secret)
    }

    func generate() throws(RegistryError) -> String { try forge.generate() }
}

/// A vault that is interrupted when it seals or opens.
struct InterruptedVault: Vault {
    let vault = PlainVault()
    let interruption = Interruption()

    func seal(_ bytes: [UInt8]) throws(RegistryError) -> [UInt8] {
        interruption.happen()
        return try vault.seal(bytes)
    }

    func open(_ sealed: [UInt8]) -> [UInt8]? {
        interruption.happen()
        return vault.open(sealed)
    }
}

/// Hashes that are compared in no time.
struct QuickForge: SecretForge {
    func hash(chosen password: [UInt8]) throws(RegistryError) -> StoredSecret {
        do {
            return StoredSecret(hash: try Passwords.makeSalted(password))
        } catch {
            throw RegistryError(.storage, error.reason)
        }
    }

    func hash(generated secret: [UInt8]) throws(RegistryError) -> StoredSecret {
        try hash(chosen: secret)
    }

    func generate() throws(RegistryError) -> String {
        do {
            return Hex.encode(try Cryptography.randomBytes(20))
        } catch {
            throw RegistryError(.storage, error.reason)
        }
    }
}

/// Remembers what was told.
final class Told: Sendable {
    private let changes = Locked<[IdentityChange]>([])

    var all: [IdentityChange] { changes.withLock { $0 } }

    func add(_ more: [IdentityChange]) { changes.withLock { $0 += more } }
}

/// An administration over a login case.
///
/// Everybody's password is `right`.
final class TrueDesk: @unchecked Sendable {
    let world: LoginCase
    let forge = InterruptedForge()
    let vault = InterruptedVault()
    /// Between a login and the call that it is for.
    let afterLogin = Interruption()
    let sessions = NotedSessions()
    /// Every change that was told to those who are connected.
    let told = Told()
    let api: AdminAPI

    init() throws {
        let world = try LoginCase()
        self.world = world
        world.registry.observe { [told] changes in
            told.add(changes)
            var effect = ChangeEffect()
            effect.endedConnections = changes.count { $0.isWithdrawal }
            return effect
        }
        var rules = AccessRules()
        rules.source = .registry
        rules.registry.needsMessagingRole = false
        api = AdminAPI(
            AdminContext(
                environment: world.environment,
                vault: vault,
                forge: forge,
                sessions: sessions,
                login: { [rules, afterLogin, environment = world.environment] credentials in
                    defer { afterLogin.happen() }
                    return RegistryLogin.run(
                        credentials,
                        rules,
                        environment,
                        OpenSSLPasswordCheck()
                    )
                }
            )
        )
    }

    var registry: SQLiteRegistry { world.registry }

    /// How somebody calls.
    enum Proof {
        case nobody
        case password(String, String)
        case token(String)

        static let chief = Proof.password("acme/chief", "right")
        static let ann = Proof.password("acme/ann", "right")
    }

    func ask(
        _ method: SealHTTP.Method,
        _ target: String,
        _ json: String? = nil,
        by proof: Proof = .chief,
        type: String = "application/json",
        chain: [PresentedCertificate] = []
    ) -> Reply {
        var fields: Fields = ["Host": "iot.example.com", "Accept": "*/*"]
        switch proof {
        case .nobody: break
        case .password(let user, let password):
            let text = Base64.encode(Array("\(user):\(password)".utf8))
            fields.append("Authorization", "Basic \(text)")
        case .token(let token): fields.append("Authorization", "Bearer \(token)")
        }
        if json != nil { fields.append("Content-Type", type) }
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        return Reply(
            api.handle(
                AdminRequest(
                    method,
                    parts[0],
                    query: parts.count > 1 ? parts[1] : nil,
                    fields: fields,
                    body: json.map { Array($0.utf8) } ?? [],
                    chain: chain,
                    peerAddress: "192.0.2.7"
                )
            )
        )
    }

    /// The token a connected device is given for a `71`.
    func issue(_ principal: Principal) throws(RegistryError) -> String {
        guard case .token(let token) = token(principal) else {
            throw RegistryError(.invalid, "no token")
        }
        return token
    }

    /// What a `71` is answered.
    func token(_ principal: Principal) -> ServiceAnswer {
        DeviceTokenService(environment: world.environment).answer(principal)
    }

    /// The claims of the token a connected device is given.
    func claims(_ principal: Principal) throws(RegistryError) -> TokenClaims? {
        let token = try issue(principal)
        guard case .success(let claims) = world.tokens.judge(token, now: TestCertificates.now)
        else { return nil }
        return claims
    }

    func account(_ name: String, tenant: String = "acme") throws -> Account {
        let number = try #require(try registry.tenant(id: tenant)).number
        return try #require(try registry.account(tenant: number, name: name))
    }

    func device(_ identifier: String) throws -> Device {
        try #require(try registry.device(tenant: world.world.acme, identifier: identifier))
    }
}
