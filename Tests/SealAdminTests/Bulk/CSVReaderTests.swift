// SPDX-License-Identifier: Apache-2.0
// Files of separated values as people and programs write them, and as nobody should.

import Foundation
import SealAdmin
import Testing

@testable import Stage

@Suite("Files of separated values") struct CSVReaderTests {
    private func rows(_ bytes: [UInt8], _ limits: CSVLimits = CSVLimits()) -> [CSVRow] {
        var reader = CSVReader(bytes, limits: limits)
        var rows: [CSVRow] = []
        while let row = reader.next() { rows.append(row) }
        return rows
    }

    private func rows(_ text: String, _ limits: CSVLimits = CSVLimits()) -> [CSVRow] {
        rows(Array(text.utf8), limits)
    }

    @Test(
        "the separator is what the header has most of",
        arguments: [
            ("a;b,c;d\n", ";"), ("a,b;c,d\n", ","), ("a\tb,c\td\n", "\t"), ("a\n1;2\n", ","),
        ]
    )
    func separator(_ text: String, _ separator: String) {
        #expect(CSVReader(Array(text.utf8)).separator == separator.utf8.first)
    }

    @Test("a separator inside of quotes does not count")
    func quotedSeparator() {
        #expect(rows("\"a,b,c\";d\n1;2\n").map(\.fields) == [["a,b,c", "d"], ["1", "2"]])
    }

    @Test("quotes hide separators, line ends and, doubled, quotes")
    func quotes() {
        let all = rows("a,b\r\n\"1,\"\"x\"\"\",\"two\r\nlines\"\r\nlast,\"\"\r\n")
        #expect(all.map(\.fields) == [["a", "b"], ["1,\"x\"", "two\r\nlines"], ["last", ""]])
        #expect(all.map(\.line) == [1, 2, 4])
        #expect(all.allSatisfy { $0.fault == nil })
    }

    @Test("CR LF, LF and CR end a line; blank lines are passed over; the last needs no end")
    func lineEnds() {
        let all = rows("a,b\r\n\r\n1,2\n\n\n3,4\r5,")
        #expect(all.map(\.fields) == [["a", "b"], ["1", "2"], ["3", "4"], ["5", ""]])
        #expect(all.map(\.line) == [1, 3, 6, 7])
    }

    @Test("a byte order mark is no part of the first name")
    func byteOrderMark() {
        let reader = CSVReader([0xEF, 0xBB, 0xBF] + Array("ID\nMüller\n".utf8))
        #expect(reader.encoding == .utf8)
        #expect(rows([0xEF, 0xBB, 0xBF] + Array("ID\nMüller\n".utf8))[0].fields == ["ID"])
    }

    @Test("what is not UTF-8 is read as ANSI")
    func ansi() {
        let all = rows(Array("ID\n".utf8) + [0x4D, 0xFC, 0x80, 0x81, 0x0A])
        #expect(all[1].fields == ["Mü€\u{81}"])
    }

    @Test("an open quote and text behind a quote spoil their own line only")
    func faults() {
        let all = rows("a,b\n1,\"open\n2,good\n3,\"x\"y\n4,good\n")
        #expect(all.map(\.fault) == [nil, .textAfterQuote, nil, .textAfterQuote, nil])
        #expect(all.map(\.line) == [1, 2, 3, 4, 5])
        #expect(rows("a,b\n1,\"open\n2,good\n").map(\.fault) == [nil, .openQuote, nil])
    }

    @Test("a row at the limit of bytes is taken, one byte more is not")
    func rowBytes() {
        var limits = CSVLimits()
        limits.rowBytesMax = 8
        #expect(rows("1234,678\nx\n", limits).map(\.fault) == [nil, nil])
        #expect(rows("1234,6789\nx\n", limits).map(\.fault) == [.tooLong, nil])
        #expect(rows("\"234\",78\nx\n", limits).map(\.fault) == [nil, nil])
        #expect(rows("\"23456\"", limits).map(\.fault) == [nil])
        #expect(rows("\"2345678\"\nx\n", limits).map(\.fault) == [.tooLong, nil])
    }

    @Test("a row at the limit of fields is taken, one more is not")
    func fields() {
        var limits = CSVLimits()
        limits.columnsMax = 3
        #expect(rows("1,2,3\n1,2,3,4\n1,2\n", limits).map(\.fault) == [nil, .tooManyFields, nil])
    }

    @Test("cut anywhere, a file ends in rows or faults")
    func truncation() {
        let whole = Array("ID;N\r\n\"a;\"\"b\"\"\";c\r\n\"x\r\ny\";z\r\n".utf8)
        for count in 0...whole.count {
            for row in rows(Array(whole[..<count])) {
                #expect(row.fault != nil || !row.fields.isEmpty)
            }
        }
    }

    @Test("with any bit turned, a file ends in rows or faults")
    func bitFlips() {
        let whole = Array("ID;N\r\n\"a;\"\"b\"\"\";c\r\n\"x\r\ny\";z\r\n".utf8)
        for index in whole.indices {
            for bit in 0..<8 {
                var bytes = whole
                bytes[index] ^= 1 << UInt8(bit)
                #expect(rows(bytes).count <= whole.count)
            }
        }
    }

    @Test("every input of the fuzz corpus is read to its end")
    func corpus() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fuzz/Corpus/CSVFile").standardizedFileURL
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 6)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            #expect(!rows(bytes).isEmpty, "\(name)")
        }
    }
}
