// SPDX-License-Identifier: Apache-2.0
// Log lines: what they look like, and that no value can break out of one.

import Foundation
import SealTelemetry
import Testing

@Suite("Log format")
struct LogFormatTests {
    private func event(_ fields: LogFields) -> LogEvent {
        LogEvent(
            time: Timestamp(microseconds: 1_767_225_599_000_001),
            level: .warning,
            name: "session.refused",
            fields: fields
        )
    }

    private func text(_ format: LogFormat, _ fields: LogFields) -> String {
        String(decoding: format.line(event(fields)), as: UTF8.self)
    }

    private func object(_ fields: LogFields) throws -> [String: Any] {
        let line = LogFormat.json.line(event(fields))
        return try #require(
            try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        )
    }

    @Test("a logfmt line holds time, level, event and the fields in order")
    func logfmtLine() {
        let line = text(
            .logfmt,
            ["client_id": .bytes(Array("a b".utf8)), "count": 3, "kept": true]
        )
        #expect(
            line == "time=2025-12-31T23:59:59.000001Z level=warning event=session.refused"
                + " client_id=\"a b\" count=3 kept=true\n"
        )
    }

    @Test("a JSON line holds the same with types")
    func jsonLine() {
        let line = text(.json, ["client_id": "a\"b\\", "count": -3, "share": 0.5, "kept": false])
        #expect(
            line == "{\"time\":\"2025-12-31T23:59:59.000001Z\",\"level\":\"warning\","
                + "\"event\":\"session.refused\",\"client_id\":\"a\\\"b\\\\\",\"count\":-3,"
                + "\"share\":0.5,\"kept\":false}\n"
        )
    }

    @Test("every byte alone stays one valid line", arguments: LogFormat.allCases)
    func everyByte(format: LogFormat) throws {
        for byte in UInt8.min...UInt8.max {
            let line = format.line(event(["value": .bytes([byte])]))
            #expect(line.filter { $0 == 0x0A }.count == 1)
            #expect(line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            #expect(String(validating: line, as: UTF8.self) != nil)
            guard format == .json else { continue }
            let value = try object(["value": .bytes([byte])])["value"] as? String
            #expect(value == String(decoding: [byte], as: UTF8.self))
        }
    }

    @Test("a forged second event stays inside its quotes")
    func forgedLine() {
        let line = text(.logfmt, ["user": .bytes(Array("x\nlevel=error event=y".utf8))])
        #expect(line.hasSuffix(" user=\"x\\nlevel=error event=y\"\n"))
    }

    @Test("terminal controls and bidirectional overrides are escaped")
    func terminalControls() {
        let line = text(.json, ["user": "\u{1B}[31m\u{9B}\u{202E}\u{2066}\u{2028}"])
        #expect(line.hasSuffix("\"\\u001b[31m\\u009b\\u202e\\u2066\\u2028\"}\n"))
    }

    @Test("a value of 256 bytes is whole, one of 257 is cut and says so")
    func valueLimit() throws {
        let whole = String(repeating: "x", count: 256)
        #expect(try object(["value": .text(whole)])["value"] as? String == whole)
        let cut = try #require(try object(["value": .text(whole + "x")])["value"] as? String)
        #expect(cut == String(repeating: "x", count: 253) + "…")
        #expect(text(.logfmt, ["value": .text(whole + "x")]).hasSuffix("x…\"\n"))
    }

    @Test("bytes are bounded too, and cut between characters")
    func bytesLimit() throws {
        let bytes = [UInt8](repeating: 0xE2, count: 70_000)
        let cut = try #require(try object(["value": .bytes(bytes)])["value"] as? String)
        #expect(cut.utf8.count <= 256 && cut.hasSuffix("…"))
        let umlauts = Array(String(repeating: "ä", count: 200).utf8)
        let text = try #require(try object(["value": .bytes(umlauts)])["value"] as? String)
        #expect(text == String(repeating: "ä", count: 126) + "…")
    }

    @Test("32 fields are kept, the 33rd is counted")
    func fieldLimit() throws {
        var fields: LogFields = [:]
        for _ in 0..<32 { fields.append("n", 1) }
        #expect(!text(.logfmt, fields).contains("fields_cut"))
        fields.append("n", 1)
        #expect(text(.logfmt, fields).hasSuffix(" n=1 fields_cut=1\n"))
    }

    @Test("text under a secret's key is withheld, a size is not")
    func secrets() {
        let line = text(
            .logfmt,
            ["password": "hunter2", "ca_private_key": "k", "payload_bytes": 12]
        )
        #expect(line.hasSuffix(" password=[withheld] ca_private_key=[withheld] payload_bytes=12\n"))
    }

    @Test("dates are right around leap days, the epoch and before it")
    func dates() {
        #expect(Timestamp(seconds: 0).text == "1970-01-01T00:00:00.000000Z")
        #expect(Timestamp(seconds: -1).text == "1969-12-31T23:59:59.000000Z")
        #expect(Timestamp(seconds: 951_782_400).text == "2000-02-29T00:00:00.000000Z")
        #expect(Timestamp(seconds: 1_709_251_199).text == "2024-02-29T23:59:59.000000Z")
        #expect(Timestamp(seconds: 4_107_542_400).text == "2100-03-01T00:00:00.000000Z")
        #expect(!Timestamp(microseconds: .min).text.isEmpty)
        #expect(Timestamp(seconds: .max) == Timestamp(microseconds: .max))
    }
}
