// SPDX-License-Identifier: Apache-2.0
// Lines of SmartREST: read, written, and broken in every way.

import Foundation
import Testing

@testable import SealBroker

@Suite("SmartREST lines") struct SmartRESTTests {
    private func read(_ text: String) -> [SmartRESTLine] { SmartREST.read(Array(text.utf8)) }

    @Test("fields are parted by commas, quoted where they need it")
    func fields() {
        #expect(read("100,a,b") == [.fields(["100", "a", "b"])])
        #expect(read("100,,") == [.fields(["100"])])
        #expect(read("100,,x") == [.fields(["100", "", "x"])])
        #expect(read("100,\"a,b\",\"say \\\"hi\\\"\"") == [.fields(["100", "a,b", "say \"hi\""])])
        #expect(
            read("1,\" a \"\r\n2,\"x\ny\"\n\n3") == [
                .fields(["1", " a "]), .fields(["2", "x\ny"]), .fields(["3"]),
            ]
        )
        #expect(read("") == [])
        #expect(read("\n\r\n") == [])
        #expect(read("1,a\\b,\"c\\d\",\"\\\\\"") == [.fields(["1", "a\\b", "c\\d", "\\"])])
    }

    @Test("a line that cannot be read does not hide those behind it")
    func malformed() {
        #expect(
            read("1,a\"b\n2") == [
                .malformed(template: "1", reason: "A quote inside of a field without quotes"),
                .fields(["2"]),
            ]
        )
        #expect(
            read("1,\"a\"b,c\n2") == [
                .malformed(template: "1", reason: "Text behind the closing quote of a field"),
                .fields(["2"]),
            ]
        )
        #expect(
            read("1,\"a\n2") == [
                .malformed(template: "1", reason: "A quote is never closed")
            ]
        )
        #expect(
            SmartREST.read([0x31, 0x2C, 0xFF, 0x0A, 0x32]) == [
                .malformed(template: "1", reason: "The text is not UTF-8"), .fields(["2"]),
            ]
        )
    }

    @Test("lines and fields have a bound")
    func bounds() {
        let lines = String(repeating: "1\n", count: SmartREST.linesMax)
        #expect(read(lines).count == SmartREST.linesMax)
        #expect(
            read(lines + "1").last
                == .malformed(
                    template: "",
                    reason: "Too many lines in one message"
                )
        )
        let fields = "1" + String(repeating: ",x", count: SmartREST.fieldsMax - 1)
        #expect(read(fields).count == 1)
        #expect(read(fields + ",x") == [.malformed(template: "1", reason: "Too many fields")])
    }

    @Test("what is written is read again")
    func roundTrip() {
        let texts = [
            "", "a", " a", "a ", "a,b", "\"", "\\", "a\\", "\\\"", "x\ty", "x\r\ny", "ä", "\"",
        ]
        for text in texts where !text.isEmpty {
            let line = SmartREST.write(["71", text])
            #expect(read(line) == [.fields(["71", text])], "\(line)")
        }
    }

    @Test("what the fuzzer was given is read again as it is written")
    func corpus() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Fuzz/Corpus/SmartREST").standardizedFileURL
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(names.count >= 2)
        for name in names {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: name)))
            for case .fields(let fields) in SmartREST.read(bytes) where fields != [""] {
                #expect(read(SmartREST.write(fields)) == [.fields(fields)])
            }
        }
    }

    @Test("no cut and no flipped bit traps")
    func damage() {
        let sample = Array("100,\"a \\\"b\\\"\",c\r\n200,x,\"y\nz\"\n301,ä,,\n".utf8)
        for count in 0...sample.count { _ = SmartREST.read(Array(sample.prefix(count))) }
        for index in sample.indices {
            for bit in 0..<8 {
                var broken = sample
                broken[index] ^= 1 << UInt8(bit)
                _ = SmartREST.read(broken)
            }
        }
    }
}
