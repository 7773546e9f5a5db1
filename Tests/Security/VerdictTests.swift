// SPDX-License-Identifier: Apache-2.0
// One verdict about a chain at every door: the same table over listeners that judge by files, that
// ask the registry, and the API, over both versions of TLS and both modes that demand something.

import SealBytes
import SealPKI
import Testing

@testable import SealBroker
@testable import SealNet
@testable import SealServer
@testable import Stage

/// A chain, and what every door says about it.
struct VerdictRow: Sendable, CustomTestStringConvertible {
    let name: String
    let code: ReasonCode?

    init(_ name: String, _ code: ReasonCode? = nil) {
        self.name = name
        self.code = code
    }

    var testDescription: String { name }

    static let all: [VerdictRow] = [
        VerdictRow("good"),
        VerdictRow("alone below its issuer"),
        VerdictRow("below an authority between"),
        VerdictRow("in another order"),
        VerdictRow("with a strange certificate beside"),
        VerdictRow("name inside"),
        VerdictRow("pinned"),
        VerdictRow("authority between missing", .chainBroken),
        VerdictRow("alone, issuer unknown", .anchorUnknown),
        VerdictRow("expired", .certificateExpired),
        VerdictRow("not yet valid", .certificateNotYetValid),
        VerdictRow("self-signed", .anchorUnknown),
        VerdictRow("self-signed and expired", .anchorUnknown),
        VerdictRow("of a foreign authority", .anchorUnknown),
        VerdictRow("for servers only", .certificatePurpose),
        VerdictRow("for signing code, critical", .certificatePurpose),
        VerdictRow("key for key agreement with nobody", .certificatePurpose),
        VerdictRow("unknown critical extension", .certificateMalformed),
        VerdictRow("issuer is no authority", .issuerNotAuthority),
        VerdictRow("issuer may not sign certificates", .issuerNotAuthority),
        VerdictRow("issuer for servers only", .certificatePurpose),
        VerdictRow("path length", .pathLength),
        VerdictRow("name outside", .nameConstraints),
        VerdictRow("weak key", .certificateWeak),
        VerdictRow("key that is not accepted", .certificateWeak),
        VerdictRow("weak signature", .certificateWeak),
        VerdictRow("signed by a namesake", .chainBroken),
        VerdictRow("authority between expired", .certificateExpired),
        VerdictRow("anchor expired", .anchorExpired),
        VerdictRow("anchor not yet valid", .anchorNotYetValid),
        VerdictRow("pinned and expired", .certificateExpired),
        VerdictRow("pinned and not yet valid", .certificateNotYetValid),
    ]

    /// With revocation lists.
    static let listed: [VerdictRow] = [
        VerdictRow("good"),
        VerdictRow("revoked by a list", .certificateRevoked),
        VerdictRow("authority between revoked by a list", .certificateRevoked),
        VerdictRow("list overdue", .revocationListOverdue),
    ]
}

@Suite("One verdict about a chain at every door") struct VerdictTests {
    private func check(
        _ rows: [VerdictRow],
        _ doors: VerdictDoors,
        _ kinds: [VerdictDoors.Kind] = VerdictDoors.Kind.allCases
    ) throws {
        let chains = try VerdictChains.shared.get()
        for row in rows {
            let chain = try #require(chains.chains[row.name], "\(row.name)")
            for kind in kinds {
                for version in TLSVersion.allCases {
                    let verdict = try doors.verdict(kind, chain, version)
                    #expect(
                        verdict == row.code?.rawValue,
                        "\(row.name) at \(kind), TLS \(version.rawValue)"
                    )
                }
            }
        }
    }

    @Test("the table", arguments: ["verify", "require"])
    func table(mode: String) throws {
        try check(VerdictRow.all, VerdictDoors(mode: mode))
    }

    @Test("the table of revocation lists", arguments: ["verify", "require"])
    func lists(mode: String) throws {
        try check(VerdictRow.listed, VerdictDoors(mode: mode, isListed: true))
    }
}

/// What a certificate beside another credential leads to, after the login and in exchanges.
@Suite("A certificate that is demanded") struct DemandTests {
    private let given = LoginCase.certificates

    private func login(_ demand: CertificateDemand) throws -> LoginCase {
        var login = try LoginCase()
        login.rules.registry.precedence = .password
        login.rules.registry.demand = demand
        login.clientID = "c"
        return login
    }

    @Test("the login stands on it: revoked, its anchor disabled or its pin removed, it ends")
    func reliance() throws {
        var login = try login(.good)
        login.show("acme/ann", "right")
        login.show(given.dev, given.root)
        guard case .accepted(let below) = login.step() else { throw NotIn() }
        let acme = login.world.acme
        #expect(below.reliance.anchor != nil)
        #expect(below.reliance.endsAt == given.dev.presented.notAfter)
        let mark = try #require(below.reliance.certificates.first)
        #expect(
            below.reliance.isWithdrawn(
                by: IdentityChange(
                    number: 99,
                    tenant: acme,
                    subject: .revocation(
                        tenant: acme,
                        serial: mark.serial,
                        issuer: RevokedIssuer(key: mark.issuerKey)
                    ),
                    isWithdrawal: true
                )
            )
        )
        login.show(given.pinned)
        guard case .accepted(let pinned) = login.step() else { throw NotIn() }
        let number = try #require(pinned.reliance.pinned)
        #expect(
            pinned.reliance.isWithdrawn(
                by: IdentityChange(
                    number: 99,
                    tenant: acme,
                    subject: .credential(number),
                    isWithdrawal: true
                )
            )
        )
    }

    private struct NotIn: Error {}

    @Test("a connection of the API that stays open is judged anew for each request")
    func keptAlive() throws {
        let doors = try VerdictDoors(mode: "require")
        let chains = try VerdictChains.shared.get()
        let chain = try #require(chains.chains["good"]).map(\.presented)
        let proof = "Basic \(Base64.encode(Array("acme/chief:right".utf8)))"
        #expect(doors.ask(chain, proof) == nil)
        #expect(doors.ask(chain, nil) == nil)
        let acme = doors.login.world.acme
        try doors.login.change { (writer) throws(RegistryError) in
            try writer.revoke(
                Revocation(
                    tenant: acme,
                    serial: chain[0].serial,
                    issuer: RevokedIssuer(key: chain[0].issuerKey),
                    revokedAt: 0
                ),
                keepsOldDate: false
            )
        }
        #expect(doors.ask(chain, proof) == ReasonCode.certificateRevoked.rawValue)
        #expect(doors.ask(chain, nil) == ReasonCode.certificateRevoked.rawValue)
        #expect(doors.ask([], proof) == ReasonCode.certificateNeeded.rawValue)
    }

    @Test("what only the registry can say: revoked by the tenant, disabled, and lists of others")
    func registryOnly() throws {
        let chains = try VerdictChains.shared.get()
        let doors = try VerdictDoors(mode: "require", isListed: true)
        for kind in VerdictDoors.Kind.allCases {
            let revoked = try #require(chains.chains["revoked by the tenant"])
            let listless = try #require(chains.chains["issuer without list"])
            let isFile = kind == .files
            // A tenant's revocations, and anchors it disables, are its own; an operator who names
            // lists for his own authorities needs one of each, tenants revoke in the registry.
            #expect(
                try doors.verdict(kind, revoked, .tls13)
                    == (isFile ? nil : ReasonCode.certificateRevoked.rawValue)
            )
            #expect(
                try doors.verdict(kind, chains.belowDisabled, .tls13)
                    == (isFile ? ReasonCode.anchorUnknown : .anchorDisabled).rawValue
            )
            #expect(
                try doors.verdict(kind, listless, .tls13)
                    == (isFile ? ReasonCode.revocationListOverdue.rawValue : nil)
            )
        }
    }

    @Test(
        "a listener that asks lets others in by what else they show",
        arguments: TLSVersion.allCases
    )
    func asked(version: TLSVersion) throws {
        let doors = try VerdictDoors(mode: "ask")
        let chains = try VerdictChains.shared.get()
        let bad = try #require(chains.chains["self-signed and expired"])
        for kind in [VerdictDoors.Kind.files, .beside, .basic, .bearer, .open] {
            #expect(try doors.verdict(kind, bad, version) == nil)
        }
        #expect(
            try doors.verdict(.certificate, bad, version) == ReasonCode.anchorUnknown.rawValue
        )
    }

    @Test("without any certificate", arguments: ["ask", "verify", "require"])
    func none(mode: String) throws {
        let doors = try VerdictDoors(mode: mode)
        for kind in [VerdictDoors.Kind.files, .beside, .basic, .bearer, .open] {
            let wanted = mode == "require" ? ReasonCode.certificateNeeded.rawValue : nil
            #expect(try doors.verdict(kind, [], .tls13) == wanted, "\(kind)")
        }
    }
}
