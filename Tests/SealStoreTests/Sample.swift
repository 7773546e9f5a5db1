// SPDX-License-Identifier: Apache-2.0
// Registries and things to put into them, for all tests of this room.

import Foundation
import SealBroker

import SealBytes
@testable import SealStore

/// A folder that is gone at the end of the test.
final class Folder {
    let path = NSTemporaryDirectory() + "seal-store-" + UUID().uuidString.lowercased()

    init() throws {
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: true
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var registry: String { path + "/registry.sqlite" }
}

enum Sample {
    static func digest(_ number: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xA5, count: 32)
        withUnsafeBytes(of: number.bigEndian) { bytes.replaceSubrange(0..<8, with: $0) }
        return bytes
    }

    static func anchor(_ number: Int, tenant: UInt32 = 1, subject: Int? = nil) -> TrustAnchor {
        var anchor = TrustAnchor(
            tenant: tenant,
            fingerprint: Name(String(format: "%040x", number)),
            sha256: digest(number),
            subjectKey: digest(1_000_000 + (subject ?? number)),
            der: Array("certificate \(number)".utf8),
            notBefore: 1_000,
            notAfter: 2_000
        )
        anchor.name = "anchor \(number)"
        return anchor
    }

    static func device(_ name: Name, tenant: UInt32 = 1) -> Device {
        Device(tenant: tenant, identifier: name, origin: .api, takesCertificates: true)
    }

    static func credential(_ lookup: Name, of device: Device) -> Credential {
        Credential(
            tenant: device.tenant,
            device: device.number,
            kind: .password,
            lookup: lookup,
            value: [0, 1, 255],
            secret: StoredSecret(hash: "hash of \(lookup)", scram: "scram of \(lookup)")
        )
    }

    static func account(_ name: Name, tenant: UInt32 = 1) -> Account {
        var account = Account(tenant: tenant, name: name, roles: [.tenantAdmin, .messaging])
        account.secret = StoredSecret(hash: "hash of \(name)")
        account.email = "\(name)@example.org"
        account.firstName = "First"
        account.lastName = "Last"
        return account
    }

    static func rule(_ position: Int64, tenant: UInt32 = 1) -> PolicyRule {
        PolicyRule(
            tenant: tenant,
            position: position,
            effect: .deny,
            act: .publish,
            filter: "a/%d/#",
            subject: "devices"
        )
    }

    /// A registry in memory with the tenants `management` and `t1`, whose changes are noted.
    static func registry(
        limits: RegistryLimits = RegistryLimits()
    ) throws -> (SQLiteRegistry, Changes) {
        let registry = try SQLiteRegistry(path: ":memory:", limits: limits)
        try fill(registry)
        let changes = Changes()
        registry.observe(changes.take)
        return (registry, changes)
    }

    static func fill(_ registry: SQLiteRegistry) throws {
        _ = try registry.change(by: .daemon) { writer throws(RegistryError) in
            _ = try writer.add(Tenant(id: "management"))
            _ = try writer.add(Tenant(id: "t1", label: "One", domain: "one.example"))
        }
    }
}

/// What an observer was told.
final class Changes: @unchecked Sendable {
    private let lock = NSLock()
    private var told: [IdentityChange] = []

    func take(_ changes: [IdentityChange]) -> ChangeEffect {
        lock.withLock { told += changes }
        var effect = ChangeEffect()
        effect.endedConnections = changes.count { $0.isWithdrawal }
        return effect
    }

    /// What was told since the last call.
    func all() -> [IdentityChange] {
        lock.withLock {
            defer { told = [] }
            return told
        }
    }
}

extension SQLiteRegistry {
    /// A change whose result and effect do not matter.
    func alter(
        _ body: (any RegistryWriter) throws(RegistryError) -> Void
    ) throws(RegistryError) {
        _ = try change(by: Author(name: "t1/anna", tenant: 2, source: "192.0.2.7"), body)
    }

    /// A change that adds one thing.
    func put<Value: Sendable>(
        _ body: (any RegistryWriter) throws(RegistryError) -> Value
    ) throws(RegistryError) -> Value {
        try change(by: .daemon, body).result
    }

    /// The code of the error with which a change is refused; nil when it is not.
    func refusal(
        _ body: (any RegistryWriter) throws(RegistryError) -> Void
    ) -> RegistryError.Code? {
        do throws(RegistryError) {
            try alter(body)
            return nil
        } catch {
            return error.code
        }
    }
}

extension PageRequest {
    static let all = PageRequest(limit: 1_000, wantsTotal: true)
}

extension IdentityDirectory {
    /// The first credential of all tenants that is found by this.
    func credential(kind: CredentialKind, lookup: Name) throws(RegistryError) -> Credential? {
        try credentials(kind: kind, lookup: lookup).first
    }

    /// The anchors of all tenants with this certificate.
    func anchors(sha256: [UInt8]) throws(RegistryError) -> [TrustAnchor] {
        try anchors(sha256: sha256, tenant: nil)
    }

    /// The anchors of all tenants with this subject.
    func anchors(subjectKey: [UInt8]) throws(RegistryError) -> [TrustAnchor] {
        try anchors(subjectKey: subjectKey, tenant: nil)
    }
}
