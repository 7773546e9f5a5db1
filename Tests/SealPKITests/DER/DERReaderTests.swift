// SPDX-License-Identifier: Apache-2.0
// DER has one encoding for each value; every other one is refused.

import Testing

@testable import SealPKI

@Suite("DER")
struct DERReaderTests {
    private func next(_ bytes: [UInt8]) throws -> DERValue {
        var reader = DERReader(bytes)
        let value = try reader.next("it")
        try reader.end("it")
        return value
    }

    @Test("lengths have their shortest form and stay inside")
    func lengths() throws {
        #expect(try next([0x04, 0x00]).contents.isEmpty)
        #expect(
            try next([0x04, 0x81, 0x80] + [UInt8](repeating: 1, count: 128)).contents.count == 128
        )
        for bytes: [UInt8] in [
            [], [0x04], [0x04, 0x01], [0x04, 0x80, 0, 0], [0x04, 0x81, 0x01, 1],
            [0x04, 0x82, 0x00, 0x80], [0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x04, 0x85, 1, 1, 1, 1, 1], [0x1F, 0x81, 0x01, 0x00], [0x04, 0x00, 0x00],
            [0x04, 0x88, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            #expect(throws: PKIError.self, "\(bytes)") { try next(bytes) }
        }
    }

    @Test("booleans, integers and bit strings have one form")
    func values() throws {
        var reader = DERReader([0x01, 0x01, 0xFF, 0x01, 0x01, 0x00])
        #expect(try reader.boolean("it"))
        #expect(try !reader.boolean("it"))
        for bytes: [UInt8] in [[0x01, 0x01, 0x01], [0x01, 0x00], [0x01, 0x02, 0, 0]] {
            var reader = DERReader(bytes)
            #expect(throws: PKIError.self) { try reader.boolean("it") }
        }
        for bytes: [UInt8] in [[0x02, 0x00], [0x02, 0x02, 0, 1], [0x02, 0x02, 0xFF, 0x80]] {
            var reader = DERReader(bytes)
            #expect(throws: PKIError.self) { try reader.integer("it") }
        }
        var huge = DERReader(DER.integer([0x7F] + [UInt8](repeating: 0xFF, count: 7)))
        #expect(try huge.count("it") == .max)
        var negative = DERReader([0x02, 0x01, 0x80])
        #expect(throws: PKIError.self) { try negative.count("it") }
        for bytes: [UInt8] in [
            [0x03, 0x00], [0x03, 0x01, 0x01], [0x03, 0x02, 0x08, 0], [0x03, 0x02, 0x01, 0x01],
        ] {
            var reader = DERReader(bytes)
            #expect(throws: PKIError.self, "\(bytes)") { try reader.bits("it") }
        }
    }

    @Test("object identifiers print as dotted numbers, however long their arcs are")
    func identifiers() throws {
        for dotted in ["1.2.840.113549.1.1.11", "2.5.29.15", "0.9.2342", "2.999.3", "1.39.1"] {
            #expect(OID(dotted)?.description == dotted)
        }
        let uuid = try OID(
            reading: [0x69, 0x83, 0xF0, 0xB2, 0x9C, 0xB6, 0xD5, 0xD5, 0xA6, 0xF0, 0xDF, 0xBC]
                + [0x8E, 0xF3, 0xF5, 0xC4, 0xAE, 0xDB, 0x1F],
            "it"
        )
        #expect(uuid.description.hasPrefix("2.25."))
        #expect(uuid.description.count > 30)
        for text in ["", "1", "3.1", "1.40", "1.-2", "1.2.x", "1..2"] { #expect(OID(text) == nil) }
        for bytes: ArraySlice<UInt8> in [[], [0x80, 0x01], [0x2A, 0x80, 0x01], [0x2A, 0x81]] {
            #expect(throws: PKIError.self) { try OID(reading: bytes, "it") }
        }
        let most = [UInt8](repeating: 0x2A, count: OID.bytesMax)
        #expect(try OID(reading: most[...], "it").description.count > OID.bytesMax)
        #expect(throws: PKIError.self) { try OID(reading: (most + [0x2A])[...], "it") }
    }

    @Test("times are read to the second and written back")
    func times() throws {
        func read(_ tag: UInt8, _ text: String) throws -> Int64 {
            try DERTime.read(try next(DER.value(tag, Array(text.utf8))), "it").seconds
        }
        #expect(try read(0x17, "700101000000Z") == 0)
        #expect(try read(0x17, "491231235959Z") == 2_524_607_999)
        #expect(try read(0x17, "500101000000Z") == -631_152_000)
        #expect(try read(0x18, "20500101000000Z") == 2_524_608_000)
        #expect(try read(0x18, "99991231235959Z") == 253_402_300_799)
        #expect(try read(0x17, "000229120000Z") == 951_825_600)
        for (tag, text) in [
            (UInt8(0x17), "7001010000Z"), (0x17, "700101000000"), (0x17, "700101000000+0000"),
            (0x17, "701301000000Z"), (0x17, "700230000000Z"), (0x17, "010229000000Z"),
            (0x17, "700101240000Z"), (0x17, "700101006000Z"), (0x17, "700101000060Z"),
            (0x18, "20500101000000.5Z"), (0x18, "205001010000Z"), (0x0C, "700101000000Z"),
            (0x17, "70010100000\u{0}Z"),
        ] {
            #expect(throws: PKIError.self, "\(text)") { try read(tag, text) }
        }
        for seconds: Int64 in [0, 951_782_400, 1_800_000_000, -1, 4_000_000_000, -62_135_596_800] {
            #expect(Moment.seconds(Moment.text(seconds)) == seconds)
        }
        #expect(Moment.text(1_800_000_000) == "2027-01-15T08:00:00Z")
        #expect(Moment.seconds("2027-01-15") == 1_799_971_200)
        #expect(Moment.seconds("1800000000") == 1_800_000_000)
        #expect(Moment.seconds("tomorrow") == nil)
        #expect(Moment.text(.max).contains("1970"))
    }

    @Test("large numbers have decimal digits up to a bound")
    func digits() {
        #expect(DecimalDigits.unsigned([0]) == "0")
        #expect(DecimalDigits.unsigned([0x01, 0, 0, 0, 0, 0, 0, 0, 0]) == "18446744073709551616")
        #expect(DecimalDigits.unsigned([0x3B, 0x9A, 0xCA, 0x00]) == "1000000000")
        #expect(DecimalDigits.signed([0xFF]) == "-1")
        #expect(DecimalDigits.signed([0x80]) == "-128")
        let most = [UInt8](repeating: 0xFF, count: DecimalDigits.bytesMax)
        #expect(DecimalDigits.unsigned(most)?.count == 617)
        #expect(DecimalDigits.unsigned(most + [0]) == nil)
    }
}
