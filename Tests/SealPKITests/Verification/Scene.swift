// SPDX-License-Identifier: Apache-2.0
// One verification of the table: what is verified against what, what must come out, and what
// openssl says about the same files.

import Testing

@testable import SealPKI

/// A broken rule at a depth.
struct Broken: Hashable, CustomStringConvertible {
    let rule: VerificationRule
    let depth: Int

    init(_ rule: VerificationRule, _ depth: Int) {
        self.rule = rule
        self.depth = depth
    }

    var description: String { "\(rule.rawValue)@\(depth)" }
}

/// Whether openssl decides as RFC 5280 and we do.
enum OpenSSLOpinion {
    /// It accepts and refuses the same chains.
    case same
    /// It decides otherwise, for the reason given.
    case differs(String)
    /// Its releases decide differently, for the reason given.
    case varies(String)
}

/// One row of the table.
struct Scene: Sendable, CustomTestStringConvertible {
    let name: String
    /// Every broken rule; none means valid.
    let broken: Set<Broken>
    let opinion: @Sendable () -> OpenSSLOpinion
    let build: @Sendable (inout Setup) throws -> Void

    var testDescription: String { name }

    /// What is verified.
    struct Setup {
        var leaf: Certificate?
        var sent: [Certificate] = []
        var trusted: [Certificate] = []
        var lists: [RevocationList] = []
        var settings = VerificationSettings(time: TestWorld.now)

        /// A chain from the root down; the root is trusted, the rest is sent.
        mutating func chain(_ parts: TestCertificate...) throws {
            var upper: TestCertificate?
            var made: [Certificate] = []
            for part in parts {
                made.append(try part.made(by: upper))
                upper = part
            }
            leaf = made.last
            sent = Array(made.dropFirst().dropLast())
            trusted = Array(made.prefix(1))
        }
    }

    init(
        _ name: String,
        _ broken: [Broken] = [],
        openssl: @autoclosure @escaping @Sendable () -> OpenSSLOpinion = .same,
        _ build: @escaping @Sendable (inout Setup) throws -> Void
    ) {
        self.name = name
        self.broken = Set(broken)
        self.opinion = openssl
        self.build = build
    }

    func setup() throws -> Setup {
        var setup = Setup()
        try build(&setup)
        return setup
    }

    /// Our verdict.
    func verdict() throws -> ChainVerdict {
        let setup = try setup()
        let verifier = ChainVerifier(
            settings: setup.settings,
            trusted: setup.trusted,
            intermediates: setup.sent,
            lists: setup.lists
        )
        return verifier.verify(try #require(setup.leaf))
    }

    /// What `openssl verify` says about the same files.
    func peerVerdict(in folder: PeerFolder) throws -> PeerOutcome {
        let setup = try setup()
        try folder.write(try #require(setup.leaf).pem, "leaf.pem")
        try folder.write(Array(setup.trusted.map(\.pem).joined()), "trusted.pem")
        var command = "openssl verify -auth_level 2 -policy_check -no-CApath -no-CAstore -attime "
        command += "\(setup.settings.time) -CAfile trusted.pem"
        switch setup.settings.purpose {
        case .client: command += " -purpose sslclient"
        case .server: command += " -purpose sslserver"
        case .any: break
        }
        if !setup.sent.isEmpty {
            try folder.write(Array(setup.sent.map(\.pem).joined()), "sent.pem")
            command += " -untrusted sent.pem"
        }
        if !setup.lists.isEmpty {
            try folder.write(Array(setup.lists.map(\.pem).joined()), "lists.pem")
            command += " -CRLfile lists.pem"
        }
        switch setup.settings.revocation {
        case .leaf: command += " -crl_check"
        case .chain: command += " -crl_check -crl_check_all"
        case .off, .present: break
        }
        if setup.settings.allowsPartialChain { command += " -partial_chain" }
        if setup.settings.requiresPolicy { command += " -explicit_policy" }
        if setup.settings.policies.isEmpty { command += " -policy 2.5.29.32.0" }
        for policy in setup.settings.policies { command += " -policy \(policy)" }
        if setup.settings.inhibitsAnyPolicy { command += " -inhibit_any" }
        if setup.settings.inhibitsMapping { command += " -inhibit_map" }
        if let host = setup.settings.host {
            command +=
                addressBytes(host) == nil
                ? " -verify_hostname \(host)" : " -verify_ip \(host)"
        }
        return try folder.shell(command + " leaf.pem", isFine: false)
    }
}

/// Runs a table: our verdict is the one that is written down, and openssl's is ours unless the row
/// says why not.
func check(_ scene: Scene) throws {
    let verdict = try scene.verdict()
    let found = Set(verdict.failures.map { Broken($0.rule, $0.depth) })
    #expect(found == scene.broken, "\(verdict.failures)")
    #expect(verdict.isValid == scene.broken.isEmpty)
    for failure in verdict.failures {
        #expect(failure.sentence.count > 10)
        #expect(verdict.links.isEmpty || failure.depth < verdict.links.count)
    }
    let peer = try scene.peerVerdict(in: try PeerFolder())
    switch scene.opinion() {
    case .same: #expect((peer.code == 0) == scene.broken.isEmpty, "\(peer)")
    case .varies: break
    case .differs: #expect((peer.code == 0) != scene.broken.isEmpty, "it agrees now: \(peer)")
    }
}
