// SPDX-License-Identifier: Apache-2.0
// Handshakes that succeed: versions, modes, keys, names; and what the two sides learn.

import SealPKI
import Testing

@testable import SealNet

@Suite("A TLS handshake")
struct HandshakeTests {
    @Test("succeeds in every mode and version", arguments: TLSVersion.allCases)
    func modes(version: TLSVersion) throws {
        let town = try Town()
        let server = try town.identity(.server, "broker")
        let device = try town.identity(.device, "device-1")
        for mode in ClientCertificateMode.allCases {
            let context = try serverContext([server], trust: town.trust) {
                $0.clientCertificates = mode
                $0.maximumVersion = version
                $0.minimumVersion = version
            }
            let client = try clientContext(trust: town.trust, identity: device)
            let talk = try Conversation(context, client)
            let peers = try #require(talk.shakeHands().peers)
            #expect(peers.server.version == version)
            #expect(peers.client.version == version)
            #expect((peers.server.certificate != nil) == (mode != .off))
            #expect(peers.server.sni == "localhost")
            if let shown = peers.server.certificate {
                #expect(shown.isVerified)
                #expect(shown.fingerprint == device.chain[0].fingerprint)
                #expect(try shown.certificate.commonNames() == ["device-1"])
                #expect(shown.sentAuthorities.isEmpty)
            }
            #expect(peers.client.certificate?.isVerified == true)
            for count in [1, 16_384, 16_385, 100_000] {
                let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
                #expect(talk.carry(bytes, toServer: true) == bytes)
                #expect(talk.carry(bytes, toServer: false) == bytes)
            }
        }
    }

    @Test("prefers AES-128 and lets a listener have its own list")
    func suites() throws {
        let town = try Town()
        let server = try town.identity(.server, "broker")
        let client = try clientContext(trust: town.trust) {
            $0.ciphersuites = "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"
        }
        let first = try Conversation(try serverContext([server]), client).shakeHands()
        #expect(first.peers?.server.cipher.description == "TLS_AES_128_GCM_SHA256")
        let own = try serverContext([server]) { $0.ciphersuites = "TLS_AES_256_GCM_SHA384" }
        let second = try Conversation(own, client).shakeHands()
        #expect(second.peers?.client.cipher.description == "TLS_AES_256_GCM_SHA384")
    }

    @Test(
        "authenticates devices with every kind of key, on servers with every kind of key",
        arguments: [KeyKind.p256, .p384, .rsa2048, .ed25519],
        [TLSVersion.tls12, .tls13]
    )
    func keys(kind: KeyKind, version: TLSVersion) throws {
        let town = try Town(key: try PrivateKey.generate(kind))
        let device = try town.identity(.device, "device", key: kind)
        let server = try town.identity(.server, "broker", key: kind)
        let context = try serverContext([server], trust: town.trust) {
            $0.clientCertificates = .require
            $0.maximumVersion = version
        }
        let client = try clientContext(trust: town.trust, identity: device)
        let talk = try Conversation(context, client)
        let peers = try #require(talk.shakeHands().peers)
        #expect(peers.server.certificate?.isVerified == true)
        #expect(talk.carry([1, 2, 3], toServer: true) == [1, 2, 3])
    }

    @Test("works on a listener for elliptic keys only, and falls back when a key is another")
    func ellipticOnly() throws {
        for kind in [KeyKind.p256, .rsa2048] {
            let town = try Town(key: try PrivateKey.generate(kind))
            let server = try town.identity(.server, "broker", key: kind)
            let device = try town.identity(.device, "device", key: kind)
            let context = try serverContext([server], trust: town.trust) {
                $0.clientCertificates = .require
                $0.isEllipticOnly = true
            }
            let client = try clientContext(trust: town.trust, identity: device)
            #expect(try Conversation(context, client).shakeHands().peers != nil)
        }
    }

    @Test("picks the certificate by the name asked for, exact before wildcard, else the first")
    func names() throws {
        let town = try Town()
        let context = try serverContext([
            try town.identity(.server, "first", dns: ["localhost"]),
            try town.identity(.server, "wild", dns: ["*.example.test"]),
            try town.identity(.server, "exact", dns: ["one.example.test"]),
        ])
        let client = try clientContext(trust: town.trust) { $0.checksName = false }
        for (host, expected) in [
            ("localhost", "first"), ("two.example.test", "wild"), ("ONE.example.test", "exact"),
            ("a.b.example.test", "first"), ("127.0.0.1", "first"), ("elsewhere.test", "first"),
        ] {
            let talk = try Conversation(context, client, host: host)
            let peers = try #require(talk.shakeHands().peers, "\(host)")
            #expect(try peers.client.certificate?.certificate.commonNames() == [expected])
            #expect(peers.server.sni == (host == "127.0.0.1" ? nil : host))
        }
    }

    @Test("picks the certificate by the names that the settings give it, instead of its own")
    func givenNames() throws {
        let town = try Town()
        let context = try serverContext([
            try town.identity(.server, "first", dns: ["localhost"]),
            try town.identity(.server, "second", dns: ["own.test"]),
        ]) { $0.serverNames = [[], ["Given.test", "*.given.test"]] }
        let client = try clientContext(trust: town.trust) { $0.checksName = false }
        for (host, expected) in [
            ("given.test", "second"), ("a.given.test", "second"), ("own.test", "first"),
            ("localhost", "first"),
        ] {
            let talk = try Conversation(context, client, host: host)
            let peers = try #require(talk.shakeHands().peers, "\(host)")
            #expect(try peers.client.certificate?.certificate.commonNames() == [expected])
        }
    }

    @Test("offers a second certificate with another kind of key for the same names")
    func twoKinds() throws {
        let town = try Town()
        let context = try serverContext([
            try town.identity(.server, "rsa", key: .rsa2048),
            try town.identity(.server, "ec", key: .p256),
        ])
        for (cipher, expected) in [
            ("ECDHE-RSA-AES128-GCM-SHA256", "rsa"), ("ECDHE-ECDSA-AES128-GCM-SHA256", "ec"),
        ] {
            let client = try clientContext(trust: town.trust) {
                $0.maximumVersion = .tls12
                $0.ciphers = cipher
            }
            let peers = try #require(try Conversation(context, client).shakeHands().peers)
            #expect(try peers.client.certificate?.certificate.commonNames() == [expected])
        }
    }

    @Test("agrees on an application protocol, the server's best first")
    func alpn() throws {
        let town = try Town()
        let server = try town.identity(.server, "broker")
        let context = try serverContext([server]) { $0.alpn = ["mqtt", "http/1.1"] }
        let both = try clientContext(trust: town.trust) { $0.alpn = ["http/1.1", "mqtt"] }
        let peers = try #require(try Conversation(context, both).shakeHands().peers)
        #expect(peers.server.alpn == "mqtt" && peers.client.alpn == "mqtt")
        let none = try clientContext(trust: town.trust)
        #expect(try Conversation(context, none).shakeHands().peers?.server.alpn == nil)
        let other = try clientContext(trust: town.trust) { $0.alpn = ["x"] }
        #expect(try Conversation(context, other).shakeHands().serverCode == .alpn)
    }

    @Test("lets a client trust a server's own certificate that is no authority")
    func pinned() throws {
        let made = try CertificateAuthority.makeSelfSigned(
            CertificateOrder(
                subject: DistinguishedName(commonName: "alone"),
                names: SubjectNames(dns: ["localhost"]),
                purpose: .server,
                days: 30
            )
        )
        let server = TLSIdentity(chain: [made.certificate], key: made.key, file: "alone")
        #expect(!made.certificate.isAuthority)
        let context = try serverContext([server])
        let client = try clientContext(trust: [made.certificate])
        let peers = try #require(try Conversation(context, client).shakeHands().peers)
        #expect(peers.client.certificate?.isVerified == true)
        let stranger = try clientContext(trust: try Town().trust)
        #expect(
            try Conversation(context, stranger).shakeHands().clientCode == .unknownAuthority
        )
    }

    @Test("without checking the chain lets anything through and says what is wrong with it")
    func unchecked() throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "broker")])
        let client = try clientContext(trust: []) { $0.checksChain = false }
        let peers = try #require(
            try Conversation(context, client, host: "wrong.test").shakeHands().peers
        )
        #expect(peers.client.certificate?.isVerified == false)
        #expect(peers.client.certificate?.refusal?.code == .unknownAuthority)
    }

    @Test("gives the session back after TLS 1.3, and the connection still works")
    func swap() throws {
        try #require(SessionSwap.method != nil, "the start-up check failed on this OpenSSL")
        let town = try Town()
        let server = try town.identity(.server, "broker")
        let device = try town.identity(.device, "device")
        for swaps in [true, false] {
            let context = try serverContext([server], trust: town.trust, swaps: swaps) {
                $0.clientCertificates = .require
            }
            let client = try clientContext(trust: town.trust, identity: device)
            let talk = try Conversation(context, client)
            #expect(talk.shakeHands().peers?.server.certificate?.isVerified == true)
            #expect(talk.server.holdsPeerCertificate != swaps)
            #expect(talk.carry([7], toServer: true) == [7])
            #expect(talk.server.updateKeys(using: talk.serverBuffers))
            #expect(talk.carry([8], toServer: true) == [8])
        }
    }

    @Test("sends no ticket")
    func tickets() throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "broker")])
        let talk = try Conversation(context, try clientContext(trust: town.trust))
        #expect(talk.shakeHands().peers != nil)
        #expect(talk.serverBuffers.outputCount == 0)
    }

    @Test("succeeds on several threads at once with one context")
    func threads() async throws {
        let town = try Town()
        let context = try serverContext(
            [
                try town.identity(.server, "one"),
                try town.identity(.server, "two", dns: ["two.test"]),
            ],
            trust: town.trust
        ) { $0.clientCertificates = .require }
        let clients = try (0..<4).map { index in
            try clientContext(
                trust: town.trust,
                identity: town.identity(.device, "device-\(index)")
            )
        }
        let done = try await withThrowingTaskGroup(of: Int.self) { group in
            for client in clients {
                group.addTask {
                    var count = 0
                    for round in 0..<20 {
                        let host = round % 2 == 0 ? "localhost" : "two.test"
                        let talk = try Conversation(context, client, host: host)
                        let peers = talk.shakeHands().peers
                        let isWhole = talk.carry([1, 2, 3], toServer: false) == [1, 2, 3]
                        if peers?.server.certificate?.isVerified == true, isWhole { count += 1 }
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(done == 80)
        #expect(context.verifier.rememberedCount == 4)
    }
}
