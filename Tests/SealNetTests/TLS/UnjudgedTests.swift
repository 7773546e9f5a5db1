// SPDX-License-Identifier: Apache-2.0
// A listener that leaves certificates to the login: whatever is sent comes through, with the key
// proven, and nothing of it stays with the connection.

import SealPKI
import Testing

@testable import SealNet

@Suite("A listener that leaves certificates to the login")
struct UnjudgedTests {
    private let town: Town
    private let server: TLSContext

    init() throws {
        town = try Town()
        server = try serverContext([town.identity(.server, "server")]) { settings in
            settings.clientCertificates = .ask
            settings.judgesClients = false
        }
    }

    private func shown(
        _ identity: TLSIdentity?,
        _ version: TLSVersion = .tls13
    ) throws -> PeerCertificate? {
        let client = try clientContext(trust: town.trust, identity: identity) {
            $0.maximumVersion = version
        }
        let talk = try Conversation(server, client)
        let peers = try #require(talk.shakeHands().peers)
        #expect(talk.carry([1, 2, 3], toServer: true) == [1, 2, 3])
        if version == .tls13, SessionSwap.method != nil {
            #expect(!talk.server.holdsPeerCertificate)
        }
        return peers.server.certificate
    }

    @Test("lets clients without one in", arguments: TLSVersion.allCases)
    func none(version: TLSVersion) throws { #expect(try shown(nil, version) == nil) }

    @Test(
        "lets unknown, expired, future, self-signed ones and those of servers through unjudged",
        arguments: TLSVersion.allCases
    )
    func any(version: TLSVersion) throws {
        let other = try Town("Elsewhere")
        let selfSigned = try CertificateAuthority.makeSelfSigned(
            CertificateOrder(
                subject: DistinguishedName(commonName: "alone"),
                purpose: .device,
                days: 1
            )
        )
        let all = [
            try other.identity(.device, "dev"), try other.identity(.server, "wrong-use"),
            try other.identity(.device, "old", days: 1, notBefore: 1_000_000_000),
            try other.identity(.device, "early", notBefore: 4_000_000_000),
            try other.identity(.device, "rsa", key: .rsa2048),
            TLSIdentity(chain: [selfSigned.certificate], key: selfSigned.key, file: "alone"),
        ]
        for identity in all {
            let certificate = try #require(try shown(identity, version))
            #expect(certificate.certificate == identity.leaf)
            #expect(certificate.fingerprint == identity.leaf?.fingerprint)
            #expect(!certificate.isVerified && !certificate.isJudged)
            #expect(certificate.refusal?.code == .notJudged)
            #expect(certificate.sentAuthorities.isEmpty)
        }
    }

    @Test("hands on everything that was sent, in its order", arguments: TLSVersion.allCases)
    func chain(version: TLSVersion) throws {
        let other = try Town("Elsewhere")
        let made = try other.identity(.device, "dev")
        let stranger = try Town("Nobody")
        var identity = made
        identity.chain += [other.authority.certificate, stranger.authority.certificate]
        let certificate = try #require(try shown(identity, version))
        #expect(
            certificate.sentAuthorities
                == [other.authority.certificate, stranger.authority.certificate]
        )
    }

    @Test("still refuses a client that does not hold the key", arguments: TLSVersion.allCases)
    func possession(version: TLSVersion) throws {
        let identity = try Town("Elsewhere").identity(.device, "dev")
        let client = try clientContext(trust: town.trust, identity: identity) {
            $0.maximumVersion = version
            $0.minimumVersion = version
        }
        // A flipped bit in what the client signs or in its signature ends the handshake.
        var isRefused = false
        for offset in stride(from: 8, to: 400, by: 7) {
            let talk = try Conversation(server, client)
            let ending = talk.shakeHands { turn, bytes in
                guard turn == 2, bytes.count > offset else { return }
                bytes[bytes.count - offset] ^= 1
            }
            if ending.serverCode != nil { isRefused = true }
            #expect(ending.peers == nil)
        }
        #expect(isRefused)
    }

    @Test("needs no authority, also where a certificate must come")
    func required() throws {
        let strict = try serverContext([town.identity(.server, "server")]) { settings in
            settings.clientCertificates = .require
            settings.judgesClients = false
        }
        let identity = try Town("Elsewhere").identity(.device, "dev")
        let known = try clientContext(trust: town.trust, identity: identity)
        #expect(try Conversation(strict, known).shakeHands().peers != nil)
        let nobody = try clientContext(trust: town.trust)
        #expect(try Conversation(strict, nobody).shakeHands().serverCode == .noCertificate)
    }
}
