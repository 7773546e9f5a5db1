// SPDX-License-Identifier: Apache-2.0
// Handshakes that fail, each with its code and a sentence a person can act on.

import Glibc
import SealPKI
import Testing

@testable import SealNet

@Suite("A refused TLS handshake")
struct RefusalTests {
    private static let now: Int64 = Int64(time(nil))

    private func refusal(_ ending: Ending) throws -> TLSRefusal {
        switch ending {
        case .serverRefused(let refusal), .clientRefused(let refusal): return refusal
        default: throw TLSError(.cryptography, "nobody refused: \(ending)")
        }
    }

    private func server(
        _ town: Town,
        lists: [RevocationList] = [],
        _ change: (inout TLSSettings) -> Void = { _ in }
    ) throws -> TLSContext {
        try serverContext(
            [try town.identity(.server, "broker")],
            trust: town.trust,
            lists: lists
        ) {
            $0.clientCertificates = .require
            change(&$0)
        }
    }

    private func meet(
        _ context: TLSContext,
        _ town: Town,
        _ device: TLSIdentity?,
        _ change: (inout TLSClientSettings) -> Void = { _ in }
    ) throws -> Ending {
        let client = try clientContext(trust: town.trust, identity: device, change)
        return try Conversation(context, client).shakeHands()
    }

    @Test("names a missing certificate", arguments: TLSVersion.allCases)
    func missing(version: TLSVersion) throws {
        let town = try Town()
        let context = try server(town) { $0.maximumVersion = version }
        #expect(try meet(context, town, nil).serverCode == .noCertificate)
        let relaxed = try server(town) { $0.clientCertificates = .verify }
        #expect(try meet(relaxed, town, nil).peers?.server.certificate == nil)
        #expect(try meet(relaxed, town, nil).peers != nil)
    }

    @Test("says that too many certificates came", arguments: TLSVersion.allCases)
    func tooMany(version: TLSVersion) throws {
        let town = try Town()
        let context = try server(town) { $0.maximumVersion = version }
        let device = try town.identity(.device, "device")
        for (count, isTaken) in [(100, true), (400, false)] {
            let loaded = TLSIdentity(
                chain: device.chain + Array(repeating: town.authority.certificate, count: count),
                key: device.key,
                file: device.file
            )
            let ending = try meet(context, town, loaded)
            #expect(ending.serverCode == (isTaken ? nil : .tooLarge), "\(ending)")
            #expect((ending.peers != nil) == isTaken)
        }
    }

    @Test("names an unknown authority, its depth and names", arguments: TLSVersion.allCases)
    func unknown(version: TLSVersion) throws {
        let town = try Town()
        let stranger = try Town("Strange CA").identity(.device, "spy")
        for mode in [ClientCertificateMode.verify, .require] {
            let context = try server(town) {
                $0.clientCertificates = mode
                $0.maximumVersion = version
            }
            let refused = try refusal(try meet(context, town, stranger))
            #expect(refused.code == .unknownAuthority)
            for part in ["depth 0", "CN=spy", "CN=Strange CA", "add the issuer"] {
                #expect(refused.sentence.contains(part))
            }
        }
        let asking = try server(town) { $0.clientCertificates = .ask }
        let shown = try #require(try meet(asking, town, stranger).peers?.server.certificate)
        #expect(!shown.isVerified)
        #expect(shown.refusal?.code == .unknownAuthority)
        #expect(try shown.certificate.commonNames() == ["spy"])
    }

    @Test("names an expired and a future certificate, unless dates are not checked")
    func dates() throws {
        let town = try Town()
        let day: Int64 = 86_400
        let old = try town.identity(.device, "old", days: 1, notBefore: Self.now - 3 * day)
        let young = try town.identity(.device, "young", days: 9, notBefore: Self.now + day)
        let context = try server(town)
        let refused = try refusal(try meet(context, town, old))
        #expect(refused.code == .certificateExpired)
        #expect(refused.sentence.contains("Z; renew it"))
        #expect(try meet(context, town, young).serverCode == .certificateNotYetValid)
        let lenient = try server(town) { $0.checksClientDates = false }
        #expect(try meet(lenient, town, old).peers != nil)
        #expect(try meet(lenient, town, old).peers != nil)
        #expect(try meet(lenient, town, young).peers != nil)
    }

    @Test("names a revoked certificate, an overdue list, and the issuer whose list is missing")
    func revocation() throws {
        let town = try Town()
        let good = try town.identity(.device, "good")
        let bad = try town.identity(.device, "bad")
        let list = try town.authority.revocationList(revoking: [bad.chain[0].serial])
        let context = try server(town, lists: [list])
        #expect(try meet(context, town, good).peers != nil)
        #expect(try meet(context, town, bad).serverCode == .certificateRevoked)
        let overdue = try town.authority.revocationList(
            revoking: [String](),
            seconds: 60,
            now: Self.now - 3600
        )
        let late = try server(town, lists: [overdue])
        #expect(try meet(late, town, good).serverCode == .crlExpired)
        let other = try Town("Other CA")
        let both = try serverContext(
            [try town.identity(.server, "broker")],
            trust: town.trust + other.trust,
            lists: [list]
        ) { $0.clientCertificates = .require }
        let refused = try refusal(try meet(both, town, try other.identity(.device, "guest")))
        #expect(refused.code == .crlMissing)
        #expect(refused.sentence.contains("no revocation list of \"CN=Other CA,O=Test\""))
    }

    @Test("asks for a list of the leaf's issuer only, and uses those above when they are there")
    func upperLists() throws {
        let town = try Town()
        let made = try town.authority.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "Middle"),
                purpose: .authority,
                days: 30
            )
        )
        let middle = try CertificateAuthority(certificate: made.certificate, key: made.key)
        let leaf = try middle.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "leaf"),
                purpose: .device,
                days: 9
            )
        )
        let device = TLSIdentity(
            chain: [leaf.certificate, made.certificate],
            key: leaf.key,
            file: "leaf"
        )
        let own = try middle.revocationList(revoking: [])
        #expect(try meet(try server(town, lists: [own]), town, device).peers != nil)
        let upper = try town.authority.revocationList(revoking: [made.certificate.serial])
        let refused = try refusal(
            try meet(try server(town, lists: [own, upper]), town, device)
        )
        #expect(refused.code == .certificateRevoked)
        #expect(refused.sentence.contains("depth 1"))
    }

    @Test("names a certificate that is for another use")
    func purpose() throws {
        let town = try Town()
        let context = try server(town)
        let wrong = try town.identity(.server, "server-as-device")
        #expect(try meet(context, town, wrong).serverCode == .purpose)
        let device = try town.identity(.device, "device-as-server")
        let other = try serverContext([device])
        #expect(try meet(other, town, nil).clientCode == .purpose)
    }

    @Test("names a host that the certificate does not carry")
    func wrongName() throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "broker")])
        let client = try clientContext(trust: town.trust)
        let refused = try refusal(
            try Conversation(context, client, host: "wrong.test").shakeHands()
        )
        #expect(refused.code == .wrongName)
        #expect(refused.sentence.contains("\"wrong.test\", only localhost, 127.0.0.1"))
        let address = try Conversation(context, client, host: "127.0.0.2").shakeHands()
        #expect(address.clientCode == .wrongName)
        for host in ["127.0.0.1", "::1", "localhost", "localhost."] {
            #expect(try Conversation(context, client, host: host).shakeHands().peers != nil)
        }
        let relaxed = try clientContext(trust: town.trust) { $0.checksName = false }
        #expect(try Conversation(context, relaxed, host: "wrong.test").shakeHands().peers != nil)
    }

    @Test("names versions that have nothing in common")
    func versions() throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "broker")]) {
            $0.minimumVersion = .tls13
        }
        let ending = try meet(context, town, nil) { $0.maximumVersion = .tls12 }
        #expect(ending.serverCode == .version)
    }

    @Test("names suites that have nothing in common")
    func suites() throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "broker")]) {
            $0.maximumVersion = .tls12
        }
        let ending = try meet(context, town, nil) {
            $0.maximumVersion = .tls12
            $0.ciphers = "ECDHE-RSA-AES128-GCM-SHA256"
        }
        #expect(ending.serverCode == .noCommonCipher)
    }

    @Test("tells the client which alert came, also after its own handshake is done")
    func alerts() throws {
        let town = try Town()
        let stranger = try Town("Strange CA").identity(.device, "spy")
        let talk = try Conversation(
            try server(town),
            try clientContext(trust: town.trust, identity: stranger)
        )
        var last: [UInt8] = []
        let ending = talk.shakeHands()
        #expect(ending.serverCode == .unknownAuthority)
        last = Array(talk.serverBuffers.output)
        #expect(!last.isEmpty)
        let (_, state) = try #require(talk.receive(last, talk.client, talk.clientBuffers))
        guard case .failed(let refused) = state else {
            Issue.record("the alert was not seen")
            return
        }
        #expect(refused.code == .peerAlert)
        #expect(refused.sentence.contains("does not trust the issuer of our certificate"))
    }

    @Test(
        "tells the server that the client did not like its certificate",
        arguments: [TLSVersion.tls12, .tls13]
    )
    func alertOfClient(version: TLSVersion) throws {
        let talk = try Conversation(
            try server(try Town()),
            try clientContext(trust: try Town("Strange CA").trust) { $0.maximumVersion = version }
        )
        _ = talk.shakeHands()
        guard case .refused(let refusal) = talk.serverAnswer else {
            Issue.record("the server waits for more: \(String(describing: talk.serverAnswer))")
            return
        }
        #expect(refusal.code == .peerAlert)
    }

    @Test(
        "tells plain text from TLS",
        arguments: [
            [0x10, 0x0C, 0x00, 0x04, 0x4D], Array("GET / HTTP/1.1\r\n\r\n".utf8), [0x80, 0x2E],
            [0x16, 0x02, 0x00], [0x00], [0xFF], [0x15, 0x02, 0x01], [0x13, 0x03], [0x19, 0x03],
        ] as [[UInt8]]
    )
    func plain(bytes: [UInt8]) throws {
        let town = try Town()
        let context = try serverContext([try town.identity(.server, "broker")])
        let stream = try #require(context.makeStream())
        let buffers = try #require(TLSBuffers())
        let step = bytes.withUnsafeBytes { stream.handshake($0, using: buffers) }
        guard case .refused(let refused) = step else {
            Issue.record("the bytes were taken")
            return
        }
        #expect(refused.code == .notTLS)
        #expect(buffers.outputCount == 0)
    }

    // RFC 8446 §5: a record of an unexpected kind ends the connection with an alert.
    @Test("answers records that do not begin a handshake with an alert", arguments: 20...24)
    func foreignRecord(kind: Int) throws {
        let context = try serverContext([try Town().identity(.server, "broker")])
        let stream = try #require(context.makeStream())
        let buffers = try #require(TLSBuffers())
        guard kind != 22 else { return }
        // Of an alert one byte alone is damaged, and so is a change of ciphers with a 2.
        let bytes = [UInt8(kind), 3, 3, 0, 1, 2]
        let step = bytes.withUnsafeBytes { stream.handshake($0, using: buffers) }
        guard case .refused(let refused) = step else {
            Issue.record("the bytes were taken")
            return
        }
        #expect(refused.code == .protocolViolation || refused.code == .badRecord)
        let alert = Array(buffers.output)
        #expect(alert.count == 7)
        #expect(alert.first == 21)
    }

    // X.962: both coordinates are 1, which no point of P-256 has.
    @Test("does not take a bad key share for a bad certificate")
    func badKeyShare() throws {
        let context = try serverContext([try Town().identity(.server, "broker")])
        let stream = try #require(context.makeStream())
        let buffers = try #require(TLSBuffers())
        let one = [UInt8](repeating: 0, count: 31) + [1]
        func block(_ bytes: [UInt8]) -> [UInt8] {
            [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
        }
        let share = block(block([0, 23] + block([4] + one + one)))
        let extensions =
            [0, 43, 0, 3, 2, 3, 4] + [0, 10, 0, 4, 0, 2, 0, 23] + [0, 13, 0, 4, 0, 2, 4, 3]
            + [0, 51] + share
        let body =
            [3, 3] + [UInt8](repeating: 7, count: 32) + [0] + block([0x13, 0x01]) + [1, 0]
            + block(extensions)
        let record = [22, 3, 1] + block([1, 0] + block(body))
        let step = record.withUnsafeBytes { stream.handshake($0, using: buffers) }
        guard case .refused(let refused) = step else {
            Issue.record("the key share was taken")
            return
        }
        #expect(refused.code == .protocolViolation, "\(refused)")
    }

    @Test("tells a client that the server speaks without encryption")
    func plainServer() throws {
        let client = try clientContext(trust: try Town().trust)
        let stream = try #require(client.makeStream(host: "localhost"))
        let buffers = try #require(TLSBuffers())
        guard
            case .needsInput = stream.handshake(
                UnsafeRawBufferPointer(start: nil, count: 0),
                using: buffers
            )
        else {
            Issue.record("the client did not begin")
            return
        }
        #expect(buffers.outputCount > 100)
        let answer: [UInt8] = [0x20, 0x02, 0x00, 0x01]
        let step = answer.withUnsafeBytes { stream.handshake($0, using: buffers) }
        guard case .refused(let refused) = step else {
            Issue.record("the bytes were taken")
            return
        }
        #expect(refused.code == .notTLS)
        #expect(refused.sentence.contains("CONNACK"))
    }
}
