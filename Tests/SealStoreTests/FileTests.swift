// SPDX-License-Identifier: Apache-2.0
// The registry as a file: who may read it, who may have it, older and newer ones, damaged ones.

import Foundation
import SealBroker
import Testing

@testable import SealStore

@Suite("Registry: file")
struct FileTests {
    private func mode(_ path: String) throws -> Int {
        let about = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(about[.posixPermissions] as? Int)
    }

    /// The sentence with which opening is refused.
    private func refusal(_ path: String, steps: [String] = Schema.steps) -> RegistryError? {
        do throws(RegistryError) {
            _ = try SQLiteRegistry(
                path: path,
                limits: RegistryLimits(),
                steps: steps,
                clock: WallClock.now
            )
            return nil
        } catch {
            return error
        }
    }

    @Test("folder, registry and what lies beside it are the owner's alone")
    func modes() throws {
        let folder = try Folder()
        let path = folder.path + "/a/b/registry.sqlite"
        let registry = try SQLiteRegistry(path: path)
        try Sample.fill(registry)
        #expect(try mode(folder.path + "/a") == 0o700)
        #expect(try mode(folder.path + "/a/b") == 0o700)
        for suffix in ["", "-wal", "-shm", ".lock"] { #expect(try mode(path + suffix) == 0o600) }
    }

    @Test("a registry that others could read is closed to them when it is opened")
    func openFile() throws {
        let folder = try Folder()
        do { try Sample.fill(try SQLiteRegistry(path: folder.registry)) }
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644],
            ofItemAtPath: folder.registry
        )
        let registry = try SQLiteRegistry(path: folder.registry)
        #expect(try registry.tenant(number: 2)?.id == "t1")
        #expect(try mode(folder.registry) == 0o600)
    }

    @Test("whoever opens it second is refused until the first lets go")
    func second() throws {
        let folder = try Folder()
        do {
            let registry = try SQLiteRegistry(path: folder.registry)
            let error = try #require(refusal(folder.registry))
            #expect(error.code == .storage)
            #expect(error.reason.contains("in use by another process"))
            try Sample.fill(registry)
        }
        #expect(refusal(folder.registry) == nil)
    }

    @Test("a folder, and a path below a file, are refused with a sentence")
    func noFile() throws {
        let folder = try Folder()
        #expect(refusal(folder.path)?.code == .storage)
        try Data().write(to: URL(filePath: folder.path + "/file"))
        #expect(refusal(folder.path + "/file/registry")?.code == .storage)
        #expect(refusal("")?.code == .storage)
    }

    @Test("what was committed is there after a new start")
    func newStart() throws {
        let folder = try Folder()
        do { try Sample.fill(try SQLiteRegistry(path: folder.registry)) }
        let registry = try SQLiteRegistry(path: folder.registry)
        #expect(try registry.tenants(.all).items.map(\.id) == ["management", "t1"])
        #expect(registry.changeNumber == 0)
    }

    // MARK: Versions

    /// A file made from the text of a dump.
    private func restore(_ version: Int, to path: String) throws {
        let dump = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Dumps/version-\(version).sql")
        try Data().write(to: URL(filePath: path))
        let connection = try Connection(path: path, mode: .writer)
        try connection.script("PRAGMA foreign_keys = OFF")
        try connection.script(try String(contentsOf: dump, encoding: .utf8))
    }

    @Test("a registry of version 1 is read by this program, every kind of thing in it")
    func version1() throws {
        let folder = try Folder()
        try restore(1, to: folder.registry)
        let registry = try SQLiteRegistry(path: folder.registry)
        #expect(try registry.tenant(domain: "one.example")?.number == 2)
        let account = try #require(try registry.account(tenant: 2, name: "anna"))
        #expect(account.roles == [.tenantAdmin, .messaging])
        #expect(account.secret?.hash == "hash of anna")
        let anchor = try #require(try registry.anchors(sha256: Sample.digest(1)).first)
        #expect(anchor.tenant == 2)
        #expect(try registry.authority(tenant: 2)?.anchor == anchor.number)
        let device = try #require(try registry.device(tenant: 2, identifier: "d"))
        #expect(device.takesCertificates)
        #expect(try registry.device(uuid: device.uuid) == device)
        let credential = try registry.credential(kind: .password, lookup: "2/device_d")
        #expect(credential?.device == device.number)
        #expect(credential?.secret?.scram == "scram of 2/device_d")
        #expect(credential?.value == [0, 1, 255])
        #expect(try registry.revocation(tenant: 2, serial: "1F", issuerKey: [])?.revokedAt == 5)
        #expect(try registry.option(tenant: 2, category: "c", key: "k") == "v")
        #expect(try registry.policyRules(tenant: 2).map(\.filter) == ["a/%d/#"])
        #expect(try registry.request(tenant: 2, identifier: "r")?.owner == "anna")
        #expect(try registry.enrolmentCode(tenant: 2, identifier: "e")?.secret.hash == "h")
        #expect(try registry.signingKeys().map(\.id) == ["k"])
        #expect(try registry.isWithdrawn(tokenID: "x"))
        #expect(try registry.audit(tenant: 2, .all).items.contains { $0.act == "trust.added" })
        // It goes on with new numbers, and its counts hold.
        let next = try registry.put { writer throws(RegistryError) in
            try writer.add(Sample.device("next", tenant: 2))
        }
        #expect(next.number == device.number + 1)
        let counted = try registry.read { (connection: Connection) throws(RegistryError) in
            try connection.word(
                "SELECT amount FROM tallies WHERE tenant = 2 AND kind = 'devices'"
            )
        }
        #expect(counted == "2")
    }

    @Test(
        "credentials of version 1 keep their numbers, are as old as their rows, and are not unique"
    )
    func credentialsOfVersion1() throws {
        let folder = try Folder()
        try restore(1, to: folder.registry)
        do {
            let connection = try Connection(path: folder.registry, mode: .writer)
            // A certificate and a token beside the password of the dump; a third row is gone again.
            let rows = [
                (4, 2, "cert", "01", 3, 7), (5, 1, "token", "02", 1, 8), (9, 1, "gone", "02", 1, 9),
            ]
            for (number, kind, lookup, value, version, time) in rows {
                try connection.script(
                    """
                    INSERT INTO credentials VALUES (\(number),
                        X'0000000000000000000000000000000\(number)', 2, 1, \(kind), '\(lookup)',
                        X'\(value)', NULL, NULL, \(version), \(time))
                    """
                )
            }
            try connection.script("DELETE FROM credentials WHERE number = 9")
        }
        let registry = try SQLiteRegistry(path: folder.registry)
        let pinned = try #require(
            try registry.credential(tenant: 2, kind: .certificate, lookup: "cert")
        )
        #expect(pinned.number == 4 && pinned.version == 3 && pinned.value == [1])
        #expect(pinned.createdAt == 7 && pinned.registeredAt == 7)
        #expect(!pinned.proof.isValid && pinned.proof.code.isEmpty && pinned.firstUsedAt == 0)
        let password = try registry.credential(kind: .password, lookup: "2/device_d")
        #expect(
            password?.secret
                == StoredSecret(hash: "hash of 2/device_d", scram: "scram of 2/device_d")
        )
        let added = try registry.put { writer throws(RegistryError) in
            let device = try writer.add(Sample.device("other", tenant: 1))
            var same = Sample.credential("cert", of: device)
            same.kind = .certificate
            same.secret = nil
            return try writer.add(same)
        }
        // Numbers of rows that are gone are not given again.
        #expect(added.number == 10)
        #expect(
            try registry.credentials(kind: .certificate, lookup: "cert").map(\.tenant) == [2, 1]
        )
        let twice = registry.refusal { writer throws(RegistryError) in
            var same = added
            same.number = 0
            same.uuid = ""
            _ = try writer.add(same)
        }
        #expect(twice == .duplicate)
        #expect(try registry.credentials(device: pinned.device).count == 3)
        try registry.alter { writer throws(RegistryError) in
            try writer.removeDevice(number: pinned.device)
        }
        #expect(try registry.credentials(device: pinned.device).isEmpty)
    }

    @Test("an older file takes the steps it lacks, each once")
    func migration() throws {
        let folder = try Folder()
        try restore(1, to: folder.registry)
        let steps =
            [Schema.steps[0]] + [
                "ALTER TABLE devices ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",
                "UPDATE devices SET colour = colour || '!'",
            ]
        #expect(refusal(folder.registry, steps: steps) == nil)
        #expect(refusal(folder.registry, steps: steps) == nil)
        let connection = try Connection(path: folder.registry, mode: .reader)
        #expect(try connection.word("PRAGMA user_version") == "3")
        #expect(try connection.word("SELECT colour FROM devices") == "red!")
    }

    @Test("a step that fails leaves the file as it was before it")
    func brokenMigration() throws {
        let folder = try Folder()
        try restore(1, to: folder.registry)
        let steps =
            [Schema.steps[0]] + [
                "ALTER TABLE devices ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",
                "DELETE FROM devices; INSERT INTO nowhere VALUES (1)",
            ]
        #expect(refusal(folder.registry, steps: steps)?.code == .storage)
        let connection = try Connection(path: folder.registry, mode: .reader)
        #expect(try connection.word("PRAGMA user_version") == "2")
        #expect(try connection.word("SELECT colour FROM devices") == "red")
    }

    @Test("a file of a newer program is refused, and not touched")
    func newer() throws {
        let folder = try Folder()
        do { try Sample.fill(try SQLiteRegistry(path: folder.registry)) }
        do {
            let connection = try Connection(path: folder.registry, mode: .writer)
            try connection.script("PRAGMA user_version = 99")
        }
        let error = try #require(refusal(folder.registry))
        #expect(error.reason.contains("version 99"))
        #expect(error.reason.contains("use a newer program"))
    }

    @Test("the database of another program is refused, and not touched")
    func foreign() throws {
        let folder = try Folder()
        try Data().write(to: URL(filePath: folder.registry))
        do {
            let connection = try Connection(path: folder.registry, mode: .writer)
            try connection.script("CREATE TABLE people (name TEXT)")
        }
        let error = try #require(refusal(folder.registry))
        #expect(error.reason.contains("another program"))
        let connection = try Connection(path: folder.registry, mode: .reader)
        #expect(try connection.word("SELECT group_concat(name) FROM sqlite_schema") == "people")
    }

    // MARK: Damage

    /// The bytes of a registry with something of everything.
    private func sound() throws -> [UInt8] {
        let folder = try Folder()
        do {
            let registry = try SQLiteRegistry(path: folder.registry)
            try Sample.fill(registry)
            try registry.alter { writer throws(RegistryError) in
                for number in 1...200 {
                    _ = try writer.add(Sample.anchor(number))
                    let device = try writer.add(Sample.device("device-\(number)"))
                    _ = try writer.add(Sample.credential("1/device_\(number)", of: device))
                }
            }
        }
        return [UInt8](try Data(contentsOf: URL(filePath: folder.registry)))
    }

    /// Opens a file with these bytes and uses whatever can be used; false when it was refused.
    ///
    /// Errors are fine, traps are not.
    private func use(_ bytes: [UInt8], checks: Bool) throws -> Bool {
        let folder = try Folder()
        try Data(bytes).write(to: URL(filePath: folder.registry))
        var limits = RegistryLimits()
        if !checks { limits.checkedBytesMax = 0 }
        let registry: SQLiteRegistry
        do throws(RegistryError) {
            registry = try SQLiteRegistry(path: folder.registry, limits: limits)
        } catch {
            #expect(error.code == .storage, "\(error)")
            return false
        }
        func attempt(_ body: () throws(RegistryError) -> Void) {
            do throws(RegistryError) { try body() } catch {
                #expect(!error.reason.isEmpty)
            }
        }
        attempt { () throws(RegistryError) in _ = try registry.tenants(.all) }
        for number in stride(from: 1, through: 200, by: 9) {
            attempt { () throws(RegistryError) in
                _ = try registry.device(tenant: 1, identifier: "device-\(number)")
            }
            attempt { () throws(RegistryError) in
                _ = try registry.credential(kind: .password, lookup: "1/device_\(number)")
            }
            attempt { () throws(RegistryError) in
                _ = try registry.anchors(sha256: Sample.digest(number))
            }
        }
        attempt { () throws(RegistryError) in
            _ = try registry.devices(tenant: 1, DeviceQuery(), .all)
        }
        attempt { () throws(RegistryError) in _ = try registry.audit(tenant: nil, .all) }
        attempt { () throws(RegistryError) in
            try registry.alter { writer throws(RegistryError) in
                let device = try writer.add(Sample.device("new"))
                _ = try writer.add(Sample.credential("new", of: device))
                try writer.removeDevice(number: 7)
            }
        }
        return true
    }

    @Test("bytes that are no registry are refused with a sentence")
    func garbage() throws {
        let folder = try Folder()
        try Data("this is no database, and never was one".utf8).write(
            to: URL(filePath: folder.registry)
        )
        let error = try #require(refusal(folder.registry))
        #expect(error.code == .storage)
        #expect(error.reason.contains("is damaged"))
    }

    @Test("a page full of noise is found when the registry is opened")
    func noise() throws {
        var bytes = try sound()
        for index in 4_096..<8_192 { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
        #expect(try !use(bytes, checks: true))
    }

    @Test("a registry that was cut off, at any length, is refused or used without a trap")
    func truncated() throws {
        let bytes = try sound()
        for count in stride(from: 1, to: bytes.count, by: 7_919) {
            _ = try use(Array(bytes.prefix(count)), checks: count % 2 == 0)
        }
    }

    @Test("bits that flipped, in any page, end in errors at most")
    func flipped() throws {
        let bytes = try sound()
        var dice = Dice(seed: 42)
        for round in 0..<60 {
            var damaged = bytes
            for _ in 0..<(round < 30 ? 1 : 40) {
                let place = Int(dice.next() % UInt64(bytes.count))
                damaged[place] ^= 1 << UInt8(dice.next() % 8)
            }
            _ = try use(damaged, checks: round % 2 == 0)
        }
    }

    @Test("a row with a word that stands for nothing is an error of the storage")
    func strangeRow() throws {
        let (registry, _) = try Sample.registry()
        let device = try registry.put { w throws(RegistryError) in try w.add(Sample.device("d")) }
        try registry.alter { w throws(RegistryError) in
            _ = try w.add(Sample.credential("l", of: device))
        }
        try registry.read { (connection: Connection) throws(RegistryError) in
            try connection.script(
                "UPDATE devices SET origin = 'sky'; UPDATE credentials SET kind = 77, tenant = -1"
            )
        }
        #expect {
            try registry.device(uuid: device.uuid)
        } throws: { error in
            (error as? RegistryError)?.code == .storage
        }
        #expect(throws: RegistryError.self) { try registry.credentials(device: device.number) }
        #expect(throws: RegistryError.self) {
            try registry.devices(tenant: 1, DeviceQuery(), .all)
        }
        // The writer's connection is fit for changes.
        _ = try registry.put { w throws(RegistryError) in try w.add(Sample.device("e")) }
    }
}

/// Dice that fall the same in every run.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 11 | state << 53
    }
}
