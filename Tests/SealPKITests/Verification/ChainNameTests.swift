// SPDX-License-Identifier: Apache-2.0
// The table of name constraints, of policies and of host names. For each row openssl's opinion.

import Testing

@testable import SealPKI

private typealias World = TestWorld

@Suite("Names and policies along a chain")
struct ChainNameTests {
    @Test("name constraints", arguments: Self.constraints)
    func constraint(_ scene: Scene) throws { try check(scene) }

    @Test("policies", arguments: Self.policies)
    func policy(_ scene: Scene) throws { try check(scene) }

    @Test("hosts", arguments: Self.hosts)
    func host(_ scene: Scene) throws { try check(scene) }

    private static let bad = [Broken(.nameConstraints, 0)]

    /// A constraint of the authority and the names of the leaf.
    private static func row(
        _ name: String,
        _ broken: [Broken] = [],
        permitted: [[UInt8]] = [],
        excluded: [[UInt8]] = [],
        _ names: [UInt8]...
    ) -> Scene {
        Scene(name, broken) {
            let sans = TestExtension(
                oid: "2.5.29.17",
                value: DER.value(0x30, Array(names.joined()))
            )
            try $0.chain(
                World.root,
                World.upper.with(.constraints(permitted: permitted, excluded: excluded)),
                names.isEmpty ? World.device : World.device.with(sans)
            )
        }
    }

    static let constraints: [Scene] = hostRows + otherRows + pathRows

    private static let tree = [TestName.dns("a.test")]

    private static let hostRows: [Scene] = [
        row("a permitted host itself", permitted: tree, TestName.dns("A.test")),
        row("a host below a permitted one", permitted: tree, TestName.dns("x.y.a.test")),
        row("a host beside a permitted one", bad, permitted: tree, TestName.dns("ba.test")),
        row("one of two hosts outside", bad, permitted: tree, tree[0], TestName.dns("b.test")),
        row("an excluded host", bad, excluded: tree, TestName.dns("x.a.test")),
        row("not the excluded host", excluded: tree, TestName.dns("b.test")),
        row("permitted and excluded", bad, permitted: tree, excluded: tree, tree[0]),
        row("no name of the kind", permitted: tree),
        row("a wildcard inside", permitted: tree, TestName.dns("*.a.test")),
        row(
            "a wildcard that reaches out",
            bad,
            permitted: [TestName.dns("b.a.test")],
            TestName.dns("*.a.test")
        ),
        row(
            "a wildcard that reaches an excluded host",
            bad,
            excluded: [TestName.dns("b.a.test")],
            TestName.dns("*.a.test")
        ).differing("it compares the wildcard as a name"),
        row("a host name that is none", bad, permitted: tree, TestName.dns(".a.test"))
            .differing("it compares ends of texts"),
        row("everything is permitted", permitted: [TestName.dns("")], TestName.dns("b.test")),
        row(
            "a constraint with a leading dot",
            [Broken(.malformedExtension, 1)],
            permitted: [TestName.dns(".a.test")],
            TestName.dns("b.a.test")
        ).differing("it takes the dot, which RFC 5280 does not know for hosts"),
        row(
            "a constraint with a wildcard",
            [Broken(.malformedExtension, 1)],
            permitted: [TestName.dns("*.a.test")],
            TestName.dns("b.a.test")
        ),
    ]

    private static let mail = [TestName.email("a.test")]
    private static let net = [TestName.address(10, 1, 0, 0, 255, 255, 0, 0)]

    private static let otherRows: [Scene] = [
        row("an address inside", permitted: net, TestName.address(10, 1, 2, 3)),
        row("an address outside", bad, permitted: net, TestName.address(10, 2, 0, 1)),
        row("an excluded address", bad, excluded: net, TestName.address(10, 1, 2, 3)),
        row(
            "an address of the other family",
            bad,
            permitted: net,
            DER.value(0x87, [UInt8](repeating: 0, count: 15) + [1])
        ),
        row(
            "a constraint without a mask",
            [Broken(.malformedExtension, 1)],
            permitted: [TestName.address(10, 1, 2, 3)],
            TestName.address(10, 1, 2, 3)
        ),
        row(
            "a mask with holes",
            [Broken(.malformedExtension, 1)],
            permitted: [TestName.address(10, 0, 0, 0, 255, 0, 255, 0)],
            TestName.address(10, 1, 0, 3)
        ).differing("it masks with anything"),
        row("mail at the host", permitted: mail, TestName.email("me@a.test")),
        row("mail below the host", bad, permitted: mail, TestName.email("me@b.a.test")),
        row(
            "mail in the domain",
            permitted: [TestName.email(".a.test")],
            TestName.email("me@b.a.test")
        ),
        row(
            "one mailbox",
            permitted: [TestName.email("me@a.test")],
            TestName.email("me@A.test")
        ),
        row(
            "another mailbox",
            bad,
            permitted: [TestName.email("me@a.test")],
            TestName.email("Me@a.test")
        ),
        row("mail with two signs", bad, permitted: mail, TestName.email("me@b@a.test"))
            .differing("it takes the last sign"),
        Scene("mail in the subject", bad) {
            try $0.chain(
                World.root,
                World.upper.with(.constraints(permitted: mail)),
                World.device.changed { $0.subject = DER.name("CN=x", "emailAddress=me@b.test") }
            )
        },
        row(
            "a URI's host",
            permitted: [TestName.uri("a.test")],
            TestName.uri("https://a.test:8/x?y")
        ),
        row(
            "a URI's host behind a user",
            permitted: [TestName.uri("a.test")],
            TestName.uri("https://me@a.test/")
        ).differing("it takes the user for a part of the host"),
        row(
            "a URI of another host",
            bad,
            permitted: [TestName.uri("a.test")],
            TestName.uri("https://b.test/a.test")
        ),
        row(
            "a URI without a host",
            bad,
            permitted: [TestName.uri("a.test")],
            TestName.uri("urn:a.test")
        ),
        row(
            "a registered identifier that is constrained",
            bad,
            excluded: [DER.value(0x88, [0x2A, 0x03])],
            DER.value(0x88, [0x2A, 0x04])
        ),
    ]

    private static let organization = [TestName.directory(DER.name("O=Test"))]

    private static let pathRows: [Scene] = [
        row("a subject inside", permitted: organization),
        row(
            "a subject outside",
            bad,
            permitted: [TestName.directory(DER.name("O=Else"))]
        ),
        row("an excluded subject", bad, excluded: [TestName.directory(DER.name("O=test"))]),
        row(
            "a directory name outside beside a subject inside",
            bad,
            permitted: organization,
            TestName.directory(DER.name("O=Else"))
        ),
        Scene("an authority below with a forbidden name", [Broken(.nameConstraints, 1)]) {
            try $0.chain(
                World.root.with(.constraints(permitted: tree)),
                World.upper.with(.names(TestName.dns("b.test"))),
                World.device
            )
        },
        Scene("a self-issued authority's names do not count") {
            let renewed = World.upper.changed { $0.key = TestKeys.third }
                .with(.names(TestName.dns("b.test")))
            try $0.chain(
                World.root.with(.constraints(permitted: tree)),
                World.upper,
                renewed,
                World.device
            )
        },
        Scene("a self-issued leaf's names do count", bad) {
            try $0.chain(
                World.root.with(.constraints(permitted: tree)),
                World.upper,
                World.device.changed { $0.subject = World.upper.subject }
                    .with(.names(TestName.dns("b.test")))
            )
        },
        Scene("an authority below cannot widen", bad) {
            try $0.chain(
                World.root.with(.constraints(permitted: tree)),
                World.upper.with(.constraints(permitted: tree + [TestName.dns("b.test")])),
                World.device.with(.names(TestName.dns("b.test")))
            )
        },
        Scene("an authority below can narrow", bad) {
            try $0.chain(
                World.root.with(.constraints(permitted: tree + [TestName.dns("b.test")])),
                World.upper.with(.constraints(permitted: tree)),
                World.device.with(.names(TestName.dns("b.test")))
            )
        },
        Scene("constraints that are not critical count, too", bad) {
            try $0.chain(
                World.root,
                World.upper.with(.constraints(permitted: tree, isCritical: false)),
                World.device.with(.names(TestName.dns("b.test")))
            )
        },
    ]

    private static let one = "1.3.6.1.4.1.99999.10.1"
    private static let two = "1.3.6.1.4.1.99999.10.2"
    private static let any = "2.5.29.32.0"
    private static let refused = [Broken(.policy, 0)]

    /// A chain whose root asks for an explicit policy at once.
    private static func policy(
        _ name: String,
        _ broken: [Broken],
        _ upper: TestExtension...,
        leaf: TestExtension?,
        wanted: String? = nil,
        _ change: @escaping @Sendable (inout VerificationSettings) -> Void = { _ in }
    ) -> Scene {
        Scene(name, broken) {
            let authority = upper.reduce(World.upper) { $0.with($1) }
            try $0.chain(World.root, authority, leaf.map { World.device.with($0) } ?? World.device)
            $0.settings.requiresPolicy = true
            $0.settings.policies = Set([wanted].compactMap { $0.flatMap { OID($0) } })
            change(&$0.settings)
        }
    }

    static let policies: [Scene] = [
        policy("one policy all the way", [], .policies(one), leaf: .policies(one)),
        policy("no policy in the leaf", refused, .policies(one), leaf: nil),
        policy("another policy in the leaf", refused, .policies(one), leaf: .policies(two)),
        policy("the wanted policy", [], .policies(one, two), leaf: .policies(one), wanted: one),
        policy("not the wanted policy", refused, .policies(one), leaf: .policies(one), wanted: two),
        policy("any policy above", [], .policies(any), leaf: .policies(one), wanted: one),
        policy("any policy in the leaf", [], .policies(one), leaf: .policies(any), wanted: one),
        policy(
            "any policy inhibited",
            [Broken(.policy, 1)],
            .policies(any),
            leaf: .policies(one)
        ) {
            $0.inhibitsAnyPolicy = true
        },
        policy(
            "a mapped policy",
            [],
            .policies(one),
            .mapping((one, two)),
            leaf: .policies(two),
            wanted: one
        ),
        policy(
            "the old name of a mapped policy",
            refused,
            .policies(one),
            .mapping((one, two)),
            leaf: .policies(one),
            wanted: one
        ),
        policy(
            "mapping inhibited",
            refused,
            .policies(one),
            .mapping((one, two)),
            leaf: .policies(two)
        ) { $0.inhibitsMapping = true },
        policy(
            "mapping from any policy",
            [],
            .policies(any),
            .mapping((one, two)),
            leaf: .policies(two),
            wanted: one
        ),
        Scene("nothing asks for a policy") { try $0.chain(World.root, World.upper, World.device) },
        Scene("an authority asks at once", refused) {
            try $0.chain(
                World.root,
                World.upper.with(.policies(one)).with(.policyConstraints(explicit: 0)),
                World.device
            )
        },
        Scene("an authority asks after one more", []) {
            try $0.chain(
                World.root,
                World.upper.with(.policies(one)).with(.policyConstraints(explicit: 2)),
                World.device
            )
        },
        Scene("an authority asks and gets it") {
            try $0.chain(
                World.root,
                World.upper.with(.policies(one)).with(.policyConstraints(explicit: 0)),
                World.device.with(.policies(one))
            )
        },
        Scene("inhibitAnyPolicy of an authority", refused) {
            try $0.chain(
                World.root,
                World.upper.with(.policies(one)).with(.policyConstraints(explicit: 0))
                    .with(.inhibitAny(0)),
                World.device.with(.policies(any))
            )
        },
        Scene("policies that map anyPolicy", [Broken(.malformedExtension, 1)]) {
            try $0.chain(
                World.root,
                World.upper.with(.policies(one)).with(.mapping((any, one))),
                World.device.with(.policies(one))
            )
        },
    ]

    private static func host(_ host: String, _ broken: [Broken], _ names: [UInt8]...) -> Scene {
        Scene("\(host) of \(names.count) names", broken) {
            let sans = TestExtension(
                oid: "2.5.29.17",
                value: DER.value(0x30, Array(names.joined()))
            )
            try $0.chain(World.root, World.device.with(.server).with(sans))
            $0.settings.purpose = .server
            $0.settings.host = host
        }
    }

    private static let wrong = [Broken(.hostName, 0)]

    static let hosts: [Scene] = [
        host("a.test", [], TestName.dns("b.test"), TestName.dns("A.TEST")),
        host("c.test", wrong, TestName.dns("b.test")),
        host("x.a.test", [], TestName.dns("*.a.test")),
        host("x.y.a.test", wrong, TestName.dns("*.a.test")),
        host("a.test", wrong, TestName.dns("*.a.test")),
        host("xy.a.test", wrong, TestName.dns("x*.a.test"))
            .differing("it takes part of a label unless told not to"),
        host("a.test", wrong, TestName.dns("*.test")),
        host("10.0.0.1", [], TestName.address(10, 0, 0, 1)),
        host("10.0.0.1", wrong, TestName.dns("10.0.0.1")),
        host("::1", [], DER.value(0x87, [UInt8](repeating: 0, count: 15) + [1])),
        Scene("a common name is no host name", wrong) {
            try $0.chain(
                World.root,
                TestCertificate.device("a.test").with(.server)
            )
            $0.settings.purpose = .server
            $0.settings.host = "a.test"
        }.differing("it falls back to the common name"),
    ]
}
