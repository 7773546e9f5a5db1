// SPDX-License-Identifier: Apache-2.0
// Every kind of door that a certificate is shown at, loaded as the daemon loads them: listeners
// that judge by files, that ask the registry, and the API.

import Foundation
import SealAdmin
import SealBytes
import SealHTTP
import SealPKI
import Testing

@testable import SealBroker
@testable import SealNet
@testable import SealServer
@testable import SealStore
@testable import Stage

/// What a door says: nil lets in.
typealias Verdict = String?

/// The doors, with the same trust behind all of them.
struct VerdictDoors {
    enum Kind: String, CaseIterable {
        /// Files; the verdict is the handshake's.
        case files
        /// The registry; user name and password count.
        case beside
        /// The registry; the certificate counts.
        case certificate
        /// A call of the API with user name and password.
        case basic
        /// A call of the API with a token.
        case bearer
        /// A call of the API that asks for nothing.
        case open
    }

    let login: LoginCase
    /// By the clock of the day: openssl begins certificates when they are made.
    private let environment: LoginEnvironment
    private let materials: [String: ListenerMaterial]
    private let api: AdminAPI

    init(mode: String, isListed: Bool = false) throws {
        let chains = try VerdictChains.shared.get()
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "doors-\(UUID().uuidString)"
        )
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        func write(_ name: String, _ bytes: [UInt8]) throws {
            try Data(bytes).write(to: folder.appending(path: name))
        }
        let town = try CertificateAuthority.makeRoot(
            subject: DistinguishedName(commonName: "Servers")
        )
        let server = try town.issue(
            CertificateOrder(
                subject: DistinguishedName(commonName: "localhost"),
                names: SubjectNames(dns: ["localhost"]),
                purpose: .server,
                days: 30
            )
        )
        try write("server.crt", server.certificate.pem)
        try write("server.key", server.key.pem())
        try write("users", Array("".utf8))
        try write("trust.pem", (chains.trusted + chains.pinned).flatMap(\.certificate.pem))
        for (name, bytes) in chains.lists { try write("\(name).crl", bytes) }
        let lists = isListed ? chains.lists.keys.sorted().map { "\"\($0).crl\"" } : []
        let text = Self.configuration(mode, lists.joined(separator: ", "))
        let file = folder.appending(path: "sealwire.conf").path
        let loaded = try Configuration.load(Array(text.utf8), file: file, environment: [:])
        let all = try ListenerMaterial.loadAll(loaded.configuration)
        var materials: [String: ListenerMaterial] = [:]
        for (listener, material) in zip(loaded.configuration.listeners, all) {
            materials[listener.name] = material
        }
        self.materials = materials
        login = try Self.population(chains)
        let environment = LoginEnvironment(
            registry: login.registry,
            chains: login.judge,
            tokens: login.tokens
        ) { Int64(Date().timeIntervalSince1970) }
        self.environment = environment
        let rules = try #require(materials["api"]).access
        var context = AdminContext(
            environment: environment,
            vault: PlainVault(),
            forge: PlainForge(),
            sessions: NotedSessions()
        ) { credentials in
            RegistryLogin.run(credentials, rules, environment, OpenSSLPasswordCheck())
        }
        context.certificateRefusal = { credentials in
            RegistryLogin.refusal(ofCertificate: credentials, rules, environment)
        }
        api = AdminAPI(context)
    }

    private static func configuration(_ mode: String, _ lists: String) -> String {
        func listener(_ name: String, _ more: String) -> String {
            """
            [[listener]]
            name = "\(name)"
            bind = ["127.0.0.1"]
            port = 0
            certificate = "server.crt"
            key = "server.key"
            client-certificates = "\(mode)"
            crl-files = [\(lists)]
            \(more)

            """
        }
        return listener("files", "trust-files = [\"trust.pem\"]\npassword-file = \"users\"")
            + listener(
                "beside",
                """
                login = "registry"
                chain-length-max = 4
                preferred-credential = "password"
                """
            )
            + listener("certificate", "login = \"registry\"\nchain-length-max = 4")
            + listener("api", "service = \"api\"\nchain-length-max = 4")
            + "[registry]\nfolder = \"registry\"\n"
    }

    private static func population(_ chains: VerdictChains) throws -> LoginCase {
        let login = try LoginCase()
        let world = login.world
        var anchors = try chains.trusted.map { try $0.anchor(world.acme, name: "Verdicts") }
        var off = try chains.disabled.anchor(world.acme, name: "Off")
        off.isEnabled = false
        anchors.append(off)
        let ready = anchors
        let pins = chains.pinned.map { login.judge.pinnedID(der: $0.certificate.der) }
        let revoked = chains.revokedHere.map(\.presented)
        let device = try #require(world.devices["pin"])
        try login.change { (writer) throws(RegistryError) in
            for anchor in ready { _ = try writer.add(anchor) }
            for pin in pins {
                _ = try writer.add(
                    Credential(
                        tenant: world.acme,
                        device: device.number,
                        kind: .certificate,
                        lookup: pin
                    )
                )
            }
            for one in revoked {
                try writer.revoke(
                    Revocation(
                        tenant: world.acme,
                        serial: one.serial,
                        issuerKey: one.issuerKey,
                        revokedAt: 0
                    ),
                    keepsOldDate: false
                )
            }
        }
        return login
    }

    /// What a door says about a chain.
    func verdict(_ kind: Kind, _ chain: [Made], _ version: TLSVersion) throws -> Verdict {
        let name =
            switch kind {
            case .files, .beside, .certificate: kind.rawValue
            case .basic, .bearer, .open: "api"
            }
        let material = try #require(materials[name])
        let tls = try #require(material.tls)
        let peer: TLSPeer
        switch try VerdictClient(chain: chain, version: version).meet(tls) {
        case .refused(let refusal): return Self.code(refusal)
        case .done(let found): peer = found
        }
        let shown = peer.certificate.map(PresentedChain.of) ?? []
        switch kind {
        case .files: return nil
        case .beside: return verdict(shown, user: "acme/ann", "right", material.access)
        case .certificate:
            return verdict(shown, user: nil, nil, material.access)
        case .basic: return ask(shown, "Basic \(Base64.encode(Array("acme/chief:right".utf8)))")
        case .bearer: return ask(shown, "Bearer \(try login.token("chief", begins: -600))")
        case .open: return ask(shown, nil)
        }
    }

    private func verdict(
        _ chain: [PresentedCertificate],
        user: String?,
        _ password: String?,
        _ rules: AccessRules
    ) -> Verdict {
        let credentials = Credentials(
            chain: chain,
            user: user,
            password: password.map { Array($0.utf8) },
            isSecure: true,
            listener: "verdicts",
            clientID: "anything",
            isClientIDAssigned: true,
            peerAddress: "192.0.2.7"
        )
        let step = RegistryLogin.run(
            credentials,
            rules,
            environment,
            OpenSSLPasswordCheck()
        )
        switch step {
        case .accepted: return nil
        case .refused(let reasons): return reasons.first?.code.rawValue ?? "?"
        case .needsPasswordCheck, .needsRegistry: return "undecided"
        }
    }

    /// A call of the API; without a proof one that asks for none.
    func ask(_ chain: [PresentedCertificate], _ proof: String?) -> Verdict {
        var fields: Fields = ["Host": "localhost"]
        if let proof { fields.append("Authorization", proof) }
        let path = proof == nil ? "/api/v1/reasons" : "/tenant/currentTenant"
        let response = api.handle(
            AdminRequest(
                .get,
                path,
                fields: fields,
                chain: chain,
                peerAddress: "192.0.2.7",
                listener: "api"
            )
        )
        let reply = Reply(response)
        return reply.status == 200 ? nil : reply.reason ?? "\(reply.status)"
    }

    private static func code(_ refusal: TLSRefusal) -> String {
        ReasonCode(refusal)?.rawValue ?? refusal.description
    }
}
