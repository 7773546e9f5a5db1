// SPDX-License-Identifier: Apache-2.0
// Names that Unicode calls equal and whose bytes differ: they are two names in every look-up, cache,
// rule and answer, and nobody becomes or shuts out who is called almost the same.

import SealBytes
import Testing

@testable import SealAdmin
@testable import SealBroker
@testable import SealPKI
@testable import SealServer
@testable import SealStore
@testable import Stage

/// Two names that `String` takes for one.
struct Twins: Sendable, CustomTestStringConvertible {
    var plain: Name
    var other: Name

    /// Put into the middle of a name.
    var named: (Name, Name) { ("n\(plain)-9", "n\(other)-9") }

    var testDescription: String {
        other.text.unicodeScalars.map { "U+" + String($0.value, radix: 16, uppercase: true) }
            .joined(separator: " ")
    }

    static let all: [Twins] = [
        // KELVIN SIGN, GREEK QUESTION MARK, VARIA, OHM SIGN, ANGSTROM SIGN.
        Twins(plain: "K", other: "\u{212A}"), Twins(plain: ";", other: "\u{37E}"),
        Twins(plain: "`", other: "\u{1FEF}"), Twins(plain: "\u{3A9}", other: "\u{2126}"),
        Twins(plain: "\u{C5}", other: "\u{212B}"),
        // Composed and decomposed; Hangul; marks in two orders.
        Twins(plain: "\u{E9}", other: "e\u{301}"),
        Twins(plain: "\u{AC00}", other: "\u{1100}\u{1161}"),
        Twins(plain: "q\u{323}\u{307}", other: "q\u{307}\u{323}"),
    ]
}

@Suite("Names") struct NameTests {
    // MARK: The type

    @Test("names are the same when their bytes are, wherever they are kept", arguments: Twins.all)
    func bytes(_ twins: Twins) {
        let (one, two) = twins.named
        #expect(one.text == two.text, "these are no twins")
        #expect(one != two && one == Name(one.text) && one.hashValue == Name(one.text).hashValue)
        #expect(Optional(one) != two && [one] != [two] && [one: 1][two] == nil)
        #expect(Set([one, two, Name(one.text)]).count == 2 && ![one].contains(two))
        #expect((one < two) == one.utf8.lexicographicallyPrecedes(two.utf8) && (one < two) != (two < one))
        #expect(!two.starts(with: one) && two.removing(prefix: one) == nil)
        #expect(one.lowerASCII != two.lowerASCII)
        #expect(JSONValue.string(one) != .string(two))
        #expect(JSONObject([(one.text, 1), (two.text, 2)]).count == 2)
        let texts = (0..<20).map { ("m\($0)", JSONValue.integer(0)) }
        #expect(JSONObject(texts + [(one.text, 1)])[two.text] == nil)
    }

    @Test("names are divided at bytes: a combining mark does not hide a separator")
    func marks() {
        let mark = "\u{301}"
        let slash = UserName(Name("acme/\(mark)ann"))
        #expect(slash.tenant == "acme" && slash.user == Name("\(mark)ann"))
        let colon = UserName(Name("acme:\(mark)ann"))
        #expect(colon.tenant == "acme" && colon.user == Name("\(mark)ann"))
        #expect(ClientIDForm(Name("d:\(mark)x:t")).device == Name("\(mark)x"))
        #expect(TenantRule.Subject(Name("user:\(mark)x")) == .user(Name("\(mark)x")))
        #expect(TenantRule.Subject(Name("\u{212A}:x")) == nil)
        #expect(NameMatching.uriHost("https://evil.example/\(mark)@good.example/") == "evil.example")
        #expect(NameMatching.mailbox("a@\(mark)b")?.host == nil)
        #expect("a/\(mark)b".begins(with: "a/") && "b\(mark)".ends(with: mark))
        #expect("a,\(mark)b".split(atByte: ",") == ["a", "\(mark)b"])
        let line = "user \(mark)x\ntopic read a\n"
        let policy = Policy.parse(Array(line.utf8), file: "acl").policy
        #expect(policy?.names(Name("\(mark)x")) == true)
        #expect(Name("\r\n").utf8.count == 2 && "\u{E9}\u{E9}".cut(toBytes: 3) == "\u{E9}")
        // One character of 40 kB is cut like any other text.
        #expect(Name("a" + String(repeating: mark, count: 20_000)).shortened.utf8.count <= 200)
    }

    @Test("only the letters of ASCII are folded")
    func folding() throws {
        #expect(Name("AZaz\u{212A}\u{130}").lowerASCII == "azaz\u{212A}\u{130}")
        #expect("Basic".isSameASCII("bASIC") && !"\u{212A}".isSameASCII("k"))
        #expect(!"@".isSameASCII("`") && !"[".isSameASCII("{"))
        let request = AdminRequest(.get, "/", fields: ["Host": "\u{212A}iln.example:8443"])
        #expect(request.hostName == "\u{212A}iln.example")
        #expect(AdminRequest(.get, "/", fields: ["Host": "ACME.example"]).hostName == "acme.example")
        #expect(!NameMatching.names([.dns("kiln.example")], host: "\u{212A}iln.example"))
        #expect(!NameMatching.names([.dns("\u{212A}iln.example")], host: "kiln.example"))
        #expect(NameMatching.names([.dns("KILN.example")], host: "kiln.EXAMPLE"))
    }

    // MARK: Logins

    /// What a device of `Kessel` shows, for each way in.
    enum Way: String, CaseIterable, Sendable {
        case deviceUser, account, token, pair, user, clientID, webToken
    }

    /// A registry in which somebody is called so; the password is "right".
    private func login(_ way: Way, _ name: Name) throws -> LoginCase {
        var login = try LoginCase()
        let acme = login.world.acme
        let judge = login.judge
        let secret = StoredSecret(hash: Population.right)
        try login.change { (writer) throws(RegistryError) in
            if way == .account || way == .webToken {
                var account = Account(tenant: acme, name: name, roles: [.messaging])
                account.secret = secret
                _ = try writer.add(account)
                return
            }
            let device = try writer.add(Device(tenant: acme, identifier: name, origin: .api))
            func add(_ kind: CredentialKind, _ lookup: Name, _ secret: StoredSecret?)
                throws(RegistryError)
            {
                _ = try writer.add(
                    Credential(
                        tenant: acme,
                        device: device.number,
                        kind: kind,
                        lookup: lookup,
                        secret: secret
                    )
                )
            }
            switch way {
            case .deviceUser: try add(.password, "\(acme)/device_\(name)", secret)
            case .token: try add(.accessToken, judge.tokenLookup(name), nil)
            case .pair: try add(.basic, judge.sha3("\(name)|u"), secret)
            case .user: try add(.basic, name, secret)
            case .clientID: try add(.basic, judge.sha3(name), nil)
            case .account, .webToken: break
            }
        }
        login.clientID = "c"
        return login
    }

    private func come(_ login: LoginCase, _ way: Way, _ name: Name) throws -> LoginStep {
        var login = login
        switch way {
        case .deviceUser: login.show("acme/device_\(name)", "right")
        case .account: login.show("acme/\(name)", "right")
        case .token: login.show(name, nil)
        case .user: login.show(name, "right")
        case .pair:
            login.clientID = name
            login.show("u", "right")
        case .clientID:
            login.clientID = name
            login.show(nil, nil)
        case .webToken: login.show(nil, try login.token(name))
        }
        return login.step()
    }

    @Test(
        "whoever is called almost the same is neither let in nor shuts anybody out",
        arguments: Way.allCases,
        Twins.all
    )
    func lockOut(_ way: Way, _ twins: Twins) throws {
        for (name, twin) in [twins.named, (twins.named.1, twins.named.0)] {
            let login = try login(way, name)
            // The stranger first: nothing is remembered of it.
            #expect(try !come(login, way, twin).isAccepted)
            #expect(try come(login, way, name).isAccepted)
            // And again, when the true one is remembered.
            #expect(try !come(login, way, twin).isAccepted)
            #expect(try come(login, way, name).isAccepted)
        }
    }

    @Test("nothing is kept in memory for names that nobody has")
    func negatives() throws {
        let login = try LoginCase()
        let (registry, acme) = (login.registry, login.world.acme)
        try login.change { (writer) throws(RegistryError) in
            try writer.revoke(
                Revocation(tenant: acme, serial: "1000", revokedAt: 1),
                keepsOldDate: false
            )
        }
        func kept() -> Int {
            registry.cache.withLock { cache in
                cache.tenantNumbersByID.count + cache.tenantNumbersByDomain.count
                    + cache.accountsByName.count + cache.devicesByIdentifier.count
                    + cache.credentials.count + cache.revocations.count + cache.options.count
                    + cache.withdrawnTokens.count
            }
        }
        let before = kept()
        for number in 0..<50 {
            let name: Name = "stranger-\(number)"
            #expect(try registry.tenant(id: name) == nil)
            #expect(try registry.tenant(domain: name) == nil)
            #expect(try registry.account(tenant: acme, name: name) == nil)
            #expect(try registry.device(tenant: acme, identifier: name) == nil)
            #expect(try registry.credentials(kind: .basic, lookup: name).isEmpty)
            #expect(
                try registry.revocation(tenant: acme, serial: name, issuerKey: []) == nil
            )
            #expect(try registry.option(tenant: acme, category: name, key: name) == nil)
            #expect(try !registry.isWithdrawn(tokenID: name))
        }
        #expect(kept() == before)
    }

    @Test("two accounts with almost the same name are two accounts", arguments: Twins.all)
    func twoAccounts(_ twins: Twins) throws {
        let (one, two) = twins.named
        let login = try login(.account, one)
        let acme = login.world.acme
        try login.change { (writer) throws(RegistryError) in
            var account = Account(tenant: acme, name: two, roles: [.messaging])
            account.secret = StoredSecret(hash: Population.right)
            _ = try writer.add(account)
        }
        for name in [one, two, one, two] {
            guard case .accepted(let principal) = try come(login, .account, name) else {
                Issue.record("\(name) is refused")
                continue
            }
            #expect(principal.name == name)
            let account = try login.registry.account(tenant: acme, name: name)
            #expect(account?.name == name && principal.account == account?.number)
        }
        let all = try login.registry.accounts(tenant: acme, PageRequest(limit: 100)).items
        #expect(all.map(\.name) == all.map(\.name).sorted())
    }

    @Test("a certificate is the device of its bytes", arguments: Twins.all)
    func commonNames(_ twins: Twins) throws {
        let (one, two) = twins.named
        var login = try LoginCase()
        let acme = login.world.acme
        try login.change { (writer) throws(RegistryError) in
            _ = try writer.add(
                Device(tenant: acme, identifier: one, origin: .api, takesCertificates: true)
            )
        }
        let root = LoginCase.certificates.root
        func show(_ name: Name) throws {
            let key = try #require(root.key)
            let made = try CertificateAuthority(certificate: root.certificate, key: key).issue(
                CertificateOrder(
                    subject: DistinguishedName(commonName: name.text),
                    purpose: .device,
                    days: 30,
                    notBefore: TestCertificates.now - 3600
                )
            )
            login.show(Made(certificate: made.certificate, key: made.key), root)
        }
        for clientID in ["", one, two, "d:\(two)"] as [Name] {
            try show(two)
            login.clientID = clientID
            #expect(!login.step().isAccepted)
            try show(one)
            // The true one, but for a client id that is another's.
            #expect(login.step().isAccepted == (clientID.isEmpty || clientID == one))
        }
    }

    @Test("a token's user is compared by bytes", arguments: Twins.all)
    func tokenUser(_ twins: Twins) throws {
        let (one, two) = twins.named
        var login = try login(.webToken, one)
        let token = try login.token(one)
        for user in [two, "acme/\(two)"] as [Name] {
            login.show(user, token)
            #expect(login.step().code == .tokenUserMismatch)
        }
        login.show("acme/\(one)", token)
        #expect(login.step().isAccepted)
    }

    @Test("a client id that is almost a device's identifier is not the device's")
    func clientIDs() throws {
        var login = try login(.account, "ann9")
        let acme = login.world.acme
        try login.change { (writer) throws(RegistryError) in
            _ = try writer.add(Device(tenant: acme, identifier: "Kiln-9", origin: .api))
        }
        login.show("acme/ann9", "right")
        login.clientID = "Kiln-9"
        #expect(login.step().code == .clientIDOfDevice)
        login.clientID = "\u{212A}iln-9"
        guard case .accepted(let principal) = login.step() else {
            Issue.record("refused")
            return
        }
        #expect(principal.clientID == "\u{212A}iln-9")
    }

    // MARK: Rules

    @Test("rules are about the bytes of a name, and new ones count at once", arguments: Twins.all)
    func rules(_ twins: Twins) {
        let (one, two) = twins.named
        func policy(_ subject: Name, _ filter: Name = "x/#") -> [PolicyRule] {
            [
                PolicyRule(
                    tenant: 7,
                    position: 1,
                    effect: .deny,
                    act: .both,
                    filter: filter,
                    subject: subject
                )
            ]
        }
        func may(_ name: Name, _ rules: [PolicyRule], _ topic: Name = "x/a") -> Bool {
            Principal(
                name: "device_\(name)",
                clientID: name,
                method: .certificate,
                listener: "l",
                tenant: Tenant(number: 7, id: "t7"),
                policy: TenantPolicy(rules),
                device: PrincipalDevice(number: 1, identifier: name)
            ).decide(.publish, topic: topic.bytes).isAllowed
        }
        for subject in ["device:\(one)", "user:device_\(one)"] as [Name] {
            #expect(!may(one, policy(subject)) && may(two, policy(subject)))
        }
        #expect(!may(one, policy("*", "\(one)/#"), "\(one)/a"))
        #expect(may(one, policy("*", "\(one)/#"), "\(two)/a"))
        // Rules that differ in such a name are other rules.
        let shelf = PolicyShelf()
        let old = shelf.policy(of: 7, policy("device:\(one)"))
        #expect(shelf.policy(of: 7, policy("device:\(one)")) === old)
        #expect(shelf.policy(of: 7, policy("device:\(two)")) !== old)
        #expect(shelf.policy(of: 7, policy("*", two)) !== shelf.policy(of: 7, policy("*", one)))
    }

    @Test("users of password and ACL files are those of their bytes", arguments: Twins.all)
    func files(_ twins: Twins) {
        let (one, two) = twins.named
        let hash = "$6$MDEyMzQ1Njc4OWFi$" + Base64.encode([UInt8](repeating: 7, count: 64))
        let other = "$6$MDEyMzQ1Njc4OWFi$" + Base64.encode([UInt8](repeating: 8, count: 64))
        let table = PasswordTable(
            parsing: Array("\(one):\(hash)\n\(two):\(other)\n".utf8),
            file: "passwords"
        )
        #expect(table.faults.isEmpty && table.count == 2)
        #expect(table.hash(of: one) == PasswordHash(hash))
        #expect(table.hash(of: two) == PasswordHash(other))
        let text = "user \(one)\ntopic readwrite a\nuser \(two)\ntopic readwrite b\n"
        let policy = Policy.parse(Array(text.utf8), file: "acl").policy
        func may(_ user: Name, _ topic: String) -> Bool? {
            policy?.decide(.publish, topic: Array(topic.utf8), user: user, clientID: "c").isAllowed
        }
        #expect(may(one, "a") == true && may(one, "b") == false)
        #expect(may(two, "a") == false && may(two, "b") == true)
        #expect(!SysReaders.users([one]).includes(two) && SysReaders.users([one]).includes(one))
    }

    @Test("guesses and decisions of one name are not another's", arguments: Twins.all)
    func records(_ twins: Twins) {
        let (one, two) = twins.named
        var limit = GuessLimit()
        for _ in 0..<limit.bounds.perUser {
            #expect(limit.begin(source: "192.0.2.1", user: one, now: 60) == nil)
            limit.end(.wrong, source: "192.0.2.1", user: one, now: 60)
        }
        #expect(limit.begin(source: "192.0.2.1", user: one, now: 60) != nil)
        #expect(limit.begin(source: "192.0.2.1", user: two, now: 60) == nil)
        var log = DecisionLog()
        for name in [one, two] {
            var record = DecisionRecord(time: 1, act: "login", isAllowed: false, reasons: [])
            (record.user, record.tenant) = (name, 7)
            log.note(record)
        }
        #expect(log.about(one, tenant: 7, limit: 9).map(\.user) == [one])
        #expect(log.about(two, tenant: 7, limit: 9).map(\.user) == [two])
    }

    @Test("a withdrawn token or serial number ends what relies on its bytes", arguments: Twins.all)
    func withdrawals(_ twins: Twins) {
        let (one, two) = twins.named
        let change = IdentityChange(
            number: 5,
            tenant: 7,
            subject: .token(id: one),
            isWithdrawal: true
        )
        for (name, isWithdrawn) in [(one, true), (two, false)] {
            var reliance = Reliance()
            reliance.tenant = 7
            reliance.token = name
            #expect(reliance.isWithdrawn(by: change) == isWithdrawn)
            #expect((WithdrawnSet([change]).change(against: reliance) != nil) == isWithdrawn)
        }
    }

    // MARK: The connected

    @Test("clients with almost the same client id stay beside each other", arguments: Stage.inMemory)
    func sessions(_ stage: Stage) {
        let story = Story(stage)
        let one = story.join("Kessel")
        let two = story.join("\u{212A}essel")
        one.subscribe("a/K")
        two.subscribe("a/\u{212A}")
        #expect(!one.isClosed && !two.isClosed)
        let ended = story.bench.partitions.reduce(0) {
            $0 + $1.kick(tenant: 0, clientID: "\u{212A}essel", forgets: false)
        }
        story.bench.settle()
        #expect(ended == 1 && !one.isClosed && two.isClosed)
    }
}

extension LoginStep {
    fileprivate var isAccepted: Bool { if case .accepted = self { true } else { false } }

    fileprivate var code: ReasonCode? {
        if case .refused(let reasons) = self { reasons.first?.code } else { nil }
    }
}
