// SPDX-License-Identifier: Apache-2.0
// The key of a registry that is missing or another one: nothing goes on as if nothing were, and no
// new key is made beside what an old one sealed.

import Foundation
import SealPKI
import SealTelemetry
import Testing

@testable import SealBroker
@testable import SealServer
@testable import SealStore
@testable import Stage

@Suite("The key of a registry") final class RegistryKeyTests {
    private let folder: String
    private let pool = LoginPool(named: "key test", threads: 1)

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/key-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { pool.stop() }

    private var key: String { "\(folder)/registry.key" }
    private var database: String { "\(folder)/registry.db" }

    /// Opens the registry as the daemon does, and closes it again.
    private func open(_ body: (IdentityService) throws -> Void = { _ in }) throws {
        var settings = RegistrySettings()
        settings.folder = folder
        let service = try IdentityService.open(
            settings,
            quick: pool,
            slow: pool,
            logger: .silent(),
            counters: DaemonCounters()
        )
        try body(try #require(service))
    }

    private func fill(_ service: IdentityService) throws {
        _ = try FirstRun(tenant: "main").prepare(service.registry, service.forge)
    }

    /// Why it does not open: a fault of the configuration (exit code 78) with a way out.
    private func refusal() -> DaemonProblem? {
        do {
            try open()
            return nil
        } catch let error as DaemonError {
            #expect(error.isConfiguration)
            return error.problems.first
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    private func replaceKey() throws {
        try FileManager.default.removeItem(atPath: key)
        _ = try VaultKey.loadOrMake(key)
    }

    @Test("a new registry gets a key, and opens with it again")
    func new() throws {
        try open(fill)
        #expect(FileManager.default.fileExists(atPath: key))
        try open()
    }

    @Test("a missing key is not made anew beside a registry with content")
    func missing() throws {
        try open(fill)
        let kept = try Data(contentsOf: URL(filePath: key))
        try FileManager.default.removeItem(atPath: key)
        let problem = try #require(refusal())
        #expect(problem.text.contains("registry.key"))
        #expect(problem.hint.contains("backup"))
        #expect(!FileManager.default.fileExists(atPath: key))
        #expect(FileManager.default.createFile(atPath: key, contents: kept))
        #expect(chmod(key, 0o600) == 0)
        try open()
    }

    @Test("a missing key is made anew where nothing was stored yet")
    func missingBesideNothing() throws {
        try open()
        try FileManager.default.removeItem(atPath: key)
        try open()
    }

    @Test("another registry's key is found out at the start, also where nothing else is sealed")
    func other() throws {
        try open(fill)
        try replaceKey()
        let problem = try #require(refusal())
        #expect(problem.text.contains("not the key of this registry"))
        #expect(problem.hint.contains("backup"))
    }

    @Test("a key of another length, and one that others can read, are refused")
    func damaged() throws {
        try open(fill)
        let kept = try Data(contentsOf: URL(filePath: key))
        try kept.dropLast().write(to: URL(filePath: key))
        #expect(chmod(key, 0o600) == 0)
        #expect(refusal() != nil)
        try kept.write(to: URL(filePath: key))
        #expect(chmod(key, 0o644) == 0)
        #expect(refusal()?.hint.contains("chmod") == true)
    }

    /// A registry as it was before there was a check value.
    private func makeOld() throws {
        try open { service in
            try self.fill(service)
            let claims = TokenClaims(
                tokenID: "",
                tenantID: "main",
                subject: "admin",
                issuedAt: Int64(Date().timeIntervalSince1970),
                expiresAt: Int64(Date().timeIntervalSince1970) + 3600,
                use: "session"
            )
            _ = try service.tokens.issue(claims)
        }
        let connection = try Connection(path: database, mode: .writer)
        try connection.script("DELETE FROM key_checks")
    }

    @Test("an old registry without a check value is judged by what is sealed in it")
    func old() throws {
        try makeOld()
        let kept = try Data(contentsOf: URL(filePath: key))
        try replaceKey()
        #expect(refusal()?.text.contains("not the key of this registry") == true)
        try kept.write(to: URL(filePath: key))
        #expect(chmod(key, 0o600) == 0)
        try open()
        let connection = try Connection(path: database, mode: .reader)
        #expect(try connection.word("SELECT count(*) FROM key_checks") == "1")
        try connection.script("SELECT 1")
    }

    @Test("an old registry without anything sealed takes the key that is there, from then on")
    func oldAndEmpty() throws {
        try open(fill)
        do {
            let connection = try Connection(path: database, mode: .writer)
            try connection.script("DELETE FROM key_checks")
        }
        try open()
        try replaceKey()
        #expect(refusal() != nil)
    }
}
