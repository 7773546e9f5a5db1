// SPDX-License-Identifier: Apache-2.0
// What another tenant registers, to take a login over or to shut a client out: each kind of
// credential against each, in both orders, with and without a tenant that is known beforehand.

import SealAdmin
import SealBytes
import SealPKI
import Testing

@testable import SealBroker
@testable import SealServer
@testable import Stage

/// How the tenant is known before anything is looked up.
enum TenantScope: String, CaseIterable, Sendable {
    case unknown, listener, host, prefix
}

/// Something that a tenant registers for a client id, a user name or both.
enum Claim: String, CaseIterable, Sendable {
    case pairWithPassword, pairOpen, userWithPassword, userOpen, token, idOpen

    static let clientID: Name = "cl-7"
    static let user: Name = "meter-7"
    /// Of another password than the one that clients show.
    static let otherHash =
        "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    /// What the client of this registration shows.
    func show(_ login: inout LoginCase) {
        login.clientID = Self.clientID
        switch self {
        case .pairWithPassword, .userWithPassword: login.show(Self.user, "right")
        case .pairOpen, .userOpen, .token: login.show(Self.user, nil)
        case .idOpen: login.show(nil, nil)
        }
    }

    func register(_ login: LoginCase, _ device: Device, hash: String = Population.right) throws {
        let (kind, lookup, secret): (CredentialKind, Name, String?) =
            switch self {
            case .pairWithPassword:
                (.basic, login.judge.sha3("\(Self.clientID)|\(Self.user)"), hash)
            case .pairOpen: (.basic, login.judge.sha3("\(Self.clientID)|\(Self.user)"), nil)
            case .userWithPassword: (.basic, Self.user, hash)
            case .userOpen: (.basic, Self.user, nil)
            case .token: (.accessToken, login.judge.tokenLookup(Self.user), nil)
            case .idOpen: (.basic, login.judge.sha3(Self.clientID), nil)
            }
        try login.change { (writer) throws(RegistryError) in
            _ = try writer.add(
                Credential(
                    tenant: device.tenant,
                    device: device.number,
                    kind: kind,
                    lookup: lookup,
                    secret: secret.map { StoredSecret(hash: $0) }
                )
            )
        }
    }

    /// The password or the secret proves who the client is.
    var isProved: Bool {
        switch self {
        case .pairWithPassword, .userWithPassword, .token: true
        case .pairOpen, .userOpen, .idOpen: false
        }
    }
}

extension LoginCase {
    /// The tenant a login comes to, or the code of the refusal.
    func comesTo() -> String {
        switch step() {
        case .accepted(let principal): principal.tenantID.text
        case .refused(let reasons): reasons.first?.code.rawValue ?? "refused"
        case .needsPasswordCheck, .needsRegistry: "unfinished"
        }
    }

    var victim: Device { get throws { try named("word") } }
    var attacker: Device { get throws { try named("\(world.beta)/dev") } }

    private func named(_ name: Name) throws -> Device {
        guard let device = world.devices[name] else { throw RegistryError(.notFound, name.text) }
        return device
    }

    mutating func take(_ scope: TenantScope) {
        switch scope {
        case .unknown: break
        case .listener: rules.registry.tenant = "acme"
        case .host: hint = "acme"
        case .prefix: user = user.map { "acme/\($0)" }
        }
    }

    func pin(_ made: Made, _ device: Device) throws {
        let lookup = judge.pinnedID(der: made.certificate.der)
        try change { (writer) throws(RegistryError) in
            _ = try writer.add(
                Credential(
                    tenant: device.tenant,
                    device: device.number,
                    kind: .certificate,
                    lookup: lookup
                )
            )
        }
    }

    func trust(_ made: Made, _ tenant: UInt32, isProved: Bool = false) throws {
        var anchor = try made.anchor(tenant, name: "extra")
        anchor.registersDevices = true
        anchor.proof.isValid = isProved
        try change { [anchor] (writer) throws(RegistryError) in _ = try writer.add(anchor) }
    }
}

private let given = LoginCase.certificates

@Suite("Another tenant's registrations") struct TenantScopeTests {
    struct Fight: Sendable, CustomTestStringConvertible {
        var victim: Claim
        var attacker: Claim
        var scope: TenantScope
        var attackerIsFirst: Bool

        var testDescription: String {
            "\(victim) against \(attacker), \(scope), "
                + (attackerIsFirst ? "attacker first" : "victim first")
        }

        static let all: [Fight] = Claim.allCases.flatMap { victim in
            Claim.allCases.flatMap { attacker in
                TenantScope.allCases.flatMap { scope in
                    [false, true].map {
                        Fight(
                            victim: victim,
                            attacker: attacker,
                            scope: scope,
                            attackerIsFirst: $0
                        )
                    }
                }
            }
        }
    }

    /// Who must get the login.
    private func winner(_ fight: Fight) -> String {
        if fight.scope != .unknown || !fight.attackerIsFirst { return "acme" }
        // The attacker came first: his registration stands only where no proof of the victim's
        // beats it, and where what the client shows fits it at all.
        switch (fight.victim, fight.attacker) {
        case (.idOpen, .idOpen), (.token, .token), (.userOpen, .token), (.pairOpen, .token):
            return "beta"
        case (.idOpen, _), (_, .idOpen): return "acme"
        case (.userOpen, .userOpen), (.userOpen, .pairOpen), (.pairOpen, .pairOpen),
            (.pairOpen, .userOpen):
            return "beta"
        // Of another password: where nothing is proved the older one stands, and refuses.
        case (.userOpen, _), (.pairOpen, _): return "login.password-missing"
        default: return "acme"
        }
    }

    @Test(
        "nobody is taken over or shut out by a row of another tenant",
        arguments: Fight.all
    )
    func matrix(_ fight: Fight) throws {
        // A prefix stands before a user name, and without one there is none.
        if fight.scope == .prefix, fight.victim == .idOpen { return }
        var login = try LoginCase()
        let (victim, attacker) = (try login.victim, try login.attacker)
        fight.victim.show(&login)
        login.take(fight.scope)
        if fight.attackerIsFirst {
            try fight.attacker.register(login, attacker, hash: Claim.otherHash)
        }
        try fight.victim.register(login, victim)
        if !fight.attackerIsFirst {
            // The client was there before anybody else claimed it.
            #expect(login.comesTo() == "acme")
            try fight.attacker.register(login, attacker, hash: Claim.otherHash)
        }
        #expect(login.comesTo() == winner(fight))
    }

    @Test(
        "a wrong password is refused, and not taken in by a later row that asks for none",
        arguments: [Claim.pairOpen, .userOpen]
    )
    func wrongPassword(_ attack: Claim) throws {
        var login = try LoginCase()
        try Claim.userWithPassword.register(login, try login.victim)
        try attack.register(login, try login.attacker)
        Claim.userWithPassword.show(&login)
        login.password = "wrong"
        #expect(login.comesTo() == "login.bad-password")
        login.password = nil
        #expect(login.comesTo() == "login.password-missing")
    }

    @Test("of two tenants with the same password the older registration stands")
    func samePassword() throws {
        for isFirst in [true, false] {
            var login = try LoginCase()
            let devices = [try login.attacker, try login.victim]
            for device in isFirst ? devices : devices.reversed() {
                try Claim.userWithPassword.register(login, device)
            }
            Claim.userWithPassword.show(&login)
            #expect(login.comesTo() == (isFirst ? "beta" : "acme"))
        }
    }

    @Test("each tenant's own password leads to that tenant")
    func ownPasswords() throws {
        var login = try LoginCase()
        try Claim.userWithPassword.register(login, try login.attacker, hash: Claim.otherHash)
        try Claim.userWithPassword.register(login, try login.victim)
        Claim.userWithPassword.show(&login)
        #expect(login.comesTo() == "acme")
    }

    @Test("a user name without password cannot be made a token of somebody else's later")
    func nameAsToken() throws {
        var login = try LoginCase()
        try Claim.userWithPassword.register(login, try login.victim)
        try Claim.token.register(login, try login.attacker)
        Claim.userWithPassword.show(&login)
        #expect(login.comesTo() == "acme")
    }

    @Test("a credential that is put in the place of an older one is as young as its own look-up")
    func replacedInPlace() throws {
        var login = try LoginCase()
        try Claim.idOpen.register(login, try login.attacker)
        try Claim.userOpen.register(login, try login.victim)
        let old = try #require(
            try login.registry.credentials(device: try login.attacker.number).last
        )
        var moved = old
        moved.lookup = Claim.user
        try login.change { [moved] (writer) throws(RegistryError) in
            _ = try writer.replace(moved)
        }
        Claim.userOpen.show(&login)
        #expect(login.comesTo() == "acme")
    }

    // MARK: A listener that is kept to one tenant

    @Test("a row for a client id leads no anonymous client of a listener away")
    func anonymous() throws {
        var login = try LoginCase()
        try Claim.idOpen.register(login, try login.attacker)
        Claim.idOpen.show(&login)
        login.rules.allowsAnonymous = true
        login.rules.registry.tenant = "acme"
        #expect(login.comesTo() == "acme")
        login.rules.registry.tenant = nil
        login.hint = "acme"
        #expect(login.comesTo() == "acme")
    }

    @Test(
        "accounts and device users of a listener's tenant come in whatever others register",
        arguments: Claim.allCases
    )
    func accounts(_ attack: Claim) throws {
        for name: Name in ["ann", "device_word"] {
            var login = try LoginCase()
            login.rules.registry.tenant = "acme"
            login.clientID = Claim.clientID
            login.show(name, "right")
            let device = try login.attacker
            let lookups: [(CredentialKind, Name)] = [
                (.basic, login.judge.sha3("\(Claim.clientID)|\(name)")), (.basic, name),
                (.accessToken, login.judge.tokenLookup(name)),
                (.basic, login.judge.sha3(Claim.clientID)),
            ]
            try login.change { (writer) throws(RegistryError) in
                for (kind, lookup) in lookups {
                    _ = try writer.add(
                        Credential(
                            tenant: device.tenant,
                            device: device.number,
                            kind: kind,
                            lookup: lookup
                        )
                    )
                }
            }
            #expect(login.comesTo() == "acme")
        }
    }

    @Test("a name that looks like another tenant's user is the listener's tenant's first")
    func foreignPrefix() throws {
        var login = try LoginCase()
        let device = try login.victim
        let lookup = login.judge.tokenLookup("beta/ann")
        try login.change { (writer) throws(RegistryError) in
            _ = try writer.add(
                Credential(
                    tenant: device.tenant,
                    device: device.number,
                    kind: .accessToken,
                    lookup: lookup
                )
            )
        }
        login.rules.registry.tenant = "acme"
        login.clientID = "c"
        login.show("beta/ann", "x")
        #expect(login.comesTo() == "acme")
    }

    // MARK: Pinned certificates

    @Test("a pinned certificate yields to the authority of another tenant, whoever was first")
    func pinAgainstAnchor() throws {
        for isFirst in [true, false] {
            var login = try LoginCase()
            login.show(given.autoDevice, given.auto)
            login.clientID = "newcomer"
            if isFirst { try login.pin(given.autoDevice, try login.attacker) }
            if !isFirst {
                #expect(login.comesTo() == "acme")
                try login.pin(given.autoDevice, try login.attacker)
            }
            #expect(login.comesTo() == "acme")
        }
    }

    @Test("pinned before the authority is trusted, it yields as soon as that is")
    func pinBeforeAnchor() throws {
        var login = try LoginCase()
        login.show(given.nobodysDevice, given.nobodys)
        try login.pin(given.nobodysDevice, try login.attacker)
        try login.trust(given.nobodys, login.world.acme)
        #expect(login.comesTo() == "acme")
    }

    @Test(
        "a device that came in by its pinned certificate is not led away by an uploaded authority"
    )
    func anchorAgainstPin() throws {
        for made in [given.nobodys, given.nobodysDevice] {
            var login = try LoginCase()
            login.show(given.nobodysDevice, given.nobodys)
            login.clientID = "c"
            try login.pin(given.nobodysDevice, try login.victim)
            #expect(login.comesTo() == "acme")
            try login.trust(made, login.world.beta)
            #expect(login.comesTo() == "acme")
        }
    }

    @Test("of two tenants that pin a certificate the older one stands")
    func pinAgainstPin() throws {
        for isFirst in [true, false] {
            var login = try LoginCase()
            login.show(given.unknown)
            login.clientID = "c"
            let devices = [try login.attacker, try login.victim]
            for device in isFirst ? devices : devices.reversed() {
                try login.pin(given.unknown, device)
            }
            #expect(login.comesTo() == (isFirst ? "beta" : "acme"))
        }
    }

    @Test(
        "on a listener, host or name of a tenant no other tenant's pinned certificate counts",
        arguments: [TenantScope.listener, .host, .prefix]
    )
    func pinInScope(_ scope: TenantScope) throws {
        var login = try LoginCase()
        try login.pin(given.dev, try login.attacker)
        try login.pin(given.unknown, try login.attacker)
        login.show(given.dev, given.root)
        if scope == .prefix { login.user = "device" }
        login.take(scope)
        #expect(login.comesTo() == "acme")
        login.show(given.unknown)
        #expect(login.comesTo() == "login.anchor-of-other-tenant")
    }

    // MARK: Authorities

    @Test("an authority that another tenant uploads too shuts nobody out")
    func sameAnchor() throws {
        var login = try LoginCase()
        login.show(given.dev, given.root)
        try login.trust(given.root, login.world.beta)
        #expect(login.comesTo() == "acme")
        // With a user name that is no tenant's, and with the issuer left out.
        login.user = "somebody"
        #expect(login.comesTo() == "acme")
        login.show(given.dev)
        login.user = nil
        #expect(login.comesTo() == "acme")
    }

    @Test("whoever proves that it holds the key is meant, also when it came later")
    func provedAnchor() throws {
        var login = try LoginCase()
        login.show(given.dev, given.root)
        try login.trust(given.root, login.world.beta, isProved: true)
        #expect(login.comesTo() == "beta")
    }

    @Test("an authority nearer to the device neither takes it over nor shuts it out")
    func intermediate() throws {
        var login = try LoginCase()
        login.show(given.subLeaf, given.sub, given.root)
        login.rules.registry.chainLengthMax = 3
        try login.trust(given.sub, login.world.beta)
        #expect(login.comesTo() == "acme")
        // Where the chain is too long for its own tenant, it does not become another's either.
        login.rules.registry.chainLengthMax = 2
        #expect(login.comesTo() == "login.chain-too-long")
    }

    @Test("an authority of the same name with another key leads nobody away, even when proved")
    func lookalike() throws {
        var login = try LoginCase()
        login.show(given.dev)
        for _ in 0..<20 {
            let root = try CertificateAuthority.makeRoot(
                subject: DistinguishedName(commonName: "Root", organization: "Table"),
                key: nil,
                days: 3650,
                pathLength: nil,
                notBefore: TestCertificates.now - 1000
            )
            try login.trust(
                Made(certificate: root.certificate, key: root.key),
                login.world.beta,
                isProved: true
            )
        }
        #expect(login.comesTo() == "acme")
    }

    // MARK: Bounds and time

    /// Tenants that each have the user name with another password, the first ones the oldest.
    private func rivals(_ count: Int, _ login: LoginCase) throws {
        for number in 0..<count {
            let device = try login.registry.change(by: .daemon) { writer throws(RegistryError) in
                let tenant = try writer.add(Tenant(id: "rival\(number)")).number
                return try writer.add(Device(tenant: tenant, identifier: "d", origin: .api))
            }.result
            try Claim.userWithPassword.register(login, device, hash: Claim.otherHash)
        }
    }

    private final class Count: PasswordCheck {
        let asked = Locked<[PasswordHash]>([])

        func matches(_ password: [UInt8], _ hash: PasswordHash) -> Bool {
            asked.withLock { $0.append(hash) }
            return OpenSSLPasswordCheck().matches(password, hash)
        }
    }

    @Test("a password is compared with those of four tenants, and not of a fifth")
    func comparisons() throws {
        for (older, isIn) in [(3, true), (4, false)] {
            var login = try LoginCase()
            try rivals(older, login)
            try Claim.userWithPassword.register(login, try login.victim)
            Claim.userWithPassword.show(&login)
            #expect((login.comesTo() == "acme") == isIn)
        }
    }

    @Test("hashes of one name share a salt, and are compared in the time of one")
    func sharedSalt() throws {
        let forge = ScryptForge(saltKey: [1, 2, 3])
        let hashes = try ["right", "other", "right"].map { password in
            let stored = try forge.hash(chosen: Array(password.utf8), sharing: "meter-7")
            return try #require(PasswordHash(stored.hash))
        }
        var salts: Set<[UInt8]> = []
        for hash in hashes {
            guard case .scrypt(14, 8, 1, let salt, _) = hash else {
                Issue.record("\(hash)")
                return
            }
            salts.insert(salt)
        }
        #expect(salts.count == 1)
        let elsewhere = try forge.hash(chosen: Array("right".utf8), sharing: "meter-8")
        #expect(try #require(PasswordHash(elsewhere.hash)) != hashes[0])
        let answers = OpenSSLPasswordCheck().matches(Array("right".utf8), each: hashes)
        #expect(answers == [true, false, true])
        let mixed = hashes + [try #require(PasswordHash(Population.generated))]
        let generated = Array(Population.generatedText.utf8)
        #expect(
            OpenSSLPasswordCheck().matches(generated, each: mixed) == [false, false, false, true]
        )
    }

    @Test("a wrong password of a name that several tenants have is one slow comparison and a guess")
    func slowOnce() throws {
        var login = try LoginCase()
        try Claim.userWithPassword.register(login, try login.attacker)
        try Claim.userWithPassword.register(login, try login.victim)
        Claim.userWithPassword.show(&login)
        let check = Count()
        let step = RegistryLogin.run(
            Credentials(user: Claim.user, password: Array("guess".utf8), clientID: "c"),
            login.rules,
            login.environment,
            check
        )
        #expect(check.asked.withLock { $0.count } == 1)
        guard case .refused(let reasons) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(reasons.map(\.code) == [.badPassword])
    }

    // MARK: Evidence

    @Test("both tenants are told of a dispute once, and neither who the other is")
    func told() throws {
        var login = try LoginCase()
        try Claim.userWithPassword.register(login, try login.victim)
        try Claim.userOpen.register(login, try login.attacker)
        Claim.userWithPassword.show(&login)
        let environment = login.environment
        let credentials = Credentials(
            user: Claim.user,
            password: Array("right".utf8),
            clientID: Claim.clientID,
            peerAddress: "192.0.2.7"
        )
        var records: [DecisionRecord] = []
        for _ in 0..<2 {
            let step = RegistryLogin.begin(credentials, login.rules, environment)
            guard case .needsPasswordCheck(let question) = step else {
                Issue.record("\(step)")
                return
            }
            records = RegistryLogin.settle(Login.finish(question, matches: true), environment)
        }
        func acts(_ tenant: UInt32) throws -> [String] {
            try login.registry.audit(tenant: tenant, PageRequest(limit: 100)).items.map(\.act)
        }
        #expect(try acts(login.world.acme).count { $0 == "login.disputed" } == 1)
        #expect(try acts(login.world.beta).count { $0 == "login.yielded" } == 1)
        #expect(try acts(login.world.acme).count { $0 == "credential.disputed" } == 1)
        let yielded = try #require(records.first { $0.tenant == login.world.beta })
        #expect(yielded.reasons.map(\.code) == [.registrationYields])
        #expect(!yielded.isAllowed && yielded.device == "dev")
        #expect(yielded.peer.isEmpty && yielded.clientID.isEmpty && yielded.user.isEmpty)
        let stands = try #require(records.first { $0.tenant == login.world.acme })
        #expect(stands.reasons.map(\.code) == [.registrationStands] && stands.isAllowed)
    }

    @Test("a login that is only tried out writes nothing")
    func rehearsal() throws {
        var login = try LoginCase()
        try Claim.userOpen.register(login, try login.victim)
        Claim.userOpen.show(&login)
        login.rules.registry.isRehearsal = true
        #expect(login.comesTo() == "acme")
        let row = try login.registry.credentials(device: try login.victim.number).last
        #expect(row?.firstUsedAt == 0)
        login.rules.registry.isRehearsal = false
        #expect(login.comesTo() == "acme")
        let used = try login.registry.credentials(device: try login.victim.number).last
        #expect(used.map { $0.firstUsedAt > 0 } == true)
    }
}
