// SPDX-License-Identifier: Apache-2.0
// The rows of the table about single certificates: version, serial number, names, extensions.

@testable import SealPKI

private typealias World = TestWorld

/// policyConstraints as RFC 5280 §4.2.1.11 forbids authorities to write them.
private let softConstraints: TestExtension = {
    var constraints = TestExtension.policyConstraints(explicit: 9)
    constraints.isCritical = false
    return constraints
}()

extension Scene {
    /// The same with one more broken rule.
    func also(_ more: Broken) -> Scene {
        Scene(name, Array(broken) + [more], openssl: opinion(), build)
    }

    /// The same where openssl decides otherwise.
    func differing(_ why: String) -> Scene {
        Scene(name, Array(broken), openssl: .differs(why), build)
    }

    /// The same where openssl's releases decide differently.
    func varying(_ why: String) -> Scene {
        Scene(name, Array(broken), openssl: .varies(why), build)
    }
}

extension ChainTableTests {
    static let forms: [Scene] = plainForms + strictForms

    private static let plainForms: [Scene] = [
        Scene("an unknown critical extension in the leaf", [Broken(.unknownCritical, 0)]) {
            try $0.chain(World.root, World.device.with(.unknown(isCritical: true)))
        },
        Scene("an unknown critical extension in an authority", [Broken(.unknownCritical, 1)]) {
            try $0.chain(World.root, World.upper.with(.unknown(isCritical: true)), World.device)
        },
        Scene("an unknown critical extension in the root", [Broken(.unknownCritical, 1)]) {
            try $0.chain(World.root.with(.unknown(isCritical: true)), World.device)
        },
        Scene("an unknown extension that is not critical") {
            try $0.chain(World.root, World.device.with(.unknown(isCritical: false)))
        },
        Scene("an extension twice", [Broken(.duplicateExtension, 0)]) {
            try $0.chain(
                World.root,
                World.device.changed {
                    $0.extensions += [.unknown(isCritical: false), .unknown(isCritical: false)]
                }
            )
        }.differing("it only looks at extensions it knows"),
        Scene("extensions in version 1", [Broken(.version, 0)]) {
            try $0.chain(World.root, World.device.changed { $0.version = 1 })
        }.differing("it looks only with -x509_strict"),
        Scene("extensions in version 2", [Broken(.version, 0)]) {
            try $0.chain(World.root, World.device.changed { $0.version = 2 })
        }.differing("it looks only with -x509_strict"),
        Scene("a serial number of 20 octets") {
            try $0.chain(
                World.root,
                World.device.changed { $0.serial = [0x7F] + [UInt8](repeating: 1, count: 19) }
            )
        },
        Scene("a serial number of 22 octets", [Broken(.serialNumber, 0)]) {
            try $0.chain(
                World.root,
                World.device.changed { $0.serial = [0x7F] + [UInt8](repeating: 1, count: 21) }
            )
        }.differing("it does not look"),
        Scene("an empty issuer", [Broken(.issuerEmpty, 0), Broken(.issuerMissing, 0)]) {
            try $0.chain(World.root, World.device.changed { $0.issuer = DER.sequence() })
        },
        Scene("an authority without a name", [Broken(.subjectEmpty, 1)]) {
            try $0.chain(World.root.changed { $0.subject = DER.sequence() }, World.device)
        }.also(Broken(.issuerEmpty, 0)).also(Broken(.issuerEmpty, 1))
            .differing("it looks only with -x509_strict"),
        Scene("no subject and a critical alternative name") {
            try $0.chain(
                World.root,
                World.device.changed { $0.subject = DER.sequence() }
                    .with(.names(TestName.dns("a.test"), isCritical: true))
            )
        },
        Scene("no subject and no critical alternative name", [Broken(.extensionCriticality, 0)]) {
            try $0.chain(
                World.root,
                World.device.changed { $0.subject = DER.sequence() }
                    .with(.names(TestName.dns("a.test")))
            )
        }.differing("it looks only with -x509_strict"),
        Scene("no subject at all", [Broken(.subjectEmpty, 0)]) {
            try $0.chain(World.root, World.device.changed { $0.subject = DER.sequence() })
        }.differing("it looks only with -x509_strict"),
        Scene("alternative names that are none", [Broken(.malformedExtension, 0)]) {
            try $0.chain(
                World.root,
                World.device.with(
                    TestExtension(oid: "2.5.29.17", value: Array("example.com".utf8))
                )
            )
        },
        Scene("a critical authorityKeyIdentifier", [Broken(.extensionCriticality, 0)]) {
            try $0.chain(
                World.root,
                World.device.with(.authorityKey(World.id(TestKeys.root), isCritical: true))
            )
        },
        Scene("a critical subjectKeyIdentifier", [Broken(.extensionCriticality, 1)]) {
            try $0.chain(
                World.root.with(.subjectKey(World.id(TestKeys.root), isCritical: true)),
                World.device
            )
        },
        Scene("name constraints in a leaf", [Broken(.extensionPlacement, 0)]) {
            try $0.chain(
                World.root,
                World.device.with(.constraints(permitted: [TestName.dns("a.test")]))
            )
        }.differing("it does not look"),
        Scene("a limited path of no authority", [Broken(.malformedExtension, 0)]) {
            let value = DER.sequence(DER.integer(1))
            try $0.chain(
                World.root,
                World.device.with(TestExtension(oid: "2.5.29.19", isCritical: true, value: value))
            )
        }.differing("it looks only with -x509_strict"),
        Scene("critical policies with an unknown qualifier", [Broken(.unknownCritical, 0)]) {
            let qualifier = DER.sequence(DER.oid("1.2.3.9"), DER.null)
            let policy = DER.sequence(DER.oid("1.2.3.4"), DER.sequence(qualifier))
            try $0.chain(
                World.root,
                World.device.with(
                    TestExtension(
                        oid: "2.5.29.32",
                        isCritical: true,
                        value: DER.sequence(policy)
                    )
                )
            )
        }.differing("it passes over qualifiers"),
        Scene("unique identifiers") {
            try $0.chain(
                World.root,
                World.device.changed {
                    $0.uniqueIDs = DER.value(0x81, [0, 1, 2]) + DER.value(0x82, [0, 3])
                }
            )
        },
    ]

    private static let outspokenUsage: TestExtension = {
        var usage = TestExtension.usage(0)
        (usage.isCritical, usage.writesDefault) = (false, true)
        return usage
    }()

    /// What authorities must not write and readers can pass over.
    private static let strictForms: [Scene] =
        [
            (
                "serial number zero", Broken(.serialNumber, 0),
                World.device.changed { $0.serial = [0] }
            ),
            (
                "a negative serial number", Broken(.serialNumber, 0),
                World.device.changed { $0.serial = [0x80] }
            ),
            (
                "no authorityKeyIdentifier", Broken(.keyIdentifier, 0),
                World.device.with(TestExtension(oid: "2.5.29.35", value: DER.sequence()))
            ),
            (
                "basicConstraints that writes FALSE out", Broken(.malformedExtension, 0),
                World.device.with(
                    TestExtension(
                        oid: "2.5.29.19",
                        isCritical: true,
                        value: DER.sequence([0x01, 0x01, 0x00])
                    )
                )
            ),
            (
                "keyUsage that writes out that it is not critical",
                Broken(.malformedExtension, 0),
                World.device.with(outspokenUsage)
            ),
        ].flatMap { name, broken, leaf in
            [
                Scene("\(name), as most have it") { try $0.chain(World.root, leaf) },
                Scene("\(name), strictly", [broken]) {
                    try $0.chain(World.root, leaf)
                    $0.settings.isStrict = true
                }.differing("it is not asked to be strict"),
            ]
        } + [
            Scene("basicConstraints that is not critical") {
                try $0.chain(World.root.with(.authority(isCritical: false)), World.device)
            },
            Scene(
                "basicConstraints that is not critical, strictly",
                [Broken(.extensionCriticality, 1)]
            ) {
                try $0.chain(World.root.with(.authority(isCritical: false)), World.device)
                $0.settings.isStrict = true
            }.differing("it is not asked to be strict"),
            Scene("policyConstraints that is not critical") {
                try $0.chain(World.root, World.upper.with(softConstraints), World.device)
            },
            Scene(
                "policyConstraints that is not critical, strictly",
                [Broken(.extensionCriticality, 1)]
            ) {
                try $0.chain(World.root, World.upper.with(softConstraints), World.device)
                $0.settings.isStrict = true
            }.differing("it does not look"),
            Scene(
                "policyConstraints that is not critical counts, too",
                [Broken(.policy, 0)]
            ) {
                var constraints = TestExtension.policyConstraints(explicit: 0)
                constraints.isCritical = false
                try $0.chain(World.root, World.upper.with(constraints), World.device)
            },
            Scene(
                "an authority without subjectKeyIdentifier, strictly",
                [Broken(.keyIdentifier, 1)]
            ) {
                try $0.chain(World.root.without("2.5.29.14"), World.device)
                $0.settings.isStrict = true
            }.differing("it is not asked to be strict"),
            Scene("a trusted root of version 1, strictly", [Broken(.notAuthority, 1)]) {
                try $0.chain(
                    World.root.changed { ($0.version, $0.extensions) = (1, []) },
                    World.device
                )
                $0.settings.isStrict = true
            }.differing("it is not asked to be strict"),
            Scene("a good chain, strictly") {
                try $0.chain(World.root, World.upper, World.device)
                $0.settings.isStrict = true
            },
        ]
}
