// SPDX-License-Identifier: Apache-2.0
// The smaller cryptographic adapters: what is stored of secrets, the vault, lists of files.

import SealAdmin
import SealBytes
import SealPKI
import Testing

@testable import SealBroker
@testable import SealServer

@Suite("What is stored of a secret")
struct ScryptForgeTests {
    private let forge = ScryptForge()
    private let check = OpenSSLPasswordCheck()

    @Test("fits the password that was chosen, by scrypt and by SCRAM, and no other")
    func chosen() throws {
        let stored = try forge.hash(chosen: Array("correct horse".utf8))
        let hash = try #require(PasswordHash(stored.hash))
        guard case .scrypt(14, 8, 1, let salt, let key) = hash else {
            Issue.record("\(stored.hash)")
            return
        }
        #expect(salt.count == 16 && key.count == 32)
        #expect(check.matches(Array("correct horse".utf8), hash))
        #expect(!check.matches(Array("correct horsf".utf8), hash))
        #expect(stored.scram.flatMap(ScramKeys.init) != nil)
    }

    @Test("fits the generated one by a salted digest, and SCRAM")
    func generated() throws {
        let secret = try forge.generate()
        #expect(secret.utf8.count == 32)
        #expect(secret.utf8.allSatisfy { "abcdefghijklmnopqrstuvwxyz234567".utf8.contains($0) })
        #expect(try forge.generate() != secret)
        let stored = try forge.hash(generated: Array(secret.utf8))
        let hash = try #require(PasswordHash(stored.hash))
        guard case .salted = hash else {
            Issue.record("\(stored.hash)")
            return
        }
        #expect(check.matches(Array(secret.utf8), hash))
        #expect(!check.matches(Array(secret.utf8.dropLast()), hash))
        #expect(stored.scram.flatMap(ScramKeys.init) != nil)
    }

    @Test("of another program is read, too")
    func foreign() throws {
        // Python's hashlib.scrypt and hashlib.sha256.
        let slow = try #require(
            PasswordHash(
                "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$"
                    + "JbN2hANm9NOw4h5BRHZnbjzQ6Jr0QwNWojTOC2WgIbU"
            )
        )
        #expect(check.matches(Array("correct horse".utf8), slow))
        let quick = try #require(
            PasswordHash(
                "$sha256$AAECAwQFBgcICQoLDA0ODw$Z1V8DYYXnEUZnwlthbeusrizS/QjxAO6UX9yvMWRPEw"
            )
        )
        #expect(check.matches(Array("secret".utf8), quick))
        #expect(!check.matches(Array("Secret".utf8), quick))
    }

    @Test("is not made dearer than a server can pay for, nor of what is no password")
    func limits() throws {
        let tail = "$AAECAwQFBgcICQoLDA0ODw$JbN2hANm9NOw4h5BRHZnbjzQ6Jr0QwNWojTOC2WgIbU"
        for good in ["ln=16,r=8,p=1", "ln=14,r=8,p=16", "ln=1,r=1,p=1"] {
            #expect(PasswordHash("$scrypt$\(good)\(tail)") != nil, "\(good)")
        }
        for bad in [
            "ln=17,r=8,p=1", "ln=16,r=8,p=17", "ln=21,r=1,p=1", "ln=0,r=8,p=1", "ln=14,r=8",
            "ln=14,r=8,p=1,x=1", "r=8,ln=14,p=1", "ln=14,r=-8,p=1", "ln=99999999999,r=8,p=1",
        ] {
            #expect(PasswordHash("$scrypt$\(bad)\(tail)") == nil, "\(bad)")
        }
        #expect(PasswordHash("$scrypt$ln=14,r=8,p=1$AAEC$AAEC") == nil)
        #expect(PasswordHash("$sha256$AAECAwQFBgcICQoLDA0ODw$AAEC") == nil)
        #expect(throws: RegistryError(.invalid, "a password has 1 to 1024 bytes")) {
            try forge.hash(chosen: [])
        }
        #expect(throws: RegistryError.self) {
            try forge.hash(chosen: [UInt8](repeating: 65, count: 1025))
        }
    }

    @Test("for SCRAM is what RFC 7677 §3 computes with")
    func scram() throws {
        let salt = try #require(SealBytes.Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
        let text = try ScramSecret.make(Array("pencil".utf8), salt: salt, iterations: 4096)
        let keys = try #require(ScramKeys(text))
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        let spoken =
            "n=user,r=rOprNGfwEbeRWgbNEkqO,r=\(nonce),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,"
            + "r=\(nonce)"
        let digest = OpenSSLScramDigest()
        let signature = try #require(digest.hmac(key: keys.serverKey, Array(spoken.utf8)))
        #expect(
            SealBytes.Base64.encode(signature) == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        )
        let client = try #require(digest.hmac(key: keys.storedKey, Array(spoken.utf8)))
        let proof = try #require(
            SealBytes.Base64.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        )
        let shown = try #require(digest.sha256(zip(proof, client).map { $0 ^ $1 }))
        #expect(digest.equals(shown, keys.storedKey))
    }
}

@Suite("The vault")
struct SealedVaultTests {
    @Test("opens what it sealed, and nothing else")
    func seals() throws {
        let vault = try SealedVault(VaultKey.generate())
        let sealed = try vault.seal([1, 2, 3])
        #expect(vault.open(sealed) == [1, 2, 3])
        #expect(vault.open(sealed.reversed()) == nil && vault.open([]) == nil)
        #expect(try SealedVault(VaultKey.generate()).open(sealed) == nil)
        let tooMuch = [UInt8](repeating: 0, count: SealedBox.bytesMax + 1)
        #expect(throws: RegistryError.self) { try vault.seal(tooMuch) }
    }
}

@Suite("Revocation lists of files")
struct ListedRevocationsTests {
    private let town: JudgeTown

    init() throws { town = try JudgeTown() }

    @Test("tell who is revoked and whose list is overdue, and what a newer list takes away")
    func lists() throws {
        let now = JudgeTown.now
        let first = PresentedCertificate(
            taking: try town.root.issue(JudgeTown.order("a")).certificate
        )
        let second = PresentedCertificate(
            taking: try town.root.issue(JudgeTown.order("b")).certificate
        )
        func mark(_ one: PresentedCertificate) -> CertificateMark {
            CertificateMark(serial: one.serial, issuerKey: one.issuerKey)
        }
        let old = try ListedRevocations([
            town.root.revocationList(revoking: [first.serial.text], days: 7, now: now)
        ])
        #expect(old.finding(mark(first), now: now) == .revoked)
        #expect(old.finding(mark(second), now: now) == .fine)
        let due = now + 7 * 86_400
        #expect(old.finding(mark(second), now: due) == .fine)
        #expect(old.finding(mark(second), now: due + 1) == .overdue(since: due))
        #expect(old.finding(mark(first), now: due + 1) == .revoked)
        #expect(old.firstDue == due)
        let stranger = CertificateMark(serial: first.serial, issuerKey: [1])
        #expect(old.finding(stranger, now: due + 1) == .fine)
        let newer = try ListedRevocations([
            town.root.revocationList(
                revoking: [first.serial.text, second.serial.text],
                days: 7,
                now: now + 60
            )
        ])
        #expect(newer.newlyRevoked(since: old) == [mark(second)])
        #expect(newer.newlyRevoked(since: ListedRevocations()).count == 2)
        #expect(old.newlyRevoked(since: newer).isEmpty)
    }
}
