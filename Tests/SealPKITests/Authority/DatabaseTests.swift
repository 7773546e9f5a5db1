// SPDX-License-Identifier: Apache-2.0
// Rows, numbers and times of an authority's database, and finding rows again.

import Foundation
import Testing

@testable import SealPKI

@Suite("A database row")
struct DatabaseRowTests {
    private static let measured =
        "R\t271121013953Z\t261121013954Z,keyCompromise\t1000\tunknown\t/C=PL/O=Test/CN=dev1"

    @Test(
        "is written as it was read",
        arguments: [
            measured, "V\t271121013953Z\t\t01\tunknown\t/CN=a",
            "E\t20500101000000Z\t\t00FF\tunknown\t/CN=\\xC3\\xBC",
            "R\t491231235959Z\t261121013954Z\t1000\tunknown\t/CN=a",
            "R\t491231235959Z\t261121013954Z,holdInstruction,holdInstructionReject\t10\tunknown\t/",
            "R\t491231235959Z\t261121013954Z,CAkeyTime,20200101000000Z\t10\tunknown\t/CN=x",
            "R\t491231235959Z\t261121013954Z,keyTime,20200101000000Z\t10\tunknown\t/CN=x",
            "V\t491231235959Z\t\t10\tunknown\t/CN=a\\\tb",
        ]
    )
    func roundTrip(_ line: String) throws {
        let row = try DatabaseRow(parsing: Array(line.utf8))
        let again = String(decoding: row.line, as: UTF8.self)
        #expect(again == line.replacing("\t00FF\t", with: "\tFF\t") + "\n")
    }

    @Test("tells what it means")
    func meaning() throws {
        let row = try DatabaseRow(parsing: Array(Self.measured.utf8))
        #expect(row.state == .revoked)
        #expect(row.serial.hexadecimal == "1000" && row.serial.decimal == "4096")
        #expect(row.revocation?.reason == .keyCompromise)
        #expect(row.revocation.map { DatabaseTime.iso($0.when) } == "2026-11-21T01:39:54Z")
        #expect(DatabaseTime.iso(row.notAfter) == "2027-11-21T01:39:53Z")
        #expect(row.subject == "/C=PL/O=Test/CN=dev1")
        #expect(row.standing(at: row.notAfter + 1) == .revoked)
    }

    @Test(
        "that is wrong is refused with what is wrong",
        arguments: [
            ("X\t271121013953Z\t\t10\tunknown\t/CN=a", "first column"),
            ("V\t27112101395Z\t\t10\tunknown\t/CN=a", "second column"),
            ("V\t271321013953Z\t\t10\tunknown\t/CN=a", "second column"),
            ("V\t271121013953Z\t\t100\tunknown\t/CN=a", "serial number"),
            ("V\t271121013953Z\t\t1G\tunknown\t/CN=a", "serial number"),
            ("V\t271121013953Z\t261121013954Z\t10\tunknown\t/CN=a", "revocation"),
            ("R\t271121013953Z\t\t10\tunknown\t/CN=a", "revocation"),
            ("R\t271121013953Z\t26Z\t10\tunknown\t/CN=a", "time of a revocation"),
            ("R\t271121013953Z\t261121013954Z,why\t10\tunknown\t/CN=a", "reason"),
            ("R\t271121013953Z\t261121013954Z,keyTime\t10\tunknown\t/CN=a", "compromise"),
            ("V\t271121013953Z\t\t10\tunknown", "5 columns"),
            ("V\t271121013953Z\t\t10\tunknown\t/CN=a\tb", "7 columns"),
            ("V\t271121013953Z\t\t10\tunknown\t/CN=a\0b", "NUL"), ("", "1 columns"),
        ]
    )
    func faults(_ line: String, _ part: String) {
        do throws(PKIError) {
            _ = try DatabaseRow(parsing: Array(line.utf8))
            Issue.record("\(line) was read")
        } catch {
            #expect(error.code == .database)
            #expect(error.reason.contains(part), "\(error.reason)")
        }
        #expect(throws: PKIError(.database, "")) {
            try DatabaseScan.all(Array((line + "\n").utf8))
        }
    }

    @Test("is read up to its bound, and refused one byte above")
    func bound() throws {
        let head = "V\t271121013953Z\t\t10\tunknown\t"
        let most = DatabaseRow.bytesMax - head.utf8.count
        let subject = String(repeating: "a", count: most)
        #expect(try DatabaseRow(parsing: Array((head + subject).utf8)).subject == subject)
        #expect(throws: PKIError(.database, "")) {
            try DatabaseRow(parsing: Array((head + subject + "a").utf8))
        }
        let digits = String(repeating: "1", count: SerialNumber.digitsMax)
        #expect(SerialNumber(hexadecimal: digits) != nil)
        #expect(SerialNumber(hexadecimal: digits + "1") == nil)
    }

    @Test("cut short or with a flipped bit is refused or read, never a trap")
    func hostile() {
        let whole = Array((Self.measured + "\n").utf8)
        for count in 0..<whole.count { _ = try? DatabaseRow(parsing: whole[..<count]) }
        for bit in 0..<(whole.count * 8) {
            var bytes = whole
            bytes[bit / 8] ^= 1 << (bit % 8)
            let scanned = try? DatabaseScan.all(bytes)
            if let scanned, scanned.count == 1 {
                let again = try? DatabaseRow(parsing: scanned[0].line.dropLast())
                #expect(again == scanned[0])
            }
        }
    }
}

@Suite("Numbers and times of a database")
struct DatabaseValueTests {
    @Test("a serial number goes on by one, whatever its length")
    func next() throws {
        for (number, next) in [
            ("00", "01"), ("FF", "0100"), ("0FFF", "1000"), ("1000", "1001"), ("FFFF", "010000"),
        ] {
            #expect(try #require(SerialNumber(hexadecimal: number)).next.hexadecimal == next)
        }
        #expect(SerialNumber(hexadecimal: "0001") == SerialNumber(hexadecimal: "1"))
        #expect(SerialNumber(hexadecimal: "") == nil)
        let most = try #require(
            SerialNumber(hexadecimal: "7F" + String(repeating: "FF", count: 19))
        )
        #expect(most.fitsCertificate && !most.next.fitsCertificate)
        #expect(most.decimal == "730750818665451459101842416358141509827966271487")
    }

    @Test("a time is read in both forms and written in the one its year asks for")
    func times() {
        for (text, seconds) in [
            ("700101000000Z", 0), ("491231235959Z", 2_524_607_999),
            ("20500101000000Z", 2_524_608_000),
            ("500101000000Z", -631_152_000), ("240229120000Z", 1_709_208_000),
            ("99991231235959Z", 253_402_300_799), ("00010101000000Z", -62_135_596_800),
        ] as [(String, Int64)] {
            #expect(DatabaseTime.seconds(text.utf8) == seconds)
            #expect(DatabaseTime.text(seconds) == text)
        }
        #expect(DatabaseTime.seconds("19700101000000Z".utf8) == 0)
        for wrong in [
            "230229120000Z", "240229240000Z", "240229126000Z", "2402291200Z", "x", "",
            "00001231235959Z",
        ] {
            #expect(DatabaseTime.seconds(wrong.utf8) == nil)
        }
        #expect(DatabaseTime.iso(-1) == "1969-12-31T23:59:59Z")
        #expect(DatabaseTime.text(.max) == "99991231235959Z")
    }

    @Test("SipHash gives the published result")
    func hash() {
        // The vector of the paper: key 00..0f, message 00..0e.
        let hash = KeyedHash(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)
        #expect(hash.hash(0, Array(1...14)) == 0xA129_CA61_49BE_45E5)
    }
}

@Suite("Finding rows")
struct RowLookupTests {
    private let folder: PeerFolder
    private let settings: AuthoritySettings

    init() throws {
        folder = try PeerFolder()
        let text = SeedConfiguration.text(folder.path)
        settings = try AuthoritySettings(
            OpenSSLConfiguration(parsing: Array(text.utf8)),
            file: folder.file("x.cnf")
        )
    }

    private func line(_ number: Int, _ state: String = "V") -> String {
        let serial = SerialNumber(bytes: [
            UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255),
        ])
        let revoked = state == "R" ? "261121013954Z" : ""
        return
            "\(state)\t491231235959Z\t\(revoked)\t\(serial.hexadecimal)\tunknown\t/CN=d\(number)\n"
    }

    private func serial(_ number: Int) -> SerialNumber {
        SerialNumber(bytes: [UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255)])
    }

    private func fill(_ count: Int) throws {
        try folder.write((1...count).map { line($0) }.joined(), "database.txt")
    }

    private func open() throws -> AuthorityDatabase {
        try AuthorityDatabase(settings, isWriting: true)
    }

    @Test("a large database has a file beside it, a small one has none", arguments: [100, 9000])
    func file(_ count: Int) throws {
        try fill(count)
        var database = try open()
        let isLarge = try folder.bytes("database.txt").count > Int(RowLookup.memoryBytesMax)
        #expect(folder.exists("database.txt.lookup") == isLarge)
        #expect(isLarge == (count == 9000))
        for number in [1, count / 2, count] {
            #expect(try database.row(serial(number))?.row.subject == "/CN=d\(number)")
            #expect(try database.validRow("/CN=d\(number)")?.row.serial == serial(number))
        }
        #expect(try database.row(serial(count + 1)) == nil)
        #expect(try database.validRow("/CN=nobody") == nil)
        // Added rows are found now and by the next process, changed ones as well.
        let added = (1...700).map { number in
            DatabaseRow(valid: serial(count + number), notAfter: 1, subject: "/CN=n\(number)")
        }
        try database.commit(changes: [:], adding: added)
        for place in [database, try open(), try AuthorityDatabase(settings, isWriting: false)] {
            #expect(try place.validRow("/CN=n700")?.row.serial == serial(count + 700))
            #expect(try place.row(serial(count + 1))?.row.subject == "/CN=n1")
        }
        var (row, place) = try #require(try database.row(serial(2)))
        row.state = .revoked
        row.revocation = Revocation(when: 0, reason: .superseded)
        try database.commit(changes: [place: row], adding: [])
        for place in [database, try open()] {
            #expect(try place.validRow("/CN=d2") == nil)
            #expect(try place.row(serial(2))?.row.state == .revoked)
            #expect(try place.validRow("/CN=n700") != nil)
        }
        #expect(try DatabaseScan.all(folder.bytes("database.txt")).count == count + 700)
    }

    @Test("a database that another program changed is gone over again")
    func changed() throws {
        try fill(9000)
        _ = try open()
        var text = try folder.text("database.txt")
        text.removeFirst(line(1).count)
        try folder.write(text + line(9001), "database.txt")
        let database = try open()
        #expect(try database.row(serial(1)) == nil)
        #expect(try database.row(serial(9001)) != nil)
        #expect(try database.row(serial(4567))?.row.subject == "/CN=d4567")
    }

    @Test("a change at the same time is seen, and nothing is overwritten")
    func race() throws {
        try fill(10)
        var database = try open()
        try folder.write(try folder.text("database.txt") + line(11), "database.txt")
        let before = try folder.bytes("database.txt")
        #expect(throws: PKIError(.database, "")) {
            try database.commit(
                changes: [:],
                adding: [
                    DatabaseRow(valid: serial(12), notAfter: 1, subject: "/CN=x")
                ]
            )
        }
        #expect(try folder.bytes("database.txt") == before)
    }

    @Test("a damaged or foreign file beside it is made again", arguments: [0, 1, 50, 127, 128])
    func damaged(_ count: Int) throws {
        try fill(9000)
        _ = try open()
        try folder.write(
            Array(try folder.bytes("database.txt.lookup").prefix(count)),
            "database.txt.lookup"
        )
        #expect(try open().row(serial(9000)) != nil)
    }

    @Test("a last line that a crash cut is dropped; a whole one gets its end")
    func tail() throws {
        try folder.write(line(1) + String(line(2).dropLast()), "database.txt")
        #expect(try open().row(serial(2)) != nil)
        #expect(try folder.text("database.txt") == line(1) + line(2))
        try folder.write(line(1) + "V\t4912312359", "database.txt")
        _ = try open()
        #expect(try folder.text("database.txt") == line(1))
    }

    @Test("what openssl would refuse is refused: a number twice, a valid subject twice")
    func duplicates() throws {
        try folder.write(line(1) + line(2) + line(1, "R"), "database.txt")
        #expect(throws: PKIError(.database, "")) { try open() }
        try folder.write(line(1) + line(2).replacing("d2", with: "d1"), "database.txt")
        #expect(throws: PKIError(.database, "")) { try open() }
        try folder.write("unique_subject = no\n", "database.txt.attr")
        #expect(try open().validRow("/CN=d1")?.row.serial == serial(2))
        try folder.write(line(1) + line(2, "R").replacing("d2", with: "d1"), "database.txt")
        try folder.write("unique_subject = yes\n", "database.txt.attr")
        #expect(try open().validRow("/CN=d1")?.row.serial == serial(1))
    }
}
