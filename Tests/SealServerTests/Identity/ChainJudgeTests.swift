// SPDX-License-Identifier: Apache-2.0
// Whether a chain leads to one trust anchor: the rules of the cloud's document one by one, and what
// is remembered.

import SealAdmin
import SealBytes
import SealPKI
import Testing

@testable import SealBroker
@testable import SealServer

/// An authority with what it issued, and questions about it.
struct JudgeTown {
    static let now: Int64 = 1_800_000_000
    let root: CertificateAuthority

    init(_ name: String = "Works CA", pathLength: Int? = nil) throws {
        root = try .makeRoot(
            subject: DistinguishedName(commonName: name),
            days: 3650,
            pathLength: pathLength,
            notBefore: Self.now - 86_400
        )
    }

    static func order(
        _ name: String,
        _ purpose: CertificatePurpose = .device,
        days: Int = 30,
        notBefore: Int64 = now - 3600
    ) throws -> CertificateOrder {
        try CertificateOrder(
            subject: DistinguishedName(commonName: name),
            purpose: purpose,
            days: days,
            notBefore: notBefore
        )
    }

    static func below(_ upper: CertificateAuthority, _ name: String) throws -> CertificateAuthority
    {
        let made = try upper.issue(order(name, .authority, days: 300))
        return try CertificateAuthority(certificate: made.certificate, key: made.key)
    }

    static func anchor(_ certificate: Certificate) -> TrustAnchor {
        TrustAnchor(
            tenant: 2,
            fingerprint: "",
            sha256: certificate.fingerprint.bytes,
            subjectKey: PresentedCertificate.key(certificate.subjectDER),
            der: certificate.der,
            notBefore: certificate.notBefore,
            notAfter: certificate.notAfter
        )
    }

    static func question(
        _ chain: [Certificate],
        _ anchor: Certificate,
        most: Int = 2,
        now: Int64 = now
    ) -> ChainQuestion {
        ChainQuestion(
            chain: chain.map { PresentedCertificate(taking: $0) },
            anchor: Self.anchor(anchor),
            lengthMax: most,
            now: now
        )
    }
}

@Suite("A chain below a trust anchor")
struct ChainJudgeTests {
    private let judge: OpenSSLChainJudge
    private let town: JudgeTown

    init() throws {
        judge = try OpenSSLChainJudge(try #require(VaultKey(Array(0..<32))))
        town = try JudgeTown()
    }

    private func codes(_ question: ChainQuestion) -> [ReasonCode] {
        // What is asked twice is answered twice alike, remembered or not.
        let first = judge.judge(question)
        guard case .refused(let reasons) = first else {
            if case .good = judge.judge(question) { return [] }
            return [.loginCertificate]
        }
        if case .refused(let again) = judge.judge(question), again == reasons {
            return reasons.map(\.code)
        }
        return [.loginCertificate]
    }

    @Test("is good with and without the anchor in it, and says what it stands on and until when")
    func good() throws {
        let device = try town.root.issue(JudgeTown.order("dev")).certificate
        for chain in [[device], [device, town.root.certificate]] {
            let question = JudgeTown.question(chain, town.root.certificate)
            guard case .good(let path, let until) = judge.judge(question) else {
                Issue.record("\(judge.judge(question))")
                return
            }
            #expect(until == device.notAfter)
            let seen = question.chain[0]
            #expect(path.count == 2 && path[0].serial == seen.serial)
            #expect(path[0].issuerKey == seen.issuerKey && path[1].issuerKey == seen.issuerKey)
            #expect(path[1].serial == PresentedCertificate(taking: town.root.certificate).serial)
        }
        #expect(judge.rememberedCount == 2)
    }

    @Test("may be the anchor itself, as thin-edge's devices do")
    func itself() throws {
        #expect(
            codes(JudgeTown.question([town.root.certificate], town.root.certificate)) == [
                .certificatePurpose
            ]
        )
        let own = try CertificateAuthority.makeSelfSigned(JudgeTown.order("alone")).certificate
        #expect(codes(JudgeTown.question([own], own, most: 1)).isEmpty)
    }

    @Test("may end below a root: the anchor is what was uploaded")
    func partial() throws {
        let middle = try JudgeTown.below(town.root, "middle")
        let device = try middle.issue(JudgeTown.order("dev")).certificate
        #expect(codes(JudgeTown.question([device], middle.certificate)).isEmpty)
        #expect(
            codes(JudgeTown.question([device, middle.certificate], middle.certificate)).isEmpty
        )
    }

    @Test("is as long as allowed and not longer, also when it was proven before")
    func length() throws {
        let middle = try JudgeTown.below(town.root, "middle")
        let device = try middle.issue(JudgeTown.order("dev")).certificate
        let chain = [device, middle.certificate, town.root.certificate]
        #expect(codes(JudgeTown.question(chain, town.root.certificate, most: 3)).isEmpty)
        #expect(codes(JudgeTown.question(chain, town.root.certificate, most: 2)) == [.chainTooLong])
        // The order of what follows the device does not matter to the proof.
        let turned = [device, town.root.certificate, middle.certificate]
        #expect(codes(JudgeTown.question(turned, town.root.certificate, most: 3)).isEmpty)
        #expect(
            codes(JudgeTown.question([device], town.root.certificate, most: 3)) == [.chainBroken]
        )
    }

    @Test("holds within its dates, also when it was proven before")
    func dates() throws {
        let device = try town.root.issue(JudgeTown.order("dev", days: 1)).certificate
        let chain = [device, town.root.certificate]
        func at(_ time: Int64) -> [ReasonCode] {
            codes(JudgeTown.question(chain, town.root.certificate, now: time))
        }
        #expect(at(device.notBefore).isEmpty && at(device.notAfter).isEmpty)
        #expect(at(device.notBefore - 1) == [.certificateNotYetValid])
        #expect(at(device.notAfter + 1) == [.certificateExpired])
        let long = try town.root.issue(JudgeTown.order("dev", days: 30_000)).certificate
        let end = town.root.certificate.notAfter
        #expect(
            codes(JudgeTown.question([long], town.root.certificate, now: end + 1)).contains(
                .certificateExpired
            )
        )
    }

    @Test("does not lead to another authority, not even to one of the same name")
    func strangers() throws {
        let device = try town.root.issue(JudgeTown.order("dev")).certificate
        let twin = try JudgeTown().root.certificate
        #expect(codes(JudgeTown.question([device], twin)) == [.chainBroken])
        #expect(codes(JudgeTown.question([device, town.root.certificate], twin)) == [.chainBroken])
        let other = try JudgeTown("Elsewhere").root.certificate
        #expect(codes(JudgeTown.question([device], other)) == [.chainBroken])
        #expect(codes(JudgeTown.question([], other)) == [.chainBroken])
    }

    @Test("goes through authorities only: CA:TRUE, keyCertSign and the path length")
    func authorities() throws {
        let device = try town.root.issue(JudgeTown.order("gate"))
        let fake = try PeerForgery.issue(by: device, "dev")
        #expect(
            codes(JudgeTown.question([fake, device.certificate], town.root.certificate, most: 3))
                == [.issuerNotAuthority]
        )
        let narrow = try JudgeTown("Narrow", pathLength: 0)
        let middle = try JudgeTown.below(narrow.root, "middle")
        let below = try middle.issue(JudgeTown.order("dev")).certificate
        #expect(
            codes(
                JudgeTown.question([below, middle.certificate], narrow.root.certificate, most: 3)
            )
                == [.pathLength]
        )
    }

    @Test("is of a client of TLS, strong, and well formed")
    func leaf() throws {
        let server = try town.root.issue(JudgeTown.order("srv", .server)).certificate
        #expect(codes(JudgeTown.question([server], town.root.certificate)) == [.certificatePurpose])
        let forgery = try PeerForgery(town.root)
        #expect(codes(JudgeTown.question([try forgery.plain()], town.root.certificate)).isEmpty)
        #expect(
            codes(JudgeTown.question([try forgery.weakKey()], town.root.certificate)) == [
                .certificateWeak
            ]
        )
        #expect(
            codes(JudgeTown.question([try forgery.sha1()], town.root.certificate)) == [
                .certificateWeak
            ]
        )
        #expect(
            codes(JudgeTown.question([try forgery.critical()], town.root.certificate)) == [
                .certificateMalformed
            ]
        )
        var damaged = JudgeTown.question([server], town.root.certificate)
        damaged.chain[0].der = [0x30, 0]
        damaged.chain[0].sha256 = [UInt8](repeating: 9, count: 32)
        #expect(codes(damaged) == [.certificateMalformed])
        var swapped = JudgeTown.question([server], town.root.certificate)
        swapped.anchor.der = server.der
        swapped.anchor.sha256 = [UInt8](repeating: 8, count: 32)
        #expect(codes(swapped) == [.chainBroken])
    }

    @Test("that is wrong in several ways has a reason for each")
    func several() throws {
        let server = try town.root.issue(JudgeTown.order("srv", .server, days: 1)).certificate
        let found = codes(
            JudgeTown.question([server], town.root.certificate, most: 1, now: server.notAfter + 9)
        )
        #expect(Set(found) == [.certificateExpired, .certificatePurpose, .chainTooLong])
    }

    @Test("of many certificates that lead nowhere costs little")
    func flood() throws {
        var chain = [try town.root.issue(JudgeTown.order("dev")).certificate]
        for _ in 0..<15 { chain.append(try JudgeTown().root.certificate) }
        #expect(
            codes(JudgeTown.question(chain, try JudgeTown().root.certificate)) == [.chainBroken]
        )
    }

    @Test("is named by digests that other programs make, too")
    func digests() throws {
        // openssl dgst -sha3-256 over the three letters.
        #expect(
            judge.sha3("abc") == "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"
        )
        #expect(judge.pinnedID(der: [1, 2, 3]) == judge.sha3("AQID"))
        #expect(judge.tokenLookup("a") == judge.tokenLookup("a"))
        #expect(judge.tokenLookup("a") != judge.tokenLookup("b"))
        let other = try OpenSSLChainJudge(VaultKey.generate())
        #expect(judge.tokenLookup("a").utf8.count == 64)
        #expect(judge.tokenLookup("a") != other.tokenLookup("a"))
    }
}
