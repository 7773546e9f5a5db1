// SPDX-License-Identifier: Apache-2.0
// Lists that somebody else signs for an issuer, and lists of authorities that changed their keys;
// ordinary lists are in ChainRevocationTests.

import Testing

@testable import SealPKI

private typealias World = TestWorld

@Suite("Revocation by lists of others")
struct IndirectListTests {
    @Test("lists", arguments: Self.indirect + Self.renewed)
    func list(_ scene: Scene) throws { try check(scene) }

    @Test("names a few issuers of one certificate, and not one more than the limit")
    func ownersLimit() throws {
        let most = RevocationFields.ownersMax
        for count in [most, most + 1] {
            let names = (0..<count).flatMap { _ in TestName.directory(World.upper.subject) }
            let issuers = TestExtension(
                oid: "2.5.29.29",
                isCritical: true,
                value: DER.sequence(names)
            )
            let entry = (serial: World.device.serial, extensions: [issuers])
            let list = try TestList(issuer: World.lower, entries: [entry]).made()
            if count == most {
                #expect(try list.fields().foreignEntries.count == 1)
            } else {
                #expect(throws: PKIError(.malformed, "")) { try list.fields() }
            }
        }
    }

    @Test("keeps the first defects of entries, and not one more than the limit")
    func defectsLimit() throws {
        let most = RevocationFields.defectsMax
        let nobody = TestExtension(oid: "2.5.29.29", isCritical: true, value: DER.sequence())
        for count in [most - 1, most, most + 1] {
            let entries = (0..<count).map { (serial: [UInt8(1 + $0)], extensions: [nobody]) }
            let fields = try TestList(issuer: World.lower, entries: entries).made().fields()
            #expect(fields.defects.count == min(count, most))
        }
    }

    /// Signs lists and nothing else.
    private static let lister = TestCertificate(
        subject: DER.name("O=Test", "CN=lister"),
        key: TestKeys.third,
        extensions: [.usage(6)]
    )

    /// A distribution point whose lists `signer` signs.
    private static func signed(by signer: TestCertificate) -> TestExtension {
        let names = DER.value(0xA2, TestName.directory(signer.subject))
        return TestExtension(oid: "2.5.29.31", value: DER.sequence(DER.sequence(names)))
    }

    /// Whose certificate an entry is about.
    private static func of(_ issuer: TestCertificate) -> TestExtension {
        TestExtension(
            oid: "2.5.29.29",
            isCritical: true,
            value: DER.sequence(TestName.directory(issuer.subject))
        )
    }

    /// A list of the lister.
    private static func list(
        isIndirect: Bool = true,
        _ entries: [(serial: [UInt8], extensions: [TestExtension])] = []
    ) -> TestList {
        var list = TestList(issuer: lister, entries: entries)
        if isIndirect {
            let value = DER.sequence([0x84, 1, 0xFF])
            list.extensions.append(
                TestExtension(oid: "2.5.29.28", isCritical: true, value: value)
            )
        }
        return list
    }

    /// Root, authority and a device whose lists the lister signs; the root certified the lister.
    private static func row(
        _ name: String,
        _ broken: [Broken],
        device: TestCertificate = World.device.with(signed(by: lister)),
        lister: TestCertificate = lister,
        by upper: TestCertificate? = World.root,
        _ list: TestList
    ) -> Scene {
        Scene(name, broken) {
            try $0.chain(World.root, World.upper, device)
            $0.sent.append(try lister.made(by: upper))
            $0.lists = [try list.made()]
            $0.settings.revocation = .leaf
        }
    }

    private static let alone = "it takes indirect lists only with -extended_crl"

    private static let indirect: [Scene] = [
        row("the list of another signer", [], list()).differing(alone),
        row(
            "an entry of the device's issuer",
            [Broken(.revoked, 0)],
            list([(World.device.serial, [of(World.upper)])])
        ),
        row(
            "an entry behind one of the device's issuer is of the same issuer",
            [Broken(.revoked, 0)],
            list([([1], [of(World.upper)]), (World.device.serial, [])])
        ),
        row(
            "the same serial number of the list's own issuer",
            [],
            list([(World.device.serial, [])])
        ).differing(alone),
        row(
            "the same serial number of a third issuer",
            [],
            list([(World.device.serial, [of(World.lower)])])
        ).differing(alone),
        row(
            "the same serial number of two issuers",
            [],
            list([([5], [of(World.lower)]), ([5], [of(World.upper)])])
        ).differing(alone),
        row(
            "a list of another signer that does not say that it is for others",
            [Broken(.listMissing, 0)],
            list(isIndirect: false)
        ),
        row(
            "a signer that the device does not name",
            [Broken(.listMissing, 0)],
            device: World.device,
            list()
        ),
        row(
            "a signer that certified itself",
            [Broken(.listSignature, 0)],
            by: nil,
            list()
        ),
        row(
            "a signer that may not sign lists",
            [Broken(.listSignature, 0)],
            lister: lister.with(.usage(0)),
            list()
        ),
        row(
            "a signer whose own standing is in its own list",
            [],
            lister: lister.with(signed(by: lister)),
            list()
        ).differing(alone),
        row(
            "a signer that its own list revokes",
            [Broken(.listSignature, 0)],
            lister: lister.with(signed(by: lister)).changed { $0.serial = [0x44] },
            list([([0x44], [of(World.root)])])
        ),
        Scene("an entry of another issuer in an ordinary list", [Broken(.listMalformed, 0)]) {
            try $0.chain(World.root, World.upper, World.device)
            let entry = (serial: [UInt8(9)], extensions: [of(World.lower)])
            $0.lists = [try TestList(issuer: World.upper, entries: [entry]).made()]
            $0.settings.revocation = .leaf
        }.differing("it does not look"),
    ]

    /// The authority's name with a new key, certified by the old one.
    private static func renewed(_ old: TestCertificate, _ key: PrivateKey) -> TestCertificate {
        old.changed { ($0.key, $0.serial) = (key, [0x50]) }
    }

    private static func rows(_ lists: [TestList]) -> @Sendable (inout Scene.Setup) throws -> Void {
        {
            try $0.chain(
                World.root,
                World.upper,
                renewed(World.upper, TestKeys.third),
                World.lower,
                renewed(World.lower, TestKeys.other),
                World.device
            )
            $0.lists = try lists.map { try $0.made() }
            $0.settings.revocation = .chain
        }
    }

    private static let old = [World.root, World.upper, World.lower].map { TestList(issuer: $0) }

    /// Two authorities above each other have new keys, and the old ones sign the lists.
    private static let renewed: [Scene] = [
        Scene("the old keys of two authorities sign the lists", [], rows(old))
            .differing("it takes other keys of an issuer only with -extended_crl"),
        Scene(
            "the old keys sign, and the device is revoked",
            [Broken(.revoked, 0)],
            rows(
                old.dropLast()
                    + [TestList(issuer: World.lower, entries: [(World.device.serial, [])])]
            )
        ),
        Scene(
            "a key below the authority does not sign its lists",
            [Broken(.listSignature, 1)]
        ) {
            // The authority certified a key under the name of the one above it.
            try $0.chain(World.root, World.upper, World.lower, World.device)
            let forged = lister.changed { $0.subject = World.upper.subject }
            $0.sent.append(try forged.made(by: World.lower))
            $0.lists = [
                try TestList(issuer: World.root).made(),
                try TestList(issuer: World.upper, signer: TestKeys.third).made(),
                try TestList(issuer: World.lower).made(),
            ]
            $0.settings.revocation = .chain
        },
    ]
}
