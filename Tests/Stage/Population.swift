// SPDX-License-Identifier: Apache-2.0
// Who is in the registry of the table.

import SealStore

@testable import SealBroker
import SealBytes
@testable import SealServer

/// The tenants, devices and accounts that every row begins with.
///
/// `acme` has almost everything, `beta` shares two authorities with it, `closed` is disabled.
struct Population {
    /// Passwords are "right"; the hash is scrypt with a low cost.
    static let right =
        "$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg"
        + "$hZSrGIJenHjonndvVw/W3wboiOhcoDp1dXGYR2dSt/k"
    /// A generated secret, with a salted digest.
    static let generated =
        "$sha256$MDEyMzQ1Njc4OWFiY2RlZg"
        + "$Hlf3AzpbpXjxt29UELURn8kyjf8LpXgGi1TR0U7QqpI"
    static let generatedText = "generated-secret-of-160-bits"

    /// How many devices there are in the beginning.
    static let deviceCount = 13

    var acme: UInt32 = 0
    var beta: UInt32 = 0
    var closed: UInt32 = 0
    var devices: [Name: Device] = [:]

    init(_ registry: SQLiteRegistry, _ judge: OpenSSLChainJudge) throws {
        let anchors = try Anchors()
        self = try registry.change(by: .daemon) { (writer) throws(RegistryError) in
            try Population(writer, anchors, judge)
        }.result
    }

    private init(
        _ writer: any RegistryWriter,
        _ anchors: Anchors,
        _ judge: OpenSSLChainJudge
    ) throws(RegistryError) {
        _ = try writer.add(Tenant(id: "management"))
        acme = try writer.add(Tenant(id: "acme", domain: "acme.example")).number
        beta = try writer.add(Tenant(id: "beta")).number
        closed = try writer.add(Tenant(id: "closed", isEnabled: false)).number
        try anchors.add(to: writer, acme, beta, closed)
        try addDevices(writer)
        try addCredentials(writer, judge)
        try addAccounts(writer)
    }

    private mutating func add(
        _ writer: any RegistryWriter,
        _ tenant: UInt32,
        _ identifier: Name,
        _ change: (inout Device) -> Void = { _ in }
    ) throws(RegistryError) {
        var device = Device(tenant: tenant, identifier: identifier, origin: .api)
        change(&device)
        let key: Name = tenant == acme ? identifier : "\(tenant)/\(identifier)"
        devices[key] = try writer.add(device)
    }

    private mutating func addDevices(_ writer: any RegistryWriter) throws(RegistryError) {
        try add(writer, acme, "dev") { $0.takesCertificates = true }
        try add(writer, acme, "off") {
            $0.takesCertificates = true
            $0.isEnabled = false
        }
        try add(writer, acme, "plant/7+#") { $0.takesCertificates = true }
        for name: Name in ["word", "gen", "tok", "both", "name", "id", "open", "pin"] {
            try add(writer, acme, name)
        }
        try add(writer, beta, "dev") { $0.takesCertificates = true }
        try add(writer, closed, "shut")
    }

    private func addCredentials(
        _ writer: any RegistryWriter,
        _ judge: OpenSSLChainJudge
    ) throws(RegistryError) {
        func add(
            _ device: Name,
            _ kind: CredentialKind,
            _ lookup: Name,
            _ hash: String? = nil
        ) throws(RegistryError) {
            guard let device = devices[device] else { throw RegistryError(.notFound, device.text) }
            _ = try writer.add(
                Credential(
                    tenant: device.tenant,
                    device: device.number,
                    kind: kind,
                    lookup: lookup,
                    secret: hash.map { StoredSecret(hash: $0) }
                )
            )
        }
        let all = LoginCase.certificates
        try add("word", .password, "\(acme)/device_word", Self.right)
        try add("gen", .password, "\(acme)/device_gen", Self.generated)
        try add("off", .password, "\(acme)/device_off", Self.right)
        try add("tok", .accessToken, judge.tokenLookup("A1_TOKEN"))
        try add("off", .accessToken, judge.tokenLookup("OFF_TOKEN"))
        try add("\(closed)/shut", .accessToken, judge.tokenLookup("SHUT_TOKEN"))
        try add("both", .basic, judge.sha3("cid|basic"), Self.right)
        try add("name", .basic, "named", Self.right)
        try add("id", .basic, judge.sha3("only-id"))
        try add("open", .basic, judge.sha3("open-id|opener"))
        for made in [all.pinned, all.pinnedOld, all.pinnedYoung, all.pinnedBelow] {
            try add("pin", .certificate, judge.pinnedID(der: made.certificate.der))
        }
    }

    private func addAccounts(_ writer: any RegistryWriter) throws(RegistryError) {
        func add(
            _ tenant: UInt32,
            _ name: Name,
            _ roles: Set<Role>,
            _ change: (inout Account) -> Void = { _ in }
        ) throws(RegistryError) {
            var account = Account(tenant: tenant, name: name, roles: roles)
            account.secret = StoredSecret(hash: Self.right)
            change(&account)
            _ = try writer.add(account)
        }
        try add(acme, "ann", [.messaging])
        try add(acme, "chief", [.tenantAdmin])
        try add(acme, "clerk", [.inventoryRead])
        try add(acme, "boot", [.deviceBootstrap])
        try add(acme, "gone", [.messaging]) { $0.isEnabled = false }
        try add(acme, "bare", [.messaging]) { $0.secret = nil }
        try add(beta, "ann", [.messaging])
        try add(closed, "ann", [.messaging])
    }
}

/// The trusted certificates of the table.
private struct Anchors {
    private let all = LoginCase.certificates
    private var made: [(tenant: Int, anchor: TrustAnchor)] = []

    init() throws {
        func add(
            _ tenant: Int,
            _ certificate: Made,
            _ name: String,
            _ change: (inout TrustAnchor) -> Void = { _ in }
        ) throws {
            var anchor = try certificate.anchor(0, name: name)
            change(&anchor)
            made.append((tenant, anchor))
        }
        try add(0, all.root, "Root")
        try add(0, all.auto, "Auto") { $0.registersDevices = true }
        try add(0, all.off, "Off") { $0.isEnabled = false }
        try add(0, all.old, "Old")
        try add(0, all.young, "Young")
        try add(0, all.shared, "Shared")
        try add(0, all.proven, "Proven") { $0.proof.isValid = true }
        try add(0, all.shortRoot, "Short")
        try add(0, all.fakeIssuer, "Fake")
        try add(0, all.constrained, "Inside")
        try add(1, all.other, "Other")
        try add(1, all.shared, "Shared")
        try add(1, all.proven, "Proven")
        try add(2, all.closed, "Closed")
    }

    func add(
        to writer: any RegistryWriter,
        _ tenants: UInt32...
    ) throws(RegistryError) {
        for (tenant, anchor) in made {
            var anchor = anchor
            anchor.tenant = tenants[tenant]
            _ = try writer.add(anchor)
        }
    }
}
