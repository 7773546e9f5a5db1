// SPDX-License-Identifier: Apache-2.0
// Where a row of the table happens: a true registry with tenants, devices and accounts, a listener,
// and a client that shows something to it, over MQTT and without.

import SealAdmin
import SealBytes
import enum SealMQTT.ProtocolVersion
import SealPKI

@testable import SealBroker
@testable import SealServer
@testable import SealStore

/// What comes of a login.
enum Outcome: Sendable, Equatable {
    case login(LoginMethod, user: Name?, tenant: Name, clientID: Name?)
    /// With the codes of CONNACK for MQTT 3.1.1 and 5.0.
    case refused(ReasonCode, UInt8, UInt8)

    static func login(_ method: LoginMethod, _ user: Name?) -> Outcome {
        .login(method, user: user, tenant: "acme", clientID: nil)
    }

    /// A problem of a certificate, or somebody who is known and not let in.
    static func closed(_ code: ReasonCode) -> Outcome { .refused(code, 5, 0x87) }
    /// Wrong user or password.
    static func wrong(_ code: ReasonCode) -> Outcome { .refused(code, 4, 0x86) }
    /// Wrong client id.
    static func identifier(_ code: ReasonCode) -> Outcome { .refused(code, 2, 0x85) }
    /// Not now.
    static func later(_ code: ReasonCode) -> Outcome { .refused(code, 3, 0x88) }
}

/// One login.
struct LoginCase {
    let registry: SQLiteRegistry
    let tokens: RegistryTokenOffice
    let judge: OpenSSLChainJudge
    let world: Population
    var rules = AccessRules()
    var chain: [PresentedCertificate] = []
    var clientID: Name = "dev"
    var user: Name?
    var password: String?
    var hint: Name?
    /// The login is asked without MQTT, as an API does.
    var isDirect = false

    static let certificates = TestCertificates.all

    init(isFull: Bool = false) throws {
        var limits = RegistryLimits()
        if isFull { limits.devicesMax = Population.deviceCount }
        registry = try SQLiteRegistry(path: ":memory:", limits: limits)
        let key = try VaultKey.generate()
        judge = try OpenSSLChainJudge(key)
        tokens = RegistryTokenOffice(registry: registry, vault: try SealedVault(key)) {
            TestCertificates.now
        }
        world = try Population(registry, judge)
        rules.source = .registry
    }

    var environment: LoginEnvironment {
        LoginEnvironment(registry: registry, chains: judge, tokens: tokens) {
            TestCertificates.now
        }
    }

    /// Changes the registry further.
    func change(_ body: (any RegistryWriter) throws(RegistryError) -> Void) throws {
        _ = try registry.change(by: .daemon, body)
    }

    /// A token of the registry's office; the times are seconds from now.
    func token(
        _ subject: Name,
        _ use: Name = "session",
        tenant: Name = "acme",
        id: Name = "",
        begins: Int64 = -10,
        ends: Int64 = 3600
    ) throws -> String {
        try tokens.issue(
            TokenClaims(
                tokenID: id,
                tenantID: tenant,
                subject: subject,
                issuedAt: TestCertificates.now + begins,
                expiresAt: TestCertificates.now + ends,
                use: use
            )
        )
    }

    /// Shows certificates, the client's own first.
    mutating func show(_ chain: Made...) { self.chain = chain.map(\.presented) }

    mutating func show(_ user: Name?, _ password: String?) {
        self.user = user
        self.password = password
    }

    private var credentials: Credentials {
        Credentials(
            chain: chain,
            user: user,
            password: password.map { Array($0.utf8) },
            tenantHint: hint,
            protocolName: "http",
            isSecure: true,
            listener: "table",
            clientID: clientID,
            peerAddress: "192.0.2.7"
        )
    }

    /// The login without a protocol.
    func step() -> LoginStep {
        RegistryLogin.run(credentials, rules, environment, OpenSSLPasswordCheck())
    }

    /// The versions in which the client can show this: 3.1 needs a client id of its own, and
    /// before 5.0 there is no password without a user name.
    var versions: [ProtocolVersion] {
        var versions: [ProtocolVersion] = [.v5]
        if password != nil, user == nil { return versions }
        versions.append(.v311)
        if (1...23).contains(clientID.utf8.count) { versions.append(.v31) }
        return versions
    }

    /// The login over MQTT: what was decided, and the code of CONNACK.
    func connect(_ version: ProtocolVersion) throws -> (step: LoginStep, code: UInt8) {
        let setup = PartitionSetup(
            index: 0,
            count: 1,
            homeSeed: 7,
            tableSeed: 9,
            limits: BrokerLimits(),
            listeners: [ListenerGrant()]
        )
        let partition = Partition(setup, access: [rules], now: 0)
        let facts = ArrivalFacts(
            chain: chain,
            isSecure: true,
            peerAddress: "192.0.2.7",
            listenerName: "table"
        )
        let link = partition.opened(transport: 1, listener: 0, facts: facts)
        _ = partition.receive(link, packet(version).span.bytes)
        for action in partition.actions {
            guard case .askRegistry(let asked, let question) = action, asked == link else {
                continue
            }
            let step = RegistryLogin.run(
                question.credentials,
                question.rules,
                environment,
                OpenSSLPasswordCheck()
            )
            partition.loginDecided(link, step)
            let sent = partition.out.withBytes(Int(link.slot)) { Array($0) }
            return (step, sent.prefix(4).last ?? 0xFF)
        }
        throw NotAsked()
    }

    private struct NotAsked: Error {}

    private func packet(_ version: ProtocolVersion) -> [UInt8] {
        var flags: UInt8 = 0x02
        if user != nil { flags |= 0x80 }
        if password != nil { flags |= 0x40 }
        func text(_ text: Name) -> [UInt8] {
            let bytes = text.bytes
            return [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
        }
        var body = text(version == .v31 ? "MQIsdp" : "MQTT") + [version.rawValue, flags, 0, 60]
        if version == .v5 { body.append(0) }
        body += text(clientID)
        if let user { body += text(user) }
        if let password { body += text(Name(password)) }
        var length: [UInt8] = []
        var rest = body.count
        repeat {
            length.append(UInt8(rest & 127) | (rest > 127 ? 128 : 0))
            rest >>= 7
        } while rest > 0
        return [0x10] + length + body
    }
}

extension LoginStep {
    /// The outcome, without the codes of CONNACK.
    func outcome(_ v311: UInt8, _ v5: UInt8) -> Outcome? {
        switch self {
        case .accepted(let principal):
            .login(
                principal.method,
                user: principal.name,
                tenant: principal.tenantID,
                clientID: principal.clientID
            )
        case .refused(let reasons): reasons.first.map { .refused($0.code, v311, v5) }
        case .needsPasswordCheck, .needsRegistry: nil
        }
    }
}
