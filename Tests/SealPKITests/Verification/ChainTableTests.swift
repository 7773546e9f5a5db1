// SPDX-License-Identifier: Apache-2.0
// The table of chains: for each the expectation from RFC 5280, with certificate and rule, and
// openssl's opinion of the same files. Names, policies and lists have tables of their own.

import Testing

@testable import SealPKI

private typealias World = TestWorld

@Suite("Chains as RFC 5280 §6 wants them")
struct ChainTableTests {
    @Test("the form of a path", arguments: Self.shapes)
    func shape(_ scene: Scene) throws { try check(scene) }

    @Test("authorities and the paths below them", arguments: Self.authorities)
    func authority(_ scene: Scene) throws { try check(scene) }

    @Test("dates at every depth", arguments: Self.dates)
    func date(_ scene: Scene) throws { try check(scene) }

    @Test("key usage and purposes", arguments: Self.usages)
    func usage(_ scene: Scene) throws { try check(scene) }

    @Test("signatures and keys", arguments: Self.strengths)
    func strength(_ scene: Scene) throws { try check(scene) }

    @Test("the form of a certificate", arguments: Self.forms)
    func form(_ scene: Scene) throws { try check(scene) }

    static let shapes: [Scene] = [
        Scene("root and leaf") { try $0.chain(World.root, World.device) },
        Scene("two authorities between") {
            try $0.chain(World.root, World.upper, World.lower, World.device)
        },
        Scene("sent out of order") {
            try $0.chain(World.root, World.upper, World.lower, World.device)
            $0.sent.reverse()
        },
        Scene("the root is sent as well") {
            try $0.chain(World.root, World.upper, World.device)
            $0.sent += $0.trusted
        },
        Scene("the root is missing", [Broken(.issuerMissing, 1)]) {
            try $0.chain(World.root, World.upper, World.device)
            $0.trusted = [try World.lower.made()]
        },
        Scene("an intermediate is missing", [Broken(.issuerMissing, 0)]) {
            try $0.chain(World.root, World.upper, World.device)
            $0.sent = []
        },
        Scene("the root is sent and not trusted", [Broken(.notTrusted, 2)]) {
            try $0.chain(World.root, World.upper, World.device)
            $0.sent += $0.trusted
            $0.trusted = [try TestCertificate.authority("else", TestKeys.other).made()]
        },
        Scene("a trusted leaf that signed itself") {
            let leaf = try World.device.made()
            ($0.leaf, $0.trusted) = (leaf, [leaf])
        },
        Scene("a leaf that signed itself and is not trusted", [Broken(.notTrusted, 0)]) {
            $0.leaf = try World.device.made()
            $0.trusted = [try World.root.made()]
        },
        Scene("a trusted intermediate is no end", [Broken(.notTrusted, 1)]) {
            try $0.chain(World.root, World.upper, World.device)
            ($0.trusted, $0.sent) = ($0.sent, [])
        },
        Scene("a trusted intermediate is an end of a partial chain") {
            try $0.chain(World.root, World.upper, World.device)
            ($0.trusted, $0.sent) = ($0.sent, [])
            $0.settings.allowsPartialChain = true
        },
        Scene("a trusted leaf is an end of a partial chain") {
            try $0.chain(World.root, World.device)
            $0.trusted = [$0.leaf].compactMap(\.self)
            $0.settings.allowsPartialChain = true
        },
        Scene("two authorities sign each other", [Broken(.issuerMissing, 2)]) {
            let first = World.upper
            let second = World.lower
            $0.leaf = try World.device.made(by: first)
            $0.sent = [try first.made(by: second), try second.made(by: first)]
            $0.trusted = [try World.root.made()]
        },
        Scene("a circle with a way out", openssl: .differs("it does not go back")) {
            let first = World.upper
            let second = World.lower
            $0.leaf = try World.device.made(by: first)
            $0.sent = [
                try first.made(by: second), try second.made(by: first),
                try second.made(by: World.root),
            ]
            $0.trusted = [try World.root.made()]
        },
        Scene("two authorities of one name, the wrong key first") {
            try $0.chain(World.root, World.upper, World.device)
            let twin = World.upper.changed { $0.key = TestKeys.other }
            $0.sent.insert(try twin.made(by: World.root), at: 0)
        },
        Scene(
            "two authorities of one name and key identifier, the wrong key first",
            openssl: .differs("it does not go back")
        ) {
            try $0.chain(World.root, World.upper, World.device)
            let twin = World.upper.changed { $0.key = TestKeys.other }
                .with(.subjectKey(World.id(TestKeys.upper)))
            $0.sent.insert(try twin.made(by: World.root), at: 0)
        },
        Scene("two certificates of one authority, the expired one first") {
            try $0.chain(World.root, World.upper, World.device)
            let old = World.upper.changed {
                $0.notAfter = World.now - 10
                $0.serial = [0x11]
            }
            $0.sent.insert(try old.made(by: World.root), at: 0)
        },
        Scene("a cross-signed authority whose other way is broken") {
            let cross = World.upper.changed { $0.notAfter = World.now - 10 }
            $0.leaf = try World.device.made(by: World.upper)
            $0.sent = [try cross.made(by: World.lower)]
            $0.trusted = [try World.lower.made(), try World.upper.made()]
        },
        Scene(
            "the trusted certificate must be sent and is not",
            [Broken(.anchorNotSent, 2)],
            openssl: .differs("it has no such option")
        ) {
            try $0.chain(World.root, World.upper, World.device)
            $0.settings.requiresAnchorInChain = true
        },
        Scene("the trusted certificate must be sent and is") {
            try $0.chain(World.root, World.upper, World.device)
            $0.sent += $0.trusted
            $0.settings.requiresAnchorInChain = true
        },
        Scene("a chain at its greatest length") {
            try $0.chain(World.root, World.upper, World.device)
            $0.settings.chainLengthMax = 3
        },
        Scene(
            "a chain above its greatest length",
            [Broken(.chainLength, 2)],
            openssl: .differs("it counts intermediates only")
        ) {
            try $0.chain(World.root, World.upper, World.device)
            $0.settings.chainLengthMax = 2
        },
        Scene("names that differ in case and blanks are the same") {
            try $0.chain(World.root, World.upper, World.device)
            let named = World.device.changed {
                $0.issuer = DER.name("O=TEST", "CN= Upper ", tag: 0x13)
            }
            $0.leaf = try named.made(by: World.upper)
        },
        Scene("an issuer of another name", [Broken(.issuerMissing, 0)]) {
            try $0.chain(World.root, World.upper, World.device)
            let named = World.device.changed { $0.issuer = DER.name("O=Test", "CN=upper2") }
            $0.leaf = try named.made(by: World.upper)
        },
        Scene("a leaf that is an authority") {
            try $0.chain(World.root, World.upper.with(.usage(0, 5)))
        },
    ]

    static let authorities: [Scene] = [
        Scene("CA:FALSE signs", [Broken(.notAuthority, 1)]) {
            try $0.chain(World.root, World.upper.with(.noAuthority).with(.usage(0)), World.device)
            // The usage does not allow it either.
        }.also(Broken(.keyUsage, 1)),
        Scene("no basicConstraints signs", [Broken(.notAuthority, 1)]) {
            try $0.chain(World.root, World.upper.without("2.5.29.19"), World.device)
        },
        Scene("the trusted one has no basicConstraints", [Broken(.notAuthority, 1)]) {
            try $0.chain(World.root.without("2.5.29.19"), World.device)
        }.differing("a trusted root that signed itself is an authority for it"),
        Scene("version 1 signs in the middle", [Broken(.notAuthority, 1)]) {
            let old = World.upper.changed { ($0.version, $0.extensions) = (1, []) }
            try $0.chain(World.root, old, World.device)
        },
        Scene("a trusted root of version 1") {
            let old = World.root.changed { ($0.version, $0.extensions) = (1, []) }
            try $0.chain(old, World.device)
        },
        Scene("a leaf of version 1") {
            try $0.chain(World.root, World.device.changed { ($0.version, $0.extensions) = (1, []) })
        },
        Scene("path length 0 and a leaf") {
            try $0.chain(World.root.with(.authority(0)), World.device)
        },
        Scene("path length 0 and an authority below", [Broken(.pathLength, 2)]) {
            try $0.chain(World.root.with(.authority(0)), World.upper, World.device)
        },
        Scene("path length 1 at the root, one authority") {
            try $0.chain(World.root.with(.authority(1)), World.upper, World.device)
        },
        Scene("path length 1 at the root, two authorities", [Broken(.pathLength, 3)]) {
            try $0.chain(World.root.with(.authority(1)), World.upper, World.lower, World.device)
        },
        Scene("path length 0 in the middle, one authority below", [Broken(.pathLength, 2)]) {
            try $0.chain(World.root, World.upper.with(.authority(0)), World.lower, World.device)
        },
        Scene("path length 0 at the last authority") {
            try $0.chain(World.root, World.upper, World.lower.with(.authority(0)), World.device)
        },
        Scene("path lengths broken twice", [Broken(.pathLength, 2), Broken(.pathLength, 3)]) {
            try $0.chain(
                World.root.with(.authority(0)),
                World.upper.with(.authority(0)),
                World.lower,
                World.device
            )
        },
        Scene("a longer path length below a shorter one") {
            try $0.chain(
                World.root.with(.authority(1)),
                World.upper.with(.authority(5)),
                World.device
            )
        },
        Scene("a path length of the leaf does not count") {
            try $0.chain(
                World.root,
                World.upper.with(.authority(0)),
                World.lower.with(.authority(0)).with(.usage(0, 5))
            )
        },
        Scene("a self-issued authority does not count") {
            let renewed = World.upper.changed { $0.key = TestKeys.third }
            try $0.chain(World.root.with(.authority(1)), World.upper, renewed, World.device)
        },
        Scene("a path length larger than any number of ours") {
            let huge = TestExtension(
                oid: "2.5.29.19",
                isCritical: true,
                value: DER.sequence(DER.yes, DER.integer([UInt8](repeating: 0x7F, count: 12)))
            )
            try $0.chain(World.root.with(huge), World.upper, World.device)
        },
    ]

    static let dates: [Scene] =
        (0..<3).flatMap { depth -> [Scene] in
            @Sendable func chain(
                _ setup: inout Scene.Setup,
                _ change: (inout TestCertificate) -> Void
            ) throws {
                var parts = [World.device, World.upper, World.root]
                change(&parts[depth])
                try setup.chain(parts[2], parts[1], parts[0])
            }
            return [
                Scene("expired at depth \(depth)", [Broken(.expired, depth)]) {
                    try chain(&$0) { $0.notAfter = World.now - 1 }
                },
                Scene("not yet valid at depth \(depth)", [Broken(.notYetValid, depth)]) {
                    try chain(&$0) { $0.notBefore = World.now + 1 }
                },
                Scene("the first second at depth \(depth)") {
                    try chain(&$0) { $0.notBefore = World.now }
                },
                Scene(
                    "the last second at depth \(depth)",
                    openssl: .differs("its notAfter is exclusive; RFC 5280 §4.1.2.5 says inclusive")
                ) {
                    try chain(&$0) { $0.notAfter = World.now }
                },
            ]
        } + [
            Scene("everything has expired", (0..<3).map { Broken(.expired, $0) }) {
                try $0.chain(World.root, World.upper, World.device)
                $0.settings.time = World.now + 86_400 * 366
            },
            Scene("years after 2050") {
                let end: Int64 = 4_000_000_000
                func long(_ one: TestCertificate) -> TestCertificate {
                    one.changed { $0.notAfter = end }
                }
                try $0.chain(long(World.root), long(World.upper), long(World.device))
                $0.settings.time = end - 1
            },
        ]

    static let usages: [Scene] = [
        Scene("an authority that may not sign certificates", [Broken(.keyUsage, 1)]) {
            try $0.chain(World.root, World.upper.with(.usage(6)), World.device)
        },
        Scene("a root that may not sign certificates", [Broken(.keyUsage, 1)]) {
            try $0.chain(World.root.with(.usage(6)), World.device)
        },
        Scene("an authority without keyUsage") {
            try $0.chain(World.root, World.upper.without("2.5.29.15"), World.device)
        },
        Scene("a leaf without keyUsage") {
            try $0.chain(World.root, World.device.without("2.5.29.15"))
        },
        Scene("a client that may only encipher keys", [Broken(.keyUsage, 0)]) {
            try $0.chain(World.root, World.device.with(.usage(2)))
        },
        Scene("a server that may only encipher keys") {
            try $0.chain(World.root, World.device.with(.usage(2)).with(.server))
            $0.settings.purpose = .server
        },
        Scene("a client's usage as the seed's", []) {
            let seed = World.device.with(.usage(0, 1, 2)).without("2.5.29.37")
            try $0.chain(World.root, seed)
        },
        Scene("a leaf without extendedKeyUsage") {
            try $0.chain(World.root, World.device.without("2.5.29.37"))
        },
        Scene("a server's certificate for a client", [Broken(.purpose, 0)]) {
            try $0.chain(World.root, World.device.with(.server))
        },
        Scene("a client's certificate for a server", [Broken(.purpose, 0)]) {
            try $0.chain(World.root, World.device)
            $0.settings.purpose = .server
        },
        Scene("both purposes") {
            let both = TestExtension.purposes("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2")
            try $0.chain(World.root, World.device.with(both))
        },
        Scene("any purpose does not stand for a client", [Broken(.purpose, 0)]) {
            try $0.chain(World.root, World.device.with(.purposes("2.5.29.37.0")))
        },
        Scene("an authority only for servers", [Broken(.purpose, 1)]) {
            try $0.chain(World.root, World.upper.with(.server), World.device)
        },
        Scene("an authority for clients") {
            try $0.chain(World.root, World.upper.with(.client), World.device)
        },
        Scene(
            "an authority for any purpose",
            openssl: .differs("it wants the purpose itself")
        ) {
            try $0.chain(World.root, World.upper.with(.purposes("2.5.29.37.0")), World.device)
        },
        Scene("purposes do not matter") {
            try $0.chain(World.root, World.device.with(.server))
            $0.settings.purpose = .any
        },
        Scene("keyCertSign of no authority", [Broken(.keyUsage, 0)]) {
            try $0.chain(World.root, World.device.with(.usage(0, 5)))
        }.differing("it looks only with -x509_strict"),
        Scene("a limited path without keyCertSign", [Broken(.keyUsage, 0)]) {
            try $0.chain(World.root, World.upper.with(.authority(0)).with(.usage(0)))
        }.differing("it looks only with -x509_strict"),
    ]

    static let strengths: [Scene] = [
        Scene("a changed signature of the leaf", [Broken(.signature, 0)]) {
            try $0.chain(
                World.root,
                World.upper,
                World.device.changed { $0.breaksSignature = true }
            )
        },
        Scene("a changed signature of an authority", [Broken(.signature, 1)]) {
            try $0.chain(
                World.root,
                World.upper.changed { $0.breaksSignature = true },
                World.device
            )
        },
        Scene("signed by another key", [Broken(.signature, 0)]) {
            try $0.chain(
                World.root,
                World.upper,
                World.device.changed { $0.signer = TestKeys.other }
            )
        },
        Scene("a trusted root's own signature does not count") {
            try $0.chain(World.root.changed { $0.breaksSignature = true }, World.device)
        },
        Scene("RSA with 2048 bits") {
            try $0.chain(World.root, World.device.changed { $0.key = TestKeys.rsa })
        },
        Scene("RSA with 1024 bits in the leaf", [Broken(.weakKey, 0)]) {
            try $0.chain(World.root, World.device.changed { $0.key = TestKeys.shortRSA })
        },
        Scene("RSA with 1024 bits in an authority", [Broken(.weakKey, 1)]) {
            try $0.chain(
                World.root,
                World.upper.changed { $0.key = TestKeys.shortRSA },
                World.device
            )
        },
        Scene("RSA with 1024 bits in the root", [Broken(.weakKey, 1)]) {
            try $0.chain(World.root.changed { $0.key = TestKeys.shortRSA }, World.device)
        },
        Scene("Ed25519 all the way") {
            try $0.chain(
                World.root.changed { $0.key = TestKeys.edwards },
                World.device.changed { $0.key = TestKeys.edwards }
            )
        },
        Scene("SHA-1 with ECDSA in the leaf", [Broken(.weakSignature, 0)]) {
            try $0.chain(World.root, World.device.changed { $0.digest = .sha1 })
        },
        Scene("SHA-1 with RSA in an authority", [Broken(.weakSignature, 1)]) {
            try $0.chain(
                World.root.changed { $0.key = TestKeys.rsa },
                World.upper.changed { $0.digest = .sha1 },
                World.device
            )
        },
        Scene("MD5 in the leaf", [Broken(.weakSignature, 0)]) {
            try $0.chain(
                World.root.changed { $0.key = TestKeys.rsa },
                World.device.changed { $0.digest = .md5 }
            )
        },
        Scene("SHA-1 in the root's own signature does not count") {
            try $0.chain(World.root.changed { $0.digest = .sha1 }, World.device)
        },
        Scene("the two names of the algorithm differ", [Broken(.signature, 0)]) {
            try $0.chain(
                World.root,
                World.device.changed {
                    $0.outerAlgorithm = TestDigest.sha1.algorithm(TestKeys.root)
                }
            )
        }.also(Broken(.algorithmMismatch, 0)).also(Broken(.weakSignature, 0)),
        Scene("a key that is none", [Broken(.weakKey, 0)]) {
            try $0.chain(
                World.root,
                World.device.changed {
                    $0.publicKey = DER.sequence(
                        DER.sequence(DER.oid("1.3.6.1.4.1.99999.2")),
                        DER.bits([1, 2, 3])
                    )
                }
            )
        },
    ]
}
