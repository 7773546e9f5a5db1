// SPDX-License-Identifier: Apache-2.0
// Tokens of devices and sessions: what they say, who signs them, when they are given again, and
// when keys take turns.

import Foundation
import SealBytes
import SealPKI
import SealStore
import Testing

@testable import SealBroker
@testable import SealServer

/// A clock that a test sets.
private final class TestClock: Sendable {
    private let seconds: Locked<Int64>

    init(_ start: Int64) { seconds = Locked(start) }

    var now: Int64 {
        get { seconds.withLock { $0 } }
        set { seconds.withLock { $0 = newValue } }
    }
}

@Suite("The office of tokens")
struct TokenOfficeTests {
    private let clock = TestClock(1_800_000_000)
    private let registry: SQLiteRegistry
    private let vault: SealedVault
    private let office: RegistryTokenOffice

    init() throws {
        registry = try SQLiteRegistry(path: ":memory:")
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            _ = try writer.add(Tenant(id: "management"))
            _ = try writer.add(Tenant(id: "t12345", domain: "iot.example"))
            _ = try writer.add(Tenant(id: "t2"))
        }
        vault = try SealedVault(VaultKey.generate())
        office = Self.office(registry, vault, clock)
    }

    private static func office(
        _ registry: SQLiteRegistry,
        _ vault: SealedVault,
        _ clock: TestClock
    ) -> RegistryTokenOffice {
        RegistryTokenOffice(registry: registry, vault: vault, clock: { clock.now })
    }

    private func claims(_ life: Int64 = 3600, tenant: Name = "t12345") -> TokenClaims {
        TokenClaims(
            tokenID: "",
            tenantID: tenant,
            subject: "device_dev1",
            issuedAt: clock.now,
            expiresAt: clock.now + life,
            use: "device"
        )
    }

    private func code(_ token: String, now: Int64? = nil) -> ReasonCode? {
        if case .failure(let refusal) = office.judge(token, now: now ?? clock.now) {
            return refusal.reason.code
        }
        return nil
    }

    private func body(_ token: String) throws -> JSONValue {
        let parts = token.split(separator: ".")
        let bytes = try #require(SealBytes.Base64.decode(parts[1], .urlSafe))
        return try JSONValue(parsing: bytes)
    }

    @Test("writes the claims that Cumulocity's devices know, and its own")
    func cumulocityClaims() throws {
        let token = try office.issue(claims())
        let said = try body(token)
        let now = clock.now
        #expect(said["jti"] == .null && said["tfa"] == false)
        #expect(said["iss"] == "iot.example" && said["aud"] == "iot.example")
        #expect(said["sub"] == "device_dev1" && said["tci"] == "device_token_config")
        #expect(said["iat"]?.int64 == now && said["nbf"]?.int64 == now)
        #expect(said["exp"]?.int64 == now + 3600 && said["ten"] == "t12345")
        #expect(said["xsrfToken"]?.text?.isEmpty == false)
        let other = try body(try office.issue(claims()))
        #expect(said["xsrfToken"] != other["xsrfToken"] && said["token_id"] != other["token_id"])
        #expect(try body(try office.issue(claims(tenant: "t2")))["iss"] == "t2")
        guard case .success(let read) = office.judge(token, now: now) else {
            Issue.record("refused")
            return
        }
        #expect(read.tokenID == said["token_id"]?.name && read.use == "device")
        #expect(read.tenantID == "t12345" && read.subject == "device_dev1")
    }

    @Test("takes tokens in their time only, and none that another key signed")
    func judging() throws {
        let token = try office.issue(claims())
        let now = clock.now
        #expect(code(token) == nil && code(token, now: now + 3599) == nil)
        #expect(code(token, now: now + 3600) == .tokenExpired)
        #expect(
            code(token, now: now - 60) == nil && code(token, now: now - 61) == .tokenNotYetValid
        )
        #expect(code("") == .tokenMalformed && code("a.b.c") == .tokenMalformed)
        let forger = try WebSigningKey(PrivateKey.generate())
        #expect(code(try forger.sign(["sub": "x"])) == .tokenKeyUnknown)
        let id = try #require(try registry.signingKeys().first).id
        let imitation = try WebSigningKey(PrivateKey.generate(), id: id)
        #expect(code(try imitation.sign(["sub": "x"])) == .tokenSignature)
        var parts = token.split(separator: ".").map(String.init)
        parts[1] = SealBytes.Base64.encode(Array(#"{"sub":"admin"}"#.utf8), .urlSafe)
        #expect(code(parts.joined(separator: ".")) == .tokenSignature)
        let unsigned = SealBytes.Base64.encode(Array(#"{"alg":"none"}"#.utf8), .urlSafe)
        #expect(code("\(unsigned).\(parts[1]).") == .tokenMalformed)
    }

    @Test("refuses its own signature over claims that lack something or are of another kind")
    func claimKinds() throws {
        _ = try office.issue(claims())
        let record = try #require(try registry.signingKeys().first)
        let pem = try #require(vault.open(record.sealed))
        let signer = try WebSigningKey(PrivateKey(pem: pem), id: record.id)
        let good = try #require(
            try body(try office.issue(claims())).members
        )
        #expect(code(try signer.sign(good)) == nil)
        for name in ["sub", "ten", "iat", "nbf", "exp", "token_id", "token_use"] {
            var changed = good
            changed[name] = nil
            #expect(code(try signer.sign(changed)) == .tokenMalformed, "\(name)")
            changed[name] = ["x"]
            #expect(code(try signer.sign(changed)) == .tokenMalformed, "\(name)")
        }
        var fraction = good
        fraction["exp"] = .real(Double(clock.now) + 0.5)
        #expect(code(try signer.sign(fraction)) == .tokenMalformed)
        var endless = good
        endless["exp"] = .integer(.max)
        endless["nbf"] = .integer(.min)
        #expect(code(try signer.sign(endless)) == nil)
    }

    @Test("gives a device the same token until half of its life has passed, then a new one")
    func halfLife() throws {
        func ask(_ life: Int64 = 3600) throws -> String {
            try office.deviceToken(
                tenantID: "t12345",
                subject: "device_dev1",
                lifeSeconds: life,
                now: clock.now
            )
        }
        let first = try ask()
        clock.now += 1799
        #expect(try ask() == first)
        clock.now += 1
        let second = try ask()
        #expect(second != first && code(first) == nil && code(second) == nil)
        // A life that was made shorter counts at once.
        let short = try ask(300)
        #expect(short != second)
        #expect(try ask(300) == short)
        // Another device, and the same one of another tenant, have their own.
        let other = try office.deviceToken(
            tenantID: "t2",
            subject: "device_dev1",
            lifeSeconds: 300,
            now: clock.now
        )
        #expect(other != short)
        // One that was withdrawn is not given again.
        let id = try #require(try body(short)["token_id"]?.name)
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            try writer.withdrawToken(id: id, tenant: 2, expiresAt: clock.now + 300)
        }
        #expect(try ask(300) != short)
    }

    @Test("bounds the life of tokens, from one second to what keys are kept for")
    func lives() throws {
        let most = RegistryTokenOffice.Rotation().lifeSecondsMax
        _ = try office.issue(claims(most))
        for life in [0, -1, most + 1, Int64.max - 2_000_000_000] {
            #expect(throws: RegistryError.self) { try office.issue(claims(life)) }
        }
    }

    @Test("lets keys take turns, and keeps an old one until its last token has ended")
    func rotation() throws {
        let day: Int64 = 86_400
        let first = try office.issue(claims(29 * day))
        let key = try #require(try registry.signingKeys().first)
        clock.now += 30 * day - 1
        _ = try office.issue(claims())
        #expect(try registry.signingKeys().map(\.id) == [key.id])
        let last = try office.issue(claims(30 * day))
        clock.now += 1
        let after = try office.issue(claims())
        let keys = try registry.signingKeys()
        #expect(keys.count == 2 && keys.first?.id != key.id && keys.first?.retiredAt == 0)
        #expect(code(first) == .tokenExpired && code(last) == nil && code(after) == nil)
        // Another process with the same registry and vault reads them all.
        let again = Self.office(registry, vault, clock)
        guard case .success = again.judge(last, now: clock.now) else {
            Issue.record("refused")
            return
        }
        clock.now += 29 * day
        #expect(code(last) == nil)
        clock.now += 2 * day
        #expect(code(last) == .tokenKeyUnknown)
        _ = try office.issue(claims())
        #expect(try registry.signingKeys().contains { $0.id == key.id } == false)
    }

    @Test("publishes the public halves of its keys, and nothing of the private ones")
    func keySet() throws {
        let token = try office.issue(claims())
        let set = try JSONValue(parsing: Array(try office.keySet().utf8))
        let keys = try #require(set["keys"]?.elements)
        #expect(keys.count == 1 && keys[0]["d"] == nil && keys[0]["alg"] == "ES256")
        let verifier = try WebKey(json: keys[0])
        #expect(try WebToken(reading: token).isSigned(by: verifier))
        clock.now += 31 * 86_400
        _ = try office.issue(claims())
        let later = try JSONValue(parsing: Array(try office.keySet().utf8))
        #expect(later["keys"]?.elements?.count == 2)
    }

    @Test("does not begin with keys that another vault sealed")
    func otherVault() throws {
        _ = try office.issue(claims())
        let other = Self.office(registry, try SealedVault(VaultKey.generate()), clock)
        #expect(throws: RegistryError.self) { try other.issue(claims()) }
        guard case .failure(let refusal) = other.judge("e30.e30.AA", now: 0) else { return }
        #expect(refusal.reason.code == .tokenMalformed)
    }

    @Test("is used by many threads at once, with one key")
    func threads() throws {
        let group = DispatchGroup()
        let tokens = Locked<[String]>([])
        for _ in 0..<8 {
            DispatchQueue.global().async(group: group) {
                for _ in 0..<20 {
                    if let one = try? office.issue(claims()) { tokens.withLock { $0.append(one) } }
                }
            }
        }
        group.wait()
        let all = tokens.withLock { $0 }
        #expect(all.count == 160 && all.allSatisfy { code($0) == nil })
        #expect(try registry.signingKeys().count == 1)
    }
}
