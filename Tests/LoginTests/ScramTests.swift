// SPDX-License-Identifier: Apache-2.0
// SCRAM-SHA-256: the example of RFC 7677, every way to fail, and what strangers are shown.

import SealBytes
import Testing

@testable import SealBroker
@testable import SealServer
@testable import Stage

@Suite("SCRAM-SHA-256") struct ScramTests {
    // RFC 7677 §3: user "user", password "pencil".
    private static let keys =
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        + "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
        + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    private static let first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    private static let nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    private static let challenge =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    private static let final =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        + "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    private static let signature = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

    private func subject(isKnown: Bool = true) throws -> ScramSubject {
        let principal = Principal(
            name: "user",
            clientID: "c",
            method: .scram,
            listener: "l",
            tenant: Tenant(number: 1, id: "t"),
            policy: .standard
        )
        return ScramSubject(
            keys: try #require(ScramKeys(Self.keys)),
            matches: isKnown ? .success(principal) : .failure(LoginRefusal(.unknownUser)),
            differs: Reason(isKnown ? .badPassword : .unknownUser),
            isKnown: isKnown
        )
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    private func fault(_ first: String) -> ReasonCode? {
        var server = ScramServer()
        do {
            _ = try server.first(Array(first.utf8))
            return nil
        } catch { return error.reason.code }
    }

    private func fault(final: String, first: String = ScramTests.first) throws -> ReasonCode? {
        var server = ScramServer()
        _ = try server.first(Array(first.utf8))
        _ = server.challenge(try subject(), nonce: Array(Self.nonce.utf8))
        do {
            let (_, step) = try server.final(Array(final.utf8), OpenSSLScramDigest())
            guard case .refused(let reasons) = step else { return nil }
            return reasons.first?.code
        } catch { return error.reason.code }
    }

    @Test("the example of RFC 7677, byte for byte")
    func example() throws {
        var server = ScramServer()
        #expect(try server.first(Array(Self.first.utf8)) == "user")
        let challenge = server.challenge(try subject(), nonce: Array(Self.nonce.utf8))
        #expect(text(challenge) == Self.challenge)
        let (message, step) = try server.final(Array(Self.final.utf8), OpenSSLScramDigest())
        #expect(text(message) == Self.signature)
        guard case .accepted(let principal) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(principal.method == .scram)
    }

    @Test("a right proof of somebody unknown, or refused for another reason, is no login")
    func refused() throws {
        for isKnown in [false, true] {
            var server = ScramServer()
            _ = try server.first(Array(Self.first.utf8))
            let subject =
                try isKnown
                ? ScramSubject(
                    keys: subject().keys,
                    matches: .failure(LoginRefusal(.accountDisabled)),
                    differs: Reason(.badPassword),
                    isKnown: true
                ) : subject(isKnown: false)
            _ = server.challenge(subject, nonce: Array(Self.nonce.utf8))
            let (message, step) = try server.final(Array(Self.final.utf8), OpenSSLScramDigest())
            #expect(message.isEmpty)
            guard case .refused(let reasons) = step else {
                Issue.record("\(step)")
                continue
            }
            #expect(reasons.first?.code == (isKnown ? .accountDisabled : .unknownUser))
        }
    }

    @Test(
        "first messages that are taken",
        arguments: [
            "y,,n=user,r=abc", "n,a=user,n=user,r=abc", "n,,n=user,r=abc,x=1",
            "n,,n=a=2Cb=3Dc,r=abc", "n,,n=ü,r=!",
        ]
    )
    func firsts(_ message: String) { #expect(fault(message) == nil) }

    @Test(
        "first messages that end the exchange",
        arguments: [
            ("p=tls-exporter,,n=user,r=abc", .scramChannelBinding),
            ("n,a=other,n=user,r=abc", .scramAuthorization),
            ("n,,m=x,n=user,r=abc", .scramExtension),
            ("", .scramMalformed), ("n", .scramMalformed), ("n,,", .scramMalformed),
            ("x,,n=user,r=abc", .scramMalformed), ("n,b=x,n=user,r=abc", .scramMalformed),
            ("n,,n=,r=abc", .scramMalformed), ("n,,n=user", .scramMalformed),
            ("n,,n=user,r=", .scramMalformed), ("n,,n=us=er,r=abc", .scramMalformed),
            ("n,,n=us=2cer,r=abc", .scramMalformed), ("n,,n=user,r=a b", .scramMalformed),
            ("n,,n=user,r=abc,", .scramMalformed), ("n,,n=user,r=abc,xx", .scramMalformed),
            ("n,,r=abc,n=user", .scramMalformed), ("n,,n=us\u{0}er,r=abc", .scramMalformed),
            ("n,a=,n=user,r=abc", .scramMalformed),
            ("n,,n=user,r=" + String(repeating: "x", count: 513), .scramMalformed),
            ("n,,n=" + String(repeating: "x", count: 4096) + ",r=abc", .scramMalformed),
        ] as [(String, ReasonCode)]
    )
    func badFirsts(_ message: String, _ code: ReasonCode) { #expect(fault(message) == code) }

    @Test("the longest nonce is taken")
    func longNonce() { #expect(fault("n,,n=u,r=" + String(repeating: "x", count: 512)) == nil) }

    @Test("final messages that end the exchange")
    func finals() throws {
        let nonce = "rOprNGfwEbeRWgbNEkqO" + Self.nonce
        let proof = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        #expect(try fault(final: "c=biws,r=\(nonce),\(proof)") == nil)
        let bad: [(String, ReasonCode)] = [
            ("c=eSws,r=\(nonce),\(proof)", .scramChannelBinding),
            ("c=,r=\(nonce),\(proof)", .scramChannelBinding),
            ("c=biws,r=\(nonce)x,\(proof)", .scramNonce),
            ("c=biws,r=rOprNGfwEbeRWgbNEkqO,\(proof)", .scramNonce),
            ("c=biws,r=\(nonce)", .scramMalformed), ("", .scramMalformed),
            ("c=biws,r=\(nonce),p=", .scramMalformed),
            ("c=biws,r=\(nonce),p=AAAA", .scramMalformed),
            ("c=biws,r=\(nonce),\(proof),x=1", .scramMalformed),
            ("r=\(nonce),c=biws,\(proof)", .scramMalformed),
            // An extension changes what is signed.
            ("c=biws,r=\(nonce),x=1,\(proof)", .badPassword),
            (
                "c=biws,r=\(nonce),p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                .badPassword
            ),
        ]
        for (message, code) in bad { #expect(try fault(final: message) == code, "\(message)") }
        // The header of the first message stands in the last one.
        #expect(
            try fault(
                final: "c=biws,r=\(nonce),\(proof)",
                first: "y,,n=user,r=rOprNGfwEbeRWgbNEkqO"
            )
                == .scramChannelBinding
        )
    }

    @Test("messages out of turn end the exchange")
    func order() throws {
        var server = ScramServer()
        #expect(throws: ScramFault.self) {
            try server.final(Array(Self.final.utf8), OpenSSLScramDigest())
        }
        var second = ScramServer()
        #expect(second.challenge(try subject(), nonce: [1]).isEmpty == false)
        _ = second
        var third = ScramServer()
        _ = try third.first(Array(Self.first.utf8))
        #expect(throws: ScramFault.self) { try third.first(Array(Self.first.utf8)) }
        #expect(throws: ScramFault.self) {
            try third.final(Array(Self.final.utf8), OpenSSLScramDigest())
        }
    }

    @Test("cut or changed messages end in a reason or another proof, never in a login")
    func damage() throws {
        let first = Array(Self.first.utf8)
        for count in 0..<first.count {
            var server = ScramServer()
            _ = try? server.first(Array(first.prefix(count)))
        }
        let final = Array(Self.final.utf8)
        for index in final.indices {
            for bit in 0..<8 {
                var changed = final
                changed[index] ^= 1 << UInt8(bit)
                var server = ScramServer()
                _ = try server.first(first)
                _ = server.challenge(try subject(), nonce: Array(Self.nonce.utf8))
                if let (_, step) = try? server.final(changed, OpenSSLScramDigest()),
                    case .accepted = step
                {
                    Issue.record("bit \(bit) of byte \(index)")
                }
            }
            var changed = first
            if index < first.count {
                changed[index] ^= 0x80
                var server = ScramServer()
                _ = try? server.first(changed)
            }
        }
    }

    @Test("stored keys are read within their bounds")
    func storedKeys() {
        let salt = "W22ZaJ0SNY7soEsUEjb6gQ=="
        let key = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
        #expect(ScramKeys("SCRAM-SHA-256$4096:\(salt)$\(key):\(key)") != nil)
        #expect(ScramKeys("SCRAM-SHA-256$10000000:\(salt)$\(key):\(key)") != nil)
        for bad in [
            "", "SCRAM-SHA-1$4096:\(salt)$\(key):\(key)",
            "SCRAM-SHA-256$4095:\(salt)$\(key):\(key)",
            "SCRAM-SHA-256$10000001:\(salt)$\(key):\(key)", "SCRAM-SHA-256$4096:$\(key):\(key)",
            "SCRAM-SHA-256$4096:\(salt)$\(key)", "SCRAM-SHA-256$4096:\(salt)$\(key):AAAA",
            "SCRAM-SHA-256$-1:\(salt)$\(key):\(key)", "SCRAM-SHA-256$4096:\(salt)$\(key):\(key)$",
        ] { #expect(ScramKeys(bad) == nil, "\(bad)") }
    }

    // MARK: Over the registry

    @Test("an account with keys logs in; others are shown a salt that stays the same")
    func registry() throws {
        var login = try LoginCase()
        let acme = login.world.acme
        try login.change { (writer) throws(RegistryError) in
            guard var ann = try writer.directory.account(tenant: acme, name: "ann") else { return }
            ann.secret = StoredSecret(hash: Population.right, scram: Self.keys)
            try writer.replace(ann)
        }
        login.clientID = "c"
        func subject(_ user: Name, secret: UInt8 = 1) -> ScramSubject {
            RegistryLogin.scram(
                user,
                Credentials(clientID: "c"),
                login.rules,
                login.environment,
                secret: [UInt8](repeating: secret, count: 32),
                OpenSSLScramDigest()
            )
        }
        let known = subject("acme/ann")
        #expect(known.isKnown && known.keys.salt.count == 16)
        guard case .success(let principal) = known.matches else {
            Issue.record("\(known.matches)")
            return
        }
        #expect(principal.method == .scram && principal.name == "ann")
        for (user, code): (Name, ReasonCode) in [
            ("acme/nobody", .unknownUser), ("nowhere/ann", .tenantUnknown),
            ("ann", .tenantMissing), ("acme/clerk", .passwordNotSet),
        ] {
            let stranger = subject(user)
            #expect(!stranger.isKnown)
            #expect(stranger.differs.code == code)
            #expect(stranger.keys == subject(user).keys)
            #expect(stranger.keys.salt.count == ScramKeys.saltBytesUsual)
            #expect(stranger.keys.iterations == ScramKeys.iterationsUsual)
            #expect(stranger.keys.salt != subject("\(user)x").keys.salt)
            #expect(stranger.keys.salt != subject(user, secret: 2).keys.salt)
        }
        login.rules.registry.takesPasswords = false
        #expect(subject("acme/ann").differs.code == .passwordsNotTaken)
    }

    @Test("keys that the forge makes are those that the exchange needs")
    func forge() throws {
        let secret = try ScryptForge().hash(chosen: Array("pencil".utf8))
        let keys = try #require(secret.scram.flatMap { ScramKeys($0) })
        #expect(keys.iterations == ScramKeys.iterationsUsual)
        #expect(keys.salt.count == ScramKeys.saltBytesUsual)
    }
}
