// SPDX-License-Identifier: Apache-2.0
// The table of revocation lists, with openssl's opinion, and the bounds of the search.

import Testing

@testable import SealPKI

private typealias World = TestWorld

@Suite("Revocation along a chain")
struct ChainRevocationTests {
    @Test("lists", arguments: Self.scenes)
    func list(_ scene: Scene) throws { try check(scene) }

    /// Root, authority, device and lists; the leaf's issuer must have one.
    private static func row(
        _ name: String,
        mode: RevocationMode = .leaf,
        device: TestCertificate = TestWorld.device,
        upper: TestCertificate = TestWorld.upper,
        _ lists: TestList...
    ) -> Scene {
        row(name, [], mode: mode, device: device, upper: upper, all: lists)
    }

    private static func row(
        _ name: String,
        _ broken: [Broken],
        mode: RevocationMode = .leaf,
        device: TestCertificate = TestWorld.device,
        upper: TestCertificate = TestWorld.upper,
        _ lists: TestList...
    ) -> Scene {
        row(name, broken, mode: mode, device: device, upper: upper, all: lists)
    }

    private static func row(
        _ name: String,
        _ broken: [Broken],
        mode: RevocationMode,
        device: TestCertificate,
        upper: TestCertificate,
        all lists: [TestList]
    ) -> Scene {
        Scene(name, broken) {
            try $0.chain(World.root, upper, device)
            $0.lists = try lists.map { try $0.made() }
            $0.settings.revocation = mode
        }
    }

    private static let good = TestList(issuer: TestWorld.upper)
    private static let rootGood = TestList(issuer: TestWorld.root)

    private static func list(_ change: (inout TestList) -> Void) -> TestList {
        var list = good
        change(&list)
        return list
    }

    private static let revoking = list { $0.entries = [(World.device.serial, [])] }

    private static func scope(_ contents: [UInt8]) -> TestExtension {
        TestExtension(oid: "2.5.29.28", isCritical: true, value: DER.sequence(contents))
    }

    static let scenes: [Scene] = states + forms + strictness + scopes + deltas

    private static let states: [Scene] = [
        row("a good list", good),
        row("revoked", [Broken(.revoked, 0)], revoking),
        row(
            "revoked with a reason",
            [Broken(.revoked, 0)],
            list { $0.entries = [(World.device.serial, [TestList.reasonKeyCompromise])] }
        ),
        row("another serial number is revoked", list { $0.entries = [([1], []), ([2], [])] }),
        row("the list is missing", [Broken(.listMissing, 0)], rootGood),
        row("no list at all", [Broken(.listMissing, 0)]),
        row("no list and none needed", mode: .present),
        row("a revoking list that nobody looks at", mode: .off, revoking),
        row(
            "revoked where lists need not be there",
            [Broken(.revoked, 0)],
            mode: .present,
            revoking
        )
        .differing("it does not look without -crl_check"),
        row(
            "the list has expired",
            [Broken(.listExpired, 0)],
            list { $0.nextUpdate = World.now - 1 }
        ),
        row("the list says no end", [Broken(.listExpired, 0)], list { $0.nextUpdate = nil })
            .differing("a list without nextUpdate never expires for it"),
        row(
            "the list is of the future",
            [Broken(.listNotYetValid, 0)],
            list { $0.thisUpdate = World.now + 1 }
        ),
        row(
            "an old list and a new one",
            list { $0.nextUpdate = World.now - 1 },
            good
        ),
        row("every issuer has a list", mode: .chain, good, rootGood),
        row(
            "the root's list is missing",
            [Broken(.listMissing, 1)],
            mode: .chain,
            good
        ),
        row(
            "the authority is revoked",
            [Broken(.revoked, 1)],
            mode: .chain,
            good,
            TestList(issuer: World.root, entries: [(World.upper.serial, [])])
        ),
        row(
            "the authority is revoked where its list need not be there",
            [Broken(.revoked, 1)],
            good,
            TestList(issuer: World.root, entries: [(World.upper.serial, [])])
        ).differing("-crl_check looks at the leaf alone"),
        row(
            "a revoked negative serial number",
            [Broken(.revoked, 0)],
            device: World.device.changed { $0.serial = [0xFF] },
            list { $0.entries = [([0xFF], [])] }
        ),
    ]

    private static let forms: [Scene] = [
        row("the list of another issuer", [Broken(.listMissing, 0)], TestList(issuer: World.lower)),
        row(
            "the list is signed by another key",
            [Broken(.listSignature, 0)],
            list { $0.signer = TestKeys.other }
        ),
        row(
            "an issuer that may not sign lists",
            [Broken(.listIssuer, 0)],
            upper: World.upper.with(.usage(5)),
            good
        ),
        row("an issuer without keyUsage", upper: World.upper.without("2.5.29.15"), good),
        row(
            "an unknown critical extension of the list",
            [Broken(.listExtension, 0)],
            list { $0.extensions.append(.unknown(isCritical: true)) }
        ),
        row(
            "an unknown extension of the list that is not critical",
            list { $0.extensions.append(.unknown(isCritical: false)) }
        ),
        row(
            "an unknown critical extension of the entry",
            [Broken(.listExtension, 0)],
            list { $0.entries = [(World.device.serial, [.unknown(isCritical: true)])] }
        ),
        row(
            "an unknown critical extension of another entry",
            [Broken(.listExtension, 0)],
            list { $0.entries = [([9], [.unknown(isCritical: true)])] }
        ),
        row(
            "a serial number twice",
            [Broken(.listMalformed, 0)],
            list { $0.entries = [([5], []), ([5], [])] }
        ).differing("it does not look"),
        row(
            "a critical number of the list",
            [Broken(.listMalformed, 0)],
            list {
                $0.extensions = [
                    TestExtension(oid: "2.5.29.20", isCritical: true, value: DER.integer(7))
                ]
            }
        ),
        row(
            "the list is signed with SHA-1",
            [Broken(.listSignature, 0)],
            list { $0.digest = .sha1 }
        ).differing("its security level does not look at lists"),
    ]

    private static let full = [
        TestExtension(oid: "2.5.29.20", value: DER.integer(7)),
        TestExtension.authorityKey(World.id(TestKeys.upper)),
    ]

    /// What authorities must not write, but did: taken as most have it, and refused strictly.
    private static let strictness: [Scene] = [
        ("a good list", true, list { $0.extensions = full }),
        ("a list without number", false, list { $0.extensions = [full[1]] }),
        ("a list that does not name its key", false, list { $0.extensions = [full[0]] }),
        (
            "a list with an empty list of entries", false,
            list { ($0.extensions, $0.hasEmptyEntries) = (full, true) }
        ),
        (
            "a list whose time is in the form of another half of the century", false,
            list { ($0.extensions, $0.timeTag) = (full, 0x18) }
        ),
        (
            "a list that writes out that its number is not critical", false,
            list {
                $0.extensions = full
                $0.extensions[0].writesDefault = true
            }
        ),
        (
            "an entry that writes out that its reason is not critical", false,
            list {
                var reason = TestList.reasonKeyCompromise
                reason.writesDefault = true
                ($0.extensions, $0.entries) = (full, [([1], [reason])])
            }
        ),
    ].flatMap { (name: String, isGood: Bool, list: TestList) in
        let strict = Scene("\(name), strictly", isGood ? [] : [Broken(.listMalformed, 0)]) {
            try $0.chain(World.root, World.upper, World.device)
            $0.lists = [try list.made()]
            $0.settings.revocation = .leaf
            $0.settings.isStrict = true
        }
        return [
            row(name, list), isGood ? strict : strict.differing("it is not asked to be strict"),
        ]
    }

    @Test("bytes behind a list are refused")
    func trailing() throws {
        let der = try Self.good.made().der
        #expect(throws: PKIError(.malformed, "")) { try RevocationList(der: der + [0]) }
    }

    private static let place = DER.value(0x86, Array("http://a.test/1.crl".utf8))
    private static let here = DER.value(0xA0, DER.value(0xA0, place))

    private static let scopes: [Scene] = [
        row("a list of users' certificates", list { $0.extensions.append(scope([0x81, 1, 255])) }),
        row(
            "a list of authorities' certificates",
            [Broken(.listScope, 0)],
            list { $0.extensions.append(scope([0x82, 1, 255])) }
        ),
        row(
            "a list of attribute certificates",
            [Broken(.listScope, 0)],
            list { $0.extensions.append(scope([0x85, 1, 255])) }
        ),
        row(
            "a list for some reasons only",
            [Broken(.listScope, 0)],
            list { $0.extensions.append(scope([0x83, 2, 6, 0x40])) }
        ),
        row("an indirect list", list { $0.extensions.append(scope([0x84, 1, 255])) })
            .differing("it takes indirect lists only with -extended_crl"),
        row(
            "a list of the certificate's distribution point",
            device: World.device.with(.place("http://a.test/1.crl")),
            list { $0.extensions.append(scope(here)) }
        ),
        row(
            "two lists that cover all reasons together",
            list { $0.extensions.append(scope([0x83, 2, 6, 0x40])) },
            list { $0.extensions.append(scope([0x83, 3, 7, 0x3F, 0x80])) }
        ).differing("it joins lists only with -extended_crl"),
        row(
            "a list of another distribution point",
            [Broken(.listScope, 0)],
            device: World.device.with(.place("http://a.test/2.crl")),
            list { $0.extensions.append(scope(here)) }
        ),
        row(
            "a list of a distribution point, and the certificate has none",
            [Broken(.listScope, 0)],
            list { $0.extensions.append(scope(here)) }
        ),
    ]

    private static func delta(
        base: Int,
        number: Int,
        _ entries: [([UInt8], [TestExtension])]
    )
        -> TestList
    {
        list {
            $0.extensions = [
                TestExtension(oid: "2.5.29.20", value: DER.integer(number)),
                TestExtension(oid: "2.5.29.27", isCritical: true, value: DER.integer(base)),
            ]
            $0.entries = entries.map { (serial: $0.0, extensions: $0.1) }
        }
    }

    private static let lifted = TestExtension(oid: "2.5.29.21", value: [0x0A, 0x01, 0x08])

    private static let deltas: [Scene] = [
        row(
            "a delta list revokes",
            [Broken(.revoked, 0)],
            good,
            delta(base: 7, number: 8, [(World.device.serial, [])])
        ).differing("it uses delta lists only with -use_deltas"),
        row(
            "a delta list lifts a hold",
            revoking,
            delta(base: 7, number: 8, [(World.device.serial, [lifted])])
        ).differing("it uses delta lists only with -use_deltas"),
        row(
            "a delta list for a newer base does not count",
            good,
            delta(base: 8, number: 9, [(World.device.serial, [])])
        ),
        row(
            "a delta list alone",
            [Broken(.listMissing, 0)],
            delta(base: 7, number: 8, [])
        ).varying("Debian's 3.0.19-1~deb12u2 takes a delta list for a whole one"),
    ]
}

@Suite("The search for a chain is bounded")
struct SearchLimitTests {
    /// A leaf below one of many authorities of the same name, of which none is trusted.
    private func crowd(_ count: Int) throws -> (Certificate, [Certificate]) {
        let upper = World.upper
        var all: [Certificate] = []
        for index in 0..<count {
            let twin = upper.changed {
                $0.serial = [0x20, UInt8(index >> 8), UInt8(index & 0xFF)]
                $0.key = TestKeys.other
            }
            all.append(try twin.made(by: World.root))
        }
        return (try World.device.made(by: upper), all)
    }

    @Test("so many signatures are checked and not one more")
    func signatures() throws {
        let (leaf, others) = try crowd(40)
        var settings = VerificationSettings(time: World.now)
        for (most, isOver) in [(40, false), (39, true)] {
            settings.limits.signatureChecksMax = most
            let verdict = ChainVerifier(
                settings: settings,
                trusted: [try World.root.made()],
                intermediates: others
            ).verify(leaf)
            #expect(!verdict.isValid)
            #expect(verdict.signatureCheckCount == most)
            #expect(verdict.failures.contains { $0.rule == .searchLimit } == isOver)
        }
    }

    @Test("so many intermediates are taken and not one more")
    func intermediates() throws {
        let (leaf, others) = try crowd(3)
        var settings = VerificationSettings(time: World.now)
        for (most, isOver) in [(3, false), (2, true)] {
            settings.limits.intermediatesMax = most
            let verdict = ChainVerifier(
                settings: settings,
                trusted: [try World.root.made()],
                intermediates: others
            ).verify(leaf)
            #expect(verdict.failures.contains { $0.rule == .searchLimit } == isOver)
        }
    }

    @Test("a path is so deep and not deeper")
    func depth() throws {
        var settings = VerificationSettings(time: World.now)
        var setup = Scene.Setup()
        try setup.chain(World.root, World.upper, World.lower, World.device)
        let leaf = try #require(setup.leaf)
        for (most, isValid) in [(4, true), (3, false)] {
            settings.limits.depthMax = most
            let verdict = ChainVerifier(
                settings: settings,
                trusted: setup.trusted,
                intermediates: setup.sent
            ).verify(leaf)
            #expect(verdict.isValid == isValid)
            #expect(verdict.failures.contains { $0.rule == .searchLimit } == !isValid)
        }
    }

    @Test("every authority signed by every other one takes bounded work")
    func mesh() throws {
        let names = (0..<9).map { "m\($0)" }
        var all: [Certificate] = []
        for name in names {
            for signer in names where signer != name {
                let child = TestCertificate.authority(name, TestKeys.upper)
                let parent = TestCertificate.authority(signer, TestKeys.upper)
                all.append(try child.made(by: parent))
            }
        }
        let leaf = try World.device.made(by: TestCertificate.authority("m0", TestKeys.upper))
        let verdict = ChainVerifier(
            settings: VerificationSettings(time: World.now),
            trusted: [try World.root.made()],
            intermediates: all
        ).verify(leaf)
        #expect(!verdict.isValid)
        #expect(verdict.signatureCheckCount <= 400)
    }

    @Test("a long way that leads nowhere does not hide a short one that holds")
    func decoy() throws {
        // One after the other below each other, the last one below nobody who is there.
        var sent = [try World.upper.made(by: TestCertificate.authority("d0", TestKeys.lower))]
        for index in 0..<30 {
            let child = TestCertificate.authority("d\(index)", TestKeys.lower)
            let parent = TestCertificate.authority("d\(index + 1)", TestKeys.lower)
            sent.append(try child.made(by: parent))
        }
        sent.append(try World.upper.made(by: World.root))
        let verdict = ChainVerifier(
            settings: VerificationSettings(time: World.now),
            trusted: [try World.root.made()],
            intermediates: sent
        ).verify(try World.device.made(by: World.upper))
        #expect(verdict.isValid, "\(verdict.failures)")
    }

    @Test("where every authority signed every other one, the one way out is found")
    func exit() throws {
        let names = (0..<16).map { "m\($0)" }
        var all: [Certificate] = []
        for name in names {
            for signer in names where signer != name {
                let child = TestCertificate.authority(name, TestKeys.upper)
                let parent = TestCertificate.authority(signer, TestKeys.upper)
                all.append(try child.made(by: parent))
            }
        }
        all.append(try TestCertificate.authority("m15", TestKeys.upper).made(by: World.root))
        let verdict = ChainVerifier(
            settings: VerificationSettings(time: World.now),
            trusted: [try World.root.made()],
            intermediates: all
        ).verify(try World.device.made(by: TestCertificate.authority("m0", TestKeys.upper)))
        #expect(verdict.isValid, "\(verdict.failures)")
        #expect(verdict.links.count == 4)
    }

    @Test("so many signatures of lists are checked and not one more")
    func listSignatures() throws {
        var settings = VerificationSettings(time: World.now)
        settings.revocation = .leaf
        var setup = Scene.Setup()
        try setup.chain(World.root, World.device)
        // The first two are of another key.
        let forged = TestList(issuer: World.root, signer: TestKeys.other)
        let lists = [forged, forged, TestList(issuer: World.root)]
        let leaf = try #require(setup.leaf)
        for (most, isValid) in [(3, true), (2, false)] {
            settings.limits.listSignatureChecksMax = most
            let verdict = ChainVerifier(
                settings: settings,
                trusted: setup.trusted,
                lists: try lists.map { try $0.made() }
            ).verify(leaf)
            #expect(verdict.isValid == isValid)
            #expect(verdict.failures.contains { $0.rule == .searchLimit } == !isValid)
        }
    }

    @Test("signers that name each other take bounded work")
    func signersInCircles() throws {
        var settings = VerificationSettings(time: World.now)
        settings.revocation = .leaf
        let subjects = (0..<40).map { DER.name("O=Test", "CN=signer \($0)") }
        let points = subjects.map {
            DER.sequence(DER.value(0xA2, TestName.directory($0)))
        }
        let names = TestExtension(
            oid: "2.5.29.31",
            value: DER.sequence(Array(points.joined()))
        )
        let signers = subjects.map {
            TestCertificate(subject: $0, key: TestKeys.third, extensions: [.usage(6), names])
        }
        let indirect = TestExtension(
            oid: "2.5.29.28",
            isCritical: true,
            value: DER.sequence([0x84, 1, 0xFF])
        )
        let lists = try signers.map {
            var list = TestList(issuer: $0)
            list.extensions.append(indirect)
            return try list.made()
        }
        let began = ContinuousClock.now
        let verdict = ChainVerifier(
            settings: settings,
            trusted: [try World.root.made()],
            intermediates: try signers.map { try $0.made(by: World.root) },
            lists: lists
        ).verify(try World.device.with(names).made(by: World.root))
        #expect(verdict.isValid, "\(verdict.failures)")
        #expect(ContinuousClock.now - began < .seconds(5))
    }

    @Test("so many names are compared and not one more")
    func names() throws {
        var settings = VerificationSettings(time: World.now)
        var setup = Scene.Setup()
        try setup.chain(
            World.root.with(.constraints(excluded: [TestName.dns("x.test")])),
            World.device.with(.names(TestName.dns("a.test"), TestName.dns("b.test")))
        )
        let leaf = try #require(setup.leaf)
        for (most, isValid) in [(2, true), (1, false)] {
            settings.limits.nameComparisonsMax = most
            let verdict = ChainVerifier(settings: settings, trusted: setup.trusted).verify(leaf)
            #expect(verdict.isValid == isValid)
        }
    }
}
